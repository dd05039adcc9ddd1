//! Requests at the edges: asked twice, asked for too much, and asked only to try.

use serde_json::{Value, json};

use crate::posthorn::text;
use crate::receiver::Answer;
use crate::stage::{Stage, attempts};

#[test]
fn the_same_key_and_body_make_one_event_and_the_same_answer() {
    let stage = Stage::new("techcorp", |_| Answer::status(200));
    let body = json!({"type": "order.paid", "data": {"order_id": "1"}}).to_string();
    let first = stage.merchant.send("POST", "/v1/events", &body, Some("once-1"));
    let second = stage.merchant.send("POST", "/v1/events", &body, Some("once-1"));
    assert_eq!((first.status, second.status), (202, 202));
    assert_eq!(first.body, second.body);
    stage.settle();
    assert_eq!(stage.receiver.requests().len(), 1);

    let other = json!({"type": "order.paid", "data": {"order_id": "2"}}).to_string();
    let refused = stage.merchant.send("POST", "/v1/events", &other, Some("once-1"));
    assert_eq!(refused.status, 422, "{refused:#?}");
    stage.settle();
    assert_eq!(stage.receiver.requests().len(), 0);
}

#[test]
fn a_body_beyond_krxscales_limit_ends_its_delivery_at_once_with_a_notice() {
    let stage = Stage::new("krxscale", |_| Answer::status(200));
    let fits = |text_bytes: usize| {
        let data = format!(r#"{{"text": "{}"}}"#, "x".repeat(text_bytes));
        let accepted = stage.merchant.event("payment.transaction.created", &data);
        stage.settle();
        stage.delivery(&text(&accepted, "/deliveries/0/id"))
    };
    // The data alone is within what an event may have; with its envelope it is past 1 MiB.
    let too_large = fits(1_048_560);
    assert_eq!(too_large["state"], "exhausted", "{too_large:#}");
    assert_eq!(too_large["why"], "too_large", "{too_large:#}");
    assert_eq!(attempts(&too_large).len(), 0);
    assert_eq!(stage.receiver.requests().len(), 0);
    let notice = stage.newest("posthorn.delivery.unsendable").expect("a notice");
    assert_eq!(notice["why"], "too_large", "{notice:#}");
    assert_eq!(notice["body_bytes_max"], 1_048_576, "{notice:#}");

    let fitting = fits(1_048_000);
    assert_eq!(fitting["state"], "delivered", "{fitting:#}");
    let sent = stage.receiver.request().body.len();
    assert!((1_048_000..=1_048_576).contains(&sent), "{sent}");
}

#[test]
fn data_of_more_than_a_mebibyte_is_refused() {
    let stage = Stage::new("techcorp", |_| Answer::status(200));
    let body = format!(r#"{{"type":"order.paid","data":{{"x":"{}"}}}}"#, "x".repeat(1_048_576));
    let refused = stage.merchant.send("POST", "/v1/events", &body, None);
    assert_eq!(refused.status, 413, "{refused:#?}");
    stage.settle();
    assert_eq!(stage.receiver.requests().len(), 0);
}

#[test]
fn a_test_event_carries_the_catalogues_sample_to_one_endpoint_alone() {
    let stage = Stage::new("pagtracker", |_| Answer::status(200));
    stage.endpoint("/other", &["*"]);
    let accepted = stage.tell("test", &json!({"type": "split.processed"}));
    stage.settle();
    let seen = stage.receiver.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].path, "/deliveries");
    let body: Value = serde_json::from_slice(&seen[0].body).expect("JSON");
    assert_eq!(body["event"], "split.processed");
    assert_eq!(body["data"]["valor_total"], 100.5, "the guide's own sample: {body:#}");
    assert_eq!(seen[0].header("x-event-id"), text(&accepted, "/id"));

    let unknown = json!({"type": "split.procesed"}).to_string();
    let path = format!("/v1/endpoints/{}/test", stage.endpoint);
    let refused = stage.merchant.send("POST", &path, &unknown, None);
    assert_eq!(refused.status, 422, "{refused:#?}");
    assert!(refused.body.to_string().contains("split.processed"), "did you mean: {refused:#?}");
}

#[test]
fn an_address_that_is_not_saved_can_be_tried() {
    let stage = Stage::new("krxscale", |_| Answer::status(418));
    let wish = json!({
        "url": stage.receiver.url("/not-saved"), "type": "payment.transaction.succeeded",
    });
    let tried = stage.merchant.post("/v1/endpoints/test", &wish);
    let seen = stage.receiver.request();
    assert_eq!(seen.path, "/not-saved");
    assert_eq!(text(&tried, "/request/body").as_bytes(), seen.body);
    assert_eq!(tried["status"], 418, "{tried:#}");
    assert!(text(&tried, "/secret").starts_with("whsec_"), "to verify with: {tried:#}");
    assert_eq!(stage.deliveries().len(), 0, "once, and nothing is kept");
}

#[test]
fn each_event_of_a_batch_has_its_own_result() {
    let stage = Stage::new("techcorp", |_| Answer::status(200));
    let body = r#"{"events": [
        {"type": "order.paid", "data": {"n": 1}},
        {"type": "not a type", "data": {"n": 2}},
        {"type": "order.shipped", "data": {"n": 3}}
    ]}"#;
    let reply = stage.merchant.send("POST", "/v1/events/batch", body, None);
    assert!((200..300).contains(&reply.status), "{reply:#?}");
    stage.settle();
    let mut kinds: Vec<String> = stage
        .receiver
        .requests()
        .iter()
        .map(|seen| seen.header("x-event-type").to_owned())
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["order.paid", "order.shipped"]);
    assert!(reply.body.to_string().contains("not a type"), "{reply:#?}");
}

#[test]
fn one_merchant_sees_nothing_of_another() {
    let stage = Stage::new("techcorp", |_| Answer::status(200));
    let (event, delivery) = stage.accept("order.paid");
    let stranger = stage.server.merchant("techcorp");
    for path in [
        format!("/v1/events/{event}"),
        format!("/v1/deliveries/{delivery}"),
        format!("/v1/endpoints/{}", stage.endpoint),
    ] {
        let reply = stranger.send("GET", &path, "", None);
        assert_eq!(reply.status, 404, "{path}: {reply:#?}");
    }
    let listed = stranger.get("/v1/endpoints");
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(0));
}
