//! Weeks under a short retention, with crashes: what is forgotten was old, and had ended before.

use std::collections::BTreeMap;

use futures::FutureExt;
use jiff::SignedDuration;
use posthorn_core::delivery::{Delivery, State, StateKind};
use posthorn_core::id::DeliveryId;
use posthorn_engine::clock::Clock;
use posthorn_store::NOTICE;

use crate::receivers::Mood;
use crate::stories::{MERCHANT, PLACE, accept, deliveries, one_endpoint, seconds};
use crate::world::World;

const DAY_S: i64 = 86_400;
const KEPT: SignedDuration = SignedDuration::from_hours(20 * 24);

/// What is on record, by id.
fn on_record(world: &World) -> BTreeMap<DeliveryId, Delivery> {
    deliveries(world, None).into_iter().map(|delivery| (delivery.id, delivery)).collect()
}

fn age(world: &World, id: DeliveryId) -> SignedDuration {
    world.clock.now().duration_since(id.event().accepted_at())
}

fn waits(delivery: &Delivery) -> bool {
    matches!(delivery.state.kind(), StateKind::Due | StateKind::Leased | StateKind::Parked)
}

/// A day goes by; what went with it was old, and did not wait any more.
fn a_day(world: &mut World, crash_after: u64) {
    let before = on_record(world);
    world.weather.crash_in(crash_after);
    for quarter in 0..4 {
        // Its caller hangs up: it is accepted all the same.
        let _answer = accept(world, quarter).now_or_never();
        seconds(world, DAY_S / 4);
    }
    let after = on_record(world);
    for (id, delivery) in before {
        if !after.contains_key(&id) {
            assert!(age(world, id) >= KEPT, "{id} was forgotten at {:?}", age(world, id));
            assert!(!waits(&delivery), "{id} was forgotten as {:?}", delivery.state);
        }
    }
}

#[test]
fn what_is_forgotten_was_old_and_had_ended_and_nothing_old_is_left() {
    let mut world = one_endpoint(Mood::Well);
    world.keep(KEPT);
    for day in 0..3 {
        a_day(&mut world, 40 + day);
    }
    let endpoint = world.engine().endpoints(MERCHANT, PLACE.1)[0].id;
    let engine = world.engine();
    let _answer = engine.disable_endpoint((MERCHANT, PLACE.1, endpoint)).now_or_never();
    let first = *on_record(&world).keys().next().unwrap();
    let mut given_up = 0;
    for day in 3..45 {
        a_day(&mut world, 25 + day * 7);
        for (id, delivery) in on_record(&world) {
            let old = age(&world, id);
            assert!(old < KEPT + SignedDuration::from_hours(24), "{id} is {old:?} old");
            if old > KEPT - NOTICE + SignedDuration::from_hours(12) {
                assert!(!waits(&delivery), "{id} still waits");
            }
            if let State::Exhausted { .. } = delivery.state {
                assert_eq!(delivery.state.why(), Some("retention"));
                given_up += 1;
            }
        }
    }
    assert!(given_up > 20 && world.crashes > 10, "{given_up} {}", world.crashes);
    world.weather.restart();
    world.weather.set_fair(true);
    let engine = world.engine();
    let asked = engine.delivery(MERCHANT, PLACE.1, first).now_or_never();
    let told = "there is no such delivery: what is older than 20d is forgotten (retention)";
    assert_eq!(asked.unwrap().unwrap_err().to_string(), told);
    assert_eq!(world.book.open().violations, Vec::<String>::new());
}
