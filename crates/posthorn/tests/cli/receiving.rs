//! `posthorn receiver`: prints what comes, and behaves as it is told to.

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
