//! From names to addresses: every connect asks again and vets every answer.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use posthorn_engine::http::Resolve;
use posthorn_engine::transport::{ErrorClass, Reach, Transport as _};

use crate::receiver::{
    OK, PATIENT, Receiver, answer, request, resolving, transport_with, unreachable,
};

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[tokio::test]
async fn a_name_is_resolved_and_its_address_is_dialled_and_reported() {
    let receiver = Receiver::answering(OK).await;
    let transport = transport_with(|settings| settings.resolve = resolving(&["127.0.0.1"]));
    let url = format!("http://hooks.example.:{}/", receiver.at.port());
    let tried = transport.send(request(&url, PATIENT)).await;
    assert!(tried.phases.dns_us.is_some());
    assert_eq!(tried.peer, Some(ip("127.0.0.1")));
    answer(tried);
    let host = format!("\r\nHost: hooks.example:{}\r\n", receiver.at.port());
    assert!(receiver.requests().iter().all(|request| request.contains(&host)));
}

#[tokio::test]
async fn the_systems_resolver_knows_localhost() {
    let receiver = Receiver::answering(OK).await;
    let transport = transport_with(|_| {});
    let url = format!("http://localhost:{}/", receiver.at.port());
    let tried = transport.send(request(&url, PATIENT)).await;
    assert!(tried.phases.dns_us.is_some());
    assert_eq!(answer(tried).status, 200);
}

#[tokio::test]
async fn an_answer_that_mixes_good_and_refused_addresses_connects_to_none() {
    let receiver = Receiver::answering(OK).await;
    let addresses = ["127.0.0.1", "169.254.169.254"];
    let transport = transport_with(|settings| settings.resolve = resolving(&addresses));
    let url = format!("http://hooks.example:{}/", receiver.at.port());
    let tried = transport.send(request(&url, PATIENT)).await;
    let detail = unreachable(&tried, ErrorClass::Refused);
    assert!(detail.contains("mixes 1") && detail.contains("cloud metadata"), "{detail}");
    assert!(tried.phases.dns_us.is_some());
    assert_eq!((tried.phases.connect_us, tried.peer), (None, None));
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_public_name_with_a_private_address_is_refused() {
    let transport = transport_with(|settings| settings.resolve = resolving(&["127.0.0.1"]));
    let mut sent = request("https://hooks.example/", PATIENT);
    sent.reach = Reach::Public;
    let detail = unreachable(&transport.send(sent).await, ErrorClass::Refused);
    assert!(detail.contains("127.0.0.0/8"), "{detail}");
}

#[tokio::test]
async fn a_refused_url_is_not_even_resolved() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let transport = transport_with(|settings| {
        settings.resolve = Resolve::Scripted(Arc::new(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok(vec![ip("127.0.0.1")]) })
        }));
    });
    for url in
        ["http://hooks.example:25/", "http://metadata.google.internal/", "http://169.254.169.254/"]
    {
        let tried = transport.send(request(url, PATIENT)).await;
        unreachable(&tried, ErrorClass::Refused);
        assert_eq!(tried.phases.total_us(), 0);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_vetted_again_on_the_next_connect() {
    let receiver =
        Receiver::answering("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            .await;
    let answers = Mutex::new(vec!["169.254.169.254", "127.0.0.1"]);
    let transport = transport_with(|settings| {
        settings.resolve = Resolve::Scripted(Arc::new(move |_| {
            let next = answers.lock().unwrap().pop().expect("two questions at most");
            Box::pin(async move { Ok(vec![ip(next)]) })
        }));
    });
    let url = format!("http://rebind.example:{}/", receiver.at.port());
    answer(transport.send(request(&url, PATIENT)).await);
    unreachable(&transport.send(request(&url, PATIENT)).await, ErrorClass::Refused);
}

/// What a name answers to one question after the other. The receiver is at 127.0.0.1.
const CHANGING: [&[&[&str]]; 10] = [
    &[&["127.0.0.1"], &["169.254.169.254"]],
    &[&["169.254.169.254"], &["127.0.0.1"]],
    &[&["127.0.0.1"], &["0.0.0.0"], &["127.0.0.1"]],
    &[&["127.0.0.1"], &["127.0.0.1", "169.254.169.254"]],
    &[&["127.0.0.1"], &["169.254.169.254", "127.0.0.1"]],
    &[&["127.0.0.1"], &["::ffff:169.254.169.254"]],
    &[&["127.0.0.1"], &["64:ff9b::169.254.169.254"], &["127.0.0.1"]],
    &[&["::ffff:127.0.0.1"], &["2002:a9fe:a9fe::"]],
    &[&["127.0.0.1", "100.64.0.1"], &["127.0.0.1"], &["100.64.0.1"]],
    &[&["127.0.0.1"], &["fd00:ec2::254"], &["fe80::1"], &["::"]],
];

#[tokio::test]
async fn what_is_connected_to_is_what_was_checked_however_often_a_name_changes_its_mind() {
    let here = |text: &str| matches!(text, "127.0.0.1" | "::ffff:127.0.0.1");
    for answers in CHANGING {
        let receiver = Receiver::answering(
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        )
        .await;
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let transport = transport_with(|settings| {
            settings.resolve = Resolve::Scripted(Arc::new(move |_| {
                let answer = answers[counter.fetch_add(1, Ordering::SeqCst)];
                let answer: Vec<IpAddr> = answer.iter().map(|text| ip(text)).collect();
                Box::pin(async { Ok(answer) })
            }));
        });
        let url = format!("http://rebind.example:{}/", receiver.at.port());
        for (index, now) in answers.iter().enumerate() {
            let before = receiver.connections();
            let tried = transport.send(request(&url, PATIENT)).await;
            assert_eq!(asked.load(Ordering::SeqCst), index + 1, "one question a connect");
            let connected = receiver.connections() - before;
            if now.iter().all(|text| here(text)) {
                assert_eq!((tried.peer, connected), (Some(ip(now[0])), 1), "{answers:?}: {now:?}");
                answer(tried);
            } else {
                assert_eq!((tried.peer, connected), (None, 0), "{answers:?}: {now:?}");
                unreachable(&tried, ErrorClass::Refused);
            }
        }
    }
}

#[tokio::test]
async fn a_kept_connection_stays_with_the_address_that_was_checked() {
    let receiver = Receiver::answering(OK).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let transport = transport_with(|settings| {
        settings.resolve = Resolve::Scripted(Arc::new(move |_| {
            let first = counter.fetch_add(1, Ordering::SeqCst) == 0;
            let now = if first { "127.0.0.1" } else { "169.254.169.254" };
            Box::pin(async move { Ok(vec![ip(now)]) })
        }));
    });
    let url = format!("http://rebind.example:{}/", receiver.at.port());
    for _ in 0..3 {
        let tried = transport.send(request(&url, PATIENT)).await;
        assert_eq!(tried.peer, Some(ip("127.0.0.1")));
        answer(tried);
    }
    assert_eq!((asked.load(Ordering::SeqCst), receiver.connections()), (1, 1));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_dns_error() {
    let transport = transport_with(|settings| {
        settings.resolve =
            Resolve::Scripted(Arc::new(|_| Box::pin(async { Err(io::Error::other("NXDOMAIN")) })));
    });
    let tried = transport.send(request("https://gone.example/", PATIENT)).await;
    let detail = unreachable(&tried, ErrorClass::Dns);
    assert_eq!(detail, "host `gone.example` could not be resolved: NXDOMAIN");
    let transport = transport_with(|settings| settings.resolve = resolving(&[]));
    let tried = transport.send(request("https://empty.example/", PATIENT)).await;
    unreachable(&tried, ErrorClass::Dns);
}

#[tokio::test]
async fn when_the_first_address_is_dead_the_next_is_tried() {
    let receiver = Receiver::answering(OK).await;
    let addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.1"];
    let transport = transport_with(|settings| settings.resolve = resolving(&addresses));
    let url = format!("http://hooks.example:{}/", receiver.at.port());
    let tried = transport.send(request(&url, PATIENT)).await;
    assert_eq!(tried.peer, Some(ip("127.0.0.1")));
    answer(tried);
}

#[tokio::test]
async fn three_addresses_are_tried_and_not_a_fourth() {
    let receiver = Receiver::answering(OK).await;
    let addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"];
    let transport = transport_with(|settings| settings.resolve = resolving(&addresses));
    let url = format!("http://hooks.example:{}/", receiver.at.port());
    let tried = transport.send(request(&url, PATIENT)).await;
    unreachable(&tried, ErrorClass::Connect);
    assert_eq!((tried.peer, receiver.connections()), (Some(ip("127.0.0.4")), 0));
}
