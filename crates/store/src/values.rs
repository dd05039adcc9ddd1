//! The values that verbs take and answer.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use posthorn_core::attempt::Attempt;
use posthorn_core::contract::Limits;
use posthorn_core::delivery::{Delivery, State, StateKind};
use posthorn_core::endpoint::{Endpoint, Settings, Status};
use posthorn_core::event::{Event, EventType, Mode};
use posthorn_core::id::{DeliveryId, EndpointId, EventId, KeyId, MerchantId, SecretId};
use posthorn_core::merchant::{KeyKind, Merchant};
use posthorn_core::secret::Sealed;

/// An idempotency key, with what it was used for: written in the transaction of its verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    /// The caller: a merchant's id, or 0 for the operator.
    pub scope: i64,
    /// A hash of the key (with the mode).
    pub key: [u8; 16],
    /// Which part of the request: 0 is the request itself, events of a batch count from 1. What came
    /// of each part is kept by itself, and none is begun under a key of another request.
    pub part: u32,
    /// A hash of the request: method, path and body.
    pub request: [u8; 16],
    /// When, in real time.
    pub at: Timestamp,
}

/// What came of a verb that may have been done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done<T> {
    /// It was done now.
    Now(T),
    /// The same request with the same key had been done before; this came of it then.
    Before(T),
}

impl<T> Done<T> {
    /// What came of it, now or then.
    pub fn get(self) -> T {
        match self {
            Self::Now(subject) | Self::Before(subject) => subject,
        }
    }

    /// The same about something else that came of it.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Done<U> {
        match self {
            Self::Now(subject) => Done::Now(of(subject)),
            Self::Before(subject) => Done::Before(of(subject)),
        }
    }

    /// Whether it had been done before.
    pub fn is_before(&self) -> bool {
        matches!(self, Self::Before(_))
    }
}

/// An event to accept, with its deliveries.
#[derive(Debug, Clone)]
pub struct Accept {
    /// The event.
    pub event: Event,
    /// Its deliveries: `Due`, `Leased` (claim 1) or `Parked`.
    pub deliveries: Vec<NewDelivery>,
    /// The caller's idempotency key.
    pub once: Option<Once>,
}

/// A delivery to write with its event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewDelivery {
    /// Its id; its event's id is in it.
    pub id: DeliveryId,
    /// To whom.
    pub endpoint: EndpointId,
    /// `Due`, `Leased` or `Parked`.
    pub state: State,
}

/// What came of accepting one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is on disk.
    Now(EventId),
    /// The same was accepted before (same idempotency key and request, or same `id` and content).
    Before(EventId),
    /// The idempotency key was used with another request.
    KeyReused,
    /// The `id` was given to an event with other content.
    IdTaken(EventId),
}

/// A wish to claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// For which endpoint.
    pub endpoint: EndpointId,
    /// How many, at most.
    pub slots: u32,
    /// How many bytes of payloads, at most (and what the last one is over it).
    pub bytes: usize,
    /// The merchant's time: what is due by then.
    pub now: Timestamp,
}

/// A try and what it leads to.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// To whom.
    pub endpoint: EndpointId,
    /// Under which lease.
    pub claim: u32,
    /// The state it leads to; never `Leased`.
    pub state: State,
    /// The try; `None` when nothing was sent (too large, parked before the first try).
    pub attempt: Option<Attempt>,
    /// What changes about the endpoint.
    pub effects: Vec<Effect>,
    /// Notices to accept in the same transaction.
    pub notices: Vec<Accept>,
    /// Notices of an [`Effect::Rest`]: accepted only if it was this settlement that put the endpoint
    /// to rest.
    pub notices_if_rested: Vec<Accept>,
}

/// What a try changes about its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Since when everything has failed; `None`: it is well again.
    FailingSince(Option<Timestamp>),
    /// Pause or disable it, if its status [gives way](Status::gives_way_to).
    Rest(Status),
}

/// What came of settling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is on record.
    Done,
    /// The lease was lost: the try is on record as late, nothing else changed.
    LeaseLost,
}

/// A lease to give back: unsent, or with a try that was cut off.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// To whom.
    pub endpoint: EndpointId,
    /// Under which lease.
    pub claim: u32,
    /// When it is due again, on the merchant's clock.
    pub at: Timestamp,
    /// A try that was under way when the server stopped: put on record as late, it uses up no number.
    pub attempt: Option<Attempt>,
}

/// A page of a list: at most `limit` rows, after the row `after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<I> {
    /// The last row of the page before.
    pub after: Option<I>,
    /// How many rows.
    pub limit: u32,
}

/// Which events to list.
#[derive(Debug, Clone, PartialEq)]
pub struct EventQuery {
    /// Whose.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Of this type.
    pub kind: Option<EventType>,
    /// Accepted at or after this real time.
    pub since: Option<Timestamp>,
    /// Accepted before this real time.
    pub until: Option<Timestamp>,
}

/// Which deliveries to list.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryQuery {
    /// Whose.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// To this endpoint.
    pub endpoint: Option<EndpointId>,
    /// Of this event.
    pub event: Option<EventId>,
    /// In this state.
    pub state: Option<StateKind>,
}

/// A delivery with its event and its attempts.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryRecord {
    /// The delivery.
    pub delivery: Delivery,
    /// Its event.
    pub event: Event,
    /// Its attempts, oldest first.
    pub attempts: Vec<Attempt>,
}

/// How much is waiting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries that are due, now or later; at most a million are counted.
    pub due: u64,
    /// Deliveries that are leased.
    pub leased: u64,
    /// Deliveries that are parked; at most a million are counted.
    pub parked: u64,
    /// When the oldest event that is still due or leased was accepted, in real time.
    pub oldest: Option<Timestamp>,
}

/// Everything that routing needs. Each is shared from the beginning: vectors of thousands that grow, and whose elements
/// then move, would take twice the memory for a moment, and what a process had once it mostly keeps.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// All merchants.
    pub merchants: Vec<Arc<Merchant>>,
    /// All endpoints that are not deleted.
    pub endpoints: Vec<Arc<Endpoint>>,
}

/// A merchant to create.
#[derive(Debug, Clone)]
pub struct NewMerchant {
    /// What people call it.
    pub name: String,
    /// The contract it speaks.
    pub contract: String,
    /// The operator's own id for it; unique.
    pub reference: Option<String>,
    /// Whether event types outside the catalogue are refused.
    pub strict_catalogue: bool,
    /// How long its events are kept, where that is longer than the deployment keeps them.
    pub retention: Option<SignedDuration>,
    /// Whether nothing of it is forgotten.
    pub legal_hold: bool,
    /// Its test webhook secret.
    pub webhook_secret_test: Sealed,
    /// Its live webhook secret.
    pub webhook_secret_live: Sealed,
    /// Its first keys (their `merchant` is filled in).
    pub keys: Vec<NewKey>,
    /// When.
    pub created: Timestamp,
}

/// What to change about a merchant; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MerchantChange {
    /// A new name.
    pub name: Option<String>,
    /// Another contract.
    pub contract: Option<String>,
    /// Another reference; `Some(None)` takes it away.
    pub reference: Option<Option<String>>,
    /// Whether event types outside the catalogue are refused.
    pub strict_catalogue: Option<bool>,
    /// How long its events are kept; `Some(None)`: as long as the deployment keeps them.
    pub retention: Option<Option<SignedDuration>>,
    /// Whether nothing of it is forgotten.
    pub legal_hold: Option<bool>,
    /// How often it may ask its platform's own API, all of it.
    pub rate_limits: Option<Limits>,
}

/// A key to create.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Whose.
    pub merchant: MerchantId,
    /// Where it is good.
    pub mode: Mode,
    /// What it is for.
    pub kind: KeyKind,
    /// What people may see of it.
    pub hint: String,
    /// Its keyed hash.
    pub hash: [u8; 32],
    /// The key itself, sealed; only for test keys made by `serve --sandbox`.
    pub shown: Option<Sealed>,
    /// When.
    pub created: Timestamp,
}

/// An endpoint to create.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Whose.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Its settings.
    pub settings: Settings,
    /// Its secret, unless its contract lets it have none.
    pub secret: Option<NewSecret>,
    /// When.
    pub created: Timestamp,
}

/// A secret to create.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// The secret.
    pub sealed: Sealed,
    /// When, on the merchant's clock.
    pub created: Timestamp,
}

/// Where a sealed value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedAt {
    /// A merchant's test webhook secret.
    MerchantTest(MerchantId),
    /// A merchant's live webhook secret.
    MerchantLive(MerchantId),
    /// An endpoint's secret.
    Endpoint(SecretId),
    /// A key that may be shown again.
    Key(KeyId),
}

/// A sealed value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// Where.
    pub at: SealedAt,
    /// The value.
    pub sealed: Sealed,
}
