//! TechCorp's API. Its "Integration FAQ" names the resources and prints a few requests; what it does not print (payments' and
//! errors' shapes among it) is published here. Paths are the guide's two ways to write one: `https://api.techcorp.com/v1/…`, and
//! `/api/…` or bare.
//!
//! Errors are the native API's problem documents: they have a code, and the request's id, which is what the guide asks for.

mod batch;
mod browser;
mod cards;
mod client;
mod decimals;
mod feed;
mod kept;
mod oauth;
mod orders;
mod payments;
mod products;
mod users;
mod wish;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::Uri;
use posthorn_core::shop::{Product, User};

use crate::answer::{Answer, Answered};
use crate::api::AddressesOut;
use crate::app::App;
use crate::problem::{Code, Problem};
use client::Client;

/// The contract whose merchants this API is for.
const CONTRACT: &str = "techcorp";

/// What there is.
pub(super) fn routes() -> Router<App> {
    payments::routes()
        .merge(oauth::routes())
        .merge(orders::routes())
        .merge(kept::routes::<Product>())
        .merge(feed::routes())
        .merge(kept::routes::<User>())
        .route("/v1/webhooks/addresses", get(addresses))
        .merge(cards::routes())
        .merge(browser::routes())
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
}

/// "IPs for whitelist".
async fn addresses(State(app): State<App>, _: Client) -> Answered<AddressesOut> {
    Ok(Answer::ok(AddressesOut::of(&app)))
}

/// What stands at the server's own root for an API that is mounted under the contract's name.
pub(super) fn well_known() -> Router<App> {
    oauth::well_known("/techcorp")
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
