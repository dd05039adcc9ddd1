//! One kept-alive HTTP/1.1 connection: hyper's own, with nothing between. The ceiling and the generator send through it.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A connection that one request at a time goes through.
pub(crate) struct Link {
    sender: SendRequest<Full<Bytes>>,
}

impl Link {
    /// Connects; the connection's own task is added to `tasks`, which must run on a `LocalSet`.
    pub(crate) async fn open(to: SocketAddr, tasks: &mut JoinSet<()>) -> Result<Self> {
        let stream =
            TcpStream::connect(to).await.with_context(|| format!("cannot connect to {to}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tasks.spawn_local(async {
            // Its sender is told of any fault.
            drop(connection.await);
        });
        Ok(Self { sender })
    }

    /// Sends, and reads the whole answer.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes)> {
        self.sender.ready().await.context("the connection was closed")?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok((status, body))
    }
}
