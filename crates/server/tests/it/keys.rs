//! API keys: made, listed, revoked.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN, TestApp};

#[tokio::test]
async fn a_key_is_shown_once_works_and_is_refused_once_revoked() {
    let app = TestApp::new().await;
    let made = app.post("/v1/keys", &json!({})).await;
    insta::assert_json_snapshot!(made.shown(), @r#"
    {
      "body": {
        "created": "[time]",
        "hint": "sk_test_…",
        "id": "key_…",
        "key": "sk_test_…",
        "kind": "api_key",
        "last_used": null,
        "mode": "test",
        "revoked": null
      },
      "status": 201
    }
    "#);
    let key = made.at("/key");
    let with_it = || app.call(Method::GET, "/v1/endpoints").key(&key);
    assert_eq!(with_it().send(Body::empty()).await.status, 200);
    assert!(!app.get("/v1/keys").await.text.contains(&key));
    let path = format!("/v1/keys/{}", made.at("/id"));
    assert_eq!(app.delete(&path).await.status, 204);
    let refused = with_it().send(Body::empty()).await;
    insta::assert_snapshot!(refused.problem(), @"401 revoked_key [-] this key was revoked on 2026-11-22T00:00:00Z; use another, or create one");
    let listed = app.get("/v1/keys").await.json();
    let listed = listed["data"].as_array().unwrap();
    let revoked = listed.iter().find(|one| one["id"] == made.json()["id"]).unwrap();
    assert!(revoked["revoked"].is_string());
    assert_eq!(app.delete(&path).await.json()["code"], "not_found", "it is revoked already");
}

#[tokio::test]
async fn a_test_key_neither_makes_nor_revokes_live_ones() {
    let app = TestApp::new().await;
    let refused = app.post("/v1/keys", &json!({"mode": "live"})).await;
    insta::assert_snapshot!(refused.problem(), @"403 wrong_mode [mode] a test key makes test keys only; use a key of the other mode");
    let live = app.call(Method::GET, "/v1/keys").key(&app.live).send(Body::empty()).await;
    let id = live.at("/data/0/id");
    assert_eq!(app.delete(&format!("/v1/keys/{id}")).await.json()["code"], "not_found");
    assert!(live.json()["data"].as_array().unwrap().iter().all(|key| key["mode"] == "live"));
}

#[tokio::test]
async fn the_operator_makes_and_revokes_any_key_of_a_merchant() {
    let app = TestApp::new().await;
    let keys = format!("/v1/merchants/{}/keys", app.merchant);
    let wish = json!({"mode": "live", "kind": "publishable"});
    let made = app.call(Method::POST, &keys).key(ADMIN).json(&wish).await;
    assert_eq!((made.status.as_u16(), made.at("/kind")), (201, "publishable".into()));
    assert!(made.at("/key").starts_with("pk_live_"));
    let listed = app.call(Method::GET, &keys).key(ADMIN).send(Body::empty()).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 7);
    let one = format!("{keys}/{}", made.at("/id"));
    let gone = app.call(Method::DELETE, &one).key(ADMIN).send(Body::empty()).await;
    assert_eq!(gone.status, 204);
    let refused = app.call(Method::POST, &keys).key(ADMIN).json(&json!({"mode": "prod"})).await;
    insta::assert_snapshot!(refused.problem(), @"400 invalid_field [mode] `mode`: must be `test` or `live`; this is `prod`, at line 1, column 14");
}

#[tokio::test]
async fn a_last_use_that_the_database_could_not_take_is_written_later() {
    let app = TestApp::new().await;
    let made = app.post("/v1/keys", &json!({})).await;
    let (id, key) = (made.json()["id"].clone(), made.at("/key"));
    app.clock.advance(Duration::from_secs(5));
    app.settle_down().await;
    app.call(Method::GET, "/v1/endpoints").key(&key).send(Body::empty()).await;
    app.database_fails.store(true, Ordering::Relaxed);
    app.clock.advance(Duration::from_secs(5));
    app.settle_down().await;
    app.database_fails.store(false, Ordering::Relaxed);
    app.clock.advance(Duration::from_secs(5));
    let last_used = |keys: &Value| {
        let all = keys["data"].as_array().unwrap();
        all.iter().find(|one| one["id"] == id).unwrap()["last_used"].clone()
    };
    let keys = app.until("/v1/keys", |keys| last_used(keys).is_string()).await;
    assert_eq!(last_used(&keys.json()), "2026-11-22T00:00:05.000Z");
}
