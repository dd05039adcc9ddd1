//! Users who register, and passwords that are tried.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use futures::future::join_all;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::consent::{AUTHORIZE, PASSWORD, Pairs, allowed, but, told};
use super::world::{FORM, World, encoded};
use crate::harness::Got;

impl World {
    async fn registers(&self, key: &str, draft: &Value) -> Got {
        self.app.call(Method::POST, "/v1/logins").key(key).json(draft).await
    }

    /// The page's form, sent from somewhere.
    async fn tries(&self, from: &str, pairs: &Pairs<'_>) -> Got {
        let call = self.app.call(Method::POST, AUTHORIZE).no_key().header("content-type", FORM);
        call.from(from).send(Body::from(encoded(pairs))).await
    }
}

#[tokio::test]
async fn users_are_of_one_mode_and_their_passwords_are_not_short() {
    let (world, app) = World::with_user().await;
    for (field, draft) in [
        ("email", json!({"email": "nobody", "password": PASSWORD})),
        ("password", json!({"email": "eva@loja.example", "password": "short"})),
    ] {
        let got = world.registers(&world.test, &draft).await;
        assert_eq!((got.status.as_u16(), got.at("/field")), (422, field.into()), "{}", got.text);
    }
    let again = json!({"email": "ana@loja.example", "password": PASSWORD});
    let taken = world.registers(&world.test, &again).await;
    assert_eq!(taken.status, StatusCode::CONFLICT, "{}", taken.text);
    let live = json!({"email": "eva@loja.example", "password": PASSWORD});
    let made = world.registers(&world.live, &live).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let got = world.decides(&but(allowed(&app), "email", Some("eva@loja.example"))).await;
    assert_eq!(got.status, StatusCode::FORBIDDEN, "a live user is nobody in test mode");
}

#[tokio::test]
async fn a_repeated_registration_is_known_again_without_its_password() {
    let world = World::new().await;
    let register = |email: &str, password: &str| {
        let call = world.app.call(Method::POST, "/v1/logins").key(&world.test);
        let draft = json!({"email": email, "password": password});
        async move { call.header("idempotency-key", "one").json(&draft).await }
    };
    let made = register("ana@loja.example", PASSWORD).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.header("idempotent-replayed"), "");
    let again = register("ana@loja.example", "another password").await;
    assert_eq!((again.status, again.at("/id")), (StatusCode::CREATED, made.at("/id")));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = register("eva@loja.example", PASSWORD).await;
    assert_eq!(other.at("/code"), "idempotency_key_reused", "{}", other.text);
}

#[tokio::test]
async fn a_wrong_password_lets_nobody_in_and_ten_from_one_place_are_enough() {
    let (world, app) = World::with_user().await;
    for (email, place) in [("ana@loja.example", "192.0.2.1"), ("eva@loja.example", "192.0.2.2")] {
        let email = but(allowed(&app), "email", Some(email));
        let wrong = but(email.clone(), "password", Some("wrong horse"));
        for _ in 0..10 {
            let got = world.tries(place, &wrong).await;
            assert_eq!(got.status, StatusCode::FORBIDDEN, "{}", got.text);
            assert!(got.header("www-authenticate").is_empty() && !got.text.contains("wrong horse"));
            assert!(got.text.contains("E-mail ou senha incorretos"), "{}", got.text);
        }
        let closed = world.tries(place, &email).await;
        assert_eq!(closed.status, StatusCode::TOO_MANY_REQUESTS, "whether there is one or not");
        let wait: u32 = closed.header("retry-after").parse().unwrap();
        assert!((80..=90).contains(&wait), "{wait}");
    }
    let elsewhere = world.tries("198.51.100.1", &allowed(&app)).await;
    assert!(told(&elsewhere, "code").is_some(), "nobody locks a user out: {}", elsewhere.text);
    let metrics = world.anonymous("/metrics").await.text;
    assert!(metrics.contains("bounds_reached_total{bound=\"password_tries\"} 2"), "{metrics}");
}

#[tokio::test]
async fn one_address_tries_so_many_accounts_and_no_more() {
    let (world, app) = World::with_user().await;
    let names: Vec<_> = (0..40).map(|nth| format!("u{nth}@a.example")).collect();
    let place = |nth: usize| format!("2001:db8:0:1::{nth:x}");
    let mut seen = Vec::new();
    for (nth, name) in names.iter().enumerate() {
        let got = world.tries(&place(nth), &but(allowed(&app), "email", Some(name))).await;
        seen.push(got.status);
    }
    let first = seen.iter().take_while(|status| **status == StatusCode::FORBIDDEN).count();
    assert!((30..35).contains(&first), "one network of IPv6 is one address: {seen:?}");
    assert!(seen.contains(&StatusCode::TOO_MANY_REQUESTS));
}

#[tokio::test]
async fn behind_a_trusted_proxy_it_is_the_browser_that_is_counted() {
    let (world, app) = World::with_user().await;
    let router = |proxies: &str| {
        let app = world.app.app.clone().behind(vec![proxies.parse().unwrap()]);
        posthorn_server::router(app, None)
    };
    let wrong = encoded(&but(allowed(&app), "password", Some("wrong horse")));
    let tries = async |proxies: &str, nth: u8| {
        let request = Request::post(AUTHORIZE).header("content-type", FORM);
        let request = request.header("x-forwarded-for", format!("1.1.1.1, 198.51.100.{nth}"));
        let peer = ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 1)));
        let request = request.extension(peer).body(Body::from(wrong.clone())).unwrap();
        router(proxies).oneshot(request).await.unwrap().status()
    };
    for nth in 0..11 {
        assert_eq!(tries("10.0.0.0/8", nth).await, StatusCode::FORBIDDEN);
    }
    for nth in 0..10 {
        assert_eq!(tries("172.16.0.0/12", nth).await, StatusCode::FORBIDDEN);
    }
    let made_up = tries("172.16.0.0/12", 10).await;
    assert_eq!(made_up, StatusCode::TOO_MANY_REQUESTS, "a stranger's header is not believed");
}

#[tokio::test]
async fn beyond_a_few_dozen_waiting_whoever_comes_is_sent_away_and_merchants_are_served() {
    let (world, app) = World::with_user().await;
    let places: Vec<_> = (0..60).map(|nth| format!("192.0.2.{nth}")).collect();
    let wrong = but(allowed(&app), "password", Some("wrong horse"));
    let all = join_all(places.iter().map(|place| world.tries(place, &wrong)));
    let draft = json!({"email": "eva@loja.example", "password": PASSWORD});
    let (all, made) = futures::join!(all, world.registers(&world.test, &draft));
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let busy: Vec<_> =
        all.iter().filter(|got| got.status == StatusCode::SERVICE_UNAVAILABLE).collect();
    let refused = all.iter().filter(|got| got.status == StatusCode::FORBIDDEN).count();
    assert_eq!(refused + busy.len(), 60);
    assert!((32..60).contains(&refused), "{refused} were looked at");
    assert!(busy.iter().all(|got| got.header("retry-after") == "2"));
    let metrics = world.anonymous("/metrics").await.text;
    assert!(metrics.contains("bounds_reached_total{bound=\"passwords\"}"), "{metrics}");
}

#[tokio::test]
async fn a_user_of_two_accounts_says_which_one_it_means() {
    let (world, app) = World::with_user().await;
    let other = json!({"name": "Filial <2>", "contract": "techcorp"});
    let other = world.app.merchant(&other).await;
    let draft = json!({"email": "ana@loja.example", "password": PASSWORD});
    let made = world.registers(&other.at("/keys/test/api_key"), &draft).await;
    assert_eq!(
        made.status,
        StatusCode::CREATED,
        "an address is no merchant's alone: {}",
        made.text
    );
    let asked = world.decides(&allowed(&app)).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
    let id = other.at("/id");
    let option = format!("<option value=\"{id}\">Filial &lt;2&gt;</option>");
    assert!(
        asked.text.contains(&option) && asked.text.contains(">Loja</option>"),
        "{}",
        asked.text
    );
    let wrong = but(allowed(&app), "password", Some("wrong horse"));
    assert!(!world.decides(&wrong).await.text.contains("Filial"), "only whoever is one is told");
    let chosen = [allowed(&app), vec![("account", &id)]].concat();
    let went = world.decides(&chosen).await;
    let got = world.exchange(&app, &told(&went, "code").unwrap()).await;
    let token = got.at("/access_token");
    let order = json!({"order_id": "o-1", "amount": 1_000, "method": "pix"});
    let paid = world.call(Method::POST, "/v1/payments/process", &token).json(&order).await;
    assert_eq!(paid.status, StatusCode::CREATED, "{}", paid.text);
    let theirs = world.get("/v1/payments", &other.at("/keys/test/api_key")).await;
    assert_eq!(theirs.at("/data/0/id"), paid.at("/id"), "it acts on the account that was chosen");
    let foreign = [allowed(&app), vec![("account", "mer_999")]].concat();
    assert_eq!(world.decides(&foreign).await.status, StatusCode::FORBIDDEN);
}
