//! A local program that takes every POST and answers 200.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

use crate::program::PATIENT;

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Seen {
    headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        &found.unwrap_or_else(|| panic!("no header {name} in {self:#?}")).1
    }

    /// All of them, as `posthorn contract verify` takes them.
    pub(crate) fn header_lines(&self) -> Vec<String> {
        self.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }
}

/// The program; its threads end with the test's process.
pub(crate) struct Receiver {
    /// Where it listens.
    pub(crate) url: String,
    seen: mpsc::Receiver<Seen>,
}

impl Receiver {
    /// Listens on a free port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/webhooks", listener.local_addr().expect("bound"));
        let (told, seen) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let told = told.clone();
                std::thread::spawn(move || serve(&stream, &told));
            }
        });
        Self { url, seen }
    }

    /// The next request that nobody has taken yet.
    pub(crate) fn request(&self) -> Seen {
        self.seen.recv_timeout(PATIENT).expect("a request comes")
    }
}

fn serve(stream: &TcpStream, told: &mpsc::Sender<Seen>) {
    let mut reader = BufReader::new(stream);
    while let Some(seen) = read(&mut reader) {
        let _nobody_looks_any_more = told.send(seen);
        let mut answer = stream;
        if answer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Seen> {
    let mut line = String::new();
    let mut headers = Vec::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        if line.trim().is_empty() {
            let length = headers
                .iter()
                .find(|(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-length"));
            let length = length.map_or(0, |(_, length)| length.parse().expect("a number"));
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            return Some(Seen { headers, body });
        }
        if let Some((name, value)) = line.trim().split_once(": ") {
            headers.push((name.to_owned(), value.to_owned()));
        }
        line.clear();
    }
    None
}
