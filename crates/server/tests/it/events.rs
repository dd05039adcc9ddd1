//! Events: on disk before the 202, read again, explained.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::shown::shown;

#[tokio::test]
async fn an_event_is_accepted_with_its_deliveries() {
    let app = TestApp::new().await;
    app.endpoint(&json!({"events": ["payment.*"]})).await;
    app.endpoint(&json!({"events": ["refund.*"]})).await;
    let event = json!({"type": "payment.completed", "data": {"id": "pay_1", "amount": 10.00}});
    let got = app.post("/v1/events", &event).await;
    insta::assert_json_snapshot!(got.shown(), @r#"
    {
      "body": {
        "deliveries": [
          {
            "endpoint": "ep_…",
            "id": "dlv_…"
          }
        ],
        "id": "evt_…"
      },
      "status": 202
    }
    "#);
    let read = app.get(&format!("/v1/events/{}", got.at("/id"))).await;
    insta::assert_json_snapshot!(read.shown(), @r#"
    {
      "body": {
        "created": "[time]",
        "data": {
          "amount": 10,
          "id": "pay_1"
        },
        "event": "evt_…",
        "id": "evt_…",
        "mode": "test",
        "type": "payment.completed"
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn numbers_in_data_are_kept_as_javascript_prints_them() {
    let app = TestApp::new().await;
    let text = r#"{"type":"a.b","data":{"b":1e21,"a":0.1,"9":1.0,"e":"é"}}"#;
    let call = app.call(http::Method::POST, "/v1/events").send(text.into()).await;
    let read = app.get(&format!("/v1/events/{}", call.at("/id"))).await;
    assert!(read.text.contains(r#""data":{"9":1,"b":1e+21,"a":0.1,"e":"é"}"#), "{}", read.text);
}

#[tokio::test]
async fn the_callers_own_id_names_the_event() {
    let app = TestApp::new().await;
    app.endpoint(&json!({})).await;
    let event = json!({"type": "a.b", "data": {"n": 1}, "id": "order-1"});
    let first = app.post("/v1/events", &event).await;
    assert_eq!(first.at("/id"), "order-1");
    let again = app.post("/v1/events", &event).await;
    assert_eq!(again.text, first.text, "the same id with the same content is the same event");
    assert_eq!(again.header("idempotent-replayed"), "true");
    let read = app.get("/v1/events/order-1").await;
    assert_eq!(read.at("/id"), "order-1");
    let by_ours = app.get(&format!("/v1/events/{}", read.at("/event"))).await;
    assert_eq!(by_ours.text, read.text);
    let other = json!({"type": "a.b", "data": {"n": 2}, "id": "order-1"});
    insta::assert_snapshot!(app.post("/v1/events", &other).await.problem(), @"409 id_taken [id] `id` was given to another event before; use a new one, or leave it out");
}

#[tokio::test]
async fn events_are_listed_by_type_and_time() {
    let app = TestApp::new().await;
    for kind in ["a.b", "a.c", "a.b"] {
        app.post("/v1/events", &json!({"type": kind, "data": {}})).await;
        app.clock.advance(Duration::from_hours(1));
    }
    let count = async |query: &str| {
        let got = app.get(&format!("/v1/events?{query}")).await.json();
        assert!(got["data"].as_array().unwrap().iter().all(|event| event.get("data").is_none()));
        got["data"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 3);
    assert_eq!(count("type=a.b").await, 2);
    assert_eq!(count("since=2026-11-22T01:00:00Z").await, 2);
    assert_eq!(count("since=2026-11-22T01:00:00Z&until=2026-11-22T02:00:00Z").await, 1);
    assert_eq!(count("type=a.b&until=2026-11-22T00:30:00Z").await, 1);
}

/// An event and four endpoints: one that wants it, one of another type, one whose filter kept it out
/// and was taken away since, one that was created since.
async fn told_apart(app: &TestApp) {
    let url = |name: &str| format!("https://{name}.example.com/");
    app.endpoint(&json!({"events": ["payment.*"], "url": url("a")})).await;
    app.endpoint(&json!({"events": ["refund.*"], "url": url("b")})).await;
    let filter = json!({"amount": {"$gte": 1000}});
    let filtered = app.endpoint(&json!({"filter": filter, "url": url("c")})).await;
    app.clock.advance(Duration::from_mins(1));
    let event = json!({"type": "payment.completed", "data": {"amount": 5}, "id": "order-1"});
    app.post("/v1/events", &event).await;
    app.until("/v1/deliveries?state=delivered", |value| value["data"][0].is_object()).await;
    app.clock.advance(Duration::from_mins(1));
    app.patch(&format!("/v1/endpoints/{filtered}"), &json!({"filter": null})).await;
    app.endpoint(&json!({"url": url("d")})).await;
}

#[tokio::test]
async fn an_explanation_says_why_each_endpoint_got_it_or_not() {
    let app = TestApp::new().await;
    told_apart(&app).await;
    let got = app.get("/v1/events/order-1/explain").await.json();
    let told = got["data"].as_array().unwrap().iter().map(|one| {
        let now = one.pointer("/now/reason").unwrap_or(&Value::Null);
        let delivery = one.pointer("/delivery/state").unwrap_or(&Value::Null);
        format!("{} {} {} now {now}, {delivery}", one["url"], one["sent"], one["reason"])
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
    "https://a.example.com/" true "matches" now null, "delivered"
    "https://b.example.com/" false "type_not_wanted" now null, null
    "https://c.example.com/" false "filtered_out" now "matches", null
    "https://d.example.com/" false "created_later" now "matches", null
    "#);
    insta::assert_json_snapshot!(shown(&got["data"][2]), @r#"
    {
      "changed": [
        "filter"
      ],
      "detail": "its filter: amount is 5, wanted at least 1000",
      "endpoint": "ep_…",
      "now": {
        "detail": "its patterns and its filter let the event through",
        "reason": "matches",
        "sent": true
      },
      "reason": "filtered_out",
      "sent": false,
      "url": "https://c.example.com/"
    }
    "#);
}

#[tokio::test]
async fn an_explanation_names_an_endpoint_that_was_deleted_since() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let event = json!({"type": "payment.completed", "data": {}, "id": "order-1"});
    app.post("/v1/events", &event).await;
    app.until("/v1/deliveries?state=delivered", |value| value["data"][0].is_object()).await;
    app.delete(&format!("/v1/endpoints/{id}")).await;
    let got = app.get("/v1/events/order-1/explain").await;
    assert_eq!(got.at("/data/0/endpoint"), id);
    assert_eq!(got.at("/data/0/reason"), "endpoint_deleted");
    assert_eq!(got.at("/data/0/url"), "https://example.com/webhooks");
    assert!(got.at("/data/0/detail").contains("deleted since"), "{}", got.text);
}

#[tokio::test]
async fn an_explanation_names_who_was_there_then_and_is_deleted_now_without_a_delivery() {
    let app = TestApp::new().await;
    let refunds = json!({"events": ["refund.*"], "url": "https://old.example.com/"});
    let before = app.endpoint(&refunds).await;
    app.delete(&format!("/v1/endpoints/{before}")).await;
    let id = app.endpoint(&refunds).await;
    app.clock.advance(Duration::from_mins(1));
    let event = json!({"type": "payment.completed", "data": {}, "id": "order-1"});
    app.post("/v1/events", &event).await;
    app.clock.advance(Duration::from_mins(1));
    let later = app.endpoint(&refunds).await;
    app.clock.advance(Duration::from_mins(1));
    for id in [&id, &later] {
        assert_eq!(app.delete(&format!("/v1/endpoints/{id}")).await.status, 204);
    }
    let got = app.get("/v1/events/order-1/explain").await;
    assert_eq!(got.json()["data"].as_array().unwrap().len(), 1, "{}", got.text);
    assert_eq!(got.at("/data/0/endpoint"), id);
    insta::assert_json_snapshot!(shown(&got.json()["data"][0]), @r#"
    {
      "changed": [],
      "deleted": "[time]",
      "detail": "none of its `events` patterns matches the type",
      "endpoint": "ep_…",
      "reason": "type_not_wanted",
      "sent": false,
      "url": "https://old.example.com/"
    }
    "#);
}

#[tokio::test]
async fn an_explanation_does_not_say_that_what_was_not_sent_matches() {
    let app = TestApp::new().await;
    let event = json!({"type": "payment.completed", "data": {}, "id": "order-1"});
    app.post("/v1/events", &event).await;
    app.endpoint(&json!({})).await;
    let got = app.get("/v1/events/order-1/explain").await;
    insta::assert_json_snapshot!(shown(&got.json()["data"][0]), @r#"
    {
      "changed": [],
      "detail": "its settings of that moment let the event through, but it was created, changed or deleted while the event was being accepted, and got no delivery",
      "endpoint": "ep_…",
      "now": {
        "detail": "its patterns and its filter let the event through",
        "reason": "matches",
        "sent": true
      },
      "reason": "changed_meanwhile",
      "sent": false,
      "url": "https://example.com/webhooks"
    }
    "#);
}

#[tokio::test]
async fn an_array_where_one_event_belongs_is_called_an_array() {
    let app = TestApp::new().await;
    for body in [json!([]), json!(["a", 2])] {
        let told = app.post("/v1/events", &body).await.problem();
        assert!(told.contains("this is an array") && told.contains("/v1/events/batch"), "{told}");
    }
}
