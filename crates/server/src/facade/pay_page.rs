//! `/pay/{link}`: what a payer sees who follows a payment's link. No key: whoever has the link may pay.
//!
//! It shows how much, what for, where it stands, and (while it may be paid) what to copy into the payer's own app: a code, an
//! address with its tag, a transfer's reference, with a QR code where apps read one; nothing about the merchant's customer or notes. One HTML document without scripts, fonts or images from anywhere, in Portuguese or English
//! as the browser asks; while it may be paid it looks again by itself.

pub(super) mod words;

use std::fmt::Write as _;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};
use posthorn_core::payment::{Instrument, Payment};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use crate::app::App;
use crate::html::escaped;
use crate::params::Id;
use crate::problem::{self, Problem};
use words::Words;

/// The only style: its hash stands in the policy.
const STYLE: &str = "body{font-family:system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1b1f24}\
main{max-width:26rem;margin:2rem auto;padding:1.5rem;background:#fff;border-radius:.75rem}\
h1{margin:0 0 .5rem;font-size:2rem}svg{display:block;width:100%;height:auto}\
code{display:block;padding:.75rem;background:#f4f5f7;border-radius:.5rem;overflow-wrap:anywhere;user-select:all}\
label{display:block;margin:.75rem 0}input{display:block;box-sizing:border-box;width:100%;margin-top:.25rem;\
padding:.6rem;font:inherit;border:1px solid #8b949e;border-radius:.5rem}button,a{display:block;box-sizing:border-box;\
width:100%;margin-top:1rem;padding:.75rem;font:inherit;text-align:center;text-decoration:none;color:#fff;\
background:#1a5fb4;border:0;border-radius:.5rem}";
/// Nothing is loaded, run, embedded or sent anywhere.
const POLICY: &str = "default-src 'none'; style-src 'sha256-oRyOE/E8BSUYjyYXVl92Hhwvo+URydU7OrpesoLQRbk='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The same, but that the page's own form is sent to this server.
const POLICY_OF_FORMS: &str = "default-src 'none'; style-src 'sha256-oRyOE/E8BSUYjyYXVl92Hhwvo+URydU7OrpesoLQRbk='; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// After how many seconds an open page looks again.
const LOOKS_AGAIN_S: u32 = 5;
/// The quiet zone around it aside, the least side of a QR code in pixels; the page scales it.
const QR_SIDE_PX: u32 = 240;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/pay/{link}", get(pay_page))
}

async fn pay_page(
    State(app): State<App>,
    headers: HeaderMap,
    id: Result<Id<String>, Problem>,
) -> Response {
    let id = segment(id);
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    match app.engine().payment_of_link(&id).await {
        Ok(payment) => {
            let contract = app.engine().contract_of(payment.merchant);
            let usual = contract.map(|contract| contract.language.clone()).unwrap_or_default();
            let words = Words::choose(asked, &usual);
            let kind = if payment.state.is_open() { Kind::LooksAgain } else { Kind::Stands };
            document(StatusCode::OK, words, &shown(words, &payment), kind)
        }
        Err(error) => {
            let words = Words::choose(asked, "pt-BR");
            told(words, error.into(), words.missing)
        }
    }
}

/// What a payer reads of a problem, with what `missing` says of a link that leads nowhere.
pub(super) fn told(words: &Words, problem: Problem, missing: &str) -> Response {
    let status = problem.code.status();
    let what = if status == StatusCode::NOT_FOUND {
        missing
    } else if status.is_client_error() {
        words.checkout.unfit
    } else {
        words.not_now
    };
    let mut page = document(status, words, &format!("<h1>{what}</h1>"), Kind::Stands);
    problem::left_with(&mut page, Some(Box::new(problem)));
    page
}

/// The last segment of a link; what is no text is none that we gave out.
pub(super) fn segment(id: Result<Id<String>, Problem>) -> String {
    id.map_or_else(|_| String::new(), |Id(id)| id)
}

fn shown(words: &Words, payment: &Payment) -> String {
    let mut said = format!("<h1>{}</h1>", escaped(&words.amount(payment.money)));
    if let Some(description) = &payment.wish.description {
        push(&mut said, "p", description);
    }
    push(&mut said, "p", words.state(payment.state));
    if !payment.state.is_open() {
        return said;
    }
    match &payment.instrument {
        Some(Instrument::Pix { br_code, .. }) => {
            scannable(&mut said, br_code, words.scan);
            labelled(&mut said, words.copy, br_code);
        }
        Some(Instrument::Boleto { line, .. }) => labelled(&mut said, words.copy, line),
        Some(Instrument::Xrp { address, tag }) => {
            // As wallets read it: a code of the address alone would be paid without the tag.
            scannable(&mut said, &format!("{address}?dt={tag}"), words.scan_wallet);
            labelled(&mut said, words.address, address);
            labelled(&mut said, words.tag, &tag.to_string());
            push(&mut said, "p", words.tag_needed);
        }
        Some(Instrument::Bank { reference }) => labelled(&mut said, words.reference, reference),
        Some(Instrument::Push { .. } | Instrument::Card { .. }) | None => {}
    }
    said
}

/// A QR code and what to do with it, where the text is short enough for one.
fn scannable(said: &mut String, text: &str, what: &str) {
    if let Some(svg) = qr_svg(text) {
        let _infallible = write!(said, "<figure role=\"img\" aria-label=\"{what}\">{svg}</figure>");
        push(said, "p", what);
    }
}

/// What is to be copied, and what it is.
fn labelled(said: &mut String, what: &str, text: &str) {
    push(said, "p", what);
    push(said, "code", text);
}

pub(super) fn push(said: &mut String, tag: &str, text: &str) {
    let _infallible = write!(said, "<{tag}>{}</{tag}>", escaped(text));
}

/// A QR code as an SVG element; `None` for a text that is too long for one.
fn qr_svg(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(QR_SIDE_PX, QR_SIDE_PX).build();
    // What stands before it is for a file of its own.
    drawn.find("<svg").and_then(|at| drawn.get(at..)).map(str::to_owned)
}

/// What a page does by itself, and what may be done on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Stands,
    /// It looks again after a while.
    LooksAgain,
    /// Its form may be sent.
    HasForm,
}

pub(super) fn document(status: StatusCode, words: &Words, said: &str, kind: Kind) -> Response {
    let again = match kind {
        Kind::LooksAgain => {
            format!("<meta http-equiv=\"refresh\" content=\"{LOOKS_AGAIN_S}\">")
        }
        Kind::Stands | Kind::HasForm => String::new(),
    };
    let policy = if kind == Kind::HasForm { POLICY_OF_FORMS } else { POLICY };
    let (language, title) = (words.language, words.title);
    let page = format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\">\
         {again}<title>{title}</title><style>{STYLE}</style></head><body><main>{said}</main></body></html>"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_LANGUAGE, language),
        (header::VARY, "accept-language"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, page).into_response()
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_policy_lets_the_one_style_in_and_nothing_else() {
        let hash = BASE64.encode(&Sha256::digest(STYLE));
        for policy in [POLICY, POLICY_OF_FORMS] {
            assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{hash}");
            assert!(!policy.contains("unsafe"));
        }
    }
}
