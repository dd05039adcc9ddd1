//! Batches of TechCorp's orders, products and users: each item for itself, and the whole but once.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Got, TestApp};

async fn store() -> TestApp {
    let mut app = TestApp::new().await;
    let made = app.merchant(&json!({"name": "Store", "contract": "techcorp"})).await;
    app.test = made.at("/keys/test/api_key");
    app
}

async fn batch(app: &TestApp, what: &str, items: &Value) -> Got {
    app.post(&format!("/techcorp/v1/{what}/batch"), items).await
}

async fn all(app: &TestApp, what: &str) -> Vec<Value> {
    let got = app.get(&format!("/techcorp/v1/{what}?limit=100")).await;
    got.json()["data"].as_array().unwrap_or_else(|| panic!("{}", got.text)).clone()
}

#[tokio::test]
async fn a_batch_makes_and_changes_in_its_order_and_a_bad_item_is_refused_alone() {
    let app = store().await;
    let known = app.post("/techcorp/products", &json!({"name": "Old", "price": 5})).await.at("/id");
    let items = json!({"data": [
        {"name": "Keyboard", "price": 299.9},
        {"id": known, "price": 6, "stock": 3},
        {"name": "Mouse", "price": 1.005},
        {"name": "Monitor", "price": 900, "color": "black"},
        7,
        {"id": "prod_nobody", "price": 1},
        {"id": known, "stock": 2},
    ]});
    let got = batch(&app, "products", &items).await;
    assert_eq!(got.status, 200, "{}", got.text);
    assert_eq!(
        (got.at("/data/0/name"), got.at("/data/0/price")),
        ("Keyboard".into(), "299.9".into())
    );
    assert_eq!((got.at("/data/1/price"), got.at("/data/1/stock")), ("6".into(), "3".into()));
    let codes: Vec<String> =
        (2..6).map(|item| got.at(&format!("/data/{item}/error/code"))).collect();
    assert_eq!(codes, ["invalid_field", "unknown_field", "invalid_field", "not_found"]);
    assert_eq!(got.at("/data/3/error/field"), "color");
    assert_eq!(got.at("/data/6/stock"), "2", "after what stood before it");
    let names: Vec<Value> =
        all(&app, "products").await.iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["Keyboard", "Old"]);
    let told = app.get("/v1/events?type=product.updated").await.json();
    assert_eq!(told["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn orders_and_users_come_in_batches_too_bare_or_not() {
    let app = store().await;
    let order = json!({"items": [{"product_id": "p", "quantity": 2, "price": 1.5}]});
    let got = batch(&app, "orders", &json!([order, order])).await;
    assert_eq!((got.at("/data/0/total"), got.at("/data/1/status")), ("3".into(), "PENDING".into()));
    let changed = json!([{"id": got.at("/data/0/id"), "description": "Presente"}]);
    assert_eq!(batch(&app, "orders", &changed).await.at("/data/0/description"), "Presente");
    let users = json!({"data": [
        {"email": "ana@example.com", "name": "Ana"},
        {"email": "ANA@example.com", "name": "Another"},
        {"email": "bia@example.com", "name": "Bia"},
    ]});
    let got = batch(&app, "users", &users).await;
    assert_eq!(got.at("/data/1/error/status"), "409");
    assert_eq!(all(&app, "users").await.len(), 2);
    let kinds: Vec<Value> = app.get("/v1/events").await.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["type"].clone())
        .collect();
    assert_eq!(kinds, ["user.created", "user.created", "order.created", "order.created"]);
}

#[tokio::test]
async fn a_batch_repeated_under_its_key_makes_nothing_twice() {
    let app = store().await;
    let send = async |items: &Value| {
        let call = app.call(Method::POST, "/techcorp/v1/products/batch");
        call.header("idempotency-key", "sync-7").json(items).await
    };
    let items = json!([{"name": "A", "price": 1}, {"name": "B", "price": "dear"}, {"name": "C", "price": 1}]);
    let first = send(&items).await;
    let again = send(&items).await;
    assert_eq!(first.status, 200);
    for item in [0, 2] {
        let id = format!("/data/{item}/id");
        assert_eq!(first.at(&id), again.at(&id));
    }
    assert_eq!(all(&app, "products").await.len(), 2);
    // What was changed since is not changed back by it.
    let id = first.at("/data/0/id");
    let change = json!([{"id": id, "stock": 5}]);
    let changes = async || {
        let call = app.call(Method::POST, "/techcorp/v1/products/batch");
        call.header("idempotency-key", "sync-8").json(&change).await
    };
    assert_eq!(changes().await.at("/data/0/stock"), "5");
    app.patch(&format!("/techcorp/products/{id}"), &json!({"stock": 3})).await;
    assert_eq!(changes().await.at("/data/0/stock"), "3");
    let other = send(&json!([{"id": id, "stock": 9}, {"name": "D", "price": 1}])).await;
    assert_eq!((other.status.as_u16(), other.at("/code")), (422, "idempotency_key_reused".into()));
    assert_eq!(all(&app, "products").await.len(), 2);
    assert_eq!(app.get(&format!("/techcorp/products/{id}")).await.at("/stock"), "3");
}

#[tokio::test]
async fn a_batch_has_a_hundred_items_and_says_where_one_is_wrong() {
    let app = store().await;
    let item = json!({"name": "A", "price": 1});
    let full = batch(&app, "products", &Value::Array(vec![item.clone(); 100])).await;
    assert_eq!(full.json()["data"].as_array().unwrap().len(), 100);
    let over = batch(&app, "products", &json!({"data": vec![item; 101]})).await;
    assert!(
        over.problem().starts_with(
            "400 invalid_field [data] `data`: more than 100 items; send them in two batches"
        ),
        "{}",
        over.problem()
    );
    assert_eq!(all(&app, "products").await.len(), 100);
    let text = "[{\"name\": \"A\", \"price\": 1},\n {\"name\": 7, \"price\": 1}]";
    let got = app.call(Method::POST, "/techcorp/products/batch").send(text.into()).await;
    assert!(got.at("/data/1/error/detail").contains("line 2, column"), "{}", got.text);
    let limits = app.get("/techcorp/v1/products?limit=1").await;
    assert_eq!(limits.status, 200);
    let writes = batch(&app, "products", &json!([])).await;
    assert_eq!(writes.header("x-ratelimit-remaining"), "26", "a batch is one request");
}
