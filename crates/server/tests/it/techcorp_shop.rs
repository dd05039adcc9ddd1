//! Products and users on TechCorp's own API.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Got, TestApp};

async fn store() -> TestApp {
    let mut app = TestApp::new().await;
    let made = app.merchant(&json!({"name": "Store", "contract": "techcorp"})).await;
    app.test = made.at("/keys/test/api_key");
    app.live = made.at("/keys/live/api_key");
    app
}

async fn told(app: &TestApp, kind: &str) -> Vec<Value> {
    let got = app.get(&format!("/v1/events?type={kind}")).await.json();
    let mut said = Vec::new();
    for row in got["data"].as_array().unwrap_or_else(|| panic!("{got}")) {
        let path = format!("/v1/events/{}", row["id"].as_str().unwrap());
        said.insert(0, app.get(&path).await.json()["data"].clone());
    }
    said
}

fn refused(got: &Got) -> (u16, String) {
    (got.status.as_u16(), got.at("/field"))
}

#[tokio::test]
async fn a_product_is_kept_and_each_change_of_it_is_told_once() {
    let app = store().await;
    let draft = json!({"name": "Mechanical keyboard", "sku": "KB-1", "price": 299.90, "stock": 12});
    let made = app.post("/techcorp/products", &draft).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(
        (made.at("/price"), made.at("/currency"), made.at("/status")),
        ("299.9".into(), "BRL".into(), "ACTIVE".into())
    );
    let path = format!("/techcorp/v1/products/{}", made.at("/id"));
    assert_eq!(app.get(&path).await.json(), made.json());
    assert_eq!(told(&app, "product.updated").await, Vec::<Value>::new());
    let change = json!({"stock": 11, "price": 250, "status": "INACTIVE"});
    let changed = app.patch(&path, &change).await;
    assert_eq!((changed.at("/stock"), changed.at("/status")), ("11".into(), "INACTIVE".into()));
    assert_eq!(app.patch(&path, &change).await.status, 200, "it is as it was");
    let said = told(&app, "product.updated").await;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["product_id"], made.at("/id"));
    assert_eq!((&said[0]["price"], &said[0]["stock"]), (&json!(250), &json!(11)));
    assert_eq!(app.get("/techcorp/products?limit=1").await.at("/data/0/sku"), "KB-1");
}

#[tokio::test]
async fn what_is_no_product_is_refused_by_its_field() {
    let app = store().await;
    for (draft, field) in [
        (json!({"name": "", "price": 1}), "name"),
        (json!({"name": "x", "price": 1.005}), "price"),
        (json!({"name": "x", "price": -1}), "price"),
        (json!({"name": "x", "price": 1, "currency": "DOGE"}), "currency"),
        (json!({"name": "x", "price": 1, "status": "GONE"}), "status"),
        (json!({"name": "x", "price": 1, "stock": -1}), "stock"),
        (json!({"name": "4242 4242 4242 4242", "price": 1}), "name"),
    ] {
        let got = app.post("/techcorp/v1/products", &draft).await;
        let (status, named) = refused(&got);
        assert!(matches!(status, 400 | 422) && named == field, "{}", got.text);
    }
}

#[tokio::test]
async fn a_user_is_registered_once_and_told_of_when_made_and_changed() {
    let app = store().await;
    let draft = json!({"email": "Joao@example.com", "name": "João Silva"});
    let made = app.post("/techcorp/v1/users", &draft).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let again =
        app.post("/techcorp/v1/users", &json!({"email": "joao@EXAMPLE.com", "name": "J"})).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text);
    let call = app.call(Method::POST, "/techcorp/v1/users").key(&app.live);
    assert_eq!(call.json(&draft).await.status, StatusCode::CREATED, "live users are others");
    let path = format!("/techcorp/v1/users/{}", made.at("/id"));
    let changed = app.patch(&path, &json!({"name": "João da Silva"})).await;
    assert_eq!(changed.at("/name"), "João da Silva");
    let (created, updated) = (told(&app, "user.created").await, told(&app, "user.updated").await);
    assert_eq!((created.len(), updated.len()), (1, 1));
    let id = made.at("/id");
    let expected = json!({"user_id": id, "email": "Joao@example.com", "name": "João da Silva"});
    assert_eq!(updated[0], expected);
}

#[tokio::test]
async fn a_user_does_not_take_the_address_of_another_by_a_change() {
    let app = store().await;
    let users = "/techcorp/v1/users";
    app.post(users, &json!({"email": "ana@example.com", "name": "Ana"})).await;
    let made = app.post(users, &json!({"email": "bia@example.com", "name": "Bia"})).await;
    let path = format!("{users}/{}", made.at("/id"));
    let taken = app.patch(&path, &json!({"email": "ANA@example.com"})).await;
    assert_eq!(taken.status, StatusCode::CONFLICT, "{}", taken.text);
    assert_eq!(app.get(&path).await.at("/email"), "bia@example.com");
    assert_eq!(told(&app, "user.updated").await, Vec::<Value>::new());
    let moved = app.patch(&path, &json!({"email": "beatriz@example.com"})).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    let free = app.post(users, &json!({"email": "bia@example.com", "name": "Another"})).await;
    assert_eq!(free.status, StatusCode::CREATED, "{}", free.text);
    for email in ["", "nobody", "a b@example.com", "@example.com", "a@"] {
        let got = app.post(users, &json!({"email": email, "name": "x"})).await;
        assert_eq!(refused(&got), (400, "email".into()), "{email}: {}", got.text);
    }
    let page = app.get(&format!("{users}?limit=2")).await;
    assert_eq!(page.at("/data/0/email"), "bia@example.com");
    let rest = app.get(&format!("{users}?limit=2&cursor={}", page.at("/next_cursor"))).await;
    assert_eq!(
        (rest.at("/data/0/email"), rest.at("/next_cursor")),
        ("ana@example.com".into(), "null".into())
    );
}
