//! What a program asks for at `POST /v1/payments/process`: the guide's `order_id, amount, card_token`, its table's PIX and boleto, and
//! the shapes of its public payments API (rails.md, section 0).

use jiff::{SignedDuration, Timestamp};
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::money::{Asset, Money, Units};
use posthorn_core::payment::{Customer, Method, Wish};
use posthorn_engine::{CardGiven, Engine, PaymentDraft};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::api::{installments, metadata, unfit};
use crate::problem::{Code, Problem};

/// The longest a PIX charge may be paid, in minutes: 30 days.
const PIX_MINUTES_MAX: u16 = 30 * 24 * 60;
/// The most days until a boleto is due.
const DUE_DAYS_MAX: u8 = 90;

/// How the guide's sample and table, and what a payment is answered with, call what there is to pay with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MethodIn {
    #[serde(alias = "credit_card")]
    Card,
    Pix,
    Boleto,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProcessIn<'a> {
    order_id: String,
    /// In cents: "Payments use cents".
    #[serde(borrow)]
    amount: &'a RawValue,
    /// By card where there is a token of one.
    method: Option<MethodIn>,
    card_token: Option<String>,
    card: Option<CardIn>,
    pix: Option<PixIn>,
    boleto: Option<BoletoIn>,
    installments: Option<u8>,
    save_card: Option<bool>,
    provider: Option<String>,
    currency: Option<String>,
    description: Option<String>,
    customer: Option<CustomerIn>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct CardIn {
    token: Option<String>,
    installments: Option<u8>,
    save_card: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PixIn {
    expiration_minutes: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BoletoIn {
    due_days: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerIn {
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    document: Option<String>,
}

/// What one way of paying says of itself.
#[derive(Default)]
struct Terms {
    pix: Option<SignedDuration>,
    boleto: Option<u8>,
    installments: u8,
}

/// An amount in cents.
pub(super) fn cents(amount: &RawValue, asset: Asset) -> Result<Money, Problem> {
    Money::parse(amount.get(), asset, Units::Minor).map_err(|bad| unfit("amount", bad))
}

/// What the engine is asked for.
pub(super) async fn draft(
    engine: &Engine,
    place: (MerchantId, Mode),
    mut asked: ProcessIn<'_>,
) -> Result<PaymentDraft, Problem> {
    let currency = asked.currency.as_deref().unwrap_or("BRL");
    let asset: Asset = currency.parse().map_err(|unknown| unfit("currency", unknown))?;
    let money = cents(asked.amount, asset)?;
    let own = asked.card.take().unwrap_or_default();
    let token = one("card", asked.card_token.take(), own.token)?;
    let (method, card) = method(engine, place, (asked.method, token)).await?;
    let by_card = (own.installments, own.save_card);
    let terms = asked.terms(&method, by_card)?;
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
        expires: terms.expires(engine, place, &method),
        method,
        provider,
        hold: false,
        fee: 0,
        reference: Some(asked.order_id),
        description: asked.description,
        customer,
        metadata: metadata(asked.metadata)?,
        callback: None,
        installments: terms.installments,
        checkout: None,
        sale: None,
    };
    Ok(PaymentDraft { money, wish, legs: Vec::new(), card })
}

impl ProcessIn<'_> {
    /// What is said of the way that is paid in; what is said of another is a mistake.
    fn terms(
        &self,
        method: &Method,
        (parts, save): (Option<u8>, Option<bool>),
    ) -> Result<Terms, Problem> {
        let parts = one("installments", self.installments, parts)?;
        if one("save_card", self.save_card, save)? == Some(true) {
            let what = "cards are not kept here; leave it out, and make a token for each payment";
            return Err(unfit("save_card", what));
        }
        for (field, given, of) in [
            ("pix", self.pix.is_some(), Method::Pix.name()),
            ("boleto", self.boleto.is_some(), Method::Boleto.name()),
        ] {
            if given && method.name() != of {
                let what = format!("is of another way to pay than `{}`", method.name());
                return Err(unfit(field, what));
            }
        }
        let pix = self.pix.as_ref().and_then(|pix| pix.expiration_minutes).map(pix_lasts);
        let boleto = self.boleto.as_ref().and_then(|boleto| boleto.due_days).map(due_days);
        let parts = installments(parts.unwrap_or(1))?;
        if parts > 1 && matches!(method, Method::Pix | Method::Boleto) {
            return Err(unfit("installments", "only a card is paid in parts"));
        }
        Ok(Terms { pix: pix.transpose()?, boleto: boleto.transpose()?, installments: parts })
    }
}

impl Terms {
    fn expires(
        &self,
        engine: &Engine,
        place: (MerchantId, Mode),
        method: &Method,
    ) -> Option<Timestamp> {
        match self.boleto {
            Some(days) => engine.boleto_expires(place, days),
            None => engine.payment_expires(place, method.name(), self.pix),
        }
    }
}

fn pix_lasts(minutes: u16) -> Result<SignedDuration, Problem> {
    match minutes {
        1..=PIX_MINUTES_MAX => Ok(SignedDuration::from_mins(i64::from(minutes))),
        _ => Err(unfit("pix.expiration_minutes", format!("must be 1 to {PIX_MINUTES_MAX}"))),
    }
}

fn due_days(days: u8) -> Result<u8, Problem> {
    match days {
        0..=DUE_DAYS_MAX => Ok(days),
        _ => Err(unfit("boleto.due_days", format!("must be 0 to {DUE_DAYS_MAX}"))),
    }
}

/// What may stand in two places, and not as two things.
fn one<T: PartialEq>(
    field: &'static str,
    first: Option<T>,
    second: Option<T>,
) -> Result<Option<T>, Problem> {
    match (first, second) {
        (Some(first), Some(second)) if first != second => {
            Err(unfit(field, "is given twice, and not as the same"))
        }
        (first, second) => Ok(first.or(second)),
    }
}

/// How it is paid: a card token says so by itself.
async fn method(
    engine: &Engine,
    place: (MerchantId, Mode),
    asked: (Option<MethodIn>, Option<String>),
) -> Result<(Method, Option<CardGiven>), Problem> {
    let missing = |field: &'static str, what: &str| {
        Err(Problem::new(Code::MissingField, format!("`{field}` is missing; {what}")).at(field))
    };
    match asked {
        (None | Some(MethodIn::Card), Some(name)) => {
            let token = engine.card_token(place, &name).await?;
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
