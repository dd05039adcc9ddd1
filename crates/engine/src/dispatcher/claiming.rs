//! Finding due work: one claim for all endpoints that have some and room for it, one look-up for
//! those of which it is not known when they have.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::FutureExt;
use jiff::Timestamp;
use posthorn_core::delivery::Claim;
use posthorn_core::endpoint::Endpoint;
use posthorn_core::id::{EndpointId, MerchantId};
use posthorn_store::{Ask, StoreError};

use super::{Dispatcher, PAUSE_AFTER_ERROR};
use crate::accept::MEMORY_BYTES_MAX;
use crate::clock::later;
use crate::directory::Entry;
use crate::sending::lease_end;

/// Endpoints asked for in one claim, at most.
const ASKS_MAX: usize = 256;
/// Deliveries claimed at once for one endpoint, at most.
const SLOTS_MAX: u32 = 256;

/// Payload bytes leased in one claim, at most (and what the last one is over it).
const CLAIM_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A claim that is over.
pub(super) struct Asked {
    asks: Vec<Ask>,
    bytes_max: usize,
    result: Result<Vec<Claim>, StoreError>,
}

/// A look-up that is over.
pub(super) struct Looked {
    endpoints: Vec<EndpointId>,
    result: Result<Vec<(EndpointId, Timestamp)>, StoreError>,
}

impl Dispatcher {
    /// Start-up: which endpoints have due work, and when.
    pub(super) async fn look_at_everything(&mut self) {
        loop {
            match self.shared.store.next_due(None).await {
                Ok(due) => {
                    for (endpoint, at) in due {
                        self.note_due(endpoint, at);
                    }
                    return;
                }
                Err(error) => {
                    self.note_error(&error, "look for due deliveries");
                    if self.closed {
                        return;
                    }
                    let now = self.shared.clock.now();
                    let at = now.checked_add(PAUSE_AFTER_ERROR).unwrap_or(now);
                    self.shared.clock.sleep_until(at).await;
                }
            }
        }
    }

    /// An endpoint has work that is due at this time of its merchant.
    pub(super) fn note_due(&mut self, id: EndpointId, at: Timestamp) {
        let lane = self.lane(id);
        lane.next_due = Some(lane.next_due.map_or(at, |known| known.min(at)));
        self.schedule(id);
    }

    /// Claims when the time has come, or sets a timer for it.
    pub(super) fn schedule(&mut self, id: EndpointId) {
        let Some(due) = self.lane(id).next_due else { return };
        let real = self.shared.clock.now();
        // What waits for an endpoint that was deleted is ended by its sweep.
        let Some(entry) = self.shared.directory.endpoint(id) else { return };
        let endpoint = &entry.endpoint;
        let now = self.shared.directory.now(endpoint.merchant, endpoint.mode, real);
        if due <= now {
            self.wanted.insert(id);
            return;
        }
        let wait = due.duration_since(now);
        self.wake(id, real.saturating_add(wait).unwrap_or(Timestamp::MAX));
    }

    /// A place has come free, or something has changed: what was put off for want of room is claimed,
    /// and the database asked for what is not known.
    pub(super) fn look(&mut self, id: EndpointId) {
        self.unknown.insert(id);
        self.schedule(id);
    }

    pub(super) fn clock_moved(&mut self, merchant: MerchantId) {
        for entry in &*self.shared.directory.endpoints(merchant, posthorn_core::event::Mode::Test) {
            let id = entry.endpoint.id;
            if self.lanes.contains_key(&id) {
                self.schedule(id);
            }
        }
    }

    pub(super) fn start_asking(&mut self) {
        if self.asking.is_some() || self.wanted.is_empty() {
            return;
        }
        // What is full is emptied by tries that end, and they are followed by another look.
        let held = self.shared.memory_bytes.load(Ordering::Relaxed);
        let bytes_max = MEMORY_BYTES_MAX.saturating_sub(held).min(CLAIM_BYTES_MAX);
        if bytes_max == 0 {
            return;
        }
        let real = self.shared.clock.now();
        let mut asks = Vec::new();
        let mut until = real;
        // Of those whose turn it is, all may be full: then it is the next ones' turn.
        while asks.is_empty() && !self.wanted.is_empty() {
            for id in self.wanted.take(ASKS_MAX) {
                if let Some((ask, end)) = self.ask(id, real) {
                    until = until.max(end);
                    asks.push(ask);
                }
            }
        }
        if asks.is_empty() {
            return;
        }
        let store = Arc::clone(&self.shared.store);
        self.asking = Some(
            async move {
                let result = store.claim(asks.clone(), until, bytes_max).await;
                Asked { asks, bytes_max, result }
            }
            .boxed(),
        );
    }

    /// What is asked for an endpoint, and how long its leases must last; nothing when it is full.
    fn ask(&mut self, id: EndpointId, real: Timestamp) -> Option<(Ask, Timestamp)> {
        if self.lane(id).returning > 0 {
            return None;
        }
        let room = self.lane(id).room(real);
        let (leased, now, end) = match self.shared.directory.endpoint(id) {
            Some(Entry { endpoint, gauge }) => {
                gauge.set_room(room);
                gauge.set_behind(true);
                let now = self.shared.directory.now(endpoint.merchant, endpoint.mode, real);
                let in_force = self.shared.contract_of(&endpoint);
                (gauge.leased(), now, lease_end(in_force, real))
            }
            None => (0, real, lease_end(None, real)),
        };
        let slots = room.saturating_sub(leased).min(SLOTS_MAX);
        if let Some(held) = self.lane(id).held_until(real) {
            self.wake(id, held);
        }
        if slots == 0 {
            return None;
        }
        self.lane(id).asking = true;
        self.lane(id).next_due = None;
        Some((Ask { endpoint: id, slots, now }, end))
    }

    /// A full answer means that there is more; a short one, that it is to be found out when. A claim
    /// that was ended by the bound on memory tells nothing: all are asked for again, first those that
    /// got nothing.
    pub(super) fn asked(&mut self, asked: Asked) {
        let Asked { mut asks, bytes_max, result } = asked;
        let claims = match result {
            Ok(claims) => claims,
            Err(error) => {
                self.note_error(&error, "claim");
                self.ask_later(&asks);
                return;
            }
        };
        let mut counts: HashMap<EndpointId, u32> = HashMap::new();
        let mut bytes = 0;
        for claim in &claims {
            *counts.entry(claim.endpoint).or_default() += 1;
            bytes += claim.event.data.as_bytes().len();
        }
        self.shared.memory_bytes.fetch_add(bytes, Ordering::Relaxed);
        let cut = bytes >= bytes_max;
        if cut {
            asks.sort_by_key(|ask| counts.contains_key(&ask.endpoint));
        }
        for ask in asks {
            let count = counts.get(&ask.endpoint).copied().unwrap_or(0);
            let full = cut || count >= ask.slots;
            let entry = self.shared.directory.endpoint(ask.endpoint);
            let now = entry.as_ref().map_or(ask.now, |entry| self.now_of(&entry.endpoint));
            let lane = self.lane(ask.endpoint);
            lane.asking = false;
            if full {
                lane.next_due = Some(lane.next_due.map_or(ask.now, |due| due.min(ask.now)));
            }
            // What was accepted while the claim was under way waits too.
            let waits = lane.next_due.is_some_and(|due| due <= now);
            if let Some(entry) = entry {
                entry.gauge.lease(count);
                entry.gauge.set_behind(waits);
            }
            if full {
                self.schedule(ask.endpoint);
            } else {
                self.unknown.insert(ask.endpoint);
            }
        }
        self.take(claims);
    }

    fn now_of(&self, endpoint: &Endpoint) -> Timestamp {
        self.shared.directory.now(endpoint.merchant, endpoint.mode, self.shared.clock.now())
    }

    fn ask_later(&mut self, asks: &[Ask]) {
        let real = self.shared.clock.now();
        let at = later(real, PAUSE_AFTER_ERROR.unsigned_abs());
        for ask in asks {
            let lane = self.lane(ask.endpoint);
            lane.asking = false;
            lane.next_due = Some(lane.next_due.map_or(ask.now, |due| due.min(ask.now)));
            self.wake(ask.endpoint, at);
        }
    }

    pub(super) fn start_looking(&mut self) {
        if self.looking.is_some() || self.unknown.is_empty() {
            return;
        }
        let endpoints = self.unknown.take(ASKS_MAX);
        self.looked_at = endpoints.iter().copied().collect();
        let store = Arc::clone(&self.shared.store);
        self.looking = Some(
            async move {
                let result = store.next_due(Some(endpoints.clone())).await;
                Looked { endpoints, result }
            }
            .boxed(),
        );
    }

    pub(super) fn looked(&mut self, looked: Looked) {
        self.looked_at.clear();
        match looked.result {
            Ok(due) => {
                for (endpoint, at) in due {
                    self.note_due(endpoint, at);
                }
            }
            Err(error) => {
                self.note_error(&error, "look for due deliveries");
                let asks: Vec<Ask> = looked
                    .endpoints
                    .into_iter()
                    .map(|endpoint| Ask { endpoint, slots: 0, now: Timestamp::MIN })
                    .collect();
                self.ask_later(&asks);
            }
        }
    }

    /// Whether anything is known to wait or to be looked up for an endpoint.
    pub(super) fn is_quiet(&self, id: EndpointId, now: Timestamp) -> bool {
        let looking = self.looked_at.contains(&id) || self.unknown.contains(id);
        let leased = self.shared.directory.endpoint(id).map_or(0, |entry| entry.gauge.leased());
        let Some(lane) = self.lanes.get(&id) else { return !looking && leased == 0 };
        let due = lane.next_due.is_some_and(|at| at <= now);
        !looking
            && !due
            && !lane.asking
            && leased == 0
            && lane.in_flight() == 0
            && lane.queue.is_empty()
            && !self.wanted.contains(id)
    }
}
