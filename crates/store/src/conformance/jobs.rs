//! Second chances: resend, drain, recover, sweep.

use posthorn_core::delivery::{Ending, ParkedWhy, State, StateKind, WillNotSendWhy};
use posthorn_core::endpoint::Status;
use posthorn_core::event::Mode;
use posthorn_core::id::{DeliveryId, EndpointId};

use super::World;
use super::world::{at, done, due, parked, refused, settlement, tried};
use crate::{Done, Effect, JobKind, JobState, Page, StoreError};

fn exhausted(second: i64) -> State {
    State::Exhausted { at: at(second), why: Ending::Schedule }
}

fn recover(endpoint: EndpointId, states: &[StateKind]) -> JobKind {
    let (states, types) = (states.to_vec(), Vec::new());
    let (since, until) = (at(0), at(100));
    JobKind::Recover { endpoint, since, until, accepted: (since, until), states, types }
}

pub fn a_resend_opens_a_new_run(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    world.try_once(pair.1, 0, due(5));
    world.try_once(pair.1, 5, exhausted(5));
    assert_eq!(done(world.store().resend(id, at(50), None)), Done::Now(id));
    let delivery = world.delivery(id);
    assert_eq!((delivery.state, delivery.attempts), (due(50), 2));
    assert_eq!((delivery.base, delivery.run), (2, 2));
    let claim = world.claim_one(pair.1, 50);
    assert_eq!((claim.number(), claim.run), (1, 2), "the number on the wire starts again");
}

pub fn a_resend_to_an_endpoint_at_rest_waits_there(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    world.try_once(pair.1, 0, exhausted(0));
    world.pause(pair.1, 10);
    assert_eq!(done(world.store().resend(id, at(50), None)), Done::Now(id));
    let delivery = world.delivery(id);
    assert_eq!((delivery.state, delivery.run), (parked(50), 2));
}

pub fn a_resend_is_refused_while_the_delivery_is_tried(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    world.claim_one(pair.1, 0);
    assert_eq!(refused(world.store().resend(id, at(50), None)), StoreError::Leased);
    let nobody = refused(world.store().resend(DeliveryId::from_i64(1), at(50), None));
    assert_eq!(nobody, StoreError::Missing { what: "delivery" });
    done(world.store().delete_endpoint(pair.1, at(1)));
    let gone = refused(world.store().resend(id, at(50), None));
    assert_eq!(gone, StoreError::Missing { what: "endpoint" });
}

pub fn enabling_drains_what_is_parked_in_order_and_then_makes_active(world: &World) {
    let pair = world.pair();
    world.pause(pair.1, 0);
    let ids: Vec<_> = (0..3).map(|second| world.send(pair, second, parked(second))).collect();
    let [one, two, three] = *ids else { unreachable!("three deliveries") };
    let draining = Status::Draining { since: at(10) };
    assert_eq!(world.set_status(pair.1, Status::Active, 10), draining);
    assert_eq!(world.set_status(pair.1, Status::Active, 11), draining, "asked again");
    let job = world.running_job();
    assert_eq!((&job.kind, job.total), (&JobKind::Drain { endpoint: pair.1 }, Some(3)));
    assert_eq!((job.merchant, job.mode), (pair.0, Mode::Test));
    let step = world.step(job.id, 2, 20);
    assert_eq!((step.moved, step.job.done, step.job.state), (2, 2, JobState::Running));
    assert_eq!((world.state(one), world.state(two)), (due(20), due(21)));
    assert_eq!(world.state(three), parked(2));
    let behind = world.send(pair, 25, parked(25));
    assert_eq!(world.step(job.id, 2, 30).moved, 2);
    assert_eq!((world.state(three), world.state(behind)), (due(30), due(31)));
    assert_eq!(world.find_endpoint(pair.1).status, draining);
    let last = world.step(job.id, 2, 40);
    assert_eq!((last.moved, last.job.state), (0, JobState::Ended { at: at(40) }));
    assert_eq!(world.find_endpoint(pair.1).status, Status::Active);
    assert_eq!(world.delivery(one).run, 1, "it had no try before");
}

pub fn what_had_tries_when_it_was_parked_drains_in_a_new_run(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    let gone = State::Parked { since: at(1), why: ParkedWhy::Gone };
    let paused = Status::Paused { since: at(1) };
    world.settle_with(&claim, gone, vec![Effect::Rest(paused)]);
    world.set_status(pair.1, Status::Active, 10);
    world.step(world.running_job().id, 5, 20);
    let delivery = world.delivery(id);
    assert_eq!((delivery.attempts, delivery.base, delivery.run), (1, 1, 2));
}

pub fn a_drain_stops_when_the_endpoint_rests_again(world: &World) {
    let pair = world.pair();
    world.pause(pair.1, 0);
    let id = world.send(pair, 1, parked(1));
    world.set_status(pair.1, Status::Active, 10);
    let job = world.running_job().id;
    world.pause(pair.1, 11);
    assert_eq!(world.job(job).state, JobState::Cancelled { at: at(11) });
    assert_eq!(world.step(job, 5, 20).moved, 0);
    assert_eq!(world.state(id), parked(1));
    assert_eq!(world.find_endpoint(pair.1).status, Status::Paused { since: at(11) });
}

pub fn a_cancelled_drain_leaves_the_endpoint_paused(world: &World) {
    let pair = world.pair();
    world.pause(pair.1, 0);
    let id = world.send(pair, 1, parked(1));
    world.set_status(pair.1, Status::Active, 10);
    let job = world.running_job().id;
    assert!(done(world.store().cancel_job(job, at(11))));
    assert_eq!(world.find_endpoint(pair.1).status, Status::Paused { since: at(11) });
    assert_eq!(world.state(id), parked(1));
}

pub fn recover_takes_the_states_time_and_types_asked_for(world: &World) {
    let pair = world.pair();
    let ended = |second, kind: &str, state| {
        let mut event = world.new_event(pair.0, second);
        event.kind = kind.parse().expect("a type");
        let id = world.accept(event, &[(pair.1, due(second))]).delivery(1);
        world.try_once(pair.1, second, state);
        id
    };
    let too_old = ended(0, "payment.confirmed", exhausted(0));
    let other_type = ended(1, "payment.refused", exhausted(1));
    let wanted = ended(2, "payment.confirmed", exhausted(2));
    let other_state = ended(3, "payment.confirmed", State::Delivered { at: at(3) });
    let too_new = ended(9, "payment.confirmed", exhausted(9));
    let kind = JobKind::Recover {
        endpoint: pair.1,
        since: at(1001),
        until: at(1009),
        accepted: (at(1), at(9)),
        states: vec![StateKind::Exhausted],
        types: vec!["payment.confirmed".parse().expect("a type")],
    };
    let job = world.create_job(pair.0, kind.clone(), 20);
    let job = world.job(job);
    assert_eq!((job.total, job.kind, job.created), (Some(1), kind, at(20)));
    assert_eq!(world.step(job.id, 100, 30).moved, 1);
    let last = world.step(job.id, 100, 30).job;
    assert_eq!((last.state, last.done), (JobState::Ended { at: at(30) }, 1));
    let delivery = world.delivery(wanted);
    assert_eq!((delivery.state, delivery.base, delivery.run), (due(30), 1, 2));
    for untouched in [too_old, other_type, other_state, too_new] {
        assert_eq!(world.delivery(untouched).run, 1);
    }
}

pub fn recover_never_chases_its_own_failures(world: &World) {
    let pair = world.pair();
    for second in 0..2 {
        world.send(pair, second, due(second));
        world.try_once(pair.1, second, exhausted(second));
    }
    let job = world.create_job(pair.0, recover(pair.1, &[StateKind::Exhausted]), 20);
    assert_eq!(world.job(job).total, Some(2));
    assert_eq!(world.step(job, 1, 30).moved, 1);
    world.try_once(pair.1, 30, exhausted(31));
    assert_eq!(world.step(job, 1, 40).moved, 1);
    world.try_once(pair.1, 40, exhausted(41));
    let last = world.step(job, 1, 50);
    assert_eq!((last.moved, last.job.done), (0, 2));
    let later = world.send(pair, 21, due(21));
    world.try_once(pair.1, 21, exhausted(21));
    let second = world.create_job(pair.0, recover(pair.1, &[StateKind::Exhausted]), 21);
    world.step(second, 100, 60);
    assert_eq!(world.delivery(later).run, 1, "it changed state when the job was there already");
}

pub fn recover_at_an_endpoint_at_rest_parks(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    world.try_once(pair.1, 0, exhausted(0));
    world.pause(pair.1, 5);
    let job = world.create_job(pair.0, recover(pair.1, &[StateKind::Exhausted]), 20);
    assert_eq!(world.step(job, 10, 30).moved, 1);
    let delivery = world.delivery(id);
    assert_eq!((delivery.state, delivery.base, delivery.run), (parked(30), 1, 2));
}

pub fn a_step_looks_at_no_more_rows_than_asked(world: &World) {
    let pair = world.pair();
    let ids: Vec<_> = (0..4).map(|second| world.send(pair, second, due(second))).collect();
    for second in 0..4 {
        let delivered = State::Delivered { at: at(second) };
        world.try_once(pair.1, second, if second % 2 == 0 { delivered } else { exhausted(second) });
    }
    let [one, two, three, four] = *ids else { unreachable!("four deliveries") };
    let states = [StateKind::Delivered, StateKind::Exhausted];
    let job = world.create_job(pair.0, recover(pair.1, &states), 20);
    assert_eq!(world.job(job).total, Some(4));
    let step = world.step(job, 3, 30);
    assert_eq!((step.moved, step.job.cursor), (3, three.as_i64()));
    let moved: Vec<_> = [one, two, three].map(|id| world.state(id)).into();
    assert_eq!(moved, [due(30), due(31), due(32)], "by id, whatever their states were");
    assert_eq!(world.state(four), exhausted(3));
}

pub fn a_cancelled_job_moves_nothing_more(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    world.try_once(pair.1, 0, exhausted(0));
    let job = world.create_job(pair.0, recover(pair.1, &[StateKind::Exhausted]), 20);
    assert!(done(world.store().cancel_job(job, at(21))));
    assert!(!done(world.store().cancel_job(job, at(22))), "it had ended already");
    let step = world.step(job, 10, 30);
    assert_eq!((step.moved, step.job.state), (0, JobState::Cancelled { at: at(21) }));
    assert_eq!(world.state(id), exhausted(0));
    assert!(done(world.store().running_jobs()).is_empty());
}

pub fn a_sweep_ends_what_waits_for_a_deleted_endpoint(world: &World) {
    let pair = world.pair();
    let waiting = world.send(pair, 0, due(99));
    let leased = world.send(pair, 1, due(1));
    let claim = world.claim_one(pair.1, 1);
    world.pause(pair.1, 2);
    let at_rest = world.send(pair, 3, parked(3));
    let recovering = world.create_job(pair.0, recover(pair.1, &[StateKind::Exhausted]), 4);
    assert!(done(world.store().delete_endpoint(pair.1, at(5))));
    assert!(!done(world.store().delete_endpoint(pair.1, at(6))), "deleted already");
    assert_eq!(world.job(recovering).state, JobState::Cancelled { at: at(5) });
    let job = world.running_job();
    assert_eq!((&job.kind, job.total), (&JobKind::Sweep { endpoint: pair.1 }, Some(2)));
    assert!(!done(world.store().cancel_job(job.id, at(6))), "nobody else would end the rest");
    assert_eq!(world.step(job.id, 1, 7).moved, 1);
    assert_eq!(world.step(job.id, 1, 7).moved, 1);
    assert_eq!(world.step(job.id, 1, 8).job.state, JobState::Ended { at: at(8) });
    let ended = State::WillNotSend { since: at(7), why: WillNotSendWhy::EndpointDeleted };
    assert_eq!((world.state(waiting), world.state(at_rest)), (ended, ended));
    let delivered = State::Delivered { at: at(9) };
    world.settle(settlement(&claim, delivered, Some(tried(&claim, 200, 9))));
    assert_eq!(world.state(leased), delivered, "what was under way came to its end");
}

pub fn progress_of_an_outside_job_is_on_record(world: &World) {
    let merchant = world.merchant();
    let job = world.create_job(merchant, JobKind::Advance { target: at(1000) }, 0);
    assert_eq!(world.step(job, 10, 1).moved, 0, "its work is done elsewhere");
    done(world.store().progress_job(job, 7, None));
    assert_eq!((world.job(job).done, world.job(job).state), (7, JobState::Running));
    done(world.store().progress_job(job, 9, Some(at(2))));
    let ended = world.job(job);
    assert_eq!((ended.done, ended.state), (9, JobState::Ended { at: at(2) }));
    assert_eq!(ended.total, None);
}

pub fn jobs_are_listed_newest_first(world: &World) {
    let (one, two) = (world.merchant(), world.merchant());
    let advance = |second| JobKind::Advance { target: at(second) };
    let old = world.create_job(one, advance(1), 0);
    world.create_job(two, advance(2), 0);
    let new = world.create_job(one, advance(3), 0);
    let list = |mode, after| {
        let jobs = done(world.store().jobs(one, mode, Page { after, limit: 10 }));
        jobs.into_iter().map(|job| job.id).collect::<Vec<_>>()
    };
    assert_eq!(list(Mode::Test, None), [new, old]);
    assert_eq!(list(Mode::Test, Some(new)), [old]);
    assert!(list(Mode::Live, None).is_empty());
}
