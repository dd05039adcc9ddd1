//! Secrets: shown to the request that made them, fitting the contract that signs with them, and
//! openable.

use std::time::Duration;

use http::Method;
use posthorn_core::id::EndpointId;
use posthorn_core::secret::MasterKeys;
use posthorn_store::{NewSecret, Store};
use serde_json::{Value, json};

use crate::harness::{ADMIN, Got, TestApp};

/// A text that signs under PayQI, and is no secret of Standard Webhooks.
const PLAIN: &str = "plain-text-secret";
/// One that signs under both.
const BASE64: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

async fn once(app: &TestApp, path: &str, body: &Value) -> Got {
    app.call(Method::POST, path).header("idempotency-key", "once-1").json(body).await
}

async fn change_merchant(app: &TestApp, patch: &Value) -> Got {
    let path = format!("/v1/merchants/{}", app.merchant);
    app.call(Method::PATCH, &path).key(ADMIN).json(patch).await
}

#[tokio::test]
async fn a_repeated_creation_never_shows_a_secret_that_somebody_set_later() {
    let app = TestApp::new().await;
    let draft = json!({"url": "https://example.com/"});
    let first = once(&app, "/v1/endpoints", &draft).await;
    assert_eq!(once(&app, "/v1/endpoints", &draft).await.at("/secret"), first.at("/secret"));
    app.clock.advance(Duration::from_secs(1));
    let rotate = format!("/v1/endpoints/{}/rotate", first.at("/id"));
    app.post(&rotate, &json!({"secret": PLAIN, "overlap": "0s"})).await;
    let again = once(&app, "/v1/endpoints", &draft).await;
    assert_eq!(again.at("/id"), first.at("/id"));
    assert!(!again.text.contains(PLAIN) && again.json()["secret"].is_null(), "{}", again.text);
}

#[tokio::test]
async fn a_repeated_rotation_shows_its_own_secret_while_that_is_current() {
    let app = TestApp::new().await;
    let rotate = format!("/v1/endpoints/{}/rotate", app.endpoint(&json!({})).await);
    let first = once(&app, &rotate, &json!({})).await;
    assert_eq!(once(&app, &rotate, &json!({})).await.at("/secret"), first.at("/secret"));
    app.post(&rotate, &json!({"secret": PLAIN})).await;
    let again = once(&app, &rotate, &json!({})).await;
    assert!(!again.text.contains(PLAIN) && again.json()["secret"].is_null(), "{}", again.text);
}

#[tokio::test]
async fn a_contract_that_a_replaced_secret_does_not_fit_waits_for_the_overlap() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({"secret": PLAIN})).await;
    let rotate = format!("/v1/endpoints/{id}/rotate");
    app.post(&rotate, &json!({"secret": BASE64, "overlap": "1h"})).await;
    let change = json!({"contract": "standard"});
    let refused = app.patch(&format!("/v1/endpoints/{id}"), &change).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.problem().contains("signs until"), "{}", refused.text);
    app.clock.advance(Duration::from_hours(1));
    let changed = app.patch(&format!("/v1/endpoints/{id}"), &change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let delivery = app.delivery().await;
    app.until_state(&delivery, "delivered").await;
}

#[tokio::test]
async fn a_merchant_changes_its_contract_only_if_all_that_follow_it_fit() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({"secret": PLAIN})).await;
    let change = json!({"contract": "standard"});
    let refused = change_merchant(&app, &change).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.problem().contains(&format!("endpoint {id} (test)")), "{}", refused.text);
    app.patch(&format!("/v1/endpoints/{id}"), &json!({"contract": "payqi"})).await;
    assert_eq!(change_merchant(&app, &change).await.status, 200, "it has its own contract now");
}

#[tokio::test]
async fn a_merchant_does_not_take_an_endpoint_without_a_secret_to_a_contract_that_signs() {
    let app = TestApp::new().await;
    change_merchant(&app, &json!({"contract": "pagtracker"})).await;
    let id = app.endpoint(&json!({"secret": null})).await;
    let refused = change_merchant(&app, &json!({"contract": "payqi"})).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.problem().contains(&id), "{}", refused.text);
}

#[tokio::test]
async fn a_delivery_whose_secret_does_not_open_waits_and_loses_no_try() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let other_key = MasterKeys::new([8; 32], &[]);
    let now = app.app.engine().now();
    let sealed = other_key.seal("whsec_0123456789abcdef", "endpoint secret", [1; 24]);
    let which: EndpointId = id.parse().unwrap();
    let new = NewSecret { sealed, created: now };
    app.store.rotate_secret(which, new, now, None).await.unwrap();
    app.patch(&format!("/v1/endpoints/{id}"), &json!({"description": "read it again"})).await;

    let delivery = app.delivery().await;
    let path = format!("/v1/deliveries/{delivery}");
    let waits = app.until(&path, |value| value["state"] == "due").await.json();
    assert_eq!(waits["attempts_made"], 0);
    assert!(app.receiver.got().is_empty());

    app.post(&format!("/v1/endpoints/{id}/rotate"), &json!({"overlap": "0s"})).await;
    app.clock.advance(Duration::from_mins(1));
    let delivered = app.until_state(&delivery, "delivered").await.json();
    assert_eq!(delivered["attempts_made"], 1);
}

#[tokio::test]
async fn all_secrets_of_an_endpoint_are_as_old_as_the_merchants_clock_says() {
    let app = TestApp::in_real_time().await;
    let advanced = app.post("/v1/sandbox/clock", &json!({"advance": "10d"})).await.at("/now");
    let first = app.get(&format!("/v1/endpoints/{}", app.endpoint(&json!({})).await)).await;
    let created = first.at("/secrets/0/created");
    assert!(created >= advanced, "{created} is before {advanced}");
}

#[tokio::test]
async fn a_rotation_that_makes_a_secret_keeps_the_scheme() {
    let app = TestApp::new().await;
    let seed = "whsk_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    let draft = json!({"url": "https://example.com/", "contract": "standard", "secret": seed});
    let rotate =
        format!("/v1/endpoints/{}/rotate", app.post("/v1/endpoints", &draft).await.at("/id"));
    let asymmetric = app.post(&rotate, &json!({})).await.at("/secret");
    assert!(asymmetric.starts_with("whsk_") && asymmetric != seed, "{asymmetric}");
    app.post(&rotate, &json!({"secret": BASE64})).await;
    let shared = app.post(&rotate, &json!({})).await.at("/secret");
    assert!(shared.starts_with("whsec_") && shared != BASE64, "{shared}");
}

#[tokio::test]
async fn a_secret_whose_time_is_over_on_the_merchants_clock_is_not_listed_any_more() {
    let app = TestApp::in_real_time().await;
    let path = format!("/v1/endpoints/{}", app.endpoint(&json!({})).await);
    let count = |value: serde_json::Value| value["secrets"].as_array().map(Vec::len);
    let rotated = app.post(&format!("{path}/rotate"), &json!({"overlap": "1h"})).await;
    assert_eq!(count(rotated.json()), Some(2), "both sign while the rotation overlaps");
    app.post("/v1/sandbox/clock", &json!({"advance": "59m"})).await;
    assert_eq!(count(app.get(&path).await.json()), Some(2));
    app.post("/v1/sandbox/clock", &json!({"advance": "2m"})).await;
    assert_eq!(count(app.get(&path).await.json()), Some(1));
    let listed = app.get("/v1/endpoints").await.json();
    assert_eq!(count(listed["data"][0].clone()), Some(1));
}
