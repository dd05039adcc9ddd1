//! Ids: eight bytes, time-ordered, typed, and short to read aloud.
//!
//! An event's id is `ms << 22 | node << 16 | seq << 10`, ms since 2026-01-01; the low ten bits are
//! the ordinal of a delivery, so a delivery knows its event without a column or an index
//! (ADR 0007). In public an id is its kind's prefix and the number in Crockford's base 32.

mod text;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use text::write_base32;
pub(crate) use text::{Base32, read_base32};

/// 2026-01-01T00:00:00Z in Unix milliseconds: where id time begins.
pub const EPOCH_MS: i64 = 1_767_225_600_000;
/// Deliveries one event can have: ordinals 1 to 1,023.
pub const FAN_OUT_MAX: usize = 1023;

const ORDINAL_BITS: u32 = 10;
const MS_SHIFT: u32 = 22;
const NODE_SHIFT: u32 = 16;
const SEQUENCE_STEP: i64 = 1 << ORDINAL_BITS;

/// A text that is not an id of the kind that was wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {kind} id; one looks like `{prefix}01h2x3`")]
pub struct BadId {
    text: String,
    kind: &'static str,
    prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(i64);

        impl $name {
            /// What its public form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The id of a stored number.
            #[must_use]
            pub const fn from_i64(value: i64) -> Self {
                Self(value)
            }

            /// The stored number.
            #[must_use]
            pub const fn as_i64(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(Self::PREFIX)?;
                write_base32(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix(Self::PREFIX).and_then(read_base32).map(Self).ok_or_else(|| {
                    BadId { text: text.chars().take(80).collect(), kind: $kind, prefix: $prefix }
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// An integrator's account.
    MerchantId, "mer_", "a merchant"
);
id!(
    /// One of a merchant's API keys.
    KeyId, "key_", "a key"
);
id!(
    /// A URL that wants some events.
    EndpointId, "ep_", "an endpoint"
);
id!(
    /// One signing secret of an endpoint.
    SecretId, "sec_", "a secret"
);
id!(
    /// A fact.
    EventId, "evt_", "an event"
);
id!(
    /// One event on its way to one endpoint.
    DeliveryId, "dlv_", "a delivery"
);
id!(
    /// An incident that an operator tells of.
    IncidentId, "inc_", "an incident"
);
id!(
    /// A durable job: drain, recover, advance.
    JobId, "job_", "a job"
);
id!(
    /// One stored version of a contract file.
    ContractId, "ctr_", "a contract version"
);

id!(
    /// A program that a merchant registered for OAuth 2.
    ApplicationId, "app_", "an application"
);
id!(
    /// A user of a merchant's account, who can let applications in.
    LoginId, "login_", "a login"
);
id!(
    /// A payment.
    PaymentId, "pay_", "a payment"
);
id!(
    /// A request to a provider; the payment or payout it belongs to is in it.
    RequestId, "req_", "a request"
);
id!(
    /// A refund: the request that asked for it.
    RefundId, "re_", "a refund"
);
id!(
    /// Money on its way to a merchant.
    PayoutId, "po_", "a payout"
);
id!(
    /// A page on which a payer chooses and pays.
    CheckoutId, "co_", "a checkout"
);
id!(
    /// Somebody who pays.
    CustomerId, "cust_", "a customer"
);
id!(
    /// Something that is sold.
    ProductId, "prod_", "a product"
);
id!(
    /// A product at a price.
    OfferId, "off_", "an offer"
);
id!(
    /// What somebody buys.
    OrderId, "ord_", "an order"
);
id!(
    /// Somebody who uses a merchant's shop.
    UserId, "usr_", "a user"
);
id!(
    /// A card that was given to pay once.
    CardTokenId, "tok_", "a card token"
);
id!(
    /// All products of a merchant as one file.
    FeedId, "feed_", "a feed"
);

impl PaymentId {
    /// Its request with this ordinal, 1 to 1,023.
    #[must_use]
    pub fn request(self, ordinal: u16) -> RequestId {
        debug_assert!((1..=1023).contains(&ordinal), "ordinals are 1 to 1,023");
        RequestId(self.0 | i64::from(ordinal))
    }
}

impl PayoutId {
    /// The request that sends it.
    #[must_use]
    pub fn request(self) -> RequestId {
        RequestId(self.0 | 1)
    }
}

impl RequestId {
    /// The number of the payment or the payout that made it.
    #[must_use]
    pub const fn owner(self) -> i64 {
        self.0 & !(SEQUENCE_STEP - 1)
    }
}

impl EventId {
    /// The lowest id an event accepted at `at` can have: bounds for queries by time. Ids begin with
    /// 2026 and last for 69 years.
    #[must_use]
    pub fn first_at(at: Timestamp) -> Self {
        let ms = (at.as_millisecond() - EPOCH_MS).max(0);
        Self(if ms <= i64::MAX >> MS_SHIFT { ms << MS_SHIFT } else { i64::MAX })
    }

    /// When it was accepted, in real time, to the millisecond.
    #[must_use]
    pub fn accepted_at(self) -> Timestamp {
        Timestamp::from_millisecond((self.0 >> MS_SHIFT) + EPOCH_MS).unwrap_or(Timestamp::MAX)
    }

    /// Which server made it, 0 to 63.
    #[must_use]
    pub const fn node(self) -> i64 {
        (self.0 >> NODE_SHIFT) & 63
    }

    /// The delivery with this ordinal, 1 to [`FAN_OUT_MAX`].
    #[must_use]
    pub fn delivery(self, ordinal: u16) -> DeliveryId {
        debug_assert!((1..=1023).contains(&ordinal), "ordinals are 1 to 1,023");
        DeliveryId(self.0 | i64::from(ordinal))
    }

    /// The lowest and the highest id its deliveries can have.
    #[must_use]
    pub fn delivery_range(self) -> (DeliveryId, DeliveryId) {
        (DeliveryId(self.0 | 1), DeliveryId(self.0 | (SEQUENCE_STEP - 1)))
    }
}

impl DeliveryId {
    /// The event it delivers.
    #[must_use]
    pub const fn event(self) -> EventId {
        EventId(self.0 & !(SEQUENCE_STEP - 1))
    }
}

/// Makes event ids: strictly rising, at most 64 a millisecond and node, then it borrows from the
/// next millisecond.
#[derive(Debug)]
pub struct IdSequence {
    node: i64,
    last: i64,
}

impl IdSequence {
    /// A sequence for `node` (0 to 63) that continues after `last`, the highest id on record.
    #[must_use]
    pub fn new(node: u8, last: Option<EventId>) -> Self {
        Self { node: i64::from(node & 63), last: last.map_or(0, EventId::as_i64) }
    }

    /// The next id at `now` (real time).
    pub fn next(&mut self, now: Timestamp) -> EventId {
        let fresh = self.fresh(now);
        self.last = if fresh > self.last { fresh } else { self.following() };
        EventId(self.last)
    }

    /// Goes on to `now` without making an id; answers a bound that every later id is above.
    pub fn rise(&mut self, now: Timestamp) -> EventId {
        self.last = self.last.max(self.fresh(now));
        EventId(self.last)
    }

    /// The last id that was made.
    #[must_use]
    pub fn last(&self) -> EventId {
        EventId(self.last)
    }

    fn fresh(&self, now: Timestamp) -> i64 {
        let ms = (now.as_millisecond() - EPOCH_MS).max(0);
        ms << MS_SHIFT | self.node << NODE_SHIFT
    }

    fn following(&self) -> i64 {
        let sequence = (self.last >> ORDINAL_BITS) & 63;
        let own = (self.last >> NODE_SHIFT) & 63 == self.node;
        if own && sequence < 63 {
            return self.last + SEQUENCE_STEP;
        }
        ((self.last >> MS_SHIFT) + 1) << MS_SHIFT | self.node << NODE_SHIFT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(EPOCH_MS + ms).unwrap()
    }

    #[test]
    fn an_id_says_its_kind_and_refuses_another_kinds_text() {
        let endpoint = EndpointId::from_i64(7);
        assert_eq!(endpoint.to_string(), "ep_7");
        assert_eq!("ep_7".parse(), Ok(endpoint));
        let error = "ep_7".parse::<EventId>().unwrap_err();
        assert_eq!(error.to_string(), "`ep_7` is not an event id; one looks like `evt_01h2x3`");
    }

    #[test]
    fn a_time_that_no_id_reaches_bounds_them_all() {
        let last = EventId::first_at(at(i64::MAX >> MS_SHIFT));
        assert!(last > EventId::first_at(at(1_000_000)));
        let far = EventId::first_at("2099-01-01T00:00:00Z".parse().unwrap());
        assert!(far > last, "{far:?}");
        assert_eq!(EventId::first_at(Timestamp::MIN), EventId::from_i64(0));
    }

    #[test]
    fn ids_rise_strictly_even_when_the_clock_stands_or_steps_back() {
        let mut ids = IdSequence::new(0, None);
        let mut last = EventId::from_i64(0);
        for now in [5, 5, 5, 4, 1, 6] {
            for _ in 0..200 {
                let id = ids.next(at(now));
                assert!(id > last, "{id:?} after {last:?}");
                last = id;
            }
        }
    }

    #[test]
    fn a_sequence_continues_after_the_highest_id_on_record() {
        let last = IdSequence::new(0, None).next(at(1_000));
        assert!(IdSequence::new(0, Some(last)).next(at(3)) > last);
    }

    #[test]
    fn a_delivery_knows_its_event() {
        let event = IdSequence::new(3, None).next(at(123));
        assert_eq!(event.delivery(1023).event(), event);
        assert_eq!(event.accepted_at(), at(123));
        let (low, high) = event.delivery_range();
        assert!(low <= event.delivery(1) && event.delivery(1023) <= high);
    }

    proptest! {
        #[test]
        fn public_forms_round_trip(value in 0..=i64::MAX) {
            let id = EventId::from_i64(value);
            prop_assert_eq!(id.to_string().parse::<EventId>(), Ok(id));
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<EventId>();
        }
    }
}
