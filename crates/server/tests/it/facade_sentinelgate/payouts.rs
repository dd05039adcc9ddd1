//! What goes out again: "Create a payout", "Get payout status".

use http::Method;
use posthorn_engine::RailMood;
use serde_json::{Value, json};

use super::{Gate, mpesa};

fn payout(minor: i64) -> Value {
    json!({
        "amount_cents": minor,
        "currency": "KES",
        "provider": "MPESA_SAFARICOM",
        "destination": "254712345678",
    })
}

#[tokio::test]
async fn a_payout_takes_what_is_there_and_no_more() {
    let gate = Gate::new().await;
    let body = payout(6000);
    let short = gate.call(Method::POST, "/payouts/create", &body).await;
    assert_eq!(
        (short.status.as_u16(), short.at("/error/code").as_str()),
        (402, "INSUFFICIENT_FUNDS")
    );
    gate.create(&mpesa("254712345678", None)).await;
    gate.advance("5s").await;
    let made = gate.call(Method::POST, "/payouts/create", &body).await;
    assert_eq!((made.status.as_u16(), made.at("/status").as_str()), (200, "PENDING"));
    let again = gate.call(Method::POST, "/payouts/create", &body).await;
    assert_eq!(again.status, 402, "what is on its way is not there any more");
    gate.advance("5s").await;
    let id = made.at("/payout_id");
    assert!(id.starts_with("pyt_"), "{id}");
    assert_eq!(gate.get(&format!("/payouts/{id}")).await.at("/status"), "COMPLETED");
    let balance = gate.app.get("/v1/balance").await.json();
    assert_eq!(balance["balances"]["KES"]["merchant_available"], 4000);
}

#[tokio::test]
async fn a_payout_whose_provider_is_down_is_a_502_and_its_money_is_there_again() {
    let gate = Gate::new().await;
    gate.create(&mpesa("254712345678", None)).await;
    gate.advance("5s").await;
    gate.mood("MPESA_SAFARICOM", RailMood::Down);
    let down = gate.call(Method::POST, "/payouts/create", &payout(6000)).await;
    assert_eq!((down.status.as_u16(), down.at("/error/code").as_str()), (502, "PROVIDER_ERROR"));
    assert_eq!(down.at("/error/field"), "provider");
    let balance = gate.app.get("/v1/balance").await.json();
    assert_eq!(balance["balances"]["KES"]["merchant_available"], 10000);
    gate.mood("MPESA_SAFARICOM", RailMood::Well);
    let sent = gate.call(Method::POST, "/payouts/create", &payout(6000)).await;
    assert_eq!((sent.status.as_u16(), sent.at("/status").as_str()), (200, "PENDING"));
}
