//! `posthorn serve`: what it prints, what it refuses, how it ends.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::program::{ADMIN_KEY, Going, Server, finish, posthorn, server, word_in};

fn redacted(line: &str) -> String {
    let word = |word: &str| {
        let secret = ["sk_test_", "whsec_", "admin_"].iter().find(|head| word.starts_with(**head));
        secret.map_or_else(|| word.to_owned(), |head| format!("{head}…"))
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_first_start_shows_the_admin_key_once() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = posthorn(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        Going::start(command.arg(dir.path()))
    };
    let first = start();
    let line = first.line_with("admin key");
    assert_eq!(redacted(line.trim()), "admin key  admin_…");
    first.signal("TERM");
    assert_eq!(first.end(), Some(0));
    assert_eq!(start().line_with("admin key").trim(), "admin key  as shown on first start");
}

#[test]
fn a_sandbox_prints_merchants_and_commands_that_work_as_they_stand() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = server(&dir.path().join("data"), "127.0.0.1:0");
    // No line of the log between those of a command.
    let going = Going::start(command.env("POSTHORN_LOG", "error"));
    for contract in ["techcorp", "payqi", "sentinelgate", "krxscale", "pagtracker", "standard"] {
        going.line_with(&format!("  {contract}  "));
        going.line_with("API key         sk_test_");
        going.line_with("API secret      secret_test_");
        going.line_with("webhook secret  ");
    }
    let printed = |beginning: &str, lines: usize| {
        let mut command = going.line_with(beginning);
        for _ in 1..lines {
            command = command.trim_end_matches('\\').to_owned() + &going.line_with("");
        }
        command
    };
    let shell = |command: &str| {
        let mut sh = std::process::Command::new("sh");
        let piped = std::process::Stdio::piped;
        finish(sh.args(["-c", command]).stdout(piped()).stderr(piped()), b"")
    };
    let made = shell(&format!("{} -sS", printed("curl http", 3))).sound();
    assert!(made.contains("\"status\":\"active\""), "{made}");
    let said = shell(&printed(" trigger ", 2)).sound();
    assert!(said.starts_with("accepted evt_") && said.contains("to ep_"), "{said}");
}

#[test]
fn the_port_of_another_program_is_refused_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = finish(&mut server(&data, &address), b"").failed();
    assert!(said.contains(&format!("{address} is in use by another program")), "{said}");
    assert!(!data.exists());
}

fn refused(data: &Path) -> String {
    finish(&mut server(data, "127.0.0.1:0"), b"").failed()
}

#[test]
fn deliveries_leave_from_an_address_of_this_machine_or_the_server_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = server(dir.path(), "127.0.0.1:0");
    let said = finish(command.env("POSTHORN_EGRESS_ADDRESSES", "192.0.2.7"), b"").failed();
    assert!(said.contains("`egress.addresses`: nothing can leave from 192.0.2.7"), "{said}");
    let mut command = server(dir.path(), "127.0.0.1:0");
    command.env("POSTHORN_EGRESS_ADDRESSES", "127.0.0.2").env("POSTHORN_LOG", "error");
    Going::start(&mut command).line_with("API key         sk_test_");
}

#[test]
fn a_data_directory_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _first = Server::first(dir.path());
    let said = refused(dir.path());
    assert!(said.contains("another posthorn uses the data directory"), "{said}");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("posthorn.db");
    let text = "not a database, but somebody's notes\n".repeat(200);
    std::fs::write(&file, &text).unwrap();
    let said = refused(dir.path());
    assert!(said.contains("is not a database; move it away"), "{said}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), text);
}

#[test]
fn a_master_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("master.key");
    std::fs::write(&file, "01".repeat(32)).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let said = refused(dir.path());
    assert!(said.contains("others may read the master key file"), "{said}");
}

#[test]
fn a_faulty_contract_stops_the_start_and_is_told_by_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("acme.toml"), "name = \"acme\"\n").unwrap();
    let mut command = server(&dir.path().join("data"), "127.0.0.1:0");
    let said = finish(command.arg("--contracts").arg(dir.path()), b"").failed();
    assert!(said.contains("acme.toml:1:1: "), "{said}");
}

#[test]
fn an_interrupt_ends_it_like_a_termination() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    server.going.signal("INT");
    assert_eq!(server.going.end(), Some(0));
}

#[test]
fn a_sandbox_shows_its_test_keys_again_and_a_real_server_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let first = Server::first(dir.path());
    let key = first.key.clone().unwrap();
    let listed = first.run(&["merchant", "list", "--show-keys"]).sound();
    assert!(listed.contains(&key) && listed.contains("whsec_"), "{listed}");
    let url = first.url.clone();
    first.going.signal("TERM");
    assert_eq!(first.going.end(), Some(0));

    let listen = url.trim_start_matches("http://");
    let mut command = posthorn(&["serve", "--listen", listen, "--data"]);
    let real = Going::start(command.arg(dir.path()).env("POSTHORN_ADMIN_KEY", ADMIN_KEY));
    real.line_with("admin key");
    let mut list = posthorn(&["merchant", "list", "--show-keys", "--server", &url]);
    let listed = finish(list.env("POSTHORN_ADMIN_KEY", ADMIN_KEY), b"").sound();
    assert!(listed.contains("mer_1") && !listed.contains("sk_test_"), "{listed}");
}

#[test]
fn a_second_signal_ends_it_at_once_and_what_was_under_way_is_sent_after_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    // It takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}/", silent.local_addr().unwrap());
    let endpoint = word_in(&server.run(&["endpoint", "create", &target]).sound(), "ep_");
    let sent = server.run(&["event", "send", "payment.succeeded"]).sound();
    let (key, url) = (server.key.clone(), server.url.clone());
    let (_first_try, _) = silent.accept().unwrap();
    server.going.signal("TERM");
    server.going.line_with("stopping; a second signal ends at once");
    server.going.signal("TERM");
    assert_eq!(server.going.end(), Some(130));

    let server = Server { key, ..Server::again(dir.path(), &url) };
    let (_second_try, _) = silent.accept().unwrap();
    let shown = server.run(&["delivery", "show", &word_in(&sent, "dlv_")]).sound();
    assert!(shown.contains("leased") && shown.contains(&endpoint), "{shown}");
}

/// Starts a program whose output nobody reads.
fn unread(command: &mut Command) -> Child {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    drop(child.stdout.take());
    child
}

#[test]
fn a_server_whose_output_nobody_reads_serves_and_stops_as_ever() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = unread(&mut server(&dir.path().join("data"), "127.0.0.1:0"));
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(log.any(|line| line.contains("ready")), "it goes on");
    let kill = format!("kill -TERM {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert!(log.any(|line| line.contains("stopped")), "it stops in order");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_demo_whose_output_nobody_reads_comes_to_its_end_and_clears_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = posthorn(&["demo", "--contract", "krxscale"]);
    let ended = unread(command.env("TMPDIR", dir.path())).wait().unwrap();
    assert_eq!(ended.code(), Some(0));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let full = std::fs::File::create("/dev/full").unwrap();
    let mut command = posthorn(&["config", "docs"]);
    let ended = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("the output cannot be written"), "{said}");
}

#[test]
fn a_start_without_room_for_the_ballast_takes_nothing_new() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let (key, url) = (server.key.clone(), server.url.clone());
    server.going.signal("TERM");
    assert_eq!(server.going.end(), Some(0));
    let ballast = dir.path().join("posthorn.ballast");
    std::fs::remove_file(&ballast).unwrap();
    std::os::unix::fs::symlink("/dev/full", &ballast).unwrap();

    let server = Server { key, ..Server::again(dir.path(), &url) };
    let said = server.run(&["event", "send", "payment.succeeded"]).failed();
    assert!(said.contains("(503 ") && said.contains("full"), "{said}");
    assert_eq!(server.run(&["event", "list"]).sound(), "no events yet\n");
}

/// The first thing that a server answers to a caller who waited at its door.
fn first_answer(address: &str, path: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut knocks = 0;
    let mut stream = loop {
        match std::net::TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(error) => assert!(knocks < 10_000_000, "{error}"),
        }
        knocks += 1;
        std::thread::yield_now();
    };
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    write!(stream, "{head}Authorization: Bearer {ADMIN_KEY}\r\n\r\n").expect("it answers");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn a_sandbox_answers_nobody_before_its_merchants_are_there() {
    let dir = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap().to_string();
    drop(port);
    let _going = Going::start(&mut server(dir.path(), &address));
    let answer = first_answer(&address, "/v1/merchants");
    assert_eq!(answer.matches("\"mer_").count(), 6, "{answer}");
}

#[test]
fn what_is_deleted_is_told_as_json_too() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let made = server.run(&["endpoint", "create", "http://127.0.0.1:4000/", "--json"]).sound();
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let id = made["id"].as_str().unwrap();
    let gone = server.run(&["endpoint", "delete", id, "--json"]).sound();
    assert_eq!(gone, format!("{{\"deleted\":true,\"id\":\"{id}\"}}\n"));
}
