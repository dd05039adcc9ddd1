//! The same request once more, and a provider that cannot be reached.

use http::{Method, StatusCode};
use posthorn_core::event::Mode;
use posthorn_engine::RailMood;
use serde_json::json;

use super::{Loja, fault, wish};
use crate::harness::TestApp;

#[tokio::test]
async fn the_same_idempotency_key_makes_one_charge() {
    let loja = Loja::new().await;
    let charge = || loja.call(Method::POST, "/api/charges").header("idempotency-key", "k1");
    let first = charge().json(&wish()).await;
    assert_eq!(charge().json(&wish()).await.at("/id"), first.at("/id"));
    let other = charge().json(&json!({"valor": 1})).await;
    assert_eq!(fault(&other), "422 chave_reutilizada Idempotency-Key");
}

#[tokio::test]
async fn the_same_request_is_answered_with_its_charge_whatever_became_of_its_checkout() {
    let loja = Loja::new().await;
    let checkout = loja.post("/api/checkouts", &json!({"valor": 100.50})).await.at("/id");
    let mut wish = wish();
    wish["checkout_id"] = checkout.as_str().into();
    wish["valor"] = 100.50.into();
    let charge = async |key: &str, wish: &serde_json::Value| {
        loja.call(Method::POST, "/api/charges").header("idempotency-key", key).json(wish).await
    };
    let first = charge("k1", &wish).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    let again = charge("k1", &wish).await;
    assert_eq!((again.status, again.at("/id")), (StatusCode::CREATED, first.at("/id")));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(first.header("idempotent-replayed"), "");
    // Another request under its key is told so, before anything of it is looked at.
    let other = json!({"valor": 1, "checkout_id": "co_unknown"});
    let refused = charge("k1", &other).await;
    assert_eq!(fault(&refused), "422 chave_reutilizada Idempotency-Key");
    assert!(refused.at("/erro/mensagem").contains("outra requisição"), "{}", refused.text);
}

#[tokio::test]
async fn a_key_whose_request_is_being_carried_out_says_to_try_again() {
    let loja = Loja::over(TestApp::new().await).await;
    let charge = || loja.call(Method::POST, "/api/charges").header("idempotency-key", "k1");
    let clock = loja.app.call(Method::POST, "/v1/sandbox/clock").header("idempotency-key", "k1");
    let advance = json!({"advance": "1h"});
    let first = clock.json(&advance);
    futures::pin_mut!(first);
    assert!(futures::poll!(&mut first).is_pending(), "the clock stands still, so it waits");
    let busy = charge().json(&wish()).await;
    assert_eq!(fault(&busy), "409 chave_em_uso Idempotency-Key");
    assert_eq!(busy.header("retry-after"), "1");
    assert!(busy.at("/erro/mensagem").contains("tente de novo"), "{}", busy.text);
}

#[tokio::test]
async fn a_provider_that_is_down_is_a_502_and_so_is_the_same_request_again() {
    let loja = Loja::new().await;
    let mood = |mood| {
        let place = (loja.merchant, Mode::Test);
        loja.app.app.engine().set_rail_mood(place, "efi", mood).unwrap();
    };
    mood(RailMood::Down);
    let charge = async |key: &str| {
        loja.call(Method::POST, "/api/charges").header("idempotency-key", key).json(&wish()).await
    };
    let down = charge("k1").await;
    assert_eq!(fault(&down), "502 provedor_indisponivel -");
    assert!(down.at("/erro/mensagem").contains("nada foi cobrado"), "{}", down.text);
    mood(RailMood::Well);
    assert_eq!(charge("k1").await.text, down.text);
    assert_eq!(charge("k2").await.status, StatusCode::CREATED);
}
