//! Card tokens: a card that was given in a browser, to pay once within a quarter of an hour.
//!
//! The sealed number is part of *ready* and of nothing else. Whoever pays with a token takes the number out of it, and time
//! throws it away; a token that is spent or expired has none, so that no path through here can leave one behind.

#[cfg(test)]
mod laws;

use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::event::Mode;
use crate::id::{CardTokenId, MerchantId, PaymentId};
use crate::payment::CardFacts;
use crate::secret::Sealed;

/// How long a token may be used (rails.md, section 0).
pub const LASTS: SignedDuration = SignedDuration::from_mins(15);

/// How long an expired token is remembered, so that whoever brings it late is told why it does not pay.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

/// A card that was given to pay once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardToken {
    /// Its id.
    pub id: CardTokenId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Where it stands.
    pub state: State,
    /// What may be kept of the card.
    pub card: CardFacts,
    /// Until when it may be used.
    pub expires: Timestamp,
    /// When it was made, on the merchant's clock.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// Where a token stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum State {
    /// It may be used.
    Ready {
        /// The card's number, sealed.
        #[serde(serialize_with = "write_sealed", deserialize_with = "read_sealed")]
        number: Sealed,
    },
    /// It was used.
    Spent {
        /// The payment that was made with it.
        payment: PaymentId,
    },
    /// Its time is over.
    Expired,
}

impl State {
    /// The number under which lists know it. Stored; never renumber.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Ready { .. } => 0,
            Self::Spent { .. } => 1,
            Self::Expired => 2,
        }
    }
}

/// Why a token does not pay; nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has paid.
    #[error(
        "this card token was used for another payment; a token pays once, so make another of the card"
    )]
    Used,
    /// Its time is over.
    #[error("this card token has expired: it may be used for 15 minutes; make another of the card")]
    Expired,
}

impl CardToken {
    /// A token of a card whose number was sealed.
    #[must_use]
    pub fn new(
        id: CardTokenId,
        (merchant, mode): (MerchantId, Mode),
        (card, number): (CardFacts, Sealed),
        now: Timestamp,
    ) -> Self {
        let expires = now.saturating_add(LASTS).unwrap_or(Timestamp::MAX);
        let state = State::Ready { number };
        Self { id, merchant, mode, state, card, expires, created: now, updated: now }
    }

    /// The sealed number, while it may be used.
    pub fn number(&self, now: Timestamp) -> Result<&Sealed, Refused> {
        match &self.state {
            State::Ready { number } if now < self.expires => Ok(number),
            State::Ready { .. } | State::Expired => Err(Refused::Expired),
            State::Spent { .. } => Err(Refused::Used),
        }
    }

    /// A payment is made with it: its number is gone.
    pub fn spend(mut self, payment: PaymentId, now: Timestamp) -> Result<Self, Refused> {
        self.number(now)?;
        self.state = State::Spent { payment };
        self.updated = now;
        Ok(self)
    }

    /// What time alone does to it: its number is gone.
    #[must_use]
    pub fn expire(mut self, now: Timestamp) -> Self {
        if matches!(self.state, State::Ready { .. }) && self.expires <= now {
            self.state = State::Expired;
            self.updated = now;
        }
        self
    }

    /// When somebody must look after it, on the merchant's clock; `None`: never again.
    #[must_use]
    pub fn wake(&self) -> Option<Timestamp> {
        match self.state {
            State::Ready { .. } => Some(self.expires),
            State::Spent { .. } => None,
            State::Expired => Some(self.forgotten_at()),
        }
    }

    /// Whether nobody needs to know of it any more: it was made, never used, and that is long ago.
    #[must_use]
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        self.state == State::Expired && self.forgotten_at() <= now
    }

    fn forgotten_at(&self) -> Timestamp {
        self.expires.saturating_add(REMEMBERED).unwrap_or(Timestamp::MAX)
    }

    /// The payment that was made with it.
    #[must_use]
    pub const fn payment(&self) -> Option<PaymentId> {
        match self.state {
            State::Spent { payment } => Some(payment),
            State::Ready { .. } | State::Expired => None,
        }
    }
}

/// The id of the key and what it sealed, as one text.
fn write_sealed<S: Serializer>(sealed: &Sealed, serializer: S) -> Result<S::Ok, S::Error> {
    let bytes = [&sealed.key[..], &sealed.bytes].concat();
    serializer.serialize_str(&BASE64.encode(&bytes))
}

fn read_sealed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sealed, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = BASE64.decode(text.as_bytes()).map_err(de::Error::custom)?;
    let (key, bytes) =
        bytes.split_first_chunk().ok_or_else(|| de::Error::custom("a seal names its key"))?;
    Ok(Sealed { key: *key, bytes: bytes.to_vec() })
}
