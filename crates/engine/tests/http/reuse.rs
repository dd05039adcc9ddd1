//! Kept-alive connections: when one is used again, when not, and when a request is sent twice.

use std::sync::Arc;
use std::time::Duration;

use posthorn_engine::guard::Guard;
use posthorn_engine::http::IdleLimits;
use posthorn_engine::transport::{ErrorClass, Reach, Transport as _};
use tokio::sync::{Barrier, mpsc};

use crate::receiver::{
    OK, PATIENT, Receiver, SHORT, answer, request, transport, transport_with, unreachable,
};

#[tokio::test]
async fn ten_tries_use_one_connection() {
    let receiver = Receiver::answering(OK).await;
    let transport = transport();
    let first = transport.send(request(&receiver.url(), PATIENT)).await;
    assert!(first.phases.connect_us.is_some());
    for _ in 0..9 {
        let tried = transport.send(request(&receiver.url(), PATIENT)).await;
        assert_eq!(tried.phases.connect_us, None);
        assert_eq!(tried.peer, Some(receiver.at.ip()));
        assert_eq!(answer(tried).body, "ok");
    }
    assert_eq!((receiver.connections(), receiver.requests().len()), (1, 10));
    assert_eq!(transport.idle_connections(), 1);
}

#[tokio::test]
async fn a_failure_answer_keeps_the_connection_too() {
    let receiver = Receiver::answering("HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno").await;
    let transport = transport();
    for _ in 0..3 {
        assert_eq!(answer(transport.send(request(&receiver.url(), PATIENT)).await).status, 500);
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn connection_close_and_http_1_0_are_obeyed() {
    for bytes in [
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    ] {
        let receiver = Receiver::answering(bytes).await;
        let transport = transport();
        for _ in 0..2 {
            answer(transport.send(request(&receiver.url(), PATIENT)).await);
        }
        assert_eq!((receiver.connections(), transport.idle_connections()), (2, 0));
    }
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced() {
    let receiver = Receiver::closing_after(OK).await;
    let transport = transport();
    for number in 1..=3 {
        assert_eq!(answer(transport.send(request(&receiver.url(), PATIENT)).await).body, "ok");
        assert_eq!(receiver.connections(), number);
    }
    assert_eq!(receiver.requests().len(), 3);
}

#[tokio::test]
async fn a_reused_connection_that_dies_without_a_byte_costs_one_more_send() {
    let receiver = Receiver::start(|mut peer| async move {
        if peer.request().await {
            peer.say(OK).await.unwrap();
        }
        // Only the first connection goes silent on its second request.
        if peer.request().await && peer.number > 1 {
            peer.say(OK).await.unwrap();
        }
    })
    .await;
    let transport = transport();
    for _ in 0..2 {
        assert_eq!(answer(transport.send(request(&receiver.url(), PATIENT)).await).body, "ok");
    }
    // At least once: the receiver saw the second event twice.
    assert_eq!((receiver.connections(), receiver.requests().len()), (2, 3));
}

#[tokio::test]
async fn the_second_connection_gets_no_third() {
    let receiver = Receiver::start(|mut peer| async move {
        if peer.request().await && peer.number == 1 {
            peer.say(OK).await.unwrap();
            peer.request().await;
        }
    })
    .await;
    let transport = transport();
    answer(transport.send(request(&receiver.url(), PATIENT)).await);
    let tried = transport.send(request(&receiver.url(), PATIENT)).await;
    unreachable(&tried, ErrorClass::Reset);
    assert_eq!((receiver.connections(), receiver.requests().len()), (2, 3));
}

#[tokio::test]
async fn a_reused_connection_that_dies_after_a_byte_is_not_tried_again() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.say(OK).await.unwrap();
        peer.request().await;
        peer.say(b"H").await.unwrap();
    })
    .await;
    let transport = transport();
    answer(transport.send(request(&receiver.url(), PATIENT)).await);
    let tried = transport.send(request(&receiver.url(), PATIENT)).await;
    unreachable(&tried, ErrorClass::Reset);
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_reused_connection_that_hangs_is_not_tried_again() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.say(OK).await.unwrap();
        peer.request().await;
        peer.hang().await;
    })
    .await;
    let transport = transport();
    answer(transport.send(request(&receiver.url(), PATIENT)).await);
    let tried = transport.send(request(&receiver.url(), SHORT)).await;
    unreachable(&tried, ErrorClass::TimeoutHeaders);
    assert_eq!((receiver.connections(), receiver.requests().len()), (1, 2));
}

#[tokio::test]
async fn bytes_that_nobody_asked_for_are_never_taken_for_the_next_answer() {
    let receiver = Receiver::start(|mut peer| async move {
        while peer.request().await {
            let twice = [OK, b"HTTP/1.1 299 Forged\r\ncontent-length: 0\r\n\r\n"].concat();
            if peer.say(&twice).await.is_err() {
                return;
            }
        }
    })
    .await;
    let transport = transport();
    for _ in 0..3 {
        assert_eq!(answer(transport.send(request(&receiver.url(), PATIENT)).await).status, 200);
    }
    assert_eq!((receiver.connections(), transport.idle_connections()), (3, 0));
}

#[tokio::test]
async fn sandbox_and_public_never_share_a_connection() {
    let receiver = Receiver::answering(OK).await;
    let transport = transport_with(|settings| {
        settings.guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()], true);
    });
    for reach in [Reach::Sandbox, Reach::Public, Reach::Sandbox, Reach::Public] {
        let mut sent = request(&receiver.url(), PATIENT);
        sent.reach = reach;
        answer(transport.send(sent).await);
    }
    assert_eq!((receiver.connections(), transport.idle_connections()), (2, 2));
}

/// Sends two tries that the receiver answers only when both have arrived.
async fn idle_after_two_at_once(limits: IdleLimits) -> usize {
    let both = Arc::new(Barrier::new(2));
    let receiver = Receiver::start(move |mut peer| {
        let both = Arc::clone(&both);
        async move {
            while peer.request().await {
                both.wait().await;
                peer.say(OK).await.expect("the client is there");
            }
        }
    })
    .await;
    let transport = transport_with(|settings| settings.idle = limits);
    let (one, two) = tokio::join!(
        transport.send(request(&receiver.url(), PATIENT)),
        transport.send(request(&receiver.url(), PATIENT)),
    );
    assert_eq!((answer(one).status, answer(two).status), (200, 200));
    assert_eq!(receiver.connections(), 2);
    transport.idle_connections()
}

#[tokio::test]
async fn idle_connections_are_bounded_per_origin_and_in_all() {
    let limits = IdleLimits::default();
    assert_eq!(idle_after_two_at_once(limits).await, 2);
    assert_eq!(idle_after_two_at_once(IdleLimits { per_origin: 1, ..limits }).await, 1);
    assert_eq!(idle_after_two_at_once(IdleLimits { total: 1, ..limits }).await, 1);
    assert_eq!(idle_after_two_at_once(IdleLimits { total: 0, ..limits }).await, 0);
}

#[tokio::test]
async fn an_expired_connection_is_not_used_again() {
    let receiver = Receiver::answering(OK).await;
    let transport = transport_with(|settings| {
        settings.idle = IdleLimits { age: Duration::ZERO, ..IdleLimits::default() };
    });
    for _ in 0..3 {
        answer(transport.send(request(&receiver.url(), PATIENT)).await);
    }
    assert_eq!(receiver.connections(), 3);
    transport.expire_idle();
    assert_eq!(transport.idle_connections(), 0);
}

/// A receiver that reports each time a client hangs up after its first answer.
async fn reporting_hang_ups(answer_first: bool) -> (Receiver, mpsc::UnboundedReceiver<()>) {
    let (tell, told) = mpsc::unbounded_channel();
    let receiver = Receiver::start(move |mut peer| {
        let tell = tell.clone();
        async move {
            peer.request().await;
            if answer_first {
                peer.say(OK).await.expect("the client is there");
            } else {
                tell.send(()).expect("the test listens");
            }
            peer.hang().await;
            tell.send(()).expect("the test listens");
        }
    })
    .await;
    (receiver, told)
}

#[tokio::test]
async fn dropping_the_transport_closes_its_connections() {
    let (receiver, mut told) = reporting_hang_ups(true).await;
    let transport = transport();
    answer(transport.send(request(&receiver.url(), PATIENT)).await);
    drop(transport);
    told.recv().await.expect("the connection was closed");
}

#[tokio::test]
async fn dropping_a_try_closes_its_connection() {
    let (receiver, mut told) = reporting_hang_ups(false).await;
    let transport = transport();
    let mut tried = transport.send(request(&receiver.url(), PATIENT));
    tokio::select! {
        _ = &mut tried => panic!("the receiver never answers"),
        arrived = told.recv() => arrived.expect("the request arrived"),
    }
    drop(tried);
    told.recv().await.expect("the connection was closed");
    assert_eq!(transport.idle_connections(), 0);
}
