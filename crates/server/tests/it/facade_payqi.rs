//! PayQI's API: payments, and every error in its shape.

mod refused;
mod webhooks;

use axum::body::Body;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use posthorn_core::event::Mode;
use posthorn_core::id::{MerchantId, PaymentId};
use posthorn_engine::{ForcedOutcome, RailMood};
use serde_json::{Value, json};

use crate::harness::{ADMIN, Got, TestApp};

const PAYMENTS: &str = "/payqi/api/payments";

async fn pay(app: &TestApp, body: &Value) -> Got {
    app.post(PAYMENTS, body).await
}

fn ten() -> Value {
    json!({"amount": 10.00, "currency": "XRP", "metadata": {"order_id": "12345"}})
}

/// An error's status and members, once its shape is PayQI's.
fn fault(got: &Got) -> String {
    assert_eq!(got.header("content-type"), "application/json", "{}", got.text);
    let whole = got.json();
    assert_eq!(whole.as_object().unwrap().len(), 1, "{}", got.text);
    let error = &whole["error"];
    let text = |name: &str| error[name].as_str().unwrap_or("-").to_owned();
    let [kind, code, param, message] = ["type", "code", "param", "message"].map(text);
    format!("{} {kind} {code} [{param}] {message}", got.status.as_u16())
}

/// What was told of a merchant's payments, oldest first: type and data.
async fn told(app: &TestApp) -> Vec<(String, Value)> {
    let listed = app.get("/v1/events").await.json();
    let mut told = Vec::new();
    for event in listed["data"].as_array().unwrap().iter().rev() {
        let id = event["id"].as_str().unwrap();
        let whole = app.get(&format!("/v1/events/{id}")).await.json();
        told.push((whole["type"].as_str().unwrap().to_owned(), whole["data"].clone()));
    }
    told
}

async fn types(app: &TestApp) -> Vec<String> {
    told(app).await.into_iter().map(|(kind, _)| kind).collect()
}

fn place(app: &TestApp) -> (MerchantId, Mode) {
    (app.merchant.parse().unwrap(), Mode::Test)
}

async fn force(app: &TestApp, id: &str, outcome: ForcedOutcome) {
    let id: PaymentId = id.parse().unwrap();
    app.app.engine().force_payment(place(app), id, outcome).await.unwrap();
}

async fn after(app: &TestApp, advance: &str) {
    let moved = app.post("/v1/sandbox/clock", &json!({"advance": advance})).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
}

#[tokio::test]
async fn a_payment_is_answered_as_its_events_show_it() {
    let app = TestApp::in_real_time().await;
    let made = pay(&app, &ten()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let body = made.json();
    assert!(made.at("/id").starts_with("pay_"));
    assert!(made.text.contains(r#""amount":10,"#), "JSON.stringify prints it so: {}", made.text);
    assert_eq!((&body["currency"], &body["status"]), (&json!("XRP"), &json!("pending")));
    assert_eq!(body["metadata"], json!({"order_id": "12345"}));
    assert!(body["pay_address"].as_str().unwrap().starts_with('r'));
    let tag = body["destination_tag"].as_str().expect("the guide's tag is a string");
    assert!(tag.parse::<u32>().is_ok());
    assert!(body.get("tx_hash").is_none());
    let lasts = body["expires_at"].as_i64().unwrap() - body["created"].as_i64().unwrap();
    assert_eq!(lasts, 15 * 60);
    let told = told(&app).await;
    assert_eq!(told[0].0, "payment.created");
    for name in ["pay_address", "destination_tag", "metadata"] {
        assert_eq!(told[0].1[name], body[name], "whoever is told of a payment can pay it: {name}");
    }
    assert_eq!(told[1].0, "payment.pending");
    for (name, value) in told[1].1.as_object().unwrap() {
        assert_eq!(&body[name], value, "{name}");
    }
    let read = app.get(&format!("{PAYMENTS}/{}", made.at("/id"))).await;
    assert_eq!((read.status, read.json()), (StatusCode::OK, body));
}

#[tokio::test]
async fn a_payment_is_paid_by_force_alone_and_then_shows_its_hash() {
    let app = TestApp::in_real_time().await;
    let id = pay(&app, &ten()).await.at("/id");
    let path = format!("{PAYMENTS}/{id}");
    after(&app, "5m").await;
    assert_eq!(app.get(&path).await.at("/status"), "pending", "nobody pays by waiting");
    force(&app, &id, ForcedOutcome::Succeed).await;
    after(&app, "5s").await;
    let paid = app.get(&path).await;
    assert_eq!(paid.at("/status"), "completed");
    let hash = paid.at("/tx_hash");
    assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
    let told = told(&app).await;
    let (kind, data) = told.last().unwrap();
    assert_eq!((kind.as_str(), &data["tx_hash"]), ("payment.completed", &json!(hash)));
    let late = app.post(&format!("{path}/cancel"), &json!({})).await;
    insta::assert_snapshot!(fault(&late), @"409 conflict_error payment_state [-] the payment is succeeded; only what is not paid yet can be canceled; refund what was paid");
}

#[tokio::test]
async fn what_nobody_pays_expires_after_a_quarter_of_an_hour_or_as_asked() {
    let app = TestApp::in_real_time().await;
    let usual = pay(&app, &ten()).await.at("/id");
    let long = json!({"amount": 1, "currency": "XRP", "expires_in": 3600});
    let long = pay(&app, &long).await.at("/id");
    after(&app, "16m").await;
    let status = async |id: &str| app.get(&format!("{PAYMENTS}/{id}")).await.at("/status");
    assert_eq!((&*status(&usual).await, &*status(&long).await), ("expired", "pending"));
    assert!(types(&app).await.contains(&"payment.expired".to_owned()));
    after(&app, "45m").await;
    assert_eq!(status(&long).await, "expired");
}

#[tokio::test]
async fn a_payment_that_is_called_off_has_failed() {
    let app = TestApp::new().await;
    let id = pay(&app, &ten()).await.at("/id");
    let off = app.call(Method::POST, &format!("{PAYMENTS}/{id}/cancel")).send(Body::empty()).await;
    assert_eq!((off.status, off.at("/status")), (StatusCode::OK, "failed".to_owned()));
    assert_eq!(off.at("/reason"), "canceled");
    assert_eq!(types(&app).await.last().unwrap(), "payment.failed");
}

#[tokio::test]
async fn the_same_key_is_the_same_payment_however_the_request_is_written() {
    let app = TestApp::new().await;
    let mut wish = ten();
    wish["idempotency_key"] = "order 12345".into();
    let first = pay(&app, &wish).await;
    let text = r#"{ "idempotency_key": "order 12345", "metadata": {"order_id": "12345"},
        "amount": "10.000000", "currency": "XRP", "description": null }"#;
    let again = app.call(Method::POST, PAYMENTS).send(Body::from(text)).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::OK));
    assert_eq!(first.json(), again.json());
    let mut faults = Vec::new();
    for (name, value) in [
        ("amount", json!(11)),
        ("description", json!("Another")),
        ("metadata", json!({"order_id": "2"})),
        ("expires_in", json!(60)),
    ] {
        let mut other = wish.clone();
        other[name] = value;
        faults.push(fault(&pay(&app, &other).await));
    }
    faults.dedup();
    insta::assert_snapshot!(faults.join("\n"), @"409 conflict_error idempotency_key_reused [idempotency_key] this `idempotency_key` was used before with another request; use a new one");
    assert_eq!(app.get(PAYMENTS).await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_in_the_header_is_the_same_as_one_in_the_body() {
    let app = TestApp::new().await;
    let headed =
        |key: &'static str| app.call(Method::POST, PAYMENTS).header("idempotency-key", key);
    let first = headed("k-1").json(&ten()).await;
    let mut wish = ten();
    wish["idempotency_key"] = "k-1".into();
    assert_eq!(pay(&app, &wish).await.json(), first.json());
    assert_eq!(headed("k-1").json(&wish).await.json(), first.json());
    let both = headed("k-2").json(&wish).await;
    insta::assert_snapshot!(fault(&both), @"400 invalid_request_error invalid_field [idempotency_key] `idempotency_key`: the header `Idempotency-Key` says another; send one");
}

#[tokio::test]
async fn a_key_outlives_its_payment() {
    let app = TestApp::in_real_time().await;
    let mut wish = ten();
    wish["idempotency_key"] = "k-1".into();
    let first = pay(&app, &wish).await;
    after(&app, "16m").await;
    let again = pay(&app, &wish).await;
    assert_eq!((again.at("/id"), again.at("/status")), (first.at("/id"), "expired".to_owned()));
}

#[tokio::test]
async fn amounts_are_read_digit_by_digit() {
    let app = TestApp::new().await;
    let mut read = Vec::new();
    for amount in ["10.5", "\"10.5\"", "0.000001", "\"999999999.999999\"", "1e1"] {
        let body = format!(r#"{{"amount": {amount}, "currency": "XRP"}}"#);
        let made = app.call(Method::POST, PAYMENTS).send(Body::from(body)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{amount}: {}", made.text);
        read.push(made.at("/amount"));
    }
    assert_eq!(read, ["10.5", "10.5", "1e-6", "999999999.999999", "10"]);
    let mut faults = Vec::new();
    for amount in ["0", "-1", "0.0000001", "\"ten\"", "\"\"", "null", "true", "1e300", "[1]"] {
        let body = format!(r#"{{"amount": {amount}, "currency": "XRP"}}"#);
        let made = app.call(Method::POST, PAYMENTS).send(Body::from(body)).await;
        faults.push(fault(&made));
    }
    insta::assert_snapshot!(faults.join("\n"), @r#"
    400 invalid_request_error invalid_field [amount] `amount`: it must be greater than zero
    400 invalid_request_error invalid_field [amount] `amount`: it must be greater than zero
    400 invalid_request_error invalid_field [amount] `amount`: XRP/6 has 6 decimals at most
    400 invalid_request_error invalid_field [amount] `amount`: it must be a number in plain digits
    400 invalid_request_error invalid_field [amount] `amount`: it must be a number in plain digits
    400 invalid_request_error invalid_field [amount] `amount`: it must be a number in plain digits
    400 invalid_request_error invalid_field [amount] `amount`: it must be a number in plain digits
    400 invalid_request_error invalid_field [amount] `amount`: it must be at most 999999999999999 minor units
    400 invalid_request_error invalid_field [amount] `amount`: it must be a number in plain digits
    "#);
}

#[tokio::test]
async fn what_a_request_lacks_or_misspells_is_named() {
    let app = TestApp::new().await;
    let mut faults = Vec::new();
    for body in [
        r#"{"currency": "XRP"}"#,
        r#"{"amount": 1}"#,
        r#"{"amount": 1, "currency": "BRL"}"#,
        r#"{"amount": 1, "currency": "xrp"}"#,
        r#"{"amount": 1, "currency": "XRP", "idempotncy_key": "k"}"#,
        r#"{"amount": 1, "currency": "XRP", "idempotency_key": ""}"#,
        r#"{"amount": 1, "currency": "XRP", "metadata": []}"#,
        r#"{"amount": 1, "currency": "XRP", "expires_in": 1}"#,
        r#"{"amount": 1, "currency": "XRP", "expires_in": -5}"#,
        r#"{"amount": 1, "amount": 2, "currency": "XRP"}"#,
        "[]",
        "{",
    ] {
        faults.push(fault(&app.call(Method::POST, PAYMENTS).send(Body::from(body)).await));
    }
    insta::assert_snapshot!(faults.join("\n"), @r#"
    400 invalid_request_error missing_field [amount] `amount` is missing
    400 invalid_request_error missing_field [currency] `currency` is missing
    400 invalid_request_error invalid_field [currency] `currency`: must be `XRP`
    400 invalid_request_error invalid_field [currency] `currency`: must be `XRP`
    400 invalid_request_error unknown_field [idempotncy_key] there is no field `idempotncy_key` here; did you mean `idempotency_key`?
    400 invalid_request_error invalid_field [idempotency_key] `idempotency_key`: must have 1 to 255 visible characters
    400 invalid_request_error invalid_field [metadata] `metadata`: must be a JSON object
    400 invalid_request_error invalid_field [expires_in] `expires_in`: must be 30 to 2592000 seconds
    400 invalid_request_error invalid_field [expires_in] `expires_in`: must be 30 to 2592000 seconds
    400 invalid_request_error malformed_json [-] malformed body: duplicate name "amount" in one object: keep one of the two, at line 1, column 22
    400 invalid_request_error invalid_field [-] the body must be a JSON object; this is an array
    400 invalid_request_error malformed_json [-] malformed body: the text ends too soon: send one whole value, every string, array and object closed, at line 1, column 1
    "#);
    assert!(types(&app).await.is_empty());
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_told() {
    let app = TestApp::new().await;
    app.app.engine().set_rail_mood(place(&app), "xrpl", RailMood::Down).unwrap();
    insta::assert_snapshot!(fault(&pay(&app, &ten()).await), @"502 api_error provider_unavailable [-] the provider cannot be reached; try again with a new `idempotency_key`");
    assert_eq!(types(&app).await, ["payment.failed"], "there was never an address to pay at");
}

#[tokio::test]
async fn payments_are_listed_newest_first_a_page_at_a_time() {
    let app = TestApp::new().await;
    let mut made = Vec::new();
    for amount in 1..=3 {
        made.push(pay(&app, &json!({"amount": amount, "currency": "XRP"})).await.at("/id"));
    }
    let first = app.get(&format!("{PAYMENTS}?limit=2")).await;
    assert_eq!(
        (first.at("/data/0/id"), first.at("/data/1/id")),
        (made[2].clone(), made[1].clone())
    );
    assert_eq!(first.at("/has_more"), "true");
    let next = first.at("/next_cursor");
    let rest = app.get(&format!("{PAYMENTS}?limit=2&cursor={next}")).await;
    assert_eq!(rest.json()["data"].as_array().unwrap().len(), 1);
    assert_eq!(rest.at("/data/0/id"), made[0]);
    assert_eq!((rest.at("/has_more"), rest.at("/next_cursor")), ("false".into(), "null".into()));
    let mut faults = Vec::new();
    for query in ["limit=0", "limit=101", "cursor=x", "page=2"] {
        faults.push(fault(&app.get(&format!("{PAYMENTS}?{query}")).await));
    }
    insta::assert_snapshot!(faults.join("\n"), @r#"
    400 invalid_request_error invalid_parameter [limit] `limit`: must be a whole number from 1 to 100
    400 invalid_request_error invalid_parameter [limit] `limit`: must be a whole number from 1 to 100
    400 invalid_request_error invalid_cursor [cursor] this `cursor` is not one of this list with these filters; pass `next_cursor` of the page before with the same parameters, or leave it out to begin anew
    400 invalid_request_error invalid_parameter [page] there is no parameter `page` here; this route has `limit`, `cursor`
    "#);
}

#[tokio::test]
async fn keys_are_asked_for_and_belong_to_merchants_of_this_contract() {
    let app = TestApp::new().await;
    let get = || app.call(Method::GET, PAYMENTS);
    let other = app.merchant(&json!({"name": "Duka", "contract": "sentinelgate"})).await;
    let mut faults = Vec::new();
    let none = get().no_key().send(Body::empty()).await;
    assert_eq!(none.header("www-authenticate"), "Bearer realm=\"payqi\"");
    faults.push(fault(&none));
    for key in ["sk_test_nobody", ADMIN, &other.at("/keys/test/api_key")] {
        faults.push(fault(&get().key(key).send(Body::empty()).await));
    }
    insta::assert_snapshot!(faults.join("\n"), @r#"
    401 authentication_error unauthenticated [-] the request has no key; send `Authorization: Bearer <key>` with a key such as `sk_test_…`
    401 authentication_error unknown_key [-] this key is not known; send `Authorization: Bearer <key>` with a key such as `sk_test_…` (see `posthorn merchant list --show-keys` in a sandbox)
    401 authentication_error wrong_key [-] this is a merchant's own; use one of its keys (`sk_test_…` or `sk_live_…`), not the admin key
    401 authentication_error wrong_key [-] this merchant speaks contract `sentinelgate`; use that one's API
    "#);
}

#[tokio::test]
async fn a_live_key_has_nobody_to_take_the_money() {
    let app = TestApp::new().await;
    let live = app.call(Method::POST, PAYMENTS).key(&app.live).json(&ten()).await;
    insta::assert_snapshot!(fault(&live), @"501 api_error no_live_provider [-] no live provider is configured; test mode has simulated ones (use a test key)");
    let id = pay(&app, &ten()).await.at("/id");
    let path = format!("{PAYMENTS}/{id}");
    let hidden = app.call(Method::GET, &path).key(&app.live).send(Body::empty()).await;
    insta::assert_snapshot!(fault(&hidden), @"404 not_found_error not_found [-] there is no such payment");
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_same_shape() {
    let app = TestApp::new().await;
    let mut faults = Vec::new();
    for path in ["/payqi/api/payments/pay_1", "/payqi/api/payments/7", "/payqi/api/webhooks/ep_1"] {
        faults.push(fault(&app.get(path).await));
    }
    faults.push(fault(&app.get("/payqi/api/webhooks/wh_1").await));
    faults.push(fault(&app.get("/payqi/api/refunds").await));
    let wrong = app.delete(PAYMENTS).await;
    assert!(wrong.header("allow").contains("POST"));
    faults.push(fault(&wrong));
    insta::assert_snapshot!(faults.join("\n"), @r#"
    404 not_found_error not_found [-] there is no such payment
    404 not_found_error not_found [-] there is no such payment
    404 not_found_error not_found [-] there is no such webhook; an id looks like `wh_123`
    404 not_found_error not_found [-] there is no such endpoint
    404 not_found_error not_found [-] there is no route `/payqi/api/refunds`
    405 invalid_request_error method_not_allowed [-] `/payqi/api/payments` has no such method; `Allow` lists those it has
    "#);
}

#[tokio::test]
async fn an_expiry_stands_in_the_merchants_time() {
    let app = TestApp::in_real_time().await;
    after(&app, "30d").await;
    let made = pay(&app, &json!({"amount": 1, "currency": "XRP", "expires_in": 60})).await;
    let body = made.json();
    let (created, expires) =
        (body["created"].as_i64().unwrap(), body["expires_at"].as_i64().unwrap());
    assert_eq!(expires - created, 60);
    let real = app.app.engine().now() + SignedDuration::from_hours(29 * 24);
    assert!(created > real.as_second());
}
