//! The request history: what support looks for, and what nobody may find there.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use futures::FutureExt;
use http::Method;
use jiff::SignedDuration;
use posthorn_core::history::Wanted;
use posthorn_engine::{Options, RequestQuery};
use posthorn_store::Whose;
use serde_json::{Value, json};

use crate::harness::{ADMIN, Got, TestApp};

async fn with_history() -> TestApp {
    let requests = Some(SignedDuration::from_hours(7 * 24));
    TestApp::bounded(Options { requests, ..Options::default() }).await
}

/// The ids of a list.
async fn ids(app: &TestApp, key: &str, query: &str) -> Vec<String> {
    let got = listed(app, key, query).await;
    let rows = got.json()["data"].as_array().cloned().unwrap_or_else(|| panic!("{}", got.text));
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

async fn listed(app: &TestApp, key: &str, query: &str) -> Got {
    let path = format!("/v1/requests?limit=100&{query}");
    app.call(Method::GET, &path).key(key).header("x-request-id", "list").send(Body::empty()).await
}

/// A call with an id of its caller's.
async fn called(app: &TestApp, id: &str, method: Method, path: &str, body: &Value) -> Got {
    app.call(method, path).header("x-request-id", id).json(body).await
}

#[tokio::test]
async fn a_call_is_found_by_its_id_with_what_was_sent_and_answered() {
    let app = with_history().await;
    let call = app.call(Method::POST, "/v1/endpoints").from("203.0.113.7");
    let call = call.header("user-agent", "acme-shop/1.4").header("idempotency-key", "order-7");
    let made = call.json(&json!({"url": "ftp://example.com", "events": ["*"]})).await;
    assert_eq!(made.status, 422, "{}", made.text);
    let found = app.get(&format!("/v1/requests/{}", made.header("x-request-id"))).await;
    let mut call = found.json();
    assert_eq!(call["id"], made.header("x-request-id"), "{}", found.text);
    let told: Value =
        serde_json::from_str(call["response_body"]["text"].as_str().unwrap()).unwrap();
    assert_eq!(told, made.json());
    for member in ["id", "at", "duration_ms", "bytes_out", "response_body", "merchant", "code"] {
        call.as_object_mut().unwrap().remove(member).unwrap_or_else(|| panic!("no {member}"));
    }
    insta::assert_snapshot!(call, @r#"{"address":"203.0.113.7","by":"key_1","bytes_in":42,"calls":1,"idempotency_key":"order-7","method":"POST","mode":"test","path":"/v1/endpoints","request_body":{"cut":false,"text":"{\"events\":[\"*\"],\"url\":\"ftp://example.com\"}"},"status":422,"user_agent":"acme-shop/1.4"}"#);
    assert_eq!(app.get("/v1/requests/req_unknown").await.status, 404);
}

#[tokio::test]
async fn an_event_that_was_accepted_is_named_and_not_copied() {
    let app = with_history().await;
    let event = json!({"type": "payment.completed", "data": {"id": "pay_1"}});
    let sent = called(&app, "one", Method::POST, "/v1/events", &event).await;
    let call = app.get("/v1/requests/one").await.json();
    assert_eq!(call["events"], json!([sent.at("/id")]));
    assert_eq!(call["bytes_in"], event.to_string().len());
    assert_eq!((call.get("request_body"), call.get("response_body")), (None, None));
    let batch = json!([event, event]);
    called(&app, "two", Method::POST, "/v1/events/batch", &batch).await;
    let call = app.get("/v1/requests/two").await.json();
    assert_eq!(call["events"].as_array().map(Vec::len), Some(2));
    // One that was refused is shown as it was sent.
    called(&app, "bad", Method::POST, "/v1/events", &json!({"type": "payment.completed"})).await;
    let call = app.get("/v1/requests/bad").await.json();
    assert_eq!(call["request_body"]["text"], r#"{"type":"payment.completed"}"#);
    assert_eq!((&call["code"], call.get("events")), (&json!("missing_field"), None));
}

#[tokio::test]
async fn a_call_whose_client_hangs_up_is_on_record_as_that() {
    let app = with_history().await;
    let (_sending, body) = futures::channel::mpsc::unbounded::<Result<&[u8], std::io::Error>>();
    let call = app.call(Method::POST, "/v1/endpoints").header("x-request-id", "gone");
    let mut waiting = Box::pin(call.send(Body::from_stream(body)));
    for _ in 0..100 {
        assert!((&mut waiting).now_or_never().is_none(), "its body never ends");
        tokio::task::yield_now().await;
    }
    assert_eq!(app.get("/v1/requests/gone").await.status, 404, "it is being carried out");
    drop(waiting);
    let call = app.get("/v1/requests/gone").await.json();
    let told = ["status", "method", "path", "by", "calls"].map(|member| call[member].clone());
    assert_eq!(json!(told), json!([499, "POST", "/v1/endpoints", "key_1", 1]));
    assert_eq!((call.get("code"), call.get("response_body")), (None, None));
}

#[tokio::test]
async fn calls_are_listed_newest_first_by_what_they_were() {
    let app = with_history().await;
    called(&app, "a", Method::GET, "/v1/events", &Value::Null).await;
    app.clock.advance(Duration::from_mins(1));
    let later = app.app.engine().now().to_string();
    called(&app, "b", Method::GET, "/v1/nowhere?x=Needle", &Value::Null).await;
    called(&app, "c", Method::POST, "/v1/endpoints", &json!({"hay": "neeDLE"})).await;
    called(&app, "d", Method::DELETE, "/v1/endpoints/ep_99", &Value::Null).await;
    for (query, expected) in [
        ("", &["d", "c", "b", "a"][..]),
        ("status=404", &["d", "b"]),
        ("status=4xx", &["d", "c", "b"]),
        ("status=2xx", &["a"]),
        ("method=post", &["c"]),
        ("path=/v1/e", &["d", "c", "a"]),
        ("code=unknown_field", &["c"]),
        ("q=needle", &["c", "b"]),
        (&format!("after={later}"), &["d", "c", "b"]),
        (&format!("before={later}"), &["a"]),
        ("status=404&q=needle", &["b"]),
    ] {
        let mut found = ids(&app, &app.test, query).await;
        found.retain(|id| id != "list");
        assert_eq!(found, expected, "{query}");
    }
    for bad in ["status=9xx", "merchant=mer_1&mode=test", "after=now"] {
        let got = listed(&app, &app.test, bad).await;
        assert!(
            got.problem().contains("422 invalid_parameter") || got.status == 400,
            "{}",
            got.text
        );
    }
}

#[tokio::test]
async fn nobody_sees_the_calls_of_another_and_a_mode_is_apart() {
    let app = with_history().await;
    called(&app, "ours", Method::GET, "/v1/events", &Value::Null).await;
    let live = app.call(Method::GET, "/v1/events").key(&app.live).header("x-request-id", "live");
    live.send(Body::empty()).await;
    let stranger = app.call(Method::GET, "/v1/events").no_key().header("x-request-id", "stranger");
    assert_eq!(stranger.send(Body::empty()).await.status, 401);
    let other = app.merchant(&json!({"name": "Outra", "contract": "payqi"})).await;
    let other = other.at("/keys/test/api_key");
    let see = async |key: &str, id: &str| {
        let path = format!("/v1/requests/{id}");
        app.call(Method::GET, &path).key(key).send(Body::empty()).await.status == 200
    };
    assert!(see(&app.test, "ours").await && !see(&other, "ours").await);
    assert!(see(&app.live, "live").await && !see(&app.test, "live").await);
    assert!(!see(&app.test, "stranger").await && see(ADMIN, "stranger").await);
    assert!(see(ADMIN, "ours").await);
    assert_eq!(ids(&app, &other, "path=/v1/events&q=ours").await, [] as [&str; 0]);
    let of = format!("merchant={}&mode=live&path=/v1/events", app.merchant);
    assert_eq!(ids(&app, ADMIN, &of).await, ["live"]);
    let mut all = ids(&app, ADMIN, "path=/v1/events").await;
    all.sort_unstable();
    assert_eq!(all, ["live", "ours", "stranger"]);
}

#[tokio::test]
async fn a_page_goes_on_where_the_one_before_ended_whatever_is_called_meanwhile() {
    let app = with_history().await;
    for number in 0..7 {
        called(&app, &format!("n{number}"), Method::GET, "/v1/jobs", &Value::Null).await;
        if number == 3 {
            app.app.engine().write_history().await;
        }
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("/v1/requests?path=/v1/jobs&limit=2{cursor}")).await;
        let rows = page.json()["data"].as_array().cloned().unwrap();
        found.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        called(&app, "meanwhile", Method::GET, "/v1/jobs", &Value::Null).await;
        match page.json()["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, ["n6", "n5", "n4", "n3", "n2", "n1", "n0"]);
}

#[tokio::test]
async fn no_secret_and_no_card_is_kept_and_none_is_repeated() {
    let app = with_history().await;
    let pan = "4242424242424242";
    let body =
        json!({"amount": {"value": "x"}, "card": {"number": pan, "cvv": 739}, "api_key": app.live});
    let refused = called(&app, "card", Method::POST, "/v1/payments", &body).await;
    assert!(refused.status.is_client_error(), "{}", refused.text);
    let number = json!({"name": 4_242_424_242_424_242_i64, "contract": "payqi"});
    let told = app.merchant(&number).await;
    assert!(!told.text.contains(pan), "{}", told.text);
    let path = format!("/v1/events/{pan}?api_key={}", app.test);
    let told = called(&app, "path", Method::GET, &path, &Value::Null).await;
    assert!(!told.text.contains(pan), "{}", told.text);
    called(&app, "broken", Method::POST, "/v1/payments", &Value::Null).await;
    let broken = app.call(Method::POST, "/v1/payments").header("x-request-id", "cut");
    broken.send(Body::from(format!("{{\"card\":{{\"number\":\"{pan}\",\"cvv\":\"739\""))).await;
    let shapes = json!({
        "url": "https://horse:battery@a.example/#access_token=staple", "pair": {"name": "cvv", "value": "739"},
        "x_auth": "battery", "n": [4242, 4242, 4242, 4242], "t": "9999 9999 9999 9995",
    });
    called(&app, "shapes", Method::POST, "/v1/endpoints", &shapes).await;
    let mut kept = String::new();
    for id in ["card", "path", "broken", "cut", "shapes"] {
        kept += &app.get(&format!("/v1/requests/{id}")).await.text;
    }
    let shaped = ["battery", "staple", "4242", "9995"];
    for secret in [pan, "739", &app.test, &app.live].into_iter().chain(shaped) {
        assert!(!kept.contains(secret), "{secret}: {kept}");
    }
    assert!(kept.contains("[redacted]"), "{kept}");
}

#[tokio::test]
async fn an_id_that_is_a_cards_number_is_found_by_itself_and_is_shown_under_another() {
    let app = with_history().await;
    let (one, other) = ("4242424242424242", "5555555555554444");
    called(&app, one, Method::GET, "/v1/events", &Value::Null).await;
    called(&app, other, Method::GET, "/v1/jobs", &Value::Null).await;
    let found = app.get(&format!("/v1/requests/{one}")).await;
    assert_eq!((&found.json()["path"], &found.json()["calls"]), (&json!("/v1/events"), &json!(1)));
    let shown = found.json()["id"].as_str().unwrap().to_owned();
    assert!(shown.starts_with("id_") && !found.text.contains(one), "{}", found.text);
    assert_eq!(app.get(&format!("/v1/requests/{shown}")).await.json()["path"], "/v1/events");
    assert!(ids(&app, &app.test, "path=/v1/events").await.contains(&shown));
    assert_eq!(app.get(&format!("/v1/requests/{other}")).await.json()["path"], "/v1/jobs");
}

#[tokio::test]
async fn an_id_that_looks_like_ours_is_found_whatever_time_it_tells() {
    let app = with_history().await;
    let id = "req_01900000000aabbccdd7";
    called(&app, id, Method::GET, "/v1/events", &Value::Null).await;
    let found = app.get(&format!("/v1/requests/{id}")).await;
    assert_eq!(found.status, 200, "{}", found.text);
    assert_eq!(found.json()["path"], "/v1/events");
}

#[tokio::test]
async fn whoever_polls_the_history_makes_no_block_of_each_look() {
    let app = with_history().await;
    called(&app, "one", Method::GET, "/v1/events", &Value::Null).await;
    for _ in 0..5 {
        assert!(ids(&app, &app.test, "path=/v1/events").await.contains(&"one".to_owned()));
    }
    // A look is found by its id at once, and others with it.
    let look = app.get("/v1/requests?limit=1").await.header("x-request-id");
    assert_eq!(app.get(&format!("/v1/requests/{look}")).await.status, 200);
    let wanted = Wanted { path: Some("/v1/requests?".into()), ..Wanted::default() };
    let query = RequestQuery { whose: Whose::All, wanted };
    let page = app.app.engine().requests(query, None, 100).await.unwrap();
    let mut blocks: Vec<i64> = page.calls.iter().map(|found| found.number >> 16).collect();
    assert_eq!(blocks.len(), 6);
    blocks.dedup();
    assert_eq!(blocks.len(), 1, "all of them are in one block");
}

#[tokio::test]
async fn after_seven_days_calls_are_gone() {
    let app = with_history().await;
    called(&app, "old", Method::GET, "/v1/events", &Value::Null).await;
    app.app.engine().write_history().await;
    app.clock.advance(Duration::from_hours(6 * 24));
    assert_eq!(app.get("/v1/requests/old").await.status, 200);
    app.clock.advance(Duration::from_hours(25));
    app.until("/v1/requests/old", |told| told["status"] == 404).await;
    assert!(!ids(&app, ADMIN, "").await.contains(&"old".to_owned()));
}

#[tokio::test]
async fn what_finds_no_room_while_the_database_is_away_is_counted() {
    let app = with_history().await;
    app.database_fails.store(true, Ordering::Relaxed);
    called(&app, "first", Method::GET, "/v1/nowhere", &Value::Null).await;
    let long = json!({"x": "y".repeat(60_000)});
    for _ in 0..200 {
        called(&app, "long", Method::POST, "/v1/endpoints", &long).await;
    }
    called(&app, "bare", Method::POST, "/v1/endpoints", &long).await;
    let far = format!("/v1/events?cursor={}", "y".repeat(8_000));
    for _ in 0..400 {
        called(&app, "far", Method::GET, &far, &Value::Null).await;
    }
    called(&app, "last", Method::GET, &far, &Value::Null).await;
    let metrics = app.call(Method::GET, "/metrics").no_key().send(Body::empty()).await.text;
    let dropped = metrics
        .lines()
        .find_map(|line| line.strip_prefix("posthorn_request_history_dropped_total "));
    assert!(dropped.is_some_and(|count| count.parse::<u32>().unwrap() > 10), "{dropped:?}");
    assert_eq!(app.get("/v1/requests/first").await.status, 404, "it is not on record yet");
    app.database_fails.store(false, Ordering::Relaxed);
    let first = app.call(Method::GET, "/v1/requests/first").key(ADMIN).send(Body::empty()).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let bare = app.get("/v1/requests/bare").await;
    assert_eq!(bare.status, 200, "bodies went before calls: {}", bare.text);
    let told = bare.json();
    assert!(told["request_body"].is_null(), "{told:#}");
    assert!(told["bytes_in"].as_u64() > Some(60_000), "{told:#}");
    assert_eq!(app.get("/v1/requests/last").await.status, 404, "there was no room for it");
}

#[tokio::test]
async fn two_servers_of_one_moment_make_no_id_twice() {
    let (one, other) = (with_history().await, with_history().await);
    let registry = prometheus_client::registry::Registry::default();
    let again = posthorn_server::App::new(one.app.engine().clone(), registry, "0.0.0-test");
    let first = one.get("/v1/events").await.header("x-request-id");
    let router = posthorn_server::router(again, None);
    let second = TestApp { router, ..other }.get("/v1/events").await.header("x-request-id");
    let moment = |id: &str| id.get(..15).unwrap().to_owned();
    assert_eq!(moment(&first), moment(&second), "the same millisecond");
    assert_ne!(first.get(15..23), second.get(15..23), "and another process");
}
