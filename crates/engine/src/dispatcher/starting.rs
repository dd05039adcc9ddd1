//! Starting tries, in turn over the lanes, and taking in what came of them.

use futures::FutureExt;
use jiff::Timestamp;
use posthorn_core::attempt::Tried;
use posthorn_core::delivery::Claim;
use posthorn_core::delivery::State;
use posthorn_core::event::Mode;
use posthorn_core::id::EndpointId;
use posthorn_store::Settlement;

use super::Dispatcher;
use super::places::{Leave, Most};
use super::spread::Traffic;
use crate::clock::later;
use crate::memory::Holder;
use crate::metrics::ByContract;
use crate::pacing::{Heard, SLOW, Start};
use crate::sending::{LEASE_MARGIN, Prepared, Ready, attempt};

/// A try that is over.
pub(super) struct Sent {
    claim: Claim,
    prepared: Box<Prepared>,
    tried: Tried,
    started: Timestamp,
}

impl Dispatcher {
    /// Starts tries until nothing more may start, one lane after the other.
    pub(super) fn start_ready(&mut self) {
        let now = self.shared.clock.now();
        let most = self.shared.options.in_flight_max as usize;
        // Whether there is a point in listing hesitant lanes: none when those that were listed began nothing.
        let mut hesitant = true;
        loop {
            let before = self.sends.len();
            let listed = hesitant && self.list_hesitant();
            while self.sends.len() < most {
                let Some(id) = self.ready.next() else { break };
                self.start_one(id, now);
            }
            hesitant = listed && self.sends.len() > before;
            let has_room = self.sends.len() < most;
            if !(has_room && (hesitant || self.list_spread(now))) {
                break;
            }
        }
        if !self.ready.is_empty() {
            self.shared.metrics.bound_met("in_flight_max");
        }
    }

    fn start_one(&mut self, id: EndpointId, now: Timestamp) {
        self.lane(id).listed = false;
        let turn = self.take_turn(id);
        self.start_first(id, now, turn.is_some());
        // A place that was kept for it and not used, or is free besides, is somebody else's.
        let claims = self.lane(id).queue.front();
        if let Some(merchant) = turn.or_else(|| claims.map(|claim| claim.event.merchant)) {
            self.wake_crowded(merchant);
        }
    }

    fn start_first(&mut self, id: EndpointId, now: Timestamp, has_turn: bool) {
        let lane = self.lane(id);
        let Some(merchant) = lane.queue.front().map(|claim| claim.event.merchant) else { return };
        match lane.may_start(now) {
            Start::WhenOneEnds => return,
            Start::At(at) => return self.wake(id, at),
            Start::Now => {}
        }
        let Some(lane) = self.lanes.get(&id) else { return };
        match self.places.leave_one_for(lane, merchant, self.most()) {
            Leave::One => {}
            Leave::WhatItHas => return,
            Leave::NoneForDoubtful => return self.hesitant.insert(merchant, id),
        }
        let pace = lane.pace();
        if pace.is_some_and(|pace| !self.spread.may_begin(pace, (merchant, id), now)) {
            return;
        }
        let traffic = Traffic { under_way: self.sends.len(), hesitant: self.hesitant.len() };
        match pace {
            Some(pace) => self.spread.begins(pace, id, (now, traffic)),
            None => self.spread.forget(id),
        }
        if !self.may_have_place(merchant, id, has_turn) {
            if let Some(pace) = pace {
                self.spread.keep_turn(pace, id);
            }
            return;
        }
        let Some(claim) = self.lane(id).queue.pop_front() else { return };
        self.begin(claim, now);
        self.list(id);
    }

    fn most(&self) -> Most {
        let options = &self.shared.options;
        Most { all: options.in_flight_max, of_merchant: options.merchant_in_flight_max }
    }

    /// As many lanes as there are places for doubtful ones have their turn; `false` when none has.
    fn list_hesitant(&mut self) -> bool {
        let free = self.places.left_for_doubtful(self.most());
        let turns = self.hesitant.take(free as usize);
        for id in &turns {
            self.list(*id);
        }
        !turns.is_empty()
    }

    /// The next lane whose tries are spread out has its turn; `false` when it is nobody's.
    fn list_spread(&mut self, now: Timestamp) -> bool {
        let turn = self.spread.next(now, self.has_doubtful_place());
        if let Some(id) = turn {
            self.list(id);
        }
        turn.is_some()
    }

    /// When it is the turn of a lane whose tries are spread out, if a try may begin at all.
    pub(super) fn next_spread_at(&self) -> Option<Timestamp> {
        let has_room = self.sends.len() < self.shared.options.in_flight_max as usize;
        let silent = self.has_doubtful_place();
        has_room.then(|| self.spread.next_at(|| self.shared.clock.now(), silent))?
    }

    /// Without one a silent lane's turn would come to nothing; when one is free there is another round.
    fn has_doubtful_place(&self) -> bool {
        self.places.left_for_doubtful(self.most()) > 0
    }

    fn begin(&mut self, claim: Claim, now: Timestamp) {
        match self.shared.prepare(&claim) {
            Ready::Rest(settlement) => {
                self.forget(&claim);
                self.count_unsent(&settlement);
                self.unrecorded.push(*settlement);
            }
            Ready::Send(prepared) => {
                let over = later(later(now, prepared.request.timeout), LEASE_MARGIN / 2);
                if over > claim.until {
                    self.give_lane_back(claim);
                    return;
                }
                self.send(claim, prepared, now);
            }
        }
    }

    /// A lease grew too old in the queue. Those behind it go back with it: they must not overtake it.
    fn give_lane_back(&mut self, first: Claim) {
        if let Some(pace) = self.lane(first.endpoint).pace() {
            self.spread.keep_turn(pace, first.endpoint);
        }
        // What is accepted from now on waits behind them.
        if let Some(entry) = self.shared.directory.endpoint(first.endpoint) {
            entry.gauge.set_behind(true);
        }
        let behind: Vec<Claim> = self.lane(first.endpoint).queue.drain(..).collect();
        let claims: Vec<Claim> = std::iter::once(first).chain(behind).collect();
        self.give_back_all(&claims);
    }

    fn send(&mut self, claim: Claim, mut prepared: Box<Prepared>, now: Timestamp) {
        let event = &claim.event;
        let started = self.shared.directory.now(event.merchant, event.mode, now);
        let merchant = event.merchant;
        let lane = self.lane(claim.endpoint);
        lane.started(now);
        let doubtful = lane.is_doubtful();
        self.places.take(merchant, doubtful);
        let placeholder = crate::transport::Request {
            url: prepared.request.url.clone(),
            headers: Vec::new(),
            body: bytes::Bytes::new(),
            timeout: prepared.request.timeout,
            reach: prepared.request.reach,
        };
        let request = std::mem::replace(&mut prepared.request, placeholder);
        let sending = self.shared.transport.send(request);
        self.sends.push(
            async move {
                let tried = sending.await;
                Sent { claim, prepared, tried, started }
            }
            .boxed(),
        );
    }

    /// Takes in what came of a try.
    pub(super) fn sent(&mut self, sent: Sent) {
        let Sent { claim, prepared, tried, started } = sent;
        let merchant = claim.event.merchant;
        let now = self.shared.clock.now();
        let was_doubtful = self.lane(claim.endpoint).is_doubtful();
        self.places.free(merchant, was_doubtful);
        if tried.is_cut_off() {
            let attempt = attempt(&claim, prepared.rendering, tried, started);
            self.give_cut_off_back(&claim, attempt);
            return;
        }
        self.forget(&claim);
        let label = ByContract::named(&prepared.in_force.contract.name);
        let took = std::time::Duration::from_micros(tried.phases.total_us());
        let heard = match &tried.result {
            Ok(_) if took >= SLOW => Heard::SlowAnswer,
            Ok(_) => Heard::Answer,
            Err(error) if error.class.is_timeout() => Heard::NothingInTime,
            Err(_) => Heard::Nothing,
        };
        self.shared.metrics.attempt_took(&label, took);
        if claim.number() > 1 {
            self.shared.metrics.retried.get_or_create(&label).inc();
        }
        let (outcome, settlement) = self.shared.judge(&claim, &prepared, tried, started);
        self.count(&label, &settlement.state);
        let lane = self.lane(claim.endpoint);
        lane.ended(outcome, heard, now);
        let room = lane.room(now);
        let (doubtful, others) = (lane.is_doubtful(), lane.in_flight());
        if doubtful != was_doubtful {
            self.places.doubt(merchant, others, doubtful);
        }
        if let Some(entry) = self.shared.directory.endpoint(claim.endpoint) {
            entry.gauge.set_room(room);
        }
        let stepping = self.stepping.get_mut(&merchant);
        if let Some(stepping) = stepping.filter(|_| claim.event.mode == Mode::Test) {
            stepping.attempted += 1;
        }
        self.unrecorded.push(settlement);
        self.list(claim.endpoint);
        self.wake_crowded(merchant);
    }

    /// A claim leaves the memory: its event's bytes are free for another.
    pub(super) fn forget(&self, claim: &Claim) {
        self.shared.memory.free(Holder::of(claim), claim.event.data.as_bytes().len());
    }

    /// A delivery that is given up before anything is sent is no try that failed.
    fn count_unsent(&self, settlement: &Settlement) {
        let State::Exhausted { .. } = settlement.state else { return };
        let Some(entry) = self.shared.directory.endpoint(settlement.endpoint) else { return };
        if let Some(in_force) = self.shared.contract_of(&entry.endpoint) {
            let label = ByContract::named(&in_force.contract.name);
            self.shared.metrics.exhausted.get_or_create(&label).inc();
        }
    }

    fn count(&self, label: &ByContract, state: &State) {
        let metrics = &self.shared.metrics;
        match state {
            State::Delivered { .. } => {
                metrics.delivered.get_or_create(label).inc();
            }
            State::Exhausted { .. } => {
                metrics.failed.get_or_create(label).inc();
                metrics.exhausted.get_or_create(label).inc();
            }
            State::Due { .. }
            | State::Leased { .. }
            | State::Parked { .. }
            | State::WillNotSend { .. } => {
                metrics.failed.get_or_create(label).inc();
            }
        }
    }
}
