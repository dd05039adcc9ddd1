//! Probes, metrics, request ids.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::harness::TestApp;

#[tokio::test]
async fn probes_need_no_key_and_say_when_the_server_stops() {
    let app = TestApp::new().await;
    let probe = |path: &str| app.call(Method::GET, path).no_key();
    let up = probe("/healthz").send(Body::empty()).await;
    assert_eq!(up.text, r#"{"status":"ok","version":"0.0.0-test"}"#);
    let ready = probe("/readyz").send(Body::empty()).await;
    assert_eq!((ready.status.as_u16(), ready.at("/status")), (200, "ready".into()));
    app.app.stop();
    let ready = probe("/readyz").send(Body::empty()).await;
    insta::assert_snapshot!(ready.problem(), @"503 unavailable [-] the server is stopping");
    assert_eq!(ready.header("retry-after"), "1");
    assert_eq!(probe("/healthz").send(Body::empty()).await.status, 200);
}

#[tokio::test]
async fn the_database_is_asked_once_a_second_whoever_probes() {
    let app = TestApp::new().await;
    let probe = async || app.call(Method::GET, "/readyz").no_key().send(Body::empty()).await.status;
    assert_eq!(probe().await, 200);
    app.database_fails.store(true, Ordering::Relaxed);
    assert_eq!(probe().await, 200, "it was seen to answer in this second");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(probe().await, 503);
    app.database_fails.store(false, Ordering::Relaxed);
    assert_eq!(probe().await, 503);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(probe().await, 200);
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_never_by_id() {
    let app = TestApp::new().await;
    app.endpoint(&json!({})).await;
    let delivery = app.delivery().await;
    app.until_state(&delivery, "delivered").await;
    app.get("/v1/endpoints/ep_nobody").await;
    app.get("/nowhere/at/all").await;
    let text = app.call(Method::GET, "/metrics").no_key().send(Body::empty()).await.text;
    for line in [
        r#"posthorn_http_requests_total{method="POST",route="/v1/events",status="2xx"} 1"#,
        r#"posthorn_http_requests_total{method="GET",route="/v1/endpoints/{id}",status="4xx"} 1"#,
        r#"posthorn_http_requests_total{method="GET",route="none",status="4xx"} 1"#,
        r#"posthorn_http_problems_total{code="not_found"} 2"#,
        r#"posthorn_events_accepted_total{contract="payqi"} 1"#,
        r#"posthorn_deliveries_delivered_total{contract="payqi"} 1"#,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(text.contains("posthorn_http_request_seconds_bucket"), "{text}");
    assert!(!text.contains("ep_nobody") && !text.contains(&delivery));
}

#[tokio::test]
async fn a_delivery_that_is_given_up_without_a_try_is_counted_as_given_up_alone() {
    let app = TestApp::new().await;
    app.endpoint(&json!({"contract": "krxscale"})).await;
    let fills = "x".repeat(1_048_560);
    let sent = app.post("/v1/events", &json!({"type": "a.b", "data": {"x": fills}})).await;
    let ended = app.until_state(&sent.at("/deliveries/0/id"), "exhausted").await;
    assert_eq!(ended.at("/why"), "too_large");
    let text = app.call(Method::GET, "/metrics").no_key().send(Body::empty()).await.text;
    let line = r#"posthorn_deliveries_exhausted_total{contract="krxscale"} 1"#;
    assert!(text.contains(line), "{text}");
    assert!(!text.contains("posthorn_attempts_failed_total{"), "{text}");
}

#[tokio::test]
async fn every_answer_has_a_request_id_the_callers_own_where_it_is_sane() {
    let app = TestApp::new().await;
    let with = |id: &str| app.call(Method::GET, "/v1/events").header("x-request-id", id);
    let own = with("checkout-17:a/b").send(Body::empty()).await;
    assert_eq!(own.header("x-request-id"), "checkout-17:a/b");
    for odd in ["", "with space", "<script>", &"x".repeat(129)] {
        let made = with(odd).send(Body::empty()).await.header("x-request-id");
        assert!(made.starts_with("req_"), "{made}");
    }
    let (one, two) = (app.get("/v1/events").await, app.get("/nowhere").await);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    assert_eq!(two.at("/request_id"), two.header("x-request-id"));
}

#[tokio::test]
async fn what_the_database_cannot_take_is_put_off_and_can_be_repeated() {
    let app = TestApp::new().await;
    app.endpoint(&json!({})).await;
    let event = json!({"type": "a.b", "data": {}});
    let send = || app.call(Method::POST, "/v1/events").header("idempotency-key", "once");
    app.database_fails.store(true, Ordering::Relaxed);
    let put_off = send().json(&event).await;
    insta::assert_snapshot!(put_off.problem(), @"503 unavailable [-] the database is not available at the moment; nothing was done");
    assert_eq!(put_off.header("retry-after"), "1");
    let batch = app.post("/v1/events/batch", &json!([event])).await;
    assert_eq!(batch.json()["code"], "unavailable");
    app.database_fails.store(false, Ordering::Relaxed);
    let accepted = send().json(&event).await;
    assert_eq!(
        (accepted.status.as_u16(), accepted.header("idempotent-replayed")),
        (202, String::new())
    );
    app.until_state(&accepted.at("/deliveries/0/id"), "delivered").await;
    assert_eq!(app.receiver.got().len(), 1);
}

#[tokio::test]
async fn a_bound_that_is_met_is_counted_by_its_name() {
    let app = TestApp::new().await;
    app.receiver.silent.store(true, Ordering::Relaxed);
    for _ in 0..12 {
        app.endpoint(&json!({})).await;
    }
    let text = "x".repeat(1_000_000);
    for _ in 0..8 {
        app.post("/v1/events", &json!({"type": "a.b", "data": {"text": text}})).await;
    }
    let listen = || app.call(Method::GET, "/v1/listen").start(Body::empty());
    let trial = json!({"url": "https://example.com/new", "type": "payment.completed"});
    let streams = futures::future::join_all((0..17).map(|_| listen())).await;
    let trials = (0..5).map(|_| Box::pin(app.post("/v1/endpoints/test", &trial)));
    let (refused, ..) = futures::future::select_all(trials).await;
    assert_eq!(refused.at("/code"), "busy", "nobody else is answered");
    let text = app.call(Method::GET, "/metrics").no_key().send(Body::empty()).await.text;
    for bound in ["payload_memory", "streams", "trials"] {
        let counted = format!(r#"posthorn_bounds_reached_total{{bound="{bound}"}} "#);
        assert!(text.contains(&counted), "{counted}\n{text}");
    }
    drop(streams);
}
