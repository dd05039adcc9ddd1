//! The dispatcher: one future that starts tries, records what came of them, and claims more.
//!
//! It owns all that is in memory about work under way. It never waits for one thing while another
//! could go on: sends, one recording, one claim and one look-up are under way at the same time, and
//! every event of any of them is followed by one [`Dispatcher::pump`].

mod claiming;
mod company;
mod crowd;
mod fair;
mod places;
mod recording;
mod set_back;
mod spread;
mod starting;
mod stepping;
mod stopping;
mod turns;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::delivery::Claim;
use posthorn_core::event::Mode;
use posthorn_core::id::{EndpointId, MerchantId};
use posthorn_store::{Settlement, StoreError};
use tokio::sync::mpsc;

use crate::order::Order;
use crate::pacing::Lane;
use crate::shared::Shared;

use claiming::{ASKS_MAX, Asked, Looked};
use company::Company;
use crowd::Crowd;
use fair::Fair;
use places::Places;
use recording::{BATCH_MAX, GivenBack, RELEASES_MAX, Recorded, Released};
use spread::Spread;
use starting::Sent;
use stepping::Stepping;
use stopping::last_words;
use turns::Turns;

/// How long to leave a database alone that could not do something.
const PAUSE_AFTER_ERROR: SignedDuration = SignedDuration::from_millis(200);
/// Orders taken in one go, so that none of the others waits long.
const ORDERS_AT_ONCE: usize = 1024;

/// What is under way and what waits.
pub(crate) struct Dispatcher {
    shared: Arc<Shared>,
    lanes: HashMap<EndpointId, Lane>,
    /// Lanes that may have something to start, in turn.
    ready: Fair,
    /// Lanes of endpoints that may not answer, while such have all the places that are for them.
    hesitant: Fair,
    /// Lanes whose tries are spread out, in turn and at their pace.
    spread: Spread,
    /// Lanes that wait for one of their merchant's tries to end.
    crowded: HashMap<MerchantId, Crowd>,
    /// When (in real time) to look at which lane again: at most one time a lane.
    timers: BTreeSet<(Timestamp, EndpointId)>,
    /// The latest that the clock has shown.
    latest: Timestamp,
    sends: FuturesUnordered<BoxFuture<'static, Sent>>,
    places: Places,
    unrecorded: Vec<Settlement>,
    /// What cannot be recorded, or given back, because a row makes no sense; and until when it is left
    /// alone.
    apart: Vec<Settlement>,
    kept_apart: Vec<GivenBack>,
    apart_until: Option<Timestamp>,
    recorders: Company,
    recording: Option<BoxFuture<'static, Recorded>>,
    /// Until when nothing is written, after the database could not.
    write_after: Option<Timestamp>,
    wanted: Fair,
    /// Wanted, but there is no memory for their events; how often some had been given back when that
    /// was last looked at; and how many of them are to ask again since.
    starved: Turns,
    freed: u64,
    starved_again: usize,
    askers: Company,
    asking: Option<BoxFuture<'static, Asked>>,
    unknown: Turns,
    /// Whether nothing is known yet of what is due; and until when the database is left alone that
    /// could not tell.
    look_at_all: bool,
    look_after: Option<Timestamp>,
    /// When to look again at all there is, where others leave work behind.
    look_again_at: Option<Timestamp>,
    looking: Option<BoxFuture<'static, Looked>>,
    /// What `looking` looks at.
    looked_at: HashSet<EndpointId>,
    to_release: Vec<GivenBack>,
    releasers: Company,
    releasing: Option<BoxFuture<'static, Released>>,
    /// What others began and left.
    left_behind: FuturesUnordered<BoxFuture<'static, ()>>,
    stepping: BTreeMap<MerchantId, Stepping>,
    stop_by: Option<Timestamp>,
    /// Whether what was still under way at `stop_by` was cut off.
    grace_is_over: bool,
    closed: bool,
}

impl Dispatcher {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            lanes: HashMap::new(),
            ready: Fair::default(),
            hesitant: Fair::default(),
            spread: Spread::default(),
            crowded: HashMap::new(),
            timers: BTreeSet::new(),
            latest: Timestamp::MIN,
            sends: FuturesUnordered::new(),
            places: Places::default(),
            unrecorded: Vec::new(),
            apart: Vec::new(),
            kept_apart: Vec::new(),
            apart_until: None,
            recorders: Company::new(BATCH_MAX),
            recording: None,
            write_after: None,
            wanted: Fair::default(),
            starved: Turns::default(),
            freed: 0,
            starved_again: 0,
            askers: Company::new(ASKS_MAX),
            asking: None,
            unknown: Turns::default(),
            look_at_all: true,
            look_after: None,
            look_again_at: None,
            looking: None,
            looked_at: HashSet::new(),
            to_release: Vec::new(),
            releasers: Company::new(RELEASES_MAX),
            releasing: None,
            left_behind: FuturesUnordered::new(),
            stepping: BTreeMap::new(),
            stop_by: None,
            grace_is_over: false,
            closed: false,
        }
    }

    /// Runs until it was told to stop and everything is finished or given back.
    pub(crate) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Order>) {
        let mut alarm: Option<(Timestamp, BoxFuture<'static, ()>)> = None;
        loop {
            self.obey_waiting(&mut inbox);
            self.pump();
            if self.is_finished() {
                break;
            }
            let wake = self.next_wake();
            if alarm.as_ref().map(|(at, _)| *at) != wake {
                alarm = wake.map(|at| (at, self.shared.clock.sleep_until(at)));
            }
            let rings = alarm.as_mut().map(|(_, sleep)| sleep);
            // In a fixed order, so that a simulation can be replayed. Nobody is passed over: the inbox
            // is looked into on every round, and the others come one at a time.
            tokio::select! {
                biased;
                () = rings_or_never(rings) => {
                    alarm = None;
                    self.ring();
                }
                Some(sent) = self.sends.next(), if !self.sends.is_empty() => {
                    self.sent(sent);
                    while let Some(Some(sent)) = self.sends.next().now_or_never() {
                        self.sent(sent);
                    }
                }
                recorded = maybe(&mut self.recording) => {
                    self.recording = None;
                    self.recorded(recorded);
                }
                asked = maybe(&mut self.asking) => {
                    self.asking = None;
                    self.obey_waiting(&mut inbox);
                    self.asked(asked);
                }
                looked = maybe(&mut self.looking) => {
                    self.looking = None;
                    self.looked(looked);
                }
                released = maybe(&mut self.releasing) => {
                    self.releasing = None;
                    self.released(released);
                }
                Some(()) = self.left_behind.next(), if !self.left_behind.is_empty() => {}
                order = inbox.recv() => self.obey(order.unwrap_or(Order::Stop)),
            }
        }
        self.shared.metrics.in_flight.set(0);
    }

    fn obey_waiting(&mut self, inbox: &mut mpsc::UnboundedReceiver<Order>) {
        for _ in 0..ORDERS_AT_ONCE {
            let Ok(order) = inbox.try_recv() else { break };
            self.obey(order);
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Claims(claims) => self.take(claims),
            Order::Due(due) => {
                for (endpoint, at) in due {
                    self.note_due(endpoint, at);
                }
            }
            Order::Look(endpoints) => {
                for id in endpoints {
                    if self.configure(id) {
                        self.look(id);
                    }
                }
            }
            Order::Share => {
                for id in self.lanes.keys().copied().collect::<Vec<_>>() {
                    self.configure(id);
                }
            }
            Order::ClockMoved(merchant) => self.clock_moved(merchant),
            Order::Step(merchant, reply) => self.step(merchant, reply),
            Order::Unstep(merchant) => self.unstep(merchant),
            Order::Finish(work) => self.left_behind.push(work),
            Order::Stop => self.begin_stop(),
        }
    }

    /// Starts whatever can start.
    fn pump(&mut self) {
        self.look_at_the_clock();
        if !self.grace_is_over && self.stop_by.is_some_and(|at| at <= self.shared.clock.now()) {
            self.end_grace();
        }
        if self.stop_by.is_none() {
            self.start_ready();
            self.start_asking();
            self.start_looking();
        }
        self.start_releasing();
        self.start_recording();
        self.answer_steps();
        self.shared.metrics.in_flight.set(i64::try_from(self.sends.len()).unwrap_or(i64::MAX));
    }

    fn lane(&mut self, id: EndpointId) -> &mut Lane {
        let shared = &self.shared;
        let stepping = &self.stepping;
        self.lanes.entry(id).or_insert_with(|| {
            let entry = shared.directory.endpoint(id);
            let settings = entry.as_ref().map(|entry| &entry.endpoint.settings);
            let mut lane = Lane::of(
                entry.as_ref().map(|entry| entry.endpoint.merchant),
                shared.others.share_of_window(settings.and_then(|settings| settings.concurrency)),
                shared.others.share(settings.and_then(|settings| settings.rate_limit)),
            );
            let endpoint = entry.as_ref().map(|entry| &entry.endpoint);
            let tested = endpoint.filter(|endpoint| endpoint.mode == Mode::Test);
            lane.single = tested.is_some_and(|tested| stepping.contains_key(&tested.merchant));
            lane
        })
    }

    /// Follows an endpoint's changed settings; `false` when it was deleted.
    fn configure(&mut self, id: EndpointId) -> bool {
        let Some(entry) = self.shared.directory.endpoint(id) else {
            self.retire(id);
            return false;
        };
        let settings = &entry.endpoint.settings;
        let concurrency = self.shared.others.share_of_window(settings.concurrency);
        let rate_limit = self.shared.others.share(settings.rate_limit);
        let merchant = entry.endpoint.merchant;
        self.lane(id).configure(merchant, concurrency, rate_limit);
        self.list(id);
        true
    }

    /// Forgets the lane of an endpoint that was deleted, when nothing of it is under way any more.
    fn retire(&mut self, id: EndpointId) {
        if !self.lanes.get(&id).is_some_and(Lane::is_idle) {
            return;
        }
        if let Some(at) = self.lanes.remove(&id).and_then(|lane| lane.timer) {
            self.timers.remove(&(at, id));
        }
        self.spread.forget(id);
    }

    /// Puts a lane in the list of those that may have something to start.
    fn list(&mut self, id: EndpointId) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        if !lane.listed && !lane.queue.is_empty() {
            lane.listed = true;
            let merchant = lane.merchant;
            self.ready.insert(merchant, id);
        }
    }

    /// Looks at a lane again at a real time. One timer a lane is enough: when the earliest rings, all
    /// that the lane waits for is looked at again.
    fn wake(&mut self, id: EndpointId, at: Timestamp) {
        let set = self.lane(id).timer;
        if set.is_some_and(|set| set <= at) {
            return;
        }
        if let Some(set) = set {
            self.timers.remove(&(set, id));
        }
        self.lane(id).timer = Some(at);
        self.timers.insert((at, id));
    }

    /// Claims that came in: they wait for their turn in their lanes.
    fn take(&mut self, claims: Vec<Claim>) {
        if self.stop_by.is_some() {
            self.give_back_all(&claims);
            return;
        }
        for claim in claims {
            let id = claim.endpoint;
            self.lane(id).queue.push_back(claim);
            self.list(id);
        }
    }

    /// The next time at which something is to be looked at.
    fn next_wake(&self) -> Option<Timestamp> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let timer =
            timer.into_iter().chain(self.next_spread_at()).min().filter(|_| self.stop_by.is_none());
        let stop = self.stop_by.map(|at| if self.grace_is_over { last_words(at) } else { at });
        let others = [self.write_after, self.apart_until, self.look_after, self.look_again_at];
        [timer, stop].into_iter().chain(others).flatten().min()
    }

    /// A time has come.
    fn ring(&mut self) {
        let now = self.shared.clock.now();
        if self.write_after.is_some_and(|at| at <= now) {
            self.write_after = None;
        }
        if self.look_after.is_some_and(|at| at <= now) {
            self.look_after = None;
        }
        if self.look_again_at.is_some_and(|at| at <= now) {
            (self.look_again_at, self.look_at_all) = (None, true);
        }
        if self.apart_until.is_some_and(|at| at <= now) {
            self.take_apart_back();
        }
        while let Some((at, id)) = self.timers.first().copied() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            self.lane(id).timer = None;
            self.list(id);
            self.schedule(id);
        }
    }

    /// What an error of the database means for the dispatcher.
    fn note_error(&mut self, error: &StoreError, doing: &'static str) {
        if *error == StoreError::Closed {
            self.closed = true;
        }
        tracing::error!(%error, doing, "the database could not do it; trying again");
    }
}

/// Waits for a future that may not be there.
async fn maybe<T>(slot: &mut Option<BoxFuture<'static, T>>) -> T {
    match slot {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn rings_or_never(sleep: Option<&mut BoxFuture<'static, ()>>) {
    match sleep {
        Some(sleep) => sleep.await,
        None => std::future::pending().await,
    }
}
