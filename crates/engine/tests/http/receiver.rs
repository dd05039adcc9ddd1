//! A scripted receiver on loopback, and the sending side of the tests.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use posthorn_engine::guard::Guard;
use posthorn_engine::http::{HttpSettings, HttpTransport, Resolve};
use posthorn_engine::transport::{Answer, ErrorClass, Reach, Request, Transport as _, Tried};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Long enough that a test which waits for it has failed.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);
/// For tests in which the deadline must strike.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// The receiver's end of one connection.
pub(crate) struct Peer {
    stream: Box<dyn Duplex>,
    unread: Vec<u8>,
    /// Which connection of the receiver this is, counted from 1.
    pub(crate) number: usize,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    /// The same peer, seen through another layer such as TLS.
    pub(crate) fn over(self, stream: Box<dyn Duplex>) -> Self {
        Self { stream, ..self }
    }

    pub(crate) fn into_stream(self) -> (Box<dyn Duplex>, Self) {
        let empty: Box<dyn Duplex> = Box::new(tokio::io::empty());
        (self.stream, Self { stream: empty, ..self })
    }

    /// Reads one whole request; `false` if the client hung up instead.
    pub(crate) async fn request(&mut self) -> bool {
        let Some(head) = self.until(|bytes| find(bytes, b"\r\n\r\n").map(|at| at + 4)).await else {
            return false;
        };
        let text = String::from_utf8_lossy(&head).into_owned();
        let length = text
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
            })
            .expect("every request has a length");
        let body = self.until(|bytes| (bytes.len() >= length).then_some(length)).await;
        let body = body.expect("the client sends the whole body");
        self.requests.lock().expect("no panic").push(text + &String::from_utf8_lossy(&body));
        true
    }

    /// Reads only the head of a request and leaves the body where it is.
    pub(crate) async fn head(&mut self) {
        self.until(|bytes| find(bytes, b"\r\n\r\n").map(|at| at + 4)).await.expect("a head");
    }

    /// Writes; an error means that the client has hung up.
    pub(crate) async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Ends the stream as its protocol wants it.
    pub(crate) async fn farewell(&mut self) {
        self.stream.shutdown().await.expect("the client is there");
    }

    /// Does nothing until the client hangs up.
    pub(crate) async fn hang(&mut self) {
        let mut scrap = [0; 1_024];
        while self.stream.read(&mut scrap).await.is_ok_and(|n| n > 0) {}
    }

    /// Says `bytes` again and again, a little later each time, until the client hangs up.
    pub(crate) async fn drip(&mut self, bytes: &[u8]) {
        while self.say(bytes).await.is_ok() {
            if tokio::time::timeout(Duration::from_millis(5), self.hang()).await.is_ok() {
                return;
            }
        }
    }

    /// Says `bytes` again and again, as fast as the client reads, until it hangs up.
    pub(crate) async fn flood(&mut self, bytes: &[u8]) {
        while self.say(bytes).await.is_ok() {}
    }

    async fn until(&mut self, end: impl Fn(&[u8]) -> Option<usize>) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = end(&self.unread) {
                let rest = self.unread.split_off(end);
                return Some(std::mem::replace(&mut self.unread, rest));
            }
            let mut buffer = vec![0; 64 * 1_024];
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.unread.extend(buffer.iter().take(read)),
            }
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

type Script = dyn Fn(Peer) -> BoxFuture<'static, ()> + Send + Sync;

/// A receiver that runs its script on every connection. Everything it runs ends with it.
pub(crate) struct Receiver {
    pub(crate) at: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn start<F>(script: impl Fn(Peer) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::listen(Box::new(move |peer| Box::pin(script(peer))), |_| {}).await
    }

    /// Like [`Receiver::start`], but each connection ends with a reset instead of a close.
    pub(crate) async fn start_rude<F>(script: impl Fn(Peer) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let rude = |stream: &TcpStream| stream.set_zero_linger().expect("a socket option");
        Self::listen(Box::new(move |peer| Box::pin(script(peer))), rude).await
    }

    /// Answers every request with the same bytes.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = Arc::new(answer.into());
        Self::start(move |mut peer| {
            let answer = Arc::clone(&answer);
            async move {
                while peer.request().await {
                    if peer.say(&answer).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    /// Answers one request with these bytes and closes.
    pub(crate) async fn closing_after(answer: impl Into<Vec<u8>>) -> Self {
        let answer = Arc::new(answer.into());
        Self::start(move |mut peer| {
            let answer = Arc::clone(&answer);
            async move {
                peer.request().await;
                peer.say(&answer).await.expect("the client is there");
            }
        })
        .await
    }

    async fn listen(script: Box<Script>, prepare: fn(&TcpStream)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let at = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (counter, log) = (Arc::clone(&connections), Arc::clone(&requests));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut peers = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                prepare(&stream);
                let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
                let stream = Box::new(stream);
                let requests = Arc::clone(&log);
                peers.spawn(script(Peer { stream, unread: Vec::new(), number, requests }));
            }
        });
        Self { at, connections, requests, _tasks: tasks }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.at)
    }

    /// How many connections it has accepted.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The whole requests it has read, over all connections.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }
}

/// The default transport of these tests: no roots, no names, default limits.
pub(crate) fn transport() -> HttpTransport {
    transport_with(|_| {})
}

pub(crate) fn transport_with(change: impl FnOnce(&mut HttpSettings)) -> HttpTransport {
    let mut settings = HttpSettings::new(Guard::default());
    change(&mut settings);
    HttpTransport::new(settings).expect("the settings are sound")
}

/// A resolver that gives the same answer to every question.
pub(crate) fn resolving(addresses: &[&str]) -> Resolve {
    let addresses: Vec<IpAddr> =
        addresses.iter().map(|address| address.parse().expect("an address")).collect();
    Resolve::Scripted(Arc::new(move |_| {
        let addresses = addresses.clone();
        Box::pin(async move { Ok(addresses) })
    }))
}

pub(crate) fn request(url: &str, timeout: Duration) -> Request {
    Request {
        url: url.parse().expect("a URL"),
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: Bytes::from_static(b"{\"id\":\"evt_1\"}"),
        timeout,
        reach: Reach::Sandbox,
    }
}

/// Sends one request over a new transport.
pub(crate) async fn send(url: &str, timeout: Duration) -> Tried {
    transport().send(request(url, timeout)).await
}

/// The answer of a try that must have one.
pub(crate) fn answer(tried: Tried) -> Answer {
    tried.result.expect("an answer")
}

/// Asserts that there was no answer, and why; returns the sentence for people.
#[track_caller]
pub(crate) fn unreachable(tried: &Tried, class: ErrorClass) -> String {
    let error = tried.result.as_ref().expect_err("no answer");
    assert_eq!(error.class, class, "{}", error.detail);
    error.detail.clone()
}
