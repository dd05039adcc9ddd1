//! Claims, settlements and the fence between them.

use std::sync::Arc;

use jiff::Timestamp;
use posthorn_core::attempt::{ErrorClass, Phases, Unreachable};
use posthorn_core::delivery::{Ending, State};

use super::World;
use super::world::{at, done, due, settlement, tried};
use crate::{Ask, Release, Settled};

pub fn claims_are_the_oldest_due_first_and_no_more_than_slots(world: &World) {
    let pair = world.pair();
    let other = world.endpoint(pair.0);
    let third = world.send(pair, 0, due(30));
    let first = world.send(pair, 0, due(10));
    let second = world.send(pair, 0, due(20));
    let elsewhere = world.send((pair.0, other), 0, due(0));
    let ask = |endpoint, slots| Ask { endpoint, slots, bytes: usize::MAX, now: at(40) };
    let claims = done(world.store().claim(vec![ask(pair.1, 2), ask(other, 5)], at(70), usize::MAX));
    let claimed: Vec<_> = claims.iter().map(|claim| claim.delivery).collect();
    assert_eq!(claimed, [first, second, elsewhere]);
    assert_eq!(world.state(third), due(30));
    assert_eq!(world.state(first), State::Leased { until: at(70) });
}

pub fn a_claim_ends_when_its_payloads_fill_the_memory_it_was_given(world: &World) {
    let pair = world.pair();
    let other = world.endpoint(pair.0);
    let both = world.accept(world.new_event(pair.0, 0), &[(pair.1, due(0)), (other, due(0))]);
    let next = world.send(pair, 1, due(1));
    let (slots, bytes) = (5, usize::MAX);
    let asks = || {
        vec![pair.1, other].into_iter().map(|endpoint| Ask { endpoint, slots, bytes, now: at(9) })
    };
    let claim = |bytes_max| done(world.store().claim(asks().collect(), at(70), bytes_max));
    let none_left = claim(0);
    let claimed: Vec<_> = none_left.iter().map(|claim| claim.delivery).collect();
    assert_eq!(claimed, [both.delivery(1)], "one is leased in any case");
    let rest = claim(usize::MAX);
    let claimed: Vec<_> = rest.iter().map(|claim| claim.delivery).collect();
    assert_eq!(claimed, [next, both.delivery(2)]);
    done(world.store().release_all(at(2)));
    let all = claim(usize::MAX);
    let shared: Vec<_> = all.iter().filter(|claim| claim.event.id == both).collect();
    assert!(matches!(shared[..], [one, two] if Arc::ptr_eq(&one.event, &two.event)));
}

pub fn an_endpoint_whose_payloads_fill_its_part_leaves_the_others_theirs(world: &World) {
    let pair = world.pair();
    let other = world.endpoint(pair.0);
    let first = world.send(pair, 0, due(0));
    let second = world.send(pair, 1, due(1));
    let elsewhere = world.send((pair.0, other), 2, due(2));
    let ask = |endpoint, bytes| Ask { endpoint, slots: 5, bytes, now: at(9) };
    let asks = vec![ask(pair.1, 1), ask(other, 1)];
    let claims = done(world.store().claim(asks, at(70), usize::MAX));
    let claimed: Vec<_> = claims.iter().map(|claim| claim.delivery).collect();
    assert_eq!(claimed, [first, elsewhere], "the first of each in any case");
    assert_eq!(world.state(second), due(1));
}

pub fn nothing_is_claimed_before_it_is_due(world: &World) {
    let pair = world.pair();
    world.send(pair, 0, due(10));
    assert!(world.claim(pair.1, 5, 9).is_empty());
    assert_eq!(world.claim(pair.1, 5, 10).len(), 1);
}

pub fn a_claim_carries_what_sending_needs(world: &World) {
    let pair = world.pair();
    let event = world.new_event(pair.0, 0);
    world.accept(event.clone(), &[(pair.1, due(0))]);
    world.try_once(pair.1, 0, due(60));
    let claim = world.claim_one(pair.1, 60);
    assert_eq!(*claim.event, event);
    assert_eq!((claim.endpoint, claim.until), (pair.1, at(90)));
    assert_eq!((claim.attempts, claim.base, claim.run, claim.claim), (1, 0, 1, 2));
    assert_eq!(claim.number(), 2);
}

pub fn a_delivery_is_leased_to_one_only(world: &World) {
    let pair = world.pair();
    world.send(pair, 0, due(0));
    assert_eq!(world.claim(pair.1, 5, 0).len(), 1);
    assert!(world.claim(pair.1, 5, 1000).is_empty());
}

pub fn each_lease_raises_the_fence(world: &World) {
    let pair = world.pair();
    let leased = State::Leased { until: at(30) };
    let id = world.send(pair, 0, leased);
    let release = Release { delivery: id, claim: 1, at: at(1), endpoint: pair.1, attempt: None };
    done(world.store().release(vec![release]));
    let second = world.claim_one(pair.1, 1);
    assert_eq!(second.claim, 2);
    done(world.store().release_all(at(2)));
    assert_eq!(world.claim_one(pair.1, 2).claim, 3);
}

pub fn a_settled_try_is_on_record_byte_for_byte(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    let answered = tried(&claim, 503, 1);
    let waits = due(60);
    world.settle(settlement(&claim, waits, Some(answered.clone())));
    let claim = world.claim_one(pair.1, 60);
    let mut unreachable = tried(&claim, 0, 61);
    let detail = "no answer within 5s: \u{e9}".to_owned();
    unreachable.tried.result = Err(Unreachable::new(ErrorClass::TimeoutHeaders, detail));
    unreachable.tried.peer = Some(std::net::Ipv6Addr::LOCALHOST.into());
    unreachable.tried.phases = Phases::default();
    unreachable.rendering.secrets = Vec::new();
    let ended = State::Exhausted { at: at(61), why: Ending::Schedule };
    world.settle(settlement(&claim, ended, Some(unreachable.clone())));
    let record = world.record(id);
    let untried = world.send(pair, 62, due(62));
    let last = done(world.store().last_attempts(vec![untried, id]));
    assert_eq!(last, [(id, unreachable.clone())]);
    assert_eq!(record.attempts, [answered, unreachable]);
    assert_eq!((record.delivery.state, record.delivery.attempts), (ended, 2));
}

pub fn a_try_settled_after_its_lease_is_recorded_as_late_and_changes_nothing(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let slow = world.claim_one(pair.1, 0);
    done(world.store().release_all(at(5)));
    let fast = world.claim_one(pair.1, 5);
    let delivered = State::Delivered { at: at(9) };
    let late = settlement(&slow, delivered, Some(tried(&slow, 200, 9)));
    assert_eq!(world.settle(late.clone()), Settled::LeaseLost);
    assert_eq!(world.settle(late), Settled::LeaseLost, "also when it is told again");
    let record = world.record(id);
    assert_eq!(record.delivery.state, State::Leased { until: fast.until });
    assert_eq!(record.delivery.attempts, 0);
    let attempts: Vec<_> = record.attempts.iter().map(|try_| (try_.claim, try_.late)).collect();
    assert_eq!(attempts, [(slow.claim, true)]);
    let ours = settlement(&fast, delivered, Some(tried(&fast, 200, 9)));
    assert_eq!(world.settle(ours), Settled::Done);
}

pub fn a_settlement_repeated_after_a_lost_answer_is_done(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    let settled = settlement(&claim, due(60), Some(tried(&claim, 500, 1)));
    assert_eq!(world.settle(settled.clone()), Settled::Done);
    assert_eq!(world.settle(settled), Settled::Done);
    let record = world.record(id);
    assert_eq!((record.delivery.attempts, record.attempts.len()), (1, 1));
}

pub fn a_settlement_without_a_try_counts_none(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    let too_large = State::Exhausted { at: at(0), why: Ending::TooLarge };
    assert_eq!(world.settle(settlement(&claim, too_large, None)), Settled::Done);
    assert_eq!(world.settle(settlement(&claim, too_large, None)), Settled::Done, "told again");
    let record = world.record(id);
    assert_eq!((record.delivery.state, record.delivery.attempts), (too_large, 0));
    assert!(record.attempts.is_empty());
}

pub fn a_lost_lease_without_a_try_is_lost_and_leaves_no_trace(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    done(world.store().release_all(at(1)));
    let too_large = State::Exhausted { at: at(2), why: Ending::TooLarge };
    assert_eq!(world.settle(settlement(&claim, too_large, None)), Settled::LeaseLost);
    assert_eq!(world.state(id), due(1));
}

pub fn a_released_delivery_is_due_again_unsent(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    let release =
        Release { delivery: id, claim: claim.claim, at: at(7), endpoint: pair.1, attempt: None };
    done(world.store().release(vec![release]));
    let record = world.record(id);
    assert_eq!((record.delivery.state, record.delivery.attempts), (due(7), 0));
}

pub fn a_released_lease_that_was_lost_is_left_alone(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let old = world.claim_one(pair.1, 0);
    done(world.store().release_all(at(1)));
    let new = world.claim_one(pair.1, 1);
    let release =
        Release { delivery: id, claim: old.claim, at: at(7), endpoint: pair.1, attempt: None };
    done(world.store().release(vec![release]));
    assert_eq!(world.state(id), State::Leased { until: new.until });
}

pub fn a_try_cut_off_by_a_stop_is_on_record_and_uses_up_no_number(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    let mut cut_off = tried(&claim, 0, 3);
    cut_off.tried.result = Err(Unreachable::new(ErrorClass::Stopped, "stopped".to_owned()));
    let attempt = Some(cut_off.clone());
    let release =
        Release { delivery: id, endpoint: pair.1, claim: claim.claim, at: at(0), attempt };
    done(world.store().release(vec![release.clone()]));
    done(world.store().release(vec![release]));
    cut_off.late = true;
    let record = world.record(id);
    assert_eq!(record.attempts, [cut_off.clone()], "one time, though it was told twice");
    assert_eq!((record.delivery.state, record.delivery.attempts), (due(0), 0));
    let again = world.claim_one(pair.1, 4);
    assert_eq!((again.number(), again.claim), (claim.number(), claim.claim + 1));
    let answered = tried(&again, 200, 5);
    world.settle(settlement(&again, State::Delivered { at: at(5) }, Some(answered.clone())));
    let record = world.record(id);
    assert_eq!(record.attempts, [cut_off, answered]);
    assert_eq!(record.delivery.attempts, 1);
}

pub fn a_try_cut_off_after_its_lease_was_lost_is_on_record_too(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let old = world.claim_one(pair.1, 0);
    done(world.store().release_all(at(1)));
    let new = world.claim_one(pair.1, 1);
    let attempt = Some(tried(&old, 0, 1));
    let release = Release { delivery: id, endpoint: pair.1, claim: old.claim, at: at(7), attempt };
    done(world.store().release(vec![release]));
    let record = world.record(id);
    assert_eq!(record.delivery.state, State::Leased { until: new.until });
    let attempts: Vec<_> = record.attempts.iter().map(|try_| (try_.claim, try_.late)).collect();
    assert_eq!(attempts, [(old.claim, true)]);
}

pub fn at_start_up_all_leases_are_dead(world: &World) {
    let pair = world.pair();
    let claimed = world.send(pair, 0, due(0));
    world.claim_one(pair.1, 0);
    let accepted = world.send(pair, 0, State::Leased { until: at(500) });
    let waiting = world.send(pair, 0, due(99));
    assert_eq!(done(world.store().release_all(at(10))), 2);
    assert_eq!(world.state(claimed), due(10));
    assert_eq!(world.state(accepted), due(10));
    assert_eq!(world.state(waiting), due(99));
    assert_eq!(done(world.store().release_all(at(11))), 0);
}

/// Seconds of a day that is over by any clock.
fn long_ago(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a time")
}

pub fn leases_that_ran_out_are_freed_and_others_are_kept(world: &World) {
    let pair = world.pair();
    let dead = world.send(pair, 0, State::Leased { until: long_ago(10) });
    let live = world.send(pair, 0, State::Leased { until: long_ago(20) });
    assert!(done(world.store().release_expired(long_ago(9), 100)).is_empty());
    assert_eq!(done(world.store().release_expired(long_ago(10), 100)), [pair.1]);
    assert_eq!(world.state(dead), State::Due { at: long_ago(10) });
    assert_eq!(world.state(live), State::Leased { until: long_ago(20) });
    let again = world.claim_one(pair.1, 10);
    assert_eq!((again.delivery, again.claim), (dead, 2), "a new lease, with the next fence");
}

pub fn a_lease_that_ran_out_ends_with_its_deleted_endpoint(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, State::Leased { until: long_ago(10) });
    done(world.store().delete_endpoint(pair.1, at(1)));
    assert_eq!(done(world.store().release_expired(long_ago(10), 100)), [pair.1]);
    assert!(matches!(world.state(id), State::WillNotSend { .. }));
}

pub fn next_due_is_the_earliest_of_each_endpoint(world: &World) {
    let pair = world.pair();
    let (idle, busy) = (world.endpoint(pair.0), world.endpoint(pair.0));
    world.send(pair, 0, due(20));
    world.send(pair, 0, due(10));
    world.send((pair.0, busy), 0, due(30));
    let all = done(world.store().next_due(None));
    assert_eq!(all, [(pair.1, at(10)), (busy, at(30))]);
    let some = done(world.store().next_due(Some(vec![idle, busy])));
    assert_eq!(some, [(busy, at(30))]);
}
