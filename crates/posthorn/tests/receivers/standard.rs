//! The `standard` contract against the official libraries of npm and `PyPI` (that of Rust: e2e), and
//! Ed25519 against Node's own crypto: the official libraries know HMAC (`v1`) alone and step over
//! `v1a`.

use std::collections::BTreeSet;

use serde_json::json;

use crate::libraries::standard_webhooks;
use crate::payloads::payloads;
use crate::posthorn::{Api, Posthorn, text};
use crate::program::{Libraries, Program};

/// An Ed25519 seed that nobody would choose: 32 bytes of 9.
const SEED: &str = "whsk_CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=";
/// Its public key, and that of another pair; Node made both.
const PUBLIC: &str = "whpk_/RckOFqgx1tk+3jNYC+h2ZH96/drE8WO1wLqyDXp9hg=";
const OTHER_PUBLIC: &str = "whpk_E5j2LG0aRXxRumpLXz29L2n8qTIWIY3ImX5Ba9F9k8o=";

fn endpoint(merchant: &Api, program: &Program) -> (String, String) {
    let made = merchant.post("/v1/endpoints", &json!({"url": program.url(), "events": ["*"]}));
    (text(&made, "/id"), text(&made, "/secret"))
}

/// Sends all payloads; the receiver must take each for genuine.
fn every_payload_is_genuine(merchant: &Api, program: &mut Program) {
    let payloads = payloads("standard");
    let mut sent = BTreeSet::new();
    for payload in &payloads {
        sent.insert(text(&merchant.event(&payload.kind, &payload.data), "/id"));
    }
    let mut taken = BTreeSet::new();
    for _ in &payloads {
        let verdict = program.verdict();
        assert!(verdict.genuine, "{verdict:#?}");
        taken.insert(verdict.id.expect("every delivery names its event"));
    }
    assert_eq!(taken, sent);
}

/// While a rotation overlaps, a receiver may know the old secret or the new one; when it is over,
/// the old one is worth nothing.
fn both_secrets_verify_during_a_rotation(receiver: &str) {
    let mut program = Program::start_with(receiver, standard_webhooks());
    let server = Posthorn::start();
    let merchant = server.merchant("standard");
    let (endpoint, old) = endpoint(&merchant, &program);
    program.verify_with(&old);
    every_payload_is_genuine(&merchant, &mut program);

    let rotated =
        merchant.post(&format!("/v1/endpoints/{endpoint}/rotate"), &json!({"overlap": "1h"}));
    let new = text(&rotated, "/secret");
    assert_ne!(old, new);
    for secret in [&old, &new] {
        program.verify_with(secret);
        merchant.event("payment.created", "{}");
        let verdict = program.verdict();
        assert!(verdict.genuine, "{verdict:#?}");
    }

    let rotated =
        merchant.post(&format!("/v1/endpoints/{endpoint}/rotate"), &json!({"overlap": "0s"}));
    let newest = text(&rotated, "/secret");
    for (secret, genuine) in [(&new, false), (&newest, true)] {
        program.verify_with(secret);
        merchant.event("payment.created", "{}");
        let verdict = program.verdict();
        assert_eq!(verdict.genuine, genuine, "{verdict:#?}");
    }
}

#[test]
fn the_official_python_library_verifies_every_delivery_and_both_secrets_of_a_rotation() {
    both_secrets_verify_during_a_rotation("python/standard.py");
}

#[test]
fn the_official_npm_library_verifies_every_delivery_and_both_secrets_of_a_rotation() {
    both_secrets_verify_during_a_rotation("node/standard.js");
}

#[test]
fn an_ed25519_signature_verifies_with_the_public_key_alone() {
    let mut program = Program::start_with("node/standard_ed25519.js", &Libraries::default());
    let server = Posthorn::start();
    let merchant = server.merchant("standard");
    let draft = json!({"url": program.url(), "events": ["*"], "secret": SEED});
    merchant.post("/v1/endpoints", &draft);
    program.verify_with(PUBLIC);
    every_payload_is_genuine(&merchant, &mut program);

    program.verify_with(OTHER_PUBLIC);
    merchant.event("payment.created", "{}");
    assert!(!program.verdict().genuine);
}
