//! Accept: all or none, and never twice.

use futures::executor::block_on;
use posthorn_core::delivery::{State, WillNotSendWhy};
use posthorn_core::event::{Event, Mode, Payload};
use posthorn_core::id::EndpointId;

use super::World;
use super::world::{at, done, due, new_accept, parked};
use crate::{Accepted, EventQuery, Page, StoreError};

pub fn an_accepted_event_is_on_record_with_its_deliveries(world: &World) {
    let (merchant, endpoint) = world.pair();
    let other = world.endpoint(merchant);
    let mut event = world.new_event(merchant, 0);
    event.reference = Some("order-1".into());
    event.only = Some(EndpointId::from_i64(9));
    let leased = State::Leased { until: at(30) };
    world.accept(event.clone(), &[(endpoint, leased), (other, due(5))]);
    assert_eq!(done(world.store().event(event.id)), Some(event.clone()));
    let first = world.record(event.id.delivery(1));
    assert_eq!((first.delivery.endpoint, first.delivery.state), (endpoint, leased));
    assert_eq!((first.delivery.attempts, first.delivery.base, first.delivery.run), (0, 0, 1));
    assert_eq!((first.event, first.attempts), (event.clone(), vec![]));
    assert_eq!(world.state(event.id.delivery(2)), due(5));
}

pub fn an_id_that_was_given_out_is_no_reference_of_another_event(world: &World) {
    let (merchant, other) = (world.merchant(), world.merchant());
    let first = world.new_event(merchant, 0);
    let named = |merchant, second| Event {
        reference: Some(first.id.to_string()),
        ..world.new_event(merchant, second)
    };
    let accept = |event: Event| done(world.store().accept(vec![new_accept(event, &[])]));
    assert_eq!(accept(first.clone()), [Accepted::Now(first.id)]);
    let (data, _) = Payload::parse(br#"{"n":2}"#).expect("an object");
    let another = Event { data, ..named(merchant, 1) };
    assert_eq!(accept(another), [Accepted::IdTaken(first.id)]);
    assert_eq!(accept(named(merchant, 2)), [Accepted::Before(first.id)], "it is the same event");
    let theirs = named(other, 3);
    assert_eq!(accept(theirs.clone()), [Accepted::Now(theirs.id)], "of another merchant");
}

pub fn the_same_reference_and_content_is_the_event_before(world: &World) {
    let (merchant, endpoint) = world.pair();
    let mut event = world.new_event(merchant, 0);
    event.reference = Some("order-1".into());
    let first = world.accept(event.clone(), &[(endpoint, due(0))]);
    event.id = world.new_event(merchant, 1).id;
    let again = done(world.store().accept(vec![new_accept(event, &[(endpoint, due(1))])]));
    assert_eq!(again, [Accepted::Before(first)]);
    let found = done(world.store().event_by_reference(merchant, Mode::Test, "order-1".into()));
    assert_eq!(found.map(|event| event.id), Some(first));
}

pub fn the_same_reference_with_other_content_is_refused(world: &World) {
    let merchant = world.merchant();
    let mut event = world.new_event(merchant, 0);
    event.reference = Some("order-1".into());
    let first = world.accept(event.clone(), &[]);
    let (data, _) = Payload::parse(br#"{"amount":2000}"#).expect("an object");
    let mut dearer = world.new_event(merchant, 1);
    (dearer.reference, dearer.data) = (Some("order-1".into()), data);
    let answers = done(world.store().accept(vec![new_accept(dearer.clone(), &[])]));
    assert_eq!(answers, [Accepted::IdTaken(first)]);
    assert_eq!(done(world.store().event(dearer.id)), None);
}

pub fn references_of_merchants_and_modes_do_not_meet(world: &World) {
    let (one, two) = (world.merchant(), world.merchant());
    for (second, (merchant, mode)) in
        (0..).zip([(one, Mode::Test), (one, Mode::Live), (two, Mode::Test)])
    {
        let mut event = world.new_event(merchant, second);
        (event.reference, event.mode) = (Some("order-1".into()), mode);
        world.accept(event.clone(), &[]);
        let found = done(world.store().event_by_reference(merchant, mode, "order-1".into()));
        assert_eq!(found, Some(event));
    }
}

pub fn an_accept_repeated_after_a_lost_answer_is_not_done_twice(world: &World) {
    let (merchant, endpoint) = world.pair();
    let accept = new_accept(world.new_event(merchant, 0), &[(endpoint, due(0))]);
    let id = accept.event.id;
    assert_eq!(done(world.store().accept(vec![accept.clone()])), [Accepted::Now(id)]);
    assert_eq!(done(world.store().accept(vec![accept])), [Accepted::Before(id)]);
    assert_eq!(world.claim(endpoint, 10, 0).len(), 1);
}

pub fn an_id_on_record_with_other_content_is_never_answered_as_accepted(world: &World) {
    let (merchant, endpoint) = world.pair();
    let first = world.new_event(merchant, 0);
    world.accept(first.clone(), &[(endpoint, due(0))]);
    let (data, _) = Payload::parse(br#"{"n":2}"#).expect("an object");
    let other = Event { data, ..first.clone() };
    let later = Event { at: at(1), ..first.clone() };
    let theirs = Event { merchant: world.merchant(), ..first.clone() };
    for event in [other, later, theirs] {
        let answer = block_on(world.store().accept(vec![new_accept(event, &[])]));
        let Err(StoreError::Unavailable { detail }) = answer else { panic!("{answer:?}") };
        assert!(detail.contains(&first.id.to_string()), "{detail}");
    }
    assert_eq!(done(world.store().event(first.id)), Some(first));
}

pub fn each_event_of_a_batch_has_its_own_answer(world: &World) {
    let merchant = world.merchant();
    let mut events: Vec<_> = (0..3).map(|second| world.new_event(merchant, second)).collect();
    for event in &mut events {
        event.reference = Some("order-1".into());
    }
    if let Some(last) = events.last_mut() {
        last.kind = "payment.refused".parse().expect("a type");
    }
    let first = events.first().expect("three events").id;
    let accepts = events.into_iter().map(|event| new_accept(event, &[])).collect();
    let answers = done(world.store().accept(accepts));
    assert_eq!(answers, [Accepted::Now(first), Accepted::Before(first), Accepted::IdTaken(first)]);
    let query = EventQuery { merchant, mode: Mode::Test, kind: None, since: None, until: None };
    assert_eq!(done(world.store().events(query, Page { after: None, limit: 10 })).len(), 1);
}

pub fn what_is_parked_for_an_endpoint_that_drained_meanwhile_is_due(world: &World) {
    let (merchant, endpoint) = world.pair();
    let delivery = world.send((merchant, endpoint), 3, parked(3));
    assert_eq!(world.state(delivery), due(3));
}

pub fn what_is_due_at_an_endpoint_deleted_meanwhile_will_not_be_sent(world: &World) {
    let (merchant, endpoint) = world.pair();
    done(world.store().delete_endpoint(endpoint, at(1)));
    let ended = State::WillNotSend { since: at(3), why: WillNotSendWhy::EndpointDeleted };
    assert_eq!(world.state(world.send((merchant, endpoint), 3, due(3))), ended);
    assert_eq!(world.state(world.send((merchant, endpoint), 3, parked(3))), ended);
}
