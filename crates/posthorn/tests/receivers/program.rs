//! The receivers beside this file, in their own languages and processes.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;

use serde_json::Value;

use crate::posthorn::PATIENT;

/// What a receiver made of a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct Verdict {
    /// Whether its verifier took it for genuine.
    pub(crate) genuine: bool,
    /// Why not.
    pub(crate) why: Option<String>,
    /// The event's id, from its header.
    pub(crate) id: Option<String>,
    /// The event's type, from its header.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// The attempt's number, from its header.
    pub(crate) attempt: Option<String>,
}

/// A receiver that runs; it ends with this value.
pub(crate) struct Program {
    child: Child,
    secrets: ChildStdin,
    lines: mpsc::Receiver<String>,
    kept: VecDeque<String>,
    name: String,
    port: u16,
}

impl Program {
    /// Starts a receiver by its file, as in `python/payqi.py`.
    pub(crate) fn start(file: &str) -> Self {
        Self::start_with(file, &Libraries::default())
    }

    /// Starts a receiver that uses libraries.
    pub(crate) fn start_with(file: &str, libraries: &Libraries) -> Self {
        let interpreter = libraries.interpreter(file);
        let mut child = Command::new(&interpreter)
            .arg(folder().join(file))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUTF8", "1")
            .env("NODE_PATH", &libraries.node)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", missing(&interpreter)));
        let secrets = child.stdin.take().expect("piped");
        let stdout = child.stdout.take().expect("piped");
        let (said, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _nobody_listens_any_more = said.send(line);
            }
        });
        let mut program =
            Self { child, secrets, lines, kept: VecDeque::new(), name: file.to_owned(), port: 0 };
        let first = program.line();
        let port =
            serde_json::from_str::<Value>(&first).ok().and_then(|line| line["port"].as_u64());
        let port = port.and_then(|port| port.try_into().ok());
        program.port = port.unwrap_or_else(|| panic!("{file} said `{first}` instead of its port"));
        program
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/webhooks", self.port)
    }

    /// Tells it the secret to verify with, and waits until it has it: standard input and a socket
    /// are not read in the order in which they were written. What it said of requests before is kept.
    pub(crate) fn verify_with(&mut self, secret: &str) {
        writeln!(self.secrets, "{secret}").expect("the receiver runs");
        self.secrets.flush().expect("the receiver runs");
        loop {
            let line = self.line();
            if serde_json::from_str::<Value>(&line).is_ok_and(|line| line["secret"] == "taken") {
                return;
            }
            self.kept.push_back(line);
        }
    }

    /// What it made of the next request.
    pub(crate) fn verdict(&mut self) -> Verdict {
        let line = self.kept.pop_front().unwrap_or_else(|| self.line());
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{}: {line}: {error}", self.name))
    }

    fn line(&self) -> String {
        let line = self.lines.recv_timeout(PATIENT);
        line.unwrap_or_else(|_| panic!("{} has nothing more to say", self.name))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Where libraries are that are not part of a language.
#[derive(Debug, Clone, Default)]
pub(crate) struct Libraries {
    /// A folder of Node modules.
    pub(crate) node: PathBuf,
    /// The Python of a virtual environment.
    pub(crate) python: Option<PathBuf>,
}

impl Libraries {
    fn interpreter(&self, file: &str) -> PathBuf {
        let extension = Path::new(file).extension().and_then(|extension| extension.to_str());
        match extension {
            Some("py") => self.python.clone().unwrap_or_else(|| "python3".into()),
            Some("js") => "node".into(),
            Some("php") => "php".into(),
            other => panic!("no interpreter for {other:?}: {file}"),
        }
    }
}

/// What to install when an interpreter does not start.
pub(crate) fn missing(interpreter: &Path) -> String {
    let package = match interpreter.to_str() {
        Some("node") => "nodejs",
        Some("php") => "php-cli",
        Some("npm") => "npm",
        _ => "python3 python3-venv",
    };
    let name = interpreter.display();
    format!("{name} does not start; `./x test` installs it, or: apt-get install {package}")
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/receivers")
}
