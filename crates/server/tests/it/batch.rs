//! Batches: each event its own result.

use std::sync::atomic::Ordering;

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApp;

#[tokio::test]
async fn a_bad_event_costs_the_others_nothing() {
    let app = TestApp::new().await;
    app.endpoint(&json!({"events": ["payment.*"]})).await;
    let large = "x".repeat(1024 * 1024);
    let good = json!({"type": "payment.completed", "data": {"id": "pay_1"}});
    let events = json!({"events": [
        good, {"type": "a b", "data": {}}, {"type": "a.b", "data": {"x": large}},
        {"type": "a.b", "data": {}, "extra": 1}, 5, {"type": "other", "data": {}},
    ]});
    let got = app.post("/v1/events/batch", &events).await;
    assert_eq!(got.status, 202);
    let results = got.json()["data"].as_array().unwrap().clone();
    let told = results.iter().map(|one| match one.get("error") {
        Some(error) => format!("{} {}", error["code"], error["detail"]),
        None => format!("accepted, {} deliveries", one["deliveries"].as_array().unwrap().len()),
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
    accepted, 1 deliveries
    "invalid_event" "`a b` is not an event type: use segments of letters, digits, `_` and `-` with dots between them, as in `payment.confirmed`"
    "too_large" "`data` has 1048584 bytes; at most 1048576 (1 MiB) are allowed"
    "unknown_field" "there is no field `extra` here; the fields are `type`, `data`, `id`"
    "invalid_field" "must be an event: an object with `type` and `data`; this is the number `5`, at line 1, column 1048730"
    accepted, 0 deliveries
    "#);
    insta::assert_json_snapshot!(results[1], @r#"
    {
      "error": {
        "code": "invalid_event",
        "detail": "`a b` is not an event type: use segments of letters, digits, `_` and `-` with dots between them, as in `payment.confirmed`",
        "field": "type",
        "status": 422,
        "title": "Invalid event",
        "type": "urn:posthorn:problem:invalid_event"
      }
    }
    "#);
    assert_eq!(app.get("/v1/events").await.json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_bare_array_is_a_batch_too() {
    let app = TestApp::new().await;
    let got = app.post("/v1/events/batch", &json!([{"type": "a.b", "data": {}}])).await;
    assert_eq!(got.status, 202);
    assert!(got.at("/data/0/id").starts_with("evt_"));
    assert_eq!(app.post("/v1/events/batch", &json!([])).await.text, r#"{"data":[]}"#);
}

#[tokio::test]
async fn a_thousand_events_are_taken_and_not_one_more() {
    let app = TestApp::new().await;
    let events = |count: usize| -> Value {
        (0..count).map(|n| json!({"type": "a.b", "data": {"n": n}})).collect()
    };
    let got = app.post("/v1/events/batch", &events(1000)).await;
    let results = got.json();
    assert_eq!(results["data"].as_array().unwrap().len(), 1000);
    assert!(results["data"].as_array().unwrap().iter().all(|one| one["id"].is_string()));
    let got = app.post("/v1/events/batch", &json!({"events": events(1001)})).await;
    insta::assert_snapshot!(got.problem(), @"400 invalid_field [events] `events`: more than 1000 items; send them in two batches, at line 1, column 31934");
}

#[tokio::test]
async fn a_batch_may_have_eight_mebibytes_and_not_a_byte_more() {
    let app = TestApp::new().await;
    let batch = |bytes: usize| {
        let mut text = String::from("[");
        for n in 0..9 {
            let data = "x".repeat(if n == 8 { 1000 } else { 1_000_000 });
            text.push_str(&json!({"type": "a.b", "data": {"x": data}}).to_string());
            text.push(',');
        }
        text.pop();
        let spaces = bytes - text.len() - 1;
        format!("{text}{}]", " ".repeat(spaces))
    };
    let call = || app.call(Method::POST, "/v1/events/batch");
    let got = call().send(Body::from(batch(8 * 1024 * 1024))).await;
    assert_eq!(got.status, 202, "{:.200}", got.text);
    let got = call().send(Body::from(batch(8 * 1024 * 1024 + 1))).await;
    insta::assert_snapshot!(got.problem(), @"413 too_large [-] the body has more than 8388608 bytes, the most this route takes");
}

#[tokio::test]
async fn a_batch_that_cannot_be_read_is_refused_whole() {
    let app = TestApp::new().await;
    let bodies = ["[{\"type\":\"a.b\",\"data\":{}},]", "{\"events\":5}", "{\"evnts\":[]}", "7"];
    let mut told = Vec::new();
    for body in bodies {
        let got = app.call(Method::POST, "/v1/events/batch").send(Body::from(body)).await;
        told.push(got.problem());
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    400 malformed_json [-] malformed body: a comma after the last element: remove it, at line 1, column 27
    400 invalid_field [events] `events`: must be an array of at most 1000 items; this is the number `5`, at line 1, column 11
    400 unknown_field [evnts] there is no field `evnts` here; did you mean `events`?
    400 invalid_field [-] must be an array of events, or an object with `events`; this is the number `7`, at line 1, column 1
    "#);
}

#[tokio::test]
async fn what_is_wrong_with_an_event_is_placed_in_the_body_that_was_posted() {
    let app = TestApp::new().await;
    let body = "{\"events\": [\n  {\"type\": \"é.b\", \"data\": {}}, {\"type\": 5, \"data\": {}},\n  \
                {\"type\": \"a.b\", \"data\": {\"x\": 1,\n    \"x\": 2}},\n  7\n]}";
    let got = app.call(Method::POST, "/v1/events/batch").send(Body::from(body)).await;
    let results = got.json()["data"].as_array().unwrap().clone();
    let details: Vec<_> = results.iter().map(|one| one["error"]["detail"].to_string()).collect();
    insta::assert_snapshot!(details[1..].join("\n"), @r#"
    "`type`: must be a string; this is the number `5`, at line 2, column 41"
    "malformed body: duplicate name \"x\" in one object: keep one of the two, at line 4, column 7"
    "must be an event: an object with `type` and `data`; this is the number `7`, at line 5, column 3"
    "#);
}

#[tokio::test]
async fn a_repeated_batch_is_answered_alike() {
    let app = TestApp::new().await;
    app.endpoint(&json!({})).await;
    let events = json!([{"type": "a.b", "data": {}}, {"type": "a b", "data": {}},
        {"type": "a.c", "data": {}}]);
    let send = || app.call(Method::POST, "/v1/events/batch").header("idempotency-key", "b-1");
    let first = send().json(&events).await;
    let second = send().json(&events).await;
    assert_eq!(first.text, second.text);
    assert_eq!(first.header("idempotent-replayed"), "");
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(app.get("/v1/events").await.json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_batch_to_many_endpoints_is_written_in_steps_and_goes_on_where_it_was_cut() {
    let app = TestApp::new().await;
    for _ in 0..30 {
        let id = app.endpoint(&json!({})).await;
        app.post(&format!("/v1/endpoints/{id}/disable"), &json!({})).await;
    }
    let events: Vec<Value> = (0..200).map(|n| json!({"type": "a.b", "data": {"n": n}})).collect();
    let send = || app.call(Method::POST, "/v1/events/batch").header("idempotency-key", "once-1");
    app.writes_left.store(2, Ordering::Relaxed);
    let cut = send().json(&json!(events)).await;
    app.writes_left.store(u32::MAX, Ordering::Relaxed);
    assert_eq!(cut.status, 202, "{}", cut.text);
    let results = cut.json()["data"].as_array().unwrap().clone();
    let accepted = results.iter().take_while(|result| result.get("id").is_some()).count();
    assert!((100..200).contains(&accepted), "{accepted} were accepted in two steps");
    for refused in &results[accepted..] {
        assert_eq!(refused["error"]["code"], "unavailable", "{refused}");
    }
    let again = send().json(&json!(events)).await.json()["data"].as_array().unwrap().clone();
    assert_eq!(again.len(), 200);
    assert_eq!(again[..accepted], results[..accepted], "these were accepted before");
    assert!(again[accepted..].iter().all(|result| result.get("id").is_some()));
    let metrics = app.call(Method::GET, "/metrics").no_key().send(Body::empty()).await.text;
    let line = r#"posthorn_events_accepted_total{contract="payqi"} 200"#;
    assert!(metrics.contains(line), "{metrics}");
}
