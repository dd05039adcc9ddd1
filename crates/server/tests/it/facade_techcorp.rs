//! TechCorp's own API, from an order to the events of its payment.

use http::{Method, StatusCode};
use jiff::tz::offset;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::harness::{Got, TestApp};

/// A merchant who speaks TechCorp's contract.
struct Store {
    app: TestApp,
    key: String,
}

impl Store {
    async fn new() -> Self {
        let app = TestApp::in_real_time().await;
        let made = app.merchant(&json!({"name": "Store", "contract": "techcorp"})).await;
        Self { app, key: made.at("/keys/test/api_key") }
    }

    async fn post(&self, path: &str, body: &Value) -> Got {
        let path = format!("/techcorp{path}");
        self.app.call(Method::POST, &path).key(&self.key).json(body).await
    }

    async fn get(&self, path: &str) -> Got {
        let path = format!("/techcorp{path}");
        self.app.call(Method::GET, &path).key(&self.key).send(axum::body::Body::empty()).await
    }

    async fn passes(&self, by: &str) {
        let call = self.app.call(Method::POST, "/v1/sandbox/clock").key(&self.key);
        let moved = call.json(&json!({"advance": by})).await;
        assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    }
}

fn pix(order: &str) -> Value {
    json!({"order_id": order, "amount": 29_990, "method": "pix", "provider": "PagSeguro"})
}

#[tokio::test]
async fn an_order_is_paid_by_pix_five_seconds_later_and_once() {
    let store = Store::new().await;
    let made = store.post("/v1/payments/process", &pix("o-1")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!((made.at("/status"), made.at("/amount")), ("PENDING".into(), "29990".into()));
    assert!(made.at("/pix/qr_code").starts_with("000201"), "{}", made.text);
    let again = store.post("/api/payments/process", &pix("o-1")).await;
    assert_eq!((again.status, again.at("/id")), (StatusCode::OK, made.at("/id")));
    store.passes("5s").await;
    let path = format!("/v1/payments/{}", made.at("/id"));
    assert_eq!(store.get(&path).await.at("/status"), "APPROVED");
    let listed = store.get("/v1/payments?limit=1").await;
    assert_eq!(
        (listed.at("/data/0/id"), listed.at("/next_cursor")),
        (made.at("/id"), "null".into())
    );
    let part = store.post(&format!("{path}/refund"), &json!({"amount": 90})).await;
    assert_eq!(
        (part.status, part.at("/status")),
        (StatusCode::CREATED, "PARTIALLY_REFUNDED".into())
    );
    let rest = store.post(&format!("{path}/refund"), &json!({})).await;
    assert_eq!(
        (rest.at("/status"), rest.at("/amount_refunded")),
        ("REFUNDED".into(), "29990".into())
    );
}

#[tokio::test]
async fn what_nobody_pays_in_time_expires_and_its_order_may_be_paid_otherwise() {
    let store = Store::new().await;
    let boleto = |order: &str| json!({"order_id": order, "amount": 29_990, "method": "boleto"});
    let slip = store.post("/v1/payments/process", &boleto("o-1")).await;
    assert_eq!(slip.status, StatusCode::CREATED, "{}", slip.text);
    // A slip is due in three days, and is paid until that day is over in São Paulo.
    let due = slip.at("/boleto/due_date");
    let (made, ends) = (read(&slip.at("/created_at")), read(&slip.at("/expires_at")));
    let local = |at: Timestamp| offset(-3).to_datetime(at);
    assert_eq!(local(made).date().saturating_add(3.days()).to_string(), due, "{}", slip.text);
    assert_eq!(local(ends).to_string(), format!("{due}T23:59:59"));
    store.passes("4d").await;
    let path = format!("/v1/payments/{}", slip.at("/id"));
    assert_eq!(store.get(&path).await.at("/status"), "EXPIRED");
    let paid = store.post("/v1/payments/process", &pix("o-1")).await;
    assert_eq!(paid.status, StatusCode::CREATED, "the order is free again: {}", paid.text);
    let (made, ends) = (read(&paid.at("/created_at")), read(&paid.at("/expires_at")));
    assert_eq!(ends.duration_since(made).as_mins(), 30, "{}", paid.text);
}

fn read(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_program_says_how_long_it_may_be_paid_as_the_payments_api_has_it() {
    let store = Store::new().await;
    let asks = async |more: Value| {
        let mut wish = json!({"order_id": "o-1", "amount": 1_000});
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        store.post("/v1/payments/process", &wish).await
    };
    let slip = json!({"order_id": "b-1", "method": "boleto", "boleto": {"due_days": 7}});
    let made = asks(slip).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let day = offset(-3).to_datetime(read(&made.at("/created_at"))).date();
    assert_eq!(made.at("/boleto/due_date"), day.saturating_add(7.days()).to_string());
    let short = json!({"method": "pix", "pix": {"expiration_minutes": 5}, "order_id": "p-1"});
    let made = asks(short).await;
    let lasts = read(&made.at("/expires_at")).duration_since(read(&made.at("/created_at")));
    assert_eq!(lasts.as_mins(), 5, "{}", made.text);
    for (field, wrong) in [
        ("pix.expiration_minutes", json!({"method": "pix", "pix": {"expiration_minutes": 0}})),
        ("boleto.due_days", json!({"method": "boleto", "boleto": {"due_days": 91}})),
        ("boleto", json!({"method": "pix", "boleto": {"due_days": 3}})),
        ("pix", json!({"method": "boleto", "pix": {}})),
        ("installments", json!({"method": "pix", "installments": 2})),
        ("save_card", json!({"method": "pix", "save_card": true})),
    ] {
        let got = asks(wrong).await;
        assert_eq!((got.status.as_u16(), got.at("/field").as_str()), (400, field), "{}", got.text);
    }
}

#[tokio::test]
async fn a_refund_is_an_amount_of_cents_however_a_program_writes_the_number() {
    let store = Store::new().await;
    let made = store.post("/v1/payments/process", &pix("o-1")).await;
    store.passes("5s").await;
    let path = format!("/v1/payments/{}/refund", made.at("/id"));
    for bad in ["0", "-1", "0.5", "1e99", "\"x\"", "null1"] {
        let call = store.app.call(Method::POST, &format!("/techcorp{path}")).key(&store.key);
        let got = call.send(axum::body::Body::from(format!("{{\"amount\": {bad}}}"))).await;
        assert!(matches!(got.status.as_u16(), 400 | 422), "{bad}: {}", got.text);
    }
    let call = store.app.call(Method::POST, &format!("/techcorp{path}")).key(&store.key);
    let body = r#"{"amount": 100.0, "reason": "requested_by_customer", "description": "late"}"#;
    let got = call.send(axum::body::Body::from(body)).await;
    assert_eq!(got.status, StatusCode::CREATED, "{}", got.text);
    assert_eq!(got.at("/amount_refunded"), "100");
    let native = format!("/v1/payments/{}", made.at("/id"));
    let call = store.app.call(Method::GET, &native).key(&store.key);
    let seen = call.send(axum::body::Body::empty()).await;
    assert_eq!(seen.at("/refunds/0/reason"), "requested_by_customer: late", "{}", seen.text);
}

#[tokio::test]
async fn a_provider_takes_what_the_guides_table_says_and_nothing_else() {
    let store = Store::new().await;
    for (provider, method, taken) in [
        ("Stripe", "pix", false),
        ("Stripe", "boleto", false),
        ("PagSeguro", "pix", true),
        ("PagSeguro", "boleto", true),
        ("MercadoPago", "pix", true),
        ("MercadoPago", "boleto", true),
        ("PayPal", "pix", false),
        ("Nobody", "pix", false),
    ] {
        let order = format!("{provider}-{method}");
        let wish =
            json!({"order_id": order, "amount": 1_000, "method": method, "provider": provider});
        let got = store.post("/v1/payments/process", &wish).await;
        assert_eq!(got.status.is_success(), taken, "{order}: {}", got.text);
        if !taken {
            let told = (got.status.as_u16(), got.at("/field"));
            assert!(told.0 == 422 && !told.1.is_empty(), "{order}: {}", got.text);
            assert_eq!(got.at("/request_id"), got.header("x-request-id"));
        }
    }
}

#[tokio::test]
async fn only_merchants_of_the_contract_get_in() {
    let store = Store::new().await;
    let call = store.app.call(Method::POST, "/techcorp/v1/payments/process").no_key();
    let nobody = call.json(&pix("o-1")).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{}", nobody.text);
    let other = store.app.merchant(&json!({"name": "Other", "contract": "payqi"})).await;
    let call = store.app.call(Method::POST, "/techcorp/v1/payments/process");
    let wrong = call.key(&other.at("/keys/test/api_key")).json(&pix("o-1")).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN, "{}", wrong.text);
    assert_eq!(store.get("/v1/nothing").await.at("/code"), "not_found");
}

#[tokio::test]
async fn integrators_are_told_which_addresses_to_let_in() {
    let egress = vec!["54.123.45.67".parse().unwrap(), "2001:db8::1".parse().unwrap()];
    let options = posthorn_engine::Options { egress, ..posthorn_engine::Options::default() };
    let app = TestApp::bounded(options).await;
    let made = app.merchant(&json!({"name": "Store", "contract": "techcorp"})).await;
    let ask = |path: &'static str| {
        let call = app.call(Method::GET, path).key(&made.at("/keys/test/api_key"));
        call.send(axum::body::Body::empty())
    };
    for path in ["/techcorp/v1/webhooks/addresses", "/v1/webhooks/addresses"] {
        let told = ask(path).await;
        assert_eq!(told.json(), json!({"addresses": ["54.123.45.67", "2001:db8::1"]}), "{path}");
    }
}
