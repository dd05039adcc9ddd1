//! HTTP in: the native API, its description, and what it counts.
//!
//! A handler takes, makes one call of the engine, and answers; it decides nothing and holds no SQL.
//! [`router`] is everything that is served, [`serve`] serves it until it is told to stop. What every
//! request passes (ids, problem documents, counting) is in `edge.rs`; every error is a
//! [`problem::Code`].

mod address;
mod answer;
mod api;
mod app;
mod auth;
mod base;
mod body;
mod decode;
mod description;
mod edge;
mod etag;
mod facade;
mod hosts;
mod html;
mod items;
mod list;
mod metrics;
mod noted;
mod openapi;
mod origins;
mod params;
pub mod problem;
mod ratelimit;
mod recording;
mod room;
mod serve;
mod time;
mod tries;

use axum::Router;
use axum::extract::State;
use http::Uri;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub use app::App;
pub use body::{BATCH_BYTES_MAX, BODY_BYTES_MAX, IDEMPOTENCY_KEY_CHARS_MAX};
pub use facade::{NoFacade, Root};
pub use hosts::{BoundTwice, HostName, Hosts, NoHostName};
pub use room::BODIES_BYTES_MAX;
pub use serve::{Serving, serve};

use auth::WhoeverCalls;
use description::Description;
use problem::{Code, Problem};

/// Where the native API is when a platform's own is at the root.
pub const NATIVE: &str = "/native";

/// Everything that is served; with a platform's own API at the root, the native one is below [`NATIVE`].
pub fn router(app: App, root: Option<Root>) -> Router {
    let described = Description::default();
    let (routes, mut document) = assembled(&described);
    openapi::complete(&mut document);
    described.set(&document);
    let native = routes.fallback(no_such_route).method_not_allowed_fallback(no_such_method);
    let all = match root {
        None => native.merge(facade::routes(&app)),
        // The façade's own fallback answers for what is nowhere.
        Some(root) => {
            root.routes(&app).merge(facade::routes(&app)).merge(api::probes()).nest(NATIVE, native)
        }
    };
    all.layer(axum::middleware::from_fn_with_state(app.clone(), edge::around)).with_state(app)
}

/// The API as an `OpenAPI` 3.1 document: what `/openapi.json` serves.
#[must_use]
pub fn openapi() -> OpenApi {
    let (_, mut document) = assembled(&Description::default());
    openapi::complete(&mut document);
    document
}

/// The API as a page of Markdown: what `docs/api.md` holds.
#[must_use]
pub fn api_markdown() -> String {
    description::markdown(&openapi())
}

fn assembled(described: &Description) -> (Router<App>, OpenApi) {
    let routes: OpenApiRouter<App> = api::routes().merge(description::routes(described));
    routes.split_for_parts()
}

async fn no_such_route(_: WhoeverCalls, uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    Problem::new(Code::NotFound, format!("there is no route `{path}`; see `/docs`"))
}

async fn no_such_method(State(_): State<App>, _: WhoeverCalls, uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    let detail = format!("`{path}` has no such method; `Allow` lists those it has");
    Problem::new(Code::MethodNotAllowed, detail)
}
