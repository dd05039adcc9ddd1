//! Receivers as nobody wants them: one that answers late or never, and an address where nobody is.

use std::net::{Ipv4Addr, SocketAddr, TcpListener as Bound};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};

use super::clock::pause;
use super::receiver::listen;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A receiver that lets everybody wait; it ends when this is dropped.
pub(crate) struct Silent {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Silent {
    /// Starts one that answers each request after so long, or none.
    pub(crate) fn start(answers_after: Option<Duration>) -> Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (bound, listens) = mpsc::channel();
        let thread = thread::Builder::new().name("silent".to_owned()).spawn(move || {
            run(&bound, answers_after, stopped).expect("it listens");
        })?;
        let address = listens.recv().context("it could not listen")?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// An address of loopback where nobody listens.
pub(crate) fn nobody() -> Result<SocketAddr> {
    Ok(Bound::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn run(
    bound: &mpsc::Sender<SocketAddr>,
    answers_after: Option<Duration>,
    stopped: oneshot::Receiver<()>,
) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(LocalSet::new().run_until(async {
        let listener = listen()?;
        bound.send(listener.local_addr()?)?;
        let accept = async {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn_local(serve(stream, answers_after));
                while connections.try_join_next().is_some() {}
            }
        };
        tokio::select! {
            () = accept => Ok(()),
            _ = stopped => Ok(()),
        }
    }))
}

/// Whatever comes in one piece counts as a request: a body of 500 bytes does.
async fn serve(mut stream: TcpStream, answers_after: Option<Duration>) {
    let mut piece = [0; 16 * 1024];
    while matches!(stream.read(&mut piece).await, Ok(1..)) {
        if let Some(wait) = answers_after {
            pause(wait).await;
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}
