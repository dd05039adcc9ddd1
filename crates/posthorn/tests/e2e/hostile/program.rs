//! `posthorn receiver` in a process of its own, and a server that has met it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::posthorn::{Api, Posthorn, text};

/// A receiver, which ends with this value.
pub(crate) struct Hostile {
    child: Child,
    /// Where each of its ports is, by what it does.
    doors: Vec<(String, String)>,
}

impl Hostile {
    /// Starts it on free ports.
    pub(crate) fn start(arguments: &[&str], ports: usize) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_posthorn"))
            .args(["receiver", "--json", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let door = |line: String| {
            let said: Value = serde_json::from_str(&line).expect("JSON");
            (text(&said, "/does"), text(&said, "/url"))
        };
        let doors: Vec<_> = lines.by_ref().take(ports).map_while(Result::ok).map(door).collect();
        assert_eq!(doors.len(), ports, "{doors:?}");
        // It prints for as long as it lives, and must find a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, doors }
    }

    /// Where a port is.
    pub(crate) fn url(&self, does: &str) -> &str {
        let found = self.doors.iter().find(|(own, _)| own == does);
        &found.unwrap_or_else(|| panic!("no {does} in {:?}", self.doors)).1
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// The standard contract by another name and with another timeout; what failed is tried again after
/// an hour.
fn contract(name: &str, timeout: &str) -> String {
    let standard = include_str!("../../../../../contracts/standard.toml");
    let waits = standard.lines().find(|line| line.starts_with("waits")).expect("waits");
    standard
        .replace("name = \"standard\"", &format!("name = \"{name}\""))
        .replace("timeout = \"20s\"", &format!("timeout = \"{timeout}\""))
        .replace(waits, "waits = [\"1h\", \"1h\"]")
}

/// A server that trusts the receiver's authority, and a merchant there.
pub(crate) struct Ground {
    pub(crate) server: Posthorn,
    pub(crate) merchant: Api,
    pub(crate) plain: Hostile,
    pub(crate) tls: Hostile,
    _files: TempDir,
}

impl Ground {
    /// Starts all of it. Contract `patient` waits 20 s for an answer, `impatient` half a second.
    pub(crate) fn new() -> Self {
        let files = tempfile::tempdir().expect("a temporary directory");
        for (name, timeout) in [("patient", "20s"), ("impatient", "500ms")] {
            let file = files.path().join(format!("{name}.toml"));
            std::fs::write(file, contract(name, timeout)).expect("it can be written");
        }
        let ca = files.path().join("ca.pem");
        let ca = ca.to_str().expect("UTF-8");
        let plain = Hostile::start(&[], 1);
        let tls = Hostile::start(&["--tls", "--ca", ca], 15);
        let data = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        let contracts = files.path().to_str().expect("UTF-8");
        let settings = [("POSTHORN_CONTRACTS", contracts), ("POSTHORN_EXTRA_CA", ca)];
        let server = Posthorn::start_in(data, &settings);
        let merchant = server.merchant("patient");
        Self { server, merchant, plain, tls, _files: files }
    }

    /// An endpoint for these events.
    pub(crate) fn endpoint(&self, url: &str, contract: &str, events: &str) -> String {
        let draft = json!({"url": url, "contract": contract, "events": [events]});
        text(&self.merchant.post("/v1/endpoints", &draft), "/id")
    }

    /// Sends one event to one endpoint, waits until it was tried, and answers its delivery.
    pub(crate) fn tried(&self, endpoint: &str) -> Value {
        let sample = json!({"type": "payment.created"});
        let sent = self.merchant.post(&format!("/v1/endpoints/{endpoint}/test"), &sample);
        self.merchant.advance("1s");
        self.merchant.get(&format!("/v1/deliveries/{}", text(&sent, "/deliveries/0/id")))
    }
}
