//! What an operator watches: each number is there, and moves with what it counts.

use std::time::Duration;

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::harness::TestApp;

/// `/metrics` at one moment.
struct Metrics(String);

impl Metrics {
    async fn of(app: &TestApp) -> Self {
        Self(app.call(Method::GET, "/metrics").no_key().send(Body::empty()).await.text)
    }

    /// A metric's value, added up over its labels; `None` where it is not there.
    fn find(&self, name: &str) -> Option<f64> {
        let values = self.0.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            rest.starts_with(['{', ' ']).then(|| rest.rsplit(' ').next().unwrap())
        });
        values.map(|value| value.parse::<f64>().unwrap()).reduce(|sum, value| sum + value)
    }

    #[track_caller]
    fn is(&self, name: &str, value: f64) {
        let found = self.find(name).unwrap_or_else(|| panic!("no {name} in {}", self.0));
        assert!((found - value).abs() < 1e-9, "{name} is {found}\n{}", self.0);
    }

    #[track_caller]
    fn each_queue_has(&self, deliveries: f64) {
        for state in ["due", "leased", "parked"] {
            self.is(&format!("posthorn_deliveries_{state}"), deliveries);
        }
    }
}

#[tokio::test]
async fn tries_that_fail_tries_again_and_how_long_they_took_are_counted() {
    let app = TestApp::new().await;
    app.endpoint(&json!({})).await;
    app.receiver.answers(&[500]);
    let delivery = app.delivery().await;
    app.until_state(&delivery, "due").await;
    let after_one = Metrics::of(&app).await;
    after_one.is("posthorn_attempts_failed_total", 1.0);
    assert!(after_one.find("posthorn_attempts_retried_total").is_none_or(|tries| tries < 0.5));
    after_one.is("posthorn_attempt_seconds_count", 1.0);

    app.clock.advance(Duration::from_mins(2));
    app.until_state(&delivery, "delivered").await;
    let after_two = Metrics::of(&app).await;
    after_two.is(r#"posthorn_attempts_failed_total{contract="payqi"}"#, 1.0);
    after_two.is(r#"posthorn_attempts_retried_total{contract="payqi"}"#, 1.0);
    after_two.is(r#"posthorn_attempt_seconds_count{contract="payqi"}"#, 2.0);
    // The receiver here takes 1 + 2 + 30.5 + 0.5 ms for each.
    after_two.is("posthorn_attempt_seconds_sum", 0.068);
    after_two.is(r#"posthorn_attempt_seconds_bucket{le="0.032",contract="payqi"}"#, 0.0);
    after_two.is(r#"posthorn_attempt_seconds_bucket{le="0.064",contract="payqi"}"#, 2.0);
    after_two.is("posthorn_settle_batch_count", 2.0);
}

#[tokio::test]
async fn how_much_waits_and_for_how_long_is_measured_and_falls_when_it_is_done() {
    let app = TestApp::new().await;
    let send = async |kind: &str| {
        app.post("/v1/events", &json!({"type": kind, "data": {}})).await.at("/deliveries/0/id")
    };
    app.endpoint(&json!({"events": ["fails.*"]})).await;
    app.endpoint(&json!({"events": ["hangs.*"]})).await;
    let rests = app.endpoint(&json!({"events": ["rests.*"]})).await;
    let none = Metrics::of(&app).await;
    none.each_queue_has(0.0);
    none.is("posthorn_oldest_undelivered_seconds", 0.0);

    app.receiver.answers(&[500]);
    let failed = send("fails.a").await;
    app.until_state(&failed, "due").await;
    let held = app.receiver.hold();
    let hangs = send("hangs.a").await;
    app.post(&format!("/v1/endpoints/{rests}/disable"), &json!({})).await;
    let parked = send("rests.a").await;
    app.until_state(&parked, "parked").await;
    app.clock.advance(Duration::from_secs(30));
    app.settle_down().await;
    let busy = Metrics::of(&app).await;
    busy.each_queue_has(1.0);
    busy.is("posthorn_attempts_in_flight", 1.0);
    busy.is("posthorn_oldest_undelivered_seconds", 30.0);

    drop(held);
    app.until_state(&hangs, "delivered").await;
    app.post(&format!("/v1/endpoints/{rests}/enable"), &json!({})).await;
    app.clock.advance(Duration::from_mins(2));
    for delivery in [failed, parked] {
        app.until_state(&delivery, "delivered").await;
    }
    app.clock.advance(Duration::from_secs(30));
    app.settle_down().await;
    let done = Metrics::of(&app).await;
    done.each_queue_has(0.0);
    done.is("posthorn_attempts_in_flight", 0.0);
    done.is("posthorn_oldest_undelivered_seconds", 0.0);
}
