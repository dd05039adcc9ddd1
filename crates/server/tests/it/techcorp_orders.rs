//! Orders on TechCorp's own API: from the list of what is bought until it has arrived, and the payments that pay them.

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Got, TestApp};

/// A merchant who speaks TechCorp's contract.
struct Store {
    app: TestApp,
}

impl Store {
    async fn new() -> Self {
        let mut app = TestApp::in_real_time().await;
        let made = app.merchant(&json!({"name": "Store", "contract": "techcorp"})).await;
        app.test = made.at("/keys/test/api_key");
        Self { app }
    }

    async fn post(&self, path: &str, body: &Value) -> Got {
        self.app.post(&format!("/techcorp{path}"), body).await
    }

    async fn get(&self, path: &str) -> Got {
        self.app.get(&format!("/techcorp{path}")).await
    }

    async fn patch(&self, path: &str, body: &Value) -> Got {
        self.app.patch(&format!("/techcorp{path}"), body).await
    }

    /// An order of keyboards; its id.
    async fn ordered(&self) -> String {
        let made = self.post("/v1/orders", &keyboard()).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        made.at("/id")
    }

    async fn status(&self, order: &str) -> String {
        self.get(&format!("/v1/orders/{order}")).await.at("/status")
    }

    /// A charge for an order.
    async fn charge(&self, order: &str, amount: i64) -> Got {
        let pix = json!({"order_id": order, "amount": amount, "method": "pix"});
        self.post("/v1/payments/process", &pix).await
    }

    async fn passes(&self, by: &str) {
        let moved = self.app.post("/v1/sandbox/clock", &json!({"advance": by})).await;
        assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    }

    /// The merchant's events, oldest first: what was told of an order.
    async fn told(&self) -> Vec<String> {
        let got = self.app.get("/v1/events?limit=100").await.json();
        let rows = got["data"].as_array().unwrap_or_else(|| panic!("{got}")).iter();
        rows.rev().map(|row| row["type"].as_str().unwrap().to_owned()).collect()
    }

    /// What the last event of a type says.
    async fn said(&self, kind: &str) -> String {
        let got = self.app.get(&format!("/v1/events?type={kind}")).await;
        let event = self.app.get(&format!("/v1/events/{}", got.at("/data/0/id"))).await;
        event.at("/data")
    }
}

fn keyboard() -> Value {
    json!({
        "items": [{"product_id": "9b2d", "name": "Keyboard", "quantity": 2, "price": 149.95}],
        "customer": {"name": "João Silva", "email": "joao@example.com"},
    })
}

#[tokio::test]
async fn an_order_is_paid_shipped_and_delivered_and_each_is_told() {
    let store = Store::new().await;
    let made = store.post("/api/orders", &keyboard()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(
        (made.at("/status"), made.at("/total"), made.at("/items/0/price")),
        ("PENDING".into(), "299.9".into(), "149.95".into())
    );
    let order = made.at("/id");
    assert_eq!(order.len(), 36, "a UUID: {order}");
    assert!(store.said("order.created").await.contains(r#""total":299.9"#));
    let early = store.post(&format!("/v1/orders/{order}/ship"), &json!({})).await;
    assert_eq!((early.status, early.at("/code")), (StatusCode::CONFLICT, "order_state".into()));
    let charge = store.charge(&order, 29_990).await;
    assert_eq!(charge.status, StatusCode::CREATED, "{}", charge.text);
    assert_eq!(store.status(&order).await, "PENDING");
    store.passes("5s").await;
    let paid = store.get(&format!("/api/orders/{order}")).await;
    assert_eq!((paid.at("/status"), paid.at("/payment_id")), ("PAID".into(), charge.at("/id")));
    let wish = json!({"carrier": "Correios", "tracking_code": "BR123456789BR"});
    let sent = store.post(&format!("/v1/orders/{order}/ship"), &wish).await;
    assert_eq!((sent.status, sent.at("/status")), (StatusCode::OK, "SHIPPED".into()));
    let there = store.post(&format!("/v1/orders/{order}/deliver"), &json!({})).await;
    assert_eq!(there.at("/status"), "DELIVERED");
    let again = store.post(&format!("/v1/orders/{order}/deliver"), &json!({})).await;
    assert_eq!(again.at("/delivered_at"), there.at("/delivered_at"));
    let told = store.told().await;
    let expected =
        ["order.created", "payment.confirmed", "order.paid", "order.shipped", "order.delivered"];
    assert_eq!(told, expected);
    let shipped: Value = serde_json::from_str(&store.said("order.shipped").await).unwrap();
    let expected = json!({"order_id": order, "status": "SHIPPED", "carrier": "Correios", "tracking_code": "BR123456789BR"});
    assert_eq!(shipped, expected);
}

#[tokio::test]
async fn a_payment_of_an_order_is_of_its_amount_and_any_other_reference_is_free() {
    let store = Store::new().await;
    let order = store.ordered().await;
    let less = store.charge(&order, 29_989).await;
    assert_eq!((less.status.as_u16(), less.at("/field")), (422, "amount".into()), "{}", less.text);
    let shouted = store.charge(&order.to_uppercase(), 29_990).await;
    assert_eq!(shouted.status, StatusCode::CREATED, "{}", shouted.text);
    let again = store.charge(&order, 29_990).await;
    assert_eq!((again.status, again.at("/id")), (StatusCode::OK, shouted.at("/id")));
    assert_eq!(shouted.at("/order_id"), order, "one order, one spelling, one payment");
    let other = store.charge("3f1c7a52-0c9e-4b1e-9f57-2f4f2f8f6a10", 100).await;
    assert_eq!(other.status, StatusCode::CREATED, "{}", other.text);
}

#[tokio::test]
async fn what_was_called_off_cannot_be_paid_for_but_a_charge_that_was_shown_before_pays_it() {
    let store = Store::new().await;
    let order = store.ordered().await;
    let cancel = json!({"reason": "requested by the customer"});
    let path = format!("/v1/orders/{order}/cancel");
    assert_eq!(store.post(&path, &cancel).await.at("/status"), "CANCELLED");
    assert!(store.said("order.cancelled").await.contains("requested by the customer"));
    let refused = store.charge(&order, 29_990).await;
    assert_eq!((refused.status.as_u16(), refused.at("/code")), (409, "order_state".into()));
    let order = store.ordered().await;
    assert_eq!(store.charge(&order, 29_990).await.status, StatusCode::CREATED);
    assert_eq!(store.post(&format!("/v1/orders/{order}/cancel"), &cancel).await.status, 200);
    store.passes("5s").await;
    assert_eq!(store.status(&order).await, "PAID", "the money is there");
}

#[tokio::test]
async fn an_order_is_changed_until_a_payment_was_made_for_it() {
    let store = Store::new().await;
    let order = store.ordered().await;
    let path = format!("/v1/orders/{order}");
    let items = json!({"items": [{"product_id": "9b2d", "quantity": 1, "price": 10}]});
    let changed = store.patch(&path, &items).await;
    assert_eq!((changed.status, changed.at("/total")), (StatusCode::OK, "10".into()));
    assert_eq!(store.charge(&order, 1_000).await.status, StatusCode::CREATED);
    let late = store.patch(&path, &keyboard()).await;
    assert_eq!((late.status.as_u16(), late.at("/code")), (409, "order_state".into()));
    let noted = store.patch(&path, &json!({"description": "a gift", "customer": null})).await;
    assert_eq!(
        (noted.at("/description"), noted.at("/customer/name")),
        ("a gift".into(), "null".into())
    );
}

#[tokio::test]
async fn what_is_no_order_is_refused_by_its_field_and_keeps_no_card() {
    let store = Store::new().await;
    let item = |price: Value, quantity: i64| json!({"items": [{"product_id": "9b2d", "quantity": quantity, "price": price}]});
    let mut wrong = keyboard();
    wrong["total"] = json!(300);
    let mut card = keyboard();
    card["description"] = json!("4242 4242 4242 4242");
    for (draft, field) in [
        (json!({"items": []}), "items"),
        (item(json!(1), 0), "items"),
        (item(json!(1.005), 1), "items"),
        (item(json!(-1), 1), "items"),
        (item(json!(0), 1), "items"),
        (wrong, "total"),
        (card, "description"),
    ] {
        let got = store.post("/v1/orders", &draft).await;
        let unfit = matches!(got.status.as_u16(), 400 | 422);
        assert!(unfit && got.at("/field") == field, "{field}: {}", got.text);
    }
    assert_eq!(store.told().await, Vec::<String>::new());
    assert_eq!(store.get("/v1/orders/3f1c7a52-0c9e-4b1e-9f57-2f4f2f8f6a10").await.status, 404);
}

#[tokio::test]
async fn the_same_request_makes_one_order_and_a_reference_names_one() {
    let store = Store::new().await;
    let mut draft = keyboard();
    draft["reference"] = json!("2026-001");
    let keyed =
        || store.app.call(Method::POST, "/techcorp/v1/orders").header("idempotency-key", "k-1");
    let first = keyed().json(&draft).await;
    let second = keyed().json(&draft).await;
    assert_eq!((second.status, second.at("/id")), (StatusCode::CREATED, first.at("/id")));
    assert_eq!(second.header("idempotent-replayed"), "true");
    let taken = store.post("/v1/orders", &draft).await;
    assert_eq!(taken.status, StatusCode::CONFLICT, "{}", taken.text);
    assert_eq!(store.told().await, ["order.created"]);
}

#[tokio::test]
async fn pages_neither_repeat_nor_miss_an_order_and_a_cursor_is_nobody_elses() {
    let store = Store::new().await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, store.ordered().await);
    }
    let (mut seen, mut path) = (Vec::new(), "/api/orders?limit=2".to_owned());
    loop {
        let page = store.get(&path).await.json();
        let rows = page["data"].as_array().unwrap().iter();
        seen.extend(rows.map(|row| row["id"].as_str().unwrap().to_owned()));
        store.ordered().await;
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/api/orders?limit=2&cursor={next}");
    }
    assert_eq!(seen, expected);
    let cursor = path.rsplit('=').next().unwrap();
    let flip = if cursor.ends_with('A') { "B" } else { "A" };
    let forged = format!("/v1/orders?cursor={}{flip}", &cursor[..cursor.len() - 1]);
    for wrong in [
        forged,
        format!("/v1/orders?status=PAID&cursor={cursor}"),
        format!("/v1/payments?cursor={cursor}"),
        "/v1/orders?cursor=eyJpZCI6IjEyMyJ9".to_owned(),
    ] {
        let got = store.get(&wrong).await;
        assert_eq!(
            (got.status.as_u16(), got.at("/code")),
            (400, "invalid_cursor".into()),
            "{wrong}"
        );
    }
    let order = expected.first().unwrap();
    store.post(&format!("/v1/orders/{order}/cancel"), &json!({})).await;
    let canceled = store.get("/v1/orders?status=CANCELLED").await.json();
    assert_eq!(canceled["data"].as_array().unwrap().len(), 1);
    assert_eq!(canceled["data"][0]["id"], order.as_str());
    assert_eq!(store.get("/v1/orders?status=LOST").await.status, 400);
}

#[tokio::test]
async fn nobody_sees_the_orders_of_another() {
    let store = Store::new().await;
    let order = store.ordered().await;
    let made = store.app.merchant(&json!({"name": "Other", "contract": "techcorp"})).await;
    let key = made.at("/keys/test/api_key");
    let path = format!("/techcorp/v1/orders/{order}");
    let call = store.app.call(Method::GET, &path).key(&key);
    assert_eq!(call.send(Body::empty()).await.status, 404);
    let call = store.app.call(Method::POST, &format!("{path}/cancel")).key(&key);
    assert_eq!(call.json(&json!({})).await.status, 404);
    let call = store.app.call(Method::GET, "/techcorp/v1/orders").key(&key);
    assert_eq!(call.send(Body::empty()).await.at("/data"), "[]");
}
