//! Recording calls for the request history: what is seen of each before it is carried out and after it was answered.
//!
//! An event that was accepted holds what was sent, so of that nothing is copied here; of everything else bodies are, when they are small.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method, header};
use jiff::Timestamp;
use posthorn_core::history::By;
use posthorn_engine::{Seen, SeenBody, Texts};

use crate::NATIVE;
use crate::address::Address;
use crate::app::App;
use crate::noted::Noted;

/// The longest body that is looked at, in bytes: longer ones are not kept.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// How much of a path, and of any other text, is looked at.
const PATH_BYTES_MAX: usize = 8 * 1024;
const TEXT_BYTES_MAX: usize = 1024;
/// What nobody looks for: probes, pages and files.
const PASSED_OVER: [&str; 8] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/status",
    "/status.json",
    "/openapi.json",
    "/docs",
    "/v1/sdk/techcorp-pay.js",
];
/// Calls whose answers are calls: their bodies are not kept.
const HISTORY: &str = "/v1/requests";

/// A call that was begun.
pub(crate) struct Recording {
    noted: Noted,
    texts: Texts,
    peer: Option<Address>,
    announced: u64,
    with_bodies: bool,
}

impl Recording {
    /// Begins with a request, unless nobody will look for it.
    pub(crate) fn begin(app: &App, request: &mut Request, id: &str) -> Option<Self> {
        if !app.engine().keeps_requests() || *request.method() == Method::OPTIONS {
            return None;
        }
        let path = request.uri().path();
        let native = path.strip_prefix(NATIVE).unwrap_or(path);
        if PASSED_OVER.contains(&native) {
            return None;
        }
        let with_bodies = !native.starts_with(HISTORY);
        let all = request.uri().path_and_query().map_or(path, |all| all.as_str());
        let headers = request.headers();
        let texts = Texts::of([
            id,
            cut(all, PATH_BYTES_MAX),
            text(headers, header::USER_AGENT.as_str()),
            text(headers, "idempotency-key"),
            text(headers, header::CONTENT_TYPE.as_str()),
        ]);
        let announced = text(headers, header::CONTENT_LENGTH.as_str()).parse().unwrap_or_default();
        let (noted, peer) = (Noted::default(), request.extensions().get().copied());
        request.extensions_mut().insert(noted.clone());
        Some(Self { noted, texts, peer, announced, with_bodies })
    }

    /// Ends with the answer, which is handed back as it was.
    pub(crate) async fn end(
        self,
        app: &App,
        (at, took): (Timestamp, Duration),
        (method, code): (&'static str, Option<&'static str>),
        response: Response,
    ) -> Response {
        let facts = self.noted.take();
        let (owner, by) = facts.caller.map_or((None, By::Nobody), posthorn_engine::Caller::told);
        let status = response.status().as_u16();
        let is_held = !facts.events.is_empty() && status < 300;
        let with_bodies = self.with_bodies && !is_held;
        let sent = facts.body.as_ref().map_or(self.announced, |body| body.len() as u64);
        let request = SeenBody {
            bytes: sent,
            // A copy, since what was read may be a small part of what is held for it.
            whole: facts
                .body
                .filter(|body| with_bodies && body.len() <= BODY_BYTES_MAX)
                .map(|body| Bytes::copy_from_slice(&body)),
        };
        let (told, response) = answered(response, with_bodies).await;
        app.engine().record(Box::new(Seen {
            at,
            took,
            owner,
            by,
            method,
            texts: self.texts,
            peer: self.peer.map(Address::ip),
            status,
            code,
            request,
            response: told,
            events: if is_held { facts.events } else { Vec::new() },
        }));
        response
    }
}

/// What was answered, where it is whole and small; never a stream.
async fn answered(response: Response, with_body: bool) -> (SeenBody, Response) {
    let exact = response.body().size_hint().exact();
    let bytes = exact.unwrap_or_default();
    let is_small = (1..=BODY_BYTES_MAX as u64).contains(&bytes);
    if !with_body || !is_small {
        return (SeenBody { bytes, whole: None }, response);
    }
    let (parts, body) = response.into_parts();
    match axum::body::to_bytes(body, BODY_BYTES_MAX).await {
        Ok(whole) => {
            let response = Response::from_parts(parts, Body::from(whole.clone()));
            (SeenBody { bytes, whole: Some(whole) }, response)
        }
        // A body that is in memory does not fail.
        Err(_) => (SeenBody { bytes, whole: None }, Response::from_parts(parts, Body::empty())),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    cut(value.unwrap_or_default(), TEXT_BYTES_MAX)
}

/// The beginning of a text of ASCII.
fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..bytes_max).unwrap_or(text)
}
