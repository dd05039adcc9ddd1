//! A payment as a merchant asks for it on the native API.

use jiff::SignedDuration;
use posthorn_core::contract::Kind;
use posthorn_core::duration;
use posthorn_core::id::{CheckoutId, CustomerId, OfferId};
use posthorn_core::json::{self, Style};
use posthorn_core::money::{Asset, Money, Units};
use posthorn_core::payment::{Method, NewLeg, Share, Wish};
use posthorn_engine::{Buying, CardGiven, EngineError, PayerCard, PaymentDraft, Terms};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use zeroize::Zeroize;

use super::payer_in::PayerIn;
use crate::decode::malformed;
use crate::problem::{Code, Problem};

/// The most bytes of a payment's metadata.
const METADATA_BYTES_MAX: usize = 16 * 1024;
/// The most bytes of a text that people read.
const TEXT_BYTES_MAX: usize = 1024;

/// How a payer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MethodName {
    /// A card.
    Card,
    /// PIX.
    Pix,
    /// A boleto.
    Boleto,
    /// Mobile money: a prompt on the payer's telephone.
    MobileMoney,
    /// A transfer from the payer's bank.
    BankTransfer,
    /// XRP.
    Xrp,
}

/// Parts that a payment may be paid in.
const INSTALLMENTS_MAX: u8 = 24;

/// A payment to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PaymentIn<'a> {
    /// How much, in minor units (cents, drops): a whole number. The checkout's or the offer's when left out.
    #[serde(borrow)]
    #[schema(value_type = Option<i64>, example = 10000, minimum = 1)]
    amount: Option<&'a RawValue>,
    /// The currency.
    #[schema(example = "BRL")]
    currency: Option<String>,
    /// The checkout that it pays, which is paid once: its amount, what is sold, and who pays are the payment's.
    #[schema(example = "co_3ab3f5n40000")]
    checkout: Option<String>,
    /// The offer that it pays for, without a checkout.
    #[schema(example = "off_3ab3f5n40000")]
    offer: Option<String>,
    /// How it is paid.
    method: MethodName,
    /// Through whom, in the contract's own word; its usual provider for this method when left out.
    provider: Option<String>,
    /// Only reserve it; take it later by `POST /v1/payments/{id}/capture`.
    #[serde(default)]
    hold: bool,
    /// The platform's part, in minor units.
    #[serde(default)]
    #[schema(minimum = 0)]
    fee: i64,
    /// What you call it. While a payment with the same reference may be paid, or was, there is no second one.
    reference: Option<String>,
    /// What the payer reads.
    description: Option<String>,
    /// Who pays: one of your customers, by its id, or an object.
    #[schema(value_type = Option<Object>)]
    customer: Option<PayerIn>,
    /// Your own notes: a JSON object.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
    /// Where its events go besides your endpoints.
    callback_url: Option<String>,
    /// For how long it may be paid, a second at least: `15m`, `24h`; the contract's own when left out.
    #[schema(example = "15m")]
    expires_in: Option<String>,
    /// In how many parts a card pays it.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 24)]
    installments: u8,
    /// The card, for `card`. Its number and code are never stored.
    card: Option<CardIn>,
    /// The payer's telephone, for `mobile_money`: `254712345678`.
    phone: Option<String>,
    /// The payer's account, for `bank_transfer`.
    bank: Option<BankIn>,
    /// With whom it is shared.
    #[serde(default)]
    split: Vec<LegIn>,
}

fn one() -> u8 {
    1
}

/// A card, as it is typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardIn {
    /// The number; spaces and dashes are ignored.
    #[schema(example = "4242424242424242")]
    number: String,
    /// The month it is good until, 1 to 12.
    exp_month: u8,
    /// And the year, four digits.
    exp_year: u16,
    /// The code on it; `cvc` is the same. It is looked at and never kept.
    #[serde(alias = "cvc")]
    cvv: Option<String>,
}

/// Nothing of a card stays in memory that need not.
impl Drop for CardIn {
    fn drop(&mut self) {
        self.number.zeroize();
        self.cvv.zeroize();
    }
}

/// A bank account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BankIn {
    /// Its number.
    account: Option<String>,
    /// The bank's code.
    bank: Option<String>,
}

/// What one recipient gets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LegIn {
    /// Its name.
    name: String,
    /// Where its part goes: a PIX key, an account.
    to: String,
    /// So many minor units …
    amount: Option<i64>,
    /// … or so many hundredths of a percent …
    parts: Option<i64>,
    /// … or whatever the others leave.
    #[serde(default)]
    remainder: bool,
}

pub(crate) fn unfit(field: &'static str, what: impl std::fmt::Display) -> Problem {
    Problem::new(Code::InvalidField, format!("`{field}`: {what}")).at(field)
}

/// Refuses a text that is empty or too long.
pub(super) fn readable(field: &'static str, text: Option<&str>) -> Result<(), Problem> {
    match text.map(str::len) {
        None | Some(1..=TEXT_BYTES_MAX) => Ok(()),
        Some(_) => Err(unfit(field, format!("must have 1 to {TEXT_BYTES_MAX} bytes"))),
    }
}

impl PaymentIn<'_> {
    /// What it is to be made for; `id` reads the contract's ids.
    pub(super) fn buying(
        &self,
        id: impl Fn(Kind, &str) -> Result<i64, EngineError>,
    ) -> Result<Buying, Problem> {
        let read = |kind, text: Option<&str>| text.map(|text| id(kind, text)).transpose();
        let customer = self.customer.as_ref().and_then(PayerIn::id);
        Ok(Buying {
            checkout: read(Kind::Checkout, self.checkout.as_deref())?.map(CheckoutId::from_i64),
            offer: read(Kind::Offer, self.offer.as_deref())?.map(OfferId::from_i64),
            customer: read(Kind::Customer, customer)?.map(CustomerId::from_i64),
        })
    }

    /// What the engine is asked for, by the terms of what it is made for.
    pub(super) fn draft(
        self,
        terms: Terms,
        provider: impl FnOnce(&str, Asset) -> Option<String>,
        expires: impl FnOnce(&str, Option<SignedDuration>) -> Option<jiff::Timestamp>,
    ) -> Result<PaymentDraft, Problem> {
        let money = match (agreed(self.amount, self.currency.as_deref())?, terms.money) {
            (Some(asked), Some(agreed)) if asked != agreed => {
                let what = format!("{agreed} are to be paid; leave `amount` and `currency` out");
                return Err(unfit("amount", what));
            }
            (Some(money), _) | (None, Some(money)) => money,
            (None, None) => {
                return Err(Problem::new(Code::MissingField, "`amount` is missing").at("amount"));
            }
        };
        let asset = money.asset;
        if !(0..money.minor).contains(&self.fee) {
            return Err(unfit("fee", "must be at least 0 and less than the amount"));
        }
        readable("reference", self.reference.as_deref())?;
        readable("description", self.description.as_deref())?;
        let metadata = match (self.metadata, terms.metadata) {
            (None, Some(agreed)) => agreed,
            (given, _) => metadata(given)?,
        };
        let expires_in = self.expires_in.as_deref().map(time_to_pay).transpose()?;
        let (method, card) = method(self.method, self.card, self.phone, self.bank)?;
        let named = self.provider.or_else(|| provider(method.name(), asset));
        let provider = named.ok_or_else(|| {
            let what = format!("no provider of this contract takes {} in {asset}", method.name());
            unfit("method", what)
        })?;
        let legs = self.split.into_iter().map(leg).collect::<Result<Vec<_>, _>>()?;
        let wish = Wish {
            expires: expires(method.name(), expires_in),
            method,
            provider,
            hold: self.hold,
            fee: self.fee,
            reference: self.reference,
            description: self.description.or(terms.description),
            customer: self.customer.and_then(PayerIn::told).or(terms.customer),
            metadata,
            callback: self.callback_url,
            installments: installments(self.installments)?,
            checkout: terms.checkout,
            sale: terms.sale,
        };
        let card = card.map(CardGiven::Typed);
        Ok(PaymentDraft { money, wish, legs, card })
    }
}

/// An amount in minor units of a currency; `field` is what it is called.
pub(super) fn amount(
    (field, given): (&'static str, &RawValue),
    currency: &str,
) -> Result<Money, Problem> {
    let asset: Asset = currency.parse().map_err(|unknown| unfit("currency", unknown))?;
    Money::parse(given.get(), asset, Units::Minor).map_err(|bad| unfit(field, bad))
}

/// An amount and its currency, which stand together or not at all.
pub(super) fn agreed(
    given: Option<&RawValue>,
    currency: Option<&str>,
) -> Result<Option<Money>, Problem> {
    let missing = |field: &'static str| {
        Problem::new(Code::MissingField, format!("`{field}` is missing")).at(field)
    };
    match (given, currency) {
        (Some(given), Some(currency)) => amount(("amount", given), currency).map(Some),
        (Some(_), None) => Err(missing("currency")),
        (None, Some(_)) => Err(missing("amount")),
        (None, None) => Ok(None),
    }
}

/// A JSON object in canonical bytes.
pub(crate) fn metadata(given: Option<&RawValue>) -> Result<String, Problem> {
    let Some(given) = given else { return Ok("{}".to_owned()) };
    let text = given.get().as_bytes();
    if text.len() > METADATA_BYTES_MAX {
        return Err(unfit("metadata", format!("must have at most {METADATA_BYTES_MAX} bytes")));
    }
    if let Some(problem) = malformed(text) {
        return Err(problem.at("metadata"));
    }
    let parsed = json::parse(text).unwrap_or_default();
    if parsed.as_object().is_none() {
        return Err(unfit("metadata", "must be a JSON object"));
    }
    Ok(String::from_utf8(parsed.to_vec(Style::Js)).unwrap_or_default())
}

fn method(
    name: MethodName,
    card: Option<CardIn>,
    phone: Option<String>,
    bank: Option<BankIn>,
) -> Result<(Method, Option<PayerCard>), Problem> {
    Ok(match name {
        MethodName::Card => {
            let Some(card) = card else {
                return Err(Problem::new(Code::MissingField, "`card` is missing").at("card"));
            };
            let expiry = (card.exp_month, card.exp_year);
            let read = PayerCard::read(&card.number, expiry, card.cvv.as_deref());
            let read = read.map_err(|bad| unfit("card", bad))?;
            (Method::Card(read.facts()), Some(read))
        }
        MethodName::MobileMoney => {
            let phone = phone.ok_or_else(|| {
                Problem::new(Code::MissingField, "`phone` is missing").at("phone")
            })?;
            posthorn_engine::check_phone(&phone).map_err(|bad| unfit("phone", bad))?;
            (Method::MobileMoney { phone }, None)
        }
        MethodName::BankTransfer => {
            let (account, bank) = bank.map_or((None, None), |bank| (bank.account, bank.bank));
            (Method::BankTransfer { account, bank }, None)
        }
        MethodName::Pix => (Method::Pix, None),
        MethodName::Boleto => (Method::Boleto, None),
        MethodName::Xrp => (Method::Xrp, None),
    })
}

fn leg(wire: LegIn) -> Result<NewLeg, Problem> {
    let share = match (wire.amount, wire.parts, wire.remainder) {
        (Some(minor), None, false) => Share::Fixed(minor),
        (None, Some(parts), false) => Share::Parts(parts),
        (None, None, true) => Share::Remainder,
        _ => return Err(unfit("split", "each has one of `amount`, `parts`, `remainder: true`")),
    };
    Ok(NewLeg { name: wire.name, to: wire.to, share })
}

/// How long a payment may be paid: nobody pays in no time.
fn time_to_pay(given: &str) -> Result<SignedDuration, Problem> {
    let lasts = duration::parse(given).map_err(|bad| unfit("expires_in", bad))?;
    if lasts < SignedDuration::from_secs(1) {
        return Err(unfit("expires_in", "must be at least a second"));
    }
    Ok(lasts)
}

/// Parts that a card's payer pays in; one when it is left out.
pub(crate) fn installments(given: u8) -> Result<u8, Problem> {
    match given {
        1..=INSTALLMENTS_MAX => Ok(given),
        _ => Err(unfit("installments", format!("must be 1 to {INSTALLMENTS_MAX}"))),
    }
}
