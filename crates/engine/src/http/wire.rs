//! The byte stream beneath HTTP: TCP or TLS over it, metered.
//!
//! The meter bounds what a receiver can make us read before it has answered (hyper itself skips
//! any number of 1xx responses), and knows whether a kept-alive connection died without a byte.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// The most of a response head that is read, in bytes; and of hyper's buffer, for anything at all.
pub(super) const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Header fields of an answer.
pub(super) const HEADERS_MAX: usize = 64;

/// Bytes read for one answer, how many may be, and whether the receiver still listens. Shared by a
/// connection and its owner.
#[derive(Debug, Default)]
pub(super) struct Meter {
    read: AtomicUsize,
    read_max: AtomicUsize,
    is_deaf: AtomicBool,
}

impl Meter {
    /// Starts counting anew and allows `bytes`.
    pub(super) fn restart(&self, bytes: usize) {
        self.read.store(0, Ordering::Relaxed);
        self.read_max.store(bytes, Ordering::Relaxed);
    }

    /// Allows `bytes` from here on.
    pub(super) fn allow(&self, bytes: usize) {
        self.read_max.store(self.read() + bytes, Ordering::Relaxed);
    }

    /// What was read since [`Meter::restart`].
    pub(super) fn read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }

    /// Whether the receiver sent more than was allowed; nothing more is read then.
    pub(super) fn is_over(&self) -> bool {
        self.read() > self.read_max.load(Ordering::Relaxed)
    }

    /// Whether a write found that the receiver has stopped listening.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_deaf.load(Ordering::Relaxed)
    }

    fn count(&self, bytes: usize) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What carries the bytes.
#[derive(Debug)]
pub(super) enum Carrier {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A metered stream. Once the receiver has stopped listening, writes succeed into the void, so
/// that an answer it sent before (413 in the middle of a large body) is still read.
#[derive(Debug)]
pub(super) struct Wire {
    carrier: Carrier,
    meter: Arc<Meter>,
}

impl Wire {
    pub(super) fn new(carrier: Carrier, meter: Arc<Meter>) -> Self {
        Self { carrier, meter }
    }

    /// Turns "the receiver stopped listening" into success.
    fn hushed<T>(&self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if is_hang_up(error.kind()) => {
                self.meter.is_deaf.store(true, Ordering::Relaxed);
                Ok(instead)
            }
            Ok(_) | Err(_) => result,
        }
    }
}

/// Many servers end TLS without `close_notify`. For us that is an ordinary end: HTTP's own lengths
/// say whether the answer is whole, and a shortened body of unknown length changes no outcome.
fn without_farewell(result: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
    match result {
        Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Poll::Ready(Ok(()))
        }
        Poll::Ready(_) | Poll::Pending => result,
    }
}

fn is_hang_up(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected)
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.meter.is_over() {
            return Poll::Ready(Err(io::Error::other("the receiver sent too much")));
        }
        let before = buffer.filled().len();
        let result = match &mut self.carrier {
            Carrier::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Carrier::Tls(stream) => without_farewell(Pin::new(stream).poll_read(cx, buffer)),
        };
        self.meter.count(buffer.filled().len() - before);
        result
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.meter.is_deaf() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = ready!(match &mut self.carrier {
            Carrier::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Carrier::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        });
        Poll::Ready(self.hushed(result, bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all = slices.iter().map(|slice| slice.len()).sum();
        if self.meter.is_deaf() {
            return Poll::Ready(Ok(all));
        }
        let result = ready!(match &mut self.carrier {
            Carrier::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Carrier::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        });
        Poll::Ready(self.hushed(result, all))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.carrier {
            Carrier::Tcp(stream) => stream.is_write_vectored(),
            Carrier::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.meter.is_deaf() {
            return Poll::Ready(Ok(()));
        }
        let result = ready!(match &mut self.carrier {
            Carrier::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Carrier::Tls(stream) => Pin::new(stream).poll_flush(cx),
        });
        Poll::Ready(self.hushed(result, ()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.carrier {
            Carrier::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Carrier::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
