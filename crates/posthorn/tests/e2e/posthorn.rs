//! Posthorn as its users meet it: the program in a process of its own, spoken to over HTTP.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Long enough that a test which waits for it has failed.
pub(crate) const PATIENT: Duration = Duration::from_mins(1);

/// The admin key of every server here.
pub(crate) const ADMIN_KEY: &str = "admin_for_these_tests_only_0123456789";

/// A sandboxed server, which ends with this value.
pub(crate) struct Posthorn {
    pub(crate) child: Child,
    pub(crate) data: Arc<TempDir>,
    pub(crate) base: String,
}

impl Posthorn {
    /// Starts the program with an empty data directory.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with settings from the environment.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        Self::start_in(Arc::new(data), settings)
    }

    /// Starts the program with a data directory and waits until it says where it listens.
    pub(crate) fn start_in(data: Arc<TempDir>, settings: &[(&str, &str)]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_posthorn"))
            .args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .args(crate::database::arguments(data.path()))
            .env("POSTHORN_ADMIN_KEY", ADMIN_KEY)
            .env("NO_COLOR", "1")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut server = Self { child, data, base: String::new() };
        server.base = server.says_where();
        server
    }

    fn says_where(&mut self) -> String {
        let (lines, said) = mpsc::channel();
        read_aloud(self.child.stdout.take().expect("piped"), lines.clone());
        read_aloud(self.child.stderr.take().expect("piped"), lines);
        let mut story = String::new();
        loop {
            let line = said.recv_timeout(PATIENT);
            let line = line.unwrap_or_else(|_| {
                panic!("the server of {} never said where:\n{story}", self.data.path().display())
            });
            if let Some(base) = address_in(&line) {
                return base;
            }
            story.push_str(&line);
            story.push('\n');
        }
    }

    /// A new merchant, seen through its test key.
    pub(crate) fn merchant(&self, contract: &str) -> Api {
        self.merchant_in(contract, "test")
    }

    /// A new merchant, seen through its key for a mode.
    pub(crate) fn merchant_in(&self, contract: &str, mode: &str) -> Api {
        let operator = self.known(ADMIN_KEY);
        let draft = json!({"name": format!("A merchant of {contract}"), "contract": contract});
        let made = operator.post("/v1/merchants", &draft);
        self.known(&text(&made, &format!("/keys/{mode}/api_key")))
    }

    /// A merchant seen through a key that was made before.
    pub(crate) fn known(&self, key: &str) -> Api {
        Api { base: self.base.clone(), key: key.to_owned() }
    }
}

impl Drop for Posthorn {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Reads a stream to its end on a thread of its own, so that the program never waits for a reader.
fn read_aloud(stream: impl Read + Send + 'static, lines: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _nobody_listens_any_more = lines.send(line);
        }
    });
}

/// `http://127.0.0.1:PORT`, where a line names it.
fn address_in(line: &str) -> Option<String> {
    let from = line.find("http://127.0.0.1:")?;
    let rest = line.get(from..)?;
    let digits = rest.trim_start_matches("http://127.0.0.1:");
    let port: String = digits.chars().take_while(char::is_ascii_digit).collect();
    let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
    Some(format!("http://127.0.0.1:{port}"))
}

/// The text at a place of an answer.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text at {pointer} in {value:#}")).to_owned()
}

/// An answer of the API, good or bad.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// The HTTP API with a key.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) base: String,
    pub(crate) key: String,
}

impl Api {
    /// One request, whatever comes of it.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str, once: Option<&str>) -> Reply {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json");
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        let request = request.body(body.to_owned()).expect("a request");
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(PATIENT))
            .build();
        let mut answer = ureq::Agent::new_with_config(config)
            .run(request)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().expect("the answer is text");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Reply { status, body }
    }

    fn sound(&self, method: &str, path: &str, body: &str) -> Value {
        let reply = self.send(method, path, body, None);
        assert!((200..300).contains(&reply.status), "{method} {path} {body}: {reply:#?}");
        reply.body
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.sound("GET", path, "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        self.sound("POST", path, &body.to_string())
    }

    /// Accepts an event whose data is this text, number for number as it is written here.
    pub(crate) fn event(&self, kind: &str, data: &str) -> Value {
        let body = format!(r#"{{"type":"{kind}","data":{data}}}"#);
        self.sound("POST", "/v1/events", &body)
    }

    /// Takes the merchant's clock forward and answers how many tries that made.
    pub(crate) fn advance(&self, by: &str) -> u64 {
        let done = self.post("/v1/sandbox/clock", &json!({"advance": by}));
        done["attempted"].as_u64().unwrap_or_else(|| panic!("the advance became a job: {done}"))
    }
}
