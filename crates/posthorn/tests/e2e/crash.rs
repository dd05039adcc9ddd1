//! A 202 means "on disk": whatever ends the process, what was accepted is delivered.

use std::collections::BTreeSet;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use serde_json::{Value, json};

use crate::posthorn::{Api, PATIENT, Posthorn, text};
use crate::receiver::{Answer, Receiver, Seen};

/// Events in one request, and how many such requests.
const BATCH: usize = 500;
const BATCHES: usize = 4;

/// A merchant with one endpoint at a receiver.
fn merchant_of(server: &Posthorn, receiver: &Receiver) -> Api {
    let merchant = server.merchant("techcorp");
    merchant.post("/v1/endpoints", &json!({"url": receiver.url("/"), "events": ["*"]}));
    merchant
}

/// Accepts a batch and answers the ids.
fn accept_batch(merchant: &Api) -> Vec<String> {
    let event = json!({"type": "order.paid", "data": {"order_id": "1"}});
    let reply = merchant.post("/v1/events/batch", &json!({"events": vec![event; BATCH]}));
    let results = reply["data"].as_array().expect("a result for each");
    results.iter().map(|result| text(result, "/id")).collect()
}

/// Takes deliveries until every one of these events has come.
fn wait_for_all(receiver: &Receiver, mut missing: BTreeSet<String>) {
    while !missing.is_empty() {
        missing.remove(receiver.request().header("x-event-id"));
    }
}

/// The events that requests carry.
fn ids(requests: &[Seen]) -> BTreeSet<String> {
    requests.iter().map(|seen| seen.header("x-event-id").to_owned()).collect()
}

fn signal(server: &Posthorn, signal: &str) {
    let kill = format!("kill {signal} {}", server.child.id());
    let sent = Command::new("sh").args(["-c", &kill]).status().expect("a shell is everywhere");
    assert!(sent.success());
}

fn ended(server: &mut Posthorn) -> ExitStatus {
    server.child.wait().expect("it was started here")
}

#[test]
fn what_was_accepted_before_a_kill_9_is_delivered_after_the_next_start() {
    let receiver = Receiver::answering(|_| Answer::status(200));
    let mut server = Posthorn::start();
    let merchant = merchant_of(&server, &receiver);
    let mut accepted = BTreeSet::new();
    for _ in 0..BATCHES {
        accepted.extend(accept_batch(&merchant));
    }
    // In the middle of sending.
    let first = receiver.request();
    assert!(accepted.contains(first.header("x-event-id")));
    signal(&server, "-KILL");
    ended(&mut server);

    let again = Posthorn::start_in(Arc::clone(&server.data), &[]);
    let came: Vec<String> =
        receiver.requests().iter().map(|seen| seen.header("x-event-id").to_owned()).collect();
    let mut missing = accepted.clone();
    missing.retain(|id| !came.contains(id) && id != first.header("x-event-id"));
    wait_for_all(&receiver, missing);

    let merchant = again.known(&merchant.key);
    merchant.advance("1s");
    let events = merchant.get("/v1/deliveries?state=due&limit=100");
    assert_eq!(events["data"].as_array().map(Vec::len), Some(0), "nothing waits: {events:#}");
    let delivered = merchant.get("/v1/deliveries?state=delivered&limit=1");
    assert!(delivered["next_cursor"] != Value::Null);
}

#[test]
fn a_server_that_is_asked_to_stop_finishes_or_gives_back_what_it_was_sending() {
    let receiver = Receiver::answering(|_| Answer::status(200));
    let mut server = Posthorn::start();
    let merchant = merchant_of(&server, &receiver);
    let mut accepted = BTreeSet::new();
    for _ in 0..BATCHES {
        accepted.extend(accept_batch(&merchant));
    }
    let first = receiver.request();
    signal(&server, "-TERM");
    assert!(ended(&mut server).success(), "a server that was asked to stop exits with 0");

    let again = Posthorn::start_in(Arc::clone(&server.data), &[]);
    let mut came = vec![first];
    while ids(&came).len() < accepted.len() {
        came.push(receiver.request());
    }
    // One that is sent a second time may still be on its way.
    let merchant = again.known(&merchant.key);
    merchant.advance("1s");
    for state in ["due", "leased"] {
        let waiting = merchant.get(&format!("/v1/deliveries?state={state}&limit=100"));
        assert_eq!(waiting["data"], json!([]), "nothing waits: {waiting:#}");
    }
    came.extend(receiver.requests());
    assert_eq!(came.len(), accepted.len(), "each exactly once: nothing was cut off");
    assert_eq!(ids(&came), accepted);
}

#[test]
fn a_try_that_outlasts_the_grace_of_a_stop_is_on_record_and_made_again_with_its_number() {
    let (came, comes) = mpsc::channel();
    let first = AtomicBool::new(true);
    let receiver = Receiver::answering(move |_| {
        if first.swap(false, Ordering::Relaxed) {
            came.send(()).expect("the test waits for it");
            // It never answers; the thread ends with the test's process.
            std::thread::park();
        }
        Answer::status(200)
    });
    let mut server = Posthorn::start_with(&[("POSTHORN_GRACE", "100ms")]);
    let merchant = merchant_of(&server, &receiver);
    let accepted = merchant.event("order.paid", r#"{"order_id": "1"}"#);
    let delivery = text(&accepted, "/deliveries/0/id");
    comes.recv_timeout(PATIENT).expect("a request comes");
    signal(&server, "-TERM");
    assert!(ended(&mut server).success());

    let again = Posthorn::start_in(Arc::clone(&server.data), &[]);
    let merchant = again.known(&merchant.key);
    receiver.request();
    merchant.advance("1s");
    let record = merchant.get(&format!("/v1/deliveries/{delivery}"));
    assert_eq!(record["state"], "delivered", "{record:#}");
    let attempts = record["attempts"].as_array().expect("a list");
    let told = |name: &str| attempts.iter().map(|a| a[name].clone()).collect::<Vec<_>>();
    assert_eq!(told("number"), [1, 1], "{record:#}");
    assert_eq!(told("late"), [true, false]);
    assert_eq!(told("error"), [json!("stopped"), Value::Null]);
    assert_eq!(told("status"), [Value::Null, json!(200)]);
    let sent = merchant.get(&format!("/v1/deliveries/{delivery}/attempts/1/request"));
    assert!(text(&sent, "/body").contains("order_id"), "{sent:#}");
}
