//! `posthorn receiver`: prints what comes, and behaves as it is told to.

use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::program::{Going, posthorn, run, word_in};

/// Starts one and answers where it listens.
fn receiver(arguments: &[&str]) -> (Going, String) {
    let arguments = [&["receiver", "--listen", "127.0.0.1:0"], arguments].concat();
    let going = Going::start(&mut posthorn(&arguments));
    let line = going.line_with("http://127.0.0.1:");
    let url = word_in(&line.replace('"', " "), "http://127.0.0.1:");
    (going, url)
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    config.build().into()
}

fn status(url: &str) -> u16 {
    agent().post(url).send("{}").expect("an answer").status().as_u16()
}

#[test]
fn a_request_is_printed_with_its_event_its_try_and_what_signs_it() {
    let (going, url) = receiver(&[]);
    let request = agent()
        .post(format!("{url}/shop?a=1"))
        .header("webhook-id", "evt_1")
        .header("webhook-signature", "v1,abc")
        .header("x-delivery-attempt", "3");
    assert_eq!(request.send("{\"a\": 1}").expect("an answer").status(), 200);
    let line = going.line_with("/shop");
    assert!(
        line.ends_with("#1  POST /shop?a=1  8 bytes  evt_1  try 3  webhook-signature  well"),
        "{line}"
    );
}

#[test]
fn with_json_a_request_is_a_line_and_so_is_an_end_that_is_no_answer() {
    let (going, url) = receiver(&["--json"]);
    let request = agent().post(format!("{url}/close/headers")).header("x-hub-signature-256", "s");
    assert!(request.send("{\"a\": 1}").is_err());
    let line = going.line_with("\"what\":\"request\"");
    for part in [
        r#""does":"close/headers""#,
        r#""signatures":["x-hub-signature-256"]"#,
        r#""body":"{\"a\": 1}""#,
        r#""body_bytes":8"#,
        r#""event":null"#,
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let line = going.line_with("\"what\":\"end\"");
    assert!(line.contains(r#""by":"receiver""#) && line.contains(r#""said_bytes":27"#), "{line}");
}

#[test]
fn paths_choose_and_what_they_do_not_name_takes_its_turn() {
    let (_going, url) = receiver(&[
        "--misbehave",
        "503?retry-after=1",
        "--misbehave",
        "410",
        "--misbehave",
        "well",
    ]);
    assert_eq!(status(&format!("{url}/418")), 418);
    let taken: Vec<u16> = (0..4).map(|_| status(&format!("{url}/shop"))).collect();
    assert_eq!(taken, [503, 410, 200, 200]);
}

#[test]
fn what_stands_at_the_root_is_the_list() {
    let (_going, url) = receiver(&[]);
    let mut answer = agent().get(&url).call().expect("an answer");
    let list = answer.body_mut().read_to_string().expect("text");
    let help = run(&["receiver", "--help"]).sound();
    for line in list.lines() {
        assert!(help.contains(line.trim_end()), "the help lacks: {line}");
    }
    assert!(list.contains("tls/expired") && list.contains("hang/body"), "{list}");
}

#[test]
fn a_name_that_is_none_is_refused_with_the_nearest() {
    let ended = run(&["receiver", "--misbehave", "hang/bodi"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("did you mean `hang/body`?"), "{}", ended.err);
    let said = run(&["receiver", "--misbehave", "tls/expired"]).failed();
    assert!(said.contains("needs --tls"), "{said}");
    let said = run(&["receiver", "--tls", "--misbehave", "tls/expired", "--misbehave", "500"]);
    assert!(said.failed().contains("stands alone"));
}

/// Clock ticks of processor time that a process has taken.
fn ticks(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    let (_, numbers) = stat.rsplit_once(") ").expect("a name");
    let numbers: Vec<u64> =
        numbers.split(' ').map_while(|one| one.parse().ok().or(Some(0))).collect();
    numbers.iter().skip(11).take(2).sum()
}

#[test]
fn with_more_connections_than_files_it_waits_and_takes_the_next_when_one_ends() {
    let program = env!("CARGO_BIN_EXE_posthorn");
    let mut command = Command::new("sh");
    let run = "ulimit -n 40; exec \"$0\" receiver --listen 127.0.0.1:0";
    command.args(["-c", run, program]).stdin(Stdio::null());
    let going = Going::start(&mut command);
    let url = word_in(&going.line_with("http://127.0.0.1:"), "http://127.0.0.1:");
    let address = url.strip_prefix("http://").expect("so it begins");
    let open = || TcpStream::connect(address).expect("the system takes it");
    let waiting: Vec<TcpStream> = (0..60).map(|_| open()).collect();

    // Nothing is ever said here: it is a look at the process a second later.
    let (_silent, look) = mpsc::channel::<()>();
    let before = ticks(going.id());
    let _nothing = look.recv_timeout(Duration::from_secs(1));
    let taken = ticks(going.id()) - before;
    assert!(taken < 20, "{taken} ticks of a second's hundred, for nothing");

    drop(waiting);
    assert_eq!(status(&format!("{url}/shop")), 200);
}
