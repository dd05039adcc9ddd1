//! Receivers that take too long: the deadline strikes and names the phase it struck in.

use std::sync::Arc;

use futures::future::poll_fn;
use posthorn_engine::http::Resolve;
use posthorn_engine::transport::{ErrorClass, Phases, Transport as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::receiver::{
    PATIENT, Receiver, SHORT, request, send, transport, transport_with, unreachable,
};

#[tokio::test]
async fn a_resolver_that_never_answers_is_a_dns_timeout() {
    let never = Resolve::Scripted(Arc::new(|_| Box::pin(std::future::pending())));
    let transport = transport_with(|settings| settings.resolve = never);
    let tried = transport.send(request("https://slow.example/", SHORT)).await;
    let detail = unreachable(&tried, ErrorClass::TimeoutDns);
    assert!(detail.contains("300ms") && detail.contains("resolving"), "{detail}");
    assert!(tried.phases.dns_us.is_some_and(|us| us >= 100_000));
    assert_eq!((tried.phases.connect_us, tried.peer), (None, None));
}

#[tokio::test]
async fn a_host_that_swallows_connection_requests_is_a_connect_timeout() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let at = listener.local_addr().unwrap();
    // The kernel completes as many connections as fit in the backlog and then drops the rest.
    let mut fillers: Vec<_> = (0..8).map(|_| Box::pin(TcpStream::connect(at))).collect();
    poll_fn(|cx| {
        for filler in &mut fillers {
            let _ = filler.as_mut().poll(cx);
        }
        std::task::Poll::Ready(())
    })
    .await;
    let tried = send(&format!("http://{at}/"), SHORT).await;
    unreachable(&tried, ErrorClass::TimeoutConnect);
    assert!(tried.phases.connect_us.is_some_and(|us| us >= 100_000));
    assert_eq!((tried.phases.headers_us, tried.peer), (None, Some(at.ip())));
}

#[tokio::test]
async fn a_port_that_is_silent_after_connect_is_a_tls_timeout() {
    let receiver = Receiver::start(|mut peer| async move { peer.hang().await }).await;
    let tried = send(&format!("https://{}/", receiver.at), SHORT).await;
    unreachable(&tried, ErrorClass::TimeoutTls);
    assert!(tried.phases.tls_us.is_some_and(|us| us >= 100_000));
    assert!(tried.phases.connect_us.is_some() && tried.phases.headers_us.is_none());
}

#[tokio::test]
async fn a_receiver_that_reads_and_says_nothing_is_a_headers_timeout() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.hang().await;
    })
    .await;
    let tried = send(&receiver.url(), SHORT).await;
    let detail = unreachable(&tried, ErrorClass::TimeoutHeaders);
    assert!(detail.ends_with("response headers (not a byte of them came)"), "{detail}");
    assert!(tried.phases.headers_us.is_some_and(|us| us >= 100_000));
    assert_eq!((tried.phases.body_us, tried.peer), (None, Some(receiver.at.ip())));
}

#[tokio::test]
async fn what_is_cut_off_says_how_far_it_came_and_nothing_is_sent_after_it() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
        peer.hang().await;
    })
    .await;
    let transport = transport();
    let mut under_way = transport.send(request(&receiver.url(), PATIENT));
    let whole = tokio::time::timeout(SHORT, &mut under_way).await;
    assert!(whole.is_err(), "it hangs: {whole:?}");
    transport.cut_off();
    let tried = under_way.await;
    let detail = unreachable(&tried, ErrorClass::Stopped);
    assert!(detail.contains("reading the response body (status 200)"), "{detail}");
    assert!(tried.is_cut_off() && tried.phases.body_us.is_some());
    assert_eq!(tried.peer, Some(receiver.at.ip()));
    let partial = tried.result.as_ref().unwrap_err().partial.as_deref().expect("its head came");
    assert_eq!((partial.status, &*partial.body), (200, &b"half"[..]));

    let later = transport.send(request(&receiver.url(), PATIENT)).await;
    let detail = unreachable(&later, ErrorClass::Stopped);
    assert!(detail.contains("before anything was sent"), "{detail}");
    assert_eq!((later.phases, later.peer), (Phases::default(), None));
}

#[tokio::test]
async fn a_receiver_that_stops_in_the_head_is_a_headers_timeout() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-le").await.unwrap();
        peer.hang().await;
    })
    .await;
    let detail = unreachable(&send(&receiver.url(), SHORT).await, ErrorClass::TimeoutHeaders);
    assert!(detail.ends_with("response headers (only a part of them came)"), "{detail}");
}

#[tokio::test]
async fn a_head_that_drips_does_not_extend_the_deadline() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.say(b"HTTP/1.1 200 OK\r\nx-slow: ").await.unwrap();
        peer.drip(b"z").await;
    })
    .await;
    let tried = send(&receiver.url(), SHORT).await;
    unreachable(&tried, ErrorClass::TimeoutHeaders);
    assert!(tried.phases.total_us() < 5_000_000, "{:?}", tried.phases);
}

#[tokio::test]
async fn a_receiver_that_never_reads_a_large_body_is_a_headers_timeout() {
    let receiver = Receiver::start(|peer| async move {
        let _unread = peer;
        std::future::pending::<()>().await;
    })
    .await;
    let mut sent = request(&receiver.url(), SHORT);
    sent.body = vec![b'x'; 16 * 1_024 * 1_024].into();
    unreachable(&transport().send(sent).await, ErrorClass::TimeoutHeaders);
}

#[tokio::test]
async fn a_receiver_that_stops_in_the_body_is_a_body_timeout_that_tells_the_status() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
        peer.hang().await;
    })
    .await;
    let tried = send(&receiver.url(), SHORT).await;
    let detail = unreachable(&tried, ErrorClass::TimeoutBody);
    assert!(detail.contains("status 200"), "{detail}");
    let partial = tried.result.as_ref().unwrap_err().partial.as_deref().expect("its head came");
    assert_eq!((partial.status, &*partial.body, partial.truncated), (200, &b"half"[..], true));
    assert_eq!(partial.headers, [("content-length".to_owned(), "9".to_owned())]);
    assert!(tried.phases.headers_us.is_some());
    assert!(tried.phases.body_us.is_some());
}

#[tokio::test]
async fn a_body_that_drips_does_not_extend_the_deadline() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        peer.drip(b"1\r\nz\r\n").await;
    })
    .await;
    let tried = send(&receiver.url(), SHORT).await;
    unreachable(&tried, ErrorClass::TimeoutBody);
    assert!(tried.phases.total_us() < 5_000_000, "{:?}", tried.phases);
}

#[tokio::test]
async fn a_deadline_of_zero_strikes_before_anything_is_sent() {
    let receiver = Receiver::start(|mut peer| async move { peer.hang().await }).await;
    let tried = send(&receiver.url(), std::time::Duration::ZERO).await;
    assert!(tried.result.is_err_and(|error| error.class.is_timeout()));
    assert_eq!(receiver.requests(), Vec::<String>::new());
}
