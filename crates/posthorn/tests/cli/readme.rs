//! The README's first event: its commands as they stand, in their order.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::{Server, finish};
use crate::receiver::Receiver;

/// The lines of the first block of commands below this heading, without their prompt.
fn commands(readme: &str, heading: &str) -> Vec<String> {
    let (_, section) = readme.split_once(heading).expect("the heading");
    let block = section.split("```console\n").nth(1).expect("a block of commands");
    let (block, _) = block.split_once("```").expect("its end");
    block.lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect()
}

#[test]
fn each_command_of_the_readmes_first_event_does_something() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let commands = commands(&std::fs::read_to_string(readme).unwrap(), "## A first event");
    let dir = tempfile::tempdir().unwrap();
    let (server, receiver) = (Server::first(dir.path()), Receiver::start());
    let said: Vec<String> = commands
        .iter()
        .filter(|command| command.starts_with("posthorn "))
        .map(|command| {
            let command = command.replace("http://127.0.0.1:4000/webhooks", &receiver.url);
            shell(&server, &command)
        })
        .collect();
    let [created, triggered, listed] = said.as_slice() else { panic!("{said:#?}") };
    assert!(created.contains("ep_"), "{created}");
    assert!(triggered.contains(" to ep_"), "{triggered}");
    assert!(listed.contains("dlv_"), "{listed}");
    assert_eq!(receiver.request().header("content-type"), "application/json");
}

#[test]
fn each_command_of_the_readmes_first_payment_does_something() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let commands = commands(&std::fs::read_to_string(readme).unwrap(), "## A first payment");
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let said: Vec<String> = commands.iter().map(|command| shell(&server, command)).collect();
    let [made, listed, told] = said.as_slice() else { panic!("{said:#?}") };
    assert!(made.contains("pay_") && made.contains("pending"), "{made}");
    assert!(listed.contains("order-1"), "{listed}");
    assert!(told.contains("All is well"), "{told}");
}

/// Runs it as it would be typed, with the program in the path.
fn shell(server: &Server, command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_posthorn")).parent().expect("a directory");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).env_clear().env("PATH", program);
    shell
        .env("POSTHORN_SERVER", &server.url)
        .env("POSTHORN_KEY", server.key.as_ref().expect("one"));
    finish(shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()), b"").sound()
}
