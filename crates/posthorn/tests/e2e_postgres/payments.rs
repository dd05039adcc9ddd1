//! A payment is the deployment's, whichever server made it.

use serde_json::json;

use crate::nodes::{beside, first, seen_through};
use crate::posthorn::text;

/// A server has ids of its own for what it makes; what it asks a provider about another's payment is not among them.
#[test]
fn a_payment_that_one_server_made_is_captured_and_refunded_through_another() {
    let one = first();
    let merchant = one.merchant("standard");
    let card = json!({"number": "4242424242424242", "exp_month": 12, "exp_year": 2040});
    let wish =
        json!({"amount": 10_000, "currency": "BRL", "method": "card", "card": card, "hold": true});
    let payment = text(&merchant.post("/v1/payments", &wish), "/id");
    merchant.advance("5s");
    let path = format!("/v1/payments/{payment}");
    assert_eq!(text(&merchant.get(&path), "/state"), "authorized");

    let other = beside(&one);
    let there = seen_through(&merchant, &other);
    there.post(&format!("{path}/capture"), &json!({}));
    there.advance("5s");
    assert_eq!(text(&there.get(&path), "/state"), "succeeded");
    there.post(&format!("{path}/refunds"), &json!({"amount": 4_000}));
    there.advance("1m");
    let refunded = there.get(&path);
    assert_eq!(text(&refunded, "/state"), "partially_refunded", "{refunded:#}");

    // And when whoever made it is gone, by whoever comes after.
    drop((one, other.known(&merchant.key)));
    let third = beside(&other);
    let there = seen_through(&merchant, &third);
    there.post(&format!("{path}/refunds"), &json!({}));
    there.advance("1m");
    assert_eq!(text(&there.get(&path), "/state"), "refunded");
}
