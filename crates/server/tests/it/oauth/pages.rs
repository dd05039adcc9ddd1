//! Programs that run in a page of another origin (RFC 9700, section 2.1.1: public clients with PKCE) may get and give up their tokens.

use axum::body::Body;
use http::Method;

use super::world::World;

#[tokio::test]
async fn a_page_of_any_origin_may_ask_for_tokens_and_read_the_answer() {
    let world = World::new().await;
    for path in ["/v1/auth/oauth/token", "/v1/auth/refresh", "/v1/auth/oauth/revoke"] {
        let path = format!("/techcorp{path}");
        let asked = world.app.call(Method::OPTIONS, &path).no_key();
        let asked = asked
            .header("origin", "https://app.example")
            .header("access-control-request-method", "POST");
        let asked = asked.send(Body::empty()).await;
        assert_eq!(
            (asked.status.as_u16(), asked.header("access-control-allow-origin")),
            (204, "*".into())
        );
        assert!(asked.header("access-control-allow-headers").contains("content-type"));
        let refused =
            world.app.call(Method::POST, &path).no_key().header("origin", "https://app.example");
        let refused = refused.send(Body::empty()).await;
        assert_eq!(refused.header("access-control-allow-origin"), "*", "{path}: {}", refused.text);
    }
    for path in [
        "/techcorp/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/techcorp",
    ] {
        assert_eq!(world.app.get(path).await.header("access-control-allow-origin"), "*", "{path}");
    }
    let introspect = world.app.call(Method::OPTIONS, "/techcorp/v1/auth/oauth/introspect").no_key();
    assert_eq!(introspect.send(Body::empty()).await.status, 405, "no page asks about tokens");
}

#[tokio::test]
async fn a_page_that_asks_too_often_reads_when_it_may_again() {
    let world = World::new().await;
    let path = "/techcorp/v1/auth/oauth/token";
    let mut last = None;
    for _ in 0..61 {
        let asked =
            world.app.call(Method::POST, path).no_key().header("origin", "https://app.example");
        last = Some(asked.send(Body::empty()).await);
    }
    let refused = last.expect("an answer");
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    assert!(refused.header("access-control-expose-headers").contains("retry-after"));
    assert!(!refused.header("retry-after").is_empty());
}
