//! Following along: lines of JSON from a cursor on.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures::{FutureExt, StreamExt};
use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::shown::shown;

struct Lines {
    chunks: BodyDataStream,
    text: String,
}

impl Lines {
    async fn open(app: &TestApp, query: &str) -> Self {
        let response =
            app.call(Method::GET, &format!("/v1/listen{query}")).start(Body::empty()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/x-ndjson");
        Self { chunks: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next line; `None` at the stream's end.
    async fn next(&mut self) -> Option<Value> {
        while !self.text.contains('\n') {
            let chunk = self.chunks.next().await?.unwrap();
            self.text += std::str::from_utf8(&chunk).unwrap();
        }
        let end = self.text.find('\n').unwrap();
        let line: String = self.text.drain(..=end).collect();
        Some(serde_json::from_str(&line).unwrap())
    }

    /// The next event; a stream whose next line does not come is given up.
    async fn next_event(&mut self) -> Value {
        loop {
            let line = tokio::time::timeout(Duration::from_secs(20), self.next()).await;
            let line = line.expect("a line comes").unwrap();
            if line.get("heartbeat").is_none() {
                return line;
            }
        }
    }
}

async fn send(app: &TestApp, kind: &str) -> String {
    app.post("/v1/events", &json!({"type": kind, "data": {"id": "pay_1"}})).await.at("/id")
}

#[tokio::test]
async fn a_stream_begins_with_its_cursor_and_brings_what_comes_as_it_would_be_sent() {
    let app = TestApp::new().await;
    send(&app, "payment.created").await;
    let mut lines = Lines::open(&app, "").await;
    insta::assert_json_snapshot!(shown(&lines.next().await.unwrap()), @r#"
    {
      "at": "[time]",
      "cursor": "evt_…",
      "heartbeat": true
    }
    "#);
    let id = send(&app, "payment.completed").await;
    let line = lines.next().await.unwrap();
    assert_eq!((&line["id"], &line["type"]), (&json!(id), &json!("payment.completed")));
    let body: Value = serde_json::from_str(line["body"].as_str().unwrap()).unwrap();
    assert_eq!((&body["id"], &body["data"]), (&json!(id), &json!({"id": "pay_1"})));
    let names: Vec<&String> = line["headers"].as_object().unwrap().keys().collect();
    insta::assert_json_snapshot!(names, @r#"
    [
      "Content-Type",
      "User-Agent",
      "X-Delivery-Attempt",
      "X-Delivery-Id",
      "X-Event-Id",
      "X-Event-Type",
      "X-PayQI-Signature",
      "X-PayQI-Timestamp"
    ]
    "#);
}

#[tokio::test]
async fn a_follower_that_comes_back_misses_nothing_and_gets_nothing_twice() {
    let app = TestApp::new().await;
    let mut lines = Lines::open(&app, "").await;
    let cursor = lines.next().await.unwrap()["cursor"].as_str().unwrap().to_owned();
    drop(lines);
    let first = send(&app, "a.b").await;
    let mut lines = Lines::open(&app, &format!("?after={cursor}")).await;
    assert_eq!(lines.next_event().await["id"], first);
    drop(lines);
    let (second, third) = (send(&app, "a.b").await, send(&app, "a.b").await);
    let mut lines = Lines::open(&app, &format!("?after={first}")).await;
    assert_eq!(lines.next_event().await["id"], second);
    assert_eq!(lines.next_event().await["id"], third);
    assert!(lines.next().now_or_never().is_none(), "and then it waits");
}

#[tokio::test]
async fn only_the_types_that_were_asked_for_come_but_the_cursor_moves_past_the_others() {
    let app = TestApp::new().await;
    let mut lines = Lines::open(&app, "?events=payment.*,%20refund.completed").await;
    lines.next().await.unwrap();
    let other = send(&app, "order.created").await;
    let wanted = send(&app, "refund.completed").await;
    assert_eq!(lines.next_event().await["id"], wanted);
    let last = send(&app, "order.created").await;
    assert!(lines.next().now_or_never().is_none());
    app.clock.advance(Duration::from_secs(15));
    let heartbeat = lines.next().await.unwrap();
    assert_eq!(heartbeat["cursor"], last);
    assert_ne!(other, last);
}

#[tokio::test]
async fn many_events_come_in_their_order() {
    let app = TestApp::new().await;
    let mut lines = Lines::open(&app, "").await;
    let events: Value = (0..120).map(|n| json!({"type": "a.b", "data": {"n": n}})).collect();
    app.post("/v1/events/batch", &events).await;
    for n in 0..120 {
        let body: Value =
            serde_json::from_str(lines.next_event().await["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["data"]["n"], n);
    }
}

#[tokio::test]
async fn a_quiet_stream_says_every_fifteen_seconds_that_it_is_alive() {
    let app = TestApp::new().await;
    let mut lines = Lines::open(&app, "").await;
    lines.next().await.unwrap();
    assert!(lines.next().now_or_never().is_none());
    app.clock.advance(Duration::from_secs(15));
    assert_eq!(lines.next().await.unwrap()["heartbeat"], true);
}

#[tokio::test]
async fn live_events_are_not_for_following() {
    let app = TestApp::new().await;
    let call = app.call(Method::GET, "/v1/listen").key(&app.live);
    insta::assert_snapshot!(call.send(Body::empty()).await.problem(), @"403 wrong_mode [-] only test events can be followed; use a test key (`sk_test_…`)");
    insta::assert_snapshot!(app.get("/v1/listen?events=pay*").await.problem(), @"400 invalid_parameter [events] `events`: `pay*` is not an event pattern: use a type, `*`, or a `*` as its last segment, as in `payment.*`");
    insta::assert_snapshot!(app.get("/v1/listen?after=ep_1").await.problem(), @"400 invalid_parameter [after] `after`: `ep_1` is not an event id; one looks like `evt_01h2x3`");
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops() {
    let app = TestApp::new().await;
    let mut lines = Lines::open(&app, "").await;
    lines.next().await.unwrap();
    app.app.stop();
    assert_eq!(lines.next().await, None);
}

#[tokio::test]
async fn a_stream_ends_when_its_key_is_revoked() {
    let app = TestApp::new().await;
    let made = app.post("/v1/keys", &json!({})).await;
    let call = app.call(Method::GET, "/v1/listen").key(&made.at("/key"));
    let chunks = call.start(Body::empty()).await.into_body().into_data_stream();
    let mut lines = Lines { chunks, text: String::new() };
    lines.next().await.unwrap();
    app.delete(&format!("/v1/keys/{}", made.at("/id"))).await;
    assert!(lines.next().now_or_never().is_none());
    app.clock.advance(Duration::from_secs(15));
    while lines.next().await.is_some() {}
}

#[tokio::test]
async fn a_merchant_has_at_most_sixteen_streams_open() {
    let app = TestApp::new().await;
    let mut open = Vec::new();
    for _ in 0..16 {
        open.push(Lines::open(&app, "").await);
    }
    let refused = app.get("/v1/listen").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.at("/type"), "urn:posthorn:problem:too_many_streams");
    assert_eq!(refused.headers["retry-after"], "15");
    open.pop();
    Lines::open(&app, "").await;
}

#[tokio::test]
async fn a_notice_that_is_written_late_is_not_missed() {
    let app = TestApp::new().await;
    app.receiver.answers(&[410]);
    let held = app.receiver.hold();
    let gone = app.endpoint(&json!({"events": ["gone.*"]})).await;
    let mut lines = Lines::open(&app, "").await;
    let first = send(&app, "gone.a").await;
    app.database_fails.store(true, Ordering::Relaxed);
    drop(held);
    app.settle_down().await;
    app.database_fails.store(false, Ordering::Relaxed);
    let second = send(&app, "a.b").await;
    app.settle_down().await;
    let mut seen = Vec::new();
    let id = |line: Value| line["id"].as_str().unwrap().to_owned();
    while let Some(line) = lines.next_event().now_or_never() {
        seen.push(id(line));
    }
    app.clock.advance(Duration::from_secs(1));
    app.until(&format!("/v1/endpoints/{gone}"), |it| it["status"] == "disabled").await;
    let third = send(&app, "a.b").await;
    app.clock.advance(Duration::from_secs(1));
    while seen.last() != Some(&third) {
        seen.push(id(lines.next_event().await));
    }
    let notices = app.get("/v1/events?type=posthorn.endpoint.disabled").await;
    assert_eq!(seen, [first, notices.at("/data/0/id"), second, third]);
}

#[tokio::test]
async fn a_notice_of_what_somebody_asked_for_is_brought_at_once() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let mut lines = Lines::open(&app, "").await;
    lines.next().await;
    let notice = lines.next_event();
    futures::pin_mut!(notice);
    assert!(futures::poll!(&mut notice).is_pending(), "it waits");
    app.post(&format!("/v1/endpoints/{id}/disable"), &json!({})).await;
    let notice = notice.now_or_never().expect("it is woken");
    assert_eq!(notice["type"], "posthorn.endpoint.disabled");
}

#[tokio::test]
async fn events_that_are_too_large_to_be_read_at_once_are_all_brought() {
    let app = TestApp::new().await;
    let mut lines = Lines::open(&app, "").await;
    lines.next().await;
    let large = "x".repeat(600_000);
    let mut sent = Vec::new();
    for _ in 0..5 {
        let event = json!({"type": "a.b", "data": {"large": large}});
        sent.push(app.post("/v1/events", &event).await.at("/id"));
    }
    let mut seen = Vec::new();
    while seen.len() < sent.len() {
        seen.push(lines.next_event().await["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, sent);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_when_it_was_to_be_paused_holds_up_nobody() {
    let app = TestApp::in_real_time().await;
    let id = app.endpoint(&json!({"contract": "standard"})).await;
    app.receiver.answers(&[500; 10]);
    app.receiver.answers(&[410]);
    let failing = app.delivery().await;
    app.until(&format!("/v1/deliveries/{failing}"), |it| it["attempts_made"] == 1).await;
    app.post("/v1/sandbox/clock", &json!({"advance": "6d"})).await;
    app.until_state(&failing, "exhausted").await;
    app.post(&format!("/v1/deliveries/{failing}/resend"), &json!({})).await;
    app.until(&format!("/v1/endpoints/{id}"), |it| it["status"] == "disabled").await;
    let mut lines = Lines::open(&app, "").await;
    lines.next().await;
    let sent = send(&app, "a.b").await;
    assert_eq!(lines.next_event().await["id"], sent);
}
