//! What was changed on its way is refused by every receiver: any byte of the body, the signature,
//! the timestamp. And what is refused is tried again until it arrives unchanged.

use serde_json::json;

use crate::genuine::SECRET;
use crate::payloads::contract;
use crate::posthorn::{Posthorn, text};
use crate::program::Program;
use crate::proxy::{Change, Proxy};

/// Text, escapes, numbers, counted keys and empty things: a byte of each is changed.
const EVERYTHING: &str = r#"{"12": "twelve", "name": "Zoë 😀 \u2028 \"q\" </a>", "valor": 100.50,
    "big": 1e21, "tiny": 1e-7, "list": [1, {}, []], "yes": true, "nothing": null}"#;

/// Changes one bit of the body in many places, then what `more` names, and expects each refused;
/// the second attempts pass unchanged and are taken for genuine.
fn every_change_is_refused(contract_name: &str, receiver: &str, style: &str, more: &[Change]) {
    let mut program = Program::start(receiver);
    program.verify_with(SECRET);
    let proxy = Proxy::before(program.url());
    let server = Posthorn::start();
    let merchant = server.merchant(contract_name);
    let draft = json!({
        "url": proxy.url(), "events": ["*"], "secret": SECRET, "json": style, "concurrency": 1,
    });
    let endpoint = text(&merchant.post("/v1/endpoints", &draft), "/id");
    let kind = &contract(contract_name).events.first().expect("a catalogue").kind;
    let kind = kind.to_string();

    let places = (0..=1000).step_by(40).map(Change::Body);
    let changes: Vec<Change> = places.chain(more.iter().cloned()).collect();
    for change in &changes {
        proxy.change_next(change.clone());
        let sent = text(&merchant.event(&kind, EVERYTHING), "/id");
        let verdict = program.verdict();
        assert_eq!(verdict.id.as_ref(), Some(&sent));
        assert!(!verdict.genuine, "{receiver} took {change:?} for genuine");
    }
    merchant.advance("1s");
    let refused = merchant.get(&format!("/v1/deliveries?endpoint={endpoint}&limit=100"));
    let refused = refused["data"].as_array().expect("a list");
    assert_eq!(refused.len(), changes.len());
    for delivery in refused {
        assert_eq!(delivery["state"], "due", "{delivery:#}");
    }

    merchant.advance("10m");
    for _ in &changes {
        let verdict = program.verdict();
        assert!(verdict.genuine, "{verdict:#?}");
        assert_eq!(verdict.attempt.as_deref(), Some("2"));
    }
    let delivered = merchant.get(&format!("/v1/deliveries?endpoint={endpoint}&limit=100"));
    let of = |state: &str| {
        let all = delivered["data"].as_array().expect("a list");
        all.iter().filter(|delivery| delivery["state"] == state).count()
    };
    assert_eq!(of("delivered"), changes.len());
}

#[test]
fn a_techcorp_receiver_in_python_refuses_every_change() {
    let more = [Change::Header("x-webhook-signature"), Change::Remove("x-webhook-signature")];
    every_change_is_refused("techcorp", "python/techcorp.py", "js", &more);
}

#[test]
fn a_payqi_receiver_in_python_refuses_every_change_and_an_old_timestamp() {
    let old = Change::Replace("x-payqi-timestamp", "1795305600".to_owned());
    let more = [Change::Header("x-payqi-signature"), old, Change::Remove("x-payqi-timestamp")];
    every_change_is_refused("payqi", "python/payqi.py", "js", &more);
}

#[test]
fn a_sentinelgate_receiver_in_node_refuses_every_change() {
    let short = Change::Replace("x-webhook-signature", "abc".to_owned());
    let more = [Change::Header("x-webhook-signature"), short];
    every_change_is_refused("sentinelgate", "node/sentinelgate.js", "js", &more);
}

/// KrxScale signs its `t`, and its receivers check the age of another header.
fn of_krxscale() -> [Change; 3] {
    let old = Change::Replace("x-webhook-timestamp", "1795305600".to_owned());
    let signature = "t=1795305600,v1=abc".to_owned();
    let foreign = Change::Replace("x-webhook-signature", signature);
    [Change::Header("x-webhook-signature"), old, foreign]
}

#[test]
fn a_krxscale_receiver_in_node_refuses_every_change() {
    every_change_is_refused("krxscale", "node/krxscale.js", "js", &of_krxscale());
}

#[test]
fn a_krxscale_receiver_in_python_refuses_every_change() {
    every_change_is_refused("krxscale", "python/krxscale.py", "python", &of_krxscale());
}

#[test]
fn a_krxscale_receiver_in_php_refuses_every_change() {
    every_change_is_refused("krxscale", "php/krxscale.php", "php", &of_krxscale());
}

#[test]
fn a_pagtracker_receiver_in_node_refuses_every_change() {
    let more = [Change::Header("x-pagtracker-signature")];
    every_change_is_refused("pagtracker", "node/pagtracker.js", "js", &more);
}

#[test]
fn a_pagtracker_receiver_in_php_refuses_every_change() {
    let more = [Change::Header("x-pagtracker-signature"), Change::Remove("x-pagtracker-signature")];
    every_change_is_refused("pagtracker", "php/pagtracker.php", "js", &more);
}
