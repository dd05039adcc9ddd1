//! What strangers may hold, and that it is nobody else's.

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use futures::future::{Either, join_all, select};
use futures::stream::{self, StreamExt};
use http::{Method, StatusCode};
use serde_json::json;

use super::consent::{AUTHORIZE, BACK, allowed, exchange};
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
async fn strangers_who_never_end_leave_room_for_whoever_has_something_to_say() {
    // Given strangers at many addresses, who each hold as much as they are given, with keys that nobody has
    let world = World::new().await;
    let erp = world.application(&json!({"name": "ERP"})).await;
    let many = (0..2_000).map(|nth| {
        let call = world.app.call(Method::POST, TOKEN).no_key().header("content-type", FORM);
        let call = call.header("authorization", &format!("Basic {nth}"));
        call.from(&format!("192.0.2.{}", nth % 200)).start(never_ends(4 * 1024))
    });
    // When a program asks for a token from an address of its own
    let honest = async {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let form = encoded(&[("grant_type", "client_credentials")]);
        let call = world.app.call(Method::POST, TOKEN).no_key().header("content-type", FORM);
        let call = call.header("authorization", &erp.basic()).from("198.51.100.7");
        call.send(Body::from(form)).await
    };
    let both = select(join_all(many), Box::pin(honest)).await;
    // Then it has one: no address has more of the room than is left to the others
    let Either::Right((got, many)) = both else { panic!("they never end") };
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    drop(many);
}

#[tokio::test]
async fn whoever_knows_a_public_clients_name_uses_up_nothing_of_its_users() {
    // Given a public application, whose name stands in every browser, and a user of it
    let (world, app) = World::with_user().await;
    let code = world.code(&app).await;
    let asks = |path: &str, from: &str, pairs: &[(&str, &str)]| {
        let path = format!("/techcorp/v1/auth/oauth/{path}");
        let call = world.app.call(Method::POST, &path).no_key().header("content-type", FORM);
        let own = [("client_id", app.id.as_str())];
        call.from(from).send(Body::from(encoded(&[&own, pairs].concat())))
    };
    // When a stranger asks for more than anybody may, with codes and tokens that nobody was given
    let bad = [("grant_type", "authorization_code"), ("code", "ac_test_x"), ("redirect_uri", BACK)];
    let mut refused = 0;
    for nth in 0..80 {
        let got = match nth % 2 {
            0 => asks("token", "192.0.2.1", &bad).await,
            _ => asks("revoke", "192.0.2.1", &[("token", "rt_test_x")]).await,
        };
        refused += u32::from(got.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 50, "its address has the guide's thirty");
    // Then the user's browser gets its tokens, refreshes them, and gives them up
    let first = asks("token", "198.51.100.7", &exchange(&code)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let refresh = first.at("/refresh_token");
    let again = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let second = asks("token", "198.51.100.7", &again).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.text);
    // And a token that was used before is no key to the program's requests either
    let refreshes = |from: &str, token: &str| {
        let call = world.app.call(Method::POST, REFRESH).no_key().from(from);
        call.send(Body::from(json!({"refresh_token": token}).to_string()))
    };
    let other = world.code(&app).await;
    let other = asks("token", "198.51.100.8", &exchange(&other)).await.at("/refresh_token");
    for nth in 0..40 {
        let got = refreshes(&format!("192.0.2.{}", 2 + nth % 2), &refresh).await;
        assert!(!got.status.is_success(), "{}", got.text);
    }
    let third = refreshes("198.51.100.8", &other).await;
    assert_eq!(third.status, StatusCode::OK, "{}", third.text);
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
