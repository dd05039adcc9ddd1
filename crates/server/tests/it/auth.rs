//! Which keys are good where, and what the others are told.

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::harness::{ADMIN, TestApp};

#[tokio::test]
async fn a_request_without_a_key_is_challenged() {
    let app = TestApp::new().await;
    let got = app.call(Method::GET, "/v1/endpoints").no_key().send(Body::empty()).await;
    insta::assert_snapshot!(got.problem(), @"401 unauthenticated [-] the request has no key; send `Authorization: Bearer <key>` with a key such as `sk_test_…`");
    assert_eq!(got.header("www-authenticate"), "Bearer realm=\"posthorn\"");
    let basic = app.call(Method::GET, "/v1/endpoints").no_key();
    let basic = basic.header("authorization", "Basic YTpi").send(Body::empty()).await;
    assert_eq!(basic.json()["code"], "unauthenticated");
}

#[tokio::test]
async fn a_key_that_nobody_has_is_refused() {
    let app = TestApp::new().await;
    let got =
        app.call(Method::GET, "/v1/endpoints").key("sk_test_nobody").send(Body::empty()).await;
    insta::assert_snapshot!(got.problem(), @"401 unknown_key [-] this key is not known; send `Authorization: Bearer <key>` with a key such as `sk_test_…` (see `posthorn merchant list --show-keys` in a sandbox)");
    let challenge = "Bearer realm=\"posthorn\", error=\"invalid_token\"";
    assert_eq!(got.header("www-authenticate"), challenge);
    for odd in ["", " ", &"x".repeat(10_000)] {
        let got = app.call(Method::GET, "/v1/endpoints").key(odd).send(Body::empty()).await;
        assert_eq!(got.json()["code"], "unknown_key", "{odd:.20}");
    }
}

#[tokio::test]
async fn each_kind_of_key_is_told_where_it_belongs() {
    let app = TestApp::new().await;
    let admin = app.call(Method::GET, "/v1/endpoints").key(ADMIN).send(Body::empty()).await;
    insta::assert_snapshot!(admin.problem(), @"403 wrong_key [-] this is a merchant's own; use one of its keys (`sk_test_…` or `sk_live_…`), not the admin key");
    let merchant = app.get("/v1/merchants").await;
    insta::assert_snapshot!(merchant.problem(), @"403 wrong_key [-] this is the operator's; use the admin key, not a merchant's");
    let made = app.merchant(&json!({"name": "B", "contract": "standard"})).await;
    let publishable = made.at("/keys/test/publishable_key");
    let got = app.call(Method::GET, "/v1/endpoints").key(&publishable).send(Body::empty()).await;
    insta::assert_snapshot!(got.problem(), @"403 wrong_key [-] a publishable key is not for this API; use the API key (`sk_test_…` or `sk_live_…`)");
}

#[tokio::test]
async fn test_and_live_never_see_each_other() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let path = format!("/v1/endpoints/{id}");
    let live = app.call(Method::GET, &path).key(&app.live).send(Body::empty()).await;
    insta::assert_snapshot!(live.problem(), @"404 not_found [-] there is no such endpoint");
    let list = app.call(Method::GET, "/v1/endpoints").key(&app.live).send(Body::empty()).await;
    assert_eq!(list.json()["data"], json!([]));
    let delivery = app.delivery().await;
    let path = format!("/v1/deliveries/{delivery}");
    let live = app.call(Method::GET, &path).key(&app.live).send(Body::empty()).await;
    assert_eq!(live.json()["code"], "not_found");
}

#[tokio::test]
async fn one_merchant_never_sees_another() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let delivery = app.delivery().await;
    let other = app.merchant(&json!({"name": "B", "contract": "payqi"})).await;
    let other = other.at("/keys/test/api_key");
    for path in [format!("/v1/endpoints/{id}"), format!("/v1/deliveries/{delivery}")] {
        let got = app.call(Method::GET, &path).key(&other).send(Body::empty()).await;
        assert_eq!(got.json()["code"], "not_found", "{path}");
    }
    let events = app.call(Method::GET, "/v1/events").key(&other).send(Body::empty()).await;
    assert_eq!(events.json()["data"], json!([]));
}

#[tokio::test]
async fn contracts_are_for_the_operator_and_for_merchants() {
    let app = TestApp::new().await;
    for key in [ADMIN, &app.test, &app.live] {
        let got = app.call(Method::GET, "/v1/contracts").key(key).send(Body::empty()).await;
        assert_eq!(got.status, 200);
    }
}
