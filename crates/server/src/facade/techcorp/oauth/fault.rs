//! What is refused, as RFC 6749 writes it (section 5.2), and what every answer that may hold a token says to caches.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use posthorn_core::json::{Json, Style};
use posthorn_core::oauth::{Fault, Refusal};
use posthorn_engine::{EngineError, OauthError};

use crate::problem::{Code, Problem};

/// Why nothing was given.
#[derive(Debug)]
pub(super) enum Refused {
    /// In the RFC's words.
    Told(Refusal),
    /// What has nothing to do with OAuth: too often, too large, the database is away.
    Other(Problem),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Told(refusal)
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        if [Code::WrongKey, Code::WrongMode].contains(&problem.code) {
            return Fault::UnauthorizedClient.because(problem.detail).into();
        }
        Self::Other(problem)
    }
}

impl From<EngineError> for Refused {
    fn from(error: EngineError) -> Self {
        Problem::from(error).into()
    }
}

impl From<OauthError> for Refused {
    fn from(error: OauthError) -> Self {
        match error {
            OauthError::Refused(refusal) => refusal.into(),
            OauthError::Engine(error) => error.into(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let refusal = match self {
            Self::Told(refusal) => refusal,
            Self::Other(problem) => return not_stored(problem.into_response()),
        };
        let unknown = refusal.fault == Fault::InvalidClient;
        let status = if unknown { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let mut response = json(
            status,
            &Json::object([
                ("error", Json::from(refusal.fault.name())),
                ("error_description", Json::from(refusal.described().as_str())),
            ]),
        );
        if unknown {
            let challenge = HeaderValue::from_static("Basic realm=\"posthorn\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A JSON answer that nobody keeps.
pub(super) fn json(status: StatusCode, body: &Json) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    not_stored((status, kind, body.to_vec(Style::Js)).into_response())
}

fn not_stored(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
