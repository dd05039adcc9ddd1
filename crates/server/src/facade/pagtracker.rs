//! PagTracker's API: `POST /api/webhooks` as its "Documentação de Webhooks" prints it, and the charges and checkouts that
//! the events tell of.
//!
//! The guide prints no more of their API than their data in events; routes and members are named after that. A charge's
//! `link_pagamento` leads to the deployment's `public_url`; where none is configured it leads to the server that was asked,
//! by the request's `Host` (`X-Forwarded-Host` of a trusted proxy, and `X-Forwarded-Proto`), which only whoever asked gets to see.

mod charges;
mod checkouts;
mod fault;
mod webhooks;
mod wish;

use axum::Router;
use axum::extract::{FromRequestParts, OriginalUri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::json::{Json, Style};
use posthorn_engine::Caller;

use super::admission::admit;
use crate::answer::REPLAYED;
use crate::app::App;
use crate::auth::AsMerchant;
use crate::base::Base;
use fault::{Code, Fault};

/// The contract whose merchants this API is for.
const CONTRACT: &str = "pagtracker";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/webhooks", post(webhooks::create_webhook).get(webhooks::list_webhooks))
        .route("/api/webhooks/{id}", get(webhooks::get_webhook).delete(webhooks::delete_webhook))
        .route("/api/checkouts", post(checkouts::create_checkout).get(checkouts::list_checkouts))
        .route("/api/checkouts/{id}", get(checkouts::get_checkout))
        .route("/api/checkouts/{id}/cancel", post(checkouts::cancel_checkout))
        .route("/api/checkouts/{id}/cancelar", post(checkouts::cancel_checkout))
        .route("/api/charges", post(charges::create_charge).get(charges::list_charges))
        .route("/api/charges/{id}", get(charges::get_charge))
        .route("/api/charges/{id}/cancel", post(charges::cancel_charge))
        .route("/api/charges/{id}/cancelar", post(charges::cancel_charge))
        .route("/api/charges/{id}/refund", post(charges::refund_charge))
        .route("/api/charges/{id}/reembolsar", post(charges::refund_charge))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
}

async fn no_such_route(OriginalUri(uri): OriginalUri) -> Fault {
    let path: String = uri.path().chars().take(200).collect();
    Fault::new(Code::NotFound, format!("não existe a rota `{path}`"))
}

async fn no_such_method(OriginalUri(uri): OriginalUri) -> Fault {
    let path: String = uri.path().chars().take(200).collect();
    let what = format!("`{path}` não tem este método; `Allow` lista os que tem");
    Fault::new(Code::MethodNotAllowed, what)
}

/// A merchant by its key, and the base that the server was asked at: `https://pix.example`.
struct Asking {
    id: MerchantId,
    mode: Mode,
    caller: Caller,
    base: Base,
}

impl Asking {
    fn place(&self) -> (MerchantId, Mode) {
        (self.id, self.mode)
    }
}

impl FromRequestParts<App> for Asking {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let AsMerchant { id, mode, caller } = AsMerchant::from_request_parts(parts, app).await?;
        admit(app, parts, caller, CONTRACT).await?;
        let Ok(base) = Base::from_request_parts(parts, app).await;
        Ok(Self { id, mode, caller, base })
    }
}

/// An answer, its members in this order.
fn answer<N: Into<String>>(
    status: StatusCode,
    members: impl IntoIterator<Item = (N, Json)>,
) -> Response {
    let body = Json::object(members).to_vec(Style::Js);
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

/// 201, and whether the same request was answered so before.
fn created<N: Into<String>>(
    members: impl IntoIterator<Item = (N, Json)>,
    replayed: bool,
) -> Response {
    let mut response = answer(StatusCode::CREATED, members);
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// A page of a list.
fn page(rows: Vec<Json>, next: Option<String>) -> Response {
    let next = next.map_or(Json::Null, |next| Json::from(next.as_str()));
    answer(StatusCode::OK, [("data", Json::Array(rows)), ("next_cursor", next)])
}
