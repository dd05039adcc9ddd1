//! The ceiling: a bare loop that signs a body and POSTs it. No program that delivers signed webhooks over the same client
//! can cost less, so every figure of the server is given as a ratio to it.
//!
//! One thread, one current-thread runtime, raw hyper connections that are kept alive, HMAC-SHA256 over 500 bytes, the
//! headers of the `techcorp` contract. It has no queue, no disk, no schedule and no memory of what it sent.

use std::net::SocketAddr;
use std::rc::Rc;
use std::thread;

use anyhow::{Result, anyhow, ensure};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::{Request, StatusCode};
use sha2::Sha256;
use tokio::runtime;
use tokio::task::{JoinSet, LocalSet};

use super::clock::now_ns;
use super::gauge::thread_cpu_ns;
use super::link::Link;
use super::payload::{DATA_BYTES, Filling, Stamp};
use super::tickets::Tickets;

/// What the loop cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ceiling {
    /// CPU of the loop's thread, per delivery.
    pub(crate) cpu_ns_each: u64,
    /// Deliveries in a second.
    pub(crate) per_s: u64,
}

struct Loop {
    to: SocketAddr,
    round: u64,
    key: Hmac<Sha256>,
    filling: Filling,
    tickets: Tickets,
}

/// Sends `count` deliveries over `connections` connections, on a thread of its own.
pub(crate) fn measure(
    to: SocketAddr,
    round: u64,
    count: u64,
    connections: usize,
) -> Result<Ceiling> {
    let thread = thread::Builder::new().name("ceiling".to_owned()).spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let key = Hmac::new_from_slice(b"whsec_a-fake-secret-for-the-bench")?;
        let bare =
            Rc::new(Loop { to, round, key, filling: Filling::new(), tickets: Tickets::new(count) });
        runtime.block_on(LocalSet::new().run_until(run(bare, count, connections)))
    })?;
    thread.join().map_err(|_| anyhow!("the bare loop panicked"))?
}

async fn run(bare: Rc<Loop>, count: u64, connections: usize) -> Result<Ceiling> {
    let mut tasks = JoinSet::new();
    let mut links = Vec::with_capacity(connections);
    for _ in 0..connections {
        links.push(Link::open(bare.to, &mut tasks).await?);
    }
    let (began_ns, cpu_before_ns) = (now_ns(), thread_cpu_ns()?);
    let mut senders = JoinSet::new();
    for link in links {
        senders.spawn_local(sign_and_post(Rc::clone(&bare), link));
    }
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    let (ended_ns, cpu_after_ns) = (now_ns(), thread_cpu_ns()?);
    Ok(Ceiling {
        cpu_ns_each: (cpu_after_ns - cpu_before_ns) / count,
        per_s: count * 1_000_000_000 / (ended_ns - began_ns),
    })
}

async fn sign_and_post(bare: Rc<Loop>, mut link: Link) -> Result<()> {
    while let Some(seq) = bare.tickets.take() {
        let (status, _) = link.send(bare.request(seq)?).await?;
        ensure!(status == StatusCode::OK, "the receiver answered {status}");
    }
    Ok(())
}

impl Loop {
    fn request(&self, seq: u64) -> Result<Request<Full<Bytes>>> {
        let mut body = Vec::with_capacity(DATA_BYTES);
        Stamp { round: self.round, seq, at_ns: now_ns() }.write(&self.filling, &mut body);
        let mut mac = self.key.clone();
        mac.update(&body);
        let signature = HEXLOWER.encode(&mac.finalize().into_bytes());
        Ok(Request::post("/e/0")
            .header("Host", "127.0.0.1")
            .header("Content-Type", "application/json")
            .header("User-Agent", "Posthorn-Webhooks/1.0")
            .header("X-Webhook-Signature", format!("sha256={signature}"))
            .header("X-Event-Id", format!("evt_{seq:013}"))
            .header("X-Event-Type", "order.paid")
            .header("X-Delivery-Id", format!("dlv_{seq:013}"))
            .header("X-Delivery-Attempt", "1")
            .body(Full::from(body))?)
    }
}
