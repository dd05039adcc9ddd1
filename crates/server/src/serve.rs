//! Serving: connections in, each with an owner, and a stop that finishes what is under way.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::app::App;
use crate::facade::Root;

/// Connections at once, unless it is said otherwise.
const CONNECTIONS_MAX: usize = 16 * 1024;
/// How long a connection may take to send a request's headers, and may be idle between requests.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);
/// Bytes of a connection that are read ahead of what takes them, at most; a request's headers must fit in.
const READ_BYTES_MAX: usize = 64 * 1024;
/// How long to wait after accepting failed (the process has no file descriptors left, say).
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// How to serve.
#[derive(Debug, Clone, Copy)]
pub struct Serving {
    /// How long requests under way may take after the server was told to stop.
    pub grace: Duration,
    /// Connections at once, at most; further ones wait to be accepted.
    pub connections_max: usize,
    /// Whose own API is at the root; `None`: the native one.
    pub root: Option<Root>,
}

impl Default for Serving {
    fn default() -> Self {
        Self { grace: Duration::from_secs(20), connections_max: CONNECTIONS_MAX, root: None }
    }
}

/// Serves the app until `shutdown` is ready. Then nothing new is accepted, streams end, requests
/// under way are finished; what takes longer than the grace period is cut off.
///
/// Errors of single connections are theirs alone; nothing here fails as a whole.
pub async fn serve(
    listener: TcpListener,
    app: App,
    serving: Serving,
    shutdown: impl Future<Output = ()>,
) {
    let router = crate::router(app.clone(), serving.root);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let full = connections.len() >= serving.connections_max;
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if !full => match accepted {
                Ok((stream, peer)) => {
                    let stopping = app.stopping();
                    connections.spawn(connection((stream, peer), router.clone(), stopping));
                    if connections.len() >= serving.connections_max {
                        app.engine().bound_met("connections");
                    }
                }
                Err(error) => not_accepted(&app, &error).await,
            }
        }
    }
    drop(listener);
    app.stop();
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(serving.grace, finished).await.is_err() {
        let left = connections.len();
        tracing::warn!(connections = left, "requests took longer than the grace period; cut off");
        connections.shutdown().await;
    }
}

/// A connection that was gone before it was accepted is nobody's trouble; everything else may pass
/// by waiting.
async fn not_accepted(app: &App, error: &io::Error) {
    let theirs = [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionRefused,
    ];
    if !theirs.contains(&error.kind()) {
        tracing::warn!(%error, "a connection could not be accepted");
        app.engine().wait(ACCEPT_AGAIN).await;
    }
}

async fn connection(
    (stream, peer): (TcpStream, SocketAddr),
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "small answers on this connection may be slow");
    }
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(READ_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let told = async { stopping.wait_for(|stopping| *stopping).await.is_ok() };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = told => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended before its request did");
    }
}
