//! Receivers that hang up, that answer at the wrong time, and that send one elsewhere.

use super::{Behaviour, OK, Then, When, Wish, makes, says};

/// An answer that nobody asked for.
const UNASKED: &[u8] = b"HTTP/1.1 299 Unasked\r\ncontent-length: 7\r\n\r\nunasked";

pub(super) const ALL: &[Behaviour] = &[
    says("reset/accept", "Resets without reading", b"", Then::Reset).at(When::Connected),
    says("reset/request", "Resets when the head of the request is read", b"", Then::Reset).at(When::Head),
    says("reset/answer", "Reads the request and resets", b"", Then::Reset),
    says(
        "reset/headers",
        "Resets in the headers",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        Then::Reset,
    ),
    says(
        "reset/body",
        "Resets in the body",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        Then::Reset,
    ),
    says("close/accept", "Closes without reading", b"", Then::Close).at(When::Connected),
    says("close/answer", "Reads the request and closes", b"", Then::Close),
    says("close/headers", "Closes in the headers", b"HTTP/1.1 200 OK\r\ncontent-le", Then::Close),
    says(
        "close/after",
        "Answers 200, promises to keep the connection, and closes it",
        b"HTTP/1.1 200 OK\r\nconnection: keep-alive\r\nkeep-alive: timeout=60\r\ncontent-length: 2\r\n\r\nok",
        Then::Close,
    ),
    says("close/next", "Answers 200, and closes when the next request comes", OK, Then::CloseNext),
    says("early", "Answers 200 before it has read the body", OK, Then::Keep).at(When::Head),
    says("early/close", "Answers 413 before it has read the body, and closes", EARLY, Then::Close)
        .at(When::Head),
    says("early/request", "Answers 200 before the request is read", OK, Then::Keep).at(When::Connected),
    says(
        "twice",
        "Answers 200, and 299 at once, which nobody asked for",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok\
          HTTP/1.1 299 Unasked\r\ncontent-length: 7\r\n\r\nunasked",
        Then::Keep,
    ),
    says("twice/later", "Answers 200, and 299 when ?ms=100 have passed", OK, Then::Later(UNASKED)),
];

const EARLY: &[u8] =
    b"HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno";

pub(super) const REDIRECTS: &[Behaviour] = &[
    makes("redirect/loop", "To itself (all redirects: ?status=302)", |wish| {
        to(wish, "/redirect/loop")
    }),
    makes("redirect/hops", "Through a thousand places (?n=1000)", hops),
    makes("redirect/well", "To a place here that answers 200", |wish| to(wish, "/well")),
    makes("redirect/relative", "To ../well", |wish| to(wish, "../well")),
    makes("redirect/metadata", "To a cloud's metadata", |wish| {
        to(wish, "http://169.254.169.254/latest/meta-data/")
    }),
    makes("redirect/loopback", "To port 22 of the sender's machine", |wish| {
        to(wish, "http://127.0.0.1:22/")
    }),
    makes("redirect/file", "To file:///etc/passwd", |wish| to(wish, "file:///etc/passwd")),
    makes("redirect/gopher", "To gopher://127.0.0.1:25/", |wish| {
        to(wish, "gopher://127.0.0.1:25/_HELO")
    }),
    makes("redirect/garbage", "To what is no URL", |wish| to(wish, "http://[:::")),
    makes("redirect/nowhere", "Without a Location", |wish| {
        let status = wish.parameter("status").unwrap_or("302");
        format!("HTTP/1.1 {status} Elsewhere\r\ncontent-length: 0\r\n\r\n").into_bytes()
    }),
];

fn to(wish: &Wish, location: &str) -> Vec<u8> {
    let status = wish.parameter("status").unwrap_or("302");
    format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
        .into_bytes()
}

fn hops(wish: &Wish) -> Vec<u8> {
    let left = wish.number("n").unwrap_or(1000);
    let status = wish.parameter("status").unwrap_or("302");
    match left.checked_sub(1) {
        None => OK.to_vec(),
        Some(left) => to(wish, &format!("/redirect/hops?n={left}&status={status}")),
    }
}
