//! The API from a terminal: tables for people, JSON for scripts, errors that say what to do.

use serde_json::Value;

use crate::program::{Server, run, run_with, word_in};
use crate::receiver::Receiver;

/// Where nobody listens: reserved by IANA, and below every range that free ports are taken from.
const NOBODY: &str = "http://127.0.0.1:1024/";

#[test]
fn an_endpoint_lives_from_its_creation_to_its_deletion() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let made = server.run(&["endpoint", "create", NOBODY, "--events", "payment.*"]);
    let made = made.sound();
    assert!(made.contains("The secret is shown this once"), "{made}");
    let id = word_in(&made, "ep_");
    let listed = server.run(&["endpoint", "list"]).sound();
    assert!(listed.contains(&format!("{id}  active  {NOBODY}")), "{listed}");
    let changed = server.run(&["endpoint", "update", &id, "--description", "mine"]).sound();
    assert!(changed.contains("mine") && changed.contains("version      2"), "{changed}");
    let rested = server.run(&["endpoint", "disable", &id]).sound();
    assert!(rested.contains("disabled"), "{rested}");
    server.run(&["endpoint", "enable", &id]).sound();
    server.run(&["endpoint", "rotate", &id, "--overlap", "1h"]).sound();
    assert_eq!(server.run(&["endpoint", "delete", &id]).sound(), "done\n");
    assert_eq!(server.run(&["endpoint", "list"]).sound(), "no endpoints yet\n");
}

#[test]
fn an_address_is_tried_before_it_is_saved() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let receiver = Receiver::start();
    let secret = "fake_secret_for_tests";
    let kind = ["--type", "payment.completed"];
    let more = ["--contract", "payqi", "--secret", secret, "--body-style", "python"];
    let test = ["endpoint", "test", &receiver.url];
    let tried = server.run(&[&test[..], &kind, &more].concat()).sound();
    assert!(tried.contains("status       200"), "{tried}");
    let seen = receiver.request();
    let headers =
        seen.header_lines().iter().map(|line| format!("--header={line}")).collect::<Vec<_>>();
    let mut verify = vec!["contract", "verify", "--contract", "payqi", "--secret", secret];
    verify.extend(headers.iter().map(String::as_str));
    run_with(&verify, &seen.body).sound();
    assert!(seen.body.windows(2).any(|two| two == b": "), "Python puts a space after a colon");
    assert_eq!(server.run(&["endpoint", "list"]).sound(), "no endpoints yet\n");
}

#[test]
fn a_test_says_what_it_cannot_send_to() {
    let to = |to: &str, more: &[&str]| {
        let test = ["endpoint", "test", to, "--type", "a.b", "--key", "sk_test_none"];
        run(&[&test[..], more].concat()).failed()
    };
    insta::assert_snapshot!(to("example.com/webhooks", &[]), @"error: `example.com/webhooks` is neither an endpoint's id (`ep_…`) nor a URL");
    insta::assert_snapshot!(to("ep_1", &["--contract", "payqi"]), @"error: `ep_1` has settings of its own; --contract, --secret and --body-style go with a URL");
}

#[test]
fn a_failing_delivery_is_followed_through_its_whole_schedule() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    server.run(&["endpoint", "create", NOBODY]).sound();
    let sent = server.run(&["event", "send", "payment.succeeded", "--id", "mine-1"]).sound();
    let delivery = word_in(&sent, "dlv_");
    let moved = server.run(&["clock", "--advance", "30d"]).sound();
    assert!(moved.contains("tries were made on the way"), "{moved}");
    let shown = server.run(&["delivery", "show", &delivery]).sound();
    assert!(shown.starts_with(&format!("{delivery}  exhausted")), "{shown}");
    assert_eq!(shown.lines().filter(|line| line.contains("  connect  ")).count(), 10, "{shown}");
    let curl = server.run(&["delivery", "request", &delivery, "--attempt", "2"]).sound();
    assert!(curl.contains("X-Delivery-Attempt: 2"), "{curl}");
    let why = server.run(&["event", "explain", "mine-1"]).sound();
    assert!(why.contains("its patterns and its filter let the event through"), "{why}");
    let again = server.run(&["delivery", "resend", &delivery]).sound();
    assert!(again.contains(&delivery), "{again}");
    let jobs = server.run(&["job", "list"]).sound();
    assert!(jobs.contains("advance"), "{jobs}");
}

#[test]
fn a_batch_with_a_bad_event_says_which_and_fails() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let file = dir.path().join("events.json");
    std::fs::write(&file, r#"[{"type":"a.b","data":{}},{"type":"a b","data":{}}]"#).unwrap();
    let ended = server.run(&["event", "batch", file.to_str().unwrap()]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.out.contains("evt_") && ended.out.contains("invalid_event"), "{ended:#?}");
    assert_eq!(ended.err, "error: 1 of 2 events were refused\n");
}

#[test]
fn json_is_the_apis_own() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let listed: Value = serde_json::from_str(&server.run(&["merchant", "list", "--json"]).sound())
        .expect("one JSON document");
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(6));
    let key: Value =
        serde_json::from_str(&server.run(&["key", "create", "--json"]).sound()).expect("JSON");
    assert!(key["key"].as_str().is_some_and(|key| key.starts_with("sk_test_")), "{key}");
}

#[test]
fn a_misspelt_event_is_answered_with_the_nearest_and_a_problem_reads_as_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let said = server.run(&["trigger", "payment.suceeded"]).failed();
    assert!(said.contains("did you mean `payment.succeeded`?"), "{said}");
    let said = server.run(&["endpoint", "create", "ftp://example.com/"]).failed();
    assert!(said.starts_with("error: ") && said.contains("(422 "), "{said}");
    let said = server.run(&["delivery", "show", "dlv_nonsense"]).failed();
    assert!(said.contains("(404 Not found)") || said.contains("(400 "), "{said}");
}

#[test]
fn without_a_server_or_a_key_one_is_told_what_is_missing() {
    let said = run(&["merchant", "list", "--admin-key", "x", "--server", "http://127.0.0.1:1"]);
    let said = said.failed();
    assert!(said.contains("is `posthorn serve` running there?"), "{said}");
    let said = run(&["merchant", "list"]).failed();
    assert!(said.contains("needs the admin key"), "{said}");
    let said = run(&["endpoint", "list"]).failed();
    assert!(said.contains("needs a merchant's key"), "{said}");
}
