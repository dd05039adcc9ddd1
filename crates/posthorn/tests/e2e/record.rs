//! What is on record: the request as it was sent, byte for byte, as a command for a shell, and why
//! an event was or was not sent.

use std::process::Command;

use serde_json::{Value, json};

use crate::posthorn::text;
use crate::receiver::{Answer, Seen};
use crate::stage::{Stage, attempts};

/// Headers that are HTTP's own, not the request's.
const OF_HTTP: [&str; 4] = ["host", "content-length", "connection", "accept"];

fn own_headers(seen: &Seen) -> Vec<(String, String)> {
    let of_http = |name: &str| OF_HTTP.iter().any(|known| known.eq_ignore_ascii_case(name));
    let mut own = seen.headers.clone();
    own.retain(|(name, _)| !of_http(name));
    own.sort();
    own
}

fn shown_headers(request: &Value) -> Vec<(String, String)> {
    let headers = request["headers"].as_object().expect("names and values");
    let text = |value: &Value| value.as_str().expect("a header's value").to_owned();
    let mut shown: Vec<_> =
        headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    shown.sort();
    shown
}

/// Every attempt of a failing delivery, shown again, is what the receiver got.
fn is_shown_as_it_was_sent(contract: &str, kind: &str, style: &str) {
    let stage = Stage::new(contract, |_| Answer::status(500));
    stage.change(&json!({"json": style, "headers": {"X-Shop": "it's \"one\""}}));

    let data =
        r#"{"name": "Zoë 'q' 😀 \u2028", "valor": 100.50, "url": "https://e.com/", "9": {}}"#;
    let accepted = stage.merchant.event(kind, data);
    let delivery = text(&accepted, "/deliveries/0/id");
    stage.settle();
    stage.merchant.advance("7m");
    let seen = stage.receiver.requests();
    assert!(seen.len() >= 2, "{seen:#?}");

    // What changes afterwards changes nothing about what was sent.
    stage.change(&json!({"url": stage.receiver.url("/new"), "json": "js", "headers": {}}));
    stage.tell("rotate", &json!({"overlap": "0s"}));

    for (number, seen) in (1..).zip(&seen) {
        let request =
            stage.merchant.get(&format!("/v1/deliveries/{delivery}/attempts/{number}/request"));
        assert_eq!(text(&request, "/body").as_bytes(), seen.body, "attempt {number}");
        assert_eq!(shown_headers(&request), own_headers(seen), "attempt {number}");
        assert_eq!(text(&request, "/url"), stage.receiver.url(&seen.path), "attempt {number}");
    }
}

#[test]
fn a_techcorp_request_is_shown_as_it_was_sent() {
    is_shown_as_it_was_sent("techcorp", "order.paid", "js");
}

#[test]
fn a_payqi_request_is_shown_as_it_was_sent() {
    is_shown_as_it_was_sent("payqi", "payment.completed", "js");
}

#[test]
fn a_sentinelgate_request_is_shown_as_it_was_sent() {
    is_shown_as_it_was_sent("sentinelgate", "payment.completed", "php");
}

#[test]
fn a_krxscale_request_is_shown_as_it_was_sent() {
    is_shown_as_it_was_sent("krxscale", "payment.transaction.succeeded", "python");
}

#[test]
fn a_pagtracker_request_is_shown_as_it_was_sent() {
    is_shown_as_it_was_sent("pagtracker", "payment.confirmed", "php");
}

#[test]
fn a_standard_request_is_shown_as_it_was_sent() {
    is_shown_as_it_was_sent("standard", "payment.succeeded", "js");
}

#[test]
fn the_curl_command_sends_the_same_request_again() {
    let stage = Stage::new("krxscale", |_| Answer::status(200));
    let data = r#"{"name": "it's $HOME `ls` \\ 😀 \u2028 \n"}"#;
    let accepted = stage.merchant.event("payment.transaction.succeeded", data);
    let sent = stage.receiver.request();
    stage.settle();
    let delivery = text(&accepted, "/deliveries/0/id");
    let request = stage.merchant.get(&format!("/v1/deliveries/{delivery}/attempts/1/request"));
    let ran = Command::new("sh").args(["-c", &text(&request, "/curl")]).output();
    let ran = ran.expect("a shell is everywhere");
    assert_ne!(ran.status.code(), Some(127), "curl is not installed: apt-get install curl");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let again = stage.receiver.request();
    assert_eq!(again.body, sent.body);
    assert_eq!(own_headers(&again), own_headers(&sent));
    assert_eq!(again.path, sent.path);
}

#[test]
fn every_attempt_is_on_record_with_what_the_receiver_answered() {
    let stage = Stage::new("payqi", |_| Answer::status(418).with("x-reason", "short and stout"));
    let (_, delivery) = stage.accept("payment.completed");
    stage.settle();
    let delivery = stage.delivery(&delivery);
    let attempt = attempts(&delivery).pop().expect("a try");
    assert_eq!(attempt["status"], 418, "{attempt:#}");
    assert!(attempt["duration_ms"].is_number(), "{attempt:#}");
    let shown = attempt.to_string();
    assert!(shown.contains("short and stout"), "{attempt:#}");
    assert!(shown.contains("seen"), "the answer's body: {attempt:#}");
    assert!(shown.contains("127.0.0.1"), "the resolved address: {attempt:#}");
}

#[test]
fn of_a_long_answer_a_kibibyte_is_kept_after_a_success_and_sixteen_after_a_failure() {
    let kept = |status: u16, bytes: usize| {
        let stage = Stage::new("payqi", move |_| Answer::status(status).saying(&"x".repeat(bytes)));
        let (_, delivery) = stage.accept("payment.completed");
        stage.settle();
        let attempt = attempts(&stage.delivery(&delivery)).pop().expect("a try");
        (text(&attempt, "/response/body").len(), attempt["response"]["truncated"].clone())
    };
    assert_eq!(kept(200, 20_000), (1024, json!(true)));
    assert_eq!(kept(200, 1024), (1024, json!(false)));
    assert_eq!(kept(500, 20_000), (16 * 1024, json!(true)));
    assert_eq!(kept(500, 16 * 1024), (16 * 1024, json!(false)));
}

#[test]
fn one_can_ask_why_an_event_was_or_was_not_sent() {
    let stage = Stage::new("krxscale", |_| Answer::status(200));
    let refunds = stage.endpoint("/refunds", &["payment.transaction.refunded"]);
    let draft = json!({
        "url": stage.receiver.url("/product"), "events": ["payment.*"],
        "filter": {"product.id": {"$in": ["prod_1", "prod_2"]}},
    });
    let reply = stage.merchant.send("POST", "/v1/endpoints", &draft.to_string(), None);
    assert_eq!(reply.status, 201, "{reply:#?}");
    let product = text(&reply.body, "/id");
    let data = r#"{"product": {"id": "prod_3"}}"#;
    let event = text(&stage.merchant.event("payment.transaction.succeeded", data), "/id");

    let why = stage.merchant.get(&format!("/v1/events/{event}/explain"));
    let all = why["data"].as_array().expect("a list");
    let about = |endpoint: &str| {
        let found = all.iter().find(|row| row["endpoint"] == endpoint);
        found.unwrap_or_else(|| panic!("nothing about {endpoint}: {why:#}"))
    };
    let sent = about(&stage.endpoint);
    assert_eq!((&sent["sent"], &sent["reason"]), (&json!(true), &json!("matches")), "{why:#}");
    let other = about(&refunds);
    assert_eq!((&other["sent"], &other["reason"]), (&json!(false), &json!("type_not_wanted")));
    let filtered = about(&product);
    assert_eq!((&filtered["sent"], &filtered["reason"]), (&json!(false), &json!("filtered_out")));
    assert!(text(filtered, "/detail").contains("product.id"), "{why:#}");

    let all_products = json!({"filter": null}).to_string();
    let changed =
        stage.merchant.send("PATCH", &format!("/v1/endpoints/{product}"), &all_products, None);
    assert_eq!(changed.status, 200, "{changed:#?}");
    let why = stage.merchant.get(&format!("/v1/events/{event}/explain"));
    let rows = why["data"].as_array().expect("a list");
    let row = rows.iter().find(|row| row["endpoint"] == product.as_str()).expect("a row");
    assert_eq!(row["reason"], "filtered_out", "what was decided then: {row:#}");
    assert_eq!(row["changed"], json!(["filter"]), "{row:#}");
    assert_eq!(row["now"]["reason"], "matches", "{row:#}");
}
