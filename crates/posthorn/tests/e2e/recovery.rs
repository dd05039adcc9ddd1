//! Recovering many deliveries at once: a durable job with a count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::posthorn::text;
use crate::receiver::{Answer, Seen};
use crate::stage::Stage;

fn broken_for_now() -> (Arc<AtomicBool>, impl Fn(&Seen) -> Answer + Send + Sync + 'static) {
    let well = Arc::new(AtomicBool::new(false));
    let mood = Arc::clone(&well);
    let script =
        move |_: &Seen| Answer::status(if mood.load(Ordering::SeqCst) { 200 } else { 503 });
    (well, script)
}

#[test]
fn everything_that_was_given_up_is_sent_again_by_one_call() {
    let (well, script) = broken_for_now();
    let stage = Stage::new("sentinelgate", script);
    let since = text(&stage.merchant.get("/v1/sandbox/clock"), "/now");
    let mut lost: Vec<String> = (0..5).map(|_| stage.accept("payment.completed").0).collect();
    stage.settle();
    stage.merchant.advance("2h");
    let exhausted = stage.deliveries();
    assert!(exhausted.iter().all(|delivery| delivery["state"] == "exhausted"), "{exhausted:#?}");
    stage.receiver.requests();

    well.store(true, Ordering::SeqCst);
    let job = stage.tell("recover", &json!({"since": since}));
    let mut recovered = Vec::new();
    for _ in 0..5 {
        let seen = stage.receiver.request();
        assert_eq!(seen.header("x-delivery-attempt"), "1", "a new run");
        recovered.push(seen.header("x-event-id").to_owned());
    }
    recovered.sort();
    lost.sort();
    assert_eq!(recovered, lost);

    stage.settle();
    let delivered = stage.deliveries();
    assert!(delivered.iter().all(|delivery| delivery["state"] == "delivered"), "{delivered:#?}");
    let job = stage.merchant.get(&format!("/v1/jobs/{}", text(&job, "/id")));
    assert_eq!(job["done"], 5, "{job:#}");
}

#[test]
fn recovering_one_type_leaves_the_others() {
    let (well, script) = broken_for_now();
    let stage = Stage::new("sentinelgate", script);
    let since = text(&stage.merchant.get("/v1/sandbox/clock"), "/now");
    let (wanted, _) = stage.accept("payment.completed");
    let (_, other) = stage.accept("payment.failed");
    stage.settle();
    stage.merchant.advance("2h");
    stage.receiver.requests();

    well.store(true, Ordering::SeqCst);
    stage.tell("recover", &json!({"since": since, "types": ["payment.completed"]}));
    assert_eq!(stage.receiver.request().header("x-event-id"), wanted);
    stage.settle();
    assert_eq!(stage.delivery(&other)["state"], "exhausted");
    assert_eq!(stage.receiver.requests().len(), 0);
}
