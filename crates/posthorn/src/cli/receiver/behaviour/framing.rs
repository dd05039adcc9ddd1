//! Receivers that lie about lengths, chunks and encodings.

use super::{Behaviour, Then, says};

pub(super) const ALL: &[Behaviour] = &[
    says(
        "length/long",
        "Says 9 bytes, sends 4 and closes",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        Then::Close,
    ),
    says(
        "length/short",
        "Says 2 bytes and sends more",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more",
        Then::Keep,
    ),
    says(
        "length/negative",
        "A negative Content-Length",
        b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok",
        Then::Close,
    ),
    says(
        "length/words",
        "A Content-Length that is no number",
        b"HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\nok",
        Then::Close,
    ),
    says(
        "length/overflow",
        "A Content-Length past 64 bits",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nok",
        Then::Close,
    ),
    says(
        "length/twice",
        "Two Content-Lengths that differ",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 1\r\n\r\nok",
        Then::Keep,
    ),
    says(
        "length/same-twice",
        "Two Content-Lengths that agree",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
        Then::Keep,
    ),
    says(
        "length/with-chunked",
        "Content-Length and Transfer-Encoding: chunked in one answer",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Then::Keep,
    ),
    says(
        "chunks/size",
        "A chunk size that is no number",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
        Then::Close,
    ),
    says(
        "chunks/overflow",
        "A chunk size past 64 bits",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nok",
        Then::Close,
    ),
    says(
        "chunks/cut",
        "Closes in the middle of a chunk",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf",
        Then::Close,
    ),
    says(
        "chunks/no-end",
        "Closes without the last chunk",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
        Then::Close,
    ),
    says(
        "chunks/long",
        "A chunk longer than it says",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok and more\r\n0\r\n\r\n",
        Then::Close,
    ),
    says(
        "chunks/unknown",
        "A transfer encoding that nobody knows",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: rot13\r\n\r\nbx",
        Then::Close,
    ),
    says(
        "gzip/lie",
        "Says gzip and sends text",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 8\r\n\r\nnot gzip",
        Then::Keep,
    ),
    says(
        "gzip/cut",
        "Gzip that breaks off",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 12\r\n\r\n\
          \x1f\x8b\x08\0\0\0\0\0\x02\x03\xed\xc1",
        Then::Keep,
    ),
    says(
        "encoding/unknown",
        "A content encoding that nobody knows",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: rot13\r\ncontent-length: 2\r\n\r\nbx",
        Then::Keep,
    ),
    says(
        "204/body",
        "204 with a body",
        b"HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok",
        Then::Keep,
    ),
];
