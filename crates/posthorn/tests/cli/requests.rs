//! The request history, from a terminal.

use crate::program::{Server, word_in};

#[test]
fn a_call_that_was_refused_is_found_from_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    server.run(&["incident", "tell", "inc_99", "--status", "resolved", "--text", "x"]).failed();
    let listed = server.run(&["request", "list", "--all", "--status", "404"]).sound();
    let id = word_in(&listed, "req_");
    assert!(listed.contains("/v1/incidents/inc_99/notices"), "{listed}");
    let shown = server.run(&["request", "get", &id, "--all"]).sound();
    assert!(shown.contains("not_found") && shown.contains("resolved"), "{shown}");
    let none = server.run(&["request", "list", "--all", "--code", "no_such_code"]).sound();
    assert!(none.contains("no such calls"), "{none}");
}
