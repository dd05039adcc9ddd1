//! What a payment cannot be: another one under the same key, a card in disguise, shared beyond what there is.

use http::Method;
use serde_json::{Value, json};

use super::{Shop, pix};

#[tokio::test]
async fn a_key_that_was_answered_by_reference_is_good_for_that_request_alone() {
    let shop = Shop::new().await;
    let mut named = pix();
    named["reference"] = "R1".into();
    let first = shop.pays(&named).await;
    let with_key = async |wish: &Value| {
        let call = shop.app.call(Method::POST, "/v1/payments").key(&shop.key);
        call.header("idempotency-key", "k2").json(wish).await
    };
    assert_eq!(with_key(&named).await.at("/id"), first);
    let mut other = pix();
    other["reference"] = "R9".into();
    let refused = with_key(&other).await;
    assert_eq!(refused.at("/code"), "idempotency_key_reused", "{}", refused.text);
    // The same request is answered so, also when the reference is free again.
    assert_eq!(shop.does(&first, "cancel", &json!({})).await, "canceled");
    assert_eq!(with_key(&named).await.at("/id"), first);
}

#[tokio::test]
async fn what_hides_a_card_is_refused_wherever_it_would_be_kept() {
    let shop = Shop::new().await;
    let number = "4242 4242 4242 4242";
    let wishes = [
        ("/v1/customers", json!({"name": number})),
        ("/v1/customers", json!({"name": "x", "metadata": {"cvv": "123"}})),
        ("/v1/customers", json!({"name": "x", "metadata": {"n": format!("a\n{number}")}})),
        (
            "/v1/endpoints",
            json!({"url": "https://x.example/", "events": ["*"], "description": number}),
        ),
        ("/v1/products", json!({"name": number})),
        ("/v1/checkouts", json!({"amount": 100, "currency": "BRL", "name": number})),
        ("/v1/checkouts", json!({"amount": 100, "currency": "BRL", "metadata": {"n": [number]}})),
        ("/v1/payouts", json!({"amount": 100, "currency": "KES", "destination": number})),
    ];
    for (path, wish) in wishes {
        let refused = shop.post(path, &wish).await;
        assert!(refused.status.is_client_error(), "{path} {wish}: {}", refused.text);
        assert!(refused.text.contains("card's"), "{path} {wish}: {}", refused.text);
    }
    let mut split = pix();
    split["split"] = json!([{"name": "A", "to": "4242424242424242", "amount": 100}]);
    assert!(shop.post("/v1/payments", &split).await.text.contains("card's"));
    for name in [String::new(), "x".repeat(1_025)] {
        split["split"] = json!([{"name": name, "to": "a@b.c", "amount": 100}]);
        let refused = shop.post("/v1/payments", &split).await;
        assert_eq!((refused.status.as_u16(), refused.at("/field")), (422, "split".into()));
    }
}

#[tokio::test]
async fn a_split_shares_what_is_left_after_the_fee() {
    let shop = Shop::new().await;
    let mut wish = pix();
    wish["fee"] = 9_000.into();
    wish["split"] = json!([{"name": "A", "to": "a@b.c", "amount": 5_000}]);
    let refused = shop.post("/v1/payments", &wish).await;
    assert!(refused.status.is_client_error(), "{}", refused.text);
    wish["split"] = json!([{"name": "A", "to": "a@b.c", "amount": 1_000}]);
    shop.pays(&wish).await;
}

#[tokio::test]
async fn an_id_that_is_no_text_is_told_in_the_shape_of_whoever_was_asked() {
    let app = crate::harness::TestApp::new().await;
    let asks = async |path: &str| app.call(Method::GET, path).send(axum::body::Body::empty()).await;
    for path in ["/v1/payments/%ff", "/v1/checkouts/%ff", "/v1/customers/%ff"] {
        assert_eq!(asks(path).await.status, 404, "{path}");
        asks(path).await.problem();
    }
    assert!(asks("/payqi/api/payments/%ff").await.json()["error"].is_object());
    for path in ["/pay/%ff", "/checkout/%ff"] {
        let page = asks(path).await;
        assert_eq!(
            (page.status.as_u16(), page.header("content-type").as_str()),
            (404, "text/html; charset=utf-8")
        );
    }
}

#[tokio::test]
async fn a_payment_that_nobody_has_time_for_or_that_has_no_part_is_refused() {
    let shop = Shop::new().await;
    for (field, value) in [
        ("expires_in", json!("0s")),
        ("expires_in", json!("1ms")),
        ("expires_in", json!("999ms")),
        ("installments", json!(0)),
        ("installments", json!(25)),
    ] {
        let mut wish = pix();
        wish[field] = value.clone();
        let refused = shop.post("/v1/payments", &wish).await;
        assert!(refused.status.is_client_error(), "{field} {value}: {}", refused.text);
        assert_eq!(refused.at("/field"), field);
    }
    let mut wish = pix();
    wish["expires_in"] = "1s".into();
    shop.pays(&wish).await;
}
