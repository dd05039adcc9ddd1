//! The receiver: a thread of its own that answers 200 to everything and writes down what it was.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, mpsc};
use std::thread;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};

use super::payload::Stamp;
use super::tally::Tally;

/// A hundred bytes, as a receiver's framework would answer.
const ANSWER: &str = r#"{"received":true,"note":"a short answer, of the length that receivers' frameworks tend to send ..."}"#;

/// Connections that may wait to be accepted. With the usual 128, a sender that opens hundreds at once has some of them
/// dropped, and Linux tries those again after a whole second.
const BACKLOG: u32 = 4096;

/// A running receiver; it ends when this is dropped.
pub(crate) struct Receiver {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What it has seen.
    pub(crate) tally: Arc<Tally>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Receiver {
    /// Starts one on a free port of loopback.
    pub(crate) fn start() -> Result<Self> {
        let tally = Arc::new(Tally::default());
        let (stop, stopped) = oneshot::channel();
        let (bound, listens) = mpsc::channel();
        let seen = Arc::clone(&tally);
        let thread = thread::Builder::new()
            .name("receiver".to_owned())
            .spawn(move || run(&bound, &seen, stopped).expect("the receiver serves"))?;
        let address = listens.recv().context("the receiver could not listen")?;
        Ok(Self { address, tally, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn run(
    bound: &mpsc::Sender<SocketAddr>,
    tally: &Arc<Tally>,
    stopped: oneshot::Receiver<()>,
) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(LocalSet::new().run_until(async {
        let listener = listen()?;
        bound.send(listener.local_addr()?)?;
        tokio::select! {
            ended = accept(&listener, tally) => ended,
            _ = stopped => Ok(()),
        }
    }))
}

/// On a free port of loopback.
pub(crate) fn listen() -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(socket.listen(BACKLOG)?)
}

async fn accept(listener: &TcpListener, tally: &Arc<Tally>) -> Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        connections.spawn_local(serve(stream, Arc::clone(tally)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, tally: Arc<Tally>) {
    let service = service_fn(|request| answer(request, &tally));
    // A sender may hang up whenever it likes; that is no fault of the receiver.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn answer(
    request: Request<Incoming>,
    tally: &Tally,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let endpoint = request.uri().path().rsplit('/').next().and_then(|number| number.parse().ok());
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
    let stamp = body.ok().and_then(|body| Stamp::read(&body));
    tally.arrived(endpoint.unwrap_or(0), stamp);
    Ok(Response::new(Full::from(ANSWER)))
}
