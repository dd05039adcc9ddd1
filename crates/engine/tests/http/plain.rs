//! What is sent, byte for byte, and what is taken from well-behaved answers.

use posthorn_engine::transport::{ErrorClass, Transport as _};

use crate::receiver::{PATIENT, Receiver, answer, request, send, transport, unreachable};

#[tokio::test]
async fn the_request_is_these_bytes_and_no_others() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let url = format!("http://{}/hooks/%C3%A9?a=1&b=%20#fragment", receiver.at);
    let mut sent = request(&url, PATIENT);
    sent.headers.push(("X-Webhook-Signature".to_owned(), "t=1,v1=ab".to_owned()));
    sent.headers.push(("X-Webhook-Signature".to_owned(), "t=1,v1=cd".to_owned()));
    answer(transport().send(sent).await);
    let expected = format!(
        "POST /hooks/%C3%A9?a=1&b=%20 HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         X-Webhook-Signature: t=1,v1=ab\r\nX-Webhook-Signature: t=1,v1=cd\r\n\
         Content-Length: 14\r\n\r\n{{\"id\":\"evt_1\"}}",
        receiver.at
    );
    assert_eq!(receiver.requests(), [expected]);
}

#[tokio::test]
async fn an_answer_comes_back_with_status_headers_body_phases_and_address() {
    let receiver = Receiver::answering(
        "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nX-Twice: a\r\nX-Twice: b\r\n\
         Content-Length: 5\r\n\r\nlater",
    )
    .await;
    let tried = send(&receiver.url(), PATIENT).await;
    assert_eq!(tried.peer, Some(receiver.at.ip()));
    let phases = tried.phases;
    assert!(phases.connect_us.is_some() && phases.headers_us.is_some() && phases.body_us.is_some());
    assert!(phases.dns_us.is_none() && phases.tls_us.is_none());
    let answer = answer(tried);
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, "later");
    assert!(!answer.truncated);
    let header = |name, value: &str| (String::from(name), String::from(value));
    let expected = [
        header("retry-after", "120"),
        header("x-twice", "a"),
        header("x-twice", "b"),
        header("content-length", "5"),
    ];
    assert_eq!(answer.headers, expected);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let other = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let redirect = format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
            other.url()
        );
        let receiver = Receiver::answering(redirect).await;
        assert_eq!(answer(send(&receiver.url(), PATIENT).await).status, status);
    }
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn an_http_1_0_answer_without_length_ends_with_the_connection() {
    let receiver = Receiver::closing_after("HTTP/1.0 200 OK\r\n\r\nuntil the end").await;
    let answer = answer(send(&receiver.url(), PATIENT).await);
    assert_eq!(answer.body, "until the end");
}

#[tokio::test]
async fn a_chunked_answer_is_put_together() {
    let receiver = Receiver::answering(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\
         x-trailer: 1\r\n\r\n",
    )
    .await;
    assert_eq!(answer(send(&receiver.url(), PATIENT).await).body, "abcde");
}

#[tokio::test]
async fn a_204_has_no_body_and_needs_no_length() {
    let receiver = Receiver::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let answer = answer(send(&receiver.url(), PATIENT).await);
    assert_eq!((answer.status, answer.body.len()), (204, 0));
}

#[tokio::test]
async fn a_compressed_answer_nobody_asked_for_is_kept_as_it_came() {
    let mut bytes =
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n".to_vec();
    bytes.extend([0x1f, 0x8b, 0x08, 0x00]);
    let receiver = Receiver::answering(bytes).await;
    let answer = answer(send(&receiver.url(), PATIENT).await);
    assert_eq!(answer.body.as_ref(), [0x1f, 0x8b, 0x08, 0x00]);
}

#[tokio::test]
async fn early_hints_and_continue_are_passed_over() {
    let receiver = Receiver::answering(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n\
         HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    assert_eq!(answer(send(&receiver.url(), PATIENT).await).status, 202);
}

#[tokio::test]
async fn a_header_that_http_cannot_carry_sends_nothing() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let mut sent = request(&receiver.url(), PATIENT);
    sent.headers.push(("X-Evil".to_owned(), "a\r\nHost: elsewhere".to_owned()));
    let tried = transport().send(sent).await;
    let detail = unreachable(&tried, ErrorClass::Protocol);
    assert!(detail.contains("X-Evil"), "{detail}");
    assert_eq!(receiver.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_mebibyte_arrives_whole() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let mut sent = request(&receiver.url(), PATIENT);
    sent.body = vec![b'x'; 1_048_576].into();
    assert_eq!(answer(transport().send(sent).await).status, 200);
    let requests = receiver.requests();
    let body = requests.first().and_then(|text| text.split_once("\r\n\r\n")).expect("a body").1;
    assert_eq!(body.len(), 1_048_576);
    assert!(body.bytes().all(|byte| byte == b'x'));
}
