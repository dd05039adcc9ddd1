//! Forgetting: what is old goes with all that belongs to it, what is held stays as it was.

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::delivery::{Ending, State, StateKind};
use posthorn_core::event::Mode;
use posthorn_core::id::{DeliveryId, EndpointId, EventId, MerchantId};

use super::World;
use super::world::{at, done, due, new_accept, new_merchant, parked, settlement, tried};
use crate::{
    Accepted, DeliveryQuery, DeliveryRecord, Ended, EventQuery, Forgotten, Keep, MerchantChange,
    NOTICE, NewMerchant, Page, PartStep, Release, StoreError,
};

const DAY: i64 = 86_400;
/// What the deployment keeps in these stories.
const KEPT: SignedDuration = SignedDuration::from_hours(20 * 24);

/// What came of a whole round.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) ended: u64,
    pub(super) dropped: Vec<String>,
    pub(super) rows: Forgotten,
    pub(super) rows_at_once: u64,
}

/// A round, step by step.
pub(super) struct Walk {
    keep: Keep,
    stage: Stage,
    round: Round,
    /// How often it asks again for a part that is in use, where an engine comes back in its next round.
    again: u32,
}

const AGAIN_MAX: u32 = 50;

enum Stage {
    End(Option<EndpointId>),
    Close,
    Forget(Option<MerchantId>),
    Over,
}

impl Walk {
    pub(super) fn new(second: i64, rows: u32) -> Self {
        let keep = Keep { now: at(second), kept: KEPT, rows };
        Self { keep, stage: Stage::End(None), round: Round::default(), again: AGAIN_MAX }
    }

    /// The next write; `false`: that was the last.
    pub(super) fn step(&mut self, world: &World) -> Result<bool, StoreError> {
        let (store, keep) = (world.store(), self.keep);
        self.stage = match self.stage {
            Stage::End(after) => {
                let Ended { deliveries, next } = block_on(store.end_old(keep, after))?;
                self.round.ended += deliveries;
                next.map_or(Stage::Close, |next| Stage::End(Some(next)))
            }
            Stage::Close => match block_on(store.close_part(keep))? {
                // The database's own housekeeping may be at it, and somebody who reads.
                PartStep::InUse { .. } if self.again > 0 => {
                    self.again -= 1;
                    Stage::Close
                }
                PartStep::Nothing | PartStep::InUse { .. } => Stage::Forget(None),
                // Another is at it, or died at it a moment ago.
                PartStep::Moved { .. } | PartStep::Busy => Stage::Close,
                PartStep::Dropped { part, .. } => {
                    self.round.dropped.push(part);
                    Stage::Close
                }
            },
            Stage::Forget(after) => {
                let step = block_on(store.forget(keep, after))?;
                self.round.take(step);
                step.next.map_or(Stage::Over, |next| Stage::Forget(Some(next)))
            }
            Stage::Over => Stage::Over,
        };
        Ok(!matches!(self.stage, Stage::Over))
    }
}

impl Walk {
    /// All steps that are left.
    pub(super) fn finish(mut self, world: &World) -> Round {
        while self.step(world).expect("every step succeeds") {}
        self.round
    }
}

impl Round {
    fn take(&mut self, step: Forgotten) {
        self.rows_at_once = self.rows_at_once.max(step.rows());
        self.rows = Forgotten {
            events: self.rows.events + step.events,
            deliveries: self.rows.deliveries + step.deliveries,
            waited: self.rows.waited + step.waited,
            attempts: self.rows.attempts + step.attempts,
            jobs: self.rows.jobs + step.jobs,
            next: None,
        };
    }
}

impl World {
    /// Time goes by: tables are there for what is accepted on these days.
    fn days(&self, days: impl IntoIterator<Item = i64>) {
        for day in days {
            done(self.store().open_parts(at(day * DAY)));
        }
    }

    /// All that an engine does in a round, in steps of at most `rows` rows.
    fn forget_old(&self, second: i64, rows: u32) -> Round {
        Walk::new(second, rows).finish(self)
    }

    /// A merchant of its own retention with one endpoint.
    fn keeping(
        &self,
        retention: Option<SignedDuration>,
        legal_hold: bool,
    ) -> (MerchantId, EndpointId) {
        let new = NewMerchant { retention, legal_hold, ..new_merchant("Keeps") };
        let merchant = done(self.store().create_merchant(new, None)).get();
        (merchant, self.endpoint(merchant))
    }

    /// A delivery that was accepted and tried once in that second.
    fn delivered(&self, pair: (MerchantId, EndpointId), second: i64) -> DeliveryId {
        let id = self.send(pair, second, due(second));
        assert_eq!(self.try_once(pair.1, second, State::Delivered { at: at(second) }), id);
        id
    }

    /// A merchant as all are and one under a legal hold, each with an event accepted in that second:
    /// delivered, and with a caller's id.
    pub(super) fn usual_and_held(&self, second: i64) -> [(MerchantId, EndpointId); 2] {
        done(self.store().open_parts(at(second)));
        let pairs = [self.pair(), self.keeping(None, true)];
        for pair in pairs {
            let mut event = self.new_event(pair.0, second);
            event.reference = Some("order-1".into());
            let id = self.accept(event, &[(pair.1, due(second)), (pair.1, parked(second))]);
            let delivered = State::Delivered { at: at(second) };
            assert_eq!(self.try_once(pair.1, second, delivered).event(), id);
        }
        pairs
    }

    /// Everything that can be read of a merchant's events.
    pub(super) fn all_of(&self, pair: (MerchantId, EndpointId)) -> Vec<DeliveryRecord> {
        let (events, deliveries) = self.shown(pair);
        let found = done(self.store().event_by_reference(pair.0, Mode::Test, "order-1".into()));
        assert_eq!(found.map(|event| event.id), events.first().copied());
        deliveries.into_iter().map(|id| self.record(id)).collect()
    }

    /// What a merchant's lists show: its events, and its deliveries by endpoint.
    pub(super) fn shown(
        &self,
        (merchant, endpoint): (MerchantId, EndpointId),
    ) -> (Vec<EventId>, Vec<DeliveryId>) {
        let (kind, since, until) = (None, None, None);
        let events = EventQuery { merchant, mode: Mode::Test, kind, since, until };
        let page = Page { after: None, limit: 100 };
        let events = done(self.store().events(events, page));
        let (endpoint, event, state) = (Some(endpoint), None, None);
        let query = DeliveryQuery { merchant, mode: Mode::Test, endpoint, event, state };
        let deliveries = done(self.store().deliveries(query, Page { after: None, limit: 100 }));
        (
            events.into_iter().map(|event| event.id).collect(),
            deliveries.into_iter().map(|delivery| delivery.id).collect(),
        )
    }

    fn is_gone(&self, id: DeliveryId) -> bool {
        let event = done(self.store().event(id.event()));
        let delivery = done(self.store().delivery(id));
        assert_eq!(event.is_none(), delivery.is_none(), "an event is forgotten as a whole");
        event.is_none()
    }
}

pub fn what_is_older_than_is_kept_is_gone_with_all_that_belongs_to_it(world: &World) {
    world.days([0, 6]);
    let pair = world.pair();
    let old = world.delivered(pair, 0);
    let young = world.delivered(pair, 6 * DAY);
    let round = world.forget_old(20 * DAY - 1, 500);
    assert_eq!((round.ended, round.rows), (0, Forgotten::default()));
    assert!(!world.is_gone(old));
    world.forget_old(25 * DAY, 500);
    assert!(world.is_gone(old));
    assert_eq!(world.shown(pair), (vec![young.event()], vec![young]));
    assert_eq!(world.record(young).attempts.len(), 1);
    assert_eq!(done(world.store().extent()).oldest, Some(young.event()));
}

pub fn what_still_waits_is_given_up_a_day_before_it_is_forgotten(world: &World) {
    world.days([0, 5]);
    let pair = world.pair();
    let waits = world.send(pair, 10, due(10));
    let rests = world.send(pair, 10, parked(10));
    let young = world.send(pair, 5 * DAY, due(5 * DAY));
    let notice = NOTICE.as_secs();
    assert_eq!(world.forget_old(20 * DAY + 9 - notice, 500).ended, 0);
    let soon = 20 * DAY + 11 - notice;
    assert_eq!(world.forget_old(soon, 500).ended, 2);
    let given_up = State::Exhausted { at: at(soon), why: Ending::Retention };
    assert_eq!((world.state(waits), world.state(rests)), (given_up, given_up));
    assert_eq!(world.state(young), due(5 * DAY));
    assert_eq!(world.forget_old(24 * DAY, 500).rows.waited, 0, "it was given up before");
    assert!(world.is_gone(waits) && world.is_gone(rests) && !world.is_gone(young));
}

pub fn a_test_merchants_delivery_is_given_up_at_its_own_time(world: &World) {
    world.days([0]);
    let pair = world.pair();
    let offset = SignedDuration::from_hours(48);
    done(world.store().set_clock(pair.0, offset));
    let waits = world.send(pair, 0, due(400 * DAY));
    world.forget_old(20 * DAY - 60, 500);
    let when = at(22 * DAY - 60);
    assert_eq!(world.state(waits), State::Exhausted { at: when, why: Ending::Retention });
}

pub fn what_a_merchant_keeps_longer_stays_as_it_was(world: &World) {
    world.days([0]);
    let (usual, longer) = (world.pair(), world.keeping(Some(KEPT * 3), false));
    let (one, other) = (world.delivered(usual, 0), world.delivered(longer, 0));
    let waits = world.send(longer, 0, due(0));
    let before = (world.record(other), world.record(waits));
    world.forget_old(30 * DAY, 500);
    assert!(world.is_gone(one));
    assert_eq!((world.record(other), world.record(waits)), before);
    let event = waits.event();
    assert_eq!(world.shown(longer), (vec![event, other.event()], vec![waits, other]));
    assert_eq!(world.claim_one(longer.1, 30 * DAY).delivery, waits, "it is sent as ever");
    done(world.store().release_all(at(30 * DAY)));
    world.forget_old(60 * DAY - 60, 500);
    assert_eq!(world.state(waits).why(), Some("retention"));
    world.forget_old(62 * DAY, 500);
    assert!(world.is_gone(other) && world.is_gone(waits));
}

pub fn a_shorter_time_of_a_merchant_shortens_nothing(world: &World) {
    world.days([0]);
    let brief = world.keeping(Some(SignedDuration::from_hours(24)), false);
    let id = world.delivered(brief, 0);
    world.forget_old(19 * DAY, 500);
    assert!(!world.is_gone(id));
}

pub fn a_legal_hold_keeps_everything_until_it_ends(world: &World) {
    world.days([0]);
    let held = world.keeping(None, true);
    let (sent, rests) = (world.delivered(held, 0), world.send(held, 0, parked(0)));
    let before = (world.record(sent), world.record(rests));
    for day in [21, 400] {
        world.forget_old(day * DAY, 500);
        assert_eq!((world.record(sent), world.record(rests)), before);
    }
    let ends = MerchantChange { legal_hold: Some(false), ..MerchantChange::default() };
    done(world.store().change_merchant(held.0, ends));
    let round = world.forget_old(401 * DAY, 500);
    assert_eq!((round.ended, round.rows.events), (1, 2));
    assert!(world.is_gone(sent) && world.is_gone(rests));
    assert_eq!(world.shown(held), (Vec::new(), Vec::new()));
}

pub fn a_hold_set_before_a_day_is_dropped_comes_in_time(world: &World) {
    world.days([0]);
    let pair = world.pair();
    let id = world.delivered(pair, 0);
    let hold = MerchantChange { legal_hold: Some(true), ..MerchantChange::default() };
    done(world.store().change_merchant(pair.0, hold));
    world.forget_old(30 * DAY, 500);
    assert!(!world.is_gone(id));
    let merchant = done(world.store().merchant(pair.0)).expect("it is there");
    assert_eq!((merchant.legal_hold, merchant.retention), (true, None));
}

pub fn an_id_that_a_forgotten_event_was_given_can_be_given_again(world: &World) {
    world.days([0]);
    let (usual, held) = (world.pair(), world.keeping(None, true));
    let named = |pair: (MerchantId, EndpointId), second| {
        let mut event = world.new_event(pair.0, second);
        event.reference = Some("order-1".into());
        new_accept(event, &[(pair.1, due(second))])
    };
    let first = [named(usual, 0), named(held, 0)];
    assert!(
        done(world.store().accept(first.to_vec())).iter().all(|a| matches!(a, Accepted::Now(_)))
    );
    world.forget_old(19 * DAY + 60, 500);
    world.forget_old(30 * DAY, 500);
    let again = [named(usual, 30 * DAY), named(held, 30 * DAY)];
    let kept = first[1].event.id;
    let answers = done(world.store().accept(again.to_vec()));
    assert_eq!(answers, [Accepted::Now(again[0].event.id), Accepted::Before(kept)]);
    let found = done(world.store().event_by_reference(usual.0, Mode::Test, "order-1".into()));
    assert_eq!(found.map(|event| event.id), Some(again[0].event.id));
}

pub fn what_is_being_tried_is_not_taken_away(world: &World) {
    world.days([0]);
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 30 * DAY);
    world.forget_old(30 * DAY, 500);
    assert_eq!(world.state(id).kind(), StateKind::Leased);
    let delivered = State::Delivered { at: at(30 * DAY) };
    let attempt = tried(&claim, 200, 30 * DAY);
    world.settle(settlement(&claim, delivered, Some(attempt)));
    assert_eq!((world.state(id), world.record(id).attempts.len()), (delivered, 1));
    world.forget_old(30 * DAY + 5, 500);
    assert!(world.is_gone(id));
}

pub fn a_try_that_ends_after_its_event_was_forgotten_leaves_no_trace(world: &World) {
    world.days([0]);
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    done(world.store().release_all(at(1)));
    world.forget_old(19 * DAY + 60, 500);
    world.forget_old(30 * DAY, 500);
    assert!(world.is_gone(id));
    let delivered = State::Delivered { at: at(30 * DAY) };
    let late = settlement(&claim, delivered, Some(tried(&claim, 200, 30 * DAY)));
    assert_eq!(world.settle(late), crate::Settled::LeaseLost);
    let attempt = Some(tried(&claim, 500, 30 * DAY));
    let (delivery, endpoint, claim) = (id, pair.1, claim.claim);
    let release = Release { delivery, endpoint, claim, at: at(30 * DAY), attempt };
    done(world.store().release(vec![release]));
    assert!(world.is_gone(id));
    assert_eq!(world.forget_old(80 * DAY, 500).rows, Forgotten::default());
}

pub fn a_step_takes_no_more_rows_than_it_may(world: &World) {
    world.days([0]);
    let (one, other) = (world.keeping(Some(KEPT * 2), false), world.keeping(Some(KEPT * 2), false));
    let sent = (0..10).flat_map(|_| [one, other]).map(|pair| world.delivered(pair, 0));
    let ids: Vec<_> = sent.collect();
    let endless = world.send(one, 0, due(0));
    for n in 1..30 {
        assert_eq!(world.try_once(one.1, n, due(n)), endless);
    }
    let waits: Vec<_> = (0..9).map(|_| world.send(other, 0, parked(0))).collect();
    world.forget_old(21 * DAY, 7);
    let round = world.forget_old(39 * DAY + 60, 4);
    assert_eq!(round.ended, 10);
    let round = world.forget_old(50 * DAY, 7);
    assert!(round.rows_at_once <= 8, "{round:?}");
    let all = (round.rows.events, round.rows.deliveries, round.rows.attempts);
    assert_eq!(all, (30, 30, 49));
    assert!(ids.iter().chain(&waits).chain([&endless]).all(|id| world.is_gone(*id)));
}

pub fn jobs_that_are_over_are_forgotten_and_running_ones_stay(world: &World) {
    let (usual, held) = (world.pair(), world.keeping(None, true));
    let advance = |target: Timestamp| crate::JobKind::Advance { target };
    let jobs = [usual.0, usual.0, held.0].map(|id| world.create_job(id, advance(at(9)), 0));
    for over in [jobs[0], jobs[2]] {
        done(world.store().progress_job(over, 1, Some(at(1))));
    }
    assert_eq!(world.forget_old(20 * DAY, 500).rows.jobs, 0);
    assert_eq!(world.forget_old(21 * DAY, 500).rows.jobs, 1);
    assert_eq!(done(world.store().job(jobs[0])), None);
    assert_eq!((world.job(jobs[1]).id, world.job(jobs[2]).id), (jobs[1], jobs[2]));
}
