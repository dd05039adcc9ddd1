//! What a request may not say, and how that is told.

use axum::body::Body;
use http::Method;
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

#[tokio::test]
async fn two_numbers_that_a_double_cannot_tell_apart_are_not_one_order() {
    let gate = Gate::new().await;
    let create = async |path: &str, rest: &str, reference: &str| {
        let body = format!(
            r#"{{"amount_cents":10000,"provider":"MPESA_SAFARICOM",{rest}"metadata":{{"phone_number":"254712345678","order_reference":{reference}}}}}"#
        );
        let call = gate.app.call(Method::POST, &format!("/sentinelgate/api{path}")).no_key();
        let call = call.header("X-API-Key", &gate.key).header("X-API-Secret", &gate.secret);
        call.send(Body::from(body)).await
    };
    let payment = async |reference: &str| create("/payments/create", "", reference).await;
    let first = payment("9007199254740992").await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(payment("\"9007199254740992\"").await.at("/payment_id"), first.at("/payment_id"));
    for inexact in ["9007199254740993", "0.10000000000000000001", "1.0", "1e3", "-0"] {
        let payout = r#""destination":"254712345678","#;
        for got in [payment(inexact).await, create("/payouts/create", payout, inexact).await] {
            assert_eq!(got.status, 400, "{inexact}: {}", got.text);
            assert_eq!(got.at("/error/code"), "INVALID_METADATA");
            assert_eq!(got.at("/error/field"), "metadata.order_reference");
            assert!(got.at("/error/message").contains("send it as a text"), "{}", got.text);
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_object_is_told_so_and_no_type_of_ours_leaves() {
    let gate = Gate::new().await;
    let meant = json!([10000, "KES", "MPESA_SAFARICOM", {"phone_number": "254712345678"}, null]);
    let mut told = Vec::new();
    for body in [meant, json!([1]), json!("x"), json!({"amount_cents": 10000, "currency": 5})] {
        for path in ["/payments/create", "/payouts/create"] {
            let got = gate.call(Method::POST, path, &body).await;
            assert!(!got.text.contains("struct") && !got.text.contains("In with"), "{}", got.text);
            assert_eq!(got.at("/error/code"), "INVALID_REQUEST");
            told.push(format!("{} {}", got.status.as_u16(), got.at("/error/message")));
        }
    }
    told.dedup();
    insta::assert_snapshot!(told.join("\n"), @r"
    400 the body must be a JSON object; this is an array
    400 the body must be a JSON object; this is a string
    400 `currency`: must be a string; this is the number `5`, at line 1, column 34
    ");
}

#[tokio::test]
async fn what_is_wrong_with_a_card_is_blamed_on_its_own_member() {
    let gate = Gate::new().await;
    let with = |member: &str, value: Value| {
        let mut wish = card("4111111111111111");
        wish["metadata"][member] = value;
        wish
    };
    let mut none = card("4111111111111111");
    none["metadata"].as_object_mut().unwrap().remove("expiry_date");
    let mut short = none.clone();
    short["metadata"]["expiry"] = "13/30".into();
    let mut cvc = card("4111111111111111");
    cvc["metadata"].as_object_mut().unwrap().remove("cvv");
    cvc["metadata"]["cvc"] = "12".into();
    let wishes = [
        with("expiry_date", json!("13/30")),
        with("expiry_date", json!(1230)),
        none,
        short,
        with("cvv", json!("12")),
        with("cvv", json!(123)),
        cvc,
        with("card_number", json!(4_111_111_111_111_111_i64)),
        with("card_number", json!("4111111111111112")),
    ];
    let mut told = Vec::new();
    for wish in wishes {
        let got = gate.create(&wish).await;
        let [code, field] = ["code", "field"].map(|name| got.at(&format!("/error/{name}")));
        told.push(format!("{} {code} {field}", got.status.as_u16()));
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    400 INVALID_CARD metadata.expiry_date
    400 INVALID_CARD metadata.expiry_date
    400 INVALID_CARD metadata.expiry_date
    400 INVALID_CARD metadata.expiry
    400 INVALID_CARD metadata.cvv
    400 INVALID_CARD metadata.cvv
    400 INVALID_CARD metadata.cvc
    400 INVALID_CARD metadata.card_number
    400 INVALID_CARD metadata.card_number
    ");
}
