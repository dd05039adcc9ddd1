//! What a payer's browser needs: the script that makes tokens (`GET /v1/sdk/techcorp-pay.js`), and leave to call from pages of
//! other origins (CORS, as the Fetch standard has it).
//!
//! Any origin may make a card token: the key in the page is public, no cookie is looked at, and a token pays nothing without the
//! merchant's own key. The same where a program in a browser gets its access tokens: what it proves itself with is in the request.

use axum::Router;
use axum::extract::State;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use data_encoding::HEXLOWER;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE,
    CACHE_CONTROL, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::etag::is_known;
use crate::origins;

/// The script.
const SCRIPT: &str = include_str!("techcorp-pay.js");
/// How long a browser uses it unasked. Afterwards it asks whether there is a newer one.
const KEPT: &str = "public, max-age=300, must-revalidate";

pub(super) fn routes() -> Router<App> {
    let script = get(script).layer(map_response(open_to_pages));
    Router::new().route("/v1/sdk/techcorp-pay.js", script)
}

async fn script(State(_): State<App>, asked: HeaderMap) -> Response {
    let digest = Sha256::digest(SCRIPT);
    let tag = format!("\"{}\"", HEXLOWER.encode(digest.get(..16).unwrap_or(&digest)));
    let mut response = if is_known(&asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
        ([(CONTENT_TYPE, kind)], SCRIPT).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, HeaderValue::from_str(&tag).expect("hexadecimal digits in quotes"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(KEPT));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let anywhere = HeaderValue::from_static("cross-origin");
    headers.insert("cross-origin-resource-policy", anywhere);
    response
}

/// A route that pages of any origin may call.
pub(super) fn open(route: MethodRouter<App>) -> MethodRouter<App> {
    route.options(preflight).layer(map_response(open_to_pages))
}

/// What a browser asks before it sends a key to another origin.
async fn preflight() -> Response {
    let allowed = [
        (ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
        (ACCESS_CONTROL_MAX_AGE, "7200"),
    ];
    (StatusCode::NO_CONTENT, allowed).into_response()
}

/// Lets pages of any origin read an answer: the problem documents too, and which request they are about.
async fn open_to_pages(mut response: Response) -> Response {
    origins::open_to_pages(response.headers_mut());
    response
}
