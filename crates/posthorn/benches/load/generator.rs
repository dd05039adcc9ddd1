//! The load: keep-alive connections that POST single events and wait for each 202, either as fast as the answers come
//! (closed loop) or on a fixed beat whatever the answers do (open loop, so that a slow answer cannot hide the next one's wait).

use std::net::SocketAddr;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::clock::{now_ns, pause, stop_until};
use super::link::Link;
use super::payload::{DATA_BYTES, Filling, Stamp};
use super::tickets::Tickets;

/// The event type that is sent; every contract's catalogue of the bench's merchants has it.
pub(crate) const EVENT_TYPE: &str = "order.paid";
/// How long a refused sender waits before it tries again.
const REFUSED_WAIT: Duration = Duration::from_millis(50);

/// Where events go, and in whose name.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The servers; each has its part of the connections.
    pub(crate) servers: Vec<Reached>,
}

/// A server, and the API keys that it knows; each event takes one of them, without a pattern.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) address: SocketAddr,
    pub(crate) keys: Rc<[String]>,
}

/// How much to send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Which measurement this is.
    pub(crate) round: u64,
    /// Connections that are kept alive.
    pub(crate) connections: usize,
    /// Events at most.
    pub(crate) events: u64,
    /// And no new one after so long.
    pub(crate) time_max: Duration,
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// Events that were answered 202.
    pub(crate) accepted: u64,
    /// Answers of 429 or 503; each was tried again.
    pub(crate) refused: u64,
    /// From the send to the end of its 202, per event.
    pub(crate) answers_ns: Vec<u64>,
    /// When the first was sent.
    pub(crate) began_ns: u64,
    /// When the last was answered.
    pub(crate) ended_ns: u64,
}

struct Work {
    round: u64,
    filling: Filling,
    tickets: Tickets,
}

/// Sends as fast as the answers come. Runs on a `LocalSet`.
pub(crate) async fn closed_loop(target: &Target, load: Load) -> Result<Sent> {
    let mut tasks = JoinSet::new();
    let lanes = target.lanes(load.connections, &mut tasks).await?;
    let began_ns = now_ns();
    let until_ns = began_ns + nanos(load.time_max);
    let work = Rc::new(Work {
        round: load.round,
        filling: Filling::new(),
        tickets: Tickets::until(load.events, until_ns),
    });
    let mut workers = JoinSet::new();
    for lane in lanes {
        workers.spawn_local(as_answers_come(Rc::clone(&work), lane));
    }
    let mut sent = gathered(workers, began_ns).await?;
    debug_assert_eq!(sent.accepted, work.tickets.taken(), "every ticket ends in a 202");
    sent.began_ns = began_ns;
    Ok(sent)
}

async fn as_answers_come(work: Rc<Work>, mut lane: Lane) -> Result<Sent> {
    let mut sent = Sent::default();
    while let Some(seq) = work.tickets.take() {
        work.send(&mut lane, seq, now_ns(), &mut sent).await?;
    }
    Ok(sent)
}

type Beats = Rc<Mutex<mpsc::UnboundedReceiver<(u64, u64)>>>;

/// Sends `per_s` events in a second, each at its own instant, on whichever connection is free. Runs on a `LocalSet`.
pub(crate) async fn open_loop(target: &Target, load: Load, per_s: u64) -> Result<Sent> {
    let mut tasks = JoinSet::new();
    let lanes = target.lanes(load.connections, &mut tasks).await?;
    let began_ns = now_ns();
    let work =
        Rc::new(Work { round: load.round, filling: Filling::new(), tickets: Tickets::new(0) });
    let (beat, beats) = mpsc::unbounded_channel();
    let beats = Rc::new(Mutex::new(beats));
    let events = load.events.min(load.time_max.as_secs() * per_s);
    // A thread's sleep is exact to some fifty microseconds; the runtime's timer is to a millisecond.
    let pacemaker = thread::Builder::new().name("beat".to_owned()).spawn(move || {
        for seq in 0..events {
            stop_until(began_ns + seq * 1_000_000_000 / per_s);
            if beat.send((seq, now_ns())).is_err() {
                break;
            }
        }
    })?;
    let mut workers = JoinSet::new();
    for lane in lanes {
        workers.spawn_local(on_the_beat(Rc::clone(&work), Rc::clone(&beats), lane));
    }
    let sent = gathered(workers, began_ns).await;
    drop(beats);
    pacemaker.join().expect("the beat does not panic");
    sent
}

async fn on_the_beat(work: Rc<Work>, beats: Beats, mut lane: Lane) -> Result<Sent> {
    let mut sent = Sent::default();
    loop {
        let beat = beats.lock().await.recv().await;
        let Some((seq, at_ns)) = beat else { return Ok(sent) };
        work.send(&mut lane, seq, at_ns, &mut sent).await?;
    }
}

impl Work {
    /// Sends one event until it is accepted.
    async fn send(&self, lane: &mut Lane, seq: u64, at_ns: u64, sent: &mut Sent) -> Result<()> {
        loop {
            let request = self.request(lane.key(seq).context("a server has a key")?, seq, at_ns)?;
            let (status, body) = lane.link.send(request).await?;
            match status {
                StatusCode::ACCEPTED => {
                    sent.accepted += 1;
                    sent.ended_ns = now_ns();
                    sent.answers_ns.push(sent.ended_ns.saturating_sub(at_ns));
                    return Ok(());
                }
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    sent.refused += 1;
                    pause(REFUSED_WAIT).await;
                }
                _ => bail!("POST /v1/events: {status} {}", String::from_utf8_lossy(&body)),
            }
        }
    }

    fn request(&self, key: &str, seq: u64, at_ns: u64) -> Result<Request<Full<Bytes>>> {
        let mut body = Vec::with_capacity(DATA_BYTES + 40);
        body.extend_from_slice(br#"{"type":""#);
        body.extend_from_slice(EVENT_TYPE.as_bytes());
        body.extend_from_slice(br#"","data":"#);
        Stamp { round: self.round, seq, at_ns }.write(&self.filling, &mut body);
        body.push(b'}');
        Ok(Request::post("/v1/events")
            .header("Host", "127.0.0.1")
            .header("Authorization", format!("Bearer {key}"))
            .header("Content-Type", "application/json")
            .body(Full::from(body))?)
    }
}

/// A connection, and the keys of its server.
struct Lane {
    link: Link,
    keys: Rc<[String]>,
}

impl Target {
    async fn lanes(&self, count: usize, tasks: &mut JoinSet<()>) -> Result<Vec<Lane>> {
        let mut lanes = Vec::with_capacity(count);
        for server in self.servers.iter().cycle().take(count) {
            let link = Link::open(server.address, tasks).await?;
            lanes.push(Lane { link, keys: Rc::clone(&server.keys) });
        }
        Ok(lanes)
    }
}

impl Lane {
    /// Neighbouring events have nothing to do with each other, and every run has the same order.
    fn key(&self, seq: u64) -> Option<&String> {
        let scattered = (seq + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let place = usize::try_from(scattered).ok()?.checked_rem(self.keys.len())?;
        self.keys.get(place)
    }
}

async fn gathered(mut workers: JoinSet<Result<Sent>>, began_ns: u64) -> Result<Sent> {
    let mut all = Sent { began_ns, ..Sent::default() };
    while let Some(ended) = workers.join_next().await {
        let sent = ended??;
        all.accepted += sent.accepted;
        all.refused += sent.refused;
        all.answers_ns.extend(sent.answers_ns);
        all.ended_ns = all.ended_ns.max(sent.ended_ns);
    }
    Ok(all)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("a bench's times are short")
}
