//! Receivers that keep the sender waiting, in every phase.

use super::{Behaviour, OK, Then, When, says};

pub(super) const ALL: &[Behaviour] = &[
    says("hang/accept", "Takes the connection and never reads", b"", Then::Hang)
        .at(When::Connected),
    says("hang/request", "Reads the head of the request, and stops", b"", Then::Hang)
        .at(When::Head),
    says("hang/answer", "Reads the request, and never answers", b"", Then::Hang),
    says("hang/status", "Stops after the status line", b"HTTP/1.1 200 OK\r\n", Then::Hang),
    says(
        "hang/headers",
        "Stops in the headers",
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-le",
        Then::Hang,
    ),
    says(
        "hang/body",
        "Stops in a body of known length",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        Then::Hang,
    ),
    says(
        "hang/chunk",
        "Stops in a chunk",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf",
        Then::Hang,
    ),
    says(
        "hang/end",
        "Sends a body without a length, and never closes",
        b"HTTP/1.1 200 OK\r\n\r\nall there is",
        Then::Hang,
    ),
    says("slow", "Answers 200 when ?ms=100 have passed", b"", Then::Later(OK)),
    says("drip", "Answers 200, a byte each ?ms=100", b"", Then::DripOnce(OK)),
    says(
        "drip/headers",
        "A header that never ends, a byte each ?ms=100",
        b"HTTP/1.1 200 OK\r\nx-drip: ",
        Then::Drip(b"."),
    ),
    says(
        "drip/body",
        "A body that never ends, a byte each ?ms=100",
        b"HTTP/1.1 200 OK\r\n\r\n",
        Then::Drip(b"."),
    ),
    says(
        "drip/chunks",
        "Chunks that never end, a byte each ?ms=100",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        Then::Drip(b"1\r\n.\r\n"),
    ),
];
