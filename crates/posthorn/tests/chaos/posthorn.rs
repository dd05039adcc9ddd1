//! The program, which may die at any moment: nothing here takes an answer for granted.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

/// Long enough that what is waited for will never come.
pub(crate) const PATIENT: Duration = Duration::from_mins(1);
/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// The admin key of every server here.
const ADMIN_KEY: &str = "admin_for_these_tests_only_0123456789";
/// The contract of the merchant: an attempt may take 5 s, the second comes a minute after the first.
const CONTRACT: &str = "techcorp";

/// A server that has said where it listens.
pub(crate) struct Posthorn {
    child: Child,
    /// Where it listens, as a URL.
    pub(crate) base: String,
    story: Story,
}

/// How a server ended, and what it had said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) story: String,
}

impl Ended {
    /// Whether it was killed, by this test or by its disk.
    pub(crate) fn killed(&self) -> bool {
        self.status.signal() == Some(9)
    }
}

/// Everything that a server prints, read as it comes.
struct Story {
    lines: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// A command that starts a server.
pub(crate) fn serve(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthorn"));
    command.args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    command.env("POSTHORN_ADMIN_KEY", ADMIN_KEY).env("NO_COLOR", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Posthorn {
    /// Starts a server and waits until it says where it listens; else how it ended before.
    pub(crate) fn start(mut command: Command) -> Result<Self, Ended> {
        let mut child = command.spawn().expect("the program runs");
        let (tell, told) = mpsc::channel();
        let lines = Arc::new(Mutex::new(String::new()));
        let readers = vec![
            read_aloud(child.stdout.take().expect("piped"), &lines, tell.clone()),
            read_aloud(child.stderr.take().expect("piped"), &lines, tell),
        ];
        let base = told.recv_timeout(PATIENT);
        let mut server = Self { child, base: String::new(), story: Story { lines, readers } };
        match base {
            Ok(base) => {
                server.base = base;
                Ok(server)
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(server.ended()),
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("a start that never ends"),
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let kill = format!("kill {signal} {}", self.child.id());
        // It may be gone already.
        Command::new("sh").args(["-c", &kill]).output().expect("a shell is everywhere");
    }

    /// The most memory that it ever had resident.
    pub(crate) fn memory_most_mib(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).expect("it is alive");
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = most.and_then(|most| most.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kib.expect("Linux tells it in kB") / 1024
    }

    /// Kills it.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().expect("it is ours");
        self.ended()
    }

    /// Waits until it has died, and kills it as an error when it does not.
    pub(crate) fn ends(mut self) -> Result<Ended, Ended> {
        // Nothing is ever said here: each wait is a look at the process.
        let (_silent, looks) = mpsc::channel::<()>();
        for _ in 0..PATIENT.as_millis() / LOOK.as_millis() {
            if self.child.try_wait().expect("it is ours").is_some() {
                return Ok(self.ended());
            }
            let _nothing = looks.recv_timeout(LOOK);
        }
        Err(self.kill())
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(mut self) -> Ended {
        let status = self.child.wait().expect("it is ours");
        for reader in self.story.readers.drain(..) {
            reader.join().expect("it only reads");
        }
        let story = self.story.lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ended { status, story }
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(self) -> Ended {
        self.signal("-TERM");
        self.ended()
    }

    /// A request to the API with a key; `None` when there was no answer.
    pub(crate) fn post(&self, key: &str, path: &str, body: &Value) -> Option<Value> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENT))
            .build();
        let sent = ureq::Agent::new_with_config(config)
            .post(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .send(body.to_string());
        let mut answer = sent.ok()?;
        let text = answer.body_mut().read_to_string().ok()?;
        answer.status().is_success().then(|| serde_json::from_str(&text).ok())?
    }

    /// A new merchant with an endpoint for everything; answers its test key.
    pub(crate) fn merchant(&self, url: &str) -> Option<String> {
        let draft = json!({"name": "Chaos", "contract": CONTRACT});
        let made = self.post(ADMIN_KEY, "/v1/merchants", &draft)?;
        let key = made.pointer("/keys/test/api_key")?.as_str()?.to_owned();
        self.post(&key, "/v1/endpoints", &json!({"url": url, "events": ["*"]}))?;
        Some(key)
    }

    /// Whether it knows the merchant's endpoint, which may have been made through another server.
    pub(crate) fn knows_endpoint(&self, key: &str) -> bool {
        self.get(key, "/v1/endpoints").is_some_and(|page| page.pointer("/data/0/url").is_some())
    }

    /// How many of the merchant's deliveries are in a state, up to a page.
    pub(crate) fn in_state(&self, key: &str, state: &str) -> Option<usize> {
        let page = self.get(key, &format!("/v1/deliveries?state={state}"))?;
        Some(page.get("data")?.as_array()?.len())
    }

    fn get(&self, key: &str, path: &str) -> Option<Value> {
        let asked = ureq::get(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {key}"))
            .call();
        serde_json::from_str(&asked.ok()?.body_mut().read_to_string().ok()?).ok()
    }

    /// Takes the merchant's clock a minute forward: past the wait before a second attempt.
    pub(crate) fn advance(&self, key: &str) -> Option<Value> {
        self.post(key, "/v1/sandbox/clock", &json!({"advance": "1m"}))
    }
}

impl Drop for Posthorn {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Reads a stream to its end on a thread of its own; tells the first address in it.
fn read_aloud(
    stream: impl Read + Send + 'static,
    story: &Arc<Mutex<String>>,
    tell: mpsc::Sender<String>,
) -> JoinHandle<()> {
    let story = Arc::clone(story);
    std::thread::spawn(move || {
        let mut tell = Some(tell);
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if let Some(base) = address_in(&line)
                && let Some(tell) = tell.take()
            {
                let _told_once = tell.send(base);
            }
            let mut story = story.lock().unwrap_or_else(PoisonError::into_inner);
            story.push_str(&line);
            story.push('\n');
        }
    })
}

/// `http://127.0.0.1:PORT`, where a line names it.
fn address_in(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("http://127.0.0.1:")?;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some(format!("http://127.0.0.1:{}", port.parse::<u16>().ok().filter(|port| *port > 0)?))
}
