//! SentinelGate's API, as its "Developer Integration Guide" prints it.

mod fault;
mod payouts;
mod wish;

use axum::Router;
use axum::extract::{FromRequestParts, OriginalUri, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::json::{self, Json, Members, Style};
use posthorn_core::payment::Payment;
use posthorn_engine::Caller;

use super::admission::admit;
use crate::app::App;
use crate::body::Sent;
use crate::params::{Id, Params};
use crate::problem::Problem;
use fault::{Code, Fault};

/// The contract whose merchants this API is for.
const CONTRACT: &str = "sentinelgate";
/// Payments on a page when `limit` is left out.
const LIMIT_DEFAULT: u32 = 20;
/// Payments on a page at most.
const LIMIT_MAX: u32 = 100;
/// How far into the list `offset` leads at most.
const OFFSET_MAX: u32 = 10_000;

/// What the guide lists as endpoints.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/payments/create", post(create_payment))
        .route("/api/payments/{id}", get(get_payment))
        .route("/api/payments", get(list_payments))
        .route("/api/payouts/create", post(payouts::create_payout))
        .route("/api/payouts/{id}", get(payouts::get_payout))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
}

async fn no_such_route(OriginalUri(uri): OriginalUri) -> Fault {
    let path: String = uri.path().chars().take(200).collect();
    Fault::new(Code::NotFound, format!("there is no route {path}"))
}

async fn no_such_method(OriginalUri(uri): OriginalUri) -> Fault {
    let path: String = uri.path().chars().take(200).collect();
    let what = format!("{path} has no such method; Allow lists those it has");
    Fault::new(Code::MethodNotAllowed, what)
}

/// A merchant, by both of its keys.
struct Keyed {
    id: MerchantId,
    mode: Mode,
    caller: Caller,
}

impl Keyed {
    fn place(&self) -> (MerchantId, Mode) {
        (self.id, self.mode)
    }
}

impl FromRequestParts<App> for Keyed {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let header = |name: &str| {
            let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
            let missing = || {
                let what = "both X-API-Key and X-API-Secret are required";
                Fault::new(Code::Unauthorized, what)
            };
            value.filter(|value| !value.is_empty()).ok_or_else(missing)
        };
        let (key, secret) = (header("x-api-key")?, header("x-api-secret")?);
        let engine = app.engine();
        let caller = engine.authenticate_pair(key, secret).await?;
        let Caller::Merchant { id, mode, .. } = caller else {
            return Err(Fault::new(Code::Unauthorized, "these are no merchant's credentials"));
        };
        admit(app, parts, caller, CONTRACT).await?;
        Ok(Self { id, mode, caller })
    }
}

/// "Create a payment": the same reference again is the same payment.
async fn create_payment(
    State(app): State<App>,
    merchant: Keyed,
    sent: Result<Sent, Problem>,
) -> Result<Response, Fault> {
    let (sent, engine) = (sent?, app.engine());
    let place = merchant.place();
    let draft = wish::read(&sent.body, |name| engine.provider(place.0, name))?;
    let opened = engine.create_payment(merchant.caller, place, draft, sent.key.as_ref()).await?;
    let payment = opened.payment;
    if payment.refusal.as_ref().is_some_and(|refusal| refusal.unreached) {
        return Err(Fault::unreached());
    }
    let view = view(&app, &payment);
    let member = |name: &'static str| (name, view.get(name).cloned().unwrap_or_default());
    Ok(answer([
        ("success", Json::Bool(true)),
        member("payment_id"),
        member("status"),
        member("provider_reference"),
        ("created_at", whole_seconds(payment.created)),
    ]))
}

/// "Get payment status".
async fn get_payment(
    State(app): State<App>,
    merchant: Keyed,
    id: Result<Id<String>, Problem>,
) -> Result<Response, Fault> {
    let Id(id) = id?;
    let missing = |_| Fault::new(Code::PaymentNotFound, "there is no such payment");
    let id = app.engine().payment_id(merchant.id, &id).map_err(missing)?;
    let payment = app.engine().payment(merchant.place(), id).await?;
    let shown = [("success".to_owned(), Json::Bool(true))];
    Ok(answer(shown.into_iter().chain(whole(&app, &payment))))
}

/// "List payments", newest first.
async fn list_payments(
    State(app): State<App>,
    merchant: Keyed,
    params: Params,
) -> Result<Response, Fault> {
    let number = |name: &'static str, usual: u32, most: u32| match params.text(name) {
        None => Ok(usual),
        Some(text) => text.parse().ok().filter(|number| *number <= most).ok_or_else(|| {
            let what = format!("{name} must be a whole number up to {most}");
            Fault::new(Code::InvalidRequest, what).at(name)
        }),
    };
    let limit = number("limit", LIMIT_DEFAULT, LIMIT_MAX)?;
    let offset = number("offset", 0, OFFSET_MAX)?;
    let found = app.engine().payments_behind(merchant.place(), offset, limit).await?;
    let total = app.engine().count_payments(merchant.place()).await?;
    let rows = found.iter().map(|payment| Json::object(whole(&app, payment)));
    Ok(answer([
        ("success", Json::Bool(true)),
        ("payments", Json::Array(rows.collect())),
        ("total", Json::from(total)),
        ("limit", Json::from(limit)),
        ("offset", Json::from(offset)),
    ]))
}

/// A payment as its webhooks show it.
fn view(app: &App, payment: &Payment) -> Members {
    let bytes = app.engine().payment_on_the_wire(payment).unwrap_or_default();
    match json::parse(&bytes) {
        Ok(Json::Object(members)) => members,
        Ok(_) | Err(_) => Members::new(),
    }
}

/// A payment with what only its own page shows.
fn whole(app: &App, payment: &Payment) -> Vec<(String, Json)> {
    let view = view(app, payment);
    let mut shown: Vec<(String, Json)> =
        view.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    let mut put = |name: &str, value: Json| shown.push((name.to_owned(), value));
    if let Some(callback) = &payment.wish.callback {
        put("callback_url", Json::from(callback.as_str()));
    }
    if let Some(refusal) = &payment.refusal {
        let code = refusal.code.to_ascii_uppercase();
        let error = [("code", code.as_str()), ("message", &refusal.message)];
        put("error", Json::object(error.map(|(name, text)| (name, Json::from(text)))));
    }
    put("created_at", whole_seconds(payment.created));
    put("updated_at", whole_seconds(payment.updated));
    if let Some(paid) = &payment.paid {
        put("completed_at", whole_seconds(paid.at));
    }
    shown
}

/// An answer, its members in this order.
fn answer<N: Into<String>>(members: impl IntoIterator<Item = (N, Json)>) -> Response {
    let body = Json::object(members).to_vec(Style::Js);
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

/// "ISO 8601 (e.g., `2026-02-07T03:15:30Z`)".
fn whole_seconds(at: jiff::Timestamp) -> Json {
    Json::from(format!("{at:.0}").as_str())
}
