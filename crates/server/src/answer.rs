//! Answers: a status, a JSON body, and whether the same request had been carried out before.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use posthorn_core::secret::Secret;
use posthorn_store::Done;
use serde::{Serialize, Serializer};

use crate::problem::Problem;

/// What a handler answers.
pub(crate) type Answered<T> = Result<Answer<T>, Problem>;

/// Says that the answer is that of an earlier request with the same idempotency key.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A JSON answer.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    status: StatusCode,
    body: T,
    replayed: bool,
}

impl<T> Answer<T> {
    /// 200.
    pub(crate) fn ok(body: T) -> Self {
        Self { status: StatusCode::OK, body, replayed: false }
    }

    /// 201.
    pub(crate) fn created(body: T) -> Self {
        Self { status: StatusCode::CREATED, body, replayed: false }
    }

    /// 202: it is on disk, and goes on without the caller.
    pub(crate) fn accepted(body: T) -> Self {
        Self { status: StatusCode::ACCEPTED, body, replayed: false }
    }

    /// 202 for what may have been done before.
    pub(crate) fn accepted_once<S>(done: Done<S>, show: impl FnOnce(S) -> T) -> Self {
        let replayed = done.is_before();
        Self::accepted(show(done.get())).replayed(replayed)
    }

    /// The same, said to be the answer of an earlier request.
    pub(crate) fn replayed(self, replayed: bool) -> Self {
        Self { replayed, ..self }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let body = match serde_json::to_vec(&self.body) {
            Ok(body) => body,
            Err(error) => return Problem::internal(error.to_string()).into_response(),
        };
        let kind = HeaderValue::from_static("application/json");
        let mut response = (self.status, [(header::CONTENT_TYPE, kind)], body).into_response();
        if self.replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// A secret in the one answer that shows it.
pub(crate) struct Shown(pub(crate) Secret);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}
