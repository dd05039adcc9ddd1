//! Times in answers: one form, wherever they stand.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN, TestApp};

/// The times in a value; an event's own data aside.
fn times(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(times).collect(),
        Value::Object(members) => members.values().flat_map(times).collect(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[tokio::test]
async fn every_time_in_an_answer_has_three_decimals() {
    let app = TestApp::new().await;
    app.clock.advance(Duration::from_nanos(3_000_001_789));
    let endpoint = app.endpoint(&json!({})).await;
    let rotated = app.post(&format!("/v1/endpoints/{endpoint}/rotate"), &json!({})).await;
    let delivery = app.delivery().await;
    let delivered = app.until_state(&delivery, "delivered").await;
    let recover = json!({"since": "2026-11-21T00:00:00Z", "states": ["delivered"]});
    let job = app.post(&format!("/v1/endpoints/{endpoint}/recover"), &recover).await;
    let trial = json!({"url": "https://example.com/", "type": "payment.completed"});
    let tried = app.post("/v1/endpoints/test", &trial).await;
    let disabled = app.post(&format!("/v1/endpoints/{endpoint}/disable"), &json!({})).await;
    let merchant = format!("/v1/merchants/{}", app.merchant);
    let merchant = app.call(Method::GET, &merchant).key(ADMIN).json(&json!({})).await;
    let mut seen = Vec::new();
    for got in [rotated, delivered, job, tried, disabled, merchant] {
        let found = times(&got.json());
        assert!(!found.is_empty(), "{}", got.text);
        seen.extend(found);
    }
    for path in ["/v1/events", "/v1/deliveries", "/v1/jobs", "/v1/keys", "/v1/sandbox/clock"] {
        let got = app.get(path).await;
        let found = times(&got.json());
        assert!(!found.is_empty(), "{}", got.text);
        seen.extend(found);
    }
    seen.retain(|time| time.len() != "2026-11-22T06:42:03.000Z".len());
    assert_eq!(seen, Vec::<String>::new());
}
