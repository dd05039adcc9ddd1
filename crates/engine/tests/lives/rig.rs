//! The store as the engine sees it: a real one, whose verbs take time, are refused, or are the last that a process does.

use std::sync::Arc;
use std::time::Duration;

use futures::future::FutureExt;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::attempt::Attempt;
use posthorn_core::delivery::{Claim, Delivery};
use posthorn_core::endpoint::{Endpoint, EndpointSecret, Settings, Status};
use posthorn_core::event::{Event, Mode};
use posthorn_core::history::Block;
use posthorn_core::id::{
    ApplicationId, ContractId, DeliveryId, EndpointId, EventId, IncidentId, JobId, KeyId, LoginId,
    MerchantId, SecretId,
};
use posthorn_core::incident::Incident;
use posthorn_core::merchant::{Key, Merchant};
use posthorn_core::oauth::{Application, Login};
use posthorn_core::search::Words;
use posthorn_engine::clock::Clock;
use posthorn_store::{
    Accept, Accepted, Answer, Ask, Backlog, Balance, BlockQuery, Decision, DeliveryQuery,
    DeliveryRecord, Difference, Directory, Done, Ended, EventQuery, Extent, Family, Forgotten,
    Grants, Incidents, Job, JobStep, Keep, KeptBlock, LetIn, MerchantChange, NewApplication,
    NewEndpoint, NewIncident, NewJob, NewKey, NewLogin, NewMerchant, NewSecret, NewToken, Once,
    Page, PartStep, PostedMovement, Record, RecordKind, RecordQuery, Records, Redeemed, Release,
    Requests, SealedRow, Servers, Settled, Settlement, Step, Store, StoreError, Token, Total,
    Waking, Whose,
};

use crate::clock::SimClock;
use crate::weather::Weather;
use crate::witness::Witness;

pub(crate) struct Rig {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) clock: SimClock,
    pub(crate) weather: Weather,
    pub(crate) witness: Witness,
}

impl Rig {
    /// A verb's turn comes, or never comes: the process is dead.
    async fn turn(&self) {
        match self.weather.turn() {
            None => std::future::pending().await,
            Some(0) => {}
            Some(wait) => self.clock.sleep(Duration::from_micros(wait)).await,
        }
    }

    async fn begin(&self) -> Result<(), StoreError> {
        self.turn().await;
        self.weather.refuse()
    }
}

/// Whoever has a database for itself: the engine's servers are not what this is about.
impl Servers for Rig {}

macro_rules! verbs {
    ($seam:ident: $($verb:ident($($given:ident: $type:ty),*) -> $answer:ty;)* $(=> $($rest:tt)*)?) => {
        impl $seam for Rig {
            $(fn $verb(&self, $($given: $type),*) -> Answer<'_, $answer> {
                Box::pin(async move {
                    self.begin().await?;
                    let inner = Arc::clone(&self.inner);
                    let verb = async move { inner.$verb($($given),*).await };
                    let result = self.weather.under_way(verb.boxed()).await;
                    self.turn().await;
                    result
                })
            })*
            $($($rest)*)?
        }
    };
}

verbs! { Records:
    records(query: RecordQuery, page: Page<i64>) -> Vec<Record>;
    search_records(query: RecordQuery, words: Words, page: Page<i64>) -> Vec<Record>;
    feed_page(feed: i64, page: u32) -> Option<Vec<u8>>;
    record_at(place: (MerchantId, Mode), kind: RecordKind, nth: u32) -> Option<i64>;
    count_records(place: (MerchantId, Mode), kind: RecordKind, most: u32) -> u64;
    records_of(parent: i64, limit: u32) -> Vec<Record>;
    waking(now: Timestamp, ahead: Vec<(MerchantId, Timestamp)>, limit: u32) -> Vec<Waking>;
    forget_record(id: i64, version: u32) -> bool;
    next_wake(place: Option<(MerchantId, Mode)>) -> Option<Timestamp>;
    balances(place: (MerchantId, Mode)) -> Vec<Balance>;
    movements(place: (MerchantId, Mode), page: Page<i64>) -> Vec<PostedMovement>;
    movements_of(subject: i64) -> Vec<PostedMovement>;
    differences(limit: u32) -> Vec<Difference>;
    totals() -> Vec<Total>;
    record_by_reference(place: (MerchantId, Mode), kind: RecordKind, reference: String)
        -> Option<Record>;
    =>
    fn commit(&self, decision: Decision) -> Answer<'_, Done<i64>> {
        Box::pin(async move {
            self.begin().await?;
            self.witness.writes(&decision);
            let records = decision.records.clone();
            let inner = Arc::clone(&self.inner);
            let verb = async move { inner.commit(decision).await };
            let done = self.weather.under_way(verb.boxed()).await;
            self.witness.written(&records, &done);
            self.turn().await;
            done
        })
    }

    fn record(&self, id: i64) -> Answer<'_, Option<Record>> {
        Box::pin(async move {
            self.begin().await?;
            let inner = Arc::clone(&self.inner);
            let verb = async move { inner.record(id).await };
            let found = self.weather.under_way(verb.boxed()).await;
            if let Ok(Some(record)) = &found {
                self.witness.read(record);
            }
            self.turn().await;
            found
        })
    }
}

verbs! { Grants:
    create_login(new: NewLogin, once: Option<Once>) -> Done<LoginId>;
    logins(place: (MerchantId, Mode), page: Page<LoginId>) -> Vec<Login>;
    delete_login(place: (MerchantId, Mode), id: LoginId, at: Timestamp) -> bool;
    logins_by_email(mode: Mode, email: String, limit: u32) -> Vec<Login>;
    create_application(new: NewApplication, once: Option<Once>) -> Done<ApplicationId>;
    application(id: ApplicationId) -> Option<Application>;
    application_by_client(client: String) -> Option<Application>;
    applications(place: (MerchantId, Mode), page: Page<ApplicationId>) -> Vec<Application>;
    delete_application(place: (MerchantId, Mode), id: ApplicationId, at: Timestamp) -> bool;
    login(id: LoginId) -> Option<Login>;
    set_login_password(id: LoginId, was: Vec<u8>, is: Vec<u8>) -> bool;
    let_in_by(login: LoginId, now: Timestamp, page: Page<ApplicationId>) -> Vec<LetIn>;
    shut_out(login: LoginId, application: ApplicationId, at: Timestamp) -> bool;
    issue(family: Family, tokens: Vec<NewToken>, at: Timestamp) -> bool;
    token(hash: [u8; 32]) -> Option<Token>;
    redeem(hash: [u8; 32], at: Timestamp, given: Vec<NewToken>) -> Redeemed;
    revoke_token(hash: [u8; 32], family: bool, at: Timestamp) -> bool;
    forget_tokens(before: Timestamp, limit: u32) -> u32;
    forget_applications(before: Timestamp, limit: u32) -> u32;
}

verbs! { Incidents:
    open_incident(new: NewIncident, once: Option<Once>) -> Done<IncidentId>;
    tell_incident(after: Incident, once: Option<Once>) -> bool;
    incident(id: IncidentId) -> Option<Incident>;
    incidents() -> Vec<Incident>;
}

verbs! { Requests:
    keep_requests(block: Block) -> i64;
    requests(query: BlockQuery) -> Vec<KeptBlock>;
    requests_at(whose: Whose, at: Timestamp) -> Vec<KeptBlock>;
    requests_with(whose: Whose, hash: i64) -> Vec<KeptBlock>;
    forget_requests(before: Timestamp, limit: u32) -> u32;
}

verbs! { Store:
    accept(events: Vec<Accept>) -> Vec<Accepted>;
    claim(asks: Vec<Ask>, until: Timestamp, bytes_max: usize) -> Vec<Claim>;
    settle(settlements: Vec<Settlement>) -> Vec<Settled>;
    release(releases: Vec<Release>) -> ();
    release_all(now: Timestamp) -> u64;
    release_expired(now: Timestamp, limit: u32) -> Vec<EndpointId>;
    next_due(endpoints: Option<Vec<EndpointId>>) -> Vec<(EndpointId, Timestamp)>;
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
    create_job(job: NewJob, once: Option<Once>) -> Done<JobId>;
    job(id: JobId) -> Option<Job>;
    jobs(merchant: MerchantId, mode: Mode, page: Page<JobId>) -> Vec<Job>;
    running_jobs() -> Vec<Job>;
    step_job(id: JobId, step: Step) -> JobStep;
    progress_job(id: JobId, done: u64, ended: Option<Timestamp>) -> ();
    cancel_job(id: JobId, at: Timestamp) -> bool;
    directory() -> Directory;
    create_merchant(new: NewMerchant, once: Option<Once>) -> Done<MerchantId>;
    merchant(id: MerchantId) -> Option<Merchant>;
    change_merchant(id: MerchantId, change: MerchantChange) -> ();
    set_clock(id: MerchantId, offset: SignedDuration) -> ();
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
    set_status(id: EndpointId, status: Status, at: Timestamp, notices: Vec<Accept>) -> Status;
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
    =>
    fn log_bytes(&self) -> u64 {
        self.inner.log_bytes()
    }
}
