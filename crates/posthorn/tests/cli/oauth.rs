//! Applications and users from a terminal.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{Server, finish, word_in};

#[test]
fn an_application_shows_its_secret_once_and_is_gone_when_it_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let made =
        server.run(&["application", "create", "ERP", "--redirect-uri", "https://a.example/"]);
    let made = made.sound();
    assert!(made.contains("The secret is shown this once: keep it."), "{made}");
    let (id, secret) = (word_in(&made, "app_"), word_in(&made, "cs_test_"));
    let listed = server.run(&["application", "list"]).sound();
    assert!(listed.contains(&id) && listed.contains("client_test_"), "{listed}");
    assert!(!listed.contains(&secret), "{listed}");
    let public =
        ["application", "create", "App", "--public", "--redirect-uri", "https://a.example/"];
    let public = server.run(&[&public[..], &["--json"]].concat()).sound();
    let public: Value = serde_json::from_str(&public).unwrap();
    assert_eq!((public["kind"].as_str(), public.get("client_secret")), (Some("public"), None));
    assert_eq!(server.run(&["application", "delete", &id]).sound(), format!("{id} is deleted\n"));
    let gone = server.run(&["application", "delete", &id]).failed();
    assert!(gone.contains("there is no such application"), "{gone}");
}

#[test]
fn a_users_password_comes_on_standard_input_and_is_shown_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let mut create = server.client(&["login", "create", "ana@loja.example"]);
    let made = finish(create.stdin(Stdio::piped()), b"correct horse\n").sound();
    let id = word_in(&made, "login_");
    let listed = server.run(&["login", "list"]).sound();
    assert!(listed.contains("ana@loja.example") && listed.contains(&id), "{listed}");
    assert!(!made.contains("horse") && !listed.contains("horse"));
    let nothing = server.run(&["login", "create", "eva@loja.example"]).failed();
    assert!(nothing.contains("there is no password on standard input"), "{nothing}");
    let gone = server.run(&["login", "delete", &id, "--json"]).sound();
    let gone: Value = serde_json::from_str(&gone).unwrap();
    assert_eq!(gone, json!({"id": id, "deleted": true}));
    assert_eq!(server.run(&["login", "list"]).sound(), "no users yet\n");
}

#[test]
fn a_user_is_invited_and_what_it_lets_applications_do_is_listed_and_ended() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let made = server.run(&["login", "create", "ana@loja.example", "--invite"]).sound();
    let id = word_in(&made, "login_");
    let again = server.run(&["login", "invite", &id]).sound();
    for shown in [&made, &again] {
        let link = word_in(shown, "http");
        assert!(link.contains("/techcorp/v1/auth/password?token=login_"), "{shown}");
    }
    let none = server.run(&["login", "applications", &id]).sound();
    assert_eq!(none, "this user lets no application in\n");
    let nothing = server.run(&["login", "shut-out", &id, "app_1"]).failed();
    assert!(nothing.contains("there is no such application that this user lets in"), "{nothing}");
    let nobody = server.run(&["login", "invite", "login_999"]).failed();
    assert!(nobody.contains("there is no such user"), "{nobody}");
}
