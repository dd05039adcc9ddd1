//! What strangers may hold, and that it is nobody else's.

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use futures::future::{Either, join_all, select};
use futures::stream::{self, StreamExt};
use http::{Method, StatusCode};
use serde_json::json;

use super::consent::{AUTHORIZE, allowed};
use super::world::{FORM, World, encoded};
use crate::harness::ADMIN;

const REFRESH: &str = "/techcorp/v1/auth/refresh";
const TOKEN: &str = "/techcorp/v1/auth/oauth/token";

/// So much of a body, and nothing more for ever.
fn never_ends(bytes: usize) -> Body {
    let first = stream::iter([Ok::<_, Infallible>(Bytes::from(vec![b' '; bytes]))]);
    Body::from_stream(first.chain(stream::pending()))
}

#[tokio::test]
async fn strangers_fill_their_own_room_and_cost_callers_with_a_key_nothing() {
    let (world, _) = World::with_user().await;
    let many = (0..640).map(|nth| {
        let path = if nth % 2 == 0 { REFRESH } else { TOKEN };
        let bytes = if nth < 40 { 1024 * 1024 } else { 4 * 1024 };
        let call = world.app.call(Method::POST, path).no_key().header("content-type", FORM);
        // A key that nobody has looked at gives nobody a room of his own.
        let call = call.header("authorization", &format!("Bearer {nth}"));
        call.from(&format!("192.0.2.{}", nth % 250)).start(never_ends(bytes))
    });
    let others = async {
        let order = json!({"order_id": "o-1", "amount": 1_000, "method": "pix"});
        world.call(Method::POST, "/v1/payments/process", &world.test).json(&order).await
    };
    let both = select(join_all(many), Box::pin(others)).await;
    let Either::Right((paid, many)) = both else { panic!("they never end") };
    assert_eq!(paid.status, StatusCode::CREATED, "{}", paid.text);
    let metrics = world.anonymous("/metrics").await.text;
    assert!(
        metrics.contains("bounds_reached_total{bound=\"request_bodies\"}"),
        "their room is full"
    );
    drop(many);
}

#[tokio::test]
async fn a_strangers_body_is_small_and_the_page_says_so_in_its_own_way() {
    let (world, app) = World::with_user().await;
    let long = json!({"refresh_token": "x".repeat(5_000)});
    let got = world.app.call(Method::POST, REFRESH).no_key().json(&long).await;
    assert_eq!((got.status, got.at("/code")), (StatusCode::PAYLOAD_TOO_LARGE, "too_large".into()));
    let long = format!("{}&x={}", encoded(&allowed(&app)), "x".repeat(17_000));
    let call = world.app.call(Method::POST, AUTHORIZE).no_key().header("content-type", FORM);
    let got = call.header("accept-language", "en").send(Body::from(long)).await;
    assert_eq!(got.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", got.text);
    assert!(got.text.contains("lang=\"en\"") && got.text.contains("is not valid"), "{}", got.text);
    let metrics = world.anonymous("/metrics").await.text;
    assert!(metrics.contains("code=\"too_large\"} 2"), "{metrics}");
}

#[tokio::test]
async fn a_strangers_body_comes_soon_or_not_at_all() {
    let world = World::new().await;
    let slow = [REFRESH, TOKEN, AUTHORIZE].map(|path| {
        let call = world.app.call(Method::POST, path).no_key().header("content-type", FORM);
        call.send(never_ends(10))
    });
    let now = || world.app.app.engine().now();
    let began = now();
    for got in join_all(slow).await {
        assert_eq!(got.status, StatusCode::REQUEST_TIMEOUT, "{}", got.text);
    }
    let took = now().duration_since(began);
    assert!(took.as_secs() < 10, "{took:?}");
}

#[tokio::test]
async fn a_refresh_is_let_in_as_every_other_request_of_its_merchant_is() {
    let (world, app) = World::with_user().await;
    let got = world.exchange(&app, &world.code(&app).await).await;
    let merchant =
        world.app.call(Method::GET, "/v1/merchants").key(ADMIN).send(Body::empty()).await;
    let merchant = merchant.json()["data"].as_array().unwrap().iter().find_map(|one| {
        (one["contract"] == "techcorp").then(|| one["id"].as_str().unwrap().to_owned())
    });
    let path = format!("/v1/merchants/{}", merchant.unwrap());
    let call = world.app.call(Method::PATCH, &path).key(ADMIN);
    let moved = call.json(&json!({"contract": "payqi"})).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    let refused = world.refreshes(&got.at("/refresh_token")).await;
    assert_eq!(refused.at("/error"), "unauthorized_client", "{}", refused.text);
    let call = world.app.call(Method::PATCH, &path).key(ADMIN);
    assert_eq!(call.json(&json!({"contract": "techcorp"})).await.status, StatusCode::OK);
    let refreshed = world.refreshes(&got.at("/refresh_token")).await;
    assert_eq!(refreshed.status, StatusCode::OK, "it was not spent: {}", refreshed.text);
}
