//! What the token endpoint refuses, and in which words (RFC 6749, section 5.2).

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::json;

use super::world::{FORM, World, encoded};

const CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");

/// Asks, and is refused in a word.
async fn refuses(world: &World, case: &str, header: Option<&str>, body: String, word: &str) {
    let got = world.raw("token", header, body).await;
    let unknown = word == "invalid_client";
    let status = if unknown { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    assert_eq!((got.status, got.at("/error").as_str()), (status, word), "{case}: {}", got.text);
    assert_eq!(got.header("www-authenticate").starts_with("Basic "), unknown, "{case}");
    assert_eq!(got.header("cache-control"), "no-store", "{case}");
    assert_eq!(got.header("content-type"), "application/json", "{case}");
    assert!(!got.text.contains("cs_test_"), "{case}: {}", got.text);
}

#[tokio::test]
async fn every_bad_request_has_its_word() {
    let world = World::new().await;
    let app = world.application(&json!({"name": "ERP"})).await;
    let (id, secret) = (("client_id", app.id.as_str()), ("client_secret", app.secret.as_str()));
    let twice = format!("{}&scope=read&scope=write", encoded(&[CREDENTIALS]));
    let twice_unknown = format!("{}&x=1&x=1", encoded(&[CREDENTIALS]));
    let unknown = [("grant_type", "refresh_token"), ("refresh_token", "rt_test_x")];
    let basic = app.basic();
    for (case, body, word) in [
        ("no grant_type", String::new(), "invalid_request"),
        ("an empty one is left out", "grant_type=".into(), "invalid_request"),
        ("a parameter twice", twice, "invalid_request"),
        ("even an unknown one", twice_unknown, "invalid_request"),
        ("Basic and body", encoded(&[CREDENTIALS, id, secret]), "invalid_request"),
        ("Basic and a secret", encoded(&[CREDENTIALS, secret]), "invalid_request"),
        ("another's name", encoded(&[CREDENTIALS, ("client_id", "x")]), "invalid_request"),
        ("password", "grant_type=password&username=a".into(), "unsupported_grant_type"),
        ("implicit", "grant_type=token".into(), "unsupported_grant_type"),
        ("upper case", "grant_type=CLIENT_CREDENTIALS".into(), "unsupported_grant_type"),
        ("an unknown scope", encoded(&[CREDENTIALS, ("scope", "admin")]), "invalid_scope"),
        ("refresh without a token", "grant_type=refresh_token".into(), "invalid_request"),
        ("an unknown refresh token", encoded(&unknown), "invalid_grant"),
    ] {
        refuses(&world, case, Some(&basic), body, word).await;
    }
    let both = world.raw("token", Some(&basic), encoded(&[CREDENTIALS, id])).await;
    assert_eq!(both.status, StatusCode::OK, "its own name beside Basic: {}", both.text);
}

#[tokio::test]
async fn whoever_does_not_prove_who_it_is_gets_nothing() {
    let world = World::new().await;
    let app = world.application(&json!({"name": "ERP"})).await;
    let spa = json!({"name": "SPA", "kind": "public", "redirect_uris": ["https://spa.example/"]});
    let spa = world.application(&spa).await;
    let (id, secret) = (("client_id", app.id.as_str()), ("client_secret", app.secret.as_str()));
    let public = ("client_id", spa.id.as_str());
    let (wrong, bearer) = (format!("{}x", app.secret), format!("Bearer {}", world.test));
    let wrong = ("client_secret", wrong.as_str());
    for (case, header, pairs, word) in [
        ("nobody", None, vec![CREDENTIALS], "invalid_client"),
        ("a name alone", None, vec![CREDENTIALS, id], "invalid_client"),
        ("a secret alone", None, vec![CREDENTIALS, secret], "invalid_client"),
        ("a wrong secret", None, vec![CREDENTIALS, id, wrong], "invalid_client"),
        ("an unknown name", None, vec![CREDENTIALS, ("client_id", "x"), secret], "invalid_client"),
        ("a merchant's key", Some(bearer.as_str()), vec![CREDENTIALS], "invalid_client"),
        ("broken Basic", Some("Basic ???"), vec![CREDENTIALS], "invalid_client"),
        ("a public one, secret", None, vec![CREDENTIALS, public, secret], "invalid_client"),
        ("a public one for itself", None, vec![CREDENTIALS, public], "unauthorized_client"),
    ] {
        refuses(&world, case, header, encoded(&pairs), word).await;
    }
}

#[tokio::test]
async fn only_a_form_in_the_body_of_a_post_is_taken() {
    let world = World::new().await;
    let app = world.application(&json!({"name": "ERP"})).await;
    let path = "/techcorp/v1/auth/oauth/token";
    let form = encoded(&[CREDENTIALS, ("client_id", &app.id), ("client_secret", &app.secret)]);
    let as_json =
        world.app.call(Method::POST, path).no_key().header("content-type", "application/json");
    let got = as_json.json(&json!({"grant_type": "client_credentials"})).await;
    assert_eq!((got.status, got.at("/error")), (StatusCode::BAD_REQUEST, "invalid_request".into()));
    let in_url = world.app.call(Method::POST, &format!("{path}?{form}")).no_key();
    let got = in_url.header("content-type", FORM).send(Body::empty()).await;
    assert_eq!(got.at("/error"), "invalid_request", "{}", got.text);
    let got = world.anonymous(&format!("{path}?{form}")).await;
    assert_eq!(got.status, StatusCode::METHOD_NOT_ALLOWED);
    let utf8 = world.app.call(Method::POST, path).no_key();
    let utf8 = utf8.header("content-type", &format!("{FORM}; charset=UTF-8"));
    assert_eq!(utf8.send(Body::from(form)).await.status, StatusCode::OK);
    let large = format!("grant_type={}", "x".repeat(70_000));
    assert_eq!(world.raw("token", None, large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn what_is_no_good_token_is_refused_with_a_challenge() {
    let world = World::new().await;
    let app = world.application(&json!({"name": "ERP"})).await;
    let token = world.access(&app).await;
    let cut = &token[..token.len() - 1];
    for (case, bad) in
        [("unknown", "at_test_unknown"), ("cut", cut), ("longer", &format!("{token}x"))]
    {
        let got = world.get("/v1/payments", bad).await;
        assert_eq!(
            (got.status, got.at("/code")),
            (StatusCode::UNAUTHORIZED, "invalid_token".into()),
            "{case}"
        );
        assert!(got.header("www-authenticate").contains("error=\"invalid_token\""), "{case}");
    }
    let native = world.native(Method::GET, "/v1/payments", &token).await;
    assert_eq!(
        native.status,
        StatusCode::UNAUTHORIZED,
        "the native API is for keys: {}",
        native.text
    );
    let nobody = world.anonymous("/techcorp/v1/payments").await;
    assert_eq!(
        nobody.header("www-authenticate"),
        "Bearer realm=\"posthorn\"",
        "RFC 6750, 3.1: no error"
    );
}

#[tokio::test]
async fn an_application_that_cannot_be_is_not_registered() {
    let world = World::new().await;
    let many: Vec<_> = (0..11).map(|nth| format!("https://a.example/{nth}")).collect();
    for (field, draft) in [
        ("name", json!({"name": " "})),
        ("name", json!({"name": "a\nb"})),
        ("redirect_uris", json!({"name": "A", "redirect_uris": ["http://a.example/"]})),
        ("redirect_uris", json!({"name": "A", "redirect_uris": ["javascript:alert(1)"]})),
        ("redirect_uris", json!({"name": "A", "redirect_uris": many})),
        ("redirect_uris", json!({"name": "A", "kind": "public"})),
    ] {
        let call = world.app.call(Method::POST, "/v1/applications").key(&world.test);
        let got = call.json(&draft).await;
        assert_eq!((got.status.as_u16(), got.at("/field")), (422, field.into()), "{}", got.text);
    }
    let local = json!({"name": "A", "redirect_uris": ["http://127.0.0.1:3000/"]});
    let live = world.app.call(Method::POST, "/v1/applications").key(&world.live).json(&local).await;
    assert_eq!(live.at("/field"), "redirect_uris", "loopback is for test mode: {}", live.text);
    world.application(&local).await;
}

#[tokio::test]
async fn a_program_of_a_merchant_of_another_contract_gets_nothing_here() {
    let world = World::new().await;
    let made = world.app.post("/v1/applications", &json!({"name": "PayQI"})).await;
    let pairs = [
        CREDENTIALS,
        ("client_id", &made.at("/client_id")),
        ("client_secret", &made.at("/client_secret")),
    ];
    let got = world.raw("token", None, encoded(&pairs)).await;
    assert_eq!(got.at("/error"), "unauthorized_client", "{}", got.text);
}
