//! PayQI's API. Its "Webhook Integration Guide" prints the payment (as the event's `data`), `test_send` and the ids; the routes,
//! the request and the statuses of errors are those its integration page names. A payment's `checkout_url` leads to the
//! deployment's `public_url`; where none is configured it leads to the server that was asked, which only whoever asked gets to see.

mod fault;
mod webhooks;
mod wish;

use axum::Router;
use axum::extract::{FromRequestParts, OriginalUri, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use jiff::Timestamp;
use posthorn_core::id::PaymentId;
use posthorn_core::json::{self, Json, Members, Style};
use posthorn_core::payment::Payment;
use serde::Deserialize;

use super::admission::admit;
use crate::app::App;
use crate::auth::AsMerchant;
use crate::base::Base;
use crate::body::Sent;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::problem::{Code, Problem};
use fault::Fault;

/// The contract whose merchants this API is for.
const CONTRACT: &str = "payqi";

/// What there is; an error about any other path or method also has PayQI's shape.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/payments", post(create_payment).get(list_payments))
        .route("/api/payments/{id}", get(get_payment))
        .route("/api/payments/{id}/cancel", post(cancel_payment))
        .route("/api/webhooks", post(webhooks::create).get(webhooks::list))
        .route("/api/webhooks/{id}", get(webhooks::read).delete(webhooks::delete))
        .route("/api/webhooks/{id}/test", post(webhooks::test_send))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
}

async fn no_such_route(OriginalUri(uri): OriginalUri) -> Fault {
    let path: String = uri.path().chars().take(200).collect();
    Problem::new(Code::NotFound, format!("there is no route `{path}`")).into()
}

async fn no_such_method(OriginalUri(uri): OriginalUri) -> Fault {
    let path: String = uri.path().chars().take(200).collect();
    let detail = format!("`{path}` has no such method; `Allow` lists those it has");
    Problem::new(Code::MethodNotAllowed, detail).into()
}

/// A merchant of PayQI's contract, by `Authorization: Bearer sk_test_…`.
struct Keyed(AsMerchant);

impl FromRequestParts<App> for Keyed {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let merchant = AsMerchant::from_request_parts(parts, app).await?;
        admit(app, parts, merchant.caller, CONTRACT).await?;
        Ok(Self(merchant))
    }
}

/// A body that says nothing: none, or `{}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Makes a payment: 201; the same `idempotency_key` with the same request is the same payment: 200.
async fn create_payment(
    State(app): State<App>,
    Keyed(merchant): Keyed,
    base: Base,
    sent: Result<Sent, Problem>,
) -> Result<Response, Fault> {
    let (sent, engine, place) = (sent?, app.engine(), merchant.place());
    let asked = wish::read(&sent, engine, place)?;
    let key = asked.key.as_ref();
    let opened = engine.create_payment(merchant.caller, place, asked.draft, key).await?;
    let payment = opened.payment;
    // One that had an address to pay at was made, whatever became of it; the same request is answered as it was.
    if let Some(refusal) = payment.refusal.as_ref().filter(|_| payment.instrument.is_none()) {
        return Err(Fault::refused(refusal));
    }
    let status = if opened.existed { StatusCode::OK } else { StatusCode::CREATED };
    Ok(answer(status, shown(&app, &base, &payment)))
}

/// Payments, newest first, a page at a time.
async fn list_payments(
    State(app): State<App>,
    Keyed(merchant): Keyed,
    base: Base,
    params: Result<Params, Problem>,
) -> Result<Response, Fault> {
    let params = params?.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("payqi payments {id} {}", mode.name()))?;
    let page = asked.page(PaymentId::from_i64);
    let rows = app.engine().payments(merchant.place(), None, page).await?;
    let show = |payment| Json::object(shown(&app, &base, &payment));
    Ok(page_of(asked.answer(&app, rows, |payment| payment.id.as_i64(), show)))
}

async fn get_payment(
    State(app): State<App>,
    Keyed(merchant): Keyed,
    base: Base,
    id: Result<Id<String>, Problem>,
) -> Result<Response, Fault> {
    let id = app.engine().payment_id(merchant.id, &id?.0)?;
    let payment = app.engine().payment(merchant.place(), id).await?;
    Ok(answer(StatusCode::OK, shown(&app, &base, &payment)))
}

/// Calls a payment off that nobody has paid; the contract says what its events call that.
async fn cancel_payment(
    State(app): State<App>,
    Keyed(merchant): Keyed,
    base: Base,
    id: Result<Id<String>, Problem>,
    sent: Result<Sent, Problem>,
) -> Result<Response, Fault> {
    let Nothing {} = sent?.decode()?;
    let id = app.engine().payment_id(merchant.id, &id?.0)?;
    let payment = app.engine().cancel_payment(merchant.place(), id).await?;
    Ok(answer(StatusCode::OK, shown(&app, &base, &payment)))
}

/// A payment as its events show it, with what only this API tells.
fn shown(app: &App, base: &Base, payment: &Payment) -> Vec<(String, Json)> {
    let bytes = app.engine().payment_on_the_wire(payment).unwrap_or_default();
    let told = match json::parse(&bytes) {
        Ok(Json::Object(members)) => members,
        Ok(_) | Err(_) => Members::new(),
    };
    let mut shown: Vec<_> =
        told.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    let mut put = |name: &str, value: Json| shown.push((name.to_owned(), value));
    put("amount_xrp", told.get("amount").cloned().unwrap_or_default());
    put("description", text(payment.wish.description.as_deref()));
    put("created", unix(payment.created));
    put("expires_at", payment.wish.expires.map_or(Json::Null, unix));
    let engine = app.engine();
    let link = engine.payment_link(payment).unwrap_or_else(|| base.payment(engine, payment.id));
    put("checkout_url", Json::from(link.as_str()));
    shown
}

fn page_of(page: Listed<Json>) -> Response {
    let more = Json::from(page.next_cursor.is_some());
    let next = text(page.next_cursor.as_deref());
    let members = [("data", Json::Array(page.data)), ("has_more", more), ("next_cursor", next)];
    answer(StatusCode::OK, members)
}

fn text(text: Option<&str>) -> Json {
    text.map_or(Json::Null, Json::from)
}

/// Unix seconds, as the guide prints `created`.
fn unix(at: Timestamp) -> Json {
    Json::from(at.as_second())
}

/// An answer, its members in this order.
fn answer<N: Into<String>>(
    status: StatusCode,
    members: impl IntoIterator<Item = (N, Json)>,
) -> Response {
    let body = Json::object(members).to_vec(Style::Js);
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
