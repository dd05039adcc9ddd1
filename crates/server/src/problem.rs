//! Every error the API answers: an RFC 9457 problem document with a stable code.
//!
//! [`Code`] is the whole list, with what each means; `docs/api.md` prints it. A [`Problem`] has two
//! sides: `detail` says to the caller what, where and how to mend it; `cause` says to the operator
//! what the caller must not see. The document itself is written by `crate::edge`, which knows the
//! request's id.

mod code;
mod engine;
mod place;

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

pub use code::Code;
pub use place::Place;
pub(crate) use place::characters;

/// What a `type` begins with; the code follows.
const TYPE_PREFIX: &str = "urn:posthorn:problem:";

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which problem.
    pub code: Code,
    /// What, where and how to mend it, for the caller.
    pub detail: String,
    /// Where in the body.
    pub place: Option<Place>,
    /// The setting, member or parameter to blame.
    pub field: Option<Cow<'static, str>>,
    /// When it is worth trying again.
    pub retry_after_s: Option<u32>,
    /// What the operator must know and the caller must not.
    pub cause: Option<String>,
}

impl Problem {
    /// A problem with its detail.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let (detail, place, field) = (clean(detail.into()), None, None);
        Self { code, detail, place, field, retry_after_s: None, cause: None }
    }

    /// The same, blaming one field.
    #[must_use]
    pub fn at(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(clean_field(field.into())), ..self }
    }

    /// The same, at a place of the body.
    #[must_use]
    pub fn placed(self, place: Place) -> Self {
        Self { place: Some(place), ..self }
    }

    /// What was wrong with a part of a body, told of the body in which that part begins at `start`.
    pub(crate) fn within(self, start: impl FnOnce() -> Place) -> Self {
        let place = self.place.map(|place| place.within(start()));
        Self { place, ..self }
    }

    /// The same, worth trying again after so many seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// Something that is our fault: the caller learns that, the operator learns what.
    #[must_use]
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "something is wrong on our side; the operator finds it in the log under this \
                      request's id";
        Self { cause: Some(cause.into()), ..Self::new(Code::Internal, detail) }
    }

    /// The document.
    #[must_use]
    pub fn document(&self, request: Option<&str>) -> ProblemDocument {
        let about = self.code.about();
        ProblemDocument {
            kind: format!("{TYPE_PREFIX}{}", about.name),
            title: about.title,
            status: about.status,
            detail: match self.place {
                Some(place) => format!("{}, at {place}", self.detail),
                None => self.detail.clone(),
            },
            code: about.name,
            field: self.field.clone(),
            request_id: request.map(ToOwned::to_owned),
        }
    }
}

/// What repeats something that was sent, without a card's number or a key in it: answers are logged and kept.
fn clean(text: String) -> String {
    match posthorn_engine::masked(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(masked) => masked,
    }
}

fn clean_field(field: Cow<'static, str>) -> Cow<'static, str> {
    match field {
        Cow::Borrowed(ours) => Cow::Borrowed(ours),
        Cow::Owned(theirs) => Cow::Owned(clean(theirs)),
    }
}

/// A problem as RFC 9457 writes it, as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// `urn:posthorn:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:posthorn:problem:not_found")]
    pub kind: String,
    /// The problem in a few words, always the same for a code.
    #[schema(example = "Not found")]
    pub title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// What, where and how to mend it.
    #[schema(example = "there is no such endpoint")]
    pub detail: String,
    /// For programs: one of the codes listed in the documentation.
    #[schema(example = "not_found")]
    pub code: &'static str,
    /// The setting, member or parameter to blame, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub field: Option<Cow<'static, str>>,
    /// The request's id, as in `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Leaves a problem with an answer that tells of it in words of its own: `crate::edge` counts it and logs it all the same.
pub(crate) fn left_with(response: &mut Response, problem: Option<Box<Problem>>) {
    if let Some(problem) = problem {
        response.extensions_mut().insert(*problem);
    }
}

/// Only status and headers: `crate::edge` writes the body.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        let headers = response.headers_mut();
        if let Some(challenge) = self.code.challenge() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}
