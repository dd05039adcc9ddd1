//! What TechCorp's orders, products and users are found by: `?q=`.

use serde_json::{Value, json};

use crate::harness::TestApp;

async fn store() -> TestApp {
    let mut app = TestApp::in_real_time().await;
    let made = app.merchant(&json!({"name": "Store", "contract": "techcorp"})).await;
    app.test = made.at("/keys/test/api_key");
    app
}

async fn made(app: &TestApp, what: &str, draft: Value) -> String {
    let got = app.post(&format!("/techcorp/v1/{what}"), &draft).await;
    assert_eq!(got.status, 201, "{}", got.text);
    got.at("/id")
}

async fn found(app: &TestApp, query: &str) -> Vec<String> {
    let got = app.get(&format!("/techcorp/v1/{query}")).await;
    assert_eq!(got.status, 200, "{}", got.text);
    let rows = got.json()["data"].as_array().unwrap().clone();
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn order(name: &str, product: &str) -> Value {
    json!({
        "items": [{"product_id": "p-1", "name": product, "quantity": 1, "price": 299.9}],
        "customer": {"name": name, "email": "cliente@example.com"},
    })
}

#[tokio::test]
async fn an_order_is_found_by_its_buyer_its_items_and_how_it_was_sent() {
    let app = store().await;
    let joao = made(&app, "orders", order("João Silva", "Teclado mecânico")).await;
    let ana = made(&app, "orders", order("Ana Silva", "Monitor")).await;
    assert_eq!(found(&app, "orders?q=silva").await, [ana.clone(), joao.clone()]);
    assert_eq!(found(&app, "orders?q=JOAO%20tecl").await, [joao.as_str()]);
    assert_eq!(found(&app, "orders?q=joao+monitor").await, Vec::<String>::new());
    let paid = json!({"order_id": joao, "amount": 29990, "method": "pix"});
    app.post("/techcorp/v1/payments/process", &paid).await;
    app.post("/v1/sandbox/clock", &json!({"advance": "10s"})).await;
    let sent = json!({"carrier": "Correios", "tracking_code": "BR123456789"});
    let shipped = app.post(&format!("/techcorp/v1/orders/{joao}/ship"), &sent).await;
    assert_eq!(shipped.status, 200, "{}", shipped.text);
    assert_eq!(found(&app, "orders?q=br1234").await, [joao.as_str()]);
    assert_eq!(found(&app, "orders?q=silva&status=SHIPPED").await, [joao.as_str()]);
    assert_eq!(found(&app, "orders?q=silva&status=PENDING").await, [ana.as_str()]);
}

#[tokio::test]
async fn products_and_users_are_found_as_they_are_now() {
    let app = store().await;
    let draft = json!({"name": "Mechanical keyboard", "sku": "KB-77", "price": 299.9});
    let product = made(&app, "products", draft).await;
    let draft = json!({"email": "joao@example.com", "name": "João"});
    let user = made(&app, "users", draft).await;
    assert_eq!(found(&app, "products?q=kb-77").await, [product.as_str()]);
    assert_eq!(found(&app, "users?q=joao@example.com").await, [user.as_str()]);
    assert_eq!(found(&app, "users?q=keyboard").await, Vec::<String>::new());
    app.patch(&format!("/techcorp/products/{product}"), &json!({"sku": "KB-78"})).await;
    assert_eq!(found(&app, "products?q=kb-77").await, Vec::<String>::new());
    assert_eq!(found(&app, "products?q=kb-78").await, [product.as_str()]);
}

#[tokio::test]
async fn what_is_found_comes_in_pages_and_a_cursor_fits_its_own_question_alone() {
    let app = store().await;
    let mut all = Vec::new();
    for number in 0..5 {
        let draft = json!({"name": format!("Keyboard {number}"), "price": 1});
        all.insert(0, made(&app, "products", draft).await);
    }
    let page = app.get("/techcorp/v1/products?q=keyboard&limit=3").await;
    let cursor = page.at("/next_cursor");
    made(&app, "products", json!({"name": "Keyboard, new", "price": 1})).await;
    let rest = found(&app, &format!("products?q=keyboard&limit=3&cursor={cursor}")).await;
    assert_eq!(rest, all[3..]);
    let other = app.get(&format!("/techcorp/v1/products?q=mouse&limit=3&cursor={cursor}")).await;
    assert_eq!(
        other.problem(),
        "400 invalid_cursor [cursor] this `cursor` is not one of this list with these filters; pass `next_cursor` of the page before with the same parameters, or leave it out to begin anew"
    );
}

#[tokio::test]
async fn a_search_has_words_and_counts_as_one() {
    let app = store().await;
    for (query, said) in [
        ("orders?q=", "400 invalid_parameter [q] `q`: must have a letter or a digit to look for"),
        (
            "users?q=%20-",
            "400 invalid_parameter [q] `q`: must have a letter or a digit to look for",
        ),
        (
            "products?q=a+b+c+d+e+f+g+h+i+j+k",
            "400 invalid_parameter [q] `q`: must have at most 10 words",
        ),
    ] {
        let got = app.get(&format!("/techcorp/v1/{query}")).await;
        assert_eq!(got.problem(), said);
    }
    let got = app.get("/techcorp/v1/orders?q=silva").await;
    assert_eq!(
        (got.header("x-ratelimit-limit"), got.header("x-ratelimit-remaining")),
        ("60".into(), "56".into())
    );
}
