//! What the guides print apart from signatures and schedules: catalogues, bodies member by member,
//! timeouts, sizes, https. The expectations stand here as the guides print them.

use serde_json::{Value, json};

use crate::posthorn::{Posthorn, text};
use crate::receiver::Answer;
use crate::stage::Stage;

/// What `GET /v1/contracts/{name}` says of a contract, and its catalogue's types.
fn contract(name: &str) -> (Value, Vec<String>) {
    let server = Posthorn::start();
    let contract = server.merchant(name).get(&format!("/v1/contracts/{name}"));
    let events = contract["events"].as_array().expect("a catalogue").clone();
    let types = events.iter().map(|event| text(event, "/type")).collect();
    (contract, types)
}

/// The description of a type, in the guide's language.
fn described(contract: &Value, kind: &str) -> String {
    let events = contract["events"].as_array().expect("a catalogue");
    let event = events.iter().find(|event| event["type"] == kind).expect("in the catalogue");
    text(event, "/description")
}

#[test]
fn techcorp_promises_what_its_faq_says() {
    let (contract, types) = contract("techcorp");
    let printed = [
        "order.created",
        // Before the order that it pays: of one transition, events come in the order of the file.
        "payment.confirmed",
        "order.paid",
        "order.shipped",
        "order.delivered",
        "order.cancelled",
        "payment.failed",
        "payment.refunded",
        "user.created",
        "user.updated",
        "product.updated",
    ];
    assert_eq!(types, printed);
    assert_eq!(described(&contract, "order.paid"), "Payment confirmed");
    assert_eq!(contract["timeout"], "5s");
    assert_eq!(contract["https_only"], true);
    assert_eq!(contract["tries"], 5);
}

#[test]
fn payqi_promises_what_its_guide_says() {
    let (contract, types) = contract("payqi");
    let printed = [
        "payment.created",
        "payment.pending",
        "payment.completed",
        "payment.failed",
        "payment.expired",
    ];
    assert_eq!(types, printed);
    assert_eq!(described(&contract, "payment.pending"), "Payment awaiting confirmation");
    assert_eq!(contract["https_only"], true);
}

#[test]
fn sentinelgate_promises_what_its_guide_says() {
    let (contract, types) = contract("sentinelgate");
    let printed = ["payment.pending", "payment.completed", "payment.failed", "payment.cancelled"];
    assert_eq!(types, printed);
    assert_eq!(contract["tries"], 5);
}

#[test]
fn krxscale_promises_what_its_guide_says() {
    let (contract, types) = contract("krxscale");
    let printed = [
        "created",
        "pending",
        "processing",
        "succeeded",
        "failed",
        "canceled",
        "refunded",
        "partially_refunded",
        "requires_action",
        "chargeback",
    ];
    assert_eq!(types, printed.map(|last| format!("payment.transaction.{last}")));
    assert_eq!(described(&contract, "payment.transaction.requires_action"), "Requer ação");
    assert_eq!(contract["timeout"], "15s");
    assert_eq!(contract["https_only"], true);
    assert_eq!(contract["body_bytes_max"], 1024 * 1024);
    assert_eq!(contract["tries"], 10);
    assert_eq!(contract["exhausted"], "FAILED");
}

#[test]
fn pagtracker_promises_what_its_guide_says() {
    let (contract, types) = contract("pagtracker");
    let printed = [
        "payment.created",
        "payment.confirmed",
        "payment.expired",
        "payment.canceled",
        "payment.refunded",
        "split.processed",
        "split.failed",
        "checkout.completed",
        "checkout.abandoned",
    ];
    assert_eq!(types, printed);
    assert_eq!(described(&contract, "payment.created"), "Uma nova cobrança PIX foi criada");
    assert_eq!(contract["timeout"], "5s");
    assert_eq!(contract["tries"], 7);
}

/// Sends one event and answers its id, the body's text and the body read.
fn body(contract: &str, kind: &str, data: &str) -> (String, String, Value) {
    let stage = Stage::new(contract, |_| Answer::status(200));
    let id = text(&stage.merchant.event(kind, data), "/id");
    let seen = stage.receiver.request();
    assert_eq!(seen.header("content-type"), "application/json");
    let text = String::from_utf8(seen.body).expect("UTF-8");
    let read = serde_json::from_str(&text).expect("JSON");
    (id, text, read)
}

/// ISO 8601 as the guides print it: UTC, to the second.
#[track_caller]
fn assert_iso(time: &str) {
    assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    assert_eq!((time.len(), time.ends_with('Z')), ("2025-01-15T10:30:00Z".len(), true), "{time}");
}

#[test]
fn a_techcorp_body_has_the_published_schema() {
    let (id, body, read) = body("techcorp", "order.paid", r#"{"total":299.90}"#);
    let at = text(&read, "/created_at");
    assert_iso(&at);
    let expected = format!(
        r#"{{"id":"{id}","event":"order.paid","created_at":"{at}","data":{{"total":299.9}}}}"#
    );
    assert_eq!(body, expected);
}

#[test]
fn a_payqi_body_has_the_members_of_its_event_structure() {
    let data = r#"{"id":"pay_abc123","amount":10.00,"currency":"XRP","metadata":{}}"#;
    let (id, body, read) = body("payqi", "payment.completed", data);
    let created = read["created"].as_i64().expect("Unix seconds");
    let expected = format!(
        r#"{{"id":"{id}","type":"payment.completed","created":{created},"data":{{"id":"pay_abc123","amount":10,"currency":"XRP","metadata":{{}}}}}}"#
    );
    assert_eq!(body, expected);
}

#[test]
fn a_sentinelgate_body_is_flat_with_the_members_of_its_type() {
    let data = r#"{"metadata":{"a":1},"payment_id":"pay_1","status":"COMPLETED","amount_cents":10000,
        "currency":"KES","provider":"MPESA_SAFARICOM","provider_reference":"MPE1"}"#;
    let (_, body, read) = body("sentinelgate", "payment.completed", data);
    let (merchant, at) = (text(&read, "/merchant_id"), text(&read, "/timestamp"));
    assert_iso(&at);
    let expected = format!(
        r#"{{"event":"payment.completed","payment_id":"pay_1","merchant_id":"{merchant}","status":"COMPLETED","amount_cents":10000,"currency":"KES","provider":"MPESA_SAFARICOM","provider_reference":"MPE1","timestamp":"{at}","metadata":{{"a":1}}}}"#
    );
    assert_eq!(body, expected);
}

#[test]
fn a_krxscale_body_has_the_members_of_its_payload() {
    let data = r#"{"transaction":{"id":"tx_def456","amountCents":10000}}"#;
    let (id, body, read) = body("krxscale", "payment.transaction.succeeded", data);
    let (clinic, at) = (text(&read, "/clinicId"), text(&read, "/createdAt"));
    assert_iso(&at);
    let expected = format!(
        r#"{{"specVersion":"1.0","id":"{id}","type":"payment.transaction.succeeded","createdAt":"{at}","attempt":1,"idempotencyKey":"{id}","clinicId":"{clinic}","resource":"payment_transaction","data":{data}}}"#
    );
    assert_eq!(body, expected);
}

#[test]
fn a_pagtracker_body_ends_with_its_signature() {
    let data = r#"{"id":"uuid","valor":100.50,"cliente":{"nome":"João Silva"}}"#;
    let (_, body, read) = body("pagtracker", "payment.confirmed", data);
    let (at, signature) = (text(&read, "/timestamp"), text(&read, "/signature"));
    assert_iso(&at);
    assert_eq!(signature.len(), 64, "HMAC-SHA256 in hex");
    let expected = format!(
        r#"{{"event":"payment.confirmed","data":{{"id":"uuid","valor":100.5,"cliente":{{"nome":"João Silva"}}}},"timestamp":"{at}","signature":"{signature}"}}"#
    );
    assert_eq!(body, expected);
}

#[test]
fn where_a_guide_insists_on_https_live_mode_does_too() {
    let server = Posthorn::start_with(&[("POSTHORN_ALLOW_HTTP", "true")]);
    let url = |scheme: &str| json!({"url": format!("{scheme}://example.com/webhooks")}).to_string();
    for (contract, over_http) in
        [("krxscale", 422), ("techcorp", 422), ("payqi", 422), ("pagtracker", 201)]
    {
        let merchant = server.merchant_in(contract, "live");
        let plain = merchant.send("POST", "/v1/endpoints", &url("http"), None);
        assert_eq!(plain.status, over_http, "{contract}: {plain:#?}");
        let tls = merchant.send("POST", "/v1/endpoints", &url("https"), None);
        assert_eq!(tls.status, 201, "{contract}: {tls:#?}");
    }
}

#[test]
fn live_mode_reaches_no_address_of_this_machine_even_in_a_sandbox() {
    let server = Posthorn::start();
    let merchant = server.merchant_in("pagtracker", "live");
    for url in
        ["http://127.0.0.1:9/", "https://127.0.0.1:9/", "https://localhost/", "https://10.0.0.1/"]
    {
        let refused =
            merchant.send("POST", "/v1/endpoints", &json!({"url": url}).to_string(), None);
        assert_eq!(refused.status, 422, "{url}: {refused:#?}");
    }
}

#[test]
fn an_endpoint_gets_the_events_it_chose_and_no_others() {
    let stage = Stage::new("krxscale", |_| Answer::status(200));
    let draft = json!({
        "url": stage.receiver.url("/one-product"),
        "events": ["payment.transaction.succeeded", "payment.transaction.refunded"],
        "filter": {"product.id": "prod_123"},
    });
    stage.merchant.post("/v1/endpoints", &draft);
    for (kind, product) in [
        ("payment.transaction.succeeded", "prod_123"),
        ("payment.transaction.succeeded", "prod_456"),
        ("payment.transaction.failed", "prod_123"),
        ("payment.transaction.refunded", "prod_123"),
    ] {
        stage.merchant.event(kind, &json!({"product": {"id": product}}).to_string());
    }
    stage.settle();
    let seen = stage.receiver.requests();
    let (one, all): (Vec<_>, Vec<_>) = seen.iter().partition(|seen| seen.path == "/one-product");
    assert_eq!(all.len(), 4);
    let mut kinds: Vec<&str> = one.iter().map(|seen| seen.header("x-event-type")).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["payment.transaction.refunded", "payment.transaction.succeeded"]);
}
