//! Receivers that send too much: what is read is bounded, and the connection is not used again.

use posthorn_core::attempt::FAILURE_BODY_BYTES_MAX;
use posthorn_engine::transport::{ErrorClass, Transport as _};

use crate::receiver::{PATIENT, Receiver, answer, request, send, transport, unreachable};

/// A receiver that answers with `head` and then floods until the client hangs up.
async fn flooding(head: &'static [u8], flood: &'static [u8]) -> Receiver {
    Receiver::start(move |mut peer| async move {
        peer.request().await;
        // The client may hang up at any point from here on.
        if peer.say(head).await.is_ok() {
            peer.flood(flood).await;
        }
    })
    .await
}

#[tokio::test]
async fn of_an_endless_body_16_kib_are_kept_and_the_connection_is_dropped() {
    let kib = &[b'x'; 1_024];
    for (head, flood) in [
        (&b"HTTP/1.1 200 OK\r\n\r\n"[..], &kib[..]),
        (b"HTTP/1.1 500 No\r\ncontent-length: 1099511627776\r\n\r\n", &kib[..]),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ] {
        let (head, flood) = (head.to_vec().leak(), flood.to_vec().leak());
        let receiver = flooding(head, flood).await;
        let transport = transport();
        let answer = answer(transport.send(request(&receiver.url(), PATIENT)).await);
        assert_eq!(answer.body.len(), FAILURE_BODY_BYTES_MAX);
        assert!(answer.body.iter().all(|byte| *byte == b'x'));
        assert!(answer.truncated);
        assert_eq!(transport.idle_connections(), 0);
    }
}

/// An answer with a body of `length` bytes, by length or in one chunk.
fn with_body(length: usize, chunked: bool) -> String {
    let body = "y".repeat(length);
    if chunked {
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"
        )
    } else {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}")
    }
}

#[tokio::test]
async fn a_body_of_exactly_16_kib_is_whole_and_keeps_its_connection() {
    let receiver = Receiver::answering(with_body(FAILURE_BODY_BYTES_MAX, false)).await;
    let transport = transport();
    let answer = answer(transport.send(request(&receiver.url(), PATIENT)).await);
    assert_eq!((answer.body.len(), answer.truncated), (FAILURE_BODY_BYTES_MAX, false));
    assert_eq!(transport.idle_connections(), 1);
}

#[tokio::test]
async fn one_byte_more_than_16_kib_is_truncated() {
    for chunked in [false, true] {
        let receiver = Receiver::answering(with_body(FAILURE_BODY_BYTES_MAX + 1, chunked)).await;
        let answer = answer(send(&receiver.url(), PATIENT).await);
        assert_eq!((answer.body.len(), answer.truncated), (FAILURE_BODY_BYTES_MAX, true));
    }
}

#[tokio::test]
async fn a_storm_of_informational_answers_is_too_large() {
    let receiver = flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n").await;
    let tried = send(&receiver.url(), PATIENT).await;
    unreachable(&tried, ErrorClass::TooLarge);
}

#[tokio::test]
async fn a_head_without_end_is_too_large() {
    let receiver = flooding(b"HTTP/1.1 200 OK\r\nx-long: ", b"zzzzzzzzzzzzzzzzzzzzzzzz").await;
    unreachable(&send(&receiver.url(), PATIENT).await, ErrorClass::TooLarge);
    let receiver = flooding(b"HTTP/1.1 200 OK\r\n", b"x-many: 1\r\n").await;
    unreachable(&send(&receiver.url(), PATIENT).await, ErrorClass::TooLarge);
    let receiver = flooding(b"", b"\r\n").await;
    unreachable(&send(&receiver.url(), PATIENT).await, ErrorClass::TooLarge);
}

#[tokio::test]
async fn a_header_of_40_kib_is_too_large_and_one_of_20_is_not() {
    let with_header = |kib: usize| {
        let value = "v".repeat(kib * 1_024);
        format!("HTTP/1.1 200 OK\r\nx-big: {value}\r\ncontent-length: 0\r\n\r\n")
    };
    let receiver = Receiver::answering(with_header(40)).await;
    unreachable(&send(&receiver.url(), PATIENT).await, ErrorClass::TooLarge);
    let receiver = Receiver::answering(with_header(20)).await;
    assert_eq!(answer(send(&receiver.url(), PATIENT).await).status, 200);
}

#[tokio::test]
async fn there_are_at_most_64_header_fields() {
    let with_fields = |fields: usize| {
        let fields = "x-field: 1\r\n".repeat(fields - 1);
        format!("HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n")
    };
    let receiver = Receiver::answering(with_fields(64)).await;
    assert_eq!(answer(send(&receiver.url(), PATIENT).await).headers.len(), 64);
    for fields in [65, 200] {
        let receiver = Receiver::answering(with_fields(fields)).await;
        unreachable(&send(&receiver.url(), PATIENT).await, ErrorClass::TooLarge);
    }
}

#[tokio::test]
async fn a_head_with_too_much_is_kept_as_far_as_it_is_read() {
    let fields = "x-field: 1\r\n".repeat(80);
    let receiver =
        Receiver::answering(format!("HTTP/1.1 410 Gone\r\n{fields}content-length: 0\r\n\r\n"))
            .await;
    let tried = send(&receiver.url(), PATIENT).await;
    let detail = unreachable(&tried, ErrorClass::TooLarge);
    assert!(detail.contains("81 header fields") && detail.contains("at most 64"), "{detail}");
    let partial = tried.result.as_ref().unwrap_err().partial.as_deref().expect("its head came");
    assert_eq!((partial.status, partial.headers.len(), partial.truncated), (410, 64, true));
}

#[tokio::test]
async fn chunks_that_are_nearly_all_padding_are_too_large() {
    let receiver = flooding(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        b"00000000000001\r\nx\r\n",
    )
    .await;
    unreachable(&send(&receiver.url(), PATIENT).await, ErrorClass::TooLarge);
}
