//! A request of OAuth: a form, each of whose parameters stands there once.

use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use posthorn_core::oauth::{Fault, Refusal};
use url::form_urlencoded;

use super::fault::Refused;
use crate::app::App;
use crate::body::Strange;
use crate::room::Room;

/// The most bytes a form may have: the longest password and redirect URI, percent-encoded, and as much again.
const FORM_BYTES_MAX: usize = 16 * 1024;
/// The most parameters.
const PARAMETERS_MAX: usize = 50;
const FORM: &str = "application/x-www-form-urlencoded";

/// A form and the request that it came with.
pub(super) struct Form {
    pub(super) parts: Parts,
    pub(super) pairs: Pairs,
    /// Its share of what strangers may hold, until the answer is made.
    _room: Room,
}

/// Parameters, each of which stands there once.
pub(super) struct Pairs(Vec<(String, String)>);

impl FromRequest<App> for Form {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refused> {
        let Strange { parts, body, room } =
            Strange::<FORM_BYTES_MAX>::from_request(request, app).await?;
        if parts.uri.query().is_some_and(|query| !query.is_empty()) {
            let what = "parameters stand in the body, where no log keeps them, and not in the URL";
            return Err(Fault::InvalidRequest.because(what).into());
        }
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case(FORM) {
            return Err(Fault::InvalidRequest.because(format!("the body must be {FORM}")).into());
        }
        Ok(Self { pairs: Pairs::read(&body)?, parts, _room: room })
    }
}

impl Form {
    /// A parameter; one without a value counts as left out (RFC 6749, section 3.2).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.get(name)
    }

    /// One that must be there.
    pub(super) fn need(&self, name: &'static str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Fault::InvalidRequest.because(format!("`{name}` is missing")))
    }
}

impl Pairs {
    /// A parameter; one without a value counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Parameters must not stand there twice, known or not: two programs would read two different requests.
    pub(super) fn read(text: &[u8]) -> Result<Self, Refusal> {
        if std::str::from_utf8(text).is_err() {
            return Err(Fault::InvalidRequest.because("the parameters are not UTF-8"));
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text) {
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(Fault::InvalidRequest.because("a parameter stands there twice"));
            }
            if pairs.len() >= PARAMETERS_MAX {
                return Err(Fault::InvalidRequest.because("there are too many parameters"));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }
}
