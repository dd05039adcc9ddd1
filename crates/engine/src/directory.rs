//! Merchants and endpoints in memory: what routing and sending look at, on every event.
//!
//! The database is the truth; every verb that changes one of them is followed by a reload of that
//! one. Each endpoint carries a [`Gauge`]: how much of it this process has leased, so that accept
//! knows without asking whether a first try may be leased in the accept transaction.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use posthorn_core::endpoint::Endpoint;
use posthorn_core::event::Mode;
use posthorn_core::id::{EndpointId, MerchantId};
use posthorn_core::merchant::Merchant;
use posthorn_store::Effect;

/// How many first tries may be leased for an endpoint before anything is known of its speed.
const ROOM_AT_FIRST: u32 = 64;

/// How much of an endpoint this process has leased, and how much more it may.
pub(crate) struct Gauge {
    leased: AtomicU32,
    room: AtomicU32,
    behind: AtomicBool,
    health: Mutex<Health>,
}

/// What tries have shown of an endpoint's health that is not on record yet.
#[derive(Default)]
struct Health {
    failing_since: Option<Timestamp>,
    unrecorded: usize,
}

impl Default for Gauge {
    fn default() -> Self {
        Self {
            leased: AtomicU32::new(0),
            room: AtomicU32::new(ROOM_AT_FIRST),
            behind: AtomicBool::new(false),
            health: Mutex::default(),
        }
    }
}

impl Gauge {
    /// Takes a lease's place, unless the endpoint is full or has older work waiting.
    pub(crate) fn try_lease(&self) -> bool {
        if self.behind.load(Ordering::Relaxed) {
            return false;
        }
        let room = self.room.load(Ordering::Relaxed);
        if self.leased.fetch_add(1, Ordering::Relaxed) < room {
            return true;
        }
        self.leased.fetch_sub(1, Ordering::Relaxed);
        false
    }

    /// Takes places for leases that a claim made.
    pub(crate) fn lease(&self, count: u32) {
        self.leased.fetch_add(count, Ordering::Relaxed);
    }

    /// Gives a lease's place back.
    pub(crate) fn give_back(&self) {
        let less = |leased: u32| leased.checked_sub(1);
        if self.leased.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_err() {
            debug_assert!(false, "a lease's place is given back once");
        }
    }

    pub(crate) fn leased(&self) -> u32 {
        self.leased.load(Ordering::Relaxed)
    }

    pub(crate) fn set_room(&self, room: u32) {
        self.room.store(room, Ordering::Relaxed);
    }

    /// Says whether older work waits in the database, which fresh work must not overtake.
    pub(crate) fn set_behind(&self, behind: bool) {
        self.behind.store(behind, Ordering::Relaxed);
    }

    /// Since when everything has failed, by what is known: also by tries that are not on record yet.
    pub(crate) fn failing_since(&self, endpoint: &Endpoint) -> Option<Timestamp> {
        let health = self.health();
        if health.unrecorded > 0 { health.failing_since } else { endpoint.failing_since }
    }

    /// A try was judged that changes the health so; it is to be recorded.
    pub(crate) fn note_effects(&self, effects: &[Effect]) {
        let mut health = self.health();
        for effect in effects {
            if let Effect::FailingSince(since) = effect {
                health.failing_since = *since;
                health.unrecorded += 1;
            }
        }
    }

    /// What a try changed is on record, or will never be.
    pub(crate) fn forget_effects(&self, effects: &[Effect]) {
        let judged = |effect: &&Effect| matches!(effect, Effect::FailingSince(_));
        let recorded = effects.iter().filter(judged).count();
        let mut health = self.health();
        health.unrecorded = health.unrecorded.saturating_sub(recorded);
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An endpoint as it stands, with its gauge.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) gauge: Arc<Gauge>,
}

#[derive(Default)]
struct Tables {
    merchants: HashMap<MerchantId, Arc<Merchant>>,
    endpoints: HashMap<EndpointId, Entry>,
    by_merchant: HashMap<(MerchantId, Mode), Arc<[Entry]>>,
    /// How often each endpoint was changed here; deleted ones are counted on.
    changes: HashMap<EndpointId, u64>,
    /// How often each merchant was read again.
    merchant_changes: HashMap<MerchantId, u64>,
}

impl Tables {
    fn changed(&mut self, id: EndpointId) {
        *self.changes.entry(id).or_default() += 1;
    }

    fn regroup(&mut self, merchant: MerchantId, mode: Mode) {
        let before = self.by_merchant.get(&(merchant, mode)).cloned().unwrap_or_default();
        let mut entries: Vec<Entry> = before
            .iter()
            .filter_map(|entry| self.endpoints.get(&entry.endpoint.id).cloned())
            .collect();
        entries.sort_by_key(|entry| entry.endpoint.id);
        self.by_merchant.insert((merchant, mode), entries.into());
    }
}

/// Merchants and endpoints in memory.
#[derive(Default)]
pub(crate) struct Directory {
    tables: RwLock<Tables>,
}

impl Directory {
    /// What stands in the database at start-up.
    pub(crate) fn load(all: posthorn_store::Directory) -> Self {
        let mut tables = Tables::default();
        for merchant in all.merchants {
            tables.merchants.insert(merchant.id, merchant);
        }
        let mut grouped: HashMap<(MerchantId, Mode), Vec<Entry>> = HashMap::new();
        for endpoint in all.endpoints {
            let place = (endpoint.merchant, endpoint.mode);
            let entry = Entry { endpoint, gauge: Arc::default() };
            tables.endpoints.insert(entry.endpoint.id, entry.clone());
            grouped.entry(place).or_default().push(entry);
        }
        tables.by_merchant =
            grouped.into_iter().map(|(place, entries)| (place, entries.into())).collect();
        Self { tables: RwLock::new(tables) }
    }

    pub(crate) fn merchant(&self, id: MerchantId) -> Option<Arc<Merchant>> {
        self.read().merchants.get(&id).cloned()
    }

    pub(crate) fn merchants(&self) -> Vec<Arc<Merchant>> {
        let mut all: Vec<_> = self.read().merchants.values().cloned().collect();
        all.sort_by_key(|merchant| merchant.id);
        all
    }

    pub(crate) fn endpoint(&self, id: EndpointId) -> Option<Entry> {
        self.read().endpoints.get(&id).cloned()
    }

    /// Every endpoint that is known.
    pub(crate) fn endpoint_ids(&self) -> Vec<EndpointId> {
        self.read().endpoints.keys().copied().collect()
    }

    /// A merchant's endpoints in a mode, by id.
    pub(crate) fn endpoints(&self, merchant: MerchantId, mode: Mode) -> Arc<[Entry]> {
        let found = self.read().by_merchant.get(&(merchant, mode)).cloned();
        found.unwrap_or_else(|| Arc::from([]))
    }

    /// A merchant and its endpoints in a mode, under one lock.
    pub(crate) fn audience(
        &self,
        merchant: MerchantId,
        mode: Mode,
    ) -> Option<(Arc<Merchant>, Arc<[Entry]>)> {
        let tables = self.read();
        let found = tables.merchants.get(&merchant).cloned()?;
        let entries = tables.by_merchant.get(&(merchant, mode)).cloned();
        Some((found, entries.unwrap_or_else(|| Arc::from([]))))
    }

    /// How often a merchant was read again: to be asked before it is read from the database.
    pub(crate) fn merchant_changes(&self, id: MerchantId) -> u64 {
        self.read().merchant_changes.get(&id).copied().unwrap_or(0)
    }

    /// Puts a merchant as it was read after `changes`. Its sandbox clock may have gone on since, and
    /// never goes back. `false`: it was put meanwhile, so that what was read may be older.
    pub(crate) fn put_merchant(&self, mut merchant: Merchant, changes: u64) -> bool {
        let mut tables = self.write();
        let count = tables.merchant_changes.entry(merchant.id).or_default();
        if *count != changes {
            return false;
        }
        *count += 1;
        if let Some(known) = tables.merchants.get(&merchant.id) {
            merchant.clock_offset = merchant.clock_offset.max(known.clock_offset);
        }
        tables.merchants.insert(merchant.id, Arc::new(merchant));
        true
    }

    /// How often an endpoint was changed here: to be asked before it is read from the database.
    pub(crate) fn changes(&self, id: EndpointId) -> u64 {
        self.read().changes.get(&id).copied().unwrap_or(0)
    }

    /// Puts an endpoint as it was read after `changes`; its gauge stays. `false`: it was changed here
    /// meanwhile, so that what was read may be older than what is known.
    pub(crate) fn put_endpoint(&self, endpoint: Endpoint, changes: u64) -> bool {
        let mut tables = self.write();
        if tables.changes.get(&endpoint.id).copied().unwrap_or(0) != changes {
            return false;
        }
        tables.changed(endpoint.id);
        let (id, merchant, mode) = (endpoint.id, endpoint.merchant, endpoint.mode);
        let gauge = tables.endpoints.get(&id).map(|entry| Arc::clone(&entry.gauge));
        let known = gauge.is_some();
        let entry = Entry { endpoint: Arc::new(endpoint), gauge: gauge.unwrap_or_default() };
        tables.endpoints.insert(id, entry.clone());
        if !known {
            let place = tables.by_merchant.entry((merchant, mode));
            let place = place.or_insert_with(|| Arc::from([]));
            *place = place.iter().cloned().chain([entry]).collect();
        }
        tables.regroup(merchant, mode);
        true
    }

    /// Takes a deleted endpoint away.
    pub(crate) fn remove_endpoint(&self, id: EndpointId) {
        let mut tables = self.write();
        tables.changed(id);
        if let Some(entry) = tables.endpoints.remove(&id) {
            tables.regroup(entry.endpoint.merchant, entry.endpoint.mode);
        }
    }

    /// Changes what a settled try changed, without reading the endpoint again.
    pub(crate) fn change_endpoint(&self, id: EndpointId, change: impl FnOnce(&mut Endpoint)) {
        let mut tables = self.write();
        let Some(entry) = tables.endpoints.get_mut(&id) else { return };
        let mut endpoint = Endpoint::clone(&entry.endpoint);
        change(&mut endpoint);
        let (merchant, mode) = (endpoint.merchant, endpoint.mode);
        entry.endpoint = Arc::new(endpoint);
        tables.changed(id);
        tables.regroup(merchant, mode);
    }

    /// Sets a merchant's sandbox clock.
    pub(crate) fn set_clock(&self, id: MerchantId, offset: SignedDuration) {
        let mut tables = self.write();
        if let Some(merchant) = tables.merchants.get_mut(&id) {
            let mut changed = Merchant::clone(merchant);
            changed.clock_offset = offset;
            *merchant = Arc::new(changed);
        }
    }

    /// Leases of this process, over all endpoints.
    pub(crate) fn leased(&self) -> u64 {
        self.read().endpoints.values().map(|entry| u64::from(entry.gauge.leased())).sum()
    }

    /// A merchant's time in a mode.
    pub(crate) fn now(&self, merchant: MerchantId, mode: Mode, real: Timestamp) -> Timestamp {
        if mode == Mode::Live {
            return real;
        }
        self.read().merchants.get(&merchant).map_or(real, |found| found.now(mode, real))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Applies what a settlement changes about an endpoint.
pub(crate) fn apply(endpoint: &mut Endpoint, effects: &[Effect]) {
    for effect in effects {
        match *effect {
            Effect::FailingSince(since) => endpoint.failing_since = since,
            Effect::Rest(status) => {
                if endpoint.status.gives_way_to(status) {
                    endpoint.status = status;
                }
            }
        }
    }
}
