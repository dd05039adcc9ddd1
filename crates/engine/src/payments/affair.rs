//! What has a life that is told of: a payment, a payout, a checkout, an order. What is the same about them stands here once;
//! checkouts and orders make no requests to providers.

use jiff::Timestamp;
use posthorn_core::checkout::Checkout;
use posthorn_core::event::Mode;
use posthorn_core::id::{CheckoutId, MerchantId, RequestId};
use posthorn_core::order::Order;
use posthorn_core::payment::{Command, Due, Payment, Refused, Step};
use posthorn_core::payout::{self, Payout};
use posthorn_core::search::Words;
use posthorn_rails::simulated::Word;
use posthorn_store::{Record, RecordKind, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::name;
use crate::error::EngineError;

/// What has a life that is told of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Affair {
    Payment(Box<Payment>),
    Payout(Box<Payout>),
    Checkout(Box<Checkout>),
    Order(Box<Order>),
}

/// What is told of a body that is not what it must be.
pub(super) fn corrupt(record: &Record) -> EngineError {
    EngineError::Store(StoreError::Corrupt { table: "records", column: "body", row: record.id })
}

/// What a record's body says.
pub(super) fn read<T: DeserializeOwned>(record: &Record) -> Result<T, EngineError> {
    serde_json::from_str(&record.body).map_err(|_| corrupt(record))
}

/// The record of what is read at `version`: it is called nothing, belongs to nothing and waits for nothing, unless more is said.
pub(super) fn record_of<T: Serialize>(
    kind: RecordKind,
    id: i64,
    (merchant, mode): (MerchantId, Mode),
    version: u32,
    thing: &T,
) -> Record {
    let body = serde_json::to_string(thing).expect("plain values");
    let (state, reference, parent, wake) = (0, None, None, None);
    Record { id, kind, merchant, mode, version, state, reference, parent, wake, body }
}

impl From<Payment> for Affair {
    fn from(payment: Payment) -> Self {
        Self::Payment(Box::new(payment))
    }
}

impl From<Payout> for Affair {
    fn from(payout: Payout) -> Self {
        Self::Payout(Box::new(payout))
    }
}

impl From<Checkout> for Affair {
    fn from(checkout: Checkout) -> Self {
        Self::Checkout(Box::new(checkout))
    }
}

impl From<Order> for Affair {
    fn from(order: Order) -> Self {
        Self::Order(Box::new(order))
    }
}

impl Affair {
    /// What stands in a record.
    pub(super) fn read(record: &Record) -> Result<Self, EngineError> {
        match record.kind {
            RecordKind::Payment => read(record).map(Self::Payment),
            RecordKind::Payout => read(record).map(Self::Payout),
            RecordKind::Checkout => read(record).map(Self::Checkout),
            RecordKind::Order => read(record).map(Self::Order),
            RecordKind::Customer
            | RecordKind::Product
            | RecordKind::Offer
            | RecordKind::Book
            | RecordKind::User
            | RecordKind::CardToken
            | RecordKind::Feed => {
                Err(EngineError::Missing { what: "payment, payout, checkout or order" })
            }
        }
    }

    /// Its record, read at `version`.
    pub(super) fn record(&self, version: u32) -> Record {
        let (merchant, mode) = self.place();
        let json = |value: Result<String, serde_json::Error>| value.expect("plain values");
        let (kind, state, reference, parent, body) = match self {
            Self::Payment(payment) => {
                let reference = name::on_record(payment);
                let parent = payment.wish.checkout.map(CheckoutId::as_i64);
                let body = json(serde_json::to_string(payment));
                (RecordKind::Payment, payment.state as u8, reference, parent, body)
            }
            Self::Payout(payout) => {
                let failed = payout.state == payout::State::Failed;
                let reference = payout.wish.reference.clone().filter(|_| !failed);
                let body = json(serde_json::to_string(payout));
                (RecordKind::Payout, payout.state as u8, reference, None, body)
            }
            Self::Checkout(checkout) => {
                let body = json(serde_json::to_string(checkout));
                (RecordKind::Checkout, checkout.state as u8, None, None, body)
            }
            Self::Order(order) => {
                let reference = order.wish.reference.clone();
                let body = json(serde_json::to_string(order));
                (RecordKind::Order, order.state as u8, reference, None, body)
            }
        };
        let wake = self.wake();
        let id = self.id();
        Record { id, kind, merchant, mode, version, state, reference, parent, wake, body }
    }

    pub(super) fn id(&self) -> i64 {
        match self {
            Self::Payment(payment) => payment.id.as_i64(),
            Self::Payout(payout) => payout.id.as_i64(),
            Self::Checkout(checkout) => checkout.id.as_i64(),
            Self::Order(order) => order.id.as_i64(),
        }
    }

    pub(super) fn place(&self) -> (MerchantId, Mode) {
        match self {
            Self::Payment(payment) => (payment.merchant, payment.mode),
            Self::Payout(payout) => (payout.merchant, payout.mode),
            Self::Checkout(checkout) => (checkout.merchant, checkout.mode),
            Self::Order(order) => (order.merchant, order.mode),
        }
    }

    /// What it is found by, where it can be looked for.
    pub(super) fn words(&self) -> Option<Words> {
        match self {
            Self::Order(order) => Some(order.words()),
            Self::Payment(_) | Self::Payout(_) | Self::Checkout(_) => None,
        }
    }

    pub(super) fn callback(&self) -> Option<&str> {
        match self {
            Self::Payment(payment) => payment.wish.callback.as_deref(),
            Self::Payout(payout) => payout.wish.callback.as_deref(),
            Self::Checkout(_) | Self::Order(_) => None,
        }
    }

    /// How many events were told of it; one more or one less.
    pub(super) fn sequence(&mut self) -> &mut u32 {
        match self {
            Self::Payment(payment) => &mut payment.sequence,
            Self::Payout(payout) => &mut payout.sequence,
            Self::Checkout(checkout) => &mut checkout.sequence,
            Self::Order(order) => &mut order.sequence,
        }
    }

    fn wake(&self) -> Option<Timestamp> {
        match self {
            Self::Payment(payment) => payment.wake(),
            Self::Payout(payout) => payout.wake(),
            Self::Checkout(checkout) => checkout.wake(),
            Self::Order(_) => None,
        }
    }

    pub(super) fn due(&self, now: Timestamp) -> Option<Due> {
        match self {
            Self::Payment(payment) => payment.due(now),
            Self::Payout(payout) => {
                payout.due(now).map(|todo| Due::Request(payout.call.request, todo))
            }
            Self::Checkout(checkout) => {
                checkout.wake().filter(|wake| *wake <= now).map(|_| Due::Expire)
            }
            Self::Order(_) => None,
        }
    }

    /// A request that was written down and not sent.
    pub(super) fn unsent(&self) -> Option<RequestId> {
        match self {
            Self::Payment(payment) => payment.unsent().next(),
            Self::Payout(payout) => payout.unsent(),
            Self::Checkout(_) | Self::Order(_) => None,
        }
    }

    /// The requests that were sent and not answered.
    pub(super) fn unanswered(&self) -> Vec<RequestId> {
        match self {
            Self::Payment(payment) => payment.unanswered().collect(),
            Self::Payout(_) | Self::Checkout(_) | Self::Order(_) => Vec::new(),
        }
    }

    /// What a request asks, and whom, in the contract's own word.
    pub(super) fn command(&self, request: RequestId) -> Option<(String, Command)> {
        match self {
            Self::Payment(payment) => payment.command(request),
            Self::Payout(payout) => Some((payout.wish.provider.clone(), payout.command())),
            Self::Checkout(_) | Self::Order(_) => None,
        }
    }

    pub(super) fn send(self, request: RequestId, now: Timestamp) -> Result<Step<Self>, Refused> {
        match self {
            Self::Payment(payment) => payment.send(request, now).map(|step| step.map(Self::from)),
            Self::Payout(payout) => payout.send(request, now).map(|step| step.map(Self::from)),
            Self::Checkout(_) | Self::Order(_) => Err(Refused::NoRequest),
        }
    }

    /// A provider says something about one of its requests.
    pub(super) fn hear(
        self,
        request: RequestId,
        word: &Word,
        now: Timestamp,
    ) -> Result<Step<Self>, Refused> {
        match (self, word) {
            (Self::Payment(payment), Word::News(news)) => {
                payment.hear(request, news.clone(), now).map(|step| step.map(Self::from))
            }
            (Self::Payment(payment), Word::Disputed { id }) => {
                payment.dispute(id, now).map(|step| step.map(Self::from))
            }
            (Self::Payment(payment), Word::Decided(verdict)) => {
                payment.decide(*verdict, now).map(|step| step.map(Self::from))
            }
            (Self::Payout(payout), Word::News(news)) => {
                payout.hear(request, news.clone(), now).map(|step| step.map(Self::from))
            }
            (payout @ Self::Payout(_), Word::Disputed { .. } | Word::Decided(_)) => {
                Ok(Step::still(payout))
            }
            (Self::Checkout(_) | Self::Order(_), _) => Err(Refused::NoRequest),
        }
    }

    /// Its time is over: a payment's to be paid, a checkout's to be left alone.
    pub(super) fn expire(self, now: Timestamp) -> Result<Step<Self>, Refused> {
        match self {
            Self::Payment(payment) => payment.expire(now).map(|step| step.map(Self::from)),
            Self::Checkout(checkout) => Ok(checkout.lapse(now).map(Self::from)),
            other @ (Self::Payout(_) | Self::Order(_)) => Ok(Step::still(other)),
        }
    }

    pub(super) fn settle(self, now: Timestamp) -> Step<Self> {
        match self {
            Self::Payment(payment) => payment.settle(now).map(Self::from),
            other @ (Self::Payout(_) | Self::Checkout(_) | Self::Order(_)) => Step::still(other),
        }
    }

    pub(super) fn payment(self) -> Result<Payment, EngineError> {
        match self {
            Self::Payment(payment) => Ok(*payment),
            Self::Payout(_) | Self::Checkout(_) | Self::Order(_) => {
                Err(EngineError::Missing { what: "payment" })
            }
        }
    }

    pub(super) fn payout(self) -> Result<Payout, EngineError> {
        match self {
            Self::Payout(payout) => Ok(*payout),
            Self::Payment(_) | Self::Checkout(_) | Self::Order(_) => {
                Err(EngineError::Missing { what: "payout" })
            }
        }
    }

    pub(super) fn checkout(self) -> Result<Checkout, EngineError> {
        match self {
            Self::Checkout(checkout) => Ok(*checkout),
            Self::Payment(_) | Self::Payout(_) | Self::Order(_) => {
                Err(EngineError::Missing { what: "checkout" })
            }
        }
    }

    pub(super) fn order(self) -> Result<Order, EngineError> {
        match self {
            Self::Order(order) => Ok(*order),
            Self::Payment(_) | Self::Payout(_) | Self::Checkout(_) => {
                Err(EngineError::Missing { what: "order" })
            }
        }
    }
}
