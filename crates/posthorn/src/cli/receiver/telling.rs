//! What the receiver prints: a line for each request, and one more where it was not simply answered.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::acting::{Done, End};
use super::request::Request;
use crate::cli::out::{Ink, ink, say};
use crate::cli::table::visible;

/// Prints, for people or for programs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Teller {
    /// Whether it prints JSON.
    pub(super) json: bool,
}

/// Which connection is spoken of, and what is done on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    /// Counted from 1.
    pub(super) connection: u64,
    /// The behaviour.
    pub(super) does: &'a str,
}

impl Teller {
    /// Where it listens.
    pub(super) fn listening(self, url: &str, does: &str) {
        if self.json {
            say(json!({"what": "listening", "url": url, "does": does}));
        } else {
            say(format_args!("{}  {does}", ink(Ink::Name, format!("{url:<28}"))));
        }
    }

    /// A request has come.
    pub(super) fn request(self, at: Timestamp, subject: Subject<'_>, request: &Request) {
        if self.json {
            say(as_json(at, subject, request));
        } else {
            say(as_line(at, subject, request));
        }
    }

    /// A connection has ended in a way worth a line.
    pub(super) fn ended(self, subject: Subject<'_>, done: Done, took: SignedDuration) {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(0);
        let who = match done.end {
            End::Kept => return,
            End::Left => "receiver",
            End::HungUp => "sender",
        };
        if self.json {
            say(json!({
                "what": "end", "connection": subject.connection, "does": subject.does, "by": who,
                "after_ms": took_ms, "said_bytes": done.said_bytes,
            }));
            return;
        }
        let Subject { connection, does } = subject;
        let line = format!(
            "              #{connection}  the {who} hung up after {took_ms} ms and {} bytes of {does}",
            done.said_bytes
        );
        say(ink(Ink::Dim, line));
    }

    /// A handshake that came to nothing.
    pub(super) fn refused(self, subject: Subject<'_>, why: &str) {
        let Subject { connection, does } = subject;
        if self.json {
            say(json!({"what": "no_tls", "connection": connection, "does": does, "why": why}));
        } else {
            let line = format!("              #{connection}  no TLS ({does}): {}", visible(why));
            say(ink(Ink::Dim, line));
        }
    }
}

fn as_line(at: Timestamp, subject: Subject<'_>, request: &Request) -> String {
    let time = at.strftime("%H:%M:%S%.3f");
    let size = match request.body_bytes {
        Some(bytes) => format!("{bytes} bytes"),
        None => "body unread".to_owned(),
    };
    let mut known = Vec::new();
    known.extend(request.event().map(visible));
    known.extend(request.attempt().map(|attempt| format!("try {}", visible(attempt))));
    known.extend(request.signatures().into_iter().map(visible));
    format!(
        "{}  #{}  {} {}  {size}  {}  {}",
        ink(Ink::Dim, time),
        subject.connection,
        visible(&request.method),
        ink(Ink::Name, visible(&request.target)),
        known.join("  "),
        ink(if subject.does == "well" { Ink::Good } else { Ink::Wait }, subject.does),
    )
}

fn as_json(at: Timestamp, subject: Subject<'_>, request: &Request) -> Value {
    let headers: Vec<Value> =
        request.headers.iter().map(|(name, value)| json!([name, value])).collect();
    json!({
        "what": "request",
        "at": at.to_string(),
        "connection": subject.connection,
        "does": subject.does,
        "method": request.method,
        "path": request.target,
        "body_bytes": request.body_bytes,
        "event": request.event(),
        "attempt": request.attempt(),
        "signatures": request.signatures(),
        "headers": headers,
        "body": String::from_utf8_lossy(&request.body),
    })
}
