//! Deliveries: where they stand, every attempt, the bytes that were sent, and a second chance.

use bytes::Bytes;
use posthorn_engine::transport::{Answer, ErrorClass, Unreachable};
use serde_json::json;

use crate::harness::TestApp;
use crate::receiver::answer;

#[tokio::test]
async fn a_delivery_shows_its_attempts() {
    let app = TestApp::new().await;
    app.endpoint(&json!({})).await;
    let id = app.delivery().await;
    let got = app.until_state(&id, "delivered").await;
    insta::assert_json_snapshot!(got.shown(), @r#"
    {
      "body": {
        "attempts": [
          {
            "at": "[time]",
            "duration_ms": 34.0,
            "endpoint_version": 1,
            "late": false,
            "n": 1,
            "number": 1,
            "peer": "203.0.113.7",
            "phases": {
              "body": 0.5,
              "connect": 2.0,
              "dns": 1.0,
              "headers": 30.5
            },
            "response": {
              "body": "ok",
              "headers": {
                "content-type": "text/plain"
              },
              "truncated": false
            },
            "run": 1,
            "status": 200
          }
        ],
        "attempts_made": 1,
        "endpoint": "ep_…",
        "event": "evt_…",
        "id": "dlv_…",
        "run": 1,
        "since": "[time]",
        "state": "delivered",
        "type": "payment.completed"
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn a_failure_is_on_record_and_due_again() {
    let app = TestApp::new().await;
    app.endpoint(&json!({})).await;
    let detail = "certificate expired on 2026-01-01".to_owned();
    app.receiver.answers_with(Err(Unreachable::new(ErrorClass::Tls, detail)));
    let id = app.delivery().await;
    let path = format!("/v1/deliveries/{id}");
    let got = app.until(&path, |value| value["attempts_made"] == 1).await;
    insta::assert_json_snapshot!(got.shown(), @r#"
    {
      "body": {
        "attempts": [
          {
            "at": "[time]",
            "detail": "certificate expired on 2026-01-01",
            "duration_ms": 34.0,
            "endpoint_version": 1,
            "error": "tls",
            "late": false,
            "n": 1,
            "number": 1,
            "peer": "203.0.113.7",
            "phases": {
              "body": 0.5,
              "connect": 2.0,
              "dns": 1.0,
              "headers": 30.5
            },
            "run": 1
          }
        ],
        "attempts_made": 1,
        "endpoint": "ep_…",
        "event": "evt_…",
        "id": "dlv_…",
        "next_at": "[time]",
        "run": 1,
        "state": "due",
        "type": "payment.completed"
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_failure_and_shown_as_far_as_it_came() {
    let app = TestApp::new().await;
    app.endpoint(&json!({})).await;
    let came = Answer { truncated: true, ..answer(200, b"half of i") };
    app.receiver.answers_with(Err(Unreachable {
        class: ErrorClass::TimeoutBody,
        detail: "no complete answer within 5s".to_owned(),
        partial: Some(Box::new(came)),
    }));
    let id = app.delivery().await;
    let path = format!("/v1/deliveries/{id}");
    let got = app.until(&path, |value| value["attempts_made"] == 1).await.json();
    assert_eq!(got["state"], "due");
    let attempt = &got["attempts"][0];
    assert_eq!((&attempt["status"], &attempt["error"]), (&json!(200), &json!("timeout_body")));
    let response = json!({
        "headers": {"content-type": "text/plain"}, "body": "half of i", "truncated": true,
    });
    assert_eq!(attempt["response"], response);
}

#[tokio::test]
async fn a_body_that_is_no_text_is_shown_in_base64() {
    let app = TestApp::new().await;
    app.endpoint(&json!({})).await;
    let odd = Answer {
        body: Bytes::from_static(b"\xff\x00"),
        headers: vec![("set-cookie".into(), "a=1".into()), ("Set-Cookie".into(), "b=2".into())],
        truncated: true,
        ..answer(200, b"")
    };
    app.receiver.answers_with(Ok(odd));
    let id = app.delivery().await;
    let got = app.until_state(&id, "delivered").await;
    insta::assert_json_snapshot!(got.json()["attempts"][0]["response"], @r#"
    {
      "body": "/wA=",
      "encoding": "base64",
      "headers": {
        "set-cookie": "a=1, b=2"
      },
      "truncated": true
    }
    "#);
}

#[tokio::test]
async fn the_request_is_shown_as_it_was_sent_byte_for_byte() {
    let app = TestApp::new().await;
    app.endpoint(&json!({"secret": "fake-secret-'quoted'", "headers": {"X-Shop": "9"}})).await;
    let id = app.delivery().await;
    app.until_state(&id, "delivered").await;
    let got = app.get(&format!("/v1/deliveries/{id}/attempts/1/request")).await.json();
    let sent = app.receiver.got().remove(0);
    assert_eq!(got["url"], sent.url.as_str());
    assert_eq!(got["body"].as_str().unwrap().as_bytes(), sent.body);
    for (name, value) in &sent.headers {
        assert_eq!(got["headers"][posthorn_engine::wire_name(name)], value.as_str(), "{name}");
    }
    let curl = got["curl"].as_str().unwrap();
    assert!(curl.starts_with("curl -g -i -X POST 'https://example.com/webhooks'"), "{curl}");
    assert!(curl.contains("-H 'X-Shop: 9'"), "{curl}");
}

#[tokio::test]
async fn an_attempt_that_was_not_made_has_no_request() {
    let app = TestApp::new().await;
    app.endpoint(&json!({})).await;
    let id = app.delivery().await;
    app.until_state(&id, "delivered").await;
    for n in ["0", "2", "x"] {
        let got = app.get(&format!("/v1/deliveries/{id}/attempts/{n}/request")).await;
        assert_eq!(got.json()["code"], "not_found", "{n}");
    }
}

#[tokio::test]
async fn a_resend_opens_a_new_run_of_the_same_event() {
    let app = TestApp::new().await;
    app.endpoint(&json!({})).await;
    let id = app.delivery().await;
    app.until_state(&id, "delivered").await;
    let again = app.post(&format!("/v1/deliveries/{id}/resend"), &json!({})).await;
    assert_eq!(again.status, 202);
    assert_eq!((again.at("/state"), again.at("/run")), ("due".into(), "2".into()));
    let got = app.until_state(&id, "delivered").await;
    let numbers: Vec<_> = got.json()["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| (attempt["n"].clone(), attempt["run"].clone(), attempt["number"].clone()))
        .collect();
    assert_eq!(numbers, [(json!(1), json!(1), json!(1)), (json!(2), json!(2), json!(1))]);
    let bodies: Vec<_> = app.receiver.got().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies[0], bodies[1], "PayQI's body has no attempt number: the same bytes");
}

#[tokio::test]
async fn deliveries_are_listed_by_endpoint_event_and_state() {
    let app = TestApp::new().await;
    let (one, two) = (app.endpoint(&json!({})).await, app.endpoint(&json!({})).await);
    app.receiver.answers(&[200, 500]);
    let event = json!({"type": "payment.completed", "data": {}, "id": "order-1"});
    app.post("/v1/events", &event).await;
    let settled = |value: &serde_json::Value| {
        value["data"].as_array().unwrap().iter().all(|one| one["attempts_made"] == 1)
    };
    app.until("/v1/deliveries", settled).await;
    let count = async |query: &str| {
        let got = app.get(&format!("/v1/deliveries?{query}")).await.json();
        got["data"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 2);
    assert_eq!(count("event=order-1").await, 2);
    assert_eq!(count(&format!("endpoint={one}")).await, 1);
    assert_eq!(count(&format!("endpoint={two}&state=exhausted")).await, 0);
    assert_eq!(count("state=delivered").await, 1);
    assert_eq!(count("state=due").await, 1);
    assert_eq!(count("event=evt_1").await, 0);
}
