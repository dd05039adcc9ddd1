//! "How do I process payments in my integration?": `POST /v1/payments/process`, which the guide's sample calls `/api/payments/process`
//! and sends without a content type. One order is paid once: while a payment of it may be paid, or was, the same request is
//! answered with that one; so is the same request with a card token, whatever came of its payment.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use posthorn_core::id::PaymentId;
use posthorn_core::json::{self, Json, Style};
use posthorn_core::payment::Payment;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::Client;
use super::wish::{cents, draft};
use crate::api::unfit;
use crate::app::App;
use crate::body::Sent;
use crate::list::Asked;
use crate::params::{Id, Params};
use crate::problem::Problem;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/payments/process", post(process))
        .route("/api/payments/process", post(process))
        .route("/v1/payments", get(list))
        .route("/v1/payments/{id}", get(read))
        .route("/v1/payments/{id}/refund", post(refund))
        .route("/v1/payments/{id}/cancel", post(cancel))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundIn<'a> {
    /// In cents; all that is left when left out.
    #[serde(borrow)]
    amount: Option<&'a RawValue>,
    reason: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelIn {}

async fn process(
    State(app): State<App>,
    Client(merchant): Client,
    sent: Sent,
) -> Result<Response, Problem> {
    let (engine, place) = (app.engine(), merchant.place());
    let before = engine.paid_before(merchant.caller, place, sent.key.as_ref()).await?;
    if let Some(payment) = before {
        return Ok(answer(StatusCode::OK, &shown(&app, &payment)));
    }
    let draft = draft(engine, place, sent.decode()?).await?;
    let opened = engine.create_payment(merchant.caller, place, draft, sent.key.as_ref()).await?;
    let status = if opened.existed { StatusCode::OK } else { StatusCode::CREATED };
    Ok(answer(status, &shown(&app, &opened.payment)))
}

/// Payments, newest first, a page at a time.
async fn list(
    State(app): State<App>,
    Client(merchant): Client,
    params: Params,
) -> Result<Response, Problem> {
    let params = params.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("techcorp payments {id} {}", mode.name()))?;
    let page = asked.page(PaymentId::from_i64);
    let rows = app.engine().payments(merchant.place(), None, page).await?;
    let page = asked.answer(&app, rows, |row| row.id.as_i64(), |row| shown(&app, &row));
    let next = page.next_cursor.as_deref().map_or(Json::Null, Json::from);
    let page = Json::object([("data", Json::Array(page.data)), ("next_cursor", next)]);
    Ok(answer(StatusCode::OK, &page))
}

async fn read(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
) -> Result<Response, Problem> {
    let id = app.engine().payment_id(merchant.id, &id)?;
    let payment = app.engine().payment(merchant.place(), id).await?;
    Ok(answer(StatusCode::OK, &shown(&app, &payment)))
}

async fn refund(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let RefundIn { amount, reason, description } = sent.decode()?;
    let engine = app.engine();
    let about = (merchant.place(), engine.payment_id(merchant.id, &id)?);
    let minor = match amount {
        None => None,
        Some(amount) => {
            let asset = engine.payment(about.0, about.1).await?.money.asset;
            Some(cents(amount, asset)?.minor)
        }
    };
    if minor.is_some_and(|minor| minor < 1) {
        return Err(unfit("amount", "must be at least 1; leave it out for all that is left"));
    }
    let said: Vec<String> = [reason, description].into_iter().flatten().collect();
    let wished = (minor, (!said.is_empty()).then(|| said.join(": ")));
    let payment = engine.refund_payment(merchant.caller, about, wished, sent.key.as_ref()).await?;
    Ok(answer(StatusCode::CREATED, &shown(&app, &payment)))
}

/// Calls off what was not paid yet: a payer who was shown a code may pay otherwise then.
async fn cancel(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let CancelIn {} = sent.decode()?;
    let id = app.engine().payment_id(merchant.id, &id)?;
    let payment = app.engine().cancel_payment(merchant.place(), id).await?;
    Ok(answer(StatusCode::OK, &shown(&app, &payment)))
}

/// A payment as its events show it.
fn shown(app: &App, payment: &Payment) -> Json {
    let bytes = app.engine().payment_on_the_wire(payment).unwrap_or_default();
    json::parse(&bytes).unwrap_or_default()
}

fn answer(status: StatusCode, body: &Json) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_vec(Style::Js)).into_response()
}
