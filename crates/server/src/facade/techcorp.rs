//! TechCorp's API. Its "Integration FAQ" names the resources and prints a few requests; what it does not print (payments' and
//! errors' shapes among it) is published here. Paths are the guide's two ways to write one: `https://api.techcorp.com/v1/…`, and
//! `/api/…` or bare.
//!
//! Errors are the native API's problem documents: they have a code, and the request's id, which is what the guide asks for.

mod browser;
mod cards;
mod client;
mod decimals;
mod orders;
mod payments;

use axum::Router;
use http::Uri;

use crate::app::App;
use crate::problem::{Code, Problem};

/// The contract whose merchants this API is for.
const CONTRACT: &str = "techcorp";

/// What there is.
pub(super) fn routes() -> Router<App> {
    payments::routes()
        .merge(orders::routes())
        .merge(cards::routes())
        .merge(browser::routes())
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
}

async fn no_such_route(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    Problem::new(Code::NotFound, format!("there is no route `{path}`"))
}

async fn no_such_method(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    let detail = format!("`{path}` has no such method; `Allow` lists those it has");
    Problem::new(Code::MethodNotAllowed, detail)
}
