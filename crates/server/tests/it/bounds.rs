//! Bounds: on the memory for payloads, on the time that stopping takes.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::future::{Either, join_all, select};
use futures::stream::{self, StreamExt};
use http::{Method, StatusCode};
use posthorn_engine::Options;
use posthorn_server::{BODIES_BYTES_MAX, BODY_BYTES_MAX};
use serde_json::{Value, json};

use crate::harness::TestApp;

/// Payload bytes that may be held for one merchant's deliveries, and one event over it.
const HELD_BYTES_MAX: usize = 25 * 1024 * 1024;

#[tokio::test]
async fn what_is_claimed_for_slow_receivers_is_held_in_bounded_memory() {
    let app = TestApp::new().await;
    app.receiver.silent.store(true, Ordering::Relaxed);
    for _ in 0..6 {
        app.endpoint(&json!({"concurrency": 1})).await;
    }
    let text = "x".repeat(1_000_000);
    for _ in 0..14 {
        let sent = app.post("/v1/events", &json!({"type": "a.b", "data": {"text": text}})).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text);
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let held = app.app.engine().held().payload_bytes;
    assert!(held <= HELD_BYTES_MAX, "{held} bytes are held");
    assert!(held > HELD_BYTES_MAX / 2, "only {held} bytes are held");
}

#[tokio::test]
async fn what_is_held_for_receivers_that_hang_costs_others_nothing() {
    let app = TestApp::new().await;
    *app.receiver.silent_host.lock().unwrap() = Some("hangs.example.com");
    for n in 0..10 {
        let url = format!("https://hangs.example.com/{n}");
        app.endpoint(&json!({"url": url, "events": ["large.*"]})).await;
    }
    app.endpoint(&json!({"url": "https://example.com/own", "events": ["small.*"]})).await;
    let text = "x".repeat(1_000_000);
    for _ in 0..42 {
        let event = json!({"type": "large.one", "data": {"text": text}});
        let sent = app.post("/v1/events", &event).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text);
        app.settle_down().await;
    }
    app.post("/v1/events", &json!({"type": "small.one", "data": {}})).await;
    let other = app.merchant(&json!({"name": "other", "contract": "payqi"})).await;
    let key = other.at("/keys/test/api_key");
    let post = |path| app.call(Method::POST, path).key(&key);
    post("/v1/endpoints").json(&json!({"url": "https://example.com/other"})).await;
    post("/v1/events").json(&json!({"type": "small.one", "data": {}})).await;
    app.settle_down().await;
    let got: Vec<String> =
        app.receiver.got().iter().map(|request| request.url.path().to_owned()).collect();
    assert!(got.contains(&"/own".to_owned()), "{got:?}");
    assert!(got.contains(&"/other".to_owned()), "{got:?}");
}

#[tokio::test]
async fn what_found_no_memory_goes_out_when_there_is_some_again() {
    let app = TestApp::new().await;
    for n in 0..60 {
        app.endpoint(&json!({"url": format!("https://example.com/{n}")})).await;
    }
    let text = "x".repeat(1_000_000);
    app.post("/v1/events", &json!({"type": "large.one", "data": {"text": text}})).await;
    // More than one merchant may hold at a time, and nothing else happens that could wake them.
    for state in ["due", "leased"] {
        let page = format!("/v1/deliveries?state={state}");
        app.until(&page, |page| page["data"] == json!([])).await;
    }
    assert_eq!(app.receiver.got().len(), 60);
}

#[tokio::test]
async fn whoever_sends_many_large_bodies_slowly_takes_the_room_of_no_other() {
    let app = TestApp::new().await;
    let other = app.merchant(&json!({"name": "other", "contract": "payqi"})).await;
    let other = other.at("/keys/test/api_key");
    let piece = Bytes::from(vec![b' '; BODY_BYTES_MAX]);
    let never_ends = || {
        let first = stream::iter([Ok::<_, Infallible>(piece.clone())]);
        Body::from_stream(first.chain(stream::pending()))
    };
    let event = json!({"type": "a.b", "data": {}});
    let many = (0..BODIES_BYTES_MAX / BODY_BYTES_MAX)
        .map(|_| app.call(Method::POST, "/v1/events").start(never_ends()));
    let others = async {
        let refused = app.post("/v1/events", &event).await;
        let call = app.call(Method::POST, "/v1/events").key(&other);
        (refused, call.json(&event).await)
    };
    let both = select(join_all(many), Box::pin(others)).await;
    let Either::Right(((refused, of_other), many)) = both else { panic!("they never end") };
    assert!(refused.problem().starts_with("503 busy"), "{}", refused.text);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(of_other.status, StatusCode::ACCEPTED, "{}", of_other.text);
    drop(many);
    assert_eq!(app.post("/v1/events", &event).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn stopping_ends_even_if_nothing_can_be_written() {
    let mut app = TestApp::new().await;
    app.receiver.silent.store(true, Ordering::Relaxed);
    app.endpoint(&json!({})).await;
    app.delivery().await;
    app.database_fails.store(true, Ordering::Relaxed);
    app.app.engine().stop();
    for _ in 0..30 {
        app.clock.advance(Duration::from_secs(1));
        app.settle_down().await;
    }
    assert!(app.work.try_join_next().is_some(), "it never ends");
}

#[tokio::test]
async fn a_place_that_comes_free_wakes_one_endpoint_of_the_merchant_and_not_all() {
    let options = Options { merchant_in_flight_max: 2, ..Options::default() };
    let app = TestApp::bounded(options).await;
    for _ in 0..20 {
        app.endpoint(&json!({})).await;
    }
    let events: Vec<Value> = (0..20).map(|n| json!({"type": "a.b", "data": {"n": n}})).collect();
    app.post("/v1/events/batch", &json!(events)).await;
    for state in ["due", "leased"] {
        let page = format!("/v1/deliveries?state={state}");
        app.until(&page, |page| page["data"] == json!([])).await;
    }
    let metrics = app.call(Method::GET, "/metrics").no_key().send(Body::empty()).await.text;
    let count = |name: &str| -> u32 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(count("posthorn_deliveries_delivered_total"), 400);
    let reached = count(r#"posthorn_bounds_reached_total{bound="merchant_in_flight_max"}"#);
    assert!(reached <= 3 * 400, "lanes were put off {reached} times for 400 deliveries");
}

#[tokio::test]
async fn an_endpoint_with_much_to_send_leaves_places_to_the_others_of_its_merchant() {
    let options = Options { merchant_in_flight_max: 1, ..Options::default() };
    let app = TestApp::bounded(options).await;
    for (path, kind) in [("busy", "busy.*"), ("quiet", "quiet.*")] {
        let url = format!("https://example.com/{path}");
        app.endpoint(&json!({"url": url, "events": [kind]})).await;
    }
    let held = app.receiver.hold();
    let many: Vec<Value> = (0..50).map(|n| json!({"type": "busy.a", "data": {"n": n}})).collect();
    app.post("/v1/events/batch", &json!(many)).await;
    app.settle_down().await;
    app.post("/v1/events", &json!({"type": "quiet.a", "data": {}})).await;
    app.settle_down().await;
    drop(held);
    app.until("/v1/deliveries?state=leased", |page| page["data"] == json!([])).await;
    let got = app.receiver.got();
    assert_eq!(got.len(), 51);
    let place = got.iter().position(|request| request.url.path() == "/quiet").unwrap();
    assert!(place < 5, "it was sent as number {place}");
}

#[tokio::test]
async fn a_stop_without_grace_gives_back_what_is_under_way() {
    let options = Options { grace: Duration::ZERO, ..Options::default() };
    let mut app = TestApp::bounded(options).await;
    app.receiver.silent.store(true, Ordering::Relaxed);
    app.endpoint(&json!({})).await;
    let delivery = app.delivery().await;
    app.settle_down().await;
    app.app.engine().stop();
    app.settle_down().await;
    assert!(app.work.try_join_next().is_some(), "it has not ended");
    let delivery = app.get(&format!("/v1/deliveries/{delivery}")).await;
    assert_eq!(delivery.json()["state"], "due", "{}", delivery.text);
}
