//! One key, one reference, one payment.

use http::{Method, StatusCode};
use serde_json::json;

use super::{Shop, pix};
use crate::checkouts;

#[tokio::test]
async fn a_key_and_a_reference_make_one_payment() {
    let shop = Shop::new().await;
    let call = || shop.app.call(Method::POST, "/v1/payments").key(&shop.key);
    let first = call().header("idempotency-key", "k1").json(&pix()).await;
    let again = call().header("idempotency-key", "k1").json(&pix()).await;
    assert_eq!(again.json(), first.json());
    assert_eq!(again.header("idempotent-replayed"), "true");
    let mut named = pix();
    named["reference"] = "order-1".into();
    let id = shop.pays(&named).await;
    assert_ne!(id, first.at("/id"));
    assert_eq!(shop.pays(&named).await, id);
    named["amount"] = 1.into();
    let refused = shop.post("/v1/payments", &named).await;
    assert_eq!((refused.status.as_u16(), refused.at("/code")), (409, "reference_in_use".into()));
    let (mut other, reference) = (pix(), "order-1");
    (other["method"], other["reference"]) = ("boleto".into(), reference.into());
    let refused = shop.post("/v1/payments", &other).await;
    assert_eq!((refused.status.as_u16(), refused.at("/code")), (409, "reference_in_use".into()));
    assert!(refused.at("/detail").contains("by pix"), "{}", refused.text);
    // What can no longer be paid gives its reference up.
    assert_eq!(shop.does(&id, "cancel", &json!({})).await, "canceled");
    assert_ne!(shop.pays(&named).await, id);
}

#[tokio::test]
async fn who_comes_again_after_money_came_late_is_not_asked_to_pay_once_more() {
    let shop = Shop::new().await;
    let succeed = json!({"outcome": "succeed"});
    let named = |name: &str| {
        let mut wish = pix();
        wish["reference"] = name.into();
        wish
    };
    // Nobody came again while it was expired: whoever does now is answered with what was paid.
    let alone = shop.pays(&named("alone")).await;
    assert_eq!(shop.does(&alone, "force", &json!({"outcome": "expire"})).await, "expired");
    assert_eq!(shop.does(&alone, "force", &succeed).await, "succeeded");
    assert_eq!(shop.pays(&named("alone")).await, alone, "not to be paid a second time");
    // Somebody did: the reference is the newer one's, and stays that.
    let first = shop.pays(&named("twice")).await;
    assert_eq!(shop.does(&first, "force", &json!({"outcome": "expire"})).await, "expired");
    let second = shop.pays(&named("twice")).await;
    assert_ne!(second, first);
    assert_eq!(shop.does(&first, "force", &succeed).await, "succeeded");
    assert_eq!(shop.pays(&named("twice")).await, second);
    // Until that one can no longer be paid: what was paid is all there is.
    assert_eq!(shop.does(&second, "cancel", &json!({})).await, "canceled");
    assert_eq!(shop.pays(&named("twice")).await, first);
    let mut dearer = named("twice");
    dearer["amount"] = 20_000.into();
    let other = shop.post("/v1/payments", &dearer).await;
    assert_eq!(
        (other.status, other.at("/code")),
        (StatusCode::CONFLICT, "reference_in_use".into())
    );
    let control = shop.post("/v1/payments", &named("a\u{1}b")).await;
    assert_eq!((control.status.as_u16(), control.at("/field")), (422, "reference".into()));
}

#[tokio::test]
async fn a_payout_that_failed_gives_its_reference_up_and_its_key_is_kept_by_whoever_was_answered() {
    let shop = Shop::new().await;
    shop.earns(10_000).await;
    let wish = |to: &str| json!({"amount": 1_000, "currency": "KES", "destination": to, "provider": "bank", "reference": "salary"});
    let made = async |to: &str, key: &str| {
        let call = shop.app.call(Method::POST, "/v1/payouts").key(&shop.key);
        call.header("idempotency-key", key).json(&wish(to)).await
    };
    let minute = json!({"advance": "1m"});
    let failed = made("fail", "p1").await.at("/id");
    shop.post("/v1/sandbox/clock", &minute).await;
    let second = made("0123456789", "p2").await;
    assert_eq!(second.status, StatusCode::CREATED, "{}", second.text);
    assert_ne!(second.at("/id"), failed);
    assert_eq!(made("0123456789", "p3").await.at("/id"), second.at("/id"), "on its way");
    let elsewhere = made("9876543210", "p4").await;
    assert_eq!(elsewhere.status, StatusCode::CONFLICT, "{}", elsewhere.text);
    shop.post("/v1/sandbox/clock", &minute).await;
    for key in ["p2", "p3", "p5"] {
        assert_eq!(made("0123456789", key).await.at("/id"), second.at("/id"), "{key}: sent");
    }
    assert_eq!(made("fail", "p1").await.at("/id"), failed, "the same request has the same answer");
    assert_eq!(shop.proof().await["holds"], true);
}

#[tokio::test]
async fn the_same_request_is_answered_with_its_payment_whatever_became_of_what_it_was_made_for() {
    let shop = checkouts::Shop::speaking("standard").await;
    let pay = async |key: &str, wish: &serde_json::Value| {
        let call = shop.app.call(Method::POST, "/v1/payments");
        call.header("idempotency-key", key).json(wish).await
    };
    // An offer whose price has changed in between
    let by_offer =
        json!({"offer": shop.offer, "method": "pix", "amount": 10_000, "currency": "BRL"});
    let first = pay("k1", &by_offer).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let offer = format!("/v1/offers/{}", shop.offer);
    assert_eq!(shop.app.patch(&offer, &json!({"price": 12_000})).await.status, 200);
    let again = pay("k1", &by_offer).await;
    assert_eq!((again.status, again.at("/id")), (first.status, first.at("/id")));
    assert_eq!(again.header("idempotent-replayed"), "true");
    // A key of another request is refused as such, and a new one is asked for what it costs now
    assert_eq!(pay("k2", &by_offer).await.at("/field"), "amount");
    let other = json!({"offer": "off_unknown", "method": "pix"});
    assert_eq!(pay("k1", &other).await.at("/code"), "idempotency_key_reused");
}
