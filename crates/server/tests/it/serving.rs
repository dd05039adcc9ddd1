//! Over real sockets: connections are kept, large bodies get their answer, and a stop ends cleanly.

use std::time::Duration;

use axum::body::Body;
use http::Method;
use posthorn_server::{Serving, serve};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::harness::TestApp;

struct Served {
    address: std::net::SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    work: JoinSet<()>,
}

impl Served {
    async fn start(app: &TestApp) -> Self {
        Self::start_with(app, Serving::default()).await
    }

    async fn start_with(app: &TestApp, serving: Serving) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (app, mut work) = (app.app.clone(), JoinSet::new());
        let serving = Serving { grace: Duration::from_secs(5), ..serving };
        work.spawn(async move {
            serve(listener, app, serving, async move { drop(stopped.await) }).await;
        });
        Self { address, stop: Some(stop), work }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        while let Some(ended) = self.work.join_next().await {
            ended.unwrap();
        }
    }
}

/// Reads until the text says what it should, or the connection ends.
async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.contains(wanted) {
        let read = stream.read(&mut buffer).await.unwrap();
        if read == 0 {
            break;
        }
        text += std::str::from_utf8(&buffer[..read]).unwrap();
    }
    text
}

#[tokio::test]
async fn a_connection_carries_one_request_after_the_other() {
    let app = TestApp::new().await;
    let served = Served::start(&app).await;
    let mut stream = served.connect().await;
    for _ in 0..2 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let answer = read_until(&mut stream, "0.0.0-test\"}").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
    served.stop().await;
}

#[tokio::test]
async fn a_connection_too_many_waits_until_another_ends_and_the_bound_is_counted() {
    let app = TestApp::new().await;
    let served =
        Served::start_with(&app, Serving { connections_max: 2, ..Serving::default() }).await;
    let metrics = async || {
        let metrics = app.call(Method::GET, "/metrics").no_key().send(Body::empty()).await.text;
        metrics.lines().find(|line| line.contains(r#"bound="connections""#)).map(str::to_owned)
    };
    let mut one = served.connect().await;
    one.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    read_until(&mut one, "0.0.0-test\"}").await;
    assert_eq!(metrics().await, None);
    let mut two = served.connect().await;
    two.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    read_until(&mut two, "0.0.0-test\"}").await;
    let counted = Some(r#"posthorn_bounds_reached_total{bound="connections"} 1"#.to_owned());
    assert_eq!(metrics().await, counted);

    let mut three = served.connect().await;
    three.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    app.settle_down().await;
    assert_eq!(three.try_read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    drop(one);
    read_until(&mut three, "0.0.0-test\"}").await;
    served.stop().await;
}

#[tokio::test]
async fn a_client_that_writes_all_before_it_reads_still_gets_the_refusal_of_a_large_body() {
    let app = TestApp::new().await;
    let served = Served::start(&app).await;
    let mut stream = served.connect().await;
    let large = vec![b' '; 6 * 1024 * 1024];
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        app.test,
        large.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&large).await.unwrap();
    let answer = read_until(&mut stream, "too_large").await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    served.stop().await;
}

#[tokio::test]
async fn a_stop_ends_idle_connections_and_streams_and_refuses_new_ones() {
    let app = TestApp::new().await;
    let served = Served::start(&app).await;
    let (mut idle, mut following) = (served.connect().await, served.connect().await);
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    read_until(&mut idle, "0.0.0-test\"}").await;
    let listen =
        format!("GET /v1/listen HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", app.test);
    following.write_all(listen.as_bytes()).await.unwrap();
    read_until(&mut following, "heartbeat").await;
    app.post("/v1/events", &json!({"type": "a.b", "data": {}})).await;
    assert!(read_until(&mut following, "\"a.b\"").await.contains("\"a.b\""));
    let address = served.address;
    served.stop().await;
    let rest = read_until(&mut following, "never").await;
    assert!(rest.ends_with("0\r\n\r\n"), "the stream ends as streams do: {rest}");
    assert_eq!(read_until(&mut idle, "never").await, "");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_is_no_request_is_answered_before_the_connection_closes() {
    let app = TestApp::new().await;
    let served = Served::start(&app).await;
    let headers = "x-header: 1\r\n".repeat(200);
    let crowded = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    for (sent, status) in [("HELLO\r\n\r\n", "400"), (crowded.as_str(), "431")] {
        let mut stream = served.connect().await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let answer = read_until(&mut stream, "\r\n\r\n").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer:?}");
    }
    served.stop().await;
}
