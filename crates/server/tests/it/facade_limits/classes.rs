//! "What is the API rate limit?": TechCorp's four classes, and the strictest that applies.

use axum::body::Body;
use http::Method;
use serde_json::json;

use super::usage;
use crate::harness::{ADMIN, Got, TestApp};

/// A merchant who speaks TechCorp's contract, on a clock that stands still.
struct Store {
    app: TestApp,
    id: String,
    key: String,
    page: String,
}

impl Store {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let made = app.merchant(&json!({"name": "Store", "contract": "techcorp"})).await;
        let (id, key) = (made.at("/id"), made.at("/keys/test/api_key"));
        Self { app, id, key, page: made.at("/keys/test/publishable_key") }
    }

    async fn asks(&self, method: Method, path: &str) -> Got {
        let path = format!("/techcorp{path}");
        self.app.call(method, &path).key(&self.key).json(&json!({})).await
    }

    /// How many of so many at once are taken, and what is said of the last.
    async fn burst(&self, method: Method, path: &str, times: usize) -> (usize, Got) {
        let mut taken = 0;
        let mut last = self.asks(method.clone(), path).await;
        for _ in 1..times {
            taken += usize::from(last.status != 429);
            last = self.asks(method.clone(), path).await;
        }
        (taken + usize::from(last.status != 429), last)
    }

    /// The same of somebody without a key, at an address.
    async fn strangers(&self, peer: &str, times: usize) -> (usize, Got) {
        let ask = || {
            let call = self.app.call(Method::GET, "/techcorp/v1/orders").no_key().from(peer);
            call.send(Body::empty())
        };
        let mut taken = 0;
        let mut last = ask().await;
        for _ in 1..times {
            taken += usize::from(last.status != 429);
            last = ask().await;
        }
        (taken + usize::from(last.status != 429), last)
    }
}

#[tokio::test]
async fn of_a_burst_of_each_class_exactly_its_limit_is_taken() {
    let store = Store::new().await;
    let app = &store.app;
    // Writes: 30. What is refused takes nothing of the thousand.
    let (taken, last) = store.burst(Method::POST, "/v1/orders", 41).await;
    assert_eq!((taken, last.status.as_u16(), usage(app, &last)), (30, 429, [30, 0, 60]));
    assert_eq!((last.header("retry-after"), last.at("/code")), ("2".into(), "rate_limited".into()));
    assert!(last.at("/detail").starts_with("more than 30 requests that change something a minute"));
    // Searches: 60, of the same thousand.
    let (taken, last) = store.burst(Method::GET, "/v1/orders?q=ada", 61).await;
    assert_eq!((taken, last.status.as_u16(), usage(app, &last)), (60, 429, [60, 0, 60]));
    // The rest of the thousand, by any other request.
    let (taken, last) = store.burst(Method::GET, "/v1/orders", 1_000).await;
    assert_eq!((taken, last.status.as_u16()), (1_000 - 30 - 60, 429));
    assert_eq!(usage(app, &last)[..2], [1_000, 0]);
    // And after two seconds one write, but not a second one.
    app.clock.advance(std::time::Duration::from_secs(2));
    assert_eq!(store.burst(Method::POST, "/v1/orders", 3).await.0, 1);
}

#[tokio::test]
async fn every_answer_says_what_is_left_where_least_is() {
    let store = Store::new().await;
    let app = &store.app;
    for (method, path, left) in [
        (Method::GET, "/v1/orders", [1_000, 999, 1]),
        (Method::POST, "/v1/orders", [30, 29, 2]),
        (Method::GET, "/v1/orders?q=ada", [60, 59, 1]),
        (Method::GET, "/v1/nothing", [100, 99, 1]),
    ] {
        let got = store.asks(method, path).await;
        assert_eq!(usage(app, &got), left, "{path}: {}", got.text);
    }
}

#[tokio::test]
async fn who_has_no_good_key_is_counted_by_address() {
    let store = Store::new().await;
    let app = &store.app;
    let (taken, last) = store.strangers("192.0.2.1", 120).await;
    assert_eq!((taken, last.status.as_u16(), usage(app, &last)), (100, 429, [100, 0, 60]));
    assert_eq!((last.header("retry-after"), last.at("/code")), ("1".into(), "rate_limited".into()));
    // Another address is another stranger, and a merchant at the first one is none.
    let other = store.strangers("192.0.2.2", 1).await.1;
    assert_eq!((other.status.as_u16(), usage(app, &other)), (401, [100, 99, 1]));
    let call = app.call(Method::GET, "/techcorp/v1/orders").key(&store.key).from("192.0.2.1");
    assert_eq!(call.send(Body::empty()).await.status, 200);
    // A wrong key is no key.
    let call = || app.call(Method::GET, "/techcorp/v1/orders").key("sk_test_wrong");
    let wrong = call().from("192.0.2.1").send(Body::empty()).await;
    assert_eq!(wrong.status, 429, "{}", wrong.text);
    let wrong = call().from("192.0.2.2").send(Body::empty()).await;
    assert_eq!((wrong.status.as_u16(), usage(app, &wrong)), (401, [100, 98, 2]));
}

#[tokio::test]
async fn payers_browsers_are_counted_by_address_and_not_as_who_writes() {
    let store = Store::new().await;
    let app = &store.app;
    let card =
        json!({"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvv": "123"});
    for left in [99, 98] {
        let call = app.call(Method::POST, "/techcorp/v1/cards/tokens").key(&store.page);
        let made = call.from("192.0.2.1").json(&card).await;
        assert_eq!((made.status.as_u16(), usage(app, &made)[..2].to_vec()), (201, vec![100, left]));
    }
    assert_eq!(usage(app, &store.asks(Method::POST, "/v1/orders").await), [30, 29, 2]);
}

#[tokio::test]
async fn an_operator_raises_a_merchants_limits_and_each_key_counts_for_itself() {
    let store = Store::new().await;
    let app = &store.app;
    store.burst(Method::POST, "/v1/orders", 31).await;
    let made = app.call(Method::POST, "/v1/keys").key(&store.key).json(&json!({})).await;
    let other = app.call(Method::POST, "/techcorp/v1/orders").key(&made.at("/key"));
    assert_eq!(usage(app, &other.json(&json!({})).await), [30, 29, 2]);
    let path = format!("/v1/merchants/{}", store.id);
    let raised = json!({"rate_limits": {"writes_per_minute": 300}});
    assert_eq!(app.call(Method::PATCH, &path).key(ADMIN).json(&raised).await.status, 200);
    let (taken, last) = store.burst(Method::POST, "/v1/orders", 301).await;
    assert_eq!((taken, usage(app, &last)[..2].to_vec()), (300, vec![300, 0]));
}
