//! What a request may not say, and how that is told.

use serde_json::{Value, json};

use super::{Gate, card, mpesa};

#[tokio::test]
async fn a_reference_that_is_a_number_is_one_and_anything_else_is_refused() {
    let gate = Gate::new().await;
    let with = |reference: Value| {
        let mut wish = mpesa("254712345678", None);
        wish["metadata"]["order_reference"] = reference;
        wish
    };
    let first = gate.create(&with(json!(12345))).await.at("/payment_id");
    assert_eq!(gate.create(&with(json!(12345))).await.at("/payment_id"), first);
    assert_eq!(gate.create(&with(json!("12345"))).await.at("/payment_id"), first);
    for other in [json!(true), json!({"a": 1}), json!([1])] {
        let refused = gate.create(&with(other)).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert_eq!(refused.at("/error/code"), "INVALID_METADATA");
        assert_eq!(refused.at("/error/field"), "metadata.order_reference");
    }
}

#[tokio::test]
async fn no_security_code_is_kept_however_its_member_is_called() {
    let gate = Gate::new().await;
    for member in ["cvv2", "CVV", "card_cvv", "security-code"] {
        let mut wish = card("4111111111111111");
        wish["metadata"]["deep"] = json!([{member: "123"}]);
        let refused = gate.create(&wish).await;
        assert_eq!(refused.status, 400, "{member}: {}", refused.text);
        assert_eq!(refused.at("/error/field"), "metadata");
    }
}

#[tokio::test]
async fn a_currency_that_its_provider_does_not_take_is_named_as_such() {
    let gate = Gate::new().await;
    let mut wish = mpesa("254712345678", None);
    wish["currency"] = json!("USD");
    let refused = gate.create(&wish).await;
    assert_eq!(
        (refused.status.as_u16(), refused.at("/error/code")),
        (400, "INVALID_CURRENCY".to_owned())
    );
    assert_eq!(refused.at("/error/field"), "currency");
    assert!(refused.text.starts_with(r#"{"success":false,"error":{"code":"#), "{}", refused.text);
}
