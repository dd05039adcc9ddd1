//! Idempotency keys: the same request once, another request never.

use std::time::Duration;

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN, Got, TestApp};

async fn once(app: &TestApp, path: &str, body: &Value) -> Got {
    app.call(Method::POST, path).header("idempotency-key", "once-1").json(body).await
}

#[tokio::test]
async fn a_repeated_event_is_answered_alike_and_sent_once() {
    let app = TestApp::new().await;
    app.endpoint(&json!({})).await;
    let event = json!({"type": "a.b", "data": {"n": 1}});
    let first = once(&app, "/v1/events", &event).await;
    app.until_state(&first.at("/deliveries/0/id"), "delivered").await;
    let second = once(&app, "/v1/events", &event).await;
    assert_eq!((second.status, &second.text), (first.status, &first.text));
    assert_eq!(first.header("idempotent-replayed"), "");
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(app.receiver.got().len(), 1);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let app = TestApp::new().await;
    once(&app, "/v1/events", &json!({"type": "a.b", "data": {"n": 1}})).await;
    let other = once(&app, "/v1/events", &json!({"type": "a.b", "data": {"n": 2}})).await;
    insta::assert_snapshot!(other.problem(), @"422 idempotency_key_reused [-] this `Idempotency-Key` was used before with another request; use a new key");
    let elsewhere = once(&app, "/v1/endpoints", &json!({"url": "https://example.com/"})).await;
    assert_eq!(elsewhere.json()["code"], "idempotency_key_reused");
    assert_eq!(app.get("/v1/events").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_batch_under_a_used_key_is_refused_as_a_whole() {
    let app = TestApp::new().await;
    let batch = |first: u32, count: u32| {
        let event = |n| json!({"type": "a.b", "data": {"n": n}});
        json!((first..first + count).map(event).collect::<Vec<_>>())
    };
    let first = once(&app, "/v1/events/batch", &batch(0, 2)).await;
    assert_eq!(first.status, 202, "{}", first.text);
    let longer = once(&app, "/v1/events/batch", &batch(0, 3)).await;
    assert_eq!(
        (longer.status.as_u16(), longer.at("/code").as_str()),
        (422, "idempotency_key_reused")
    );
    let again = once(&app, "/v1/events/batch", &batch(0, 2)).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(app.get("/v1/events").await.json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_is_its_callers_alone() {
    let app = TestApp::new().await;
    let event = json!({"type": "a.b", "data": {}});
    let test = once(&app, "/v1/events", &event).await;
    let live = app.call(Method::POST, "/v1/events").key(&app.live);
    let live = live.header("idempotency-key", "once-1").json(&event).await;
    assert_eq!(live.status, 202);
    assert_ne!(live.at("/id"), test.at("/id"));
}

#[tokio::test]
async fn a_request_that_is_being_carried_out_is_not_begun_twice() {
    let app = TestApp::new().await;
    let advance = json!({"advance": "1h"});
    let first = once(&app, "/v1/sandbox/clock", &advance);
    futures::pin_mut!(first);
    let pending = futures::poll!(&mut first);
    assert!(pending.is_pending(), "the clock stands still, so the caller waits");
    let second = once(&app, "/v1/sandbox/clock", &advance).await;
    insta::assert_snapshot!(second.problem(), @"409 idempotency_key_in_use [-] a request with this `Idempotency-Key` is being carried out; try again in a second");
    assert_eq!(second.header("retry-after"), "1");
    let first = tokio::select! {
        first = first => first,
        () = async { loop { app.clock.advance(Duration::from_millis(10)); tokio::task::yield_now().await } } => unreachable!(),
    };
    assert_eq!(first.status, 200, "{}", first.text);
}

#[tokio::test]
async fn every_kind_of_creation_can_be_repeated() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let delivery = app.delivery().await;
    app.until_state(&delivery, "delivered").await;
    app.clock.advance(Duration::from_secs(1));
    let cases = [
        ("/v1/endpoints".to_owned(), json!({"url": "https://example.com/"})),
        (format!("/v1/endpoints/{id}/rotate"), json!({})),
        (format!("/v1/endpoints/{id}/test"), json!({"type": "payment.completed"})),
        (format!("/v1/endpoints/{id}/recover"), json!({"since": "2026-11-21T00:00:00Z"})),
        (format!("/v1/deliveries/{delivery}/resend"), json!({})),
    ];
    for (key, (path, body)) in cases.iter().enumerate() {
        let key = format!("key-{key}");
        let call = || app.call(Method::POST, path).header("idempotency-key", &key);
        let (first, second) = (call().json(body).await, call().json(body).await);
        assert!(first.status.is_success(), "{path}: {}", first.text);
        assert_eq!(first.header("idempotent-replayed"), "", "{path}");
        assert_eq!(second.header("idempotent-replayed"), "true", "{path}");
        assert_eq!(second.status, first.status, "{path}");
        if !path.ends_with("resend") && !path.ends_with("recover") {
            assert_eq!(second.json(), first.json(), "{path}");
        }
    }
    let endpoints = app.get("/v1/endpoints").await.json();
    assert_eq!(endpoints["data"].as_array().unwrap().len(), 2);
}

/// A request under a key of its own.
async fn keyed(app: &TestApp, key: &str, (path, body): (&str, &Value)) -> Got {
    app.call(Method::POST, path).header("idempotency-key", key).json(body).await
}

/// The same request once more is answered as `first` was.
async fn answers_alike(app: &TestApp, key: &str, request: (&str, &Value), first: &Got) {
    assert!(first.status.is_success(), "{}: {}", request.0, first.text);
    let again = keyed(app, key, request).await;
    assert_eq!(again.status, first.status, "{}: {}", request.0, again.text);
    assert_eq!(again.header("idempotent-replayed"), "true", "{}", request.0);
    assert_eq!(again.at("/id"), first.at("/id"), "{}", request.0);
}

async fn change_merchant(app: &TestApp, patch: &Value) {
    let path = format!("/v1/merchants/{}", app.merchant);
    let changed = app.call(Method::PATCH, &path).key(ADMIN).json(patch).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
}

#[tokio::test]
async fn a_repeated_advance_is_answered_alike_however_far_it_took_the_clock() {
    let app = TestApp::in_real_time().await;
    let far = json!({"advance": "2000d"});
    let first = once(&app, "/v1/sandbox/clock", &far).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let again = once(&app, "/v1/sandbox/clock", &far).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = app.post("/v1/sandbox/clock", &far).await;
    assert_eq!(other.at("/code"), "invalid_setting", "only a repeat is none too far");
}

#[tokio::test]
async fn what_was_accepted_is_answered_alike_after_the_catalogue_became_strict() {
    let app = TestApp::new().await;
    let event = json!({"type": "a.b", "data": {}});
    let batch = json!([event, {"type": "payment.completed", "data": {}}]);
    let (one, many) = (("/v1/events", &event), ("/v1/events/batch", &batch));
    let (first, all) = (keyed(&app, "one", one).await, keyed(&app, "many", many).await);
    change_merchant(&app, &json!({"strict_catalogue": true})).await;
    answers_alike(&app, "one", one, &first).await;
    let again = keyed(&app, "many", many).await;
    assert_eq!((again.status, &again.text), (all.status, &all.text));
    assert_eq!(app.get("/v1/events").await.json()["data"].as_array().unwrap().len(), 3);
    let other = json!({"type": "a.c", "data": {}});
    for (key, code) in [("one", "idempotency_key_reused"), ("new", "not_in_catalogue")] {
        assert_eq!(keyed(&app, key, ("/v1/events", &other)).await.at("/code"), code);
    }
    let others = ("/v1/events/batch", &json!([other]));
    assert_eq!(keyed(&app, "many", others).await.at("/code"), "idempotency_key_reused");
}

#[tokio::test]
async fn what_was_asked_of_an_endpoint_is_answered_alike_after_it_was_deleted() {
    let app = TestApp::new().await;
    let draft = ("/v1/endpoints", &json!({"url": "https://example.com/"}));
    let created = keyed(&app, "create", draft).await;
    let id = created.at("/id");
    let delivery = app.delivery().await;
    app.until_state(&delivery, "delivered").await;
    app.clock.advance(Duration::from_secs(1));
    let requests = [
        (format!("/v1/endpoints/{id}/test"), json!({"type": "payment.completed"})),
        (format!("/v1/endpoints/{id}/recover"), json!({"since": "2026-11-21T00:00:00Z"})),
        (format!("/v1/deliveries/{delivery}/resend"), json!({})),
        (format!("/v1/endpoints/{id}/rotate"), json!({})),
    ];
    let mut first = Vec::new();
    for (path, body) in &requests {
        first.push(keyed(&app, path, (path, body)).await);
    }
    assert_eq!(app.delete(&format!("/v1/endpoints/{id}")).await.status, 204);
    answers_alike(&app, "create", draft, &created).await;
    for ((path, body), first) in requests.iter().zip(&first) {
        answers_alike(&app, path, (path, body), first).await;
        assert!(keyed(&app, "create", (path, body)).await.text.contains("key_reused"), "{path}");
        assert!(keyed(&app, "new", (path, body)).await.status.is_client_error(), "{path}");
    }
    let rotated = keyed(&app, &requests[3].0, (&requests[3].0, &requests[3].1)).await;
    assert_eq!(rotated.at("/secret"), first[3].at("/secret"), "it is still the current one");
    assert_eq!(app.get("/v1/endpoints").await.json()["data"], json!([]));
}

#[tokio::test]
async fn what_was_made_under_another_contract_is_answered_alike() {
    let app = TestApp::new().await;
    let own = ("/v1/endpoints", &json!({"url": "https://example.com/", "secret": "plain-text"}));
    let created = keyed(&app, "create", own).await;
    let path = format!("/v1/endpoints/{}", created.at("/id"));
    let (rotate, rotation) = (format!("{path}/rotate"), json!({"secret": "plain-text-too"}));
    let rotated = keyed(&app, "rotate", (&rotate, &rotation)).await;
    let (test, kind) = (format!("{path}/test"), json!({"type": "payment.completed"}));
    let tested = keyed(&app, "test", (&test, &kind)).await;
    app.patch(&path, &json!({"contract": "payqi"})).await;
    change_merchant(&app, &json!({"contract": "standard"})).await;
    answers_alike(&app, "create", own, &created).await;
    app.delete(&path).await;
    answers_alike(&app, "create", own, &created).await;
    answers_alike(&app, "rotate", (&rotate, &rotation), &rotated).await;
    answers_alike(&app, "test", (&test, &kind), &tested).await;
}

#[tokio::test]
async fn what_does_no_more_twice_than_once_keeps_no_key_and_says_so() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    app.clock.advance(Duration::from_secs(1));
    let recover = json!({"since": "2026-11-21T00:00:00Z"});
    let job = app.post(&format!("/v1/endpoints/{id}/recover"), &recover).await.at("/id");
    let document = app.get("/openapi.json").await.json();
    let cases = [
        ("/v1/endpoints/{id}/disable", &id),
        ("/v1/endpoints/{id}/enable", &id),
        ("/v1/jobs/{id}/cancel", &job),
    ];
    let in_general = document["info"]["description"].as_str().unwrap();
    for name in ["`enable`", "`disable`", "`cancel`", "`/v1/endpoints/test`"] {
        assert!(in_general.contains(name), "{name}: {in_general}");
    }
    for (route, id) in cases {
        let said = document["paths"][route]["post"]["description"].as_str().unwrap_or_default();
        assert!(said.contains("an `Idempotency-Key` is not kept"), "{route}: {said}");
        let path = route.replace("{id}", id);
        let call = || app.call(Method::POST, &path).header("idempotency-key", "same-for-all");
        let first = call().json(&json!({})).await;
        app.clock.advance(Duration::from_secs(1));
        let second = call().json(&json!({})).await;
        assert_eq!((first.status, first.json()), (second.status, second.json()), "{route}");
        assert_eq!(second.header("idempotent-replayed"), "", "{route}");
    }
}

#[tokio::test]
async fn a_merchant_is_created_once_and_its_keys_shown_once() {
    let app = TestApp::new().await;
    let draft = json!({"name": "B", "contract": "standard"});
    let call = || app.call(Method::POST, "/v1/merchants").key(ADMIN).header("idempotency-key", "m");
    let (first, second) = (call().json(&draft).await, call().json(&draft).await);
    assert_eq!(second.at("/id"), first.at("/id"));
    assert!(first.json()["keys"].is_object() && second.json().get("keys").is_none());
    assert_eq!(second.header("idempotent-replayed"), "true");
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let app = TestApp::new().await;
    for bad in ["", "with space", &"x".repeat(256)] {
        let call = app.call(Method::POST, "/v1/events").header("idempotency-key", bad);
        let got = call.send(Body::from(r#"{"type":"a.b","data":{}}"#)).await;
        assert_eq!(got.json()["code"], "invalid_idempotency_key", "{bad}");
    }
    let most = "x".repeat(255);
    let call = app.call(Method::POST, "/v1/events").header("idempotency-key", &most);
    assert_eq!(call.json(&json!({"type": "a.b", "data": {}})).await.status, 202);
}
