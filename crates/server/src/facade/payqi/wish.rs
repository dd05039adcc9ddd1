//! `POST /api/payments`: the request, and what makes it the same as one before.

use jiff::SignedDuration;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::json::{self, Style};
use posthorn_core::money::{Asset, Money, Units};
use posthorn_core::payment::{Method, Wish};
use posthorn_engine::{Engine, PaymentDraft, RequestKey};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{Fault, KEY};
use crate::body::{IDEMPOTENCY_KEY_CHARS_MAX, Sent};
use crate::decode::malformed;

/// The most bytes of `metadata`.
const METADATA_BYTES_MAX: usize = 16 * 1024;
/// The most bytes of `description`.
const DESCRIPTION_BYTES_MAX: usize = 1024;
/// The shortest time to pay, in seconds: a ledger takes some of them to validate.
const EXPIRES_IN_S_MIN: i64 = 30;
/// The longest time to pay, in seconds: thirty days.
const EXPIRES_IN_S_MAX: i64 = 30 * 24 * 60 * 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WishIn<'a> {
    #[serde(borrow)]
    amount: &'a RawValue,
    currency: String,
    description: Option<String>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    idempotency_key: Option<String>,
    expires_in: Option<i64>,
}

/// What is asked for, and under which key.
pub(super) struct Asked {
    pub(super) draft: PaymentDraft,
    pub(super) key: Option<RequestKey>,
}

/// Reads a request. Two are the same if they mean the same, however their JSON is written.
pub(super) fn read(
    sent: &Sent,
    engine: &Engine,
    place: (MerchantId, Mode),
) -> Result<Asked, Fault> {
    let wish: WishIn<'_> = sent.decode()?;
    let (provider, asset) = provider(engine, place.0, &wish.currency)?;
    let money = amount(wish.amount, asset)?;
    let metadata = metadata(wish.metadata)?;
    let description = wish.description.filter(|description| !description.is_empty());
    if description.as_ref().is_some_and(|text| text.len() > DESCRIPTION_BYTES_MAX) {
        let what = format!("must have at most {DESCRIPTION_BYTES_MAX} bytes");
        return Err(Fault::invalid("description", what));
    }
    let lasts = wish.expires_in.map(expires_in).transpose()?;
    let key = key(wish.idempotency_key, sent.key.as_ref())?.map(|key| {
        let meant = (money, &description, &metadata, wish.expires_in);
        let meant = serde_json::to_vec(&meant).expect("plain values can be written");
        RequestKey::new(key, "POST", "payqi payment", &meant)
    });
    let wish = Wish {
        method: Method::Xrp,
        provider,
        hold: false,
        fee: 0,
        reference: key.as_ref().map(|key| key.key.clone()),
        description,
        customer: None,
        metadata,
        callback: None,
        expires: engine.payment_expires(place, Method::Xrp.name(), lasts),
        installments: 1,
        checkout: None,
        sale: None,
    };
    let draft = PaymentDraft { money, wish, legs: Vec::new(), card: None };
    Ok(Asked { draft, key })
}

/// Who takes this currency by the contract: PayQI's is XRP.
fn provider(
    engine: &Engine,
    merchant: MerchantId,
    currency: &str,
) -> Result<(String, Asset), Fault> {
    let asset = currency.parse().ok().filter(|asset: &Asset| asset.code() == currency);
    let provider = asset.and_then(|asset| {
        let provider = engine.usual_provider(merchant, Method::Xrp.name(), asset)?;
        Some((provider, asset))
    });
    provider.ok_or_else(|| Fault::invalid("currency", "must be `XRP`"))
}

/// XRP with at most six decimals: a number, or the same in a string.
fn amount(given: &RawValue, asset: Asset) -> Result<Money, Fault> {
    let quoted: Option<String> = serde_json::from_str(given.get()).ok();
    let text = quoted.as_deref().unwrap_or(given.get());
    Money::parse(text, asset, Units::Major).map_err(|bad| Fault::invalid("amount", bad))
}

/// A JSON object in canonical bytes.
fn metadata(given: Option<&RawValue>) -> Result<String, Fault> {
    let text = given.map_or("{}", RawValue::get);
    if text.len() > METADATA_BYTES_MAX {
        let what = format!("must have at most {METADATA_BYTES_MAX} bytes");
        return Err(Fault::invalid("metadata", what));
    }
    if let Some(problem) = malformed(text.as_bytes()) {
        return Err(problem.at("metadata").into());
    }
    let parsed = json::parse(text.as_bytes()).unwrap_or_default();
    if parsed.as_object().is_none() {
        return Err(Fault::invalid("metadata", "must be a JSON object"));
    }
    Ok(String::from_utf8(parsed.to_vec(Style::Js)).unwrap_or_default())
}

fn expires_in(seconds: i64) -> Result<SignedDuration, Fault> {
    if (EXPIRES_IN_S_MIN..=EXPIRES_IN_S_MAX).contains(&seconds) {
        return Ok(SignedDuration::from_secs(seconds));
    }
    let what = format!("must be {EXPIRES_IN_S_MIN} to {EXPIRES_IN_S_MAX} seconds");
    Err(Fault::invalid("expires_in", what))
}

/// The key in the body, else the one in the header; both must agree.
fn key(body: Option<String>, header: Option<&RequestKey>) -> Result<Option<String>, Fault> {
    let Some(key) = body else { return Ok(header.map(|header| header.key.clone())) };
    let chars = key.chars().count();
    if !(1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&chars) || key.chars().any(char::is_control) {
        let what = format!("must have 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible characters");
        return Err(Fault::invalid(KEY, what));
    }
    if header.is_some_and(|header| header.key != key) {
        return Err(Fault::invalid(KEY, "the header `Idempotency-Key` says another; send one"));
    }
    Ok(Some(key))
}
