//! Somebody sets the machine's clock, by an hour.

use futures::FutureExt;
use jiff::SignedDuration;
use posthorn_core::delivery::StateKind;
use posthorn_engine::EndpointPatch;
use posthorn_engine::clock::Clock;

use crate::plan;
use crate::receivers::Mood;
use crate::seeds::live_through_all;
use crate::stories::{PLACE, accept, deliveries, one_endpoint, seconds};
use crate::world::World;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn accept_many(world: &World, numbers: std::ops::Range<u32>) {
    for number in numbers {
        assert!(accept(world, number).now_or_never().expect("nothing waits"));
    }
}

fn delivered(world: &World) -> usize {
    deliveries(world, Some(StateKind::Delivered)).len()
}

fn assert_each_came_once_and_nothing_was_violated(world: &World, count: usize) {
    let facts = world.book.open();
    assert_eq!(facts.violations, Vec::<String>::new());
    let mut well: Vec<_> = facts.seen.iter().map(|seen| (seen.delivery, seen.number)).collect();
    let all = well.len();
    well.sort_unstable();
    well.dedup();
    assert_eq!(well.len(), all, "no try was made twice");
    assert_eq!(delivered(world), count);
}

/// One under way, others in line, one that waits for its retry.
fn at_work() -> World {
    let mut world = one_endpoint(Mood::Down);
    accept_many(&world, 0..1);
    seconds(&mut world, 2);
    world.network.set_mood(Mood::Sluggish);
    accept_many(&world, 1..6);
    seconds(&mut world, 1);
    assert_eq!(world.network.under_way(), 1);
    world
}

#[test]
fn forwards_nothing_is_lost_and_nothing_comes_twice() {
    let mut world = at_work();
    world.clock.set(world.clock.now() + HOUR);
    accept_many(&world, 6..10);
    seconds(&mut world, 120);
    assert_each_came_once_and_nothing_was_violated(&world, 10);
}

#[test]
fn back_what_is_new_goes_out_at_once_and_what_waits_when_its_time_comes_again() {
    let mut world = at_work();
    world.clock.set(world.clock.now() - HOUR);
    accept_many(&world, 6..10);
    seconds(&mut world, 120);
    assert!(delivered(&world) >= 4, "{} are delivered", delivered(&world));
    seconds(&mut world, 3_600);
    assert_each_came_once_and_nothing_was_violated(&world, 10);
}

#[test]
fn back_neither_a_rate_limit_nor_a_busy_answer_keeps_what_is_new_for_an_hour() {
    for (mood, rate_limit) in [(Mood::Well, Some(2)), (Mood::Busy, None)] {
        let mut world = one_endpoint(mood);
        let endpoint = world.engine().endpoints(PLACE.0, PLACE.1)[0].id;
        let patch = EndpointPatch { rate_limit: Some(rate_limit), ..EndpointPatch::default() };
        let place = (PLACE.0, PLACE.1, endpoint);
        world.engine().change_endpoint(place, patch).now_or_never().unwrap().unwrap();
        accept_many(&world, 0..20);
        seconds(&mut world, 3);
        world.clock.set(world.clock.now() - HOUR);
        world.network.set_mood(Mood::Well);
        let before = delivered(&world);
        accept_many(&world, 20..24);
        seconds(&mut world, 120);
        let came = delivered(&world) - before;
        assert!(came >= 4, "{came} within two minutes, though {mood:?} with {rate_limit:?}");
    }
}

#[test]
fn back_and_started_anew_too() {
    let mut world = at_work();
    world.clock.set(world.clock.now() - HOUR);
    world.stop();
    world.weather.set_fair(true);
    seconds(&mut world, 60);
    accept_many(&world, 6..10);
    seconds(&mut world, 2 * 3_600);
    assert_eq!(delivered(&world), 10);
    let newest = deliveries(&world, None);
    assert!(newest.iter().rev().map(|delivery| delivery.id).is_sorted(), "ids still rise");
}

#[test]
fn back_while_the_database_cannot_write_what_came_of_tries_is_recorded_as_soon_as_it_can() {
    let mut world = one_endpoint(Mood::Well);
    accept_many(&world, 0..1);
    let until = world.clock.now() + SignedDuration::from_secs(2);
    world.weather.fail_until(until);
    seconds(&mut world, 1);
    world.clock.set(world.clock.now() - HOUR);
    world.weather.set_fair(true);
    seconds(&mut world, 1);
    assert_each_came_once_and_nothing_was_violated(&world, 1);
}

#[test]
fn back_a_rate_limit_counts_from_now() {
    let mut world = one_endpoint(Mood::Well);
    let id = world.engine().endpoints(PLACE.0, PLACE.1)[0].id;
    let patch = EndpointPatch { rate_limit: Some(Some(2)), ..EndpointPatch::default() };
    world.engine().change_endpoint((PLACE.0, PLACE.1, id), patch).now_or_never().unwrap().unwrap();
    accept_many(&world, 0..1);
    seconds(&mut world, 1);
    world.clock.set(world.clock.now() - HOUR);
    accept_many(&world, 1..21);
    seconds(&mut world, 5);
    let sent = world.book.open().seen.len();
    assert!((9..=13).contains(&sent), "{sent} in five seconds, at two a second");
    seconds(&mut world, 10);
    assert_each_came_once_and_nothing_was_violated(&world, 21);
}

#[test]
fn back_a_busy_receiver_is_asked_again_after_a_minute() {
    let mut world = one_endpoint(Mood::Busy);
    // Sooner or later it says for how long it wants to be left alone.
    accept_many(&world, 0..20);
    seconds(&mut world, 600);
    world.clock.set(world.clock.now() - HOUR);
    world.network.set_mood(Mood::Well);
    let before = world.book.open().seen.len();
    accept_many(&world, 20..21);
    seconds(&mut world, 61);
    assert!(world.book.open().seen.len() > before, "nothing was sent");
}

#[test]
fn back_what_an_enabled_endpoint_drains_goes_on_at_its_pace() {
    let mut world = one_endpoint(Mood::Well);
    let id = world.engine().endpoints(PLACE.0, PLACE.1)[0].id;
    let place = (PLACE.0, PLACE.1, id);
    world.engine().disable_endpoint(place).now_or_never().unwrap().unwrap();
    accept_many(&world, 0..30);
    world.engine().enable_endpoint(place).now_or_never().unwrap().unwrap();
    seconds(&mut world, 3);
    world.clock.set(world.clock.now() - HOUR);
    seconds(&mut world, 10);
    // Of what was set going for the second that was under way the rest is due when it comes again.
    assert!(delivered(&world) >= 27, "{} are delivered", delivered(&world));
    seconds(&mut world, 3_600);
    assert_each_came_once_and_nothing_was_violated(&world, 30);
}

#[test]
fn however_the_clock_is_set_what_was_accepted_arrives_and_no_try_is_made_twice_for_nothing() {
    let not_forgotten = [
        "clock set back",
        "clock set forwards",
        "freezes",
        "leases freed by another server",
        "leases that ended in a freeze",
        "tries whose lease was lost",
    ];
    live_through_all(plan::draw_jumps, &not_forgotten);
}
