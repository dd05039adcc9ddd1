//! A receiver on loopback that keeps what it gets and answers as it is told to.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};

use crate::posthorn::PATIENT;

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Which address it came from.
    pub(crate) from: IpAddr,
    /// The path of the request line.
    pub(crate) path: String,
    /// Names and values, in the order in which they came.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        &found.unwrap_or_else(|| panic!("no header {name} in {self:#?}")).1
    }
}

/// What a receiver answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    /// A status with a short body.
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: "seen".to_owned() }
    }

    /// Another body.
    pub(crate) fn saying(self, body: &str) -> Self {
        Self { body: body.to_owned(), ..self }
    }

    /// One header more.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn write(&self, mut stream: &TcpStream) -> io::Result<()> {
        let (status, length) = (self.status, self.body.len());
        let mut answer = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {length}\r\n");
        for (name, value) in &self.headers {
            answer.extend([name, ": ", value, "\r\n"]);
        }
        answer.extend(["\r\n", &self.body]);
        stream.write_all(answer.as_bytes())
    }
}

type Script = dyn Fn(&Seen) -> Answer + Send + Sync;

/// A receiver; its threads end with the test's process.
pub(crate) struct Receiver {
    port: u16,
    seen: mpsc::Receiver<Seen>,
}

impl Receiver {
    /// Answers every request as the script says.
    pub(crate) fn answering(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (told, seen) = mpsc::channel();
        let script: Arc<Script> = Arc::new(script);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (told, script) = (told.clone(), Arc::clone(&script));
                std::thread::spawn(move || serve(&stream, &told, &*script));
            }
        });
        Self { port, seen }
    }

    /// Where it listens.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The next request that nobody has taken yet.
    pub(crate) fn request(&self) -> Seen {
        self.seen.recv_timeout(PATIENT).expect("a request comes")
    }

    /// Every request that has come and that nobody has taken yet.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.seen.try_iter().collect()
    }
}

/// One connection: request after request, until the client hangs up.
fn serve(stream: &TcpStream, told: &mpsc::Sender<Seen>, script: &Script) {
    let Ok(peer) = stream.peer_addr() else { return };
    let mut reader = BufReader::new(stream);
    while let Some(seen) = read(&mut reader, peer.ip()) {
        let answer = script(&seen);
        // Told before it is answered: whoever waits for the answer's effects finds it here.
        let _nobody_asks_any_more = told.send(seen);
        if answer.write(stream).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>, from: IpAddr) -> Option<Seen> {
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
    let length = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Seen { from, path, headers, body })
}
