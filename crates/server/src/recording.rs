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
use crate::noted::{Facts, Noted};

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

/// What stands for the status of a call whose client hung up before it was answered.
const HUNG_UP: u16 = 499;

/// A call that was begun. One that is dropped before it ends was not waited for, and is recorded as that.
pub(crate) struct Recording {
    app: App,
    /// Until it is recorded.
    begun: Option<Begun>,
}

struct Begun {
    at: Timestamp,
    method: &'static str,
    noted: Noted,
    texts: Texts,
    peer: Option<Address>,
    announced: u64,
    with_bodies: bool,
}

/// How a call ended.
struct Ended {
    took: Duration,
    status: u16,
    code: Option<&'static str>,
    facts: Facts,
    response: SeenBody,
}

impl Recording {
    /// Begins with a request, unless nobody will look for it.
    pub(crate) fn begin(
        app: &App,
        (at, method): (Timestamp, &'static str),
        request: &mut Request,
        id: &str,
    ) -> Option<Self> {
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
        let begun = Begun { at, method, noted, texts, peer, announced, with_bodies };
        Some(Self { app: app.clone(), begun: Some(begun) })
    }

    /// Ends with the answer, which is handed back as it was.
    pub(crate) async fn end(
        mut self,
        took: Duration,
        code: Option<&'static str>,
        response: Response,
    ) -> Response {
        let Some(begun) = &self.begun else { return response };
        let facts = begun.noted.take();
        let status = response.status().as_u16();
        let with_body = begun.with_bodies && !is_held(&facts, status);
        // What is answered is in memory, so nobody waits, and nobody can leave meanwhile.
        let (response, answer) = answered(response, with_body).await;
        self.record(Ended { took, status, code, facts, response });
        answer
    }

    fn record(&mut self, ended: Ended) {
        if let Some(begun) = self.begun.take() {
            self.app.engine().record(Box::new(begun.seen(ended)));
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let Some(begun) = &self.begun else { return };
        let took = self.app.engine().now().duration_since(begun.at).unsigned_abs();
        let (facts, response) = (begun.noted.take(), SeenBody::default());
        self.record(Ended { took, status: HUNG_UP, code: None, facts, response });
    }
}

impl Begun {
    fn seen(self, ended: Ended) -> Seen {
        let Ended { took, status, code, facts, response } = ended;
        let is_held = is_held(&facts, status);
        let with_body = self.with_bodies && !is_held;
        let Facts { caller, body, events } = facts;
        let (owner, by) = caller.map_or((None, By::Nobody), posthorn_engine::Caller::told);
        let request = SeenBody {
            bytes: body.as_ref().map_or(self.announced, |body| body.len() as u64),
            // A copy, since what was read may be a small part of what is held for it.
            whole: body
                .filter(|body| with_body && body.len() <= BODY_BYTES_MAX)
                .map(|body| Bytes::copy_from_slice(&body)),
        };
        Seen {
            at: self.at,
            took,
            owner,
            by,
            method: self.method,
            texts: self.texts,
            peer: self.peer.map(Address::ip),
            status,
            code,
            request,
            response,
            events: if is_held { events } else { Vec::new() },
        }
    }
}

/// Whether events hold what was sent: they were accepted, though whoever sent them may not have waited to hear it.
fn is_held(facts: &Facts, status: u16) -> bool {
    !facts.events.is_empty() && (status < 300 || status == HUNG_UP)
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
