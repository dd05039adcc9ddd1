//! Contracts offline: lint, sign and verify on standard input.

use crate::program::{run, run_with};

const SECRET: &str = "whsec_fake_for_tests";

fn sign(more: &[&str], input: &[u8]) -> crate::program::Ended {
    let mut arguments = vec!["contract", "sign", "--contract", "payqi", "--secret", SECRET];
    arguments.extend(more);
    run_with(&arguments, input)
}

#[test]
fn the_six_contracts_are_listed() {
    insta::assert_snapshot!(run(&["contract", "list"]).sound(), @r"
    NAME          TITLE              LANGUAGE  EVENTS  TRIES  OVER
    techcorp      TechCorp           en        11      5      2h 36m        https only
    payqi         PayQI              en        5       10     10d 7h 21m    https only
    sentinelgate  SentinelGate       en        4       5      1h 21m        https only
    krxscale      KrxScale           pt-BR     10      10     10d 7h 21m    https only
    pagtracker    PagTracker         pt-BR     9       7      10h 50m
    standard      Standard Webhooks  en        23      10     3d 3h 35m 5s
    ");
}

#[test]
fn data_on_standard_input_becomes_a_signed_request() {
    let more = ["--timestamp", "1795305600", "--id", "evt_1", "--type", "payment.completed"];
    insta::assert_snapshot!(sign(&more, br#"{ "id": "pay_1", "amount": 10.00 }"#).sound(), @r#"
    Content-Type: application/json
    User-Agent: Posthorn-Webhooks/1.0
    X-PayQI-Signature: aed3bd40ba814832dc713d98c99e7c640c0775ae71d94c67e868a435c0bd47f6
    X-PayQI-Timestamp: 1795305600
    X-Event-Id: evt_1
    X-Event-Type: payment.completed
    X-Delivery-Id: dlv_example
    X-Delivery-Attempt: 1

    {"id":"evt_1","type":"payment.completed","created":1795305600,"data":{"id":"pay_1","amount":10}}
    "#);
}

#[test]
fn what_is_signed_verifies_and_a_changed_byte_does_not() {
    let body = br#"{"id":"evt_1","type":"payment.completed","created":1795305600,"data":{}}"#;
    let headers = sign(&["--raw", "--timestamp", "1795305600"], body).sound();
    let headers: Vec<String> = headers.lines().map(|line| format!("--header={line}")).collect();
    let mut arguments = vec!["contract", "verify", "--contract", "payqi", "--secret", SECRET];
    arguments.extend(["--now", "1795305601"]);
    arguments.extend(headers.iter().map(String::as_str));
    let said = run_with(&arguments, body).sound();
    assert_eq!(said, "verified: 72 bytes, as payqi signs them\n");
    let changed = String::from_utf8_lossy(body).replace("evt_1", "evt_2");
    let said = run_with(&arguments, changed.as_bytes()).failed();
    assert!(said.contains("not genuine: the signature does not fit"), "{said}");
}

#[test]
fn a_stale_timestamp_is_told() {
    let headers = sign(&["--raw", "--timestamp", "1795305600"], b"{}").sound();
    let headers: Vec<String> = headers.lines().map(|line| format!("--header={line}")).collect();
    let mut arguments = vec!["contract", "verify", "--contract", "payqi", "--secret", SECRET];
    arguments.extend(["--now", "1795309200", "--tolerance", "5m"]);
    arguments.extend(headers.iter().map(String::as_str));
    let said = run_with(&arguments, b"{}").failed();
    assert!(said.contains("the timestamp is 3600 s old"), "{said}");
}

#[test]
fn data_that_is_no_object_and_an_unknown_contract_are_refused() {
    let said = sign(&[], b"[1]").failed();
    assert!(said.contains("must be a JSON object") && said.contains("--raw"), "{said}");
    let said = run(&["contract", "show", "paqi"]).failed();
    assert!(said.contains("`paqi` is no contract here; there are techcorp, payqi"), "{said}");
    let said = run(&["contract", "show", "payqi", "--event", "payment.complete"]).failed();
    assert!(said.contains("did you mean `payment.completed`?"), "{said}");
}

#[test]
fn a_sound_file_lints_and_its_vectors_are_run() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("acme.toml");
    let source = run(&["contract", "show", "payqi", "--toml"]).sound();
    std::fs::write(&file, source.replace("\"payqi\"", "\"acme\"")).unwrap();
    let said = run(&["contract", "lint", file.to_str().unwrap()]).sound();
    assert!(said.ends_with("ok  5 events, 10 tries, every vector holds\n"), "{said}");
    let dir = dir.path().to_str().unwrap();
    let listed = run(&["contract", "list", "--contracts", dir]).sound();
    assert!(listed.contains("\nacme "), "{listed}");
}

#[test]
fn a_contract_in_place_of_an_embedded_one_is_listed_once_as_the_operators() {
    let dir = tempfile::tempdir().unwrap();
    let source = run(&["contract", "show", "payqi", "--toml"]).sound();
    let own = source.replace("\"PayQI\"", "\"Our PayQI\"");
    std::fs::write(dir.path().join("payqi.toml"), own).unwrap();
    let own = source.replace("\"payqi\"", "\"acme\"");
    std::fs::write(dir.path().join("acme.toml"), own).unwrap();
    let list = ["contract", "list", "--contracts", dir.path().to_str().unwrap()];
    insta::assert_snapshot!(run(&list).sound(), @r"
    NAME          TITLE              LANGUAGE  EVENTS  TRIES  OVER
    techcorp      TechCorp           en        11      5      2h 36m        https only
    sentinelgate  SentinelGate       en        4       5      1h 21m        https only
    krxscale      KrxScale           pt-BR     10      10     10d 7h 21m    https only
    pagtracker    PagTracker         pt-BR     9       7      10h 50m
    standard      Standard Webhooks  en        23      10     3d 3h 35m 5s
    acme          PayQI              en        5       10     10d 7h 21m    https only, your own
    payqi         Our PayQI          en        5       10     10d 7h 21m    https only, your own in place of the embedded one
    ");
    let json = run(&[&list[..], &["--json"]].concat()).sound();
    assert_eq!(json.matches("\"own\":true").count(), 2, "{json}");
}

#[test]
fn every_fault_is_told_with_its_place_and_its_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("acme.toml");
    let source = run(&["contract", "show", "payqi", "--toml"]).sound();
    let source = source.replace("\"$type\"", "\"$tpye\"").replace("https_only", "htps_only");
    std::fs::write(&file, source).unwrap();
    let ended = run(&["contract", "lint", file.to_str().unwrap()]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(1), "error: 2 faults\n"));
    let said = ended.out.replace(dir.path().to_str().unwrap(), "DIR");
    insta::assert_snapshot!(said, @r#"
    DIR/acme.toml:7:1: unknown field `htps_only` in the contract
        7 | htps_only = true
          | ^
          = did you mean `https_only`?
    DIR/acme.toml:13:11: unknown hole `$tpye`
       13 |   "type": "$tpye",
          |           ^
          = did you mean `$type`?
    "#);
}

#[test]
fn a_contract_that_no_longer_makes_its_vectors_is_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("acme.toml");
    let source = run(&["contract", "show", "payqi", "--toml"]).sound();
    std::fs::write(&file, source.replace("content = \"{body}\"", "content = \"x{body}\"")).unwrap();
    let ended = run(&["contract", "lint", file.to_str().unwrap()]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains("header `X-PayQI-Signature` differs"), "{}", ended.out);
}

#[test]
fn a_file_that_is_not_utf_8_is_told_by_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("acme.toml");
    std::fs::write(&file, b"name = \"acme\"\ntitle = \"\xe9\"\n").unwrap();
    let ended = run(&["contract", "lint", file.to_str().unwrap()]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(1), "error: 1 fault\n"));
    assert!(ended.out.contains("acme.toml:2:10: byte 0xe9 is not UTF-8"), "{}", ended.out);
}

#[test]
fn an_attempt_before_the_first_and_an_id_of_two_lines_are_refused() {
    for wrong in [["--attempt", "0"], ["--id", "evt_1\nX-Forged: 1"], ["--id", "a\u{1b}[31m"]] {
        let ended = sign(&wrong, b"");
        assert_eq!(ended.code, Some(2), "{wrong:?}");
    }
}

#[test]
fn an_empty_name_for_what_is_exhausted_and_a_number_for_a_flag_are_faults() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("acme.toml");
    let source = run(&["contract", "show", "payqi", "--toml"]).sound();
    let source = source.replace("https_only = true", "https_only = 1");
    let emptied = |line: &str| line.starts_with("exhausted").then_some("exhausted = \"\"");
    let lines = source.lines().map(|line| emptied(line).unwrap_or(line));
    std::fs::write(&file, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let said = run(&["contract", "lint", file.to_str().unwrap()]).out;
    assert!(said.contains("must be true or false\n"), "{said}");
    assert!(said.contains("it is an integer"), "{said}");
    assert!(said.contains("`exhausted` in [retry] must not be empty"), "{said}");
}
