//! "100 requests per minute": what a key may ask of its platform's own API, and what it is told of it.

mod classes;

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::harness::{Got, TestApp};

/// Limit, remaining, and in how many seconds all of it is there again.
fn usage(app: &TestApp, got: &Got) -> [i64; 3] {
    let number = |name: &str| got.header(name).parse::<i64>().unwrap_or(-1);
    let now = app.app.engine().now().as_second();
    let reset = number("x-ratelimit-reset") - now;
    [number("x-ratelimit-limit"), number("x-ratelimit-remaining"), reset]
}

/// A burst of requests: how many were taken, and the answer to the last.
async fn burst(app: &TestApp, path: &str, times: usize) -> (usize, Got) {
    let mut taken = 0;
    let mut last = app.get(path).await;
    for _ in 1..times {
        taken += usize::from(last.status == 200);
        last = app.get(path).await;
    }
    (taken + usize::from(last.status == 200), last)
}

#[tokio::test]
async fn a_merchant_has_a_hundred_requests_at_once_and_gets_them_back_evenly() {
    // Given a merchant whose guide promises 100 requests a minute, and a clock that stands still
    let app = TestApp::new().await;
    let first = app.get("/payqi/api/payments").await;
    assert_eq!(usage(&app, &first), [100, 99, 1]);
    // When its key asks 119 times more in one moment
    let (taken, last) = burst(&app, "/payqi/api/payments", 119).await;
    // Then exactly the hundred were taken, and the others are told when to come back, in the platform's own shape
    assert_eq!(taken, 99);
    assert_eq!(last.status, 429);
    assert_eq!(usage(&app, &last), [100, 0, 60]);
    assert_eq!(last.header("retry-after"), "1");
    assert_eq!(last.at("/error/code"), "rate_limited");
    // And after the time that it was told, one more is taken; after half a minute, fifty
    app.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(burst(&app, "/payqi/api/payments", 5).await.0, 1);
    app.clock.advance(std::time::Duration::from_secs(30));
    assert_eq!(burst(&app, "/payqi/api/payments", 60).await.0, 50);
}

#[tokio::test]
async fn more_keys_are_no_more_requests() {
    let app = TestApp::new().await;
    let made = app.post("/v1/keys", &json!({"mode": "test"})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    burst(&app, "/payqi/api/payments", 100).await;
    let key = made.at("/key");
    let other = app.call(Method::GET, "/payqi/api/payments").key(&key).send(Body::empty()).await;
    assert_eq!(other.status, 429, "{}", other.text);
}

#[tokio::test]
async fn one_mode_takes_nothing_from_the_other_and_the_native_api_has_no_such_limit() {
    let app = TestApp::new().await;
    burst(&app, "/payqi/api/payments", 101).await;
    let live =
        app.call(Method::GET, "/payqi/api/payments").key(&app.live).send(Body::empty()).await;
    assert_eq!((live.status.as_u16(), usage(&app, &live)), (200, [100, 99, 1]));
    let native = app.get("/v1/payments").await;
    assert_eq!((native.status.as_u16(), native.header("x-ratelimit-limit")), (200, String::new()));
}

#[tokio::test]
async fn sentinelgate_says_so_in_its_own_error_and_a_wrong_key_uses_up_nothing() {
    let app = TestApp::new().await;
    let made = app.merchant(&json!({"name": "Duka", "contract": "sentinelgate"})).await;
    let ask = |secret: String| {
        let call = app.call(Method::GET, "/sentinelgate/api/payments").no_key();
        let call = call.header("X-API-Key", &made.at("/keys/test/api_key"));
        call.header("X-API-Secret", &secret).send(Body::empty())
    };
    let good = made.at("/keys/test/api_secret");
    for _ in 0..200 {
        let wrong = ask("secret_test_wrong".to_owned()).await;
        assert_eq!(
            (wrong.status.as_u16(), wrong.header("x-ratelimit-limit")),
            (401, String::new())
        );
    }
    for _ in 0..100 {
        assert_eq!(ask(good.clone()).await.status, 200);
    }
    let refused = ask(good).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.at("/error/code"), "RATE_LIMIT_EXCEEDED");
    assert_eq!(refused.at("/success"), "false");
    assert_eq!(refused.header("retry-after"), "1");
}
