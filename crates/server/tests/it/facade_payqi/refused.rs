//! A request that was refused is refused again, and what is wrong with it has its own name.

use posthorn_engine::{ForcedOutcome, RailMood};
use serde_json::json;

use super::{fault, force, pay, place, ten};
use crate::harness::TestApp;

#[tokio::test]
async fn the_same_key_is_answered_with_the_same_refusal() {
    let app = TestApp::in_real_time().await;
    let mood = |mood| app.app.engine().set_rail_mood(place(&app), "xrpl", mood).unwrap();
    mood(RailMood::Down);
    let mut wish = ten();
    wish["idempotency_key"] = "order-1".into();
    let down = pay(&app, &wish).await;
    assert_eq!(down.status, 502, "{}", down.text);
    mood(RailMood::Well);
    let again = pay(&app, &wish).await;
    assert_eq!((again.status, again.text), (down.status, down.text));
    wish["idempotency_key"] = "order-2".into();
    assert_eq!(pay(&app, &wish).await.status, 201, "a new key is a new payment");
}

#[tokio::test]
async fn a_payment_that_failed_after_it_was_made_is_answered_as_it_stands() {
    let app = TestApp::in_real_time().await;
    let mut wish = ten();
    wish["idempotency_key"] = "order-1".into();
    let made = pay(&app, &wish).await;
    let fail = ForcedOutcome::Fail { code: "processing_error".to_owned() };
    force(&app, &made.at("/id"), fail).await;
    let again = pay(&app, &wish).await;
    assert_eq!((again.status.as_u16(), again.at("/status")), (200, "failed".to_owned()));
}

#[tokio::test]
async fn a_key_that_looks_like_a_card_is_blamed_by_its_own_name() {
    let app = TestApp::in_real_time().await;
    let mut wish = ten();
    wish["idempotency_key"] = json!("4111111111111111");
    let got = pay(&app, &wish).await;
    assert_eq!((got.status.as_u16(), got.at("/error/param")), (400, "idempotency_key".to_owned()));
    assert!(!fault(&got).contains("reference"), "{}", got.text);
}
