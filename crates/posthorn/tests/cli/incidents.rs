//! Trouble, told of from a terminal.

use crate::program::{Server, word_in};

#[test]
fn an_incident_is_told_of_and_ended_from_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let open = ["incident", "open", "Slow", "--impact", "degraded", "--component", "deliveries"];
    let made = server.run(&[&open[..], &["--text", "We look into it."]].concat()).sound();
    let id = word_in(&made, "inc_");
    let over = ["incident", "tell", &id, "--status", "resolved", "--text", "All is delivered."];
    assert!(server.run(&over).sound().contains("All is delivered."));
    let listed = server.run(&["incident", "list"]).sound();
    assert!(listed.contains(&id) && listed.contains("Slow"), "{listed}");
    let odd = server.run(&["incident", "tell", &id, "--status", "done", "--text", "x"]).failed();
    assert!(odd.contains("status"), "{odd}");
}
