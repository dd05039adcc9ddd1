//! "Step 1: Create Payment": the request, as the guide's programs send it.

use std::collections::BTreeMap;

use posthorn_core::contract::Provider;
use posthorn_core::json::{self, Json, Style};
use posthorn_core::money::{Asset, Money, Units, UnknownAsset};
use posthorn_core::payment::{Method, Wish};
use posthorn_engine::{BadCard, CardGiven, PayerCard, PaymentDraft};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{Code, Fault};
use crate::decode;

/// The most bytes of `metadata`.
const METADATA_BYTES_MAX: usize = 16 * 1024;
/// The most bytes of a reference.
const REFERENCE_BYTES_MAX: usize = 255;
/// Members of `metadata` that hold a card: they are taken out before anything is kept.
const CARD_MEMBERS: [&str; 6] =
    ["card_number", "expiry_date", "expiry", "cvv", "cvc", "security_code"];

#[derive(Deserialize)]
struct WishIn<'a> {
    #[serde(borrow)]
    amount_cents: Option<&'a RawValue>,
    currency: Option<String>,
    provider: Option<String>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    callback_url: Option<String>,
}

/// What is asked for; `provider` finds one by the contract's word.
pub(super) fn read(
    body: &[u8],
    provider: impl FnOnce(&str) -> Option<Provider>,
) -> Result<PaymentDraft, Fault> {
    let wish: WishIn<'_> = parse(body)?;
    let money = amount(wish.amount_cents, currency(wish.currency.as_deref())?)?;
    let named = wish.provider.as_deref().unwrap_or_default();
    let Some(form) = provider(named) else {
        let what = "provider must be MPESA_SAFARICOM, BUNI or KAREENHUB";
        return Err(Fault::new(Code::InvalidProvider, what).at("provider"));
    };
    let notes = wish.metadata;
    let mut metadata = metadata(notes)?;
    let (method, card) = method(&form, &mut metadata)?;
    let text = |name: &str| metadata.get(name).and_then(Json::as_str).map(str::to_owned);
    let reference = reference((&metadata, notes), "order_reference")?;
    let description = text("description");
    let wish = Wish {
        method,
        provider: form.name,
        hold: false,
        fee: 0,
        reference,
        description,
        customer: None,
        metadata: String::from_utf8(metadata.to_vec(Style::Js)).unwrap_or_default(),
        callback: wish.callback_url,
        expires: None,
        installments: 1,
        checkout: None,
        sale: None,
    };
    let card = card.map(CardGiven::Typed);
    Ok(PaymentDraft { money, wish, legs: Vec::new(), card })
}

/// What the merchant calls it: a text, or a number as its digits. Anything else would be two payments where one is meant, and so
/// would be a number that is not printed as it was written: a double holds others in its place.
pub(super) fn reference(
    (metadata, written): (&Json, Option<&RawValue>),
    name: &str,
) -> Result<Option<String>, Fault> {
    let fault =
        |what: String| Err(Fault::new(Code::InvalidMetadata, what).at(format!("metadata.{name}")));
    let text = match metadata.get(name) {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::String(text)) => text.clone(),
        Some(number @ Json::Number(_)) => {
            let digits = String::from_utf8(number.to_vec(Style::Js)).unwrap_or_default();
            if as_written(written, name) != Some(&digits) {
                return fault(format!(
                    "{name} is a number that would be read as {digits}; send it as a text"
                ));
            }
            digits
        }
        Some(Json::Bool(_) | Json::Array(_) | Json::Object(_)) => {
            return fault(format!("{name} must be a text or a number"));
        }
    };
    if text.len() > REFERENCE_BYTES_MAX {
        return fault(format!("{name} has at most {REFERENCE_BYTES_MAX} bytes"));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A member's value as it stands in the request.
fn as_written<'a>(metadata: Option<&'a RawValue>, name: &str) -> Option<&'a str> {
    let members: BTreeMap<String, &'a RawValue> = serde_json::from_str(metadata?.get()).ok()?;
    members.get(name).map(|value| value.get())
}

/// A body that is an object as we take it: no name stands in it twice.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    Ok(decode::object(body)?)
}

/// The guide's is KES.
pub(super) fn currency(given: Option<&str>) -> Result<Asset, Fault> {
    given.unwrap_or("KES").parse().map_err(|unknown: UnknownAsset| {
        Fault::new(Code::InvalidCurrency, unknown.to_string()).at("currency")
    })
}

/// "Phone number must be in format 254XXXXXXXXX".
pub(super) fn phone(text: &str, field: &str) -> Result<(), Fault> {
    posthorn_engine::check_phone(text).map_err(|_| {
        let what = "Phone number must be in format 254XXXXXXXXX";
        Fault::new(Code::InvalidPhone, what).at(field)
    })
}

/// "Integer in cents (10000 = 100.00 KES)".
pub(super) fn amount(given: Option<&RawValue>, asset: Asset) -> Result<Money, Fault> {
    let fault = |what: String| Fault::new(Code::InvalidAmount, what).at("amount_cents");
    let given = given.ok_or_else(|| fault("amount_cents is required".to_owned()))?;
    Money::parse(given.get(), asset, Units::Minor)
        .map_err(|bad| fault(format!("amount_cents: {bad}")))
}

pub(super) fn metadata(given: Option<&RawValue>) -> Result<Json, Fault> {
    let text = given.map_or("{}", RawValue::get);
    let fault = |what: &str| Fault::new(Code::InvalidMetadata, what).at("metadata");
    if text.len() > METADATA_BYTES_MAX {
        return Err(fault("metadata has at most 16 KiB"));
    }
    let parsed = json::parse(text.as_bytes()).map_err(|_| fault("metadata is not valid JSON"))?;
    match parsed {
        Json::Null => Ok(Json::object(Vec::<(&str, Json)>::new())),
        object @ Json::Object(_) => Ok(object),
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            Err(fault("metadata must be an object"))
        }
    }
}

/// How it is paid: by what its provider takes, and what `metadata` holds.
fn method(form: &Provider, metadata: &mut Json) -> Result<(Method, Option<PayerCard>), Fault> {
    let text =
        |metadata: &Json, name: &str| metadata.get(name).and_then(Json::as_str).map(str::to_owned);
    let takes = |name: &str| form.methods.contains(&name);
    if takes("card")
        && let Some(card) = card(metadata)?
    {
        let facts = card.facts();
        forget_card(metadata, &facts.last4);
        return Ok((Method::Card(facts), Some(card)));
    }
    forget_card(metadata, "");
    if takes("mobile_money") {
        let phone = text(metadata, "phone_number").unwrap_or_default();
        self::phone(&phone, "metadata.phone_number")?;
        return Ok((Method::MobileMoney { phone }, None));
    }
    let (account, bank) = (text(metadata, "account_number"), text(metadata, "bank_code"));
    Ok((Method::BankTransfer { account, bank }, None))
}

/// The card that pays, if there is one.
fn card(metadata: &Json) -> Result<Option<PayerCard>, Fault> {
    let Some((_, number)) = of_card(metadata, &["card_number"])? else { return Ok(None) };
    let expiry = of_card(metadata, &["expiry_date", "expiry"])?;
    let code = of_card(metadata, &["cvv", "cvc"])?;
    let card =
        PayerCard::read_text(number, expiry.map(|(_, text)| text), code.map(|(_, text)| text));
    card.map(Some).map_err(|bad| {
        let member = match bad {
            BadCard::Number => "card_number",
            BadCard::Expiry => expiry.map_or("expiry_date", |(name, _)| name),
            BadCard::Code => code.map_or("cvv", |(name, _)| name),
        };
        unfit_card(member, bad.to_string())
    })
}

fn unfit_card(member: &str, what: String) -> Fault {
    Fault::new(Code::InvalidCard, what).at(format!("metadata.{member}"))
}

/// The first of some members of a card that is there: its name, and its text.
fn of_card<'a>(
    metadata: &'a Json,
    names: &[&'static str],
) -> Result<Option<(&'static str, &'a str)>, Fault> {
    for name in names {
        match metadata.get(name) {
            None | Some(Json::Null) => {}
            Some(Json::String(text)) => return Ok(Some((name, text))),
            Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
                return Err(unfit_card(name, format!("{name} must be a text")));
            }
        }
    }
    Ok(None)
}

/// Takes a card out of the notes; its last digits stay.
fn forget_card(metadata: &mut Json, last4: &str) {
    let Some(members) = metadata.as_object_mut() else { return };
    for name in CARD_MEMBERS {
        members.remove(name);
    }
    if !last4.is_empty() {
        members.insert("card_last4", Json::from(last4));
    }
}
