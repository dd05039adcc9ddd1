//! PayQI's webhook endpoints, and its test events.

use http::StatusCode;
use serde_json::{Value, json};

use super::fault;
use crate::harness::TestApp;

const WEBHOOKS: &str = "/payqi/api/webhooks";

#[tokio::test]
async fn a_webhook_has_an_id_of_its_own_form_and_shows_its_secret_once() {
    let app = TestApp::new().await;
    let draft = json!({"url": "https://shop.example/webhooks/payqi",
        "events": ["payment.completed", "payment.expired"], "description": "Loja"});
    let made = app.post(WEBHOOKS, &draft).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let (id, secret) = (made.at("/id"), made.at("/secret"));
    assert!(id.starts_with("wh_") && secret.starts_with("whsec_"));
    let native = format!("/v1/endpoints/{}", id.replace("wh_", "ep_"));
    assert_eq!(app.get(&native).await.at("/url"), made.at("/url"));
    let read = app.get(&format!("{WEBHOOKS}/{id}")).await;
    let mut shown = made.json();
    shown.as_object_mut().unwrap().remove("secret");
    assert_eq!(read.json(), shown);
    assert_eq!((&shown["enabled"], &shown["events"]), (&json!(true), &draft["events"]));
    let listed = app.get(WEBHOOKS).await.json();
    assert_eq!(listed["data"], json!([shown]));
    app.post(&format!("{native}/disable"), &json!({})).await;
    assert_eq!(app.get(&format!("{WEBHOOKS}/{id}")).await.at("/enabled"), "false");
    let gone = app.delete(&format!("{WEBHOOKS}/{id}")).await;
    assert_eq!((gone.status, gone.json()), (StatusCode::OK, json!({"id": id, "deleted": true})));
    assert_eq!(app.get(&format!("{WEBHOOKS}/{id}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_webhook_that_cannot_be_is_refused() {
    let app = TestApp::new().await;
    let mut faults = Vec::new();
    for draft in [
        json!({}),
        json!({"url": "http://shop.example/"}),
        json!({"url": "https://127.0.0.1/"}),
        json!({"url": "https://shop.example/", "events": ["payment completed"]}),
    ] {
        faults.push(fault(&app.post(WEBHOOKS, &draft).await));
    }
    insta::assert_snapshot!(faults.join("\n"), @r#"
    400 invalid_request_error missing_field [url] `url` is missing
    400 invalid_request_error address_refused [url] `url`: http is refused: use https (http is for test mode on a sandbox server, or where the operator allows it)
    400 invalid_request_error address_refused [url] `url`: address 127.0.0.1 is refused: loopback (127.0.0.0/8, RFC 1122); the operator can open it by listing 127.0.0.1/32 or its network in `allow_cidrs`
    400 invalid_request_error invalid_field [events] `events`: `payment completed` is not an event pattern: use a type, `*`, or a `*` as its last segment, as in `payment.*`, at line 1, column 31
    "#);
}

#[tokio::test]
async fn a_test_event_is_sent_signed_to_the_webhook_that_is_named() {
    let app = TestApp::new().await;
    let made = app.post(WEBHOOKS, &json!({"url": "https://shop.example/"})).await;
    let path = format!("{WEBHOOKS}/{}/test", made.at("/id"));
    let sent = app.post(&path, &json!({"event_type": "payment.completed"})).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text);
    assert_eq!(
        (sent.at("/event_type"), sent.at("/webhook_id")),
        ("payment.completed".into(), made.at("/id"))
    );
    app.until_state(&sent.at("/delivery_id"), "delivered").await;
    let got = app.receiver.got();
    let request = got.first().unwrap();
    let signature = request.headers.iter().find(|(name, _)| name == "X-PayQI-Signature");
    assert_eq!(signature.unwrap().1.len(), 64, "bare hexadecimal");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        (&body["type"], &body["id"]),
        (&json!("payment.completed"), &json!(sent.at("/event_id")))
    );
    let unknown = app.post(&path, &json!({"event_type": "payment.complete"})).await;
    let missing = app.post(&path, &json!({})).await;
    insta::assert_snapshot!([fault(&unknown), fault(&missing)].join("\n"), @r#"
    400 invalid_request_error invalid_field [event_type] `event_type`: `payment.complete` is not in the catalogue of contract `payqi`; did you mean `payment.completed`?
    400 invalid_request_error missing_field [event_type] `event_type` is missing
    "#);
}
