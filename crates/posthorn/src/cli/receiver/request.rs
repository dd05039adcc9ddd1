//! Requests as any sender may write them: read leniently, because it is the answer that is the test.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// The most of a head that is read, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The most of a body that is kept to be shown, in bytes; all of it is read and counted.
const BODY_BYTES_KEPT: usize = 64 * 1024;

/// Headers in which senders put an event's id, the first that is there.
const EVENT_HEADERS: [&str; 7] = [
    "webhook-id",
    "x-webhook-id",
    "x-event-id",
    "svix-id",
    "x-github-delivery",
    "x-request-id",
    "idempotency-key",
];
/// Headers in which senders count their tries.
const ATTEMPT_HEADERS: [&str; 4] =
    ["x-delivery-attempt", "x-webhook-attempt", "webhook-attempt", "x-retry-count"];
/// What is in the name of a header that signs.
const SIGNING: [&str; 3] = ["signature", "hmac", "digest"];

/// A connection, with or without TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// The socket beneath.
    fn socket(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Stream for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// What is known of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    /// Its method.
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    /// Names and values, in their order.
    pub(super) headers: Vec<(String, String)>,
    /// How many bytes of body were read; none where it was not.
    pub(super) body_bytes: Option<usize>,
    /// The beginning of the body.
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Reads the request line and the headers.
    fn parse(head: &str) -> Self {
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (method, target) = (word(), word());
        let fields = lines.filter_map(|line| line.split_once(':'));
        let headers =
            fields.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
        Self { method, target, headers, ..Self::default() }
    }

    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The event's id, where a header says it.
    pub(super) fn event(&self) -> Option<&str> {
        EVENT_HEADERS.iter().find_map(|name| self.header(name))
    }

    /// Which try it is, where a header says it.
    pub(super) fn attempt(&self) -> Option<&str> {
        ATTEMPT_HEADERS.iter().find_map(|name| self.header(name))
    }

    /// The names of the headers that sign it.
    pub(super) fn signatures(&self) -> Vec<&str> {
        let signs = |name: &str| {
            let name = name.to_ascii_lowercase();
            SIGNING.iter().any(|word| name.contains(word))
        };
        self.headers.iter().map(|(name, _)| name.as_str()).filter(|name| signs(name)).collect()
    }
}

/// A connection and what was read of it too early.
pub(super) struct Inbox {
    /// The connection.
    pub(super) stream: Box<dyn Stream>,
    unread: Vec<u8>,
}

impl Inbox {
    /// Nothing is read yet.
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// The first request as far as one look shows it, with everything left unread.
    pub(super) async fn peek(&mut self) -> Option<Request> {
        let mut seen = vec![0; 4096];
        let read = self.stream.socket().peek(&mut seen).await.ok().filter(|read| *read > 0)?;
        seen.truncate(read);
        let head = String::from_utf8_lossy(&seen);
        let head = head.split("\r\n\r\n").next().unwrap_or_default();
        Some(Request::parse(head))
    }

    /// The head of the next request; nothing when the sender has hung up or says no head.
    pub(super) async fn head(&mut self) -> Option<Request> {
        loop {
            if let Some(at) = find(&self.unread, b"\r\n\r\n") {
                let head: Vec<u8> = self.unread.drain(..at + 4).collect();
                return Some(Request::parse(&String::from_utf8_lossy(&head)));
            }
            if self.unread.len() > HEAD_BYTES_MAX {
                return None;
            }
            self.more().await?;
        }
    }

    /// Reads the body to its end, if it comes.
    pub(super) async fn body(&mut self, request: &mut Request) -> Option<()> {
        if request.header("expect").is_some_and(|what| what.eq_ignore_ascii_case("100-continue")) {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.ok()?;
        }
        request.body_bytes = Some(0);
        let encoding = request.header("transfer-encoding").unwrap_or_default();
        if encoding.to_ascii_lowercase().contains("chunked") {
            return self.chunks(request).await;
        }
        let length = request.header("content-length").and_then(|length| length.parse().ok());
        self.take(length.unwrap_or(0), request).await
    }

    async fn chunks(&mut self, request: &mut Request) -> Option<()> {
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).ok()?;
            if size == 0 {
                while !self.line().await?.is_empty() {}
                return Some(());
            }
            self.take(size, request).await?;
            self.line().await?;
        }
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = find(&self.unread, b"\r\n") {
                let line: Vec<u8> = self.unread.drain(..at + 2).collect();
                return Some(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.unread.len() > HEAD_BYTES_MAX {
                return None;
            }
            self.more().await?;
        }
    }

    /// Reads `left` bytes of body, of which the first are kept.
    async fn take(&mut self, mut left: usize, request: &mut Request) -> Option<()> {
        while left > 0 {
            if self.unread.is_empty() {
                self.more().await?;
            }
            let part: Vec<u8> = self.unread.drain(..left.min(self.unread.len())).collect();
            left -= part.len();
            request.body_bytes = request.body_bytes.map(|read| read + part.len());
            let room = BODY_BYTES_KEPT.saturating_sub(request.body.len());
            request.body.extend(part.into_iter().take(room));
        }
        Some(())
    }

    /// Reads what there is; nothing when the sender has hung up.
    async fn more(&mut self) -> Option<()> {
        let mut buffer = vec![0; 16 * 1024];
        let read = self.stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        self.unread.extend(buffer.iter().take(read));
        Some(())
    }

    /// Waits until something more comes, which may have come before; nothing if the sender hangs up.
    pub(super) async fn something(&mut self) -> Option<()> {
        if self.unread.is_empty() { self.more().await } else { Some(()) }
    }

    /// Ready when the sender has hung up; a request that it sends meanwhile is kept.
    pub(super) async fn gone(&mut self) {
        while self.unread.len() < HEAD_BYTES_MAX {
            if self.more().await.is_none() {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    /// Reads and forgets until the sender hangs up.
    pub(super) async fn hang_up(&mut self) {
        while self.more().await.is_some() {
            self.unread.clear();
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_event_attempt_and_what_signs() {
        let head = "POST /drip?ms=5 HTTP/1.1\r\nHost: a\r\nX-Webhook-Signature: t=1,v1=a\r\n\
                    X-Event-Id: evt_1\r\nX-Delivery-Attempt: 2\r\nX-Shopify-Hmac-Sha256: b\r\n\r\n";
        let request = Request::parse(head);
        assert_eq!((&*request.method, &*request.target), ("POST", "/drip?ms=5"));
        assert_eq!((request.event(), request.attempt()), (Some("evt_1"), Some("2")));
        assert_eq!(request.signatures(), ["X-Webhook-Signature", "X-Shopify-Hmac-Sha256"]);
    }

    #[test]
    fn what_is_no_head_is_read_as_far_as_it_goes() {
        for head in ["", "\0\x01", "GET", "GET /", "x\r\n:\r\nno colon"] {
            let request = Request::parse(head);
            assert!(request.event().is_none() && request.signatures().is_empty(), "{head:?}");
        }
    }
}
