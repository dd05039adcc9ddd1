//! "Tokenize the card in frontend": `POST /v1/cards/tokens`, by a merchant's publishable key, from a page of any origin.
//!
//! A request is read member by member and what is wrong with it is told in words of our own: no text of it is ever repeated, for
//! it may be the number of a card. It takes no idempotency key either: nothing need be kept of such a request, since a second token of
//! a card does no harm.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use posthorn_core::card_token::{CardToken, State as Standing};
use posthorn_core::contract::Kind;
use posthorn_core::json::{self, Json, Style};
use posthorn_core::shop::TEXT_BYTES_MAX;
use posthorn_engine::{BadCard, PayerCard};
use zeroize::Zeroize as _;

use super::browser;
use super::client::{Client, Page};
use crate::api::unfit;
use crate::app::App;
use crate::body::Sent;
use crate::params::Id;
use crate::problem::{Code, Place, Problem};

/// The most bytes of a card.
const CARD_BYTES_MAX: usize = 4 * 1024;
/// What a card has.
const MEMBERS: [&str; 5] = ["number", "exp_month", "exp_year", "cvv", "name"];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/cards/tokens", browser::open(post(create)))
        .route("/api/cards/tokens", browser::open(post(create)))
        .route("/v1/cards/tokens/{id}", get(read))
        .route("/api/cards/tokens/{id}", get(read))
}

async fn create(
    State(app): State<App>,
    Page(place): Page,
    sent: Sent<CARD_BYTES_MAX>,
) -> Result<Response, Problem> {
    let card = card(&sent.body)?;
    let token = app.engine().make_card_token(place, card).await?;
    Ok(answer(StatusCode::CREATED, &app, &token))
}

async fn read(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
) -> Result<Response, Problem> {
    let token = app.engine().card_token(merchant.place(), &id).await?;
    Ok(answer(StatusCode::OK, &app, &token))
}

/// A card as it was typed; what was read of it on the way is wiped.
fn card(body: &[u8]) -> Result<PayerCard, Problem> {
    let mut card = json::parse(body).map_err(|malformed| {
        let place = Place { line: malformed.line, column: malformed.column };
        Problem::new(Code::MalformedJson, "the body is not JSON as it is taken here").placed(place)
    })?;
    let read = of_members(&card);
    for name in ["number", "cvv"] {
        if let Some(Json::String(text)) = card.as_object_mut().and_then(|all| all.get_mut(name)) {
            text.zeroize();
        }
    }
    read
}

fn of_members(card: &Json) -> Result<PayerCard, Problem> {
    let Some(members) = card.as_object() else {
        return Err(Problem::new(Code::InvalidField, "the body must be a JSON object"));
    };
    if members.names().any(|name| !MEMBERS.contains(&name)) {
        let what = format!("a card has {}, and nothing else", crate::decode::listed(&MEMBERS));
        return Err(Problem::new(Code::UnknownField, what));
    }
    let number = text(card, "number")?;
    let month = numeral(card, "exp_month")?;
    let year = numeral(card, "exp_year")?;
    let code = text(card, "cvv")?;
    check_name(card.get("name"))?;
    let month = u8::try_from(month).ok().filter(|month| (1..=12).contains(month));
    let month = month.ok_or_else(|| unfit("exp_month", "must be 1 to 12"))?;
    let year = u16::try_from(year).unwrap_or(u16::MAX);
    PayerCard::read(number, (month, year), Some(code)).map_err(|bad| {
        let field = match bad {
            BadCard::Number => "number",
            BadCard::Expiry => "exp_year",
            BadCard::Code => "cvv",
        };
        unfit(field, bad)
    })
}

/// No rail here takes the name on a card, so it is looked at and not kept.
fn check_name(name: Option<&Json>) -> Result<(), Problem> {
    let fits = |name: &str| (1..=TEXT_BYTES_MAX).contains(&name.len());
    match name {
        None | Some(Json::Null) => Ok(()),
        Some(name) if name.as_str().is_some_and(fits) => Ok(()),
        Some(_) => Err(unfit("name", format!("must be a text of 1 to {TEXT_BYTES_MAX} bytes"))),
    }
}

fn text<'a>(card: &'a Json, name: &'static str) -> Result<&'a str, Problem> {
    member(card, name)?.as_str().ok_or_else(|| unfit(name, "must be a text of digits"))
}

/// A number, also as the text that a form has.
fn numeral(card: &Json, name: &'static str) -> Result<i64, Problem> {
    let given = member(card, name)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let typed = given.as_str().filter(|text| digits(text)).and_then(|text| text.parse().ok());
    typed.or_else(|| given.as_i64()).ok_or_else(|| unfit(name, "must be a whole number"))
}

fn member<'a>(card: &'a Json, name: &'static str) -> Result<&'a Json, Problem> {
    let missing = || Problem::new(Code::MissingField, format!("`{name}` is missing")).at(name);
    card.get(name).filter(|value| !value.is_null()).ok_or_else(missing)
}

/// A token as it may be shown.
fn answer(status: StatusCode, app: &App, token: &CardToken) -> Response {
    let engine = app.engine();
    let payment = |id: posthorn_core::id::PaymentId| {
        Json::from(&*engine.id_on_the_wire(token.merchant, Kind::Payment, id.as_i64()))
    };
    let standing = match token.state {
        Standing::Ready { .. } => "ready",
        Standing::Spent { .. } => "used",
        Standing::Expired => "expired",
    };
    let card = Json::object([
        ("brand", Json::from(&*token.card.brand)),
        ("bin", Json::from(&*token.card.bin)),
        ("last4", Json::from(&*token.card.last4)),
        ("exp_month", Json::Number(token.card.exp_month.into())),
        ("exp_year", Json::Number(token.card.exp_year.into())),
    ]);
    let body = Json::object([
        ("id", Json::from(&*engine.card_token_name(token.id))),
        ("card", card),
        ("expires_at", Json::from(&*format!("{:.3}", token.expires))),
        ("status", Json::from(standing)),
        ("used", Json::Bool(token.payment().is_some())),
        ("payment_id", token.payment().map_or(Json::Null, payment)),
        ("mode", Json::from(token.mode.name())),
    ]);
    let mut response = (status, body.to_vec(Style::Js)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
