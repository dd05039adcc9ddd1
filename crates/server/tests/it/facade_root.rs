//! `serve --contract NAME`: a platform's own API at the root, as its guide prints it; the native one below `/native`.

use http::Method;
use serde_json::json;

use crate::harness::{ADMIN, TestApp};

#[tokio::test]
async fn a_guides_program_needs_no_more_than_another_host() {
    // Given a server with PayQI's API at its root
    let app = TestApp::new().await.at_root("payqi");
    // Then the guide's path is there as it is printed, and the native API one step below
    let wish = json!({"amount": 25, "currency": "XRP", "description": "Order"});
    let made = app.post("/api/payments", &wish).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let native = app.get("/native/v1/payments").await;
    assert_eq!(native.at("/data/0/id"), made.at("/id"));
    // And other platforms' merchants find theirs where they always were
    assert_eq!(app.get("/pagtracker/api/charges").await.status, 401);
    assert_eq!(app.get("/payqi/api/payments").await.status, 200);
    // And probes stay where machines look for them
    for path in ["/healthz", "/readyz", "/metrics", "/native/healthz", "/native/openapi.json"] {
        assert_eq!(app.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn what_is_nowhere_is_told_in_the_shape_of_whoever_was_asked() {
    let app = TestApp::new().await.at_root("payqi");
    let nowhere = app.get("/v1/payments").await;
    assert_eq!((nowhere.status.as_u16(), nowhere.at("/error/code")), (404, "not_found".to_owned()));
    assert_eq!(nowhere.at("/error/message"), "there is no route `/v1/payments`");
    let native = app.get("/native/v1/nothing").await;
    insta::assert_snapshot!(native.problem(), @"404 not_found [-] there is no route `/v1/nothing`; see `/docs`");
    let method = app.call(Method::DELETE, "/native/v1/merchants").key(ADMIN).json(&json!({})).await;
    assert_eq!(method.status, 405);
}

#[tokio::test]
async fn a_contract_without_an_api_of_its_own_cannot_be_at_the_root() {
    let refused = posthorn_server::Root::of("krxscale").map(|_| ()).unwrap_err().to_string();
    insta::assert_snapshot!(refused, @"contract `krxscale` has no API of its own to put at the root (its guide prints none, so its programs use the native one); `pagtracker`, `payqi`, `sentinelgate`, `techcorp` have");
}
