//! The API's description of itself: `/openapi.json` for programs, `/docs` for people.
//!
//! Both are made from the one document, once, when the router is built.

mod markdown;
mod outline;
mod page;

use std::sync::{Arc, OnceLock};

use axum::Extension;
use axum::response::{Html, IntoResponse, Response};
use http::header::CONTENT_TYPE;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(crate) use markdown::markdown;

/// The document and the page, once the routes are known.
#[derive(Clone, Default)]
pub(crate) struct Description(Arc<OnceLock<Texts>>);

struct Texts {
    json: String,
    page: String,
}

impl Description {
    /// Writes both texts down; a second call changes nothing.
    pub(crate) fn set(&self, document: &OpenApi) {
        let json = document.to_pretty_json().unwrap_or_default();
        let _set_before = self.0.set(Texts { json, page: page::page(document) });
    }

    fn text(&self, which: impl FnOnce(&Texts) -> &String) -> String {
        self.0.get().map(which).cloned().unwrap_or_default()
    }
}

/// The routes that describe the routes.
pub(crate) fn routes(described: &Description) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(openapi_json))
        .routes(routes!(docs))
        .layer(Extension(described.clone()))
}

/// This API as an `OpenAPI` 3.1 document.
#[utoipa::path(get, path = "/openapi.json", tag = "operations",
    responses((status = 200, description = "The document", body = Object)))]
async fn openapi_json(Extension(described): Extension<Description>) -> Response {
    let json = described.text(|texts| &texts.json);
    ([(CONTENT_TYPE, "application/json")], json).into_response()
}

/// This API as a page for people.
#[utoipa::path(get, path = "/docs", tag = "operations",
    responses((status = 200, description = "The page", body = String, content_type = "text/html")))]
async fn docs(Extension(described): Extension<Description>) -> Html<String> {
    Html(described.text(|texts| &texts.page))
}
