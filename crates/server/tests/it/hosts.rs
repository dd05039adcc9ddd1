//! `hosts.test` and `hosts.live`: names that are bound to a mode, and what is said of a key that comes to the wrong one.

use axum::body::Body;
use http::{Method, StatusCode};
use posthorn_server::Hosts;
use serde_json::json;

use crate::harness::{ADMIN, Call, Got, TestApp};

pub(crate) const SANDBOX: &str = "api.sandbox.techcorp.com";
pub(crate) const PRODUCTION: &str = "api.techcorp.com";
pub(crate) const PROXY: &str = "10.0.0.1";

/// The same, asked at TechCorp's two bases, and behind a proxy.
pub(crate) fn bound(mut app: TestApp) -> TestApp {
    let name = |text: &str| vec![text.parse().unwrap()];
    let hosts = Hosts::new(name(SANDBOX), name(PRODUCTION)).unwrap();
    app.app = app.app.clone().behind(vec!["10.0.0.0/8".parse().unwrap()]).bound(hosts);
    app.router = posthorn_server::router(app.app.clone(), None);
    app
}

async fn reads(call: Call, host: &str) -> Got {
    call.header("host", host).send(Body::empty()).await
}

#[tokio::test]
async fn techcorps_two_bases_take_the_keys_of_their_own_mode_alone() {
    // Given a merchant of TechCorp's, and TechCorp's API below its name or at the root
    let app = bound(TestApp::new().await);
    let made = app.merchant(&json!({"name": "Loja", "contract": "techcorp"})).await;
    let key = |mode: &str| made.at(&format!("/keys/{mode}/api_key"));
    let (test, live) = (key("test"), key("live"));
    let ask = async |app: &TestApp, path: &str, key: &str, host: &str| {
        reads(app.call(Method::GET, path).key(key), host).await
    };
    let mounted = ask(&app, "/techcorp/v1/payments", &test, PRODUCTION).await;
    insta::assert_snapshot!(mounted.problem(), @"403 wrong_mode [-] `api.techcorp.com` is for live mode, and these credentials are of test mode; test mode is at `api.sandbox.techcorp.com`");
    let mounted = ask(&app, "/techcorp/v1/payments", &live, SANDBOX).await;
    insta::assert_snapshot!(mounted.problem(), @"403 wrong_mode [-] `api.sandbox.techcorp.com` is for test mode, and these credentials are of live mode; live mode is at `api.techcorp.com`");
    // Then each key is good at its own base and wherever nothing is bound, and not at the other's, however that is written
    let app = app.at_root("techcorp");
    let (yes, no) = (StatusCode::OK, StatusCode::FORBIDDEN);
    for (host, of_test, of_live) in [
        (SANDBOX, yes, no),
        (PRODUCTION, no, yes),
        ("API.TechCorp.com:8443", no, yes),
        ("api.techcorp.com.", no, yes),
        ("localhost:8080", yes, yes),
        ("other.techcorp.com", yes, yes),
    ] {
        for path in ["/v1/payments", "/api/orders", "/techcorp/v1/payments"] {
            let got = (ask(&app, path, &test, host).await, ask(&app, path, &live, host).await);
            assert_eq!((got.0.status, got.1.status), (of_test, of_live), "{host} {path}");
        }
    }
}

#[tokio::test]
async fn a_native_key_is_refused_there_too_and_the_operators_is_of_no_mode() {
    let app = bound(TestApp::new().await);
    for path in ["/v1/endpoints", "/v1/contracts"] {
        let got = reads(app.call(Method::GET, path), PRODUCTION).await;
        assert_eq!((got.status, got.at("/code")), (StatusCode::FORBIDDEN, "wrong_mode".into()));
        assert_eq!(reads(app.call(Method::GET, path), SANDBOX).await.status, StatusCode::OK);
    }
    let event = json!({"type": "payment.completed", "data": {"id": "pay_1"}});
    let sent = app.call(Method::POST, "/v1/events").key(&app.live).header("host", SANDBOX);
    assert_eq!(sent.json(&event).await.at("/code"), "wrong_mode");
    for host in [SANDBOX, PRODUCTION] {
        let got = reads(app.call(Method::GET, "/v1/merchants").key(ADMIN), host).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.text);
        let got = reads(app.call(Method::GET, "/readyz").no_key(), host).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    }
    let app = app.at_root("techcorp");
    let got = reads(app.call(Method::GET, "/native/v1/endpoints"), PRODUCTION).await;
    assert_eq!(got.at("/code"), "wrong_mode");
}

#[tokio::test]
async fn every_facade_says_so_in_its_own_shape() {
    let app = bound(TestApp::new().await);
    let got = reads(app.call(Method::GET, "/payqi/api/payments"), PRODUCTION).await;
    let told = (got.status.as_u16(), got.at("/error/type"), got.at("/error/code"));
    assert_eq!(told, (401, "authentication_error".into(), "wrong_mode".into()));
    assert!(got.at("/error/message").contains("test mode is at `api.sandbox"), "{}", got.text);
    let made = app.merchant(&json!({"name": "Duka", "contract": "sentinelgate"})).await;
    let pair = async |host: &str| {
        let call = app.call(Method::GET, "/sentinelgate/api/payments").no_key();
        let call = call.header("x-api-key", &made.at("/keys/live/api_key"));
        reads(call.header("x-api-secret", &made.at("/keys/live/api_secret")), host).await
    };
    let got = pair(SANDBOX).await;
    let told = (got.status.as_u16(), got.at("/error/code"));
    assert_eq!(told, (401, "UNAUTHORIZED".into()));
    assert!(got.at("/error/message").contains("live mode is at `api.techcorp"), "{}", got.text);
    assert_eq!(pair(PRODUCTION).await.status, StatusCode::OK);
    let made = app.merchant(&json!({"name": "Loja", "contract": "pagtracker"})).await;
    let key = made.at("/keys/test/api_key");
    let got = reads(app.call(Method::GET, "/pagtracker/api/charges").key(&key), PRODUCTION).await;
    let told = (got.status.as_u16(), got.at("/erro/codigo"));
    assert_eq!(told, (401, "nao_autorizado".into()));
    assert!(got.at("/erro/mensagem").contains("outro modo"), "{}", got.text);
}

#[tokio::test]
async fn of_a_trusted_proxy_the_name_that_it_was_asked_by_counts() {
    let app = bound(TestApp::new().await);
    let asked = async |peer: &str, host: &str, forwarded: &str| {
        let call = app.call(Method::GET, "/v1/endpoints").from(peer);
        reads(call.header("x-forwarded-host", forwarded), host).await.status
    };
    let (yes, no) = (StatusCode::OK, StatusCode::FORBIDDEN);
    for (peer, host, forwarded, status) in [
        (PROXY, "posthorn.internal", PRODUCTION, no),
        (PROXY, PRODUCTION, SANDBOX, yes),
        (PROXY, SANDBOX, "api.sandbox.techcorp.com, api.techcorp.com:443", no),
        (PROXY, PRODUCTION, "", no),
        ("192.0.2.1", PRODUCTION, SANDBOX, no),
        ("192.0.2.1", SANDBOX, PRODUCTION, yes),
    ] {
        assert_eq!(asked(peer, host, forwarded).await, status, "{peer} {host} {forwarded}");
    }
    let by_http_2 = format!("https://{PRODUCTION}/v1/endpoints");
    let got = app.call(Method::GET, &by_http_2).send(Body::empty()).await;
    assert_eq!(got.at("/code"), "wrong_mode", "the name stands in the URI");
}

#[tokio::test]
async fn without_a_name_for_the_other_mode_it_is_told_to_look_elsewhere() {
    let mut app = TestApp::new().await;
    let hosts = Hosts::new(vec![], vec![PRODUCTION.parse().unwrap()]).unwrap();
    app.router = posthorn_server::router(app.app.clone().bound(hosts), None);
    let got = reads(app.call(Method::GET, "/v1/endpoints"), PRODUCTION).await;
    insta::assert_snapshot!(got.problem(), @"403 wrong_mode [-] `api.techcorp.com` is for live mode, and these credentials are of test mode; test mode is at any other name of this server");
    let live = reads(app.call(Method::GET, "/v1/endpoints").key(&app.live), SANDBOX).await;
    assert_eq!(live.status, StatusCode::OK, "a name in neither list takes both: {}", live.text);
}
