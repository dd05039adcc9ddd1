//! What hyper's errors mean: a class for programs and a sentence for the integrator.

use std::error::Error as _;
use std::io;

use super::wire::{HEAD_BYTES_MAX, HEADERS_MAX, Meter};
use crate::transport::{ErrorClass, Unreachable};

/// How far the answer had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before the end of its head.
    Head,
    /// In its body.
    Body { status: u16 },
}

/// `error` as the outcome of a try.
pub(super) fn unreachable(error: &hyper::Error, stage: Stage, meter: &Meter) -> Unreachable {
    let (class, what) = classify(error, meter);
    let detail = match stage {
        Stage::Head if class == ErrorClass::TooLarge => format!(
            "{what} before the end of the answer's headers: at most {HEADERS_MAX} fields of \
             {HEAD_BYTES_MAX} bytes are read"
        ),
        Stage::Head if meter.read() == 0 => format!("{what} before any byte of an answer"),
        Stage::Head => format!("{what} before the end of the answer's headers"),
        Stage::Body { status } => format!("{what} in the body of an answer with status {status}"),
    };
    Unreachable::new(class, detail)
}

/// A 101 that nobody asked for.
pub(super) fn unasked_upgrade() -> Unreachable {
    let detail = "the receiver switched protocols (101) without being asked".to_owned();
    Unreachable::new(ErrorClass::Protocol, detail)
}

/// An answer to nothing.
pub(super) fn unasked_answer() -> Unreachable {
    let detail = "the receiver answered before it was asked; nothing was sent to it".to_owned();
    Unreachable::new(ErrorClass::Protocol, detail)
}

/// A head that came whole and holds too much.
pub(super) fn too_many_headers(fields: usize, bytes: usize) -> Unreachable {
    let detail = format!(
        "the answer has {fields} header fields of {bytes} bytes: at most {HEADERS_MAX} of \
         {HEAD_BYTES_MAX} bytes are read"
    );
    Unreachable::new(ErrorClass::TooLarge, detail)
}

fn classify(error: &hyper::Error, meter: &Meter) -> (ErrorClass, String) {
    if meter.is_over() || error.is_parse_too_large() {
        return (ErrorClass::TooLarge, "the receiver sent too much".to_owned());
    }
    if error.is_parse() || error.is_user() {
        return (ErrorClass::Protocol, format!("what came back is not HTTP/1.1 ({error})"));
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return (ErrorClass::Reset, "the receiver closed the connection".to_owned());
    }
    let Some(cause) = io_cause(error) else {
        return (ErrorClass::Reset, format!("the connection failed ({error})"));
    };
    if let Some(error) = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return (ErrorClass::Tls, format!("TLS failed ({error})"));
    }
    let is = |kinds: &[io::ErrorKind]| kinds.contains(&cause.kind());
    if is(&[io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe]) {
        (ErrorClass::Reset, "the receiver reset the connection".to_owned())
    } else if is(&[io::ErrorKind::UnexpectedEof]) {
        (ErrorClass::Reset, "the receiver closed the connection".to_owned())
    } else if is(&[io::ErrorKind::InvalidInput, io::ErrorKind::InvalidData]) {
        // hyper's decoders of chunks and lengths report what they cannot read as these.
        (ErrorClass::Protocol, format!("what came back is not HTTP/1.1 ({cause})"))
    } else {
        (ErrorClass::Reset, format!("the connection failed ({cause})"))
    }
}

/// The socket's or the decoder's error beneath hyper's.
fn io_cause(error: &hyper::Error) -> Option<&io::Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return Some(io);
        }
        cause = inner.source();
    }
    None
}
