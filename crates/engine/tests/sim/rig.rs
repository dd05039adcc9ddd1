//! The store as the engine sees it: the real one on SQLite, whose verbs take some time before and
//! after they are carried out, and which tells the [`Book`] what it committed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use posthorn_core::attempt::Attempt;
use posthorn_core::delivery::{Claim, Delivery, State};
use posthorn_core::endpoint::{Endpoint, EndpointSecret, Settings, Status};
use posthorn_core::event::{Event, Mode};
use posthorn_core::id::{
    ContractId, DeliveryId, EndpointId, EventId, JobId, KeyId, MerchantId, SecretId,
};
use posthorn_core::merchant::{Key, Merchant};
use posthorn_engine::clock::Clock;
use posthorn_store::sqlite::Sqlite;
use posthorn_store::{
    Accept, Accepted, Answer, Ask, Backlog, DeliveryQuery, DeliveryRecord, Directory, Done, Effect,
    Ended, EventQuery, Extent, Forgotten, Job, JobKind, JobStep, Keep, MerchantChange, NewEndpoint,
    NewJob, NewKey, NewMerchant, NewSecret, Once, Page, PartStep, Release, SealedRow, Settled,
    Settlement, Step, Store, StoreError,
};

use crate::clock::SimClock;
use crate::facts::Book;
use crate::weather::Weather;

/// Verbs at one instant of virtual time: more than that is a loop that will never end.
const AT_ONE_INSTANT_MAX: u32 = 50_000;

pub(crate) struct Rig {
    pub(crate) inner: Arc<Sqlite>,
    pub(crate) clock: SimClock,
    weather: Weather,
    pub(crate) book: Book,
    busy: Mutex<(Timestamp, u32)>,
}

impl Rig {
    pub(crate) fn new(inner: Arc<Sqlite>, clock: SimClock, weather: Weather, book: Book) -> Self {
        let busy = Mutex::new((clock.now(), 0));
        Self { inner, clock, weather, book, busy }
    }

    pub(crate) async fn wait(&self) {
        if self.weather.crashed() {
            std::future::pending::<()>().await;
        }
        let wait = self.weather.wait_us();
        if wait > 0 {
            self.clock.sleep(Duration::from_micros(wait)).await;
        }
        if self.weather.crashed() {
            std::future::pending::<()>().await;
        }
    }

    pub(crate) async fn enter(&self) {
        let now = self.clock.now();
        {
            let mut busy = self.busy.lock().unwrap();
            *busy = if busy.0 == now { (now, busy.1 + 1) } else { (now, 0) };
            assert!(busy.1 < AT_ONE_INSTANT_MAX, "the engine spins: it asks the store for ever");
        }
        self.wait().await;
    }

    fn note_accepts(&self, accepts: &[Accept], answers: &[Accepted]) {
        for (accept, answer) in accepts.iter().zip(answers) {
            if !matches!(answer, Accepted::Now(_)) {
                continue;
            }
            for delivery in &accept.deliveries {
                if let State::Leased { until } = delivery.state {
                    self.book.open().leased(delivery.id, 1, until);
                }
            }
        }
    }

    /// A lease that another server freed is lost, and no other. Where nothing was sent, its delivery may have
    /// come to the same rest by being freed.
    fn note_ended(&self, settlement: &Settlement, answer: Settled) {
        let lease = (settlement.delivery, settlement.claim);
        let mut facts = self.book.open();
        facts.note_past_end(lease.0, lease.1);
        let lost = answer == Settled::LeaseLost;
        if lost {
            facts.count("tries whose lease was lost");
        }
        let freed = facts.freed.contains(&lease);
        if (lost && !freed) || (freed && !lost && settlement.attempt.is_some()) {
            facts.violated(format!("lease {} of {} ended as {answer:?}", lease.1, lease.0));
        }
        facts.ended(lease.0, lease.1);
    }

    async fn note_settled(&self, settlements: &[Settlement], answers: &[Settled]) {
        for (settlement, answer) in settlements.iter().zip(answers) {
            self.note_ended(settlement, *answer);
            let rest = settlement.effects.iter().find_map(|effect| match effect {
                Effect::Rest(status) => Some(*status),
                Effect::FailingSince(_) => None,
            });
            if let Some(status) = rest {
                self.book.open().count(match status {
                    Status::Paused { .. } => "pauses",
                    Status::Disabled { .. } => "endpoints gone",
                    Status::Active | Status::Draining { .. } => "endpoints put to rest awake",
                });
                self.note_rest(settlement.endpoint).await;
            }
        }
    }
}

macro_rules! verbs {
    ($($verb:ident($($given:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Store for Rig {
            fn accept(&self, events: Vec<Accept>) -> Answer<'_, Vec<Accepted>> {
                Box::pin(async move {
                    self.enter().await;
                    let result = self.inner.accept(events.clone()).await;
                    if let Ok(answers) = &result {
                        self.note_accepts(&events, answers);
                    }
                    self.wait().await;
                    result
                })
            }

            fn claim(
                &self,
                asks: Vec<Ask>,
                until: Timestamp,
                bytes_max: usize,
            ) -> Answer<'_, Vec<Claim>> {
                Box::pin(async move {
                    self.enter().await;
                    self.weather.read_all(asks.iter().map(|ask| ask.endpoint))?;
                    let result = self.inner.claim(asks, until, bytes_max).await;
                    for claim in result.iter().flatten() {
                        self.book.open().leased(claim.delivery, claim.claim, claim.until);
                    }
                    self.wait().await;
                    result
                })
            }

            fn log_bytes(&self) -> u64 { self.inner.log_bytes() }

            fn next_due(
                &self,
                endpoints: Option<Vec<EndpointId>>,
            ) -> Answer<'_, Vec<(EndpointId, Timestamp)>> {
                Box::pin(async move {
                    self.enter().await;
                    if self.weather.is_blind() {
                        return Err(StoreError::Damaged);
                    }
                    let result = self.inner.next_due(endpoints).await;
                    self.wait().await;
                    result
                })
            }

            fn settle(&self, settlements: Vec<Settlement>) -> Answer<'_, Vec<Settled>> {
                Box::pin(async move {
                    self.enter().await;
                    self.weather.read_all(settlements.iter().map(|settlement| settlement.endpoint))?;
                    let result = self.inner.settle(settlements.clone()).await;
                    if let Ok(answers) = &result {
                        self.note_settled(&settlements, answers).await;
                    }
                    self.wait().await;
                    result
                })
            }

            fn release(&self, releases: Vec<Release>) -> Answer<'_, ()> {
                Box::pin(async move {
                    self.enter().await;
                    self.weather.read_all(releases.iter().map(|release| release.endpoint))?;
                    let result = self.inner.release(releases.clone()).await;
                    if result.is_ok() {
                        let mut facts = self.book.open();
                        for release in releases {
                            facts.count("leases given back");
                            facts.note_past_end(release.delivery, release.claim);
                            facts.ended(release.delivery, release.claim);
                        }
                    }
                    self.wait().await;
                    result
                })
            }

            fn set_clock(&self, id: MerchantId, offset: SignedDuration) -> Answer<'_, ()> {
                Box::pin(async move {
                    self.enter().await;
                    let result = self.inner.set_clock(id, offset).await;
                    self.wait().await;
                    if result.is_ok() {
                        self.book.open().offsets.insert(id, offset);
                    }
                    result
                })
            }

            fn create_job(&self, job: NewJob, once: Option<Once>) -> Answer<'_, Done<JobId>> {
                Box::pin(async move {
                    self.enter().await;
                    let from = (job.merchant, self.clock.now(), None);
                    let advances = matches!(job.kind, JobKind::Advance { .. });
                    let result = self.inner.create_job(job, once).await;
                    if let (Ok(done), true) = (&result, advances) {
                        self.book.open().advances.insert(done.get(), from);
                    }
                    self.wait().await;
                    result
                })
            }

            fn progress_job(
                &self,
                id: JobId,
                done: u64,
                ended: Option<Timestamp>,
            ) -> Answer<'_, ()> {
                Box::pin(async move {
                    self.enter().await;
                    let result = self.inner.progress_job(id, done, ended).await;
                    if result.is_ok() && ended.is_some() {
                        self.note_advanced(id, SignedDuration::ZERO);
                    }
                    self.wait().await;
                    result
                })
            }

            fn cancel_job(&self, id: JobId, at: Timestamp) -> Answer<'_, bool> {
                Box::pin(async move {
                    self.enter().await;
                    let result = self.inner.cancel_job(id, at).await;
                    // It may be in the middle of a step.
                    self.note_advanced(id, SignedDuration::from_mins(1));
                    self.wait().await;
                    result
                })
            }

            fn set_status(
                &self,
                id: EndpointId,
                status: Status,
                at: Timestamp,
                notices: Vec<Accept>,
            ) -> Answer<'_, Status> {
                Box::pin(async move {
                    self.enter().await;
                    let result = self.inner.set_status(id, status, at, notices).await;
                    self.note_rest(id).await;
                    if let Ok(Status::Draining { .. }) = result {
                        self.note_drain(id).await;
                    }
                    self.wait().await;
                    result
                })
            }

            fn directory(&self) -> Answer<'_, Directory> {
                Box::pin(async move {
                    self.enter().await;
                    let result = self.inner.directory().await;
                    if let Ok(directory) = &result {
                        let offsets = directory.merchants.iter();
                        let offsets = offsets.map(|merchant| (merchant.id, merchant.clock_offset));
                        self.book.open().offsets = offsets.collect();
                        // What a crash kept from being told.
                        directory.endpoints.iter().for_each(|endpoint| self.note_status(endpoint));
                    }
                    self.wait().await;
                    result
                })
            }

            $(fn $verb(&self, $($given: $type),*) -> Answer<'_, $answer> {
                Box::pin(async move {
                    self.enter().await;
                    let result: Result<$answer, StoreError> =
                        self.inner.$verb($($given),*).await;
                    self.wait().await;
                    result
                })
            })*
        }
    };
}

verbs! {
    release_all(now: Timestamp) -> u64;
    release_expired(now: Timestamp, limit: u32) -> Vec<EndpointId>;
    last_event() -> Option<EventId>;
    event(id: EventId) -> Option<Event>;
    event_by_reference(merchant: MerchantId, mode: Mode, reference: String) -> Option<Event>;
    events(query: EventQuery, page: Page<EventId>) -> Vec<Event>;
    events_after(merchant: MerchantId, mode: Mode, after: EventId, limit: u32) -> Vec<Event>;
    deliveries(query: DeliveryQuery, page: Page<DeliveryId>) -> Vec<Delivery>;
    last_attempts(of: Vec<DeliveryId>) -> Vec<(DeliveryId, Attempt)>;
    delivery(id: DeliveryId) -> Option<DeliveryRecord>;
    backlog() -> Backlog;
    resend(id: DeliveryId, now: Timestamp, once: Option<Once>) -> Done<DeliveryId>;
    job(id: JobId) -> Option<Job>;
    jobs(merchant: MerchantId, mode: Mode, page: Page<JobId>) -> Vec<Job>;
    running_jobs() -> Vec<Job>;
    step_job(id: JobId, step: Step) -> JobStep;
    create_merchant(new: NewMerchant, once: Option<Once>) -> Done<MerchantId>;
    merchant(id: MerchantId) -> Option<Merchant>;
    change_merchant(id: MerchantId, change: MerchantChange) -> ();
    create_key(new: NewKey, once: Option<Once>) -> Done<KeyId>;
    keys(merchant: MerchantId) -> Vec<Key>;
    key_by_hash(hash: [u8; 32]) -> Option<Key>;
    revoke_key(merchant: MerchantId, id: KeyId, at: Timestamp) -> bool;
    touch_keys(used: Vec<(KeyId, Timestamp)>) -> ();
    create_endpoint(new: NewEndpoint, once: Option<Once>) -> Done<EndpointId>;
    endpoint(id: EndpointId) -> Option<Endpoint>;
    endpoint_on_record(id: EndpointId) -> Option<(Endpoint, Option<Timestamp>)>;
    endpoints_deleted(merchant: MerchantId, mode: Mode, created_by: Timestamp, there_at: Timestamp)
        -> Vec<EndpointId>;
    change_endpoint(id: EndpointId, expected: u32, settings: Settings, at: Timestamp) -> u32;
    delete_endpoint(id: EndpointId, at: Timestamp) -> bool;
    rotate_secret(id: EndpointId, new: NewSecret, overlap_until: Timestamp, once: Option<Once>)
        -> Done<SecretId>;
    versions(id: EndpointId) -> Vec<(u32, Timestamp, Settings)>;
    version_at(id: EndpointId, at: Timestamp) -> Option<(u32, Timestamp, Settings)>;
    secrets(id: EndpointId) -> Vec<EndpointSecret>;
    register_contract(name: String, version: [u8; 16], source: String) -> ContractId;
    contract(id: ContractId) -> Option<(String, String)>;
    value(name: &'static str) -> Option<Vec<u8>>;
    put_value(name: &'static str, value: Vec<u8>, replace: bool) -> Vec<u8>;
    sealed_otherwise(current: [u8; 4], limit: u32) -> Vec<SealedRow>;
    reseal(rows: Vec<SealedRow>) -> ();
    used(once: Once) -> Option<i64>;
    expire_once(before: Timestamp, limit: u32) -> u32;
    open_parts(now: Timestamp) -> u32;
    end_old(keep: Keep, after: Option<EndpointId>) -> Ended;
    close_part(keep: Keep) -> PartStep;
    forget(keep: Keep, after: Option<MerchantId>) -> Forgotten;
    extent() -> Extent;
    health() -> u64;
}
