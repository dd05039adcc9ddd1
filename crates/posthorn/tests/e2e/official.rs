//! The `standard` contract against the official Standard Webhooks library of Rust. (Those of npm and
//! `PyPI` are programs: see the test binary `receivers`.)

use serde_json::json;

use crate::payloads::payloads;
use crate::posthorn::text;
use crate::receiver::{Answer, Seen};
use crate::stage::Stage;

#[test]
fn the_official_rust_library_verifies_every_delivery_and_both_secrets_of_a_rotation() {
    let stage = Stage::new("standard", |_| Answer::status(200));
    let old = &stage.secret;
    for payload in payloads("standard") {
        stage.merchant.event(&payload.kind, &payload.data);
        assert!(takes_for_genuine(old, &stage.receiver.request()), "{payload:#?}");
    }

    let new = text(&stage.tell("rotate", &json!({"overlap": "1h"})), "/secret");
    stage.accept("payment.created");
    let mut seen = stage.receiver.request();
    assert!(takes_for_genuine(old, &seen));
    assert!(takes_for_genuine(&new, &seen));

    *seen.body.last_mut().expect("a body") ^= 1;
    assert!(!takes_for_genuine(old, &seen));
}

/// Asks the official Rust library.
fn takes_for_genuine(secret: &str, seen: &Seen) -> bool {
    let webhook = standardwebhooks::Webhook::new(secret).expect("a secret of its form");
    let mut headers = http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, seen.header(name).parse().expect("a header's value"));
    }
    webhook.verify(&seen.body, &headers).is_ok()
}
