//! [`Store`] on any [`Backend`]: which verb writes and which reads.

use crate::backend::Lane::{Ordinary, Reserved};
use crate::backend::{Backend, Patience};
use crate::verbs::{
    claim, deliveries, deployment, endpoints, events, forget, jobs, merchants, once, status, steps,
};
use crate::weight::{SMALL, accept_bytes};
use crate::{
    Accept, Accepted, Answer, Ask, Backlog, DeliveryQuery, DeliveryRecord, Directory, Done, Ended,
    EventQuery, Extent, Forgotten, Job, JobStep, Keep, MerchantChange, NewEndpoint, NewJob, NewKey,
    NewMerchant, NewSecret, Once, Page, PartStep, Release, SealedRow, Settled, Settlement, Step,
    Store, StoreError,
};
use jiff::{SignedDuration, Timestamp};
use posthorn_core::attempt::Attempt;
use posthorn_core::delivery::{Claim, Delivery};
use posthorn_core::endpoint::{Endpoint, EndpointSecret, Settings, Status};
use posthorn_core::event::{Event, Mode};
use posthorn_core::id::{
    ContractId, DeliveryId, EndpointId, EventId, JobId, KeyId, MerchantId, SecretId,
};
use posthorn_core::merchant::{Key, Merchant};

impl<B: Backend> Store for B {
    fn accept(&self, events: Vec<Accept>) -> Answer<'_, Vec<Accepted>> {
        Backend::accept(self, events)
    }

    fn claim(&self, asks: Vec<Ask>, until: Timestamp, bytes_max: usize) -> Answer<'_, Vec<Claim>> {
        Backend::claim(self, asks, until, bytes_max)
    }

    fn settle(&self, settlements: Vec<Settlement>) -> Answer<'_, Vec<Settled>> {
        Backend::settle(self, settlements)
    }

    fn release(&self, releases: Vec<Release>) -> Answer<'_, ()> {
        Backend::release(self, releases)
    }

    fn release_all(&self, now: Timestamp) -> Answer<'_, u64> {
        self.write(Reserved, SMALL, async move |db| claim::release_all(db, now).await)
    }

    fn release_expired(&self, now: Timestamp, limit: u32) -> Answer<'_, Vec<EndpointId>> {
        self.write(Ordinary, SMALL, async move |db| claim::release_expired(db, now, limit).await)
    }

    fn next_due(
        &self,
        endpoints: Option<Vec<EndpointId>>,
    ) -> Answer<'_, Vec<(EndpointId, Timestamp)>> {
        let patience = if endpoints.is_none() { Patience::Endless } else { Patience::Second };
        self.read_with(patience, async move |db| claim::next_due(db, endpoints.as_deref()).await)
    }

    fn last_event(&self) -> Answer<'_, Option<EventId>> {
        self.read_with(Patience::Endless, async |db| events::last(db).await)
    }

    fn event(&self, id: EventId) -> Answer<'_, Option<Event>> {
        self.read(async move |db| events::one(db, id).await)
    }

    fn event_by_reference(
        &self,
        merchant: MerchantId,
        mode: Mode,
        reference: String,
    ) -> Answer<'_, Option<Event>> {
        self.read(async move |db| events::by_reference(db, merchant, mode, &reference).await)
    }

    fn events(&self, query: EventQuery, page: Page<EventId>) -> Answer<'_, Vec<Event>> {
        self.read(async move |db| events::list(db, &query, page).await)
    }

    fn events_after(
        &self,
        merchant: MerchantId,
        mode: Mode,
        after: EventId,
        limit: u32,
    ) -> Answer<'_, Vec<Event>> {
        self.read(async move |db| events::after(db, (merchant, mode), after, limit).await)
    }

    fn deliveries(
        &self,
        query: DeliveryQuery,
        page: Page<DeliveryId>,
    ) -> Answer<'_, Vec<Delivery>> {
        self.read(async move |db| deliveries::list(db, &query, page).await)
    }

    fn last_attempts(&self, of: Vec<DeliveryId>) -> Answer<'_, Vec<(DeliveryId, Attempt)>> {
        self.read(async move |db| deliveries::last_attempts(db, &of).await)
    }

    fn delivery(&self, id: DeliveryId) -> Answer<'_, Option<DeliveryRecord>> {
        self.read(async move |db| deliveries::record(db, id).await)
    }

    fn backlog(&self) -> Answer<'_, Backlog> {
        self.read(async |db| deliveries::backlog(db).await)
    }

    fn resend(
        &self,
        id: DeliveryId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Answer<'_, Done<DeliveryId>> {
        self.write(Ordinary, SMALL, async move |db| {
            deliveries::resend(db, id, now, once.as_ref()).await
        })
    }

    /// The rows are counted by a reader first: that can take a second, and nobody may wait for it.
    fn create_job(&self, job: NewJob, once: Option<Once>) -> Answer<'_, Done<JobId>> {
        Box::pin(async move {
            let counting = job.clone();
            let counted = self.read(async move |db| jobs::count(db, &counting).await).await;
            let total = match counted {
                Ok(total) => total,
                Err(StoreError::Unavailable { .. }) => None,
                Err(error) => return Err(error),
            };
            let create = async move |db: &B::Tx| jobs::create(db, &job, total, once.as_ref()).await;
            self.write(Ordinary, SMALL, create).await
        })
    }

    fn job(&self, id: JobId) -> Answer<'_, Option<Job>> {
        self.read(async move |db| jobs::one(db, id).await)
    }

    fn jobs(&self, merchant: MerchantId, mode: Mode, page: Page<JobId>) -> Answer<'_, Vec<Job>> {
        self.read(async move |db| jobs::list(db, merchant, mode, page).await)
    }

    fn running_jobs(&self) -> Answer<'_, Vec<Job>> {
        self.read_with(Patience::Endless, async |db| jobs::running(db).await)
    }

    fn step_job(&self, id: JobId, step: Step) -> Answer<'_, JobStep> {
        self.write(Ordinary, SMALL, async move |db| steps::step(db, id, step).await)
    }

    fn progress_job(&self, id: JobId, done: u64, ended: Option<Timestamp>) -> Answer<'_, ()> {
        self.write(Ordinary, SMALL, async move |db| jobs::progress(db, id, done, ended).await)
    }

    fn cancel_job(&self, id: JobId, at: Timestamp) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, async move |db| jobs::cancel(db, id, at).await)
    }

    fn directory(&self) -> Answer<'_, Directory> {
        self.read_with(Patience::Endless, async |db| merchants::directory(db).await)
    }

    fn create_merchant(
        &self,
        new: NewMerchant,
        once: Option<Once>,
    ) -> Answer<'_, Done<MerchantId>> {
        self.write(Ordinary, SMALL, async move |db| {
            merchants::create(db, &new, once.as_ref()).await
        })
    }

    fn merchant(&self, id: MerchantId) -> Answer<'_, Option<Merchant>> {
        self.read(async move |db| merchants::one(db, id).await)
    }

    fn change_merchant(&self, id: MerchantId, change: MerchantChange) -> Answer<'_, ()> {
        self.write(Ordinary, SMALL, async move |db| merchants::change(db, id, &change).await)
    }

    fn set_clock(&self, id: MerchantId, offset: SignedDuration) -> Answer<'_, ()> {
        self.write(Ordinary, SMALL, async move |db| merchants::set_clock(db, id, offset).await)
    }

    fn create_key(&self, new: NewKey, once: Option<Once>) -> Answer<'_, Done<KeyId>> {
        self.write(Ordinary, SMALL, async move |db| {
            merchants::create_key(db, &new, once.as_ref()).await
        })
    }

    fn keys(&self, merchant: MerchantId) -> Answer<'_, Vec<Key>> {
        self.read(async move |db| merchants::keys(db, merchant).await)
    }

    fn key_by_hash(&self, hash: [u8; 32]) -> Answer<'_, Option<Key>> {
        self.read(async move |db| merchants::key_by_hash(db, &hash).await)
    }

    fn revoke_key(&self, merchant: MerchantId, id: KeyId, at: Timestamp) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, async move |db| {
            merchants::revoke_key(db, merchant, id, at).await
        })
    }

    fn touch_keys(&self, used: Vec<(KeyId, Timestamp)>) -> Answer<'_, ()> {
        self.write(Ordinary, SMALL, async move |db| merchants::touch_keys(db, &used).await)
    }

    fn create_endpoint(
        &self,
        new: NewEndpoint,
        once: Option<Once>,
    ) -> Answer<'_, Done<EndpointId>> {
        self.write(Ordinary, SMALL, async move |db| {
            endpoints::create(db, &new, once.as_ref()).await
        })
    }

    fn endpoint(&self, id: EndpointId) -> Answer<'_, Option<Endpoint>> {
        self.read(async move |db| endpoints::one(db, id).await)
    }

    fn endpoint_on_record(
        &self,
        id: EndpointId,
    ) -> Answer<'_, Option<(Endpoint, Option<Timestamp>)>> {
        self.read(async move |db| endpoints::on_record(db, id).await)
    }

    fn endpoints_deleted(
        &self,
        merchant: MerchantId,
        mode: Mode,
        created_by: Timestamp,
        there_at: Timestamp,
    ) -> Answer<'_, Vec<EndpointId>> {
        self.read(async move |db| {
            endpoints::deleted(db, (merchant, mode), created_by, there_at).await
        })
    }

    fn change_endpoint(
        &self,
        id: EndpointId,
        expected: u32,
        settings: Settings,
        at: Timestamp,
    ) -> Answer<'_, u32> {
        self.write(Ordinary, SMALL, async move |db| {
            endpoints::change(db, id, expected, (&settings, at)).await
        })
    }

    fn set_status(
        &self,
        id: EndpointId,
        status: Status,
        at: Timestamp,
        notices: Vec<Accept>,
    ) -> Answer<'_, Status> {
        let bytes = SMALL + accept_bytes(&notices);
        self.write(Ordinary, bytes, async move |db| status::set(db, id, status, at, &notices).await)
    }

    fn delete_endpoint(&self, id: EndpointId, at: Timestamp) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, async move |db| status::delete(db, id, at).await)
    }

    fn rotate_secret(
        &self,
        id: EndpointId,
        new: NewSecret,
        overlap_until: Timestamp,
        once: Option<Once>,
    ) -> Answer<'_, Done<SecretId>> {
        self.write(Ordinary, SMALL, async move |db| {
            endpoints::rotate(db, id, (&new, overlap_until), once.as_ref()).await
        })
    }

    fn versions(&self, id: EndpointId) -> Answer<'_, Vec<(u32, Timestamp, Settings)>> {
        self.read(async move |db| endpoints::versions(db, id).await)
    }

    fn version_at(
        &self,
        id: EndpointId,
        at: Timestamp,
    ) -> Answer<'_, Option<(u32, Timestamp, Settings)>> {
        self.read(async move |db| endpoints::version_at(db, id, at).await)
    }

    fn secrets(&self, id: EndpointId) -> Answer<'_, Vec<EndpointSecret>> {
        self.read(async move |db| endpoints::secrets(db, id).await)
    }

    fn register_contract(
        &self,
        name: String,
        version: [u8; 16],
        source: String,
    ) -> Answer<'_, ContractId> {
        self.write(Reserved, SMALL + source.len(), async move |db| {
            deployment::register_contract(db, &name, &version, &source).await
        })
    }

    fn contract(&self, id: ContractId) -> Answer<'_, Option<(String, String)>> {
        self.read(async move |db| deployment::contract(db, id).await)
    }

    fn value(&self, name: &'static str) -> Answer<'_, Option<Vec<u8>>> {
        self.read(async move |db| deployment::value(db, name).await)
    }

    fn put_value(&self, name: &'static str, value: Vec<u8>, replace: bool) -> Answer<'_, Vec<u8>> {
        self.write(Reserved, SMALL, async move |db| {
            deployment::put_value(db, name, &value, replace).await
        })
    }

    fn sealed_otherwise(&self, current: [u8; 4], limit: u32) -> Answer<'_, Vec<SealedRow>> {
        self.read(async move |db| deployment::sealed_otherwise(db, current, limit).await)
    }

    fn reseal(&self, rows: Vec<SealedRow>) -> Answer<'_, ()> {
        self.write(Ordinary, SMALL, async move |db| deployment::reseal(db, &rows).await)
    }

    fn used(&self, once: Once) -> Answer<'_, Option<i64>> {
        self.read(async move |db| once::before(db, Some(&once)).await)
    }

    fn expire_once(&self, before: Timestamp, limit: u32) -> Answer<'_, u32> {
        self.write(Ordinary, SMALL, async move |db| once::expire(db, before, limit).await)
    }

    fn open_parts(&self, now: Timestamp) -> Answer<'_, u32> {
        Backend::open_parts(self, now)
    }

    fn end_old(&self, keep: Keep, after: Option<EndpointId>) -> Answer<'_, Ended> {
        self.write(Ordinary, SMALL, async move |db| forget::end_old(db, keep, after).await)
    }

    fn close_part(&self, keep: Keep) -> Answer<'_, PartStep> {
        Backend::close_part(self, keep)
    }

    fn forget(&self, keep: Keep, after: Option<MerchantId>) -> Answer<'_, Forgotten> {
        self.write(Ordinary, SMALL, async move |db| forget::forget(db, keep, after).await)
    }

    fn extent(&self) -> Answer<'_, Extent> {
        self.read(async |db| forget::extent(db).await)
    }

    fn log_bytes(&self) -> u64 {
        self.wal_bytes()
    }

    fn health(&self) -> Answer<'_, u64> {
        let probed = self.write(Ordinary, SMALL, async |db| deployment::probe(db).await);
        Box::pin(async move { probed.await.map(|()| self.wal_bytes()) })
    }
}
