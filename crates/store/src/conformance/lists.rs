//! Lists: newest first, page by page, each merchant and mode by itself.

use posthorn_core::delivery::{Ending, State, StateKind};
use posthorn_core::event::{Event, Mode, Payload};
use posthorn_core::id::{DeliveryId, EndpointId, EventId, MerchantId};

use super::World;
use super::world::{at, done, due, parked};
use crate::{Backlog, DeliveryQuery, EventQuery, FOLLOWED_BYTES_MAX, Page};

fn all_events(merchant: MerchantId) -> EventQuery {
    EventQuery { merchant, mode: Mode::Test, kind: None, since: None, until: None }
}

fn all_deliveries(merchant: MerchantId) -> DeliveryQuery {
    DeliveryQuery { merchant, mode: Mode::Test, endpoint: None, event: None, state: None }
}

fn first<I>(limit: u32) -> Page<I> {
    Page { after: None, limit }
}

fn found_events(world: &World, query: EventQuery, page: Page<EventId>) -> Vec<EventId> {
    done(world.store().events(query, page)).into_iter().map(|event| event.id).collect()
}

fn found(world: &World, query: &DeliveryQuery) -> Vec<DeliveryId> {
    let found = done(world.store().deliveries(query.clone(), first(100)));
    let whole: Vec<_> = found.iter().map(|delivery| delivery.id).collect();
    assert_eq!(page_by_page(world, query), whole, "pages of two are the same list");
    whole
}

fn page_by_page(world: &World, query: &DeliveryQuery) -> Vec<DeliveryId> {
    let mut all: Vec<DeliveryId> = Vec::new();
    loop {
        let page = Page { after: all.last().copied(), limit: 2 };
        let found = done(world.store().deliveries(query.clone(), page));
        if found.is_empty() {
            return all;
        }
        all.extend(found.into_iter().map(|delivery| delivery.id));
    }
}

/// One delivery in each of five states, oldest first.
fn in_all_states(world: &World, pair: (MerchantId, EndpointId)) -> [DeliveryId; 5] {
    let delivered = world.send(pair, 0, due(0));
    world.try_once(pair.1, 0, State::Delivered { at: at(0) });
    let exhausted = world.send(pair, 1, due(1));
    world.try_once(pair.1, 1, State::Exhausted { at: at(1), why: Ending::Schedule });
    let leased = world.send(pair, 2, due(2));
    world.claim_one(pair.1, 2);
    let waiting = world.send(pair, 3, due(30));
    world.pause(pair.1, 4);
    let at_rest = world.send(pair, 4, parked(4));
    [delivered, exhausted, leased, waiting, at_rest]
}

pub fn events_are_listed_newest_first_page_by_page(world: &World) {
    let merchant = world.merchant();
    let mut ids: Vec<_> =
        (0..5).map(|second| world.accept(world.new_event(merchant, second), &[])).collect();
    ids.reverse();
    assert_eq!(found_events(world, all_events(merchant), first(100)), ids);
    let mut paged = Vec::new();
    for _ in 0..3 {
        let page = Page { after: paged.last().copied(), limit: 2 };
        paged.extend(found_events(world, all_events(merchant), page));
    }
    assert_eq!(paged, ids);
}

pub fn events_are_found_by_kind_and_time(world: &World) {
    let merchant = world.merchant();
    let old = world.accept(world.new_event(merchant, 0), &[]);
    let mut refused = world.new_event(merchant, 10);
    refused.kind = "payment.refused".parse().expect("a type");
    let refused = world.accept(refused, &[]);
    let new = world.accept(world.new_event(merchant, 20), &[]);
    let kind = Some("payment.refused".parse().expect("a type"));
    let by_kind = EventQuery { kind, ..all_events(merchant) };
    assert_eq!(found_events(world, by_kind, first(9)), [refused]);
    let since = EventQuery { since: Some(at(10)), ..all_events(merchant) };
    assert_eq!(found_events(world, since, first(9)), [new, refused], "since is inclusive");
    let until = EventQuery { until: Some(at(10)), ..all_events(merchant) };
    assert_eq!(found_events(world, until, first(9)), [old], "until is exclusive");
    let page = Page { after: Some(new), limit: 9 };
    let both = EventQuery { since: Some(at(1)), until: Some(at(99)), ..all_events(merchant) };
    assert_eq!(found_events(world, both, page), [refused]);
}

pub fn followers_read_oldest_first_after_what_they_have(world: &World) {
    let merchant = world.merchant();
    let ids: Vec<_> =
        (0..4).map(|second| world.accept(world.new_event(merchant, second), &[])).collect();
    let [have, next, last, _] = *ids else { unreachable!("four events") };
    let found = done(world.store().events_after(merchant, Mode::Test, have, 2));
    assert_eq!(found.iter().map(|event| event.id).collect::<Vec<_>>(), [next, last]);
    let found = done(world.store().events_after(merchant, Mode::Live, have, 2));
    assert!(found.is_empty());
}

pub fn a_list_of_events_is_without_their_data(world: &World) {
    let merchant = world.merchant();
    let event = world.new_event(merchant, 1);
    let id = world.accept(event.clone(), &[]);
    assert!(!event.data.as_bytes().is_empty());
    let of_kind = EventQuery { kind: Some(event.kind.clone()), ..all_events(merchant) };
    for query in [all_events(merchant), of_kind] {
        let found = done(world.store().events(query, first(9)));
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|found| found.id == id && found.data.as_bytes().is_empty()));
    }
    assert_eq!(done(world.store().event(id)).expect("it is there").data, event.data);
}

pub fn followers_read_at_least_one_event_and_little_more_than_a_mebibyte(world: &World) {
    let merchant = world.merchant();
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(FOLLOWED_BYTES_MAX * 2 / 3));
    let ids: Vec<_> = (0..4)
        .map(|second| {
            let (data, _) = Payload::parse(large.as_bytes()).expect("data");
            world.accept(Event { data, ..world.new_event(merchant, second) }, &[])
        })
        .collect();
    let after = |have| {
        let found = done(world.store().events_after(merchant, Mode::Test, have, 50));
        found.into_iter().map(|event| event.id).collect::<Vec<_>>()
    };
    let [one, two, three, four] = *ids else { unreachable!("four events") };
    assert_eq!(after(EventId::from_i64(0)), [one, two]);
    assert_eq!(after(two), [three, four]);
    assert_eq!(after(three), [four]);
}

pub fn deliveries_of_an_endpoint_are_merged_over_all_states(world: &World) {
    let pair = world.pair();
    let [delivered, exhausted, leased, waiting, at_rest] = in_all_states(world, pair);
    let all = DeliveryQuery { endpoint: Some(pair.1), ..all_deliveries(pair.0) };
    assert_eq!(found(world, &all), [at_rest, waiting, leased, exhausted, delivered]);
    let in_state = |state| DeliveryQuery { state: Some(state), ..all.clone() };
    assert_eq!(found(world, &in_state(StateKind::Due)), [waiting]);
    assert_eq!(found(world, &in_state(StateKind::Leased)), [leased]);
    assert_eq!(found(world, &in_state(StateKind::Delivered)), [delivered]);
    assert_eq!(found(world, &in_state(StateKind::Exhausted)), [exhausted]);
    assert_eq!(found(world, &in_state(StateKind::Parked)), [at_rest]);
    assert!(found(world, &in_state(StateKind::WillNotSend)).is_empty());
}

pub fn deliveries_of_an_event_are_filtered_by_endpoint_and_state(world: &World) {
    let (merchant, one) = world.pair();
    let two = world.endpoint(merchant);
    world.send((merchant, one), 0, due(0));
    let event = world.accept(world.new_event(merchant, 1), &[(one, due(1)), (two, due(1))]);
    world.send((merchant, two), 2, due(2));
    let (first, second) = (event.delivery(1), event.delivery(2));
    let of_event = DeliveryQuery { event: Some(event), ..all_deliveries(merchant) };
    assert_eq!(found(world, &of_event), [second, first]);
    let to_one = DeliveryQuery { endpoint: Some(one), ..of_event.clone() };
    assert_eq!(found(world, &to_one), [first]);
    let parked = DeliveryQuery { state: Some(StateKind::Parked), ..of_event };
    assert!(found(world, &parked).is_empty());
}

pub fn deliveries_of_a_merchant_are_merged_over_endpoints(world: &World) {
    let (merchant, one) = world.pair();
    let two = world.endpoint(merchant);
    let first = world.send((merchant, one), 0, due(0));
    let second = world.send((merchant, two), 1, due(1));
    let third = world.send((merchant, one), 2, State::Leased { until: at(50) });
    world.try_once(two, 1, State::Delivered { at: at(1) });
    assert_eq!(found(world, &all_deliveries(merchant)), [third, second, first]);
    let in_state = |state| DeliveryQuery { state: Some(state), ..all_deliveries(merchant) };
    assert_eq!(found(world, &in_state(StateKind::Due)), [first]);
    assert_eq!(found(world, &in_state(StateKind::Leased)), [third]);
    assert_eq!(found(world, &in_state(StateKind::Delivered)), [second]);
    done(world.store().delete_endpoint(one, at(9)));
    assert_eq!(found(world, &all_deliveries(merchant)), [third, second, first]);
}

pub fn a_merchant_with_many_endpoints_has_its_events_walked(world: &World) {
    let merchant = world.merchant();
    let endpoints: Vec<_> = (0..70).map(|_| world.endpoint(merchant)).collect();
    let to: Vec<_> = endpoints.iter().map(|endpoint| (*endpoint, due(0))).collect();
    let event = world.accept(world.new_event(merchant, 0), &to);
    world.accept(world.new_event(merchant, 1), &[]);
    let leased = endpoints.first().expect("seventy endpoints");
    let newest = world.send((merchant, *leased), 2, State::Leased { until: at(30) });
    let expected: Vec<_> =
        [newest].into_iter().chain((1..=70).rev().map(|n| event.delivery(n))).collect();
    assert_eq!(found(world, &all_deliveries(merchant)), expected);
    let leased = DeliveryQuery { state: Some(StateKind::Leased), ..all_deliveries(merchant) };
    assert_eq!(found(world, &leased), [newest]);
}

pub fn nobody_sees_what_others_own_or_what_is_of_the_other_mode(world: &World) {
    let pair = world.pair();
    let (other, _) = world.pair();
    let delivery = world.send(pair, 0, due(0));
    let live = |merchant| DeliveryQuery { mode: Mode::Live, ..all_deliveries(merchant) };
    let event = Some(delivery.event());
    for base in [all_deliveries(other), live(pair.0)] {
        assert!(found(world, &base).is_empty());
        assert!(found(world, &DeliveryQuery { endpoint: Some(pair.1), ..base.clone() }).is_empty());
        assert!(found(world, &DeliveryQuery { event, ..base }).is_empty());
    }
    assert!(found_events(world, all_events(other), first(9)).is_empty());
    let live = EventQuery { mode: Mode::Live, ..all_events(pair.0) };
    assert!(found_events(world, live, first(9)).is_empty());
}

pub fn the_backlog_counts_what_waits(world: &World) {
    assert_eq!(done(world.store().backlog()), Backlog::default());
    let pair = world.pair();
    let [_, _, leased, _, _] = in_all_states(world, pair);
    let backlog = done(world.store().backlog());
    let oldest = Some(leased.event().accepted_at());
    assert_eq!(backlog, Backlog { due: 1, leased: 1, parked: 1, oldest });
}

pub fn the_last_event_is_the_highest_id(world: &World) {
    assert_eq!(done(world.store().last_event()), None);
    let merchant = world.merchant();
    world.accept(world.new_event(merchant, 0), &[]);
    let last = world.accept(world.new_event(merchant, 1), &[]);
    assert_eq!(done(world.store().last_event()), Some(last));
}
