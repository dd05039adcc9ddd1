//! PayQI's "Webhook Integration Guide", and the API that its pages name.

use serde_json::{Value, json};

use super::page::Page;
use crate::program::Program;

const AUTH: &str = r#"-H "Authorization: Bearer $KEY""#;
const JSON: &str = "-H 'Content-Type: application/json'";
const PYTHON: &str = "the guide's verifier, Python";

fn shown(status: &str) -> Value {
    let mut payment = json!({
        "id": "pay_…", "amount": 10, "currency": "XRP", "status": status, "pay_address": "r…",
        "destination_tag": "…", "metadata": {"order_id": "12345"}, "amount_xrp": 10, "description": null,
        "created": "…", "expires_at": "…", "checkout_url": "http…",
    });
    if status == "completed" {
        payment["tx_hash"] = "…".into();
    }
    payment
}

fn refused(kind: &str, code: &str, param: Option<&str>) -> Value {
    json!({"error": {"type": kind, "code": code, "message": "…", "param": param}})
}

pub(crate) fn page() -> Page {
    let mut page = Page::open("PayQI: Webhook Integration Guide", "payqi", true);
    let mut python = Program::start("python/payqi.py");
    page.call("URL", &python.url());
    webhooks(&mut page, &mut python);
    payments(&mut page, &mut python);
    errors(&mut page);
    page
}

fn webhooks(page: &mut Page, python: &mut Program) {
    let endpoint = json!({
        "id": "wh_…", "url": "http://127.0.0.1:…", "events": ["*"], "description": null, "enabled": true,
        "created": "…",
    });
    let mut made = endpoint.clone();
    made["secret"] = "…".into();
    let create = format!(r#"$BASE/api/webhooks {AUTH} {JSON} -d '{{"url":"'"$URL"'"}}'"#);
    let got = page.asks("2. Register Webhook URL", &create, 201, &made);
    python.verify_with(got["secret"].as_str().expect("a secret"));
    page.call("WEBHOOK", got["id"].as_str().expect("an id"));
    let read = format!("$BASE/api/webhooks/$WEBHOOK {AUTH}");
    page.asks("2. Register Webhook URL", &read, 200, &endpoint);
    let list = json!({"data": [endpoint], "has_more": false, "next_cursor": null});
    page.asks("2. Register Webhook URL", &format!("$BASE/api/webhooks {AUTH}"), 200, &list);
    let test = format!(
        r#"$BASE/api/webhooks/$WEBHOOK/test {AUTH} {JSON} -d '{{"event_type":"payment.completed"}}'"#
    );
    let sent = json!({
        "event_id": "evt_…", "event_type": "payment.completed", "webhook_id": "wh_…", "delivery_id": "dlv_…",
    });
    page.asks("Webhook Testing Tool: `test_send`", &test, 202, &sent);
    page.hears(PYTHON, python, &["payment.completed"]);
}

fn create(amount: &str, key: Option<&str>) -> String {
    let key = key.map(|key| format!(r#","idempotency_key":"{key}""#)).unwrap_or_default();
    let body =
        format!(r#"{{"amount":{amount},"currency":"XRP","metadata":{{"order_id":"12345"}}{key}}}"#);
    format!("$BASE/api/payments {AUTH} {JSON} -d '{body}'")
}

fn payments(page: &mut Page, python: &mut Program) {
    let section = "Event Structure: the payment";
    let made = page.asks(section, &create("10.00", Some("order-1")), 201, &shown("pending"));
    let again = page.asks(section, &create("10.00", Some("order-1")), 200, &shown("pending"));
    assert_eq!(made["id"], again["id"], "one key, one payment");
    let id = made["id"].as_str().expect("an id").to_owned();
    page.call("PAYMENT", &id);
    page.hears(PYTHON, python, &["payment.created", "payment.pending"]);
    // Seen on the ledger, then validated.
    page.force(&id, "succeed");
    page.force(&id, "succeed");
    page.hears(PYTHON, python, &["payment.pending", "payment.completed"]);
    let get = format!("$BASE/api/payments/$PAYMENT {AUTH}");
    page.asks(section, &get, 200, &shown("completed"));
    let list = json!({"data": [shown("completed")], "has_more": false, "next_cursor": null});
    page.asks(section, &format!("$BASE/api/payments {AUTH}"), 200, &list);

    let late = page.quietly(&create("10.00", None));
    page.advance("16m");
    page.hears(PYTHON, python, &["payment.created", "payment.pending", "payment.expired"]);
    let id = late["id"].as_str().expect("an id");
    let late = page.quietly(&format!("$BASE/api/payments/{id} {AUTH}"));
    assert_eq!(late["status"], "expired");
    let fails = page.quietly(&create("10.00", None));
    page.force(fails["id"].as_str().expect("an id"), "fail");
    page.hears(PYTHON, python, &["payment.created", "payment.pending", "payment.failed"]);
}

fn errors(page: &mut Page) {
    let wrong = "$BASE/api/payments -H 'Authorization: Bearer sk_test_wrong'";
    let error = refused("authentication_error", "unknown_key", None);
    page.asks("errors: 401", wrong, 401, &error);
    let nowhere = format!("$BASE/api/payments/pay_nothing {AUTH}");
    let error = refused("not_found_error", "not_found", None);
    page.asks("errors: 404", &nowhere, 404, &error);
    let error = refused("invalid_request_error", "invalid_field", Some("amount"));
    page.asks("errors: 400", &create("0", None), 400, &error);
    let error = refused("conflict_error", "idempotency_key_reused", Some("idempotency_key"));
    page.asks("errors: 409", &create("11.00", Some("order-1")), 409, &error);
}
