//! Finding due work: one claim for all endpoints that have some and room for it, one look-up for
//! those of which it is not known when they have.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use posthorn_core::delivery::Claim;
use posthorn_core::endpoint::Endpoint;
use posthorn_core::id::{EndpointId, MerchantId};
use posthorn_store::{Ask, StoreError};

use super::company::Fault;
use super::{Dispatcher, PAUSE_AFTER_ERROR};
use crate::clock::later;
use crate::directory::Entry;
use crate::memory::Holder;
use crate::sending::lease_end;

/// Endpoints asked for in one claim, or looked up at once, at most.
pub(super) const ASKS_MAX: usize = 256;
/// Deliveries claimed at once for one endpoint, at most.
const SLOTS_MAX: u32 = 256;

/// Payload bytes leased in one claim, at most (and what the last one is over it).
const CLAIM_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long to leave a database alone that could not tell what is due at all.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How often all that is due is looked for where others leave work behind, at most; and the part of
/// the time that this may take.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const LOOK_SHARE: u32 = 20;

/// A claim that is over.
pub(super) struct Asked {
    asks: Vec<Ask>,
    result: Result<Vec<Claim>, StoreError>,
}

/// A look-up that is over.
pub(super) struct Looked {
    /// `None`: all there are.
    endpoints: Option<Vec<EndpointId>>,
    began: Timestamp,
    result: Result<Vec<(EndpointId, Timestamp)>, StoreError>,
}

impl Dispatcher {
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
            self.wanted.insert(endpoint.merchant, id);
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
        if self.asking.is_some() {
            return;
        }
        self.note_freed();
        self.take_starved();
        let real = self.shared.clock.now();
        let mut asks = Vec::new();
        let mut until = real;
        // Of those whose turn it is, all may be full: then it is the next ones' turn.
        while asks.is_empty() && (!self.wanted.is_empty() || self.take_starved()) {
            for id in self.wanted.take(self.askers.size()) {
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
                let result = store.claim(asks.clone(), until, CLAIM_BYTES_MAX).await;
                Asked { asks, result }
            }
            .boxed(),
        );
    }

    /// What is asked for an endpoint, and how long its leases must last; nothing when it is full.
    fn ask(&mut self, id: EndpointId, real: Timestamp) -> Option<(Ask, Timestamp)> {
        if self.lane(id).returning > 0 {
            return None;
        }
        if let Some(at) = self.lane(id).left_alone.filter(|at| *at > real) {
            self.wake(id, at);
            return None;
        }
        let room = self.lane(id).room(real);
        let bytes = self.bytes_for(id);
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
        if bytes == 0 {
            self.shared.metrics.bound_met("payload_memory");
            self.starved.insert(id);
            return None;
        }
        self.lane(id).asking = true;
        self.lane(id).next_due = None;
        Some((Ask { endpoint: id, slots, bytes, now }, end))
    }

    /// How many bytes of events may be claimed for an endpoint.
    fn bytes_for(&self, id: EndpointId) -> usize {
        let Some(entry) = self.shared.directory.endpoint(id) else { return CLAIM_BYTES_MAX };
        self.shared.memory.room(Holder { merchant: entry.endpoint.merchant, endpoint: id })
    }

    /// Some memory was given back: all who found none for their events ask again.
    fn note_freed(&mut self) {
        let freed = self.shared.memory.freed();
        if self.freed != freed {
            (self.freed, self.starved_again) = (freed, self.starved.len());
        }
    }

    /// Takes some of those who are to ask again; `false` when there are none.
    fn take_starved(&mut self) -> bool {
        let taken = self.starved.take(self.starved_again.min(ASKS_MAX));
        self.starved_again -= taken.len();
        for id in &taken {
            let merchant = self.lane(*id).merchant;
            self.wanted.insert(merchant, *id);
        }
        !taken.is_empty()
    }

    /// A full answer means that there is more; a short one, that it is to be found out when. A claim
    /// that was ended by the bound on its bytes tells nothing: all are asked for again, first those
    /// that got nothing.
    pub(super) fn asked(&mut self, asked: Asked) {
        let Asked { mut asks, result } = asked;
        let claims = match result {
            Ok(claims) => claims,
            Err(error) => {
                self.note_error(&error, "claim");
                let fault = self.askers.failed(asks.len(), &error);
                return self.ask_later(&asks, fault);
            }
        };
        self.askers.went_well();
        let mut got: HashMap<EndpointId, (u32, usize)> = HashMap::new();
        let mut all_bytes = 0;
        for claim in &claims {
            let bytes = claim.event.data.as_bytes().len();
            self.shared.memory.hold(Holder::of(claim), bytes);
            let own = got.entry(claim.endpoint).or_default();
            *own = (own.0 + 1, own.1 + bytes);
            all_bytes += bytes;
        }
        let cut = all_bytes >= CLAIM_BYTES_MAX;
        if cut {
            asks.sort_by_key(|ask| got.contains_key(&ask.endpoint));
        }
        for ask in asks {
            let (count, bytes) = got.get(&ask.endpoint).copied().unwrap_or_default();
            self.answered(ask, count, cut || count >= ask.slots || bytes >= ask.bytes);
        }
        self.take(claims);
    }

    /// What was claimed for one endpoint, and whether there may be more.
    fn answered(&mut self, ask: Ask, count: u32, full: bool) {
        let entry = self.shared.directory.endpoint(ask.endpoint);
        let now = entry.as_ref().map_or(ask.now, |entry| self.now_of(&entry.endpoint));
        let lane = self.lane(ask.endpoint);
        lane.asking = false;
        (lane.unreadable, lane.left_alone) = (0, None);
        if full {
            lane.next_due = Some(lane.next_due.map_or(ask.now, |due| due.min(ask.now)));
        }
        // What was accepted while the claim was under way waits too, and so do leases on their way back.
        let waits = lane.returning > 0 || lane.next_due.is_some_and(|due| due <= now);
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

    fn now_of(&self, endpoint: &Endpoint) -> Timestamp {
        self.shared.directory.now(endpoint.merchant, endpoint.mode, self.shared.clock.now())
    }

    /// A claim failed: it is made again in a moment; where one of those who shared it is to blame, at
    /// once and by fewer. An endpoint whose own rows cannot be read is asked for less and less often.
    fn ask_later(&mut self, asks: &[Ask], fault: Fault) {
        let real = self.shared.clock.now();
        for ask in asks.iter().rev() {
            let lane = self.lane(ask.endpoint);
            lane.asking = false;
            lane.next_due = Some(lane.next_due.map_or(ask.now, |due| due.min(ask.now)));
            match fault {
                Fault::Someones => {
                    let merchant = lane.merchant;
                    self.wanted.insert_first(merchant, ask.endpoint);
                }
                Fault::Nobodys => {
                    self.wake(ask.endpoint, later(real, PAUSE_AFTER_ERROR.unsigned_abs()));
                }
                Fault::Its => {
                    let at = lane.leave_alone(real);
                    self.wake(ask.endpoint, at);
                }
            }
        }
    }

    pub(super) fn start_looking(&mut self) {
        let all = self.look_at_all && self.look_after.is_none();
        if self.looking.is_some() || (self.unknown.is_empty() && !all) {
            return;
        }
        let endpoints = (!all).then(|| self.unknown.take(ASKS_MAX));
        self.looked_at = endpoints.iter().flatten().copied().collect();
        let store = Arc::clone(&self.shared.store);
        let began = self.shared.clock.now();
        self.looking = Some(
            async move {
                let result = store.next_due(endpoints.clone()).await;
                Looked { endpoints, began, result }
            }
            .boxed(),
        );
    }

    pub(super) fn looked(&mut self, looked: Looked) {
        self.looked_at.clear();
        match looked.result {
            Ok(due) => {
                if looked.endpoints.is_none() {
                    self.look_at_all = false;
                    self.look_again(looked.began);
                }
                for (endpoint, at) in due {
                    self.note_due(endpoint, at);
                }
            }
            Err(error) => {
                self.note_error(&error, "look for due deliveries");
                self.look_later(looked.endpoints);
            }
        }
    }

    /// Where others are at work too, what they leave behind is found by looking, now and then.
    fn look_again(&mut self, began: Timestamp) {
        if self.shared.store.is_shared() {
            let now = self.shared.clock.now();
            let took = Duration::try_from(now.duration_since(began)).unwrap_or_default();
            self.look_again_at = Some(later(now, LOOK_EVERY.max(took * LOOK_SHARE)));
        }
    }

    fn look_later(&mut self, endpoints: Option<Vec<EndpointId>>) {
        let real = self.shared.clock.now();
        let Some(endpoints) = endpoints else {
            self.look_after = Some(later(real, LOOK_AGAIN));
            return;
        };
        let at = later(real, PAUSE_AFTER_ERROR.unsigned_abs());
        for id in endpoints {
            // As if something were due: the claim finds out.
            self.lane(id).next_due = Some(Timestamp::MIN);
            self.wake(id, at);
        }
    }

    /// Whether anything is known to wait or to be looked up for an endpoint.
    pub(super) fn is_quiet(&self, id: EndpointId, now: Timestamp) -> bool {
        let looking = self.look_at_all || self.looked_at.contains(&id) || self.unknown.contains(id);
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
