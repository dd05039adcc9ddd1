//! [`Store`] on SQLite: which verb goes to the writer and which to a reader.

use jiff::{SignedDuration, Timestamp};
use posthorn_core::delivery::{Claim, Delivery};
use posthorn_core::endpoint::{Endpoint, EndpointSecret, Settings, Status};
use posthorn_core::event::{Event, Mode};
use posthorn_core::id::{
    ContractId, DeliveryId, EndpointId, EventId, JobId, KeyId, MerchantId, SecretId,
};
use posthorn_core::merchant::{Key, Merchant};

use super::Sqlite;
use super::job::Lane::{Ordinary, Reserved};
use super::readers::Patience;
use super::verbs::{
    accept, claim, deliveries, deployment, endpoints, events, jobs, merchants, once, settle,
    status, steps,
};
use crate::{
    Accept, Accepted, Answer, Ask, Backlog, DeliveryQuery, DeliveryRecord, Directory, Done,
    EventQuery, Job, JobStep, MerchantChange, NewEndpoint, NewJob, NewKey, NewMerchant, NewSecret,
    Once, Page, Release, SealedRow, Settled, Settlement, Step, Store, StoreError,
};

/// What a verb without a payload writes, roughly.
const SMALL: usize = 512;

fn accept_bytes(events: &[Accept]) -> usize {
    let one =
        |accept: &Accept| SMALL + accept.event.data.as_bytes().len() + accept.deliveries.len() * 64;
    events.iter().map(one).sum()
}

fn settle_bytes(settlements: &[Settlement]) -> usize {
    let body = |settlement: &Settlement| {
        let result = settlement.attempt.as_ref().map(|attempt| &attempt.tried.result);
        let answer = result.and_then(|result| match result {
            Ok(answer) => Some(answer),
            Err(unreachable) => unreachable.partial.as_deref(),
        });
        answer.map_or(0, |answer| answer.body.len())
    };
    let notices = |settlement: &Settlement| {
        accept_bytes(&settlement.notices) + accept_bytes(&settlement.notices_if_rested)
    };
    let one = |settlement: &Settlement| SMALL + body(settlement) + notices(settlement);
    settlements.iter().map(one).sum()
}

impl Store for Sqlite {
    fn accept(&self, events: Vec<Accept>) -> Answer<'_, Vec<Accepted>> {
        self.write(Ordinary, accept_bytes(&events), move |db| accept::accept(db, &events))
    }

    fn claim(&self, asks: Vec<Ask>, until: Timestamp, bytes_max: usize) -> Answer<'_, Vec<Claim>> {
        self.write(Ordinary, SMALL, move |db| claim::claim(db, &asks, until, bytes_max))
    }

    fn settle(&self, settlements: Vec<Settlement>) -> Answer<'_, Vec<Settled>> {
        let bytes = settle_bytes(&settlements);
        self.write(Reserved, bytes, move |db| settle::settle(db, &settlements))
    }

    fn release(&self, releases: Vec<Release>) -> Answer<'_, ()> {
        self.write(Reserved, SMALL, move |db| claim::release(db, &releases))
    }

    fn release_all(&self, now: Timestamp) -> Answer<'_, u64> {
        self.write(Reserved, SMALL, move |db| claim::release_all(db, now))
    }

    fn next_due(
        &self,
        endpoints: Option<Vec<EndpointId>>,
    ) -> Answer<'_, Vec<(EndpointId, Timestamp)>> {
        let patience = if endpoints.is_none() { Patience::Endless } else { Patience::Second };
        self.read_with(patience, move |db| claim::next_due(db, endpoints.as_deref()))
    }

    fn last_event(&self) -> Answer<'_, Option<EventId>> {
        self.read_with(Patience::Endless, events::last)
    }

    fn event(&self, id: EventId) -> Answer<'_, Option<Event>> {
        self.read(move |db| events::one(db, id))
    }

    fn event_by_reference(
        &self,
        merchant: MerchantId,
        mode: Mode,
        reference: String,
    ) -> Answer<'_, Option<Event>> {
        self.read(move |db| events::by_reference(db, merchant, mode, &reference))
    }

    fn events(&self, query: EventQuery, page: Page<EventId>) -> Answer<'_, Vec<Event>> {
        self.read(move |db| events::list(db, &query, page))
    }

    fn events_after(
        &self,
        merchant: MerchantId,
        mode: Mode,
        after: EventId,
        limit: u32,
    ) -> Answer<'_, Vec<Event>> {
        self.read(move |db| events::after(db, (merchant, mode), after, limit))
    }

    fn deliveries(
        &self,
        query: DeliveryQuery,
        page: Page<DeliveryId>,
    ) -> Answer<'_, Vec<Delivery>> {
        self.read(move |db| deliveries::list(db, &query, page))
    }

    fn delivery(&self, id: DeliveryId) -> Answer<'_, Option<DeliveryRecord>> {
        self.read(move |db| deliveries::record(db, id))
    }

    fn backlog(&self) -> Answer<'_, Backlog> {
        self.read(deliveries::backlog)
    }

    fn resend(
        &self,
        id: DeliveryId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Answer<'_, Done<DeliveryId>> {
        self.write(Ordinary, SMALL, move |db| deliveries::resend(db, id, now, once.as_ref()))
    }

    /// The rows are counted by a reader first: that can take a second, and nobody may wait for it.
    fn create_job(&self, job: NewJob, once: Option<Once>) -> Answer<'_, Done<JobId>> {
        Box::pin(async move {
            let counting = job.clone();
            let counted = self.read(move |db| jobs::count(db, &counting)).await;
            let total = match counted {
                Ok(total) => total,
                Err(StoreError::Unavailable { .. }) => None,
                Err(error) => return Err(error),
            };
            let create = move |db: &_| jobs::create(db, &job, total, once.as_ref());
            self.write(Ordinary, SMALL, create).await
        })
    }

    fn job(&self, id: JobId) -> Answer<'_, Option<Job>> {
        self.read(move |db| jobs::one(db, id))
    }

    fn jobs(&self, merchant: MerchantId, mode: Mode, page: Page<JobId>) -> Answer<'_, Vec<Job>> {
        self.read(move |db| jobs::list(db, merchant, mode, page))
    }

    fn running_jobs(&self) -> Answer<'_, Vec<Job>> {
        self.read_with(Patience::Endless, jobs::running)
    }

    fn step_job(&self, id: JobId, step: Step) -> Answer<'_, JobStep> {
        self.write(Ordinary, SMALL, move |db| steps::step(db, id, step))
    }

    fn progress_job(&self, id: JobId, done: u64, ended: Option<Timestamp>) -> Answer<'_, ()> {
        self.write(Ordinary, SMALL, move |db| jobs::progress(db, id, done, ended))
    }

    fn cancel_job(&self, id: JobId, at: Timestamp) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, move |db| jobs::cancel(db, id, at))
    }

    fn directory(&self) -> Answer<'_, Directory> {
        self.read_with(Patience::Endless, merchants::directory)
    }

    fn create_merchant(
        &self,
        new: NewMerchant,
        once: Option<Once>,
    ) -> Answer<'_, Done<MerchantId>> {
        self.write(Ordinary, SMALL, move |db| merchants::create(db, &new, once.as_ref()))
    }

    fn merchant(&self, id: MerchantId) -> Answer<'_, Option<Merchant>> {
        self.read(move |db| merchants::one(db, id))
    }

    fn change_merchant(&self, id: MerchantId, change: MerchantChange) -> Answer<'_, ()> {
        self.write(Ordinary, SMALL, move |db| merchants::change(db, id, &change))
    }

    fn set_clock(&self, id: MerchantId, offset: SignedDuration) -> Answer<'_, ()> {
        self.write(Ordinary, SMALL, move |db| merchants::set_clock(db, id, offset))
    }

    fn create_key(&self, new: NewKey, once: Option<Once>) -> Answer<'_, Done<KeyId>> {
        self.write(Ordinary, SMALL, move |db| merchants::create_key(db, &new, once.as_ref()))
    }

    fn keys(&self, merchant: MerchantId) -> Answer<'_, Vec<Key>> {
        self.read(move |db| merchants::keys(db, merchant))
    }

    fn key_by_hash(&self, hash: [u8; 32]) -> Answer<'_, Option<Key>> {
        self.read(move |db| merchants::key_by_hash(db, &hash))
    }

    fn revoke_key(&self, merchant: MerchantId, id: KeyId, at: Timestamp) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, move |db| merchants::revoke_key(db, merchant, id, at))
    }

    fn touch_keys(&self, used: Vec<(KeyId, Timestamp)>) -> Answer<'_, ()> {
        self.write(Ordinary, SMALL, move |db| merchants::touch_keys(db, &used))
    }

    fn create_endpoint(
        &self,
        new: NewEndpoint,
        once: Option<Once>,
    ) -> Answer<'_, Done<EndpointId>> {
        self.write(Ordinary, SMALL, move |db| endpoints::create(db, &new, once.as_ref()))
    }

    fn endpoint(&self, id: EndpointId) -> Answer<'_, Option<Endpoint>> {
        self.read(move |db| endpoints::one(db, id))
    }

    fn endpoint_on_record(
        &self,
        id: EndpointId,
    ) -> Answer<'_, Option<(Endpoint, Option<Timestamp>)>> {
        self.read(move |db| endpoints::on_record(db, id))
    }

    fn endpoints_deleted(
        &self,
        merchant: MerchantId,
        mode: Mode,
        created_by: Timestamp,
        there_at: Timestamp,
    ) -> Answer<'_, Vec<EndpointId>> {
        self.read(move |db| endpoints::deleted(db, (merchant, mode), created_by, there_at))
    }

    fn change_endpoint(
        &self,
        id: EndpointId,
        expected: u32,
        settings: Settings,
        at: Timestamp,
    ) -> Answer<'_, u32> {
        self.write(Ordinary, SMALL, move |db| endpoints::change(db, id, expected, (&settings, at)))
    }

    fn set_status(
        &self,
        id: EndpointId,
        status: Status,
        at: Timestamp,
        notices: Vec<Accept>,
    ) -> Answer<'_, Status> {
        let bytes = SMALL + accept_bytes(&notices);
        self.write(Ordinary, bytes, move |db| status::set(db, id, status, at, &notices))
    }

    fn delete_endpoint(&self, id: EndpointId, at: Timestamp) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, move |db| status::delete(db, id, at))
    }

    fn rotate_secret(
        &self,
        id: EndpointId,
        new: NewSecret,
        overlap_until: Timestamp,
        once: Option<Once>,
    ) -> Answer<'_, Done<SecretId>> {
        self.write(Ordinary, SMALL, move |db| {
            endpoints::rotate(db, id, (&new, overlap_until), once.as_ref())
        })
    }

    fn versions(&self, id: EndpointId) -> Answer<'_, Vec<(u32, Timestamp, Settings)>> {
        self.read(move |db| endpoints::versions(db, id))
    }

    fn version_at(
        &self,
        id: EndpointId,
        at: Timestamp,
    ) -> Answer<'_, Option<(u32, Timestamp, Settings)>> {
        self.read(move |db| endpoints::version_at(db, id, at))
    }

    fn secrets(&self, id: EndpointId) -> Answer<'_, Vec<EndpointSecret>> {
        self.read(move |db| endpoints::secrets(db, id))
    }

    fn register_contract(
        &self,
        name: String,
        version: [u8; 16],
        source: String,
    ) -> Answer<'_, ContractId> {
        self.write(Reserved, SMALL + source.len(), move |db| {
            deployment::register_contract(db, &name, &version, &source)
        })
    }

    fn contract(&self, id: ContractId) -> Answer<'_, Option<(String, String)>> {
        self.read(move |db| deployment::contract(db, id))
    }

    fn value(&self, name: &'static str) -> Answer<'_, Option<Vec<u8>>> {
        self.read(move |db| deployment::value(db, name))
    }

    fn put_value(&self, name: &'static str, value: Vec<u8>, replace: bool) -> Answer<'_, Vec<u8>> {
        self.write(Reserved, SMALL, move |db| deployment::put_value(db, name, &value, replace))
    }

    fn sealed_otherwise(&self, current: [u8; 4], limit: u32) -> Answer<'_, Vec<SealedRow>> {
        self.read(move |db| deployment::sealed_otherwise(db, current, limit))
    }

    fn reseal(&self, rows: Vec<SealedRow>) -> Answer<'_, ()> {
        self.write(Ordinary, SMALL, move |db| deployment::reseal(db, &rows))
    }

    fn used(&self, once: Once) -> Answer<'_, Option<i64>> {
        self.read(move |db| once::before(db, Some(&once)))
    }

    fn expire_once(&self, before: Timestamp, limit: u32) -> Answer<'_, u32> {
        self.write(Ordinary, SMALL, move |db| once::expire(db, before, limit))
    }

    fn log_bytes(&self) -> u64 {
        self.wal_bytes()
    }

    fn health(&self) -> Answer<'_, u64> {
        Box::pin(async move {
            self.write(Ordinary, SMALL, deployment::probe).await?;
            Ok(self.wal_bytes())
        })
    }
}
