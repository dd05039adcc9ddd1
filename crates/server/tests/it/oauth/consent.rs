//! A user lets an application in: the page, the code, and the tokens that come of it (RFC 6749, 7636, 9207, 9700).

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::json;
use url::Url;

use super::world::{FORM, Program, World, encoded};
use crate::harness::Got;

pub(super) const BACK: &str = "https://app.example/back?a=1";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(super) const PASSWORD: &str = "correct horse";
pub(super) const AUTHORIZE: &str = "/techcorp/v1/auth/oauth/authorize";

pub(super) type Pairs<'a> = Vec<(&'a str, &'a str)>;

impl World {
    /// A world with a user, and a public application of the merchant.
    pub(super) async fn with_user() -> (Self, Program) {
        let world = Self::new().await;
        let login = json!({"email": "Ana@Loja.example", "password": PASSWORD});
        let made = world.app.call(Method::POST, "/v1/logins").key(&world.test).json(&login).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let app = json!({"name": "<b>App</b>", "kind": "public", "redirect_uris": [BACK]});
        let app = world.application(&app).await;
        (world, app)
    }

    pub(super) async fn asks(&self, pairs: &[(&str, &str)]) -> Got {
        self.anonymous(&format!("{AUTHORIZE}?{}", encoded(pairs))).await
    }

    pub(super) async fn decides(&self, pairs: &[(&str, &str)]) -> Got {
        let call = self.app.call(Method::POST, AUTHORIZE).no_key().header("content-type", FORM);
        call.send(Body::from(encoded(pairs))).await
    }

    /// The code of a user who says yes.
    pub(super) async fn code(&self, app: &Program) -> String {
        let got = self.decides(&allowed(app)).await;
        assert_eq!(got.status, StatusCode::SEE_OTHER, "{}", got.text);
        told(&got, "code").unwrap()
    }

    pub(super) async fn exchange(&self, app: &Program, code: &str) -> Got {
        self.token(app, &exchange(code)).await
    }

    pub(super) async fn refreshes(&self, token: &str) -> Got {
        let call = self.app.call(Method::POST, "/techcorp/v1/auth/refresh").no_key();
        let call = call.header("content-type", "application/json");
        call.json(&json!({"refresh_token": token})).await
    }

    pub(super) async fn is_good(&self, token: &str) -> bool {
        self.get("/v1/payments", token).await.status == StatusCode::OK
    }
}

pub(super) fn wanted(app: &Program) -> Pairs<'_> {
    vec![
        ("response_type", "code"),
        ("client_id", &app.id),
        ("redirect_uri", BACK),
        ("state", "a b&c"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

pub(super) fn allowed(app: &Program) -> Pairs<'_> {
    let more = [("decision", "allow"), ("email", "ana@loja.example"), ("password", PASSWORD)];
    [wanted(app), more.to_vec()].concat()
}

pub(super) fn exchange(code: &str) -> Pairs<'_> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ]
}

/// The same with another value for one name; none takes it away.
pub(super) fn but<'a>(pairs: Pairs<'a>, name: &str, value: Option<&'a str>) -> Pairs<'a> {
    let other = |(known, old)| {
        let new = if known == name { value } else { Some(old) };
        new.map(|new| (known, new))
    };
    pairs.into_iter().filter_map(other).collect()
}

/// What a browser is sent back with.
pub(super) fn told(got: &Got, name: &str) -> Option<String> {
    let url = Url::parse(&got.header("location")).ok()?;
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_user_lets_an_application_in_and_it_acts_on_the_users_account() {
    let (world, app) = World::with_user().await;
    let page = world.asks(&wanted(&app)).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(
        page.text.contains("&lt;b&gt;App&lt;/b&gt;") && page.text.contains("https://app.example")
    );
    assert!(page.text.contains("lang=\"pt-BR\"") && page.text.contains("value=\"a b&amp;c\""));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && policy.starts_with("default-src 'none'"));
    assert!(!policy.contains("form-action"), "it would be held against later redirects: {policy}");
    assert!(page.headers.get("set-cookie").is_none(), "no session, nothing to forge with");
    let went = world.decides(&allowed(&app)).await;
    assert!(went.header("location").starts_with("https://app.example/back?a=1&code=ac_test_"));
    assert_eq!(told(&went, "state").as_deref(), Some("a b&c"));
    assert_eq!(told(&went, "iss").as_deref(), Some("http://localhost/techcorp"));
    let got = world.exchange(&app, &told(&went, "code").unwrap()).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    assert!(world.is_good(&got.at("/access_token")).await);
    assert!(!world.is_good(&got.at("/refresh_token")).await, "it opens nothing by itself");
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let (world, app) = World::with_user().await;
    for (name, value) in [
        ("client_id", None),
        ("client_id", Some("client_test_unknown")),
        ("redirect_uri", Some("https://app.example/back")),
        ("redirect_uri", Some("https://app.example/back?a=1&b=2")),
        ("redirect_uri", Some("https://evil.example/")),
    ] {
        for got in [
            world.asks(&but(wanted(&app), name, value)).await,
            world.decides(&but(allowed(&app), name, value)).await,
        ] {
            assert_eq!(got.status, StatusCode::BAD_REQUEST, "{name} {value:?}");
            assert!(got.header("location").is_empty() && got.text.starts_with("<!doctype html>"));
        }
    }
    let twice = format!("{AUTHORIZE}?{}&client_id=x", encoded(&wanted(&app)));
    assert_eq!(world.anonymous(&twice).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn of_a_bad_request_the_user_is_told_on_a_page_and_is_sent_nowhere() {
    let (world, app) = World::with_user().await;
    for (name, value, word) in [
        ("response_type", None, "invalid_request"),
        ("response_type", Some("token"), "unsupported_response_type"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
    ] {
        for got in [
            world.asks(&but(wanted(&app), name, value)).await,
            world.decides(&but(allowed(&app), name, value)).await,
        ] {
            assert_eq!(got.status, StatusCode::BAD_REQUEST, "{name} {value:?}");
            assert!(got.header("location").is_empty(), "RFC 9700, 4.11.2: {name} {value:?}");
            let back = format!("href=\"{BACK}&amp;error={word}&amp;");
            assert!(got.text.contains(&back) && got.text.contains("&amp;state=a+b%26c&amp;iss="));
        }
    }
    let scope = [wanted(&app), vec![("scope", "\"><script>é")]].concat();
    let got = world.asks(&scope).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST, "{}", got.text);
    assert!(got.text.contains("error=invalid_scope") && !got.text.contains("<script"));
}

#[tokio::test]
async fn who_says_no_goes_back_without_a_code() {
    let (world, app) = World::with_user().await;
    let no = world.decides(&but(allowed(&app), "decision", Some("deny"))).await;
    assert_eq!(no.status, StatusCode::SEE_OTHER, "{}", no.text);
    assert_eq!(told(&no, "error").as_deref(), Some("access_denied"));
    assert_eq!(told(&no, "state").as_deref(), Some("a b&c"));
    assert!(told(&no, "code").is_none() && told(&no, "iss").is_some());
}

#[tokio::test]
async fn where_to_go_back_to_may_be_left_out_and_on_the_users_machine_any_port_is_met() {
    let (world, app) = World::with_user().await;
    let unsaid = but(allowed(&app), "redirect_uri", None);
    let went = world.decides(&unsaid).await;
    assert!(went.header("location").starts_with(&format!("{BACK}&code=")), "{}", went.text);
    let code = told(&went, "code").unwrap();
    let wrong = but(exchange(&code), "redirect_uri", Some("https://app.example/"));
    assert_eq!(world.token(&app, &wrong).await.at("/error"), "invalid_grant");
    let got = world.token(&app, &but(exchange(&code), "redirect_uri", None)).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    let own = json!({"name": "CLI", "kind": "public", "redirect_uris": ["http://127.0.0.1/cb"]});
    let own = world.application(&own).await;
    let there = "http://127.0.0.1:50123/cb";
    let went = world.decides(&but(allowed(&own), "redirect_uri", Some(there))).await;
    assert!(went.header("location").starts_with(&format!("{there}?code=")), "{}", went.text);
    let code = told(&went, "code").unwrap();
    let other = but(exchange(&code), "redirect_uri", Some("http://127.0.0.1:50124/cb"));
    assert_eq!(world.token(&own, &other).await.at("/error"), "invalid_grant", "as it was asked");
    let got = world.token(&own, &but(exchange(&code), "redirect_uri", Some(there))).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
}

#[tokio::test]
async fn a_code_is_good_once_for_its_application_with_its_verifier_within_a_minute() {
    let (world, app) = World::with_user().await;
    let other = json!({"name": "Other", "kind": "public", "redirect_uris": [BACK]});
    let other = world.application(&other).await;
    let code = world.code(&app).await;
    let short = "a".repeat(42);
    for (name, value, word) in [
        ("code", None, "invalid_request"),
        ("code", Some("ac_test_unknown"), "invalid_grant"),
        ("redirect_uri", None, "invalid_grant"),
        ("redirect_uri", Some("https://app.example/back"), "invalid_grant"),
        ("code_verifier", None, "invalid_grant"),
        ("code_verifier", Some(CHALLENGE), "invalid_grant"),
        ("code_verifier", Some(short.as_str()), "invalid_grant"),
    ] {
        let got = world.token(&app, &but(exchange(&code), name, value)).await;
        assert_eq!(got.at("/error"), word, "{name} {value:?}");
    }
    assert_eq!(world.exchange(&other, &code).await.at("/error"), "invalid_grant");
    let got = world.exchange(&app, &code).await;
    assert_eq!(got.status, StatusCode::OK, "none of that used it up: {}", got.text);
    assert_eq!(world.exchange(&app, &code).await.at("/error"), "invalid_grant");
    assert!(!world.is_good(&got.at("/access_token")).await, "what the first brought is revoked");
    assert_eq!(world.refreshes(&got.at("/refresh_token")).await.at("/error"), "invalid_grant");
    let late = world.code(&app).await;
    world.passes("60s").await;
    assert_eq!(world.exchange(&app, &late).await.at("/error"), "invalid_grant");
}

#[tokio::test]
async fn a_code_without_a_challenge_is_not_slipped_to_whoever_used_one() {
    let (world, _) = World::with_user().await;
    let server = world.application(&json!({"name": "Server", "redirect_uris": [BACK]})).await;
    let plain = but(but(allowed(&server), "code_challenge", None), "code_challenge_method", None);
    let code = told(&world.decides(&plain).await, "code").unwrap();
    assert_eq!(
        world.exchange(&server, &code).await.at("/error"),
        "invalid_grant",
        "RFC 9700, 4.8.2"
    );
    let got = world.token(&server, &but(exchange(&code), "code_verifier", None)).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
}

#[tokio::test]
async fn a_refresh_token_is_used_once_and_a_second_use_ends_the_family() {
    let (world, app) = World::with_user().await;
    let first = world.exchange(&app, &world.code(&app).await).await;
    world.passes("31m").await;
    assert!(!world.is_good(&first.at("/access_token")).await);
    let second = world.refreshes(&first.at("/refresh_token")).await;
    assert_eq!(second.status, StatusCode::OK, "as the guide prints it: {}", second.text);
    assert_eq!(second.header("cache-control"), "no-store");
    assert!(world.is_good(&second.at("/access_token")).await);
    let token = second.at("/refresh_token");
    let asked = [("grant_type", "refresh_token"), ("refresh_token", &token), ("scope", "read")];
    let third = world.token(&app, &asked).await;
    assert_eq!(
        (third.status, third.at("/scope")),
        (StatusCode::OK, "read".into()),
        "{}",
        third.text
    );
    let fourth = world.refreshes(&third.at("/refresh_token")).await;
    assert_eq!(fourth.at("/scope"), "read write", "what was granted stays granted");
    let stolen = world.refreshes(&token).await;
    assert_eq!(
        (stolen.status, stolen.at("/error")),
        (StatusCode::BAD_REQUEST, "invalid_grant".into())
    );
    assert!(!world.is_good(&fourth.at("/access_token")).await, "all of the family is over");
    assert_eq!(world.refreshes(&fourth.at("/refresh_token")).await.at("/error"), "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_lasts_seven_days_and_ends_with_its_application_or_its_user() {
    let (world, app) = World::with_user().await;
    let other = json!({"name": "Other", "kind": "public", "redirect_uris": [BACK]});
    let other = world.application(&other).await;
    let got = world.exchange(&app, &world.code(&app).await).await;
    let token = got.at("/refresh_token");
    let asked = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    assert_eq!(world.token(&other, &asked).await.at("/error"), "invalid_grant", "another's");
    world.passes("167h").await;
    let next = world.refreshes(&token).await;
    assert_eq!(next.status, StatusCode::OK, "{}", next.text);
    world.passes("168h").await;
    assert_eq!(world.refreshes(&next.at("/refresh_token")).await.at("/error"), "invalid_grant");
    let got = world.exchange(&app, &world.code(&app).await).await;
    let gone = world.form("revoke", &app, &[("token", &got.at("/refresh_token"))]).await;
    assert_eq!(gone.status, StatusCode::OK);
    assert!(!world.is_good(&got.at("/access_token")).await, "RFC 7009, 2.1");
    let got = world.exchange(&app, &world.code(&app).await).await;
    let login = world.native(Method::GET, "/v1/logins", &world.test).await;
    assert!(!login.text.contains("password"), "{}", login.text);
    let path = format!("/v1/logins/{}", login.at("/data/0/id"));
    assert_eq!(
        world.native(Method::DELETE, &path, &world.test).await.status,
        StatusCode::NO_CONTENT
    );
    assert!(!world.is_good(&got.at("/access_token")).await, "its user is gone");
}
