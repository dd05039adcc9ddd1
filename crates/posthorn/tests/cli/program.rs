//! Running the program.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Long enough that a test which waits for it has failed.
pub(crate) const PATIENT: Duration = Duration::from_mins(1);

/// The admin key of every server here.
pub(crate) const ADMIN_KEY: &str = "admin_for_these_tests_only_0123456789";

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ended {
    /// Standard output of a command that went well.
    pub(crate) fn sound(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out
    }

    /// Standard error of a command that failed with exit code 1.
    pub(crate) fn failed(self) -> String {
        assert_eq!(self.code, Some(1), "{self:#?}");
        self.err
    }
}

/// The program with arguments, and nothing of the surroundings' environment that it reads.
pub(crate) fn posthorn(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthorn"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    finish(&mut posthorn(arguments), b"")
}

/// Runs it with a text on standard input.
pub(crate) fn run_with(arguments: &[&str], input: &[u8]) -> Ended {
    finish(posthorn(arguments).stdin(Stdio::piped()), input)
}

/// Runs a prepared command with a text on standard input.
pub(crate) fn finish(command: &mut Command, input: &[u8]) -> Ended {
    let mut child = command.spawn().expect("the program runs");
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input).expect("it reads");
    }
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A program that goes on: a server, or `listen`.
pub(crate) struct Going {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Going {
    /// Starts it. What it says on standard output and on standard error comes in one order.
    pub(crate) fn start(command: &mut Command) -> Self {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        command.stdout(writer.try_clone().expect("a pipe")).stderr(writer);
        let child = command.spawn().expect("the program runs");
        // The pipe ends with the program.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let (said, lines) = mpsc::channel();
        read_aloud(reader, said);
        Self { child, lines }
    }

    /// The first line from here on that holds this text.
    pub(crate) fn line_with(&self, text: &str) -> String {
        let mut before = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENT);
            let line = line.unwrap_or_else(|_| panic!("no line with {text:?} in {before:#?}"));
            if line.contains(text) {
                return line;
            }
            before.push(line);
        }
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status().expect("a shell is everywhere");
        assert!(sent.success());
    }

    /// Waits for its end; the exit code, if it was not a signal that ended it.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.child.wait().expect("it was started here").code()
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Reads a stream to its end on a thread of its own, so that the program never waits for a reader.
fn read_aloud(stream: impl Read + Send + 'static, said: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _nobody_listens_any_more = said.send(line);
        }
    });
}

/// A sandboxed server.
pub(crate) struct Server {
    /// The process.
    pub(crate) going: Going,
    /// Its API.
    pub(crate) url: String,
    /// The test key of the `standard` merchant, where this start made it.
    pub(crate) key: Option<String>,
}

/// The command for a sandboxed server on a data directory; `listen` is its address.
pub(crate) fn server(data: &Path, listen: &str) -> Command {
    let mut command = posthorn(&["serve", "--sandbox", "--listen", listen, "--data"]);
    command.arg(data).env("POSTHORN_ADMIN_KEY", ADMIN_KEY);
    command
}

impl Server {
    /// A first start, on a free port.
    pub(crate) fn first(data: &Path) -> Self {
        let going = Going::start(&mut server(data, "127.0.0.1:0"));
        let url = url_in(&going.line_with("API        "));
        going.line_with("  standard  ");
        let key = word_in(&going.line_with("API key"), "sk_test_");
        Self { going, url, key: Some(key) }
    }

    /// A later start on the same data, at the same address.
    pub(crate) fn again(data: &Path, url: &str) -> Self {
        let going = Going::start(&mut server(data, url.trim_start_matches("http://")));
        going.line_with("API        ");
        Self { going, url: url.to_owned(), key: None }
    }

    /// A client command against it, with the `standard` merchant's key.
    pub(crate) fn client(&self, arguments: &[&str]) -> Command {
        let mut command = posthorn(arguments);
        command.env("POSTHORN_SERVER", &self.url).env("POSTHORN_ADMIN_KEY", ADMIN_KEY);
        if let Some(key) = &self.key {
            command.env("POSTHORN_KEY", key);
        }
        command
    }

    /// Runs one.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        finish(&mut self.client(arguments), b"")
    }
}

fn url_in(line: &str) -> String {
    word_in(line, "http://")
}

/// The word that begins so.
pub(crate) fn word_in(text: &str, beginning: &str) -> String {
    let found = text.split_whitespace().find(|word| word.starts_with(beginning));
    found.unwrap_or_else(|| panic!("no {beginning}… in {text}")).to_owned()
}
