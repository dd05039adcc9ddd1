//! Merchants: the operator's side.

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::harness::{ADMIN, TestApp};

#[tokio::test]
async fn a_merchant_comes_with_the_keys_of_both_modes() {
    let app = TestApp::new().await;
    let draft = json!({"name": "Loja do Bairro", "contract": "krxscale", "reference": "shop-1"});
    let made = app.merchant(&draft).await;
    insta::assert_json_snapshot!(made.shown(), @r#"
    {
      "body": {
        "contract": "krxscale",
        "created": "[time]",
        "id": "mer_…",
        "keys": {
          "live": {
            "api_key": "sk_live_…",
            "api_secret": "secret_live_…",
            "publishable_key": "pk_live_…",
            "webhook_secret": "whsec_…"
          },
          "test": {
            "api_key": "sk_test_…",
            "api_secret": "secret_test_…",
            "publishable_key": "pk_test_…",
            "webhook_secret": "whsec_…"
          }
        },
        "legal_hold": false,
        "name": "Loja do Bairro",
        "rate_limits": null,
        "reference": "shop-1",
        "retention": null,
        "strict_catalogue": false
      },
      "status": 201
    }
    "#);
    let path = format!("/v1/merchants/{}", made.at("/id"));
    let read = app.call(Method::GET, &path).key(ADMIN).send(Body::empty()).await;
    assert!(!read.text.contains("sk_"), "{}", read.text);
}

#[tokio::test]
async fn a_merchant_is_changed_member_by_member() {
    let app = TestApp::new().await;
    let draft = json!({"name": "A", "contract": "standard", "reference": "shop-1"});
    let id = app.merchant(&draft).await.at("/id");
    let call = || app.call(Method::PATCH, &format!("/v1/merchants/{id}")).key(ADMIN);
    let changed = call().json(&json!({"name": "B", "reference": null})).await.json();
    assert_eq!((&changed["name"], &changed["reference"]), (&json!("B"), &json!(null)));
    assert_eq!(changed["contract"], "standard");
    let longer = json!({"retention": "365d", "legal_hold": true});
    let changed = call().json(&longer).await.json();
    assert_eq!((&changed["retention"], &changed["legal_hold"]), (&json!("365d"), &json!(true)));
    let changed = call().json(&json!({"retention": null})).await.json();
    assert_eq!((&changed["retention"], &changed["legal_hold"]), (&json!(null), &json!(true)));
    let own =
        json!({"requests_per_minute": null, "searches_per_minute": null, "writes_per_minute": 300});
    let changed = call().json(&json!({"rate_limits": {"writes_per_minute": 300}})).await.json();
    assert_eq!((&changed["rate_limits"], &changed["legal_hold"]), (&own, &json!(true)));
    let too_many = json!({"rate_limits": {"writes_per_minute": 1_000_001}});
    let refused = call().json(&too_many).await;
    assert_eq!((refused.status.as_u16(), refused.at("/field")), (400, "rate_limits".into()));
    let changed = call().json(&json!({"rate_limits": null})).await.json();
    assert_eq!(changed["rate_limits"], json!(null));
    let changed = call().json(&json!({"contract": "techcorp"})).await.json();
    assert_eq!((&changed["contract"], &changed["name"]), (&json!("techcorp"), &json!("B")));
}

#[tokio::test]
async fn what_was_sent_under_a_reference_keeps_it() {
    let app = TestApp::new().await;
    let path = format!("/v1/merchants/{}", app.merchant);
    let refer = |reference: &str| {
        let change = json!({"reference": reference});
        let call = app.call(Method::PATCH, &path).key(ADMIN);
        async move { call.json(&change).await }
    };
    assert_eq!(refer("clinic-1").await.status, 200);
    app.endpoint(&json!({"contract": "krxscale"})).await;
    let delivery = app.delivery().await;
    app.until_state(&delivery, "delivered").await;
    insta::assert_snapshot!(refer("clinic-2").await.problem(), @"409 conflict [-] a merchant's `reference` is part of what was sent for it, so it cannot be changed once there are events; create another merchant");
    assert_eq!(refer("clinic-1").await.status, 200, "it is the same");
    let shown = app.get(&format!("/v1/deliveries/{delivery}/attempts/1/request")).await.at("/body");
    assert_eq!(shown.as_bytes(), app.receiver.got()[0].body);
}

#[tokio::test]
async fn a_merchant_is_refused_for_what_is_wrong_with_it() {
    let app = TestApp::new().await;
    app.merchant(&json!({"name": "A", "contract": "standard", "reference": "shop-1"})).await;
    let cases = [
        json!({"name": "A"}),
        json!({"name": " ", "contract": "standard"}),
        json!({"name": "A", "contract": "standart"}),
        json!({"name": "A", "contract": "standard", "reference": "a b"}),
        json!({"name": "A", "contract": "standard", "refrence": "a"}),
        json!({"name": "A", "contract": "standard", "reference": "shop-1"}),
        json!({"name": "A", "contract": "standard", "reference": "mer_1"}),
    ];
    let mut told = Vec::new();
    for case in cases {
        told.push(app.merchant(&case).await.problem());
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    400 missing_field [contract] `contract` is missing
    422 invalid_setting [name] `name`: must have 1 to 200 characters
    422 invalid_setting [contract] `contract`: `standart` is not a contract here; choose from techcorp, payqi, sentinelgate, krxscale, pagtracker, standard
    422 invalid_setting [reference] `reference`: must be 1 to 128 visible ASCII characters, no spaces
    400 unknown_field [refrence] there is no field `refrence` here; did you mean `reference`?
    409 conflict [-] there is one with this reference already
    422 invalid_setting [reference] `reference`: must not begin with `mer_`, as ids of merchants do
    "#);
}

#[tokio::test]
async fn a_merchant_reads_itself_with_its_own_key() {
    let app = TestApp::new().await;
    let own = app.get("/v1/merchant").await;
    let names = (own.at("/id"), own.at("/name"), own.at("/contract"));
    assert_eq!(names, (app.merchant.clone(), "Loja".into(), "payqi".into()));
    let operator = app.call(Method::GET, "/v1/merchant").key(ADMIN).send(Body::empty()).await;
    assert_eq!(operator.json()["code"], "wrong_key");
}

#[tokio::test]
async fn keys_that_were_not_kept_are_not_shown_again() {
    let app = TestApp::new().await;
    let call = app.call(Method::GET, "/v1/merchants?show_keys=true").key(ADMIN);
    let got = call.send(Body::empty()).await;
    assert_eq!(got.status, 200);
    assert!(!got.text.contains("sk_"), "{}", got.text);
}

#[tokio::test]
async fn a_merchants_name_is_one_line() {
    let app = TestApp::new().await;
    for name in ["two\nlines", "a\u{7}bell"] {
        let refused = app.merchant(&json!({"name": name, "contract": "payqi"})).await;
        assert_eq!((refused.status.as_u16(), refused.at("/field").as_str()), (422, "name"));
    }
}
