//! One HTTP/1.1 connection and the exchange of one request for one answer over it.
//!
//! hyper splits a connection into a sender and a driver that must be polled. We poll the driver
//! from the try's own future instead of spawning it: no task to own, no wake-up between tasks, and
//! dropping the try closes the socket. An idle connection is not polled at all; [`Link::is_live`]
//! looks once, before it is used again, whether the receiver has closed it meanwhile.

use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use posthorn_core::attempt::FAILURE_BODY_BYTES_MAX;

use super::fault::{self, Stage};
use super::watch::{Phase, Watch};
use super::wire::{Carrier, HEAD_BYTES_MAX, HEADERS_MAX, Meter, Wire};
use crate::transport::{Answer, Unreachable};

/// All bytes up to and including the head; more than a head can have means endless 1xx responses.
const PREFACE_BYTES_MAX: usize = 2 * HEAD_BYTES_MAX;
/// All bytes after the head: room for the body that we keep in the smallest possible chunks.
const TAIL_BYTES_MAX: usize = 16 * FAILURE_BODY_BYTES_MAX;

/// A connection that is ours alone.
#[derive(Debug)]
pub(super) struct Link {
    sender: SendRequest<Full<Bytes>>,
    driver: Driver,
    meter: Arc<Meter>,
    /// Whether the last request was given back before any of it was sent.
    is_unsent: bool,
    /// The vetted address at the other end.
    pub(super) peer: IpAddr,
}

#[derive(Debug)]
struct Driver {
    /// `None` once it has ended: what was asked of it and not begun learns of its end that way.
    connection: Option<Connection<TokioIo<Wire>, Full<Bytes>>>,
    /// How the connection ended, once it has.
    ended: Option<hyper::Result<()>>,
}

impl Link {
    /// Speaks HTTP/1.1 over a fresh `carrier`. Nothing is sent yet.
    pub(super) async fn new(carrier: Carrier, peer: IpAddr) -> Result<Box<Self>, Unreachable> {
        let meter = Arc::new(Meter::default());
        let wire = Wire::new(carrier, Arc::clone(&meter));
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .title_case_headers(true)
            .handshake(TokioIo::new(wire))
            .await
            .map_err(|error| fault::unreachable(&error, Stage::Head, &meter))?;
        let driver = Driver { connection: Some(connection), ended: None };
        Ok(Box::new(Self { sender, driver, meter, is_unsent: false, peer }))
    }

    /// Whether an idle connection is still open and silent. It may close the moment after.
    pub(super) fn is_live(&mut self) -> bool {
        // Nobody waits for it: what it does next is found out by the next look.
        self.driver.advance(&mut Context::from_waker(Waker::noop()));
        self.driver.connection.is_some() && self.sender.is_ready() && !self.meter.is_deaf()
    }

    /// Whether the receiver has sent nothing since the exchange began, or nothing was sent to it.
    pub(super) fn is_untouched(&self) -> bool {
        self.meter.read() == 0 || self.is_unsent
    }

    /// Sends `outgoing` and reads the answer: its head, and of its body what is kept.
    pub(super) async fn exchange(
        &mut self,
        outgoing: http::Request<Full<Bytes>>,
        watch: &mut Watch,
    ) -> Result<Answer, Unreachable> {
        watch.enter(Phase::Headers);
        self.meter.restart(PREFACE_BYTES_MAX);
        watch.meter = Some(Arc::clone(&self.meter));
        let response = self.sender.send_request(outgoing);
        let response = self.driver.until(response).await;
        let response = response.map_err(|error| self.unanswered(&error))?;
        self.meter.allow(TAIL_BYTES_MAX);
        watch.status = Some(response.status().as_u16());
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            watch.answered(101, headers(response.headers()).0);
            return Err(fault::unasked_upgrade());
        }
        watch.enter(Phase::Body);
        self.answer(response, watch).await
    }

    /// Why no head of an answer came. A request that was given back unsent although bytes came was
    /// answered before it was asked: an answer of nobody's, which is never taken for the next one's.
    fn unanswered(&mut self, error: &hyper::Error) -> Unreachable {
        self.is_unsent = error.is_canceled();
        if self.is_unsent && self.meter.read() > 0 {
            return fault::unasked_answer();
        }
        fault::unreachable(error, Stage::Head, &self.meter)
    }

    async fn answer(
        &mut self,
        response: Response<Incoming>,
        watch: &mut Watch,
    ) -> Result<Answer, Unreachable> {
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        let (headers, too_many) = headers(&head.headers);
        watch.answered(status, headers);
        if let Some(too_many) = too_many {
            return Err(too_many);
        }
        let truncated = self.body(body, watch.body()).await.map_err(|error| {
            let error = self.driver.cause(error);
            fault::unreachable(&error, Stage::Body { status }, &self.meter)
        })?;
        watch.take_answer(truncated).ok_or_else(|| watch.timed_out())
    }

    /// Reads at most [`FAILURE_BODY_BYTES_MAX`] of the body; answers whether there was more.
    async fn body(&mut self, mut body: Incoming, kept: &mut Vec<u8>) -> hyper::Result<bool> {
        while !body.is_end_stream() {
            let frame = if kept.len() < FAILURE_BODY_BYTES_MAX {
                self.driver.until(body.frame()).await
            } else {
                // Full: a body that ends exactly here is whole, but that is not worth waiting for.
                self.driver.at_once(body.frame()).unwrap_or_else(|| Some(Ok(more())))
            };
            let Some(frame) = frame.transpose()? else { break };
            let Some(data) = frame.data_ref() else { continue };
            let room = FAILURE_BODY_BYTES_MAX - kept.len();
            kept.extend_from_slice(data.get(..room).unwrap_or(data));
            if data.len() > room {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Stands for what is still to come of a body that is already full.
fn more() -> hyper::body::Frame<Bytes> {
    hyper::body::Frame::data(Bytes::from_static(b"."))
}

impl Driver {
    /// Lets the connection read and write as far as it can.
    fn advance(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection
            && let Poll::Ready(result) = Pin::new(connection).poll(cx)
        {
            self.ended = Some(result);
            self.connection = None;
        }
    }

    /// Drives the connection until `future`, which depends on it, is done.
    async fn until<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            self.advance(cx);
            future.as_mut().poll(cx)
        })
        .await
    }

    /// The same, if it needs no waiting.
    fn at_once<F: Future>(&mut self, future: F) -> Option<F::Output> {
        let mut cx = Context::from_waker(Waker::noop());
        self.advance(&mut cx);
        match pin!(future).poll(&mut cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    /// The connection's own error where it has one: the body's only says that there was one.
    fn cause(&mut self, error: hyper::Error) -> hyper::Error {
        match self.ended.take() {
            Some(Err(cause)) => cause,
            Some(Ok(())) | None => error,
        }
    }
}

/// The header fields, and whether they are too many: then only the first of them, which are within
/// bounds. hyper's own bound depends on how the bytes came.
fn headers(map: &HeaderMap) -> (Vec<(String, String)>, Option<Unreachable>) {
    let bytes_of = |name: &http::HeaderName, value: &http::HeaderValue| {
        name.as_str().len() + value.len() + ": \r\n".len()
    };
    let bytes: usize = map.iter().map(|(name, value)| bytes_of(name, value)).sum();
    let mut room = HEAD_BYTES_MAX;
    let within = map.iter().take(HEADERS_MAX).take_while(|(name, value)| {
        let fits = room.checked_sub(bytes_of(name, value));
        room = fits.unwrap_or(0);
        fits.is_some()
    });
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let kept = within.map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let too_many = map.len() > HEADERS_MAX || bytes > HEAD_BYTES_MAX;
    (kept, too_many.then(|| fault::too_many_headers(map.len(), bytes)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::transport::ErrorClass;

    const PATIENT: Duration = Duration::from_secs(20);

    fn request() -> http::Request<Full<Bytes>> {
        let request = http::Request::post("/").header("host", "example.com");
        request.body(Full::new(Bytes::from_static(b"{}"))).unwrap()
    }

    /// Two connections from here to a receiver.
    async fn connections() -> ((Box<Link>, TcpStream), (TcpStream, TcpStream)) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let ours = TcpStream::connect(at).await.unwrap();
        let theirs = listener.accept().await.unwrap().0;
        let our_other = TcpStream::connect(at).await.unwrap();
        let their_other = listener.accept().await.unwrap().0;
        let link = Link::new(Carrier::Tcp(ours), at.ip()).await.unwrap();
        ((link, our_other), (theirs, their_other))
    }

    async fn answer(theirs: &mut TcpStream) {
        let mut seen = [0; 1024];
        assert!(theirs.read(&mut seen).await.unwrap() > 0);
        theirs.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
    }

    /// A receiver that closes a kept-alive connection just as it is used again.
    #[tokio::test]
    async fn a_close_that_crosses_the_request_is_told_at_once() {
        let ((mut link, mut our_other), (mut theirs, mut their_other)) = connections().await;
        let mut watch = Watch::new(PATIENT);
        let first = link.exchange(request(), &mut watch);
        let (first, ()) = futures::join!(first, answer(&mut theirs));
        assert_eq!(first.unwrap().status, 200);
        assert!(link.is_live());

        drop(theirs);
        // What comes on the other connection was sent after the close.
        their_other.write_all(b".").await.unwrap();
        our_other.read_u8().await.unwrap();
        let second = tokio::time::timeout(PATIENT, link.exchange(request(), &mut watch)).await;
        let error = second.expect("it is known at once").unwrap_err();
        assert_eq!(error.class, ErrorClass::Reset, "{error:?}");
        assert!(link.is_untouched(), "so that it may be sent once more, on a new connection");
    }

    /// A receiver that says an answer of nobody's just as a kept-alive connection is used again.
    #[tokio::test]
    async fn an_answer_before_the_question_is_told_as_that_and_costs_a_new_connection() {
        let ((mut link, mut our_other), (mut theirs, mut their_other)) = connections().await;
        let mut watch = Watch::new(PATIENT);
        let first = link.exchange(request(), &mut watch);
        let (first, ()) = futures::join!(first, answer(&mut theirs));
        assert_eq!(first.unwrap().status, 200);
        assert!(link.is_live());

        theirs.write_all(b"HTTP/1.1 299 Unasked\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        their_other.write_all(b".").await.unwrap();
        our_other.read_u8().await.unwrap();
        let second = tokio::time::timeout(PATIENT, link.exchange(request(), &mut watch)).await;
        let error = second.expect("it is known at once").unwrap_err();
        assert_eq!(error.class, ErrorClass::Protocol, "{error:?}");
        assert!(error.detail.contains("before it was asked"), "{error:?}");
        assert!(link.is_untouched(), "nothing was sent: it may be, on a new connection");
    }
}
