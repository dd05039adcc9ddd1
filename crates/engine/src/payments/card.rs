//! A payer's card, from the edge to its rail: in memory alone, and gone with the call.

use posthorn_core::payment::{CardFacts, Wish};
use posthorn_rails::cards::{Expiry, Pan, has_card_number};
use posthorn_rails::simulated::Card;

use crate::error::EngineError;
use crate::settings::refuse;

/// A payer's card. It has no `Debug`, and is wiped when it is dropped.
pub struct PayerCard {
    pub(super) card: Card,
    facts: CardFacts,
}

/// Why a text is no card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCard {
    /// The number is none.
    #[error("the number is not a card's")]
    Number,
    /// The expiry cannot be read.
    #[error("the expiry must be a month and a year, as in 12/2030")]
    Expiry,
    /// The code has the wrong length.
    #[error("the security code must have three digits, or four on an American Express card")]
    Code,
}

impl PayerCard {
    /// A card as it is typed: number, month and year, code.
    pub fn read(
        number: &str,
        (month, year): (u8, u16),
        code: Option<&str>,
    ) -> Result<Self, BadCard> {
        let expiry = Expiry::new(month.into(), year.into()).map_err(|_| BadCard::Expiry)?;
        Self::of(number, expiry, code)
    }

    /// The same with the expiry as a text: `12/30`, `12/2030`.
    pub fn read_text(
        number: &str,
        expiry: Option<&str>,
        code: Option<&str>,
    ) -> Result<Self, BadCard> {
        let expiry = expiry.ok_or(BadCard::Expiry)?;
        let expiry = Expiry::parse(expiry).map_err(|_| BadCard::Expiry)?;
        Self::of(number, expiry, code)
    }

    fn of(number: &str, expiry: Expiry, code: Option<&str>) -> Result<Self, BadCard> {
        let pan = Pan::parse(number).map_err(|_| BadCard::Number)?;
        let brand = pan.brand();
        if code.is_some_and(|code| !brand.takes_cvv(code)) {
            return Err(BadCard::Code);
        }
        let facts = CardFacts {
            brand: brand.as_str().to_owned(),
            bin: pan.bin6().to_owned(),
            last4: pan.last4().to_owned(),
            exp_month: u8::try_from(expiry.month()).unwrap_or_default(),
            exp_year: u16::try_from(expiry.year()).unwrap_or_default(),
        };
        Ok(Self { card: Card { pan, expiry }, facts })
    }

    /// What may be kept of it.
    #[must_use]
    pub fn facts(&self) -> CardFacts {
        self.facts.clone()
    }
}

/// Refuses a wish that has a card's number where it would be kept and told of.
pub(super) fn check_no_card(wish: &Wish) -> Result<(), EngineError> {
    let customer = wish.customer.as_ref();
    let of_customer = |read: fn(&posthorn_core::payment::Customer) -> &Option<String>| {
        customer.and_then(|customer| read(customer).as_deref())
    };
    check_texts(&[
        ("description", wish.description.as_deref()),
        ("reference", wish.reference.as_deref()),
        ("metadata", Some(&wish.metadata)),
        ("customer.name", of_customer(|customer| &customer.name)),
        ("customer.email", of_customer(|customer| &customer.email)),
        ("customer.phone", of_customer(|customer| &customer.phone)),
        ("customer.document", of_customer(|customer| &customer.document)),
    ])
}

/// The same of any texts, by the names of their fields.
pub(super) fn check_texts(texts: &[(&'static str, Option<&str>)]) -> Result<(), EngineError> {
    let found = texts.iter().find(|(_, text)| text.is_some_and(has_card_number));
    match found {
        None => Ok(()),
        Some((field, _)) => refuse(
            field,
            "has what looks like a card's number, which is kept and sent to nobody; give a card as the payment's card alone",
        ),
    }
}
