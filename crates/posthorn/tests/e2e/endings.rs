//! How a delivery goes on after an answer: success, failure, a receiver that asks for time, one that
//! is gone, and a new run by hand.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::posthorn::text;
use crate::receiver::Answer;
use crate::stage::{Stage, attempts, time};

#[test]
fn a_success_at_any_attempt_ends_the_schedule() {
    let tries = AtomicUsize::new(0);
    let stage = Stage::new("krxscale", move |_| match tries.fetch_add(1, Ordering::SeqCst) {
        0..3 => Answer::status(500),
        _ => Answer::status(201),
    });
    let (event, delivery) = stage.accept("payment.transaction.succeeded");
    stage.settle();
    assert_eq!(stage.merchant.advance("11d"), 3);

    let delivery = stage.delivery(&delivery);
    assert_eq!(delivery["state"], "delivered", "{delivery:#}");
    assert_eq!(delivery["next_at"], Value::Null, "{delivery:#}");
    let statuses: Vec<Value> =
        attempts(&delivery).iter().map(|attempt| attempt["status"].clone()).collect();
    assert_eq!(statuses, [500, 500, 500, 201]);
    let seen = stage.receiver.requests();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|seen| seen.header("x-event-id") == event));
}

/// How many seconds after its first try a delivery is due, when that was answered so.
fn due_after(answer: Answer) -> i64 {
    let stage = Stage::new("techcorp", move |_| answer.clone());
    let (_, delivery) = stage.accept("order.paid");
    stage.settle();
    let delivery = stage.delivery(&delivery);
    let attempts = attempts(&delivery);
    assert_eq!(attempts.len(), 1, "{delivery:#}");
    time(&delivery["next_at"]).duration_since(time(&attempts[0]["at"])).as_secs()
}

/// The due time, give or take what the try itself took.
#[track_caller]
fn assert_due(after: i64, promised: i64) {
    assert!((promised..promised + 30).contains(&after), "due after {after} s, not {promised} s");
}

#[test]
fn retry_after_lengthens_a_wait() {
    assert_due(due_after(Answer::status(503).with("retry-after", "600")), 600);
    assert_due(due_after(Answer::status(429).with("retry-after", "600")), 600);
}

#[test]
fn retry_after_never_shortens_a_wait() {
    assert_due(due_after(Answer::status(503).with("retry-after", "1")), 60);
    assert_due(due_after(Answer::status(429).with("retry-after", "0")), 60);
}

#[test]
fn retry_after_lengthens_a_wait_to_a_day_at_most() {
    assert_due(due_after(Answer::status(503).with("retry-after", "10000000")), 24 * 3600);
}

#[test]
fn retry_after_that_means_nothing_changes_nothing() {
    assert_due(due_after(Answer::status(503).with("retry-after", "soon")), 60);
}

#[test]
fn a_redirect_is_a_failure_and_nobody_follows_it() {
    let stage = Stage::new("techcorp", |seen| match seen.path.as_str() {
        "/deliveries" => Answer::status(302).with("location", "/elsewhere"),
        _ => Answer::status(200),
    });
    let (_, delivery) = stage.accept("order.paid");
    stage.settle();
    stage.merchant.advance("1d");
    assert_eq!(stage.delivery(&delivery)["state"], "exhausted");
    let seen = stage.receiver.requests();
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|seen| seen.path == "/deliveries"));
}

#[test]
fn gone_disables_the_endpoint_and_drops_nothing() {
    let tries = AtomicUsize::new(0);
    let stage = Stage::new("krxscale", move |seen| match seen.path.as_str() {
        "/notices" => Answer::status(200),
        _ if tries.fetch_add(1, Ordering::SeqCst) == 0 => Answer::status(410),
        _ => Answer::status(200),
    });
    stage.endpoint("/notices", &["posthorn.*"]);
    stage.change(&json!({"concurrency": 1}));
    let (first, delivery) = stage.accept("payment.transaction.succeeded");
    stage.settle();

    let parked = stage.delivery(&delivery);
    assert_eq!(
        (&parked["state"], &parked["why"]),
        (&json!("parked"), &json!("gone")),
        "{parked:#}"
    );
    let endpoint = stage.merchant.get(&format!("/v1/endpoints/{}", stage.endpoint));
    assert_eq!(endpoint["status"], "disabled", "{endpoint:#}");
    let notice = stage.newest("posthorn.endpoint.disabled").expect("a notice");
    assert_eq!(text(&notice, "/why"), "gone");
    assert_eq!(text(&notice, "/endpoint"), stage.endpoint);

    let (second, later) = stage.accept("payment.transaction.succeeded");
    stage.merchant.advance("11d");
    let later = stage.delivery(&later);
    assert_eq!(later["state"], "parked", "{later:#}");
    assert_eq!(attempts(&later).len(), 0, "what arrives at a disabled endpoint waits");

    stage.tell("enable", &json!({}));
    let mut events = Vec::new();
    while events.len() < 3 {
        let seen = stage.receiver.request();
        if seen.path == "/deliveries" {
            events.push(seen.header("x-event-id").to_owned());
        }
    }
    assert_eq!(events, [first.clone(), first, second], "in order, and none was lost");
}

/// Each payment has a URL of its own there; that one order's is gone says nothing of the others.
#[test]
fn a_callback_that_is_gone_is_tried_again_and_keeps_no_other_from_being_sent() {
    let stage = Stage::new("standard", |seen| {
        Answer::status(if seen.path.starts_with("/orders/gone") { 410 } else { 200 })
    });
    let pays = |order: &str| {
        let callback = stage.receiver.url(&format!("/orders/{order}"));
        let wish =
            json!({"amount": 100, "currency": "BRL", "method": "pix", "callback_url": callback});
        text(&stage.merchant.post("/v1/payments", &wish), "/id")
    };
    let (first, _gone, last) = (pays("1"), pays("gone"), pays("2"));
    stage.settle();
    for id in [&first, &last] {
        stage.merchant.post(&format!("/v1/payments/{id}/force"), &json!({"outcome": "succeed"}));
    }
    stage.merchant.advance("1h");
    let seen = stage.receiver.requests();
    let told = |order: &str| {
        let path = format!("/orders/{order}");
        seen.iter().filter(|seen| seen.path == path).count()
    };
    assert_eq!((told("1"), told("2")), (3, 3), "created, pending, succeeded");
    assert!(told("gone") > 3, "{} tries for what is gone", told("gone"));
}

#[test]
fn resending_opens_a_new_run_from_attempt_one() {
    let tries = AtomicUsize::new(0);
    let stage = Stage::new("sentinelgate", move |_| {
        let well = tries.fetch_add(1, Ordering::SeqCst) >= 6;
        Answer::status(if well { 200 } else { 500 })
    });
    let (event, delivery) = stage.accept("payment.completed");
    stage.settle();
    stage.merchant.advance("2h");
    assert_eq!(stage.delivery(&delivery)["state"], "exhausted");

    stage.merchant.post(&format!("/v1/deliveries/{delivery}/resend"), &json!({}));
    stage.settle();
    stage.merchant.advance("1m");

    let seen = stage.receiver.requests();
    let numbers: Vec<&str> = seen.iter().map(|seen| seen.header("x-delivery-attempt")).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "1", "2"]);
    assert!(seen.iter().all(|seen| seen.header("x-event-id") == event), "the same event");
    let delivery = stage.delivery(&delivery);
    assert_eq!(delivery["state"], "delivered", "{delivery:#}");
    let log = attempts(&delivery);
    let runs: Vec<(&Value, &Value)> =
        log.iter().map(|attempt| (&attempt["run"], &attempt["number"])).collect();
    let one = json!(1);
    let two = json!(2);
    assert_eq!(runs.last(), Some(&(&two, &two)), "{delivery:#}");
    assert_eq!(runs.get(5), Some(&(&two, &one)), "{delivery:#}");
    assert_eq!(runs.len(), 7);
}

#[test]
fn nobody_there_is_a_failure_like_any_other() {
    let stage = Stage::new("techcorp", |_| Answer::status(200));
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let nobody = format!("http://{}/", free.expect("a free port"));
    let draft = json!({"url": nobody, "events": ["order.paid"]});
    let endpoint = text(&stage.merchant.post("/v1/endpoints", &draft), "/id");
    let (event, _) = stage.accept("order.paid");
    stage.settle();
    stage.merchant.advance("3h");

    let path = format!("/v1/deliveries?endpoint={endpoint}&event={event}");
    let listed = stage.merchant.get(&path);
    let delivery = stage.delivery(&text(&listed, "/data/0/id"));
    assert_eq!(delivery["state"], "exhausted", "{delivery:#}");
    let attempts = attempts(&delivery);
    assert_eq!(attempts.len(), 5);
    for attempt in &attempts {
        assert_eq!(attempt["status"], Value::Null, "{attempt:#}");
        assert!(attempt["error"].to_string().contains("connect"), "{attempt:#}");
    }
    assert_eq!(stage.receiver.requests().len(), 1, "the other endpoint lost nothing by it");
}
