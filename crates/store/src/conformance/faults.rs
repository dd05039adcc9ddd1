//! Faults: a store that dies in the middle of a write forgets it whole or keeps it whole.
//!
//! These stories need a store that can be made to fail and to come back: [`Perishable`]; or one whose
//! connections can be cut.

use std::sync::{Arc, Mutex};

use futures::executor::block_on;
use posthorn_core::delivery::State;

use super::World;
use super::retention::Walk;
use super::world::{at, done, due, new_accept, settlement, tried};
use crate::{Accepted, Fault, FaultPoint, Faults, Release, Settled, Store, StoreError};

/// A store whose next write goes wrong on demand.
pub trait Perishable {
    /// The store as it is now.
    fn store(&self) -> Arc<dyn Store>;
    /// The process dies at this point of the next write.
    fn crash_at(&self, point: FaultPoint);
    /// The next write fails at this point, and the process lives on.
    fn fail_at(&self, point: FaultPoint);
    /// The process starts again.
    fn restart(&self) -> Arc<dyn Store>;
}

/// Opens a store: an empty one, or the one again that has died.
type Open<S> = dyn Fn(Option<&S>, Faults) -> S;

/// A store with the fault that is to strike next.
pub struct Victim<S> {
    now: Mutex<Arc<S>>,
    next: Next,
    open: Box<Open<S>>,
}

/// The fault that is to strike next.
#[derive(Clone, Default)]
struct Next(Arc<Mutex<Option<(FaultPoint, Fault)>>>);

impl Next {
    fn set(&self, fault: Option<(FaultPoint, Fault)>) {
        *self.0.lock().expect("nobody panics with it") = fault;
    }

    fn faults(&self) -> Faults {
        let next = self.clone();
        Box::new(move |point| {
            let mut next = next.0.lock().expect("nobody panics with it");
            match next.take_if(|(when, _)| *when == point) {
                Some((_, fault)) => fault,
                None => Fault::None,
            }
        })
    }
}

impl<S: Store + 'static> Victim<S> {
    /// `open` opens it, empty, or opens the one again that it is given and that has died.
    pub fn new(open: impl Fn(Option<&S>, Faults) -> S + 'static) -> Self {
        let next = Next::default();
        let now = Mutex::new(Arc::new(open(None, next.faults())));
        Self { now, next, open: Box::new(open) }
    }
}

impl<S: Store + 'static> Perishable for Victim<S> {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.now.lock().expect("nobody panics with it")) as _
    }

    fn crash_at(&self, point: FaultPoint) {
        self.next.set(Some((point, Fault::Crash)));
    }

    fn fail_at(&self, point: FaultPoint) {
        self.next.set(Some((point, Fault::Fail)));
    }

    fn restart(&self) -> Arc<dyn Store> {
        let mut now = self.now.lock().expect("nobody panics with it");
        // It dies, if it has not yet.
        self.crash_at(FaultPoint::BeforeBegin);
        let _dead = block_on(now.put_value("dies", Vec::new(), false));
        self.next.set(None);
        *now = Arc::new((self.open)(Some(&**now), self.next.faults()));
        Arc::clone(&now) as _
    }
}

pub fn what_was_not_committed_is_gone_after_a_crash(victim: &impl Perishable) {
    for point in [FaultPoint::BeforeBegin, FaultPoint::BeforeCommit] {
        let world = World::new(victim.restart());
        let pair = world.pair();
        let accept = new_accept(world.new_event(pair.0, 0), &[(pair.1, due(0))]);
        victim.crash_at(point);
        let answer = block_on(world.store().accept(vec![accept.clone()]));
        assert_eq!(answer, Err(StoreError::Closed), "{point:?}");
        assert!(block_on(world.store().last_event()).is_err(), "a dead store answers nobody");
        let reborn = World::new(victim.restart());
        assert_eq!(done(reborn.store().event(accept.event.id)), None, "{point:?}");
        assert!(reborn.claim(pair.1, 9, 100).is_empty());
    }
}

pub fn what_was_committed_stays_after_a_crash_that_swallowed_the_answer(victim: &impl Perishable) {
    let world = World::new(victim.store());
    let pair = world.pair();
    let accept = new_accept(world.new_event(pair.0, 0), &[(pair.1, due(0))]);
    victim.crash_at(FaultPoint::AfterCommit);
    let answer = block_on(world.store().accept(vec![accept.clone()]));
    assert_eq!(answer, Err(StoreError::Closed));
    let reborn = World::new(victim.restart());
    assert_eq!(done(reborn.store().event(accept.event.id)), Some(accept.event.clone()));
    let again = done(reborn.store().accept(vec![accept.clone()]));
    assert_eq!(again, [Accepted::Before(accept.event.id)]);
    assert_eq!(reborn.claim(pair.1, 9, 100).len(), 1);
}

pub fn a_settlement_whose_answer_was_lost_is_told_again_and_done(victim: &impl Perishable) {
    let world = World::new(victim.store());
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    let delivered = State::Delivered { at: at(1) };
    let told = settlement(&claim, delivered, Some(tried(&claim, 200, 1)));
    victim.crash_at(FaultPoint::AfterCommit);
    assert_eq!(block_on(world.store().settle(vec![told.clone()])), Err(StoreError::Closed));
    let reborn = World::new(victim.restart());
    assert_eq!(done(reborn.store().release_all(at(5))), 0);
    assert_eq!(reborn.settle(told), Settled::Done);
    assert_eq!(reborn.record(id).attempts.len(), 1);
}

pub fn a_failed_write_is_undone_and_can_be_repeated(victim: &impl Perishable) {
    let world = World::new(victim.store());
    let pair = world.pair();
    for point in [FaultPoint::BeforeBegin, FaultPoint::BeforeCommit] {
        let accept = new_accept(world.new_event(pair.0, 0), &[(pair.1, due(0))]);
        let id = accept.event.id;
        victim.fail_at(point);
        let answer = block_on(world.store().accept(vec![accept.clone()]));
        assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{point:?}: {answer:?}");
        assert_eq!(done(world.store().event(id)), None, "{point:?}");
        assert_eq!(done(world.store().accept(vec![accept])), [Accepted::Now(id)]);
    }
}

/// Retention goes in steps; whatever step the process dies in, and whether the step was lost or only
/// its answer, the next round comes to the same end.
pub fn forgetting_that_is_cut_off_loses_nothing_that_is_kept(victim: &impl Perishable) {
    let month = 30 * 86_400;
    let mut begins = 0;
    Walk::new(0, 500).finish(&World::new(victim.store()));
    for point in [FaultPoint::BeforeCommit, FaultPoint::AfterCommit] {
        for steps in 0..9 {
            begins += month;
            let world = World::new(victim.restart());
            let [usual, held] = world.usual_and_held(begins);
            let before = world.all_of(held);
            let mut walk = Walk::new(begins + month - 86_400, 500);
            if (0..steps).any(|_| !walk.step(&world).expect("nothing goes wrong yet")) {
                break;
            }
            victim.crash_at(point);
            let cut_off =
                std::iter::repeat_with(|| walk.step(&world)).find(|step| *step != Ok(true));
            assert!(matches!(cut_off, Some(Err(StoreError::Closed) | Ok(false))), "{cut_off:?}");
            let reborn = World::new(victim.restart());
            Walk::new(begins + month - 86_400, 500).finish(&reborn);
            assert_eq!(reborn.all_of(held), before, "{point:?} in step {steps}");
            assert_eq!(reborn.all_of(usual), Vec::new(), "{point:?} in step {steps}");
        }
    }
}

/// `cut` ends every session of the store, now or while the next call is under way.
pub fn what_is_cut_off_is_done_again_and_only_once(store: Arc<dyn Store>, cut: impl Fn()) {
    let world = World::new(store);
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    for lease in 1..=40 {
        cut();
        let accept = new_accept(world.new_event(pair.0, 0), &[]);
        let told = done(world.store().accept(vec![accept.clone()]));
        assert_eq!(told, [Accepted::Now(accept.event.id)]);
        cut();
        assert_eq!(done(world.store().event(accept.event.id)), Some(accept.event));
        cut();
        let claim = world.claim_one(pair.1, 0);
        assert_eq!(
            (claim.delivery, claim.claim),
            (id, lease),
            "each lease raises the fence by one"
        );
        cut();
        let (delivery, endpoint, claim) = (id, pair.1, claim.claim);
        let release = Release { delivery, endpoint, claim, at: at(0), attempt: None };
        done(world.store().release(vec![release]));
    }
}
