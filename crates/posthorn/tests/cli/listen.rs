//! `posthorn listen`: forwards over restarts of the server, and misses nothing.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

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

/// A server that gives these answers, one a connection, and no more; its URL.
fn scripted(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for (stream, answer) in listener.incoming().map_while(Result::ok).zip(answers) {
            let head = BufReader::new(&stream).lines().map_while(Result::ok);
            assert!(head.take_while(|line| !line.is_empty()).count() > 0);
            (&stream).write_all(answer.as_bytes()).expect("it reads");
        }
    });
    url
}

#[test]
fn what_passes_by_itself_is_waited_for_and_never_asked_for_in_a_rush() {
    let receiver = Receiver::start();
    let server = scripted(&[
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"cursor\":\"evt_1\"}\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\
         {\"id\":\"evt_2\",\"type\":\"a.b\",\"headers\":{},\"body\":\"{}\"}\n",
    ]);
    let forward = ["--forward-to", &receiver.url, "--server", &server, "--key", "sk_test_any"];
    let listening = Going::start(&mut posthorn(&[&["listen", "--json"][..], &forward].concat()));
    listening.line_with("answered 429 Too Many Requests; connecting again in 1 s");
    listening.line_with("answered 408 Request Timeout; connecting again in 0.5 s");
    listening.line_with("the connection ended; connecting again in 1 s");
    listening.line_with("the connection ended; connecting again in 0.25 s");
    assert_eq!(receiver.request().body, b"{}");
}
