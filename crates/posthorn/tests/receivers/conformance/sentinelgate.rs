//! SentinelGate's "Developer Integration Guide".

use serde_json::{Value, json};

use super::page::Page;
use crate::program::Program;

const KEYS: &str = r#"-H "X-API-Key: $KEY" -H "X-API-Secret: $SECRET""#;
const JSON: &str = "-H 'Content-Type: application/json'";
const NODE: &str = "the guide's verifier, Node";

fn create(body: &Value) -> String {
    format!("$BASE/api/payments/create {KEYS} {JSON} -d '{body}'")
}

fn mpesa(phone: &str, callback: Option<&str>) -> Value {
    let mut wish = json!({
        "amount_cents": 10000, "currency": "KES", "provider": "MPESA_SAFARICOM",
        "metadata": {"phone_number": phone, "description": "Test Payment"},
    });
    if let Some(callback) = callback {
        wish["callback_url"] = callback.into();
    }
    wish
}

fn buni(number: &str) -> Value {
    json!({
        "amount_cents": 10000, "currency": "KES", "provider": "BUNI",
        "metadata": {"card_number": number, "expiry_date": "12/25", "cvv": "123"},
    })
}

/// What a new payment is answered with.
fn made() -> Value {
    json!({"success": true, "payment_id": "pay_…", "status": "PENDING", "provider_reference": "…", "created_at": "…"})
}

fn refused(code: &str, field: Option<&str>) -> Value {
    let mut error = json!({"code": code, "message": "…"});
    if let Some(field) = field {
        error["field"] = field.into();
    }
    json!({"success": false, "error": error})
}

pub(crate) fn page() -> Page {
    let mut page = Page::open("SentinelGate: Developer Integration Guide", "sentinelgate", true);
    let mut node = Program::start("node/sentinelgate.js");
    node.verify_with(&page.value("WEBHOOK_SECRET"));
    page.call("CALLBACK", &node.url());
    payments(&mut page, &mut node);
    endings(&mut page);
    errors(&mut page);
    payouts(&mut page);
    page
}

fn payments(page: &mut Page, node: &mut Program) {
    let mut wish = mpesa("254712345678", None);
    wish["metadata"]["order_reference"] = "ORDER-1".into();
    let url = page.value("CALLBACK");
    wish["callback_url"] = url.into();
    // The callback is shown by its name.
    let shown = create(&wish).replace(&page.value("CALLBACK"), "'\"$CALLBACK\"'");
    let first = page.asks("Step 1: Create Payment", &shown, 200, &made());
    let again = page.asks("Best Practices, 1. Idempotency", &shown, 200, &made());
    assert_eq!(first["payment_id"], again["payment_id"], "one reference, one payment");
    page.call("PAYMENT", first["payment_id"].as_str().expect("an id"));
    page.advance("1m");
    page.hears(NODE, node, &["payment.pending", "payment.completed"]);
    let paid = json!({
        "success": true, "payment_id": "pay_…", "status": "COMPLETED", "amount_cents": 10000, "currency": "KES",
        "provider": "MPESA_SAFARICOM", "provider_reference": "…", "metadata": {
            "phone_number": "254712345678", "description": "Test Payment", "order_reference": "ORDER-1",
            "mpesa_receipt": "…"},
        "callback_url": "http://127.0.0.1:…", "created_at": "…", "updated_at": "…", "completed_at": "…",
    });
    let get = format!("$BASE/api/payments/$PAYMENT {KEYS}");
    page.asks("RESTful Endpoints: Get payment status", &get, 200, &paid);
    let mut row = paid;
    row.as_object_mut().expect("an object").remove("success");
    let list = json!({"success": true, "payments": [row], "total": 1, "limit": 20, "offset": 0});
    let get = format!("$BASE/api/payments {KEYS}");
    page.asks("RESTful Endpoints: List payments", &get, 200, &list);
}

/// "Test Data": how each telephone and each card ends.
fn endings(page: &mut Page) {
    let endings = [
        ("Test phones: failure", mpesa("254700000000", None), "5m", "FAILED"),
        ("Test phones: timeout", mpesa("254711111111", None), "5m", "FAILED"),
        ("Test phones: pending (after 4 minutes)", mpesa("254722222222", None), "4m", "PENDING"),
        ("Test cards: success", buni("4111111111111111"), "1m", "COMPLETED"),
        ("Test cards: decline", buni("4000000000000002"), "1m", "FAILED"),
        ("Test cards: insufficient", buni("4000000000009995"), "1m", "FAILED"),
    ];
    for (section, wish, wait, ends) in endings {
        let got = page.asks(section, &create(&wish), 200, &made());
        page.advance(wait);
        let id = got["payment_id"].as_str().expect("an id");
        let after = page.quietly(&format!("$BASE/api/payments/{id} {KEYS}"));
        assert_eq!(after["status"], ends, "{section}: {after:#}");
        page.note(&format!("{wait} later: `{ends}`"));
    }
}

fn errors(page: &mut Page) {
    let printed = json!({"success": false, "error": {
        "code": "INVALID_PHONE", "message": "Phone number must be in format 254XXXXXXXXX",
        "field": "metadata.phone_number"}});
    page.asks("Error Response Format", &create(&mpesa("invalid", None)), 400, &printed);
    let wrong = r#"$BASE/api/payments -H "X-API-Key: $KEY" -H "X-API-Secret: wrong""#;
    page.asks("HTTP Status Codes: 401", wrong, 401, &refused("UNAUTHORIZED", None));
    let nowhere = format!("$BASE/api/payments/pay_nothing {KEYS}");
    page.asks("HTTP Status Codes: 404", &nowhere, 404, &refused("PAYMENT_NOT_FOUND", None));
    let mood = |page: &Page, mood: &str| {
        page.quietly(&format!(
            r#"-X PUT $NATIVE/v1/sandbox/rails/MPESA_SAFARICOM -H "Authorization: Bearer $KEY" {JSON} -d '{{"mood": "{mood}"}}'"#
        ));
    };
    mood(page, "down");
    let down = create(&mpesa("254712345678", None));
    page.asks("HTTP Status Codes: 502", &down, 502, &refused("PROVIDER_ERROR", Some("provider")));
    mood(page, "well");
}

fn payouts(page: &mut Page) {
    let payout = |minor: i64| {
        let wish = json!({
            "amount_cents": minor, "currency": "KES", "provider": "MPESA_SAFARICOM",
            "destination": "254712345678", "metadata": {"reference": "salary"},
        });
        format!("$BASE/api/payouts/create {KEYS} {JSON} -d '{wish}'")
    };
    let short = refused("INSUFFICIENT_FUNDS", None);
    page.asks("HTTP Status Codes: 402", &payout(1_000_000_000), 402, &short);
    page.advance("10d");
    let shown = |status: &str| {
        json!({
            "success": true, "payout_id": "…", "status": status, "amount_cents": 5000, "currency": "KES",
            "provider": "MPESA_SAFARICOM", "destination": "254712345678", "metadata": {"reference": "salary"},
            "created_at": "…",
        })
    };
    let section = "RESTful Endpoints: Create a payout";
    let made = page.asks(section, &payout(5000), 200, &shown("PENDING"));
    page.call("PAYOUT", made["payout_id"].as_str().expect("an id"));
    page.advance("1m");
    let mut done = shown("COMPLETED");
    done["provider_reference"] = "…".into();
    done["completed_at"] = "…".into();
    let get = format!("$BASE/api/payouts/$PAYOUT {KEYS}");
    page.asks("RESTful Endpoints: Get payout status", &get, 200, &done);
}
