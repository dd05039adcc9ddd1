//! SentinelGate's guide, request by request, against a fresh sandbox.

mod payouts;
mod refused;

use axum::body::Body;
use http::Method;
use posthorn_core::id::PaymentId;
use posthorn_engine::RailMood;
use serde_json::{Value, json};

use crate::harness::{Got, TestApp};

/// A merchant who speaks SentinelGate, and what its programs know.
struct Gate {
    app: TestApp,
    key: String,
    secret: String,
    live: (String, String),
    place: (posthorn_core::id::MerchantId, posthorn_core::event::Mode),
}

impl Gate {
    async fn new() -> Self {
        let mut app = TestApp::in_real_time().await;
        let made = app.merchant(&json!({"name": "Duka", "contract": "sentinelgate"})).await;
        let key = |kind: &str| made.at(&format!("/keys/{kind}"));
        let place = (made.at("/id").parse().unwrap(), posthorn_core::event::Mode::Test);
        app.test = key("test/api_key");
        Self {
            key: key("test/api_key"),
            secret: key("test/api_secret"),
            live: (key("live/api_key"), key("live/api_secret")),
            app,
            place,
        }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Got {
        let call = self.app.call(method, &format!("/sentinelgate/api{path}")).no_key();
        let call = call.header("X-API-Key", &self.key).header("X-API-Secret", &self.secret);
        if body.is_null() { call.send(Body::empty()).await } else { call.json(body).await }
    }

    async fn create(&self, body: &Value) -> Got {
        self.call(Method::POST, "/payments/create", body).await
    }

    async fn get(&self, path: &str) -> Got {
        self.call(Method::GET, path, &Value::Null).await
    }

    async fn advance(&self, by: &str) {
        let got = self.app.post("/v1/sandbox/clock", &json!({"advance": by})).await;
        assert_eq!(got.status, 200, "{}", got.text);
    }

    async fn status_of(&self, payment: &str) -> String {
        self.get(&format!("/payments/{payment}")).await.at("/status")
    }

    /// The types of the events on record, oldest first.
    async fn events(&self) -> Vec<String> {
        let got = self.app.get("/v1/events").await.json();
        let rows = got["data"].as_array().unwrap().iter().rev();
        rows.map(|row| row["type"].as_str().unwrap().to_owned()).collect()
    }

    fn mood(&self, provider: &str, mood: RailMood) {
        self.app.app.engine().set_rail_mood(self.place, provider, mood).unwrap();
    }

    /// What the rails have taken in, in minor units.
    async fn taken_in(&self) -> i64 {
        let balance = self.app.get("/v1/balance").await.json();
        -balance["balances"]["KES"]["provider_clearing"].as_i64().unwrap_or(0)
    }
}

fn mpesa(phone: &str, reference: Option<&str>) -> Value {
    let mut body = json!({
        "amount_cents": 10000,
        "currency": "KES",
        "provider": "MPESA_SAFARICOM",
        "metadata": {"phone_number": phone, "description": "Test Payment"},
    });
    if let Some(reference) = reference {
        body["metadata"]["order_reference"] = reference.into();
    }
    body
}

fn card(number: &str) -> Value {
    json!({
        "amount_cents": 10000,
        "currency": "KES",
        "provider": "BUNI",
        "metadata": {"card_number": number, "expiry_date": "12/25", "cvv": "123"},
    })
}

#[tokio::test]
async fn the_first_call_answers_as_it_is_printed() {
    let gate = Gate::new().await;
    let mut body = mpesa("254712345678", None);
    body["callback_url"] = "https://your-domain.com/webhook?order=7".into();
    let got = gate.create(&body).await;
    assert_eq!(got.status, 200, "{}", got.text);
    let value = got.json();
    let names: Vec<&str> =
        ["success", "payment_id", "status", "provider_reference", "created_at"].into();
    let places: Vec<_> =
        names.iter().map(|name| got.text.find(&format!("\"{name}\"")).unwrap()).collect();
    assert!(places.is_sorted(), "in the guide's order: {}", got.text);
    assert_eq!((&value["success"], &value["status"]), (&json!(true), &json!("PENDING")));
    assert!(got.at("/payment_id").starts_with("pay_"));
    assert!(got.at("/provider_reference").starts_with("MPE"));
    assert_eq!(got.at("/created_at").len(), "2026-02-07T03:15:30Z".len());
    gate.advance("5s").await;
    assert_eq!(gate.status_of(&got.at("/payment_id")).await, "COMPLETED");
    assert_eq!(gate.events().await, ["payment.pending", "payment.completed"]);
    let sent = gate.app.receiver.urls();
    let to = sent.iter().filter(|url| *url == "https://your-domain.com/webhook?order=7").count();
    assert_eq!(to, 2, "{sent:?}");
}

#[tokio::test]
async fn a_registered_endpoint_with_the_callbacks_url_gets_each_event_once() {
    let gate = Gate::new().await;
    let url = "https://your-domain.com/webhook";
    gate.app.endpoint(&json!({"url": url, "events": ["payment.*"]})).await;
    gate.app.endpoint(&json!({"url": "https://other.example/webhook"})).await;
    let mut body = mpesa("254712345678", None);
    body["callback_url"] = url.into();
    gate.create(&body).await;
    gate.advance("5s").await;
    let sent = gate.app.receiver.urls();
    let count = |wanted: &str| sent.iter().filter(|sent| *sent == wanted).count();
    assert_eq!((count(url), count("https://other.example/webhook")), (2, 2), "{sent:?}");
}

#[tokio::test]
async fn the_four_test_phones_do_what_the_guide_says() {
    let gate = Gate::new().await;
    let mut ids = Vec::new();
    for phone in ["254712345678", "254700000000", "254711111111", "254722222222"] {
        ids.push(gate.create(&mpesa(phone, None)).await.at("/payment_id"));
    }
    let mut seen = Vec::new();
    for step in ["5s", "60s", "3m", "2m"] {
        gate.advance(step).await;
        let mut now = Vec::new();
        for id in &ids {
            now.push(gate.status_of(id).await);
        }
        seen.push(format!("+{step}: {}", now.join(" ")));
    }
    insta::assert_snapshot!(seen.join("\n"), @r"
    +5s: COMPLETED FAILED PENDING PENDING
    +60s: COMPLETED FAILED FAILED PENDING
    +3m: COMPLETED FAILED FAILED PENDING
    +2m: COMPLETED FAILED FAILED COMPLETED
    ");
    assert_eq!(gate.get(&format!("/payments/{}", ids[2])).await.at("/error/code"), "TIMEOUT");
}

#[tokio::test]
async fn the_three_test_cards_do_what_the_guide_says_and_leave_nothing_behind() {
    let gate = Gate::new().await;
    let mut told = Vec::new();
    for number in ["4111111111111111", "4000000000000002", "4000000000009995"] {
        let made = gate.create(&card(number)).await;
        assert_eq!(made.at("/status"), "PENDING", "{}", made.text);
        gate.advance("2s").await;
        let got = gate.get(&format!("/payments/{}", made.at("/payment_id"))).await;
        assert!(!got.text.contains(number) && !got.text.contains("cvv"), "{}", got.text);
        let why = got.json()["error"]["code"].as_str().unwrap_or("-").to_owned();
        told.push(format!("{number}: {} {why}", got.at("/status")));
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    4111111111111111: COMPLETED -
    4000000000000002: FAILED CARD_DECLINED
    4000000000009995: FAILED INSUFFICIENT_FUNDS
    ");
}

#[tokio::test]
async fn every_refusal_has_its_code_its_field_and_its_status() {
    let gate = Gate::new().await;
    let with = |field: &str, value: Value| {
        let mut body = mpesa("254712345678", None);
        body[field] = value;
        body
    };
    let cases = [
        mpesa("invalid", None),
        mpesa("0712345678", None),
        with("amount_cents", json!(0)),
        with("amount_cents", json!("10000")),
        with("amount_cents", json!(10050)),
        with("currency", json!("ABC")),
        with("provider", json!("PAYPAL")),
        with("metadata", json!([])),
        with("callback_url", json!("https://10.0.0.1/hook")),
        card("4111111111111112"),
    ];
    let mut told = Vec::new();
    for body in cases {
        let got = gate.create(&body).await;
        let error = got.json()["error"].clone();
        told.push(format!("{} {} {}", got.status.as_u16(), error["code"], error["field"]));
    }
    let noise = r#"{"amount_cents": 1010.0000000000001, "provider": "MPESA_SAFARICOM"}"#;
    let call = gate.app.call(Method::POST, "/sentinelgate/api/payments/create").no_key();
    let call = call.header("X-API-Key", &gate.key).header("X-API-Secret", &gate.secret);
    told.push(call.send(Body::from(noise)).await.at("/error/code"));
    told.push(gate.get("/payments/pay_unknown").await.at("/error/code"));
    told.push(gate.get("/payouts/po_1").await.at("/error/code"));
    insta::assert_snapshot!(told.join("\n"), @r#"
    400 "INVALID_PHONE" "metadata.phone_number"
    400 "INVALID_PHONE" "metadata.phone_number"
    400 "INVALID_AMOUNT" "amount_cents"
    400 "INVALID_AMOUNT" "amount_cents"
    400 "INVALID_AMOUNT" "amount_cents"
    400 "INVALID_CURRENCY" "currency"
    400 "INVALID_PROVIDER" "provider"
    400 "INVALID_METADATA" "metadata"
    400 "INVALID_CALLBACK_URL" "callback_url"
    400 "INVALID_CARD" "metadata.card_number"
    INVALID_AMOUNT
    PAYMENT_NOT_FOUND
    PAYOUT_NOT_FOUND
    "#);
}

#[tokio::test]
async fn both_keys_are_needed_and_belong_together() {
    let gate = Gate::new().await;
    let other = gate.app.merchant(&json!({"name": "Other", "contract": "sentinelgate"})).await;
    let others = other.at("/keys/test/api_secret");
    let pairs = [
        (gate.key.as_str(), ""),
        ("", gate.secret.as_str()),
        (&gate.key, &others),
        (&gate.key, &gate.live.1),
        (&gate.key, &gate.key),
        ("sk_test_unknown", &gate.secret),
    ];
    for (key, secret) in pairs {
        let call = gate.app.call(Method::GET, "/sentinelgate/api/payments").no_key();
        let call = call.header("X-API-Key", key).header("X-API-Secret", secret);
        let got = call.send(Body::empty()).await;
        assert_eq!((got.status.as_u16(), got.at("/error/code").as_str()), (401, "UNAUTHORIZED"));
    }
    let made = gate.create(&mpesa("254712345678", None)).await.at("/payment_id");
    let call = gate.app.call(Method::GET, &format!("/sentinelgate/api/payments/{made}")).no_key();
    let key = other.at("/keys/test/api_key");
    let call = call.header("X-API-Key", &key).header("X-API-Secret", &others);
    assert_eq!(call.send(Body::empty()).await.status, 404, "another merchant's payment");
}

#[tokio::test]
async fn live_mode_says_that_it_has_no_provider() {
    let gate = Gate::new().await;
    let call = gate.app.call(Method::POST, "/sentinelgate/api/payments/create").no_key();
    let call = call.header("X-API-Key", &gate.live.0).header("X-API-Secret", &gate.live.1);
    let got = call.json(&mpesa("254712345678", None)).await;
    assert_eq!(got.status, 502);
    assert!(got.at("/error/message").contains("no live provider"), "{}", got.text);
}

#[tokio::test]
async fn a_list_is_newest_first_and_says_how_many_there_are() {
    let gate = Gate::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.insert(0, gate.create(&mpesa("254712345678", None)).await.at("/payment_id"));
    }
    let got = gate.get("/payments?limit=2&offset=1").await.json();
    let shown: Vec<_> = got["payments"].as_array().unwrap().iter().collect();
    let shown: Vec<_> = shown.iter().map(|one| one["payment_id"].as_str().unwrap()).collect();
    assert_eq!(shown, ids[1..]);
    let beyond = gate.get("/payments?offset=3").await;
    assert_eq!((beyond.at("/payments"), beyond.at("/total")), ("[]".into(), "3".into()));
    assert_eq!((&got["total"], &got["limit"], &got["offset"]), (&json!(3), &json!(2), &json!(1)));
}

#[tokio::test]
async fn the_same_reference_is_the_same_payment_until_it_has_failed_for_certain() {
    let gate = Gate::new().await;
    let first = gate.create(&mpesa("254700000000", Some("ORDER-1"))).await;
    let again = gate.create(&mpesa("254700000000", Some("ORDER-1"))).await;
    assert_eq!(again.text, first.text);
    let mut other = mpesa("254700000000", Some("ORDER-1"));
    other["amount_cents"] = 20000.into();
    assert_eq!(gate.create(&other).await.status, 400, "another amount");
    let mut other = mpesa("254700000000", Some("ORDER-1"));
    other["provider"] = "BUNI".into();
    assert_eq!(gate.create(&other).await.status, 409, "another provider");
    gate.advance("5s").await;
    assert_eq!(gate.status_of(&first.at("/payment_id")).await, "FAILED");
    let next = gate.create(&mpesa("254712345678", Some("ORDER-1"))).await;
    assert_ne!(next.at("/payment_id"), first.at("/payment_id"));
    gate.advance("5s").await;
    let paid = gate.create(&mpesa("254712345678", Some("ORDER-1"))).await;
    assert_eq!(paid.at("/payment_id"), next.at("/payment_id"));
    assert_eq!(gate.taken_in().await, 10000);
}

/// The guide's `createPaymentWithRetry`, then its `createPaymentWithFallback`, with a reference computed once.
#[tokio::test]
async fn the_guides_own_loops_against_a_rail_that_loses_answers_charge_once() {
    let gate = Gate::new().await;
    gate.mood("MPESA_SAFARICOM", RailMood::LosesAnswers);
    let body = mpesa("254712345678", Some("ORDER-1"));
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(gate.create(&body).await.at("/payment_id"));
    }
    for provider in ["MPESA_SAFARICOM", "BUNI", "KAREENHUB"] {
        let mut body = body.clone();
        body["provider"] = provider.into();
        let got = gate.create(&body).await;
        let status = if provider == "MPESA_SAFARICOM" { 200 } else { 409 };
        assert_eq!(got.status, status, "{}", got.text);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "one payment");
    gate.advance("5m").await;
    assert_eq!(gate.status_of(&ids[0]).await, "COMPLETED");
    assert_eq!(gate.taken_in().await, 10000, "exactly one charge");
    let events = gate.events().await;
    let paid = events.iter().filter(|kind| *kind == "payment.completed").count();
    assert_eq!(paid, 1, "{events:?}");
}

#[tokio::test]
async fn a_provider_that_is_down_is_a_502_and_the_next_one_takes_the_payment() {
    let gate = Gate::new().await;
    gate.mood("MPESA_SAFARICOM", RailMood::Down);
    let body = mpesa("254712345678", Some("ORDER-1"));
    let down = gate.create(&body).await;
    assert_eq!((down.status.as_u16(), down.at("/error/code").as_str()), (502, "PROVIDER_ERROR"));
    let mut next = body;
    next["provider"] = "BUNI".into();
    let got = gate.create(&next).await;
    assert_eq!(got.status, 200, "{}", got.text);
    gate.advance("5s").await;
    assert_eq!(gate.status_of(&got.at("/payment_id")).await, "COMPLETED");
    assert_eq!(gate.taken_in().await, 10000);
}

#[tokio::test]
async fn what_is_forced_at_the_rail_is_told_and_told_once() {
    let gate = Gate::new().await;
    let id = gate.create(&mpesa("254722222222", None)).await.at("/payment_id");
    let id: PaymentId = id.parse().unwrap();
    let engine = gate.app.app.engine();
    let paid = engine.force_payment(gate.place, id, posthorn_engine::ForcedOutcome::Succeed).await;
    assert_eq!(paid.unwrap().state.name(), "succeeded");
    let again = engine.force_payment(gate.place, id, posthorn_engine::ForcedOutcome::Succeed).await;
    assert!(again.is_err(), "it was paid before");
    gate.advance("10m").await;
    assert_eq!(gate.events().await, ["payment.pending", "payment.completed"]);
}
