//! Customers, products, offers and users: made, read, listed, changed. What a contract has an event for is told.

use posthorn_core::contract::Transition;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::payment::{Facts, Subject};
use posthorn_core::search::Words;
use posthorn_core::shop::{BadText, Customer, Entry, Offer, Product, User};
use posthorn_store::{Decision, Done, Once, Page, Record, RecordKind, RecordQuery, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::TRIES;
use super::affair::{read, record_of};
use super::card::check_no_card;
use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::shared::Shared;

/// What a merchant keeps for its sales.
pub trait Kept: Serialize + DeserializeOwned + Clone + PartialEq + Send + 'static {
    /// What its records are.
    const KIND: RecordKind;
    /// What it is called.
    const WHAT: &'static str;
    /// What has happened when it was made, and when it changed, where that is told.
    const TOLD: (Option<Transition>, Option<Transition>) = (None, None);
    /// Its number.
    fn number(&self) -> i64;
    /// What it belongs to: an offer to its product, nothing else to anything.
    fn parent(&self) -> Option<i64> {
        None
    }
    /// What no other of its kind may be called.
    fn called(&self) -> Option<String> {
        None
    }
    /// What it is found by, where it can be looked for.
    fn words(&self) -> Option<Words> {
        None
    }
    /// What can be told of it.
    fn subject(&self) -> Option<Subject<'_>> {
        None
    }
    /// What all of them have.
    fn entry(&self) -> &Entry;
    /// The same, to be changed.
    fn entry_mut(&mut self) -> &mut Entry;
    /// Checks its texts.
    fn check(&self) -> Result<(), BadText>;
}

impl Kept for Customer {
    const KIND: RecordKind = RecordKind::Customer;
    const WHAT: &'static str = "customer";

    fn number(&self) -> i64 {
        self.id.as_i64()
    }

    fn entry(&self) -> &Entry {
        &self.entry
    }

    fn entry_mut(&mut self) -> &mut Entry {
        &mut self.entry
    }

    fn check(&self) -> Result<(), BadText> {
        Self::check(self)
    }
}

impl Kept for Product {
    const KIND: RecordKind = RecordKind::Product;
    const WHAT: &'static str = "product";
    const TOLD: (Option<Transition>, Option<Transition>) = (None, Some(Transition::ProductUpdated));

    fn subject(&self) -> Option<Subject<'_>> {
        Some(Subject::Product(self.facts()))
    }

    fn words(&self) -> Option<Words> {
        Some(Self::words(self))
    }

    fn number(&self) -> i64 {
        self.id.as_i64()
    }

    fn entry(&self) -> &Entry {
        &self.entry
    }

    fn entry_mut(&mut self) -> &mut Entry {
        &mut self.entry
    }

    fn check(&self) -> Result<(), BadText> {
        Self::check(self)
    }
}

impl Kept for Offer {
    const KIND: RecordKind = RecordKind::Offer;
    const WHAT: &'static str = "offer";

    fn number(&self) -> i64 {
        self.id.as_i64()
    }

    fn parent(&self) -> Option<i64> {
        Some(self.product.as_i64())
    }

    fn entry(&self) -> &Entry {
        &self.entry
    }

    fn entry_mut(&mut self) -> &mut Entry {
        &mut self.entry
    }

    fn check(&self) -> Result<(), BadText> {
        Self::check(self)
    }
}

impl Kept for User {
    const KIND: RecordKind = RecordKind::User;
    const WHAT: &'static str = "user";
    const TOLD: (Option<Transition>, Option<Transition>) =
        (Some(Transition::UserCreated), Some(Transition::UserUpdated));

    fn subject(&self) -> Option<Subject<'_>> {
        Some(Subject::User(self.facts()))
    }

    fn words(&self) -> Option<Words> {
        Some(Self::words(self))
    }

    fn called(&self) -> Option<String> {
        Some(self.address())
    }

    fn number(&self) -> i64 {
        self.id.as_i64()
    }

    fn entry(&self) -> &Entry {
        &self.entry
    }

    fn entry_mut(&mut self) -> &mut Entry {
        &mut self.entry
    }

    fn check(&self) -> Result<(), BadText> {
        Self::check(self)
    }
}

impl Engine {
    /// Makes a customer, a product, an offer or a user; `make` is given its number and what all of them have. The answer says whether
    /// the same request had made it before.
    pub async fn keep<T: Kept>(
        &self,
        caller: Caller,
        place: (MerchantId, Mode),
        make: impl FnOnce(i64, Entry) -> T + Send + 'static,
        request: Option<&RequestKey>,
    ) -> Result<(T, bool), EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            if let Some(id) = shared.used(once).await? {
                return Ok((shared.thing(place, id).await?.0, true));
            }
            let real = shared.clock.now();
            let id = shared.next_event_id(real).as_i64();
            let now = shared.directory.now(place.0, place.1, real);
            let (merchant, mode) = place;
            let metadata = "{}".to_owned();
            let entry = Entry { merchant, mode, metadata, created: now, updated: now, sequence: 0 };
            let thing = make(id, entry);
            thing.check()?;
            check_no_card(&thing)?;
            if let Some(product) = thing.parent() {
                shared.thing::<Product>(place, product).await?;
            }
            match shared.write_thing(thing, 0, once).await? {
                (thing, Done::Now(_)) => {
                    if T::KIND == RecordKind::Product {
                        shared.feed_product(place).await;
                    }
                    Ok((thing, false))
                }
                (_, Done::Before(id)) => Ok((shared.thing(place, id).await?.0, true)),
            }
        };
        self.through(work).await
    }

    /// One of them.
    pub async fn kept<T: Kept>(
        &self,
        place: (MerchantId, Mode),
        id: i64,
    ) -> Result<T, EngineError> {
        Ok(self.shared.thing(place, id).await?.0)
    }

    /// Those of a kind, newest first; those with these words, where some are looked for.
    pub async fn kept_list<T: Kept>(
        &self,
        place: (MerchantId, Mode),
        words: Option<Words>,
        page: Page<i64>,
    ) -> Result<Vec<T>, EngineError> {
        let query = RecordQuery { place, kind: T::KIND, state: None };
        let records = self.shared.found(query, words, page).await?;
        records.iter().map(read).collect()
    }

    /// Changes one of them; what was sold before stays as it was. Under the same key it is done once.
    pub async fn change_kept<T: Kept>(
        &self,
        caller: Caller,
        (place, id): ((MerchantId, Mode), i64),
        change: impl Fn(&mut T) + Send + Sync + 'static,
        request: Option<&RequestKey>,
    ) -> Result<T, EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            if let Some(id) = shared.used(once).await? {
                return Ok(shared.thing(place, id).await?.0);
            }
            for _ in 0..TRIES {
                let (before, version) = shared.thing::<T>(place, id).await?;
                let mut thing = before.clone();
                change(&mut thing);
                thing.check()?;
                check_no_card(&thing)?;
                if thing == before {
                    shared.remember(id, once).await?;
                    return Ok(thing);
                }
                thing.entry_mut().updated =
                    shared.directory.now(place.0, place.1, shared.clock.now());
                match shared.write_thing(thing, version, once).await {
                    Ok((thing, Done::Now(_))) => return Ok(thing),
                    Ok((_, Done::Before(id))) => return Ok(shared.thing(place, id).await?.0),
                    Err(EngineError::Store(StoreError::Stale { .. })) => {}
                    Err(error) => return Err(error),
                }
            }
            Err(EngineError::Busy { retry_after_s: 1 })
        };
        self.through(work).await
    }
}

impl Shared {
    /// A page of a list; of what these words find in it, where some are looked for.
    pub(super) async fn found(
        &self,
        query: RecordQuery,
        words: Option<Words>,
        page: Page<i64>,
    ) -> Result<Vec<Record>, StoreError> {
        match words {
            None => self.store.records(query, page).await,
            Some(words) => self.store.search_records(query, words, page).await,
        }
    }

    /// Writes one with what is told of it.
    async fn write_thing<T: Kept>(
        &self,
        mut thing: T,
        version: u32,
        once: Option<Once>,
    ) -> Result<(T, Done<i64>), EngineError> {
        let (merchant, mode) = (thing.entry().merchant, thing.entry().mode);
        let audience =
            self.audience(merchant, mode).ok_or(EngineError::Missing { what: "merchant" })?;
        let _running = self.followers.begin(merchant, self.last_event_id());
        let (id, mut sequence) = (thing.number(), thing.entry().sequence);
        let told = if version == 0 { T::TOLD.0 } else { T::TOLD.1 };
        let composed = match told.zip(thing.subject()) {
            Some((told, subject)) => {
                let merchant = audience.merchant.wire_id();
                let facts = Facts { subject, merchant: &merchant, payment_link: None };
                self.tell_of(&audience, told, &facts, (id, &mut sequence))?
            }
            None => Vec::new(),
        };
        thing.entry_mut().sequence = sequence;
        let decision = Decision {
            records: vec![record(&thing, version)],
            words: thing.words().map(|words| (id, words)).into_iter().collect(),
            events: composed.iter().map(|next| next.accept.clone()).collect(),
            once: once.map(|once| (once, id)),
            ..Decision::default()
        };
        let done = self.store.commit(decision).await;
        self.told(&audience, composed, matches!(done, Ok(Done::Now(_))));
        match done {
            Ok(done) => Ok((thing, done)),
            Err(error @ StoreError::Stale { .. }) => Err(EngineError::Store(error)),
            Err(error) => Err(error.into()),
        }
    }

    /// One of a merchant's, and the version that it was read at.
    pub(super) async fn thing<T: Kept>(
        &self,
        place: (MerchantId, Mode),
        id: i64,
    ) -> Result<(T, u32), EngineError> {
        let missing = || EngineError::Missing { what: T::WHAT };
        let record = self.store.record(id).await?.filter(|record| record.kind == T::KIND);
        let record = record.ok_or_else(missing)?;
        if (record.merchant, record.mode) != place {
            return Err(missing());
        }
        Ok((read(&record)?, record.version))
    }
}

fn record<T: Kept>(thing: &T, version: u32) -> Record {
    let place = (thing.entry().merchant, thing.entry().mode);
    Record {
        reference: thing.called(),
        parent: thing.parent(),
        ..record_of(T::KIND, thing.number(), place, version, thing)
    }
}
