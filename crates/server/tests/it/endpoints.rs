//! Endpoints: created, changed, rotated, put to rest, tried.

use std::time::Duration;

use axum::body::Body;
use http::{Method, StatusCode};
use posthorn_core::endpoint::Status;
use posthorn_core::event::Mode;
use posthorn_engine::EndpointPatch;
use posthorn_engine::clock::Clock;
use posthorn_engine::transport::{ErrorClass, Unreachable};
use posthorn_store::Store;
use serde_json::{Value, json};

use crate::harness::TestApp;

#[tokio::test]
async fn a_secret_that_was_made_is_shown_once() {
    let app = TestApp::new().await;
    let draft = json!({
        "url": "https://example.com/webhooks#fragment",
        "events": ["payment.*", "refund.completed"],
        "filter": {"amount": {"$gte": 1000}},
        "description": "the shop",
        "headers": {"X-Zeta": "1", "X-Alpha": "2"},
        "json": "python", "rate_limit": 50, "concurrency": 4,
    });
    let made = app.post("/v1/endpoints", &draft).await;
    insta::assert_json_snapshot!(made.shown(), @r#"
    {
      "body": {
        "concurrency": 4,
        "contract": null,
        "created": "[time]",
        "description": "the shop",
        "events": [
          "payment.*",
          "refund.completed"
        ],
        "filter": {
          "amount": {
            "$gte": 1000
          }
        },
        "headers": {
          "X-Alpha": "2",
          "X-Zeta": "1"
        },
        "id": "ep_…",
        "json": "python",
        "mode": "test",
        "rate_limit": 50,
        "secret": "whsec_…",
        "secrets": [
          {
            "created": "[time]",
            "id": "sec_…"
          }
        ],
        "status": "active",
        "url": "https://example.com/webhooks",
        "version": 1
      },
      "status": 201
    }
    "#);
    let read = app.get(&format!("/v1/endpoints/{}", made.at("/id"))).await;
    let mut expected = made.json();
    expected.as_object_mut().unwrap().remove("secret");
    assert_eq!(read.json(), expected);
}

#[tokio::test]
async fn null_is_no_secret_where_the_contract_allows_that_and_nothing_is_signed_then() {
    let app = TestApp::new().await;
    let draft = json!({"url": "https://example.com/", "contract": "pagtracker", "secret": null});
    let made = app.post("/v1/endpoints", &draft).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.json()["secrets"], json!([]), "{}", made.text);
    assert_eq!(made.json().get("secret"), None, "{}", made.text);
    let delivery = app.delivery().await;
    app.until_state(&delivery, "delivered").await;
    let request = app.receiver.got().pop().unwrap();
    let signed = |(name, _): &&(String, String)| name == "X-PagTracker-Signature";
    assert_eq!(request.headers.iter().find(signed), None);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body.get("signature"), None, "{body}");

    let draft = json!({"url": "https://example.com/", "contract": "krxscale", "secret": null});
    let made = app.post("/v1/endpoints", &draft).await;
    assert_eq!(made.json()["secrets"].as_array().map(Vec::len), Some(1), "{}", made.text);
}

#[tokio::test]
async fn custom_headers_keep_their_order() {
    let app = TestApp::new().await;
    let body = r#"{"url":"https://example.com/","headers":{"X-Zeta":"1","X-Alpha":"2"}}"#;
    let made = app.call(Method::POST, "/v1/endpoints").send(Body::from(body)).await;
    assert!(made.text.contains(r#""headers":{"X-Zeta":"1","X-Alpha":"2"}"#), "{}", made.text);
}

#[tokio::test]
async fn a_secret_that_the_caller_set_is_never_repeated() {
    let app = TestApp::new().await;
    let draft = json!({"url": "https://example.com/", "secret": "fake-secret-0123456789"});
    let made = app.post("/v1/endpoints", &draft).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert!(!made.text.contains("fake-secret"), "{}", made.text);
    assert_eq!(made.json()["events"], json!(["*"]));
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_null_takes_away() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({"description": "old", "rate_limit": 5, "json": "php"})).await;
    let path = format!("/v1/endpoints/{id}");
    let change = json!({"description": null, "events": ["refund.*"], "json": null});
    let changed = app.patch(&path, &change).await.json();
    let kept = (&changed["rate_limit"], &changed["url"]);
    assert_eq!(kept, (&json!(5), &json!("https://example.com/webhooks")));
    let gone = (&changed["description"], &changed["events"], &changed["json"]);
    assert_eq!(gone, (&Value::Null, &json!(["refund.*"]), &json!("js")));
    assert_eq!(changed["version"], 2);
    let refused = app.patch(&path, &json!({"url": "https://10.0.0.1/"})).await;
    assert_eq!(refused.json()["code"], "address_refused");
    assert_eq!(app.get(&path).await.json()["version"], 2);
}

#[tokio::test]
async fn a_deleted_endpoint_is_gone() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let path = format!("/v1/endpoints/{id}");
    let gone = app.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    assert_eq!(app.get(&path).await.json()["code"], "not_found");
    assert_eq!(app.delete(&path).await.json()["code"], "not_found");
}

#[tokio::test]
async fn a_rotation_overlaps() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let rotated = app.post(&format!("/v1/endpoints/{id}/rotate"), &json!({})).await;
    assert_eq!(rotated.status, 200);
    assert!(rotated.json()["secret"].is_string());
    let secrets = rotated.json()["secrets"].as_array().unwrap().clone();
    let until: Vec<_> = secrets.iter().filter_map(|secret| secret["until"].as_str()).collect();
    assert_eq!(until, ["2026-11-23T00:00:00.000Z"], "a day when nothing else is said");
    let own = json!({"secret": "fake-secret-0123456789", "overlap": "0s"});
    let rotated = app.post(&format!("/v1/endpoints/{id}/rotate"), &own).await;
    assert!(rotated.json().get("secret").is_none());
}

#[tokio::test]
async fn at_most_five_secrets_sign_at_once() {
    let app = TestApp::new().await;
    let path = format!("/v1/endpoints/{}/rotate", app.endpoint(&json!({})).await);
    let long = json!({"overlap": "30d"});
    let keyed = async |key: &str| {
        app.call(Method::POST, &path).header("idempotency-key", key).json(&long).await
    };
    for key in ["second", "third", "fourth", "fifth"] {
        assert_eq!(keyed(key).await.status, 200, "{key}");
    }
    insta::assert_snapshot!(keyed("sixth").await.problem(), @"422 invalid_setting [overlap] `overlap`: at most 5 secrets sign at once, and as many do; the first stops at 2026-12-22T00:00:00.000Z: rotate after that, or with overlap `0s`, which ends them all now");
    let again = keyed("fifth").await;
    assert_eq!(
        (again.status.as_u16(), again.header("idempotent-replayed").as_str()),
        (200, "true")
    );
    let ended = app.post(&path, &json!({"overlap": "0s"})).await;
    assert_eq!(ended.json()["secrets"].as_array().unwrap().len(), 1);
    assert_eq!(app.post(&path, &long).await.status, 200);
}

#[tokio::test]
async fn what_arrives_while_an_endpoint_is_disabled_waits_for_it() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let disabled = app.post(&format!("/v1/endpoints/{id}/disable"), &json!({})).await.json();
    assert_eq!((&disabled["status"], &disabled["why"]), (&json!("disabled"), &json!("requested")));
    let delivery = app.delivery().await;
    let parked = app.get(&format!("/v1/deliveries/{delivery}")).await.json();
    let parked = (&parked["state"], &parked["why"]);
    assert_eq!(parked, (&json!("parked"), &json!("endpoint_at_rest")));
    let enabled = app.call(Method::POST, &format!("/v1/endpoints/{id}/enable"));
    let enabled = enabled.send(Body::empty()).await.json();
    assert_eq!(enabled["status"], "draining");
    app.until_state(&delivery, "delivered").await;
}

#[tokio::test]
async fn an_endpoint_that_is_disabled_already_is_not_disabled_again() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({"contract": "standard"})).await;
    app.receiver.answers(&[410]);
    app.delivery().await;
    let path = format!("/v1/endpoints/{id}");
    let gone = app.until(&path, |endpoint| endpoint["status"] == "disabled").await.json();
    assert_eq!(gone["why"], "gone");
    app.clock.advance(Duration::from_mins(1));
    let again = app.post(&format!("{path}/disable"), &json!({})).await.json();
    assert_eq!((&again["why"], &again["status_since"]), (&gone["why"], &gone["status_since"]));
    let notices = app.get("/v1/events?type=posthorn.endpoint.disabled").await.json();
    assert_eq!(notices["data"].as_array().unwrap().len(), 1, "{notices}");
}

#[tokio::test]
async fn an_endpoint_that_pauses_can_still_be_disabled_and_that_is_told() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let (merchant, endpoint) = (app.merchant.parse().unwrap(), id.parse().unwrap());
    let now = app.clock.now();
    app.store.set_status(endpoint, Status::Paused { since: now }, now, vec![]).await.unwrap();
    let place = (merchant, Mode::Test, endpoint);
    app.app.engine().change_endpoint(place, EndpointPatch::default()).await.unwrap();
    let disabled = app.post(&format!("/v1/endpoints/{id}/disable"), &json!({})).await.json();
    assert_eq!((&disabled["status"], &disabled["why"]), (&json!("disabled"), &json!("requested")));
    let notices = app.get("/v1/events?type=posthorn.endpoint.disabled").await.json();
    assert_eq!(notices["data"].as_array().unwrap().len(), 1, "{notices}");
}

#[tokio::test]
async fn a_test_event_goes_to_one_endpoint_whatever_it_subscribes_to() {
    let app = TestApp::new().await;
    let one = app.endpoint(&json!({"events": ["refund.*"]})).await;
    app.endpoint(&json!({"events": ["*"]})).await;
    let test = json!({"type": "payment.completed"});
    let sent = app.post(&format!("/v1/endpoints/{one}/test"), &test).await;
    assert_eq!(sent.status, 202);
    assert_eq!(sent.json()["deliveries"].as_array().unwrap().len(), 1);
    assert_eq!(sent.at("/deliveries/0/endpoint"), one);
    app.until_state(&sent.at("/deliveries/0/id"), "delivered").await;
    let event = app.get(&format!("/v1/events/{}", sent.at("/id"))).await.json();
    assert_eq!(event["only"], one);
}

#[tokio::test]
async fn an_address_not_yet_saved_can_be_tried() {
    let app = TestApp::new().await;
    let draft = json!({"url": "https://example.com/new", "type": "payment.completed"});
    let got = app.post("/v1/endpoints/test", &draft).await;
    let mut shown = got.shown();
    assert!(got.at("/request/curl").starts_with("curl -g -i -X POST 'https://example.com/new'"));
    let headers = got.json()["request"]["headers"].as_object().unwrap().len();
    assert!(headers >= 2, "signed, and typed");
    for hidden in ["headers", "body", "curl"] {
        shown["body"]["request"][hidden] = "[…]".into();
    }
    insta::assert_json_snapshot!(shown, @r#"
    {
      "body": {
        "at": "[time]",
        "duration_ms": 34.0,
        "peer": "203.0.113.7",
        "phases": {
          "body": 0.5,
          "connect": 2.0,
          "dns": 1.0,
          "headers": 30.5
        },
        "request": {
          "body": "[…]",
          "curl": "[…]",
          "headers": "[…]",
          "url": "https://example.com/new"
        },
        "response": {
          "body": "ok",
          "headers": {
            "content-type": "text/plain"
          },
          "truncated": false
        },
        "secret": "whsec_…",
        "status": 200
      },
      "status": 200
    }
    "#);
    assert_eq!(app.get("/v1/events").await.json()["data"], json!([]), "nothing is stored");
}

#[tokio::test]
async fn a_trial_says_why_nobody_answered() {
    let app = TestApp::new().await;
    let detail = "nobody listens at 203.0.113.7:443".to_owned();
    app.receiver.answers_with(Err(Unreachable::new(ErrorClass::Connect, detail)));
    let draft = json!({"url": "https://example.com/", "type": "payment.completed",
        "secret": "fake-secret-0123456789"});
    let got = app.post("/v1/endpoints/test", &draft).await.json();
    assert_eq!(got["error"], "connect");
    assert_eq!(got["detail"], "nobody listens at 203.0.113.7:443");
    assert!(got.get("status").is_none() && got.get("secret").is_none());
    let refused = json!({"url": "https://127.0.0.1/", "type": "payment.completed"});
    let refused = app.post("/v1/endpoints/test", &refused).await;
    assert_eq!(refused.json()["code"], "address_refused");
}

#[tokio::test]
async fn a_patch_that_changes_nothing_makes_no_new_version() {
    let app = TestApp::new().await;
    let path = format!("/v1/endpoints/{}", app.endpoint(&json!({"events": ["a.*"]})).await);
    let before = app.get(&path).await.json();
    for nothing in [json!({}), json!({"events": ["a.*"]}), json!({"description": null})] {
        assert_eq!(app.patch(&path, &nothing).await.json(), before, "{nothing}");
    }
}

#[tokio::test]
async fn null_takes_away_what_can_be_taken_away_and_means_the_default_elsewhere() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({"events": ["a.*"], "json": null})).await;
    let path = format!("/v1/endpoints/{id}");
    let refused = app.patch(&path, &json!({"url": null})).await;
    assert_eq!(
        (refused.status, refused.json()["field"].clone()),
        (StatusCode::BAD_REQUEST, json!("url"))
    );
    let changed = app.patch(&path, &json!({"events": null})).await.json();
    assert_eq!(changed["events"], json!(["*"]));
    let rotated = app.post(&format!("{path}/rotate"), &json!({"overlap": null})).await;
    assert_eq!(rotated.status, StatusCode::OK, "{}", rotated.text);
    let tried = json!({"url": "https://example.com/", "type": "payment.completed", "json": null});
    assert_eq!(app.post("/v1/endpoints/test", &tried).await.status, StatusCode::OK);
    let key = app.post("/v1/keys", &json!({"kind": null})).await;
    assert_eq!(key.json()["kind"], "api_key", "{}", key.text);
}
