//! Receivers that send too much, or say that they will.

use super::{Behaviour, Then, Wish, makes, says};

const BLOCK: &[u8] = &[b'x'; 16 * 1024];
const ZEROS: &[u8] = &[0; 16 * 1024];

/// The beginning of a gzip file of zeros; each further byte 0 stands for 1,032 more of them.
const GZIP_OF_ZEROS: &[u8] = &[
    0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0x02, 0x03, 0xed, 0xc1, 0x01, 0x01, 0, 0, 0, 0x82, 0x20, 0xff,
    0xaf, 0x6e, 0x48, 0x40, 0x01,
];
/// The end of that file with a mebibyte of zeros between: its checksum and length.
const GZIP_END: &[u8] = &[0x6f, 0x06, 0xac, 0x3d, 0xab, 0x81, 0xf8, 0x03, 0x80, 0x40];
/// How many zeros stand between.
const GZIP_ZEROS: usize = 1024 * 1024;

pub(super) const ALL: &[Behaviour] = &[
    says(
        "endless/status-line",
        "A status line that never ends",
        b"HTTP/1.1 200 O",
        Then::Flood(BLOCK),
    ),
    says(
        "endless/headers",
        "Header after header",
        b"HTTP/1.1 200 OK\r\n",
        Then::Flood(b"x-endless: 0123456789\r\n"),
    ),
    says(
        "endless/header",
        "One header that never ends",
        b"HTTP/1.1 200 OK\r\nx-endless: ",
        Then::Flood(BLOCK),
    ),
    says("endless/lines", "Empty lines and nothing else", b"", Then::Flood(b"\r\n\r\n\r\n\r\n")),
    says("endless/body", "A body that never ends", b"HTTP/1.1 200 OK\r\n\r\n", Then::Flood(BLOCK)),
    says(
        "endless/chunks",
        "Chunks of one byte that never end",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        Then::Flood(b"1\r\nx\r\n"),
    ),
    says(
        "endless/chunk-extension",
        "A chunk extension that never ends",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;x=",
        Then::Flood(BLOCK),
    ),
    says(
        "endless/trailers",
        "Trailers after the last chunk that never end",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
        Then::Flood(b"x-endless: 0123456789\r\n"),
    ),
    says(
        "storm/100",
        "100 Continue without end",
        b"",
        Then::Flood(b"HTTP/1.1 100 Continue\r\n\r\n"),
    ),
    says(
        "storm/102",
        "102 Processing without end",
        b"",
        Then::Flood(b"HTTP/1.1 102 Processing\r\n\r\n"),
    ),
    says(
        "storm/103",
        "103 Early Hints without end",
        b"",
        Then::Flood(b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n"),
    ),
    makes("many/cookies", "10,000 Set-Cookie headers (?n=10000)", cookies),
    makes("many/bytes", "One header of 1 MiB (?n=1048576)", long_header),
    says(
        "huge/length",
        "Says that 1 TiB comes, and sends it",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1099511627776\r\n\r\n",
        Then::Flood(BLOCK),
    ),
    says(
        "huge/chunk",
        "Says that a chunk of 1 TiB comes, and sends it",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10000000000\r\n",
        Then::Flood(BLOCK),
    ),
    makes("gzip/bomb", "1 MiB that a gzip decoder makes 1 GiB of", bomb),
    Behaviour {
        then: Then::Flood(ZEROS),
        ..makes("gzip/endless", "Gzip without end, 1,032 times as much when decoded", |_| {
            [b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", GZIP_OF_ZEROS].concat()
        })
    },
];

fn cookies(wish: &Wish) -> Vec<u8> {
    let cookies = (0..wish.number("n").unwrap_or(10_000).min(1_000_000))
        .map(|number| format!("set-cookie: c{number}=0123456789\r\n"));
    let cookies: String = cookies.collect();
    format!("HTTP/1.1 200 OK\r\n{cookies}content-length: 2\r\n\r\nok").into_bytes()
}

fn long_header(wish: &Wish) -> Vec<u8> {
    let bytes = wish.number("n").unwrap_or(1024 * 1024).min(64 * 1024 * 1024);
    let value = "v".repeat(usize::try_from(bytes).unwrap_or_default());
    format!("HTTP/1.1 200 OK\r\nx-long: {value}\r\ncontent-length: 2\r\n\r\nok").into_bytes()
}

fn bomb(_: &Wish) -> Vec<u8> {
    let length = GZIP_OF_ZEROS.len() + GZIP_ZEROS + GZIP_END.len();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(GZIP_OF_ZEROS);
    bytes.resize(bytes.len() + GZIP_ZEROS, 0);
    bytes.extend_from_slice(GZIP_END);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn gzip_makes_a_gibibyte_of_the_bomb_and_finds_it_whole() {
        let answer = bomb(&Wish::read("gzip/bomb"));
        let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        let mut gzip = Command::new("gzip")
            .arg("-dc")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("gzip is everywhere");
        let (mut stdin, file) = (gzip.stdin.take().unwrap(), answer[head..].to_vec());
        let writer = std::thread::spawn(move || stdin.write_all(&file).unwrap());
        let (mut stdout, mut buffer, mut bytes) =
            (gzip.stdout.take().unwrap(), vec![0; 1 << 20], 0);
        while let Some(read) = Some(stdout.read(&mut buffer).unwrap()).filter(|read| *read > 0) {
            bytes += read;
        }
        writer.join().unwrap();
        assert!(gzip.wait().unwrap().success(), "its checksum is right");
        assert_eq!(bytes, 1_082_131_448);
    }
}
