//! A proxy between Posthorn and a receiver that changes what passes through it.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What to change about one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// One bit of the body's byte at so many thousandths of its length.
    Body(usize),
    /// One bit in the middle of this header's value.
    Header(&'static str),
    /// This header's whole value.
    Replace(&'static str, String),
    /// This header is taken away.
    Remove(&'static str),
}

/// A request as it passes.
struct Passing {
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A proxy that changes the requests for which a change stands in line, and no others.
pub(crate) struct Proxy {
    port: u16,
    changes: Arc<Mutex<VecDeque<Change>>>,
}

impl Proxy {
    /// Starts one in front of a receiver.
    pub(crate) fn before(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let changes = Arc::new(Mutex::new(VecDeque::new()));
        let line = Arc::clone(&changes);
        // It serves one request after the other, so that changes meet requests in their order; it
        // ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(mut passing) = read(&stream) else { continue };
                if let Some(change) = line.lock().expect("no panic").pop_front() {
                    passing.apply(&change);
                }
                let status = passing.forward(&upstream);
                let _hung_up = write!(
                    &stream,
                    "HTTP/1.1 {status} Proxied\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
            }
        });
        Self { port, changes }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/through-the-proxy", self.port)
    }

    /// Changes the next request that has no change in line yet.
    pub(crate) fn change_next(&self, change: Change) {
        self.changes.lock().expect("no panic").push_back(change);
    }
}

impl Passing {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Body(thousandths) => {
                let at = self.body.len().saturating_sub(1) * thousandths / 1000;
                let byte = self.body.get_mut(at).expect("a body is never empty");
                *byte ^= 1;
            }
            Change::Header(name) => {
                let value = self.value(name);
                let mut bytes = std::mem::take(value).into_bytes();
                let middle = bytes.len() / 2;
                *bytes.get_mut(middle).expect("a header is never empty") ^= 1;
                *value = String::from_utf8(bytes).expect("ASCII stays ASCII");
            }
            Change::Replace(name, with) => self.value(name).clone_from(with),
            Change::Remove(name) => {
                self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
            }
        }
    }

    fn value(&mut self, name: &str) -> &mut String {
        let mut headers = self.headers.iter_mut();
        let found = headers.find(|(own, _)| own.eq_ignore_ascii_case(name));
        &mut found.unwrap_or_else(|| panic!("no header {name}")).1
    }

    fn forward(self, upstream: &str) -> u16 {
        let mut request = http::Request::post(format!("{upstream}?{}", self.path));
        for (name, value) in self.headers {
            let lower = name.to_ascii_lowercase();
            if !["host", "content-length", "connection"].contains(&lower.as_str()) {
                request = request.header(name, value);
            }
        }
        let request = request.body(self.body).expect("a request");
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let answer = ureq::Agent::new_with_config(config).run(request);
        answer.expect("the receiver answers").status().as_u16()
    }
}

fn read(stream: &TcpStream) -> Option<Passing> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length?.1.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Passing { path, headers, body })
}
