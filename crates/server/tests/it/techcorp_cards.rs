//! "How do I process payments in my integration?" with a card: what a payer's browser asks, what the merchant's server asks then,
//! and what is left of the card.

mod tokens;

use std::sync::atomic::Ordering::Relaxed;

use axum::body::Body;
use http::{Method, StatusCode};
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_store::{Page, Record, RecordKind, RecordQuery, Records as _};
use serde_json::{Value, json};

use crate::harness::{ADMIN, Call, Got, TestApp};

/// The guide's card.
const APPROVED: &str = "4242424242424242";

/// A merchant who speaks TechCorp's contract.
struct Store {
    app: TestApp,
    merchant: MerchantId,
    publishable: String,
    live: String,
    live_publishable: String,
}

impl Store {
    async fn new() -> Self {
        let mut app = TestApp::in_real_time().await;
        let made = app.merchant(&json!({"name": "Store", "contract": "techcorp"})).await;
        app.test = made.at("/keys/test/api_key");
        // Some stories pay more often than the guide's thirty times a minute.
        let path = format!("/v1/merchants/{}", made.at("/id"));
        let often = json!({"rate_limits": {"writes_per_minute": 1_000}});
        assert_eq!(app.call(Method::PATCH, &path).key(ADMIN).json(&often).await.status, 200);
        Self {
            app,
            merchant: made.at("/id").parse().unwrap(),
            publishable: made.at("/keys/test/publishable_key"),
            live: made.at("/keys/live/api_key"),
            live_publishable: made.at("/keys/live/publishable_key"),
        }
    }

    fn call(&self, method: Method, path: &str) -> Call {
        self.app.call(method, &format!("/techcorp{path}"))
    }

    async fn post(&self, path: &str, body: &Value) -> Got {
        self.call(Method::POST, path).json(body).await
    }

    async fn get(&self, path: &str) -> Got {
        self.call(Method::GET, path).send(Body::empty()).await
    }

    /// What a page of the merchant sends.
    async fn tokenize(&self, card: &Value) -> Got {
        self.call(Method::POST, "/v1/cards/tokens").key(&self.publishable).json(card).await
    }

    /// A token of a card.
    async fn token(&self, number: &str) -> String {
        let made = self.tokenize(&card(number)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        made.at("/id")
    }

    /// The guide's request.
    async fn pay(&self, order: &str, token: &str) -> Got {
        self.post("/api/payments/process", &wish(order, token)).await
    }

    async fn passes(&self, by: &str) {
        let moved = self.app.post("/v1/sandbox/clock", &json!({"advance": by})).await;
        assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    }

    /// The tokens on record.
    async fn kept(&self) -> Vec<Record> {
        let query = RecordQuery {
            place: (self.merchant, Mode::Test),
            kind: RecordKind::CardToken,
            state: None,
        };
        self.app.store.records(query, Page { after: None, limit: 100 }).await.unwrap()
    }
}

/// As the guide prints it: its year has passed.
fn card(number: &str) -> Value {
    json!({"number": number, "exp_month": 12, "exp_year": 2025, "cvv": "123"})
}

fn wish(order: &str, token: &str) -> Value {
    json!({"order_id": order, "amount": 29_990, "card_token": token})
}

#[tokio::test]
async fn a_card_is_given_as_the_payments_api_has_it_too_and_in_parts() {
    let store = Store::new().await;
    let token = store.token(APPROVED).await;
    let wish = json!({"order_id": "o-1", "amount": 29_990, "method": "credit_card",
        "card": {"token": token, "installments": 3, "save_card": false}});
    let paid = store.post("/v1/payments/process", &wish).await;
    let told = (paid.status, paid.at("/status"), paid.at("/installments"));
    assert_eq!(told, (StatusCode::CREATED, "APPROVED".into(), "3".into()), "{}", paid.text);
    let other = store.token(APPROVED).await;
    let wish =
        json!({"order_id": "o-2", "amount": 1, "card_token": other, "card": {"token": token}});
    let got = store.post("/v1/payments/process", &wish).await;
    assert_eq!((got.status.as_u16(), got.at("/field").as_str()), (400, "card"), "{}", got.text);
}

#[tokio::test]
async fn the_guides_request_pays_an_order_with_a_token() {
    let store = Store::new().await;
    let order = json!({"items": [{"product_id": "9b2d", "quantity": 1, "price": 299.90}]});
    let order = store.post("/v1/orders", &order).await.at("/id");
    let token = store.token(APPROVED).await;
    let paid = store.pay(&order, &token).await;
    assert_eq!(paid.status, StatusCode::CREATED, "{}", paid.text);
    let told = paid.json();
    assert_eq!((&told["status"], &told["method"]), (&json!("APPROVED"), &json!("credit_card")));
    assert_eq!((&told["provider"], &told["amount"]), (&json!("Stripe"), &json!(29_990)));
    assert_eq!(told["card"], json!({"brand": "visa", "last4": "4242"}));
    assert_eq!(store.get(&format!("/v1/orders/{order}")).await.at("/status"), "PAID");
    let token = store.get(&format!("/v1/cards/tokens/{token}")).await;
    assert_eq!((token.at("/used"), token.at("/payment_id")), ("true".into(), paid.at("/id")));
    let events = store.app.get("/v1/events?limit=10").await.json();
    let told: Vec<_> = events["data"].as_array().unwrap().iter().map(|row| &row["type"]).collect();
    assert_eq!(told, ["order.paid", "payment.confirmed", "order.created"]);
}

#[tokio::test]
async fn the_guides_test_cards_end_as_it_prints() {
    let store = Store::new().await;
    for (number, status, code) in [
        (APPROVED, "APPROVED", ""),
        ("4000000000000002", "DECLINED", "card_declined"),
        ("4000000000009995", "DECLINED", "insufficient_funds"),
        ("4000000000000069", "DECLINED", "expired_card"),
    ] {
        let token = store.token(number).await;
        let got = store.pay(&format!("order {}", &number[12..]), &token).await;
        assert_eq!(got.status, StatusCode::CREATED, "{}", got.text);
        let told = got.json();
        assert_eq!(told["status"], status, "{number}");
        assert_eq!(told["decline_code"].as_str().unwrap_or_default(), code, "{number}");
    }
    // What no guide prints must not have expired.
    let token = store.token("4000056655665556").await;
    assert_eq!(store.pay("undocumented", &token).await.at("/decline_code"), "expired_card");
}

#[tokio::test]
async fn the_same_request_again_is_answered_with_the_same_payment_though_its_token_is_spent() {
    let store = Store::new().await;
    for (number, order) in [(APPROVED, "o-1"), ("4000000000009995", "o-2")] {
        let token = store.token(number).await;
        let first = store.pay(order, &token).await;
        let again = store.pay(order, &token).await;
        assert_eq!((again.status, again.json()), (StatusCode::OK, first.json()), "{order}");
    }
    // What was declined may be tried with another card; what was paid is answered whatever the card.
    let other = store.token(APPROVED).await;
    assert_eq!(store.pay("o-2", &other).await.at("/status"), "APPROVED");
    let unused = store.token(APPROVED).await;
    assert_eq!(store.pay("o-2", &unused).await.status, StatusCode::OK);
    let path = format!("/v1/cards/tokens/{unused}");
    assert_eq!(store.get(&path).await.at("/used"), "false", "nobody paid with it");
    let listed = store.get("/v1/payments").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_token_pays_once() {
    let store = Store::new().await;
    let token = store.token(APPROVED).await;
    assert_eq!(store.pay("o-1", &token).await.status, StatusCode::CREATED);
    let used = |got: Got| (got.status.as_u16(), got.at("/code"), got.at("/field"));
    let expected = (409, "card_token_used".to_owned(), "card_token".to_owned());
    assert_eq!(used(store.pay("o-2", &token).await), expected);
    let dearer = json!({"order_id": "o-1", "amount": 1, "card_token": token});
    assert_eq!(used(store.post("/v1/payments/process", &dearer).await), expected);
    let elsewhere =
        json!({"order_id": "o-1", "amount": 29_990, "card_token": token, "provider": "PagSeguro"});
    assert_eq!(used(store.post("/v1/payments/process", &elsewhere).await), expected);
}

#[tokio::test]
async fn of_two_requests_at_once_with_one_token_exactly_one_pays() {
    let store = Store::new().await;
    for round in 0..20 {
        let token = store.token(APPROVED).await;
        let orders = [format!("{round} a"), format!("{round} b")];
        let (one, other) =
            tokio::join!(store.pay(&orders[0], &token), store.pay(&orders[1], &token));
        let mut told = [one.status.as_u16(), other.status.as_u16()];
        told.sort_unstable();
        assert_eq!(told, [201, 409], "{} {}", one.text, other.text);
        // And of the same request twice at once there is one payment.
        let (token, order) = (store.token(APPROVED).await, format!("{round} c"));
        let (one, other) = tokio::join!(store.pay(&order, &token), store.pay(&order, &token));
        assert_eq!(one.at("/id"), other.at("/id"));
    }
    let listed = store.get("/v1/payments?limit=100").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 40);
}

#[tokio::test]
async fn after_a_quarter_of_an_hour_a_token_is_over_and_its_number_erased() {
    let store = Store::new().await;
    let (first, second) = (store.token(APPROVED).await, store.token(APPROVED).await);
    store.passes("890s").await;
    assert_eq!(store.pay("o-1", &first).await.at("/status"), "APPROVED");
    assert!(store.kept().await[0].body.contains("\"number\""), "it is still good");
    store.passes("11s").await;
    let late = store.pay("o-2", &second).await;
    assert_eq!(
        (late.status.as_u16(), late.at("/code"), late.at("/field")),
        (422, "card_token_expired".into(), "card_token".into())
    );
    let read = store.get(&format!("/v1/cards/tokens/{second}")).await;
    assert_eq!((read.at("/status"), read.at("/used")), ("expired".into(), "false".into()));
    for record in store.kept().await {
        assert!(!record.body.contains("\"number\""), "{}", record.body);
        assert_eq!(record.wake.is_some(), record.body.contains("\"expired\""), "{}", record.body);
    }
    // Whoever has paid an order is answered, however late and with whatever token.
    assert_eq!(store.pay("o-1", &first).await.status, StatusCode::OK);
    assert_eq!(store.pay("o-1", &second).await.status, StatusCode::OK);
    // Within an hour what nobody has paid with is forgotten: a page's key fills no database.
    store.passes("1h").await;
    assert_eq!(store.kept().await.len(), 1, "the one that has paid stays");
    let unknown = store.get(&format!("/v1/cards/tokens/{second}")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND, "{}", unknown.text);
    assert_eq!(store.pay("o-1", &first).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_number_is_on_record_sealed_and_gone_with_the_transaction_that_spends_it() {
    let store = Store::new().await;
    let token = store.token(APPROVED).await;
    let [ready] = &store.kept().await[..] else { panic!("one token") };
    assert!(ready.body.contains("\"number\"") && !ready.body.contains(APPROVED), "{}", ready.body);
    assert!(!ready.body.contains("123\""), "no code: {}", ready.body);
    // A payment that is refused spends nothing.
    let cursed =
        json!({"order_id": "o-1", "amount": 29_990, "card_token": token, "provider": "PayPal"});
    assert_eq!(store.post("/v1/payments/process", &cursed).await.status.as_u16(), 422);
    assert_eq!(&store.kept().await[0], ready);
    store.pay("o-1", &token).await;
    let [spent] = &store.kept().await[..] else { panic!("one token") };
    assert!(!spent.body.contains("\"number\""), "{}", spent.body);
    assert_eq!((spent.version, spent.wake), (2, None));
}

#[tokio::test]
async fn a_token_of_nobody_of_another_or_of_the_other_mode_is_unknown() {
    let store = Store::new().await;
    let token = store.token(APPROVED).await;
    let unknown = |got: &Got| {
        let told = (got.status.as_u16(), got.at("/code"), got.at("/field"));
        assert_eq!(told, (404, "card_token_unknown".into(), "card_token".into()), "{}", got.text);
    };
    // The id alone is guessed easily: what stands behind it is not.
    let (id, _) = token.rsplit_once('_').unwrap();
    let forged = format!("{id}_{}", "0".repeat(24));
    for name in ["tok_1", "tok_", "", APPROVED, id, &forged, &token.to_uppercase()] {
        unknown(&store.pay("o-1", name).await);
    }
    unknown(&store.get(&format!("/v1/cards/tokens/{forged}")).await);
    let process = store.call(Method::POST, "/v1/payments/process");
    unknown(&process.key(&store.live).json(&wish("o-1", &token)).await);
    let other = store.app.merchant(&json!({"name": "Other", "contract": "techcorp"})).await;
    let process = store.call(Method::POST, "/v1/payments/process");
    unknown(&process.key(&other.at("/keys/test/api_key")).json(&wish("o-1", &token)).await);
    assert_eq!(store.pay("o-1", &token).await.status, StatusCode::CREATED, "it was not touched");
}

#[tokio::test]
async fn a_token_says_by_itself_that_a_card_pays_and_at_whom_the_guides_table_says() {
    let store = Store::new().await;
    for (provider, taken) in
        [("Stripe", true), ("PagSeguro", true), ("MercadoPago", true), ("PayPal", false)]
    {
        let token = store.token(APPROVED).await;
        let mut wish = wish(provider, &token);
        (wish["provider"], wish["method"]) = (json!(provider), json!("card"));
        let got = store.post("/v1/payments/process", &wish).await;
        assert_eq!(got.status.is_success(), taken, "{provider}: {}", got.text);
        if !taken {
            assert_eq!((got.status.as_u16(), got.at("/field")), (422, "method".into()));
        }
    }
    let token = store.token(APPROVED).await;
    let said = |mut wish: Value, name: &str, value: Value| {
        wish[name] = value;
        wish
    };
    for (wish, code, field) in [
        (said(wish("o-1", &token), "method", json!("pix")), "invalid_field", "method"),
        (said(wish("o-1", &token), "method", json!("boleto")), "invalid_field", "method"),
        (said(wish("o-1", &token), "currency", json!("KES")), "invalid_field", "method"),
        (json!({"order_id": "o-1", "amount": 1, "method": "card"}), "missing_field", "card_token"),
        (json!({"order_id": "o-1", "amount": 1}), "missing_field", "method"),
    ] {
        let got = store.post("/v1/payments/process", &wish).await;
        assert_eq!(
            (got.at("/code"), got.at("/field")),
            (code.into(), field.into()),
            "{}",
            got.text
        );
    }
}

#[tokio::test]
async fn a_payer_who_was_shown_a_pix_code_pays_by_card_once_that_payment_is_called_off() {
    let store = Store::new().await;
    let pix = json!({"order_id": "o-1", "amount": 29_990, "method": "pix"});
    let shown = store.post("/v1/payments/process", &pix).await;
    let token = store.token(APPROVED).await;
    let refused = store.pay("o-1", &token).await;
    assert_eq!((refused.status.as_u16(), refused.at("/code")), (409, "reference_in_use".into()));
    let path = format!("/v1/payments/{}/cancel", shown.at("/id"));
    let canceled = store.post(&path, &json!({})).await;
    assert_eq!((canceled.status, canceled.at("/status")), (StatusCode::OK, "CANCELLED".into()));
    let again = store.call(Method::POST, &path).send(Body::empty()).await;
    assert_eq!((again.status.as_u16(), again.at("/code")), (409, "payment_state".into()));
    let paid = store.pay("o-1", &token).await;
    assert_eq!(paid.at("/status"), "APPROVED", "{}", paid.text);
    let late = store.post(&format!("/v1/payments/{}/cancel", paid.at("/id")), &json!({})).await;
    assert_eq!((late.status.as_u16(), late.at("/code")), (409, "payment_state".into()));
}

async fn left_by_a_failure(store: &Store, round: u32) -> (bool, bool) {
    let (token, order) = (store.token(APPROVED).await, format!("failing {round}"));
    // The database takes so many writes, and no more for a while.
    store.app.writes_left.store(round, Relaxed);
    let first = store.pay(&order, &token).await;
    store.app.writes_left.store(u32::MAX, Relaxed);
    let read = store.get(&format!("/v1/cards/tokens/{token}")).await;
    let listed = store.get("/v1/payments?limit=100").await.json();
    let made = listed["data"].as_array().unwrap().iter().any(|row| row["order_id"] == *order);
    let used = read.at("/used") == "true";
    assert_eq!(used, made, "round {round}: {}", first.text);
    // Whoever has lost the answer asks again, and there is one payment.
    let again = store.pay(&order, &token).await;
    assert!(again.status.is_success(), "round {round}: {}", again.text);
    let listed = store.get("/v1/payments?limit=100").await.json();
    let of_it = listed["data"].as_array().unwrap().iter();
    assert_eq!(of_it.filter(|row| row["order_id"] == *order).count(), 1);
    (used, first.status.is_success())
}

#[tokio::test]
async fn whatever_write_fails_a_token_is_spent_exactly_when_its_payment_is_on_record() {
    let store = Store::new().await;
    let mut seen = Vec::new();
    for round in 0..8 {
        seen.push(left_by_a_failure(&store, round).await);
    }
    for case in [(false, false), (true, false), (true, true)] {
        assert!(seen.contains(&case), "{case:?} never came: {seen:?}");
    }
}
