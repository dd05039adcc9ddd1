//! "How do I process payments in my integration?": `POST /v1/payments/process`, which the guide's sample calls `/api/payments/process`
//! and sends without a content type. One order is paid once: while a payment of it may be paid, or was, the same request is
//! answered with that one; so is the same request with a card token, whatever came of its payment.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use posthorn_core::event::Mode;
use posthorn_core::id::{MerchantId, PaymentId};
use posthorn_core::json::{self, Json, Style};
use posthorn_core::money::{Asset, Money, Units};
use posthorn_core::payment::{Customer, Method, Payment, Wish};
use posthorn_engine::{CardGiven, PaymentDraft};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::Client;
use crate::api::{metadata, unfit};
use crate::app::App;
use crate::body::Sent;
use crate::list::Asked;
use crate::params::{Id, Params};
use crate::problem::{Code, Problem};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/payments/process", post(process))
        .route("/api/payments/process", post(process))
        .route("/v1/payments", get(list))
        .route("/v1/payments/{id}", get(read))
        .route("/v1/payments/{id}/refund", post(refund))
        .route("/v1/payments/{id}/cancel", post(cancel))
}

/// How the guide's sample and table call what there is to pay with.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MethodIn {
    Card,
    Pix,
    Boleto,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProcessIn<'a> {
    order_id: String,
    /// In cents: "Payments use cents".
    #[serde(borrow)]
    amount: &'a RawValue,
    /// By card where there is a token of one.
    method: Option<MethodIn>,
    card_token: Option<String>,
    provider: Option<String>,
    currency: Option<String>,
    description: Option<String>,
    customer: Option<CustomerIn>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerIn {
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    document: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundIn {
    /// In cents; all that is left when left out.
    amount: Option<i64>,
    reason: Option<String>,
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
    let draft = draft(&app, place, sent.decode()?).await?;
    let opened = engine.create_payment(merchant.caller, place, draft, sent.key.as_ref()).await?;
    let status = if opened.existed { StatusCode::OK } else { StatusCode::CREATED };
    Ok(answer(status, &shown(&app, &opened.payment)))
}

async fn draft(
    app: &App,
    place: (MerchantId, Mode),
    asked: ProcessIn<'_>,
) -> Result<PaymentDraft, Problem> {
    let engine = app.engine();
    let currency = asked.currency.as_deref().unwrap_or("BRL");
    let asset: Asset = currency.parse().map_err(|unknown| unfit("currency", unknown))?;
    let money = Money::parse(asked.amount.get(), asset, Units::Minor);
    let money = money.map_err(|bad| unfit("amount", bad))?;
    let (method, card) = method(app, place, (asked.method, asked.card_token)).await?;
    let usual = || engine.usual_provider(place.0, method.name(), asset);
    let provider = asked.provider.or_else(usual).ok_or_else(|| {
        unfit("method", format!("no provider takes `{}` in {asset}", method.name()))
    })?;
    let customer = asked.customer.map(|customer| Customer {
        id: None,
        name: customer.name,
        email: customer.email,
        phone: customer.phone,
        document: customer.document,
    });
    let wish = Wish {
        method,
        provider,
        hold: false,
        fee: 0,
        reference: Some(asked.order_id),
        description: asked.description,
        customer,
        metadata: metadata(asked.metadata)?,
        callback: None,
        expires: engine.payment_expires(place, None),
        installments: 1,
        checkout: None,
        sale: None,
    };
    Ok(PaymentDraft { money, wish, legs: Vec::new(), card })
}

/// How it is paid: a card token says so by itself.
async fn method(
    app: &App,
    place: (MerchantId, Mode),
    asked: (Option<MethodIn>, Option<String>),
) -> Result<(Method, Option<CardGiven>), Problem> {
    let missing = |field: &'static str, what: &str| {
        Err(Problem::new(Code::MissingField, format!("`{field}` is missing; {what}")).at(field))
    };
    match asked {
        (None | Some(MethodIn::Card), Some(name)) => {
            let token = app.engine().card_token(place, &name).await?;
            Ok((Method::Card(token.card), Some(CardGiven::Token(token.id))))
        }
        (Some(MethodIn::Pix | MethodIn::Boleto), Some(_)) => {
            Err(unfit("method", "a card token pays by card: leave one of both out"))
        }
        (Some(MethodIn::Pix), None) => Ok((Method::Pix, None)),
        (Some(MethodIn::Boleto), None) => Ok((Method::Boleto, None)),
        (Some(MethodIn::Card), None) => {
            missing("card_token", "`POST /v1/cards/tokens` makes one of a card")
        }
        (None, None) => missing("method", "send a `card_token`, or `pix` or `boleto` as `method`"),
    }
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
    let RefundIn { amount, reason } = sent.decode()?;
    if amount.is_some_and(|minor| minor < 1) {
        return Err(unfit("amount", "must be at least 1; leave it out for all that is left"));
    }
    let engine = app.engine();
    let about = (merchant.place(), engine.payment_id(merchant.id, &id)?);
    let wished = (amount, reason);
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
