//! What a settlement does beside its delivery: the endpoint's health, its status, notices.

use posthorn_core::delivery::{Claim, ParkedWhy, State, WillNotSendWhy};
use posthorn_core::endpoint::{DisabledWhy, Status};

use super::World;
use super::world::{at, done, due, new_accept, settlement, tried};
use crate::{Effect, Release, Settled, Settlement};

fn ended(second: i64) -> State {
    State::WillNotSend { since: at(second), why: WillNotSendWhy::EndpointDeleted }
}

pub fn a_failing_endpoint_remembers_since_when(world: &World) {
    let pair = world.pair();
    world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    world.settle_with(&claim, due(60), vec![Effect::FailingSince(Some(at(1)))]);
    assert_eq!(world.find_endpoint(pair.1).failing_since, Some(at(1)));
    let claim = world.claim_one(pair.1, 60);
    let delivered = State::Delivered { at: at(61) };
    world.settle_with(&claim, delivered, vec![Effect::FailingSince(None)]);
    assert_eq!(world.find_endpoint(pair.1).failing_since, None);
}

pub fn a_pause_takes_effect_with_the_try_that_caused_it(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    let paused = Status::Paused { since: at(1) };
    world.settle_with(&claim, due(60), vec![Effect::Rest(paused)]);
    assert_eq!(world.find_endpoint(pair.1).status, paused);
    assert_eq!(world.state(id), due(60), "its own schedule runs on");
}

pub fn an_endpoint_at_rest_is_not_put_to_rest_again(world: &World) {
    let pair = world.pair();
    world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    let disabled = Status::Disabled { since: at(0), why: DisabledWhy::Requested };
    world.set_status(pair.1, disabled, 0);
    let paused = Status::Paused { since: at(1) };
    world.settle_with(&claim, due(60), vec![Effect::Rest(paused)]);
    assert_eq!(world.find_endpoint(pair.1).status, disabled);
}

pub fn notices_are_accepted_with_the_settlement(world: &World) {
    let pair = world.pair();
    let watcher = world.endpoint(pair.0);
    world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    let notice = world.new_event(pair.0, 1);
    let notices = vec![new_accept(notice.clone(), &[(watcher, due(1))])];
    let attempt = Some(tried(&claim, 500, 1));
    world.settle(Settlement { notices, ..settlement(&claim, due(60), attempt) });
    assert_eq!(done(world.store().event(notice.id)), Some(notice));
    assert_eq!(world.claim(watcher, 5, 1).len(), 1);
}

pub fn who_puts_an_endpoint_to_rest_tells_of_it_and_nobody_else(world: &World) {
    let pair = world.pair();
    let notices = [world.new_event(pair.0, 1), world.new_event(pair.0, 2)];
    for notice in &notices {
        world.send(pair, 0, due(0));
        let claim = world.claim_one(pair.1, 0);
        let rests = Settlement {
            effects: vec![Effect::Rest(Status::Paused { since: at(1) })],
            notices_if_rested: vec![new_accept(notice.clone(), &[])],
            ..settlement(&claim, due(60), Some(tried(&claim, 500, 1)))
        };
        assert_eq!(world.settle(rests), Settled::Done);
    }
    let [first, second] = notices;
    assert_eq!(done(world.store().event(first.id)), Some(first));
    assert_eq!(done(world.store().event(second.id)), None);
}

pub fn a_lost_lease_has_no_effects_and_no_notices(world: &World) {
    let pair = world.pair();
    world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    done(world.store().release_all(at(1)));
    let notice = world.new_event(pair.0, 1);
    let lost = Settlement {
        effects: vec![Effect::Rest(Status::Paused { since: at(2) })],
        notices: vec![new_accept(notice.clone(), &[])],
        ..settlement(&claim, due(60), Some(tried(&claim, 500, 2)))
    };
    assert_eq!(world.settle(lost), Settled::LeaseLost);
    assert_eq!(world.find_endpoint(pair.1).status, Status::Active);
    assert_eq!(done(world.store().event(notice.id)), None);
}

pub fn gone_parks_the_delivery_and_disables_the_endpoint(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    let gone = State::Parked { since: at(1), why: ParkedWhy::Gone };
    let disabled = Status::Disabled { since: at(1), why: DisabledWhy::Gone };
    world.settle_with(&claim, gone, vec![Effect::Rest(disabled)]);
    assert_eq!(world.state(id), gone);
    assert_eq!(world.find_endpoint(pair.1).status, disabled);
}

pub fn gone_disables_an_endpoint_that_is_paused_and_is_told_once(world: &World) {
    let pair = world.pair();
    let claims = [(); 2].map(|()| {
        world.send(pair, 0, due(0));
        world.claim_one(pair.1, 0)
    });
    world.pause(pair.1, 1);
    let disabled = |second| Status::Disabled { since: at(second), why: DisabledWhy::Gone };
    let settle = |now, claim: Claim| {
        let notice = world.new_event(pair.0, now);
        let parked = State::Parked { since: at(now), why: ParkedWhy::Gone };
        let gone = Settlement {
            effects: vec![Effect::Rest(disabled(now))],
            notices_if_rested: vec![new_accept(notice.clone(), &[])],
            ..settlement(&claim, parked, Some(tried(&claim, 410, now)))
        };
        assert_eq!(world.settle(gone), Settled::Done);
        assert_eq!(world.state(claim.delivery), parked);
        notice.id
    };
    let [first, second] = claims;
    let (first, second) = (settle(2, first), settle(3, second));
    assert_eq!(world.find_endpoint(pair.1).status, disabled(2));
    assert!(done(world.store().event(first)).is_some());
    assert_eq!(done(world.store().event(second)), None);
}

pub fn a_failure_at_an_endpoint_deleted_meanwhile_ends(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    done(world.store().delete_endpoint(pair.1, at(1)));
    assert_eq!(world.settle_with(&claim, due(60), Vec::new()), Settled::Done);
    assert_eq!(world.state(id), ended(1));
    assert_eq!(world.record(id).attempts.len(), 1);
}

pub fn gone_from_an_endpoint_deleted_meanwhile_ends(world: &World) {
    let pair = world.pair();
    let id = world.send(pair, 0, due(0));
    let claim = world.claim_one(pair.1, 0);
    done(world.store().delete_endpoint(pair.1, at(1)));
    let gone = State::Parked { since: at(1), why: ParkedWhy::Gone };
    let disabled = Status::Disabled { since: at(1), why: DisabledWhy::Gone };
    assert_eq!(world.settle_with(&claim, gone, vec![Effect::Rest(disabled)]), Settled::Done);
    assert_eq!(world.state(id), ended(1), "nothing would ever come by for it");
    assert_eq!(world.record(id).attempts.len(), 1);
}

pub fn a_lease_given_back_for_a_deleted_endpoint_ends(world: &World) {
    let pair = world.pair();
    let released = world.send(pair, 0, due(0));
    let orphaned = world.send(pair, 0, due(0));
    assert_eq!(world.claim(pair.1, 2, 0).len(), 2);
    done(world.store().delete_endpoint(pair.1, at(1)));
    done(world.store().release(vec![Release {
        delivery: released,
        endpoint: pair.1,
        claim: 1,
        at: at(4),
        attempt: None,
    }]));
    done(world.store().release_all(at(5)));
    assert_eq!(world.state(released), ended(4));
    assert_eq!(world.state(orphaned), ended(5));
}
