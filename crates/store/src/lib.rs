//! The only SQL in Posthorn: business verbs, each one transaction.
//!
//! [`Store`] is the seam. It has verbs, not tables (ADR 0002): what must succeed together is one
//! verb. All values that a verb writes (ids, times, sealed secrets) are decided by the caller, so a
//! verb can be replayed. One conformance suite ([`conformance`]) runs against every implementation.

mod backend;
mod bounds;
mod columns;
mod company;
pub mod conformance;
mod db;
mod error;
mod granted;
mod incidents;
mod jobs;
mod ledger;
mod migration;
mod oauth;
mod outbox;
pub mod postgres;
mod records;
mod requests;
mod retention;
mod rows;
mod servers;
pub mod sqlite;
mod statements;
mod store;
mod transfer;
mod values;
mod verbs;
mod weight;

pub use company::{Beat, Change, Company, Now, Place};
pub use error::{Fault, FaultPoint, Faults, StoreError};
pub use incidents::{Incidents, NewIncident};
pub use jobs::{Job, JobKind, JobState, JobStep, NewJob, Step};
pub use migration::Migration;
pub use oauth::{Family, Grants, LetIn, NewApplication, NewLogin, NewToken, Redeemed, Token};
pub use outbox::{Relay, Said};
pub use records::{
    Balance, Decision, Difference, FeedPage, Movement, PostedMovement, Record, RecordKind,
    RecordQuery, Records, Total, Waking,
};
pub use requests::{BlockQuery, KeptBlock, Requests, Whose};
pub use retention::{Ended, Extent, Forgotten, Keep, NOTICE, PartStep};
pub use servers::Servers;
pub use transfer::{BatchSize, Moved, Progress, StreamError, Told};
pub use values::{
    Accept, Accepted, Ask, Backlog, DeliveryQuery, DeliveryRecord, Directory, Done, Effect,
    EventQuery, MerchantChange, NewDelivery, NewEndpoint, NewKey, NewMerchant, NewSecret, Once,
    Page, Release, SealedAt, SealedRow, Settled, Settlement,
};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::attempt::Attempt;
use posthorn_core::delivery::{Claim, Delivery};
use posthorn_core::endpoint::{Endpoint, EndpointSecret, Settings, Status};
use posthorn_core::event::{Event, Mode};
use posthorn_core::id::{
    ContractId, DeliveryId, EndpointId, EventId, JobId, KeyId, MerchantId, SecretId,
};
use posthorn_core::merchant::{Key, Merchant};

/// What a verb answers, when it has been committed.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The data that [`Store::events_after`] reads at once, in bytes; one event may exceed it.
pub const FOLLOWED_BYTES_MAX: usize = 1024 * 1024;

/// The database, as verbs. Every write is one transaction and durable when it answers `Ok`.
pub trait Store: Servers + Records + Grants + Incidents + Requests {
    // --- the hot path -------------------------------------------------------------------------

    /// Writes events with their deliveries and idempotency keys: all of them, or (on an error) none.
    /// The answers stand in the order of the events. What was decided from memory is mended: a
    /// delivery parked for an endpoint that is active by now is due, one that waits for a deleted
    /// endpoint `WillNotSend`; the same holds for what a settlement leads to.
    fn accept(&self, events: Vec<Accept>) -> Answer<'_, Vec<Accepted>>;

    /// Leases due deliveries, oldest due first, at most `slots` for each endpoint, until `until`
    /// (real time). For an endpoint no more is leased once the payloads have reached the `bytes` of its
    /// ask, for all of them once they have reached `bytes_max`; the first is leased in any case. Claims
    /// of one event share it.
    fn claim(&self, asks: Vec<Ask>, until: Timestamp, bytes_max: usize) -> Answer<'_, Vec<Claim>>;

    /// Records tries and the states they lead to, with their effects on endpoints and their notices.
    /// A settlement whose lease is lost records the try as late and changes nothing else; one that
    /// finds its own try on record is `Done` (a replay after a commit whose answer was lost).
    fn settle(&self, settlements: Vec<Settlement>) -> Answer<'_, Vec<Settled>>;

    /// Gives leases back: the deliveries are due again. Lost leases are left alone. A try that was cut
    /// off goes on record as late, whoever holds the lease by now.
    fn release(&self, releases: Vec<Release>) -> Answer<'_, ()>;

    /// Start-up on a database that nobody else uses: every lease is dead, and its delivery due at
    /// `now`. Answers how many.
    fn release_all(&self, now: Timestamp) -> Answer<'_, u64>;

    /// Leases that ran out are freed, at most `limit`: their deliveries are due at `now` (real time).
    /// Answers whose they were.
    fn release_expired(&self, now: Timestamp, limit: u32) -> Answer<'_, Vec<EndpointId>>;

    /// The earliest due time of each of these endpoints that has due deliveries; of all endpoints
    /// when `endpoints` is `None`.
    fn next_due(
        &self,
        endpoints: Option<Vec<EndpointId>>,
    ) -> Answer<'_, Vec<(EndpointId, Timestamp)>>;

    // --- reading ------------------------------------------------------------------------------

    /// The highest event id on record.
    fn last_event(&self) -> Answer<'_, Option<EventId>>;
    /// One event.
    fn event(&self, id: EventId) -> Answer<'_, Option<Event>>;
    /// The event that a caller gave this id.
    fn event_by_reference(
        &self,
        merchant: MerchantId,
        mode: Mode,
        reference: String,
    ) -> Answer<'_, Option<Event>>;
    /// Events, newest first. A list is of envelopes: the data of each is empty (no bytes at all);
    /// [`Store::event`] has it.
    fn events(&self, query: EventQuery, page: Page<EventId>) -> Answer<'_, Vec<Event>>;
    /// Events after `after`, oldest first, with their data: for those who follow along. Ends early
    /// once the data of those read has reached [`FOLLOWED_BYTES_MAX`]; the first is read in any case.
    fn events_after(
        &self,
        merchant: MerchantId,
        mode: Mode,
        after: EventId,
        limit: u32,
    ) -> Answer<'_, Vec<Event>>;
    /// Deliveries, newest first.
    fn deliveries(&self, query: DeliveryQuery, page: Page<DeliveryId>)
    -> Answer<'_, Vec<Delivery>>;
    /// The last attempt of each of these deliveries that has one, in no order.
    fn last_attempts(&self, of: Vec<DeliveryId>) -> Answer<'_, Vec<(DeliveryId, Attempt)>>;
    /// One delivery with its event and its attempts, oldest first.
    fn delivery(&self, id: DeliveryId) -> Answer<'_, Option<DeliveryRecord>>;
    /// How much is waiting, roughly: counts stop at a million.
    fn backlog(&self) -> Answer<'_, Backlog>;

    // --- second chances -----------------------------------------------------------------------

    /// Opens a new run of one delivery, due at `now` (the merchant's clock); at an endpoint at rest it
    /// is parked, unless its event is meant for that endpoint alone. Fails with
    /// [`StoreError::Leased`] while it is being tried.
    fn resend(
        &self,
        id: DeliveryId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Answer<'_, Done<DeliveryId>>;
    /// Writes a job down.
    fn create_job(&self, job: NewJob, once: Option<Once>) -> Answer<'_, Done<JobId>>;
    /// One job.
    fn job(&self, id: JobId) -> Answer<'_, Option<Job>>;
    /// A merchant's jobs, newest first.
    fn jobs(&self, merchant: MerchantId, mode: Mode, page: Page<JobId>) -> Answer<'_, Vec<Job>>;
    /// All jobs that still run.
    fn running_jobs(&self) -> Answer<'_, Vec<Job>>;
    /// Moves one chunk of a job's deliveries and its cursor. The step that finds nothing more to
    /// move ends the job (and sets a draining endpoint active).
    fn step_job(&self, id: JobId, step: Step) -> Answer<'_, JobStep>;
    /// Writes down the progress of a job whose work is done outside the store (`Advance`).
    fn progress_job(&self, id: JobId, done: u64, ended: Option<Timestamp>) -> Answer<'_, ()>;
    /// Asks a job to stop. `false`: it had ended already, or is a sweep, which nobody can stop. A
    /// drain that is stopped leaves its endpoint paused.
    fn cancel_job(&self, id: JobId, at: Timestamp) -> Answer<'_, bool>;

    // --- merchants and keys -------------------------------------------------------------------

    /// All merchants and all endpoints that are not deleted.
    fn directory(&self) -> Answer<'_, Directory>;
    /// Creates a merchant with its first keys.
    fn create_merchant(&self, new: NewMerchant, once: Option<Once>)
    -> Answer<'_, Done<MerchantId>>;
    /// One merchant.
    fn merchant(&self, id: MerchantId) -> Answer<'_, Option<Merchant>>;
    /// Changes a merchant.
    fn change_merchant(&self, id: MerchantId, change: MerchantChange) -> Answer<'_, ()>;
    /// Sets a merchant's sandbox clock ahead of real time.
    fn set_clock(&self, id: MerchantId, offset: SignedDuration) -> Answer<'_, ()>;
    /// Creates a key.
    fn create_key(&self, new: NewKey, once: Option<Once>) -> Answer<'_, Done<KeyId>>;
    /// A merchant's keys, oldest first, revoked ones too.
    fn keys(&self, merchant: MerchantId) -> Answer<'_, Vec<Key>>;
    /// The key with this hash, revoked or not.
    fn key_by_hash(&self, hash: [u8; 32]) -> Answer<'_, Option<Key>>;
    /// Revokes a key. `false`: the merchant has no such key, or it was revoked already.
    fn revoke_key(&self, merchant: MerchantId, id: KeyId, at: Timestamp) -> Answer<'_, bool>;
    /// Notes when keys were last used.
    fn touch_keys(&self, used: Vec<(KeyId, Timestamp)>) -> Answer<'_, ()>;

    // --- endpoints ----------------------------------------------------------------------------

    /// Creates an endpoint, version 1. Fails with [`StoreError::TooMany`] past the fan-out bound.
    fn create_endpoint(&self, new: NewEndpoint, once: Option<Once>)
    -> Answer<'_, Done<EndpointId>>;
    /// One endpoint, with the secrets that still sign; `None` when it was deleted.
    fn endpoint(&self, id: EndpointId) -> Answer<'_, Option<Endpoint>>;
    /// One endpoint as it is on record, and when it was deleted, if it was.
    fn endpoint_on_record(
        &self,
        id: EndpointId,
    ) -> Answer<'_, Option<(Endpoint, Option<Timestamp>)>>;
    /// The deleted endpoints that had been created by a (real) time and were there until another, on
    /// the merchant's clock, or longer: for the same moment no more than a merchant may have.
    fn endpoints_deleted(
        &self,
        merchant: MerchantId,
        mode: Mode,
        created_by: Timestamp,
        there_at: Timestamp,
    ) -> Answer<'_, Vec<EndpointId>>;
    /// Writes new settings as the next version; answers that version. Fails with
    /// [`StoreError::Stale`] when `expected` is not the current version.
    fn change_endpoint(
        &self,
        id: EndpointId,
        expected: u32,
        settings: Settings,
        at: Timestamp,
    ) -> Answer<'_, u32>;
    /// Pauses, disables or enables an endpoint, with the notices of it. Enabling one that has parked
    /// deliveries makes it draining and creates the drain job; answers the status that came of it.
    /// One that is paused, disabled or enabled already stays as it is, and the notices are dropped.
    fn set_status(
        &self,
        id: EndpointId,
        status: Status,
        at: Timestamp,
        notices: Vec<Accept>,
    ) -> Answer<'_, Status>;
    /// Deletes an endpoint: it is gone from the directory at once, and a sweep job ends its waiting
    /// deliveries as `WillNotSend`. `false`: it was deleted already.
    fn delete_endpoint(&self, id: EndpointId, at: Timestamp) -> Answer<'_, bool>;
    /// Makes a new secret the current one; those before it sign until `overlap_until`. With an overlap
    /// at most [`posthorn_core::endpoint::SIGNING_SECRETS_MAX`] sign at once.
    fn rotate_secret(
        &self,
        id: EndpointId,
        new: NewSecret,
        overlap_until: Timestamp,
        once: Option<Once>,
    ) -> Answer<'_, Done<SecretId>>;
    /// Every version of an endpoint's settings, oldest first, with when it was written; also of a
    /// deleted endpoint.
    fn versions(&self, id: EndpointId) -> Answer<'_, Vec<(u32, Timestamp, Settings)>>;
    /// The version of an endpoint's settings that was in force at a time, as [`Store::versions`] has
    /// it; `None` before the first.
    fn version_at(
        &self,
        id: EndpointId,
        at: Timestamp,
    ) -> Answer<'_, Option<(u32, Timestamp, Settings)>>;
    /// Every secret an endpoint ever had, for rendering old attempts again.
    fn secrets(&self, id: EndpointId) -> Answer<'_, Vec<EndpointSecret>>;

    // --- the deployment -----------------------------------------------------------------------

    /// Keeps a contract file's text, once for each version of it.
    fn register_contract(
        &self,
        name: String,
        version: [u8; 16],
        source: String,
    ) -> Answer<'_, ContractId>;
    /// A kept contract: its name and its text.
    fn contract(&self, id: ContractId) -> Answer<'_, Option<(String, String)>>;
    /// A value of the deployment (pepper, admin key's hash).
    fn value(&self, name: &'static str) -> Answer<'_, Option<Vec<u8>>>;
    /// Writes a value; where there is one already it is kept when `replace` is false. Answers the
    /// value that stands.
    fn put_value(&self, name: &'static str, value: Vec<u8>, replace: bool) -> Answer<'_, Vec<u8>>;
    /// Sealed values whose master key is not `current`, at most `limit`.
    fn sealed_otherwise(&self, current: [u8; 4], limit: u32) -> Answer<'_, Vec<SealedRow>>;
    /// Replaces sealed values by their new seals.
    fn reseal(&self, rows: Vec<SealedRow>) -> Answer<'_, ()>;
    /// What came of the same request under its key before: the number of its id, if there is one.
    /// Fails with [`StoreError::KeyReused`] when another request used the key.
    fn used(&self, once: Once) -> Answer<'_, Option<i64>>;
    /// Forgets idempotency keys used before `before`, at most `limit`; answers how many.
    fn expire_once(&self, before: Timestamp, limit: u32) -> Answer<'_, u32>;
    // --- retention ----------------------------------------------------------------------------

    /// Makes tables ahead for what is accepted from `now` on, where each part of the record has its own;
    /// answers in how many steps.
    fn open_parts(&self, now: Timestamp) -> Answer<'_, u32>;
    /// Gives up, as `Exhausted`, deliveries that wait although their events will be forgotten within
    /// [`NOTICE`]; of a few endpoints after `after`.
    fn end_old(&self, keep: Keep, after: Option<EndpointId>) -> Answer<'_, Ended>;
    /// A step towards dropping the oldest part that is older than the deployment keeps. What merchants
    /// keep longer is put aside before, and reads as ever.
    fn close_part(&self, keep: Keep) -> Answer<'_, PartStep>;
    /// Forgets, row by row, what is older than its merchant keeps and not dropped with its part; of a
    /// few merchants after `after`. What is being tried is left for a later step.
    fn forget(&self, keep: Keep, after: Option<MerchantId>) -> Answer<'_, Forgotten>;
    /// How far back the record goes.
    fn extent(&self) -> Answer<'_, Extent>;

    // --- health -------------------------------------------------------------------------------

    /// Bytes of the write-ahead log that is not yet in the database, as they were last seen.
    fn log_bytes(&self) -> u64;
    /// Bytes of the write-ahead log, and whether the database answers a write.
    fn health(&self) -> Answer<'_, u64>;
}
