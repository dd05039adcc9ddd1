//! TechCorp's two bases: an application of the sandbox, and what it was given, are nothing in production.

use axum::body::Body;
use http::{Method, StatusCode};
use posthorn_engine::Options;
use serde_json::json;

use super::consent::{AUTHORIZE, allowed, wanted};
use super::world::{FORM, Program, World, encoded};
use crate::harness::{Got, TestApp};
use crate::hosts::{PRODUCTION, PROXY, SANDBOX, bound};

impl World {
    /// A form that is sent to a host.
    async fn sends(&self, host: &str, path: &str, pairs: &[(&str, &str)]) -> Got {
        let call = self.app.call(Method::POST, path).no_key().header("host", host);
        call.header("content-type", FORM).send(Body::from(encoded(pairs))).await
    }

    async fn asks_at(&self, host: &str, path: &str, by: &Program, pairs: &[(&str, &str)]) -> Got {
        let own = [("client_id", by.id.as_str()), ("client_secret", by.secret.as_str())];
        let path = format!("/techcorp/v1/auth/oauth/{path}");
        self.sends(host, &path, &[&own, pairs].concat()).await
    }

    async fn reads_at(&self, host: &str, token: &str) -> Got {
        let call = self.call(Method::GET, "/v1/payments", token).header("host", host);
        call.send(Body::empty()).await
    }
}

#[tokio::test]
async fn an_application_gets_its_tokens_and_uses_them_at_the_base_of_its_mode() {
    let world = World::new().await;
    let world = World { app: bound(world.app), ..world };
    let erp = world.application(&json!({"name": "ERP"})).await;
    let asked = [("grant_type", "client_credentials")];
    let refused = world.asks_at(PRODUCTION, "token", &erp, &asked).await;
    insta::assert_snapshot!(refused.text, @r#"{"error":"unauthorized_client","error_description":"`api.techcorp.com` is for live mode, and these credentials are of test mode; test mode is at `api.sandbox.techcorp.com`"}"#);
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "RFC 6749, 5.2");
    let wrong =
        Program { secret: "cs_test_wrong".into(), app: erp.app.clone(), id: erp.id.clone() };
    let wrong = world.asks_at(PRODUCTION, "token", &wrong, &asked).await;
    assert_eq!(wrong.at("/error"), "invalid_client", "who proves nothing learns nothing");
    let got = world.asks_at(SANDBOX, "token", &erp, &asked).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    let token = got.at("/access_token");
    assert_eq!(world.reads_at(SANDBOX, &token).await.status, StatusCode::OK);
    let refused = world.reads_at(PRODUCTION, &token).await;
    assert_eq!((refused.status, refused.at("/code")), (StatusCode::FORBIDDEN, "wrong_mode".into()));
    for path in ["introspect", "revoke"] {
        let refused = world.asks_at(PRODUCTION, path, &erp, &[("token", &token)]).await;
        assert_eq!(refused.at("/error"), "unauthorized_client", "{path}: {}", refused.text);
    }
    assert_eq!(world.reads_at(SANDBOX, &token).await.status, StatusCode::OK, "nothing was revoked");
}

#[tokio::test]
async fn a_user_is_asked_for_no_password_and_a_refresh_is_not_spent_at_the_other_base() {
    let (world, app) = World::with_user().await;
    let world = World { app: bound(world.app), ..world };
    let path = format!("{AUTHORIZE}?{}", encoded(&wanted(&app)));
    let call = world.app.call(Method::GET, &path).no_key().header("host", PRODUCTION);
    let page = call.header("accept-language", "en").send(Body::empty()).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.text);
    assert!(page.text.contains("at another address") && !page.text.contains("<form"));
    let sent = world.sends(PRODUCTION, AUTHORIZE, &allowed(&app)).await;
    assert_eq!(sent.status, StatusCode::FORBIDDEN, "{}", sent.text);
    assert!(sent.header("location").is_empty());
    let first = world.exchange(&app, &world.code(&app).await).await;
    let refresh = async |host: &str| {
        let call = world.app.call(Method::POST, "/techcorp/v1/auth/refresh").no_key();
        let body = json!({"refresh_token": first.at("/refresh_token")});
        call.header("host", host).json(&body).await
    };
    assert_eq!(refresh(PRODUCTION).await.at("/error"), "unauthorized_client");
    let second = refresh(SANDBOX).await;
    assert_eq!(second.status, StatusCode::OK, "it was not spent: {}", second.text);
}

#[tokio::test]
async fn behind_a_proxy_the_issuer_is_where_the_proxy_was_asked() {
    let app = bound(TestApp::in_real_time().await).at_root("techcorp");
    for (peer, issuer) in
        [(PROXY, "https://api.sandbox.techcorp.com"), ("192.0.2.1", "https://posthorn.internal")]
    {
        let call = app.call(Method::GET, "/.well-known/oauth-authorization-server").no_key();
        let call = call.header("host", "posthorn.internal").header("x-forwarded-host", SANDBOX);
        let call = call.header("x-forwarded-proto", "https").from(peer);
        assert_eq!(call.send(Body::empty()).await.at("/issuer"), issuer, "{peer}");
    }
}

#[tokio::test]
async fn each_base_is_an_issuer_of_its_own_whatever_the_public_url() {
    let public_url = Some("https://pay.techcorp.com".to_owned());
    let app = TestApp::in_real_time_with(Options { public_url, ..Options::default() }).await;
    let app = bound(app).at_root("techcorp");
    for (host, issuer) in [
        (SANDBOX, "https://api.sandbox.techcorp.com"),
        (PRODUCTION, "https://api.techcorp.com"),
        ("10.0.0.7:8080", "https://pay.techcorp.com"),
    ] {
        let call = app.call(Method::GET, "/.well-known/oauth-authorization-server").no_key();
        let call = call.header("host", host).header("x-forwarded-proto", "https");
        assert_eq!(call.send(Body::empty()).await.at("/issuer"), issuer, "{host}");
    }
}
