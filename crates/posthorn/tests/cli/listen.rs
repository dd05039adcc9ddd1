//! `posthorn listen`: forwards over restarts of the server, and misses nothing.

use crate::program::{Going, Server, posthorn, run_with, word_in};
use crate::receiver::Receiver;

#[test]
fn an_event_is_forwarded_signed_and_printed_with_its_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (server, receiver) = (Server::first(dir.path()), Receiver::start());
    let mut command = server.client(&["listen", "--forward-to", &receiver.url]);
    let listening = Going::start(&mut command);
    listening.line_with("speaks standard");
    listening.line_with("connected");
    server.run(&["trigger", "payment.succeeded"]).sound();
    let line = listening.line_with("payment.succeeded");
    assert!(line.contains("  200  ") && line.ends_with(" ms"), "{line}");
    let seen = receiver.request();
    let keys = server.run(&["merchant", "list", "--show-keys"]).sound();
    let row = keys.lines().find(|line| line.contains(" standard ")).expect("the merchant");
    let secret = word_in(row, "whsec_");
    let headers = seen.header_lines();
    let mut verify = vec!["contract", "verify", "--contract", "standard", "--secret", &secret];
    verify.extend(headers.iter().flat_map(|header| ["-H", header]));
    let said = run_with(&verify, &seen.body).sound();
    assert!(said.starts_with("verified"), "{said}");
}

#[test]
fn it_survives_a_restart_of_the_server_and_misses_nothing_that_happened_before_it_was_back() {
    let dir = tempfile::tempdir().unwrap();
    let (server, receiver) = (Server::first(dir.path()), Receiver::start());
    let (key, url) = (server.key.clone().unwrap(), server.url.clone());
    let arguments = ["listen", "--json", "--forward-to", &receiver.url, "--server", &url];
    let listening = Going::start(posthorn(&arguments).env("POSTHORN_KEY", &key));
    listening.line_with("connected");
    let before = word_in(&server.run(&["trigger", "payment.succeeded"]).sound(), "evt_");
    assert_eq!(receiver.request().header("webhook-id"), before);

    server.going.signal("KILL");
    assert_eq!(server.going.end(), None);
    let server = Server { key: Some(key), ..Server::again(dir.path(), &url) };
    let after = word_in(&server.run(&["trigger", "payment.failed"]).sound(), "evt_");
    assert_eq!(receiver.request().header("webhook-id"), after);
    let line = listening.line_with(&after);
    assert!(line.contains("\"status\":200"), "{line}");
}

#[test]
fn a_wrong_key_and_a_live_key_end_it_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let forward = ["listen", "--forward-to", "http://127.0.0.1:1/"];
    let with_key = |key| server.run(&[&forward[..], &["--key", key]].concat()).failed();
    let said = with_key("sk_test_nobody");
    assert!(said.contains("this key is not known"), "{said}");
    let said = with_key("sk_live_anything");
    assert!(said.contains("forwards test events"), "{said}");
}
