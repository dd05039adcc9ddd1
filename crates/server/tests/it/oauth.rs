//! OAuth 2 as TechCorp's programs use it: applications, tokens, and what RFC 6749, 6750, 7009, 7662 and 8414 say of them.

mod bounds;
mod consent;
mod hosts;
mod invited;
mod logins;
mod pages;
mod refused;
mod world;

use http::{Method, StatusCode};
use serde_json::json;

use world::World;

#[tokio::test]
async fn a_program_gets_a_token_as_the_guide_prints_it_and_calls_the_api_with_it() {
    let world = World::new().await;
    let app = world.application(&json!({"name": "ERP"})).await;
    assert!(app.id.starts_with("client_test_") && app.secret.starts_with("cs_test_"));
    let got = world.token(&app, &[("grant_type", "client_credentials")]).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    let told = (got.at("/token_type"), got.at("/expires_in"), got.at("/scope"));
    assert_eq!(told, ("Bearer".into(), "1800".into(), "read write".into()));
    assert!(got.json().get("refresh_token").is_none(), "RFC 6749, 4.4.3: {}", got.text);
    assert_eq!(
        (got.header("cache-control"), got.header("pragma")),
        ("no-store".into(), "no-cache".into())
    );
    let token = got.at("/access_token");
    assert!(token.starts_with("at_test_") && token.len() >= 8 + 43, "256 bits: {token}");
    let order = json!({"order_id": "o-1", "amount": 1_000, "method": "pix"});
    let made = world.call(Method::POST, "/v1/payments/process", &token).json(&order).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(world.get("/v1/payments", &token).await.at("/data/0/id"), made.at("/id"));
}

#[tokio::test]
async fn a_secret_is_shown_once_and_kept_nowhere() {
    let world = World::new().await;
    let draft = json!({"name": "ERP", "redirect_uris": ["https://erp.example/back"]});
    let call = || {
        let call = world.app.call(Method::POST, "/v1/applications").key(&world.test);
        call.header("idempotency-key", "one").json(&draft)
    };
    let (made, again) = (call().await, call().await);
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let secret = made.at("/client_secret");
    assert_eq!(
        (again.at("/id"), again.header("idempotent-replayed")),
        (made.at("/id"), "true".into())
    );
    let path = format!("/v1/applications/{}", made.at("/id"));
    let read = world.native(Method::GET, &path, &world.test).await;
    let listed = world.native(Method::GET, "/v1/applications", &world.test).await;
    assert_eq!(listed.at("/data/0/client_id"), made.at("/client_id"));
    assert_eq!(read.at("/redirect_uris/0"), "https://erp.example/back");
    for shown in [again, read, listed] {
        assert!(!shown.text.contains(&secret), "{}", shown.text);
    }
}

#[tokio::test]
async fn sandbox_and_production_have_credentials_of_their_own() {
    let world = World::new().await;
    let made = world.application(&json!({"name": "ERP"})).await;
    let live = world.native(Method::GET, "/v1/applications", &world.live).await;
    assert_eq!(live.at("/data"), "[]");
    let path = format!("/v1/applications/{}", made.app);
    assert_eq!(world.native(Method::GET, &path, &world.live).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        world.native(Method::DELETE, &path, &world.live).await.status,
        StatusCode::NOT_FOUND
    );
    let token = world.access(&made).await;
    assert_eq!(world.get("/v1/payments", &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_ends_after_half_an_hour_of_the_sandbox_clock() {
    let world = World::new().await;
    let app = world.application(&json!({"name": "ERP"})).await;
    let token = world.access(&app).await;
    world.passes("29m").await;
    assert_eq!(world.get("/v1/payments", &token).await.status, StatusCode::OK);
    assert_eq!(world.introspected(&app, &token).await.at("/active"), "true");
    world.passes("1m").await;
    let late = world.get("/v1/payments", &token).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED, "{}", late.text);
    assert_eq!(late.at("/code"), "invalid_token");
    assert_eq!(
        late.header("www-authenticate"),
        "Bearer realm=\"posthorn\", error=\"invalid_token\""
    );
    assert_eq!(world.introspected(&app, &token).await.text, "{\"active\":false}");
}

#[tokio::test]
async fn a_token_does_what_its_scope_says_and_nothing_more() {
    let world = World::new().await;
    let app = world.application(&json!({"name": "BI"})).await;
    let asked = [("grant_type", "client_credentials"), ("scope", "read")];
    let got = world.token(&app, &asked).await;
    assert_eq!(got.at("/scope"), "read");
    let token = got.at("/access_token");
    assert_eq!(world.get("/v1/payments", &token).await.status, StatusCode::OK);
    let order = json!({"order_id": "o-1", "amount": 1_000, "method": "pix"});
    let refused = world.call(Method::POST, "/v1/payments/process", &token).json(&order).await;
    assert_eq!(
        (refused.status, refused.at("/code")),
        (StatusCode::FORBIDDEN, "insufficient_scope".into())
    );
    assert!(refused.header("www-authenticate").contains("error=\"insufficient_scope\""));
}

#[tokio::test]
async fn what_is_revoked_or_whose_application_is_deleted_is_refused_at_once() {
    let world = World::new().await;
    let app = world.application(&json!({"name": "ERP"})).await;
    let (one, other) = (world.access(&app).await, world.access(&app).await);
    let revoked = world.form("revoke", &app, &[("token", &one)]).await;
    assert_eq!(revoked.status, StatusCode::OK, "{}", revoked.text);
    for unknown in [one.as_str(), "at_test_unknown", "x"] {
        let again = world.form("revoke", &app, &[("token", unknown)]).await;
        assert_eq!(again.status, StatusCode::OK, "RFC 7009, 2.2: {}", again.text);
    }
    assert_eq!(world.get("/v1/payments", &one).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(world.introspected(&app, &one).await.text, "{\"active\":false}");
    assert_eq!(
        world.get("/v1/payments", &other).await.status,
        StatusCode::OK,
        "the other lives on"
    );
    let path = format!("/v1/applications/{}", app.app);
    assert_eq!(
        world.native(Method::DELETE, &path, &world.test).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(world.get("/v1/payments", &other).await.at("/code"), "invalid_token");
    let gone = world.token(&app, &[("grant_type", "client_credentials")]).await;
    assert_eq!(
        (gone.status, gone.at("/error")),
        (StatusCode::UNAUTHORIZED, "invalid_client".into())
    );
    assert_eq!(
        world.native(Method::DELETE, &path, &world.test).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_application_asks_about_its_own_tokens_and_sees_none_of_others() {
    let world = World::new().await;
    let app = world.application(&json!({"name": "ERP"})).await;
    let other = world.application(&json!({"name": "Other"})).await;
    let token = world.access(&app).await;
    let told = world.introspected(&app, &token).await;
    let said =
        (told.at("/active"), told.at("/token_type"), told.at("/scope"), told.at("/client_id"));
    assert_eq!(said, ("true".into(), "Bearer".into(), "read write".into(), app.id.clone()));
    assert!(told.json()["exp"].is_i64(), "{}", told.text);
    assert_eq!(world.introspected(&other, &token).await.text, "{\"active\":false}");
    assert_eq!(
        world.introspected(&app, &world.test).await.text,
        "{\"active\":false}",
        "a key is none"
    );
    let public = json!({"name": "SPA", "kind": "public", "redirect_uris": ["https://a.example/"]});
    let public = world.application(&public).await;
    let asked = world.introspected(&public, &token).await;
    assert_eq!(
        (asked.status, asked.at("/error")),
        (StatusCode::UNAUTHORIZED, "invalid_client".into()),
        "RFC 7662, 2.1"
    );
    let stolen = world.form("revoke", &other, &[("token", &token)]).await;
    assert_eq!(
        (stolen.status, stolen.at("/error")),
        (StatusCode::BAD_REQUEST, "invalid_grant".into())
    );
    assert_eq!(world.get("/v1/payments", &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_metadata_stand_where_programs_look_for_them() {
    let world = World::new().await;
    let nested = world.anonymous("/techcorp/.well-known/oauth-authorization-server").await;
    let rfc = world.anonymous("/.well-known/oauth-authorization-server/techcorp").await;
    assert_eq!(nested.text, rfc.text);
    assert_eq!(nested.at("/issuer"), "http://localhost/techcorp");
    assert_eq!(nested.at("/token_endpoint"), "http://localhost/techcorp/v1/auth/oauth/token");
    let proofs = nested.at("/introspection_endpoint_auth_methods_supported");
    assert_eq!(proofs, "[\"client_secret_basic\",\"client_secret_post\"]");
    let world = World { app: world.app.at_root("techcorp"), ..world };
    let root = world.anonymous("/.well-known/oauth-authorization-server").await;
    assert_eq!(root.at("/issuer"), "http://localhost", "{}", root.text);
    assert_eq!(root.at("/revocation_endpoint"), "http://localhost/v1/auth/oauth/revoke");
}
