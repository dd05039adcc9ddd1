//! Whole requests to the API: path, query, inbound headers and body, as strangers send them.

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use posthorn_core::json::{Json, parse};
use posthorn_server::IDEMPOTENCY_KEY_CHARS_MAX;
use posthorn_server::problem::Code;

use crate::line;
use crate::served::{self, Got, Served};

/// Like HTTP/1.1: a line with method and target, headers, an empty line, the body. `$test`,
/// `$endpoint` and other names stand for keys and ids. Whatever comes, the server never fails, every
/// error is a problem that is on the list, and no answer is JSON that we would not read ourselves.
pub(crate) fn request(bytes: &[u8]) {
    served::with(|served| {
        let Some(asked) = Asked::read(served, bytes) else { return };
        let got = served.ask(asked.request());
        is_sound(&got, asked.api());
        asked.is_let_in_rightly(served, &got);
        if asked.method == Method::GET {
            let again = served.ask(asked.request()).status;
            let limited = again == StatusCode::TOO_MANY_REQUESTS;
            assert!(again == got.status || limited, "a GET changed something");
        }
        if asked.method == Method::POST && asked.has_key() && got.status.is_success() {
            let again = served.ask(asked.request());
            let is_native = asked.api() == Api::Native;
            assert!(again.status == got.status || !is_native, "not the same twice");
            if again.status.is_success() && is_native {
                says_no_more(&again, &got);
            }
        }
    });
}

/// Whose errors an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Api {
    /// Problem documents.
    Native,
    /// JSON, in a shape of the platform's own.
    Platform,
    /// Pages.
    Payer,
}

struct Asked {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Asked {
    fn read(served: &Served, bytes: &[u8]) -> Option<Self> {
        let (first, mut rest) = line(bytes);
        let (method, target) = first.split_once(' ')?;
        let mut headers = HeaderMap::new();
        loop {
            let (header, after) = line(rest);
            rest = after;
            let Some((name, value)) = header.split_once(':') else { break };
            let name = http::HeaderName::from_bytes(name.as_bytes()).ok()?;
            let value = served.named(value.trim());
            headers.append(name, http::HeaderValue::from_str(&value).ok()?);
        }
        let body = match str::from_utf8(rest) {
            Ok(text) => served.named(text).into_bytes(),
            Err(_) => rest.to_vec(),
        };
        let method = method.parse().ok()?;
        let asked = Self { method, target: served.named(target), headers, body };
        asked.target.parse::<http::Uri>().ok().map(|_| asked)
    }

    fn request(&self) -> Request<Body> {
        let mut request = Request::new(Body::from(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.parse().expect("it was parsed before");
        *request.headers_mut() = self.headers.clone();
        request
    }

    fn path(&self) -> &str {
        let path = self.target.split('?').next().unwrap_or_default();
        path.strip_prefix("http://example.com").unwrap_or(path)
    }

    fn api(&self) -> Api {
        let mut segments = self.path().split('/').skip(1);
        let first = segments.next().unwrap_or_default();
        let bare = (segments.next(), segments.next()) == (Some(""), None);
        match first {
            // With nothing behind its slash a path is below no platform.
            "pagtracker" | "payqi" | "sentinelgate" if !bare => Api::Platform,
            "pay" | "checkout" => Api::Payer,
            _ => Api::Native,
        }
    }

    fn has_key(&self) -> bool {
        self.headers.contains_key("idempotency-key")
    }

    /// Without a good key nobody gets to anything below `/v1`, and no POST is carried out with an
    /// idempotency key that is none.
    fn is_let_in_rightly(&self, served: &Served, got: &Got) {
        let key = self.headers.get("authorization").and_then(|value| value.to_str().ok());
        let key = key.and_then(|value| value.split_once(' ')).map(|(_, key)| key.trim());
        let path = self.path();
        let below = path.starts_with("/v1/") || self.api() == Api::Platform;
        // SentinelGate's programs have two headers of their own.
        let paired = self.headers.contains_key("x-api-key");
        if below && !paired && !key.is_some_and(|key| served.knows_key(key)) {
            assert!(!got.status.is_success(), "{} {path} without a key", self.method);
        }
        let keys: Vec<&[u8]> = self
            .headers
            .get_all("idempotency-key")
            .iter()
            .map(http::HeaderValue::as_bytes)
            .collect();
        let sound = keys.iter().all(|key| {
            (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len())
                && key.iter().all(|byte| (b'!'..=b'~').contains(byte))
        });
        if self.method == Method::POST && (keys.len() > 1 || !sound) {
            assert!(!got.status.is_success(), "carried out with {:?}", self.headers);
        }
    }
}

/// A repeated answer is the first one, save for the secrets: those are shown once.
fn says_no_more(again: &Got, first: &Got) {
    if let (Ok(Json::Object(again)), Ok(first)) = (parse(&again.body), parse(&first.body)) {
        for (name, value) in again.iter() {
            assert_eq!(Some(value), first.get(name), "`{name}` is not the same twice");
        }
    }
}

fn is_sound(got: &Got, api: Api) {
    let header = |name: &str| {
        got.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let id = header("x-request-id");
    assert!(!id.is_empty(), "an answer without its id");
    assert_ne!(got.status, StatusCode::INTERNAL_SERVER_ERROR, "{:?}", got.body);
    let kind = header("content-type");
    if got.status.as_u16() >= 400 && api == Api::Platform && !got.body.is_empty() {
        assert_eq!(kind, "application/json", "{:?}", got.body);
        assert!(parse(&got.body).is_ok_and(|error| error.as_object().is_some()), "{:?}", got.body);
    } else if got.status.as_u16() >= 400 && api == Api::Native && !got.body.is_empty() {
        assert_eq!(kind, "application/problem+json", "{:?}", got.body);
        let problem = parse(&got.body).expect("a problem is JSON");
        let text = |name: &str| problem.get(name).and_then(Json::as_str).unwrap_or_default();
        let code =
            Code::ALL.iter().map(|code| code.about()).find(|about| about.name == text("code"));
        assert_eq!(code.map(|about| about.status), Some(got.status.as_u16()), "{problem:?}");
        assert_eq!(text("request_id"), id);
        assert!(!text("detail").is_empty(), "{problem:?}");
    } else if kind.starts_with("application/json") && !got.body.is_empty() {
        let answer = parse(&got.body);
        assert!(answer.is_ok(), "{answer:?}: {:?}", got.body);
    }
}
