//! How a card becomes a token: by whose key, from which page, and what is told of a card that is none.

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{APPROVED, Store, card, wish};

#[tokio::test]
async fn a_card_becomes_a_token_by_the_publishable_key_and_only_what_may_be_kept_is_shown() {
    let store = Store::new().await;
    assert!(store.publishable.starts_with("pk_test_"));
    let made = store.tokenize(&card("4242 4242 4242 4242")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.header("cache-control"), "no-store");
    let told = made.json();
    assert!(told["id"].as_str().unwrap().starts_with("tok_"), "{told}");
    let expected = json!({"brand": "visa", "bin": "424242", "last4": "4242", "exp_month": 12, "exp_year": 2025});
    assert_eq!(told["card"], expected);
    assert_eq!((&told["used"], &told["mode"]), (&json!(false), &json!("test")));
    let lasts = told["expires_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let left = lasts.duration_since(store.app.app.engine().now());
    assert!((14 * 60..=15 * 60).contains(&left.as_secs()), "{left:?}");
    // The merchant's own key does the same, under both paths; and reads what was made.
    let own = store.post("/api/cards/tokens", &card(APPROVED)).await;
    assert_eq!(own.status, StatusCode::CREATED, "{}", own.text);
    let read = store.get(&format!("/v1/cards/tokens/{}", made.at("/id"))).await;
    assert_eq!((read.status, read.json()), (StatusCode::OK, told));
    assert!(!read.text.contains(APPROVED));
}

#[tokio::test]
async fn a_publishable_key_makes_tokens_and_is_good_for_nothing_else() {
    let store = Store::new().await;
    let token = store.token(APPROVED).await;
    let order = json!({"items": [{"product_id": "9b2d", "quantity": 1, "price": 1}]});
    for (method, path, body) in [
        (Method::GET, format!("/techcorp/v1/cards/tokens/{token}"), json!({})),
        (Method::POST, "/techcorp/api/payments/process".into(), wish("o-1", &token)),
        (Method::GET, "/techcorp/v1/payments".into(), json!({})),
        (Method::POST, "/techcorp/v1/orders".into(), order),
        (Method::GET, "/v1/merchant".into(), json!({})),
        (Method::GET, "/v1/keys".into(), json!({})),
        (Method::POST, "/v1/sandbox/clock".into(), json!({"advance": "1s"})),
    ] {
        let got = store.app.call(method, &path).key(&store.publishable).json(&body).await;
        assert_eq!((got.status.as_u16(), got.at("/code")), (403, "wrong_key".into()), "{path}");
    }
}

#[tokio::test]
async fn a_token_is_made_for_merchants_of_the_contract_and_in_test_mode() {
    let store = Store::new().await;
    let tokens = || store.call(Method::POST, "/v1/cards/tokens");
    let nobody = tokens().no_key().json(&card(APPROVED)).await;
    assert_eq!((nobody.status.as_u16(), nobody.at("/code")), (401, "unauthenticated".into()));
    let stranger = tokens().key("pk_test_0123").json(&card(APPROVED)).await;
    assert_eq!((stranger.status.as_u16(), stranger.at("/code")), (401, "unknown_key".into()));
    let other = store.app.merchant(&json!({"name": "Other", "contract": "payqi"})).await;
    let wrong = tokens().key(&other.at("/keys/test/publishable_key")).json(&card(APPROVED)).await;
    assert_eq!((wrong.status.as_u16(), wrong.at("/code")), (403, "wrong_key".into()));
    // A real card is not kept while there is nobody who could take its money.
    let live = tokens().key(&store.live_publishable).json(&card(APPROVED)).await;
    assert_eq!((live.status.as_u16(), live.at("/code")), (501, "no_live_provider".into()));
    assert!(store.kept().await.is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_a_card_is_told_by_its_field_and_never_repeats_it() {
    let store = Store::new().await;
    let with = |name: &str, value: Value| {
        let mut card = card(APPROVED);
        card[name] = value;
        card
    };
    for (body, status, code, field) in [
        (with("number", json!("4242424242424241")), 400, "invalid_field", "number"),
        (with("number", json!(4_242_424_242_424_242_i64)), 400, "invalid_field", "number"),
        (with("number", Value::Null), 400, "missing_field", "number"),
        (with("exp_month", json!(13)), 400, "invalid_field", "exp_month"),
        (with("exp_month", json!(APPROVED)), 400, "invalid_field", "exp_month"),
        (with("exp_month", json!("twelve")), 400, "invalid_field", "exp_month"),
        (with("exp_year", json!(1925)), 400, "invalid_field", "exp_year"),
        (with("exp_year", json!(20.25)), 400, "invalid_field", "exp_year"),
        (with("cvv", json!("12")), 400, "invalid_field", "cvv"),
        (with("cvv", json!("1234")), 400, "invalid_field", "cvv"),
        (with("cvv", json!(123)), 400, "invalid_field", "cvv"),
        (with("name", json!(["x"])), 400, "invalid_field", "name"),
        (with(APPROVED, json!(1)), 400, "unknown_field", "-"),
        (json!([APPROVED]), 400, "invalid_field", "-"),
        (with("name", json!("x".repeat(5_000))), 413, "too_large", "-"),
    ] {
        let got = store.tokenize(&body).await;
        let told = got.problem();
        assert!(told.starts_with(&format!("{status} {code} [{field}]")), "{body}: {told}");
        assert!(!got.text.contains("42424"), "{told}");
        assert_eq!(got.header("access-control-allow-origin"), "*", "a page reads it too");
    }
    let twice = format!(r#"{{"{APPROVED}":1,"{APPROVED}":2}}"#);
    let got = store.call(Method::POST, "/v1/cards/tokens").send(Body::from(twice)).await;
    assert_eq!(got.at("/code"), "malformed_json");
    assert!(!got.text.contains("42424"), "{}", got.text);
    assert!(store.kept().await.is_empty());
    let fine = with("name", json!("João Silva"));
    assert_eq!(store.tokenize(&fine).await.status, StatusCode::CREATED);
    let typed = json!({"number": APPROVED, "exp_month": "12", "exp_year": "30", "cvv": "123"});
    assert_eq!(store.tokenize(&typed).await.at("/card/exp_year"), "2030", "as forms have it");
}

#[tokio::test]
async fn a_page_of_any_origin_may_make_tokens_and_nothing_else() {
    let store = Store::new().await;
    for path in ["/v1/cards/tokens", "/api/cards/tokens"] {
        let call =
            store.call(Method::OPTIONS, path).no_key().header("origin", "https://shop.example");
        let call = call.header("access-control-request-method", "POST");
        let asked = call.send(Body::empty()).await;
        assert_eq!(asked.status, StatusCode::NO_CONTENT, "{}", asked.text);
        assert_eq!(asked.header("access-control-allow-origin"), "*");
        assert_eq!(asked.header("access-control-allow-methods"), "POST");
        assert_eq!(asked.header("access-control-allow-headers"), "authorization, content-type");
        assert_eq!(asked.header("access-control-allow-credentials"), "");
    }
    let made = store.tokenize(&card(APPROVED)).await;
    assert_eq!(made.header("access-control-allow-origin"), "*");
    let shown = made.header("access-control-expose-headers");
    for name in ["x-request-id", "retry-after", "x-ratelimit-remaining"] {
        assert!(shown.split(", ").any(|shown| shown == name), "{name} of {shown}");
    }
    assert!(!made.header("x-request-id").is_empty());
    let token = made.at("/id");
    let read = store.get(&format!("/v1/cards/tokens/{token}")).await;
    assert_eq!(read.header("access-control-allow-origin"), "", "that takes the merchant's own key");
    let paid = store.pay("o-1", &token).await;
    assert_eq!(paid.header("access-control-allow-origin"), "");
    let call = store.call(Method::OPTIONS, "/v1/payments/process").no_key();
    assert_eq!(call.send(Body::empty()).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_script_is_served_to_pages_of_any_origin_and_asked_for_again_by_its_tag() {
    let store = Store::new().await;
    let path = "/v1/sdk/techcorp-pay.js";
    let call = || store.call(Method::GET, path).no_key();
    let got = call().send(Body::empty()).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(got.text.contains("createToken") && got.text.lines().count() <= 120);
    assert_eq!(got.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    assert_eq!(got.header("access-control-allow-origin"), "*");
    assert_eq!(got.header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(got.header("cache-control"), "public, max-age=300, must-revalidate");
    let tag = got.header("etag");
    for known in [tag.clone(), format!("\"other\", W/{tag}")] {
        let same = call().header("if-none-match", &known).send(Body::empty()).await;
        assert_eq!((same.status, &*same.text), (StatusCode::NOT_MODIFIED, ""));
        assert_eq!(same.header("etag"), tag);
    }
    let other = call().header("if-none-match", "\"other\"").send(Body::empty()).await;
    assert_eq!(other.status, StatusCode::OK);
}
