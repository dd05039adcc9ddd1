//! Bugs that the simulation found, each told by itself.

use futures::FutureExt;
use jiff::SignedDuration;
use posthorn_core::delivery::{Delivery, StateKind};
use posthorn_core::event::{Mode, NewEvent};
use posthorn_core::id::MerchantId;
use posthorn_engine::clock::Clock;
use posthorn_engine::{EndpointPatch, Held, Recovery};
use posthorn_store::{DeliveryQuery, Page, Store};

use crate::deeds::caller;
use crate::ledger::ready;
use crate::receivers::Mood;
use crate::world::World;

pub(crate) const MERCHANT: MerchantId = MerchantId::from_i64(1);
pub(crate) const PLACE: (MerchantId, Mode) = (MERCHANT, Mode::Test);

/// A world in fair weather in which nothing is planned, with one endpoint that wants everything of
/// one merchant, one at a time.
pub(crate) fn one_endpoint(mood: Mood) -> World {
    let mut world = World::empty();
    let client = world.client();
    client.create_for(MERCHANT, Mode::Test).now_or_never().expect("nothing waits");
    let endpoint = world.engine().endpoints(MERCHANT, Mode::Test)[0].id;
    let patch = EndpointPatch {
        events: Some(vec!["*".parse().unwrap()]),
        filter: Some(None),
        rate_limit: Some(None),
        concurrency: Some(Some(1)),
        ..EndpointPatch::default()
    };
    let place = (MERCHANT, Mode::Test, endpoint);
    world.engine().change_endpoint(place, patch).now_or_never().unwrap().unwrap();
    world.stall();
    world.network.set_mood(mood);
    world
}

pub(crate) fn accept(world: &World, number: u32) -> impl Future<Output = bool> + use<> {
    let engine = world.engine();
    let data = format!("{{\"sim\":{number}}}");
    async move {
        let event = NewEvent::parse("order.paid", data.as_bytes(), None).unwrap();
        let caller = caller(MERCHANT, Mode::Test);
        engine.accept(caller, PLACE, event, None).await.is_ok()
    }
}

fn accept_many(world: &World, count: u32) {
    for number in 0..count {
        assert!(accept(world, number).now_or_never().expect("nothing waits"));
    }
}

fn in_state(world: &World, state: StateKind) -> usize {
    deliveries(world, Some(state)).len()
}

pub(crate) fn deliveries(world: &World, state: Option<StateKind>) -> Vec<Delivery> {
    let (merchant, mode) = PLACE;
    let query = DeliveryQuery { merchant, mode, endpoint: None, event: None, state };
    ready(world.store.deliveries(query, Page { after: None, limit: 1000 }))
}

pub(crate) fn seconds(world: &mut World, seconds: i64) {
    let until = world.clock.now() + SignedDuration::from_secs(seconds);
    world.run_until(until);
}

#[test]
fn an_event_whose_caller_hung_up_is_sent_all_the_same() {
    let mut world = one_endpoint(Mood::Well);
    world.weather.set_wait_us(1_000);
    let call = accept(&world, 1);
    assert!(call.now_or_never().is_none(), "it was dropped before it was answered");
    seconds(&mut world, 10);
    assert_eq!(in_state(&world, StateKind::Delivered), 1);
    assert_eq!(world.engine().held(), Held::default());
}

#[test]
fn a_change_whose_caller_hung_up_is_known_all_the_same() {
    let mut world = one_endpoint(Mood::Well);
    let endpoint = world.engine().endpoints(MERCHANT, Mode::Test)[0].id;
    world.weather.set_wait_us(1_000);
    let engine = world.engine();
    let call = engine.disable_endpoint((MERCHANT, Mode::Test, endpoint));
    assert!(call.now_or_never().is_none(), "it was dropped before it was answered");
    seconds(&mut world, 10);
    assert!(world.engine().endpoints(MERCHANT, Mode::Test)[0].status.parks());
}

#[test]
fn a_lease_that_could_not_be_given_back_is_given_back_later() {
    let mut world = one_endpoint(Mood::Silent);
    accept_many(&world, 8);
    world.stall();
    assert!(in_state(&world, StateKind::Leased) > 1, "some wait behind the first");
    // Two tries of five seconds: then the third lease is too old to be begun.
    seconds(&mut world, 9);
    let until = world.clock.now() + SignedDuration::from_secs(3);
    world.weather.fail_until(until);
    seconds(&mut world, 3);
    world.network.set_mood(Mood::Well);
    seconds(&mut world, 3600);
    assert_eq!(in_state(&world, StateKind::Delivered), 8);
    assert_eq!(world.engine().held(), Held::default());
}

#[test]
fn a_stop_in_the_middle_of_a_claim_leaves_no_lease() {
    let mut world = one_endpoint(Mood::Down);
    accept_many(&world, 1);
    seconds(&mut world, 2);
    let due = ready(world.store.next_due(None))[0].1;
    world.weather.set_wait_us(50_000);
    // The claim waits its 50 ms, is carried out, and its answer is on its way for 50 ms more.
    world.run_until(due + SignedDuration::from_millis(70));
    assert_eq!(in_state(&world, StateKind::Leased), 1, "and the engine does not know of it yet");
    world.stop();
    let violations = std::mem::take(&mut world.book.open().violations);
    assert_eq!(violations, Vec::<String>::new());
}

#[test]
fn an_endpoint_whose_rows_make_no_sense_holds_nobody_else_up() {
    let mut world = one_endpoint(Mood::Well);
    world.client().create_for(MERCHANT, Mode::Test).now_or_never().unwrap();
    let endpoints: Vec<_> = world.engine().endpoints(MERCHANT, Mode::Test);
    let [cursed, other] = [endpoints[0].id, endpoints[1].id];
    let patch = EndpointPatch {
        events: Some(vec!["*".parse().unwrap()]),
        filter: Some(None),
        rate_limit: Some(None),
        concurrency: Some(None),
        ..EndpointPatch::default()
    };
    let place = (MERCHANT, Mode::Test, other);
    world.engine().change_endpoint(place, patch).now_or_never().unwrap().unwrap();
    world.network.set_mood(Mood::Well);
    world.weather.set_cursed(Some(cursed));
    // More than is leased at once: some are settled, others are claimed first.
    accept_many(&world, 200);
    seconds(&mut world, 5);
    let delivered = |world: &World, id| {
        let all = deliveries(world, Some(StateKind::Delivered));
        all.iter().filter(|delivery| delivery.endpoint == id).count()
    };
    assert_eq!(delivered(&world, other), 200);
    assert_eq!(delivered(&world, cursed), 0);
    world.weather.set_cursed(None);
    seconds(&mut world, 300);
    assert_eq!(delivered(&world, cursed), 200, "what could be repaired goes out in the end");
}

#[test]
fn several_recoveries_of_one_endpoint_share_its_gentle_pace() {
    let mut world = one_endpoint(Mood::Well);
    accept_many(&world, 60);
    seconds(&mut world, 60);
    assert_eq!(in_state(&world, StateKind::Delivered), 60);
    let sent = world.book.open().seen.len();
    let place = (MERCHANT, Mode::Test, world.engine().endpoints(MERCHANT, Mode::Test)[0].id);
    for _ in 0..3 {
        let recovery = Recovery {
            since: world.clock.now() - SignedDuration::from_hours(1),
            until: None,
            states: vec![StateKind::Delivered],
            types: Vec::new(),
        };
        let caller = caller(MERCHANT, Mode::Test);
        world.engine().recover(caller, place, recovery, None).now_or_never().unwrap().unwrap();
    }
    seconds(&mut world, 10);
    let sent = world.book.open().seen.len() - sent;
    assert!(sent <= 3 * 11, "{sent} in ten seconds, at three a second");
    seconds(&mut world, 60);
    assert_eq!(world.book.open().seen.len(), 120, "each was sent again, one time");
}

#[test]
fn an_endpoint_created_while_a_batch_is_accepted_gets_what_is_accepted_after_it() {
    let mut world = one_endpoint(Mood::Well);
    let all_events = || EndpointPatch {
        events: Some(vec!["*".parse().unwrap()]),
        filter: Some(None),
        rate_limit: Some(None),
        ..EndpointPatch::default()
    };
    let one_more = |world: &mut World| {
        world.client().create_for(MERCHANT, Mode::Test).now_or_never().unwrap();
        let id = world.engine().endpoints(MERCHANT, Mode::Test).last().unwrap().id;
        let place = (MERCHANT, Mode::Test, id);
        world.engine().change_endpoint(place, all_events()).now_or_never().unwrap().unwrap();
        id
    };
    for _ in 0..20 {
        one_more(&mut world);
    }
    world.network.set_mood(Mood::Well);
    world.weather.set_wait_us(50_000);
    let drafts = (0..400).map(|_| NewEvent::parse("order.paid", b"{}", None).map_err(Into::into));
    let caller = caller(MERCHANT, Mode::Test);
    let engine = world.engine();
    let mut batch = Box::pin(engine.accept_batch(caller, PLACE, drafts.collect(), None));
    assert!(batch.as_mut().now_or_never().is_none(), "it takes several steps");
    let half = world.clock.now() + SignedDuration::from_millis(170);
    world.run_until(half);
    world.weather.set_wait_us(0);
    let late = one_more(&mut world);
    world.network.set_mood(Mood::Well);
    seconds(&mut world, 60);
    let receipts = batch.as_mut().now_or_never().expect("it is over").unwrap();
    let got = receipts.iter().flatten();
    let got = got.filter(|receipt| receipt.deliveries.iter().any(|(_, to)| *to == late)).count();
    assert!((100..400).contains(&got), "{got} of 400 events went to it");
}

#[test]
fn a_start_that_cannot_tell_what_is_due_obeys_a_stop() {
    let mut world = one_endpoint(Mood::Down);
    accept_many(&world, 1);
    seconds(&mut world, 2);
    world.weather.set_blind(true);
    world.stop();
    seconds(&mut world, 3600);
    assert_eq!(in_state(&world, StateKind::Due), 1, "nobody could tell that it was due");
    world.stop();
    world.network.set_mood(Mood::Well);
    seconds(&mut world, 60);
    world.weather.set_blind(false);
    seconds(&mut world, 60);
    assert_eq!(in_state(&world, StateKind::Delivered), 1, "it looked again");
    let violations = std::mem::take(&mut world.book.open().violations);
    assert_eq!(violations, Vec::<String>::new());
}

#[test]
fn a_try_cut_off_by_a_stop_is_on_record_and_made_again_with_its_number() {
    let mut world = one_endpoint(Mood::Silent);
    accept_many(&world, 1);
    world.stall();
    assert_eq!(world.network.under_way(), 1);
    world.stop();
    world.network.set_mood(Mood::Well);
    seconds(&mut world, 60);
    let delivery = world.book.open().seen[0].delivery;
    let record = ready(world.store.delivery(delivery)).unwrap();
    let attempts: Vec<_> =
        record.attempts.iter().map(|a| (a.number, a.late, a.tried.is_cut_off())).collect();
    assert_eq!(attempts, [(1, true, true), (1, false, false)]);
    assert_eq!(record.delivery.attempts, 1);
}

#[test]
fn a_deleted_endpoint_with_a_retry_ahead_is_left_alone() {
    let mut world = one_endpoint(Mood::Down);
    accept_many(&world, 1);
    seconds(&mut world, 2);
    assert_eq!(in_state(&world, StateKind::Due), 1, "it is to be tried again");
    let endpoint = world.engine().endpoints(MERCHANT, Mode::Test)[0].id;
    let place = (MERCHANT, Mode::Test, endpoint);
    world.engine().delete_endpoint(place).now_or_never().unwrap().unwrap();
    seconds(&mut world, 3600);
    assert_eq!(in_state(&world, StateKind::WillNotSend), 1);
}

#[test]
fn behind_a_silent_endpoint_each_waits_its_turn_and_none_is_overtaken() {
    let mut world = one_endpoint(Mood::Silent);
    accept_many(&world, 8);
    seconds(&mut world, 6);
    // Their leases are younger than those before them, which grow too old at ten seconds.
    accept_many(&world, 8);
    seconds(&mut world, 60);
    let seen = world.book.open().seen.clone();
    let first: Vec<_> = seen.iter().filter(|seen| seen.number == 1).map(|s| s.delivery).collect();
    assert!(first.len() > 5, "{} were tried", first.len());
    assert!(first.is_sorted(), "{first:?}");
}

#[test]
fn a_database_that_is_stuck_is_not_ready_and_that_is_said_within_a_second() {
    let world = one_endpoint(Mood::Well);
    world.weather.set_wait_us(3_600_000_000);
    let engine = world.engine();
    let mut asked = Box::pin(engine.ready());
    assert!((&mut asked).now_or_never().is_none());
    world.clock.advance_to(world.clock.now() + SignedDuration::from_secs(1));
    let said = (&mut asked).now_or_never();
    assert!(said.is_some_and(|ready| ready.is_err()));
}
