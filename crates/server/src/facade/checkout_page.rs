//! `/checkout/{link}`: what a payer sees who follows a checkout's link, and a form that pays it by PIX. No key: whoever has the
//! link may pay.
//!
//! It shows what is sold, how much it is and where it stands; nothing of what the merchant knows of its customer, so the form
//! is empty, and what stays empty changes nothing. Sending it makes the payment and leads to that one's page.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};
use posthorn_core::checkout::{Checkout, Payer, Refused, State as Standing};
use posthorn_engine::EngineError;

use super::pay_page::words::Words;
use super::pay_page::{Kind, document, push, segment, told};
use crate::app::App;
use crate::body::Strange;
use crate::html::escaped;
use crate::params::Id;
use crate::problem::Problem;

/// The most bytes that the form may have.
const FORM_BYTES_MAX: usize = 16 * 1024;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/checkout/{link}", get(checkout_page).post(pay))
}

async fn checkout_page(
    State(app): State<App>,
    headers: HeaderMap,
    id: Result<Id<String>, Problem>,
) -> Response {
    let id = segment(id);
    match app.engine().checkout_of_link(&id).await {
        Ok(checkout) => page(&app, &headers, &checkout),
        Err(error) => failed(&headers, error),
    }
}

async fn pay(
    State(app): State<App>,
    headers: HeaderMap,
    id: Result<Id<String>, Problem>,
    sent: Result<Strange<FORM_BYTES_MAX>, Problem>,
) -> Response {
    let id = segment(id);
    let sent = match sent {
        Ok(sent) => sent,
        Err(problem) => return failed(&headers, problem),
    };
    let engine = app.engine();
    let checkout = match engine.checkout_of_link(&id).await {
        Ok(checkout) => checkout,
        Err(error) => return failed(&headers, error),
    };
    let filled = filled(&sent.body);
    let payment = match engine.pay_checkout_by_pix(&checkout, filled).await {
        Ok(payment) => payment.id,
        Err(EngineError::Checkout(Refused::Paying { payment })) => payment,
        Err(EngineError::Checkout(Refused::Paid | Refused::Over { .. })) => {
            return match engine.checkout_of_link(&id).await {
                Ok(checkout) => page(&app, &headers, &checkout),
                Err(error) => failed(&headers, error),
            };
        }
        Err(error) => return failed(&headers, error),
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, engine.payment_path(payment))]).into_response()
}

fn asked(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok())
}

fn failed(headers: &HeaderMap, problem: impl Into<Problem>) -> Response {
    let words = Words::choose(asked(headers), "pt-BR");
    told(words, problem.into(), words.checkout.missing)
}

/// What the form says; an empty field says nothing.
fn filled(body: &[u8]) -> Payer {
    let mut payer = Payer::default();
    for (name, value) in url::form_urlencoded::parse(body) {
        let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        match &*name {
            "name" => payer.name = value,
            "email" => payer.email = value,
            "phone" => payer.phone = value,
            _ => {}
        }
    }
    payer
}

fn page(app: &App, headers: &HeaderMap, checkout: &Checkout) -> Response {
    let contract = app.engine().contract_of(checkout.merchant);
    let usual = contract.map(|contract| contract.language.clone()).unwrap_or_default();
    let words = Words::choose(asked(headers), &usual);
    let mut said = format!("<h1>{}</h1>", escaped(&words.amount(checkout.money)));
    let wish = &checkout.wish;
    let product = wish.product.as_ref().map(|product| &product.name);
    let offer = wish.offer.as_ref().map(|offer| &offer.name);
    for text in [product, offer, wish.description.as_ref()].into_iter().flatten() {
        push(&mut said, "p", text);
    }
    let of = &words.checkout;
    let paying = checkout.payment.filter(|_| checkout.paying);
    let asset = checkout.money.asset;
    let payable = app.engine().usual_provider(checkout.merchant, "pix", asset).is_some();
    let mut kind = Kind::Stands;
    match checkout.state {
        Standing::Completed => push(&mut said, "p", of.paid),
        Standing::Expired | Standing::Canceled => push(&mut said, "p", of.over),
        Standing::Open | Standing::Abandoned => match paying {
            Some(payment) => {
                let path = app.engine().payment_path(payment);
                let _infallible = write!(said, "<a href=\"{path}\">{}</a>", of.go_on);
            }
            None if payable => {
                kind = Kind::HasForm;
                form(&mut said, words);
            }
            None => push(&mut said, "p", of.elsewhere),
        },
    }
    document(StatusCode::OK, words, &said, kind)
}

fn form(said: &mut String, words: &Words) {
    let of = &words.checkout;
    said.push_str("<form method=\"post\">");
    for (label, name, kind, fills) in [
        (of.name, "name", "text", "name"),
        (of.email, "email", "email", "email"),
        (of.phone, "phone", "tel", "tel"),
    ] {
        let _infallible = write!(
            said,
            "<label>{label}<input name=\"{name}\" type=\"{kind}\" autocomplete=\"{fills}\" maxlength=\"255\"></label>"
        );
    }
    let _infallible = write!(said, "<button>{}</button></form>", of.pay);
}
