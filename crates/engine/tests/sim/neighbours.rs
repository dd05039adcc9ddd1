//! Merchants beside each other: nobody's many endpoints, and nobody's dead ones, keep a neighbour from its deliveries.

use std::collections::BTreeSet;

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::delivery::StateKind;
use posthorn_core::event::{Mode, NewEvent};
use posthorn_core::id::MerchantId;
use posthorn_engine::EndpointPatch;
use posthorn_store::{DeliveryQuery, Page, Store};

use crate::deeds::caller;
use crate::ledger::ready;
use crate::receivers::Mood;
use crate::stories::seconds;
use crate::world::World;

const SMALL: MerchantId = MerchantId::from_i64(2);
/// Two of them: one alone has no more than half of all the places.
const BIG: [MerchantId; 2] = [MerchantId::from_i64(1), MerchantId::from_i64(3)];
const A_SECOND: SignedDuration = SignedDuration::from_secs(1);
const MODE: Mode = Mode::Test;

fn create(world: &World, merchant: MerchantId, count: usize) {
    for _ in 0..count {
        world.client().create_for(merchant, MODE).now_or_never().expect("nothing waits");
    }
    for endpoint in world.engine().endpoints(merchant, MODE) {
        let patch = EndpointPatch {
            events: Some(vec!["*".parse().unwrap()]),
            filter: Some(None),
            rate_limit: Some(None),
            concurrency: Some(None),
            ..EndpointPatch::default()
        };
        let place = (merchant, MODE, endpoint.id);
        world.engine().change_endpoint(place, patch).now_or_never().unwrap().unwrap();
    }
}

fn accept(world: &World, merchant: MerchantId, count: u32) {
    for number in 0..count {
        let data = format!("{{\"sim\":{number}}}");
        let event = NewEvent::parse("order.paid", data.as_bytes(), None).unwrap();
        let (caller, place) = (caller(merchant, MODE), (merchant, MODE));
        let accepted = world.engine().accept(caller, place, event, None).now_or_never();
        accepted.expect("nothing waits").unwrap();
    }
}

fn delivered(world: &World, merchant: MerchantId) -> usize {
    let state = Some(StateKind::Delivered);
    let query = DeliveryQuery { merchant, mode: MODE, endpoint: None, event: None, state };
    ready(world.store.deliveries(query, Page { after: None, limit: 100_000 })).len()
}

#[test]
fn a_merchant_with_sixty_endpoints_is_served_no_faster_than_one_with_one() {
    let mut world = World::empty();
    for merchant in BIG {
        create(&world, merchant, 60);
    }
    create(&world, SMALL, 1);
    world.network.set_mood(Mood::Well);
    for merchant in BIG {
        accept(&world, merchant, 20);
    }
    accept(&world, SMALL, 150);

    while delivered(&world, SMALL) < 150 {
        seconds(&mut world, 1);
    }
    for merchant in BIG {
        let count = delivered(&world, merchant);
        assert!(count < 2 * 150, "{count} of a big one's beside 150");
    }
    seconds(&mut world, 300);
    for merchant in BIG {
        assert_eq!(delivered(&world, merchant), 60 * 20);
    }
}

#[test]
fn however_many_endpoints_hang_who_answers_is_served_at_once() {
    let mut world = World::empty();
    for merchant in BIG {
        create(&world, merchant, 60);
    }
    create(&world, SMALL, 1);
    world.network.set_mood(Mood::Well);
    accept(&world, SMALL, 1);
    seconds(&mut world, 1);
    for merchant in BIG {
        world.network.set_mood_of(merchant, Mood::Silent);
    }
    for merchant in BIG {
        accept(&world, merchant, 20);
    }
    seconds(&mut world, 1);
    assert!(world.network.under_way() > 0, "they hang");

    accept(&world, SMALL, 60);
    seconds(&mut world, 2);
    assert_eq!(delivered(&world, SMALL), 61);
}

#[test]
fn endpoints_where_nobody_is_are_not_tried_all_at_once_and_each_has_its_turn() {
    let mut world = World::empty();
    for merchant in BIG {
        create(&world, merchant, 60);
    }
    world.network.set_mood(Mood::Absent);
    for merchant in BIG {
        accept(&world, merchant, 10);
    }
    seconds(&mut world, 30);

    let begun: Vec<_> = world.book.open().seen.iter().map(|seen| seen.at).collect();
    assert!(begun.len() >= 2 * 60 * 10, "each was tried: {}", begun.len());
    let within = |from: Timestamp| {
        let after = |at: &Timestamp| (*at >= from) && at.duration_since(from) < A_SECOND;
        begun.iter().filter(|at| after(at)).count()
    };
    let most = begun.iter().map(|from| within(*from)).max().unwrap_or(0);
    assert!(most < 400, "{most} in a second");
}

/// In an outage of everybody at once an endpoint waits longer for its turn than a lease lasts.
#[test]
fn however_many_are_not_there_each_is_tried_in_its_turn() {
    const EACH: usize = 700;
    let mut world = World::empty();
    let all: Vec<MerchantId> = (1..=6).map(MerchantId::from_i64).collect();
    for merchant in &all {
        create(&world, *merchant, EACH);
    }
    world.network.set_mood(Mood::Absent);
    for merchant in &all {
        accept(&world, *merchant, 3);
    }
    seconds(&mut world, 40);
    let tried: BTreeSet<_> = world.book.open().seen.iter().map(|seen| seen.delivery).collect();
    assert_eq!(tried.len(), all.len() * EACH * 3);
}
