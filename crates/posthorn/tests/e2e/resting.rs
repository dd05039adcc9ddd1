//! Endpoints at rest: disabled by hand, or paused because everything has failed for too long. What
//! arrives meanwhile is parked, and drains in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::posthorn::text;
use crate::receiver::{Answer, Receiver, Seen};
use crate::stage::{Stage, attempts};

/// A receiver's mood, which a test can change.
fn moody() -> (Arc<AtomicBool>, impl Fn(&Seen) -> Answer + Send + Sync + 'static) {
    let well = Arc::new(AtomicBool::new(false));
    let mood = Arc::clone(&well);
    let script = move |seen: &Seen| match seen.path.as_str() {
        "/notices" => Answer::status(200),
        _ if mood.load(Ordering::SeqCst) => Answer::status(200),
        _ => Answer::status(500),
    };
    (well, script)
}

fn status(stage: &Stage) -> Value {
    let endpoint = stage.merchant.get(&format!("/v1/endpoints/{}", stage.endpoint));
    endpoint["status"].clone()
}

/// The event ids of the next so many deliveries.
fn next_events(receiver: &Receiver, many: usize) -> Vec<String> {
    (0..many).map(|_| receiver.request().header("x-event-id").to_owned()).collect()
}

#[test]
fn what_arrives_at_a_disabled_endpoint_drains_in_order_when_it_is_enabled() {
    let stage = Stage::new("payqi", |_| Answer::status(200));
    stage.change(&json!({"concurrency": 1}));
    stage.tell("disable", &json!({}));
    let arrived: Vec<String> = (0..12).map(|_| stage.accept("payment.created").0).collect();
    stage.settle();
    for delivery in stage.deliveries() {
        assert_eq!(delivery["state"], "parked", "{delivery:#}");
        assert_eq!(delivery["why"], "endpoint_at_rest", "{delivery:#}");
    }
    assert_eq!(stage.receiver.requests().len(), 0);

    stage.tell("enable", &json!({}));
    assert_eq!(next_events(&stage.receiver, 12), arrived);

    let (newest, _) = stage.accept("payment.created");
    assert_eq!(next_events(&stage.receiver, 1), [newest], "and then things go on as before");
}

#[test]
fn a_schedule_that_runs_is_not_cut_short_by_disabling() {
    let (_, script) = moody();
    let stage = Stage::new("sentinelgate", script);
    let (_, delivery) = stage.accept("payment.completed");
    stage.settle();
    stage.tell("disable", &json!({}));
    stage.merchant.advance("2h");
    let delivery = stage.delivery(&delivery);
    assert_eq!(delivery["state"], "exhausted", "{delivery:#}");
    assert_eq!(attempts(&delivery).len(), 5, "{delivery:#}");
}

#[test]
fn standard_pauses_an_endpoint_at_which_everything_failed_for_five_days() {
    let (well, script) = moody();
    let stage = Stage::new("standard", script);
    stage.endpoint("/notices", &["posthorn.*"]);
    let (_, first) = stage.accept("payment.created");
    stage.settle();
    stage.merchant.advance("76h");
    assert_eq!(stage.delivery(&first)["state"], "exhausted");
    assert_eq!(status(&stage), "active", "three days are not five");

    let (_, second) = stage.accept("payment.created");
    stage.settle();
    stage.merchant.advance("60h");
    assert_eq!(status(&stage), "paused");
    let notice = stage.newest("posthorn.endpoint.paused").expect("a notice");
    assert_eq!(text(&notice, "/endpoint"), stage.endpoint);
    let told = stage.receiver.requests();
    let told = told.iter().filter(|seen| seen.path == "/notices");
    let told: Vec<&str> = told.map(|seen| seen.header("x-event-type")).collect();
    assert!(told.contains(&"posthorn.endpoint.paused"), "{told:?}");

    let (third, parked) = stage.accept("payment.created");
    stage.merchant.advance("24h");
    assert_eq!(stage.delivery(&parked)["state"], "parked");
    let second = stage.delivery(&second);
    assert_eq!(second["state"], "exhausted", "its schedule ran on: {second:#}");
    assert_eq!(attempts(&second).len(), 10, "{second:#}");

    stage.receiver.requests();
    well.store(true, Ordering::SeqCst);
    stage.tell("enable", &json!({}));
    loop {
        let seen = stage.receiver.request();
        if seen.path == "/deliveries" {
            assert_eq!(seen.header("x-event-id"), third);
            break;
        }
    }
    // Whoever has drained is active again: soon, and by itself.
    let looks = (0..5_000).map(|_| status(&stage)).find(|status| *status != "draining");
    assert_eq!(looks, Some(json!("active")));
}

#[test]
fn one_success_in_five_days_keeps_an_endpoint_awake() {
    let (well, script) = moody();
    let stage = Stage::new("standard", script);
    stage.accept("payment.created");
    stage.settle();
    stage.merchant.advance("76h");
    well.store(true, Ordering::SeqCst);
    stage.accept("payment.created");
    stage.settle();
    well.store(false, Ordering::SeqCst);
    stage.accept("payment.created");
    stage.settle();
    stage.merchant.advance("76h");
    assert_eq!(status(&stage), "active");
}

#[test]
fn the_guides_promise_a_try_for_every_event_so_their_endpoints_are_never_paused() {
    let (_, script) = moody();
    let stage = Stage::new("krxscale", script);
    let (_, first) = stage.accept("payment.transaction.created");
    stage.settle();
    stage.merchant.advance("11d");
    let (_, second) = stage.accept("payment.transaction.created");
    stage.settle();
    stage.merchant.advance("11d");
    assert_eq!(status(&stage), "active");
    for delivery in [first, second] {
        assert_eq!(attempts(&stage.delivery(&delivery)).len(), 10);
    }
}

#[test]
fn what_waits_for_a_deleted_endpoint_will_not_be_sent() {
    let (_, script) = moody();
    let stage = Stage::new("techcorp", script);
    let (_, delivery) = stage.accept("order.paid");
    stage.settle();
    let path = format!("/v1/endpoints/{}", stage.endpoint);
    let deleted = stage.merchant.send("DELETE", &path, "", None);
    assert!((200..300).contains(&deleted.status), "{deleted:#?}");
    stage.merchant.advance("3h");
    let delivery = stage.delivery(&delivery);
    assert_eq!(delivery["state"], "will_not_send", "{delivery:#}");
    assert_eq!(delivery["why"], "endpoint_deleted", "{delivery:#}");
    assert_eq!(stage.receiver.requests().len(), 1);
}
