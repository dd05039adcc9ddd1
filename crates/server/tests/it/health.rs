//! What tries tell of an endpoint, when several of them are over at once.

use http::StatusCode;
use posthorn_core::endpoint::Status;
use posthorn_core::event::Mode;
use posthorn_engine::EndpointPatch;
use posthorn_engine::clock::Clock;
use posthorn_store::Store;
use serde_json::{Value, json};

use crate::harness::TestApp;

async fn send(app: &TestApp, count: u32) {
    let events: Vec<Value> = (0..count).map(|n| json!({"type": "a.b", "data": {"n": n}})).collect();
    let sent = app.post("/v1/events/batch", &json!(events)).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_told_of_once() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    app.receiver.answers(&[410; 40]);
    send(&app, 40).await;
    app.until("/v1/deliveries?state=leased", |page| page["data"] == json!([])).await;
    app.until(&format!("/v1/endpoints/{id}"), |endpoint| endpoint["status"] == "disabled").await;
    let notices = app.get("/v1/events?type=posthorn.endpoint.disabled").await.json();
    assert_eq!(notices["data"].as_array().unwrap().len(), 1, "{notices}");
}

#[tokio::test]
async fn a_paused_endpoint_that_says_it_is_gone_is_disabled_and_told_of_once() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let path = format!("/v1/endpoints/{id}");
    app.receiver.answers(&[410; 2]);
    let held = app.receiver.hold();
    app.delivery().await;
    app.settle_down().await;
    assert_eq!(app.receiver.got().len(), 1, "the first is under way");
    let (merchant, endpoint) = (app.merchant.parse().unwrap(), id.parse().unwrap());
    let now = app.clock.now();
    app.store.set_status(endpoint, Status::Paused { since: now }, now, vec![]).await.unwrap();
    let place = (merchant, Mode::Test, endpoint);
    let description = Some(Some("read again".to_owned()));
    let patch = EndpointPatch { description, ..EndpointPatch::default() };
    app.app.engine().change_endpoint(place, patch).await.unwrap();
    assert_eq!(app.get(&path).await.at("/status"), "paused");
    app.post(&format!("{path}/test"), &json!({"type": "payment.completed"})).await;
    app.settle_down().await;
    assert_eq!(app.receiver.got().len(), 2, "and so is a test");
    drop(held);
    app.until("/v1/deliveries?state=leased", |page| page["data"] == json!([])).await;
    let gone = app.get(&path).await.json();
    assert_eq!((&gone["status"], &gone["why"]), (&json!("disabled"), &json!("gone")), "{gone}");
    let notices = app.get("/v1/events?type=posthorn.endpoint.disabled").await.json();
    assert_eq!(notices["data"].as_array().unwrap().len(), 1, "{notices}");
}

#[tokio::test]
async fn a_success_is_not_forgotten_when_a_failure_before_it_is_not_on_record_yet() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({"contract": "standard"})).await;
    app.receiver.answers(&[500, 200]);
    send(&app, 2).await;
    app.until("/v1/deliveries?state=delivered", |page| page["data"] != json!([])).await;
    app.until("/v1/deliveries?state=leased", |page| page["data"] == json!([])).await;
    let endpoint = app.get(&format!("/v1/endpoints/{id}")).await;
    assert_eq!(endpoint.json()["failing_since"], Value::Null, "{}", endpoint.text);
}
