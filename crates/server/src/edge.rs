//! What every request passes: its id, the problem document, what is counted, and the net under it.

use std::panic::AssertUnwindSafe;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;

use crate::address::Address;
use crate::app::App;
use crate::problem::Problem;
use crate::recording::Recording;

/// The header that carries a request's id, both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id that is taken over.
const REQUEST_ID_CHARS_MAX: usize = 128;
/// Methods that are counted under their own name; others count as `OTHER`.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Gives a request its id, carries it out, and gives the answer its id and its problem document.
pub(crate) async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = app.engine().now();
    let from = Address::read(request.extensions(), request.headers(), app.trusted_proxies());
    if let Some(from) = from {
        request.extensions_mut().insert(from);
    }
    let id = request_id(request.headers(), &app, started);
    let method = request.method().as_str();
    let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("OTHER");
    let begun = (started, method);
    let recording = Recording::begin(&app, begun, &mut request, id.to_str().unwrap_or_default());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = caught(next.run(request)).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let problem = response.extensions_mut().remove::<Problem>();
    let code = problem.as_ref().map(|problem| problem.code.about().name);
    if let Some(problem) = problem {
        app.metrics().problem(problem.code);
        log(&problem, route, &id);
        if !response.headers().contains_key(header::CONTENT_TYPE) {
            write_document(&mut response, &problem, id.to_str().ok());
        }
    }
    response.headers_mut().insert(REQUEST_ID, id);
    let took = app.engine().now().duration_since(started);
    app.metrics().answered(method, route, response.status().as_u16(), took);
    match recording {
        None => response,
        Some(recording) => recording.end(took.unsigned_abs(), code, response).await,
    }
}

/// An answer, also of what panics: nobody is left without one, and whoever wraps it still adds what belongs to every answer.
pub(crate) async fn caught(answer: impl Future<Output = Response>) -> Response {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| {
        Problem::internal("the handler panicked; the panic's message is in the log").into_response()
    })
}

/// The caller's own id where it is sane, else a new one.
fn request_id(headers: &HeaderMap, app: &App, now: Timestamp) -> HeaderValue {
    let sane = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=REQUEST_ID_CHARS_MAX).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(byte))
    };
    headers.get(REQUEST_ID).filter(sane).cloned().unwrap_or_else(|| {
        let made = HeaderValue::from_str(&app.next_request_id(now).to_string());
        made.expect("hexadecimal digits can stand in a header")
    })
}

/// What is our fault is logged here, once, with what the caller was not told.
fn log(problem: &Problem, route: &str, id: &HeaderValue) {
    let about = problem.code.about();
    if about.status < 500 {
        return;
    }
    let id = id.to_str().unwrap_or_default();
    let cause = problem.cause.as_deref().unwrap_or(&problem.detail);
    if about.status == 500 {
        tracing::error!(request.id = id, route, code = about.name, cause, "a request failed");
    } else {
        tracing::warn!(request.id = id, route, code = about.name, cause, "a request was put off");
    }
}

fn write_document(response: &mut Response, problem: &Problem, id: Option<&str>) {
    let document = serde_json::to_vec(&problem.document(id)).unwrap_or_default();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(document);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_panics_is_answered_and_says_that_it_is_our_fault() {
        let mut response = caught(async { panic!("a story of a bug") }).await;
        assert_eq!(response.status(), 500);
        assert!(response.extensions_mut().remove::<Problem>().is_some());
    }
}
