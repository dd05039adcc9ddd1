//! Every error of PayQI's API: `{"error": {"type", "code", "message", "param"}}`, under one of its statuses: 400, 401, 402, 404,
//! 409, 429, 500. Beside 500 stand 501 to 503, which say what to do about it; a program that knows only 500 does the same about
//! all. Codes are the native API's.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use posthorn_core::payment::Refusal;
use posthorn_engine::EngineError;
use serde_json::json;

use crate::problem::{self, Code, Problem};

/// The member that makes a repeated request the same request.
pub(super) const KEY: &str = "idempotency_key";
/// What a 401 asks for (RFC 6750, section 3).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"payqi\"");

/// An error, as its caller sees it.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    code: String,
    message: String,
    param: Option<String>,
    retry_after_s: Option<u32>,
    cause: Option<Box<Problem>>,
}

impl Fault {
    /// 400: a member of the request means nothing.
    pub(super) fn invalid(param: &'static str, what: impl std::fmt::Display) -> Self {
        Problem::new(Code::InvalidField, format!("`{param}`: {what}")).at(param).into()
    }

    /// The provider did not take a new payment: 402; or could not be reached: 502.
    pub(super) fn refused(refusal: &Refusal) -> Self {
        let told = if refusal.unreached {
            (StatusCode::BAD_GATEWAY, "provider_unavailable")
        } else {
            (StatusCode::PAYMENT_REQUIRED, &*refusal.code)
        };
        let (status, code) = (told.0, told.1.to_owned());
        let message = format!("{}; try again with a new `{KEY}`", refusal.message);
        Self { status, code, message, param: None, retry_after_s: None, cause: None }
    }

    fn kind(&self) -> &'static str {
        match self.status.as_u16() {
            401 => "authentication_error",
            402 => "payment_error",
            404 => "not_found_error",
            409 => "conflict_error",
            429 => "rate_limit_error",
            status if status < 500 => "invalid_request_error",
            _ => "api_error",
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let kind = self.kind();
        let Self { status, code, message, param, retry_after_s, cause } = self;
        let error = json!({"type": kind, "code": code, "message": message, "param": param});
        let mut response = (status, Json(json!({"error": error}))).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        if let Some(after) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after));
        }
        problem::left_with(&mut response, cause);
        response
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        // The key is also the payment's reference, for when the request itself is forgotten.
        let reused = matches!(
            error,
            EngineError::KeyReused
                | EngineError::OtherAmount { .. }
                | EngineError::OtherProvider { .. }
                | EngineError::OtherMethod { .. }
        );
        if reused {
            let what = format!("this `{KEY}` was used before with another request; use a new one");
            return Problem::new(Code::IdempotencyKeyReused, what).at(KEY).into();
        }
        if matches!(error, EngineError::KeyInFlight) {
            let what =
                format!("a request with this `{KEY}` is being carried out; try again in a second");
            return Problem::new(Code::IdempotencyKeyInUse, what).at(KEY).retry_after(1).into();
        }
        if let EngineError::Setting { field: "reference", what } = error {
            return Self::invalid(KEY, what);
        }
        Problem::from(error).into()
    }
}

/// What the native API would say, under PayQI's statuses.
impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let about = problem.code.about();
        let status = if problem.code == Code::IdempotencyKeyReused {
            StatusCode::CONFLICT
        } else if problem.code == Code::Busy {
            StatusCode::TOO_MANY_REQUESTS
        } else {
            match about.status {
                403 => StatusCode::UNAUTHORIZED,
                408 | 413 | 422 => StatusCode::BAD_REQUEST,
                _ => problem.code.status(),
            }
        };
        let message = problem.document(None).detail;
        let param = problem.field.as_ref().map(ToString::to_string);
        let (code, retry_after_s) = (about.name.to_owned(), problem.retry_after_s);
        Self { status, code, message, param, retry_after_s, cause: Some(Box::new(problem)) }
    }
}
