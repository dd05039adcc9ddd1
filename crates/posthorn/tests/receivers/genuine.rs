//! Everything that Posthorn sends is genuine to every receiver that a guide describes: each sample
//! of the catalogue, and data that serialisers stumble over.

use std::collections::BTreeSet;

use serde_json::json;

use crate::payloads::payloads;
use crate::posthorn::{Posthorn, text};
use crate::program::Program;

/// "pelo menos 32 caracteres aleatórios", as an integrator would choose them.
pub(crate) const SECRET: &str = "obviously-fake-secret-0123456789abcdef";

/// Sends all of a contract's payloads to a receiver, which must take each for genuine.
fn every_payload_is_genuine(contract: &str, receiver: &str, json_style: &str) {
    let mut program = Program::start(receiver);
    program.verify_with(SECRET);
    let server = Posthorn::start();
    let merchant = server.merchant(contract);
    let draft = json!({
        "url": program.url(), "events": ["*"], "secret": SECRET, "json": json_style,
    });
    let endpoint = text(&merchant.post("/v1/endpoints", &draft), "/id");

    let payloads = payloads(contract);
    let mut sent = BTreeSet::new();
    for payload in &payloads {
        sent.insert(text(&merchant.event(&payload.kind, &payload.data), "/id"));
    }

    let mut taken = BTreeSet::new();
    for _ in &payloads {
        let verdict = program.verdict();
        let id = verdict.id.clone().expect("every delivery names its event");
        let which = sent.iter().position(|sent| *sent == id).and_then(|at| payloads.get(at));
        assert!(verdict.genuine, "{receiver} refused {which:#?}: {verdict:#?}");
        assert_eq!(verdict.attempt.as_deref(), Some("1"), "{verdict:#?}");
        assert!(verdict.kind.is_some(), "{verdict:#?}");
        taken.insert(id);
    }
    assert_eq!(taken, sent);

    merchant.advance("1s");
    let delivered = format!("/v1/deliveries?endpoint={endpoint}&state=delivered&limit=100");
    let delivered = merchant.get(&delivered);
    assert_eq!(delivered["data"].as_array().map(Vec::len), Some(sent.len()));
}

#[test]
fn a_techcorp_receiver_in_python_takes_every_delivery_for_genuine() {
    every_payload_is_genuine("techcorp", "python/techcorp.py", "js");
}

#[test]
fn a_payqi_receiver_in_python_takes_every_delivery_for_genuine() {
    every_payload_is_genuine("payqi", "python/payqi.py", "js");
}

#[test]
fn a_sentinelgate_receiver_in_node_takes_every_delivery_for_genuine() {
    every_payload_is_genuine("sentinelgate", "node/sentinelgate.js", "js");
}

#[test]
fn a_krxscale_receiver_in_node_takes_every_delivery_for_genuine() {
    every_payload_is_genuine("krxscale", "node/krxscale.js", "js");
}

#[test]
fn a_krxscale_receiver_in_python_takes_every_delivery_printed_for_python_for_genuine() {
    every_payload_is_genuine("krxscale", "python/krxscale.py", "python");
}

#[test]
fn a_krxscale_receiver_in_php_takes_every_delivery_printed_for_php_for_genuine() {
    every_payload_is_genuine("krxscale", "php/krxscale.php", "php");
}

#[test]
fn a_pagtracker_receiver_in_node_takes_every_delivery_for_genuine() {
    every_payload_is_genuine("pagtracker", "node/pagtracker.js", "js");
}

#[test]
fn a_pagtracker_receiver_in_php_takes_every_delivery_for_genuine() {
    every_payload_is_genuine("pagtracker", "php/pagtracker.php", "js");
}

#[test]
fn a_secret_that_posthorn_made_verifies_and_another_does_not() {
    let mut program = Program::start("python/techcorp.py");
    let server = Posthorn::start();
    let merchant = server.merchant("techcorp");
    let made = merchant.post("/v1/endpoints", &json!({"url": program.url(), "events": ["*"]}));
    program.verify_with(&text(&made, "/secret"));
    merchant.event("order.paid", r#"{"order_id": "1"}"#);
    assert!(program.verdict().genuine);

    program.verify_with(SECRET);
    merchant.event("order.paid", r#"{"order_id": "2"}"#);
    assert!(!program.verdict().genuine);
}

#[test]
fn where_there_is_room_for_one_signature_the_old_secret_signs_until_the_overlap_ends() {
    let mut program = Program::start("node/sentinelgate.js");
    let server = Posthorn::start();
    let merchant = server.merchant("sentinelgate");
    let made = merchant.post("/v1/endpoints", &json!({"url": program.url(), "events": ["*"]}));
    let rotate = format!("/v1/endpoints/{}/rotate", text(&made, "/id"));
    let rotated = merchant.post(&rotate, &json!({"overlap": "1h"}));
    let (old, new) = (text(&made, "/secret"), text(&rotated, "/secret"));
    for (secret, genuine) in [(&old, true), (&new, false)] {
        program.verify_with(secret);
        merchant.event("payment.completed", "{}");
        assert_eq!(program.verdict().genuine, genuine);
    }

    let rotated = merchant.post(&rotate, &json!({"overlap": "0s"}));
    let newest = text(&rotated, "/secret");
    for (secret, genuine) in [(&old, false), (&newest, true)] {
        program.verify_with(secret);
        merchant.event("payment.completed", "{}");
        assert_eq!(program.verdict().genuine, genuine);
    }
}

#[test]
fn a_body_printed_for_another_language_is_refused_by_a_receiver_that_prints_it_again() {
    let mut program = Program::start("python/krxscale.py");
    program.verify_with(SECRET);
    let server = Posthorn::start();
    let merchant = server.merchant("krxscale");
    let draft = json!({"url": program.url(), "events": ["*"], "secret": SECRET, "json": "js"});
    merchant.post("/v1/endpoints", &draft);
    merchant.event("payment.transaction.created", r#"{"name": "João"}"#);
    assert!(!program.verdict().genuine, "this is why the endpoint option exists");
}
