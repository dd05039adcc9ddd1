//! Receivers that hang up, or that do not speak HTTP.

use std::sync::Arc;

use posthorn_engine::transport::{ErrorClass, Transport as _};
use tokio::net::TcpListener;

use crate::receiver::{PATIENT, Receiver, answer, request, send, transport, unreachable};

#[tokio::test]
async fn nobody_listening_is_a_connect_error_that_names_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let tried = send(&format!("http://{at}/"), PATIENT).await;
    let detail = unreachable(&tried, ErrorClass::Connect);
    assert_eq!(detail, format!("nothing listens at {at} (connection refused)"));
    assert_eq!(tried.peer, Some(at.ip()));
    assert!(tried.phases.connect_us.is_some() && tried.phases.headers_us.is_none());
}

#[tokio::test]
async fn a_close_before_any_answer_is_a_reset_and_is_not_tried_again() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
    })
    .await;
    let detail = unreachable(&send(&receiver.url(), PATIENT).await, ErrorClass::Reset);
    assert!(detail.contains("before any byte"), "{detail}");
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_reset_before_any_answer_is_a_reset() {
    let receiver = Receiver::start_rude(|mut peer| async move {
        peer.request().await;
    })
    .await;
    let detail = unreachable(&send(&receiver.url(), PATIENT).await, ErrorClass::Reset);
    assert!(detail.contains("before any byte"), "{detail}");
}

#[tokio::test]
async fn a_close_in_the_head_is_a_reset() {
    let receiver = Receiver::closing_after("HTTP/1.1 200 OK\r\ncontent-le").await;
    let detail = unreachable(&send(&receiver.url(), PATIENT).await, ErrorClass::Reset);
    assert!(detail.contains("before the end of the answer's headers"), "{detail}");
}

#[tokio::test]
async fn a_close_in_the_body_is_a_reset_that_tells_the_status() {
    for bytes in [
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let receiver = Receiver::closing_after(bytes).await;
        let detail = unreachable(&send(&receiver.url(), PATIENT).await, ErrorClass::Reset);
        assert!(detail.contains("status 200"), "{detail}");
    }
}

#[tokio::test]
async fn a_reset_in_the_body_is_a_reset() {
    let receiver = Receiver::start_rude(|mut peer| async move {
        peer.request().await;
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
    })
    .await;
    unreachable(&send(&receiver.url(), PATIENT).await, ErrorClass::Reset);
}

#[tokio::test]
async fn what_is_not_http_1_is_a_protocol_error() {
    for bytes in [
        "SSH-2.0-OpenSSH_9.9\r\n",
        "220 mail.example ESMTP\r\n",
        "<html>hello</html>\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 99 Low\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nab",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        "\u{1}\u{2}\u{3}\u{4}\r\n\r\n",
    ] {
        let receiver = Receiver::closing_after(bytes).await;
        let tried = send(&receiver.url(), PATIENT).await;
        let error = tried.result.expect_err(bytes);
        assert_eq!(error.class, ErrorClass::Protocol, "{bytes:?}: {}", error.detail);
    }
}

#[tokio::test]
async fn a_switch_of_protocols_is_on_record_with_its_status() {
    let bytes = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    let receiver = Receiver::closing_after(bytes).await;
    let tried = send(&receiver.url(), PATIENT).await;
    unreachable(&tried, ErrorClass::Protocol);
    let partial = tried.result.as_ref().unwrap_err().partial.as_deref().expect("its head came");
    assert_eq!((partial.status, partial.headers.len()), (101, 2));
}

#[tokio::test]
async fn an_answer_in_the_middle_of_a_large_request_body_is_read() {
    // The longest does not fit in one read: our next write fails before the rest is read.
    for length in [0, 5, 12_000] {
        let body = "l".repeat(length);
        let bytes = format!(
            "HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let bytes = Arc::new(bytes);
        let receiver = Receiver::start(move |mut peer| {
            let bytes = Arc::clone(&bytes);
            async move {
                peer.head().await;
                peer.say(bytes.as_bytes()).await.expect("the client is there");
                // Closing with the body unread resets the connection under the client's writes.
            }
        })
        .await;
        let transport = transport();
        let mut sent = request(&receiver.url(), PATIENT);
        sent.body = vec![b'x'; 16 * 1_024 * 1_024].into();
        let answer = answer(transport.send(sent).await);
        assert_eq!((answer.status, answer.body.len()), (413, length));
        assert_eq!(transport.idle_connections(), 0);
    }
}

#[tokio::test]
async fn an_early_answer_on_a_connection_that_stays_open_is_read_and_not_reused() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.head().await;
        peer.say(b"HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\nno").await.unwrap();
        peer.hang().await;
    })
    .await;
    let transport = transport();
    let mut sent = request(&receiver.url(), PATIENT);
    sent.body = vec![b'x'; 16 * 1_024 * 1_024].into();
    assert_eq!(answer(transport.send(sent).await).status, 401);
    assert_eq!(transport.idle_connections(), 0);
}
