//! Statuses, headers and bodies with nonsense in them, and what is not HTTP/1.1 at all.

use super::{Behaviour, Then, Wish, says};

/// Any status, with what else was asked for.
pub(super) fn status(wish: &Wish) -> Vec<u8> {
    let retry_after = wish.parameter("retry-after");
    let retry_after =
        retry_after.map_or_else(String::new, |value| format!("retry-after: {value}\r\n"));
    let body = wish.parameter("body").unwrap_or("as you asked");
    let (status, length) = (&wish.path, body.len());
    // Whoever asks for a line break in a header gets one: the answer is the asker's own.
    format!("HTTP/1.1 {status} Asked For\r\n{retry_after}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

pub(super) const ANSWERS: &[Behaviour] = &[
    says("body/nul", "A body with NUL and control bytes", BODY_CONTROL, Then::Keep),
    says("body/not-utf8", "A body that is not UTF-8", BODY_NOT_UTF8, Then::Keep),
    says("body/terminal", "A body that steers a terminal", BODY_TERMINAL, Then::Keep),
    says(
        "http/1.0",
        "An HTTP/1.0 answer without a length",
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
        Then::Close,
    ),
    says(
        "hints",
        "100, 103 and then 200",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n\
          HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        Then::Keep,
    ),
];

const BODY_CONTROL: &[u8] = b"HTTP/1.1 500 No\r\ncontent-length: 8\r\n\r\na\0b\x01c\x7f\r\n";
const BODY_NOT_UTF8: &[u8] = b"HTTP/1.1 500 No\r\ncontent-length: 4\r\n\r\n\xff\xfe\xc3(";
const BODY_TERMINAL: &[u8] =
    b"HTTP/1.1 500 No\r\ncontent-length: 19\r\n\r\n\x1b[2J\x1b]0;owned\x07\x1b[31m";

pub(super) const BROKEN: &[Behaviour] = &[
    says("http/0.9", "A body without a head", b"<html>hello</html>\r\n", Then::Close),
    says(
        "http/2",
        "An HTTP/2 preface and settings",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        Then::Hang,
    ),
    says(
        "http/2-frames",
        "HTTP/2 frames",
        b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01",
        Then::Close,
    ),
    says(
        "http/9.9",
        "A version that does not exist",
        b"HTTP/9.9 200 OK\r\ncontent-length: 2\r\n\r\nok",
        Then::Close,
    ),
    says("garbage/bytes", "Bytes without meaning", b"\x01\x02\x03\xff\xfe\0\r\n\r\n", Then::Close),
    says(
        "garbage/tls",
        "A TLS alert, where TLS was not begun",
        b"\x15\x03\x01\0\x02\x02\x0a",
        Then::Close,
    ),
    says("garbage/ssh", "Another protocol's greeting", b"SSH-2.0-OpenSSH_9.9\r\n", Then::Close),
    says(
        "switch",
        "101 Switching Protocols, unasked",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        Then::Hang,
    ),
    says(
        "status/letters",
        "A status with letters",
        b"HTTP/1.1 2x0 OK\r\ncontent-length: 0\r\n\r\n",
        Then::Close,
    ),
    says(
        "status/two",
        "A status of two digits",
        b"HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n",
        Then::Close,
    ),
    says(
        "status/four",
        "A status of four digits",
        b"HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n",
        Then::Close,
    ),
    says("status/none", "No status", b"HTTP/1.1\r\ncontent-length: 0\r\n\r\n", Then::Close),
    says(
        "reason/none",
        "No reason phrase",
        b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n",
        Then::Keep,
    ),
    says(
        "reason/bytes",
        "A reason phrase that is not text",
        b"HTTP/1.1 200 \xff\xfe\xfd\r\ncontent-length: 0\r\n\r\n",
        Then::Keep,
    ),
    says(
        "headers/nul",
        "NUL in a header",
        b"HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n",
        Then::Close,
    ),
    says(
        "headers/control",
        "A control byte in a header",
        b"HTTP/1.1 200 OK\r\nx: a\x1b[31mb\r\ncontent-length: 0\r\n\r\n",
        Then::Close,
    ),
    says(
        "headers/not-utf8",
        "A header that is not UTF-8",
        b"HTTP/1.1 200 OK\r\nx-bytes: \xff\xfe\xc3(\r\ncontent-length: 0\r\n\r\n",
        Then::Keep,
    ),
    says(
        "headers/no-colon",
        "A header without a colon",
        b"HTTP/1.1 200 OK\r\nno colon here\r\ncontent-length: 0\r\n\r\n",
        Then::Close,
    ),
    says(
        "headers/space",
        "A space before a header's colon",
        b"HTTP/1.1 200 OK\r\nx-space : 1\r\ncontent-length: 0\r\n\r\n",
        Then::Close,
    ),
    says(
        "headers/no-name",
        "A header without a name",
        b"HTTP/1.1 200 OK\r\n: 1\r\ncontent-length: 0\r\n\r\n",
        Then::Close,
    ),
    says(
        "headers/folded",
        "A header folded over two lines",
        b"HTTP/1.1 200 OK\r\nx-folded: one\r\n two\r\ncontent-length: 0\r\n\r\n",
        Then::Close,
    ),
    says(
        "headers/lf",
        "Lines that end without CR",
        b"HTTP/1.1 200 OK\ncontent-length: 2\n\nok",
        Then::Keep,
    ),
];
