//! Users who set their own passwords, and what they have let applications do as their merchant sees it.

use std::time::Duration;

use axum::body::Body;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use posthorn_engine::Options;
use serde_json::json;

use super::consent::{AUTHORIZE, PASSWORD, allowed, but, told};
use super::world::{FORM, World, encoded};
use crate::harness::{Got, TestApp};
use crate::hosts::{PRODUCTION, bound};

const PAGE: &str = "/techcorp/v1/auth/password";
const NEW: &str = "battery staple";

impl World {
    async fn invites(&self, email: &str) -> (String, String) {
        let call = self.app.call(Method::POST, "/v1/logins").key(&self.test);
        let made = call.json(&json!({"email": email})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        (made.at("/id"), token(&made.at("/invitation/url")))
    }

    async fn sets(&self, pairs: &[(&str, &str)]) -> Got {
        let call = self.app.call(Method::POST, PAGE).no_key().header("content-type", FORM);
        call.header("accept-language", "en").send(Body::from(encoded(pairs))).await
    }

    async fn accepts(&self, token: &str, password: &str) -> Got {
        self.sets(&[("token", token), ("new_password", password)]).await
    }

    async fn changes(&self, email: &str, was: &str, new: &str) -> Got {
        let pairs = [("mode", "test"), ("email", email), ("password", was), ("new_password", new)];
        self.sets(&pairs).await
    }
}

fn token(url: &str) -> String {
    let (page, token) = url.split_once("?token=").expect("the link has a token");
    assert!(page.ends_with(PAGE), "{url}");
    token.to_owned()
}

#[tokio::test]
async fn an_invited_user_sets_a_password_once_and_lets_an_application_in() {
    // Given a user who was registered without a password
    let (world, app) = World::with_user().await;
    let (id, token) = world.invites("Eva@Loja.example").await;
    let eva = but(allowed(&app), "email", Some("eva@loja.example"));
    for password in [PASSWORD, ""] {
        let got = world.decides(&but(eva.clone(), "password", Some(password))).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "nobody logs in without one: {}", got.text);
    }
    let listed = world.native(Method::GET, "/v1/logins", &world.test).await;
    let invited: Vec<_> = listed.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["invited"].as_bool().unwrap())
        .collect();
    assert_eq!(invited, [false, true], "{}", listed.text);
    assert!(!listed.text.contains("password\""), "{}", listed.text);
    // When it opens its link, and sets one that is too short, and then one that is not
    let shown = world.anonymous(&format!("{PAGE}?token={token}")).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    assert!(shown.text.contains("Definir a senha") && shown.text.contains("eva@loja.example"));
    let policy = shown.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(shown.header("referrer-policy"), "no-referrer", "the link is a secret");
    let short = world.accepts(&token, "short").await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", short.text);
    assert!(short.text.contains("10 to 256 characters") && short.text.contains(&token));
    let set = world.accepts(&token, PASSWORD).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    // Then it lets the application in, and its link is over
    let went = world.decides(&eva).await;
    assert!(told(&went, "code").is_some(), "{}", went.text);
    for got in
        [world.accepts(&token, NEW).await, world.anonymous(&format!("{PAGE}?token={token}")).await]
    {
        assert_eq!(got.status, StatusCode::GONE, "{}", got.text);
    }
    // And its merchant sends it another when it has forgotten its password
    let path = format!("/v1/logins/{id}/invitation");
    let again = world.native(Method::POST, &path, &world.test).await;
    assert_eq!(again.status, StatusCode::CREATED, "{}", again.text);
    let set = world.accepts(&self::token(&again.at("/url")), NEW).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    assert_eq!(world.decides(&eva).await.status, StatusCode::FORBIDDEN, "the old one is over");
    assert!(told(&world.decides(&but(eva, "password", Some(NEW))).await, "code").is_some());
}

#[tokio::test]
async fn an_invitation_is_for_one_user_at_its_base_and_for_three_days() {
    let (world, _) = World::with_user().await;
    let (id, token) = world.invites("eva@loja.example").await;
    let (_, other) = world.invites("ivo@loja.example").await;
    let proof = other.rsplit_once('.').unwrap().1;
    let (stem, _) = token.rsplit_once('.').unwrap();
    let longer = token.replacen('.', ".9", 1);
    for bad in ["", "x", "login_1", "login_1.1", &format!("{stem}.{proof}"), &longer, &token[1..]] {
        let got = world.accepts(bad, NEW).await;
        let status = if bad.is_empty() { StatusCode::FORBIDDEN } else { StatusCode::GONE };
        assert_eq!(got.status, status, "{bad}: {}", got.text);
    }
    let foreign = format!("/v1/logins/{id}/invitation");
    let foreign = world.native(Method::POST, &foreign, &world.live).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND, "another mode's: {}", foreign.text);
    let world = World { app: bound(world.app), ..world };
    let call = world.app.call(Method::GET, &format!("{PAGE}?token={token}")).no_key();
    let got = call.header("host", PRODUCTION).send(Body::empty()).await;
    assert_eq!(got.status, StatusCode::FORBIDDEN, "{}", got.text);
}

#[tokio::test]
async fn an_invitation_ends_after_three_days() {
    let world = World::of(TestApp::new().await).await;
    let (_, token) = world.invites("eva@loja.example").await;
    let page = format!("{PAGE}?token={token}");
    world.app.clock.advance(Duration::from_secs(72 * 3_600 - 1));
    assert_eq!(world.anonymous(&page).await.status, StatusCode::OK);
    world.app.clock.advance(Duration::from_secs(1));
    assert_eq!(world.anonymous(&page).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_user_changes_its_password_on_each_account_that_has_it() {
    let (world, app) = World::with_user().await;
    let other = world.app.merchant(&json!({"name": "Filial", "contract": "techcorp"})).await;
    let other = other.at("/keys/test/api_key");
    for (key, email, password) in
        [(&other, "ana@loja.example", PASSWORD), (&world.test, "eva@loja.example", PASSWORD)]
    {
        let call = world.app.call(Method::POST, "/v1/logins").key(key);
        let made = call.json(&json!({"email": email, "password": password})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    }
    let page = world.anonymous(&format!("{PAGE}?mode=test")).await;
    assert!(page.text.contains("Senha atual") && page.text.contains("value=\"test\""));
    let wrong = world.changes("ana@loja.example", "wrong horse", NEW).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN, "{}", wrong.text);
    let short = world.changes("ana@loja.example", PASSWORD, "short").await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", short.text);
    let changed = world.changes(" Ana@Loja.example", PASSWORD, NEW).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(world.decides(&allowed(&app)).await.status, StatusCode::FORBIDDEN);
    let several = world.decides(&but(allowed(&app), "password", Some(NEW))).await;
    assert!(several.text.contains(">Filial</option>"), "both accounts: {}", several.text);
    let eva = but(allowed(&app), "email", Some("eva@loja.example"));
    assert!(told(&world.decides(&eva).await, "code").is_some(), "another user's stays");
    let mut last = StatusCode::OK;
    for _ in 0..11 {
        last = world.changes("ana@loja.example", "wrong horse", NEW).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS, "it is no place to guess passwords");
}

#[tokio::test]
async fn a_merchant_sees_what_its_users_let_applications_do_and_ends_one_of_them() {
    // Given a user who has let in two applications, one of them twice
    let (world, app) = World::with_user().await;
    let draft = json!({"name": "Erp", "redirect_uris": ["https://app.example/back?a=1"]});
    let erp = world.application(&draft).await;
    let first = world.exchange(&app, &world.code(&app).await).await;
    let again = world.exchange(&app, &world.code(&app).await).await;
    let theirs = world.exchange(&erp, &world.code(&erp).await).await;
    let alone = world.access(&erp).await;
    let users = world.native(Method::GET, "/v1/logins", &world.test).await;
    let path = format!("/v1/logins/{}/applications", users.at("/data/0/id"));
    // When its merchant looks
    let listed = world.native(Method::GET, &path, &world.test).await;
    let names: Vec<_> = listed.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["application"].as_str().unwrap().to_owned(),
                one["scope"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let both = "read write".to_owned();
    assert_eq!(names, [(app.app.clone(), both.clone()), (erp.app.clone(), both)]);
    let page = world.native(Method::GET, &format!("{path}?limit=1"), &world.test).await;
    let rest = format!("{path}?limit=1&cursor={}", page.at("/next_cursor"));
    let rest = world.native(Method::GET, &rest, &world.test).await;
    assert_eq!((rest.at("/data/0/client_id"), rest.at("/next_cursor")), (erp.id, "null".into()));
    let foreign = world.native(Method::GET, &path, &world.live).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{}", foreign.text);
    // And shuts one of them out
    let out = format!("{path}/{}", app.app);
    assert_eq!(world.native(Method::DELETE, &out, &world.live).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        world.native(Method::DELETE, &out, &world.test).await.status,
        StatusCode::NO_CONTENT
    );
    // Then both of its grants are over, and nobody else's
    for got in [&first, &again] {
        assert!(!world.is_good(&got.at("/access_token")).await);
        let refresh = world.refreshes(&got.at("/refresh_token")).await;
        assert_eq!(refresh.at("/error"), "invalid_grant", "{}", refresh.text);
    }
    assert!(world.is_good(&theirs.at("/access_token")).await && world.is_good(&alone).await);
    let gone = world.native(Method::DELETE, &out, &world.test).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND, "{}", gone.text);
    // And the user may let it in again
    assert!(told(&world.decides(&allowed(&app)).await, "code").is_some());
    assert!(world.anonymous(&format!("{AUTHORIZE}?x=1")).await.status.is_client_error());
}

#[tokio::test]
async fn no_history_shows_an_invitation() {
    let requests = Some(SignedDuration::from_hours(1));
    let app = TestApp::bounded(Options { requests, ..Options::default() }).await;
    let world = World::of(app).await;
    let (_, token) = world.invites("eva@loja.example").await;
    world.anonymous(&format!("{PAGE}?token={token}")).await;
    world.accepts(&token, NEW).await;
    let calls = world.native(Method::GET, "/v1/requests", &world.test).await;
    let mut seen = calls.text.clone();
    for call in calls.json()["data"].as_array().unwrap() {
        let path = format!("/v1/requests/{}", call["id"].as_str().unwrap());
        seen.push_str(&world.native(Method::GET, &path, &world.test).await.text);
    }
    assert!(seen.contains("/v1/logins"), "{seen}");
    let (_, proof) = token.rsplit_once('.').unwrap();
    assert!(!seen.contains(proof) && !seen.contains(NEW), "{seen}");
}
