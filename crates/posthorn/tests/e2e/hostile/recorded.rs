//! One row for each behaviour: what the attempt log says of it. The table stands in
//! `docs/receiver.md`; this test says what it must be.

use serde_json::Value;

use super::program::Ground;
use crate::posthorn::text;
use crate::receiver::{Answer, Receiver};
use crate::stage::{attempts, time};

const DOCUMENT: &str = include_str!("../../../../../docs/receiver.md");

/// A row says what happened in a sentence or two, whatever a stranger put into a certificate.
const ROW_BYTES_MAX: usize = 800;

/// What makes time run out, by design: these are asked with little patience.
const ENDED_BY_TIME: [&str; 14] = [
    "hang/accept",
    "hang/request",
    "hang/answer",
    "hang/status",
    "hang/headers",
    "hang/body",
    "hang/chunk",
    "hang/end",
    "slow?ms=60000",
    "drip",
    "drip/headers?ms=20",
    "drip/body?ms=20",
    "drip/chunks?ms=20",
    "tls/hang",
];

/// Behaviours that are worth asking in more ways than one.
const MORE: [&str; 25] = [
    "slow?ms=1",
    "drip?ms=1",
    "000",
    "099",
    "204",
    "304",
    "410",
    "429",
    "429?retry-after=7200",
    "429?retry-after=0",
    "429?retry-after=-60",
    "429?retry-after=7200.5",
    "429?retry-after=99999999999999999999999",
    "429?retry-after=soon",
    "503?retry-after=Fri,+01+Jan+2100+00:00:00+GMT",
    "503?retry-after=Wednesday,+01-Jan-70+00:00:00+GMT",
    "503?retry-after=Fri+Jan++1+00:00:00+2100",
    "503?retry-after=Sun,+06+Nov+1994+08:49:37+GMT",
    "503?retry-after=Sunday,+06-Nov-94+08:49:37+GMT",
    "503?retry-after=Sun+Nov++6+08:49:37+1994",
    "599",
    "600",
    "999",
    "many/cookies?n=80",
    "redirect/loop?status=308",
];

/// Every behaviour that the program lists.
fn listed() -> Vec<String> {
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_posthorn"))
        .args(["receiver", "--help"])
        .output()
        .expect("the program runs");
    let help = String::from_utf8(ran.stdout).expect("UTF-8");
    let (_, list) = help.split_once("Behaviours, as paths").expect("a list");
    let (list, _) = list.split_once("\nExamples:").expect("examples after it");
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| *name != "NNN").map(str::to_owned).collect()
}

/// What is asked of the receiver, in the order of its own list.
fn asked() -> Vec<String> {
    let base = |path: &str| path.split('?').next().unwrap_or_default().to_owned();
    let mut asked = Vec::new();
    for name in listed() {
        let timed = ENDED_BY_TIME.iter().find(|path| base(path) == name);
        asked.push(timed.map_or(name.clone(), |path| (*path).to_owned()));
        asked.extend(MORE.iter().filter(|path| base(path) == name).map(|path| (*path).to_owned()));
        if name == "well" {
            let digits = |path: &&&str| path.starts_with(|first: char| first.is_ascii_digit());
            asked.extend(MORE.iter().filter(digits).map(|path| (*path).to_owned()));
        }
    }
    asked
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// The part of the answer that was kept.
fn kept(path: &str, attempt: &Value) -> String {
    let Some(response) = attempt.get("response") else { return "–".to_owned() };
    let headers = response["headers"].as_object().expect("headers").len();
    let body = text(response, "/body");
    let bytes = match response.get("encoding") {
        None => body.len(),
        Some(_) => data_encoding::BASE64.decode(body.as_bytes()).expect("base64").len(),
    };
    let cut = if response["truncated"] == true { ", cut" } else { "" };
    // How many drops fall before the time is over is the machine's affair.
    let is_dripped = path.starts_with("drip/") && bytes > 0;
    let bytes = if is_dripped { "some".to_owned() } else { bytes.to_string() };
    format!("{headers} headers, {bytes} bytes{cut}")
}

/// What it led to.
fn outcome(delivery: &Value, attempt: &Value, endpoint: &Value) -> String {
    let state = text(delivery, "/state");
    if state != "due" {
        // What is disabled keeps what it has until it is enabled.
        return match text(endpoint, "/status").as_str() {
            "active" => state,
            status => format!("{state}, endpoint {status}"),
        };
    }
    let wait = time(&delivery["next_at"]).duration_since(time(&attempt["at"]));
    let hours = (wait.as_secs() + 60) / 3600;
    format!("again in {hours} h")
}

/// One row of the table. Ports differ from run to run.
fn row(path: &str, ports: &[&str], ground: &Ground, endpoint: &str, delivery: &Value) -> String {
    let made = attempts(delivery);
    let [attempt] = made.as_slice() else { panic!("one try: {delivery:#}") };
    let endpoint = ground.merchant.get(&format!("/v1/endpoints/{endpoint}"));
    let phases = attempt["phases"].as_object().expect("phases");
    let names = ["connect", "tls", "headers", "body"];
    let last = names.iter().rev().find(|name| phases.contains_key(**name)).unwrap_or(&"–");
    let mut detail = words(&attempt["detail"]);
    for port in ports {
        detail = detail.replace(port, "PORT");
    }
    format!(
        "| `{path}` | {} | {} | {last} | {} | {} | {detail} |",
        words(&attempt["status"]),
        words(&attempt["error"]),
        kept(path, attempt),
        outcome(delivery, attempt, &endpoint),
    )
}

fn is_well(ground: &Ground, endpoint: &str, after: &str) {
    let delivery = ground.tried(endpoint);
    assert_eq!(delivery["state"], "delivered", "after {after}: {delivery:#}");
    let made = attempts(&delivery);
    assert_eq!(made.len(), 1, "after {after}: {delivery:#}");
    // Once the next request is sent, nobody can tell the late answer to the one before from its own.
    let is_late = after == "twice/later";
    assert!(is_late || made[0]["status"] == 200, "after {after}: {delivery:#}");
}

#[test]
fn what_is_on_record_of_each_behaviour_is_what_the_document_says_and_nothing_else_suffers() {
    let ground = Ground::new();
    let elsewhere = Receiver::answering(|_| Answer::status(200));
    let elsewhere = ground.endpoint(&elsewhere.url("/"), "patient", "none");
    let (plain, tls) = (ground.plain.url("by path"), ground.tls.url("by path"));
    let well = ground.endpoint(&format!("{plain}/well"), "patient", "none");
    let well_over_tls = ground.endpoint(&format!("{tls}/well"), "patient", "none");
    let mut table = Vec::new();
    for path in asked() {
        let contract = if ENDED_BY_TIME.contains(&&*path) { "impatient" } else { "patient" };
        let (url, good) = if path.starts_with("tls/") {
            (ground.tls.url(&path).to_owned(), &well_over_tls)
        } else {
            (format!("{plain}/{path}"), &well)
        };
        let endpoint = ground.endpoint(&url, contract, "none");
        let delivery = ground.tried(&endpoint);
        let port = url.split(['/', ':']).nth(4).expect("a port");
        table.push(row(&path, &[port], &ground, &endpoint, &delivery));
        // The same server's good path, and another server.
        is_well(&ground, good, &path);
        is_well(&ground, &elsewhere, &path);
    }
    let long: Vec<&String> = table.iter().filter(|row| row.len() > ROW_BYTES_MAX).collect();
    assert!(long.is_empty(), "{long:#?}");
    let missing: Vec<&String> = table.iter().filter(|row| !DOCUMENT.contains(*row)).collect();
    let documented = DOCUMENT.lines().filter(|line| line.starts_with("| `")).count();
    assert!(
        missing.is_empty() && documented == table.len(),
        "docs/receiver.md has {documented} rows and should have these {}:\n{}\nIt lacks:\n{missing:#?}",
        table.len(),
        table.join("\n"),
    );
}
