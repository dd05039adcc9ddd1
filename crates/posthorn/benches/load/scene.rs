//! The situations in which the server is measured, each on a fresh server with a ceiling just before it.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::runtime;
use tokio::task::LocalSet;

use super::ceiling::{self, Ceiling};
use super::clock::{now_ns, pause};
use super::disk::fsyncs_ns;
use super::fleet::Fleet;
use super::gauge::Gauge;
use super::generator::{Load, Sent, Target, closed_loop, open_loop};
use super::lists;
use super::receiver::Receiver;
use super::store::{Database, Store};
use super::tally::Arrivals;

/// One situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scene {
    /// Events to one endpoint, as fast as the answers come.
    One,
    /// The same with ten endpoints that all want every event.
    FanOut,
    /// 200 events a second to one endpoint: nothing is full, so what is seen is the path itself.
    Latency,
    /// 10,000 merchants with an endpoint each, hit at random.
    Many,
    /// Killed and started again: how soon the first delivery is there. Best beside many that wait: `--waiting 10`.
    Restart,
    /// Lists of deliveries and events, first and later pages of 50 rows, after a start with nothing in memory. Best
    /// beside many old ones: `--old 100`, which it needs one of.
    Lists,
    /// The same with the longest pages that can be had, of 100 rows.
    LongLists,
}

/// How much to send in a situation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Events at most.
    pub(crate) events: u64,
    /// No new event after this, however slow the server is.
    pub(crate) sending: Duration,
    /// Connections that send, in all.
    pub(crate) connections: usize,
    /// Deliveries of the ceiling before it.
    pub(crate) ceiling: u64,
    /// Merchants of the scene with many.
    pub(crate) merchants: usize,
}

const CONNECTIONS: usize = 64;
/// The latency scene is an open loop: so many suffice.
const CONNECTIONS_FEW: usize = 16;
const BEAT_PER_S: u64 = 200;
/// A delivery that has not come when nothing at all came for so long is missing. It is more than the contract's first
/// wait, so that a delivery which failed once is late and not missing.
const SILENCE_NS_MAX: u64 = 75_000_000_000;
/// After the last arrival the last settlements are still to be written; they belong to the cost.
const SETTLING: Duration = Duration::from_millis(400);
const FSYNCS: usize = 200;

/// What one scene brought in one run.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) scene: Scene,
    pub(crate) ceiling: Ceiling,
    pub(crate) fsyncs_ns: Vec<u64>,
    pub(crate) sent: Sent,
    pub(crate) arrivals: Arrivals,
    pub(crate) delivered: u64,
    pub(crate) missing: u64,
    pub(crate) cpu_ns: u64,
    pub(crate) writer_cpu_ns: u64,
    pub(crate) written_bytes: u64,
    /// What a PostgreSQL used meanwhile.
    pub(crate) database: Database,
    pub(crate) resident_max_bytes: u64,
    /// With its endpoints, before anything was sent.
    pub(crate) idle_bytes: u64,
}

impl Scene {
    /// What a plain `./x bench` runs.
    pub(crate) const USUAL: [Self; 4] = [Self::One, Self::FanOut, Self::Many, Self::Latency];

    /// As the table heads it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::One => "one endpoint",
            Self::FanOut => "fan-out 10",
            Self::Latency => "200 events/s, one endpoint",
            Self::Many => "10,000 endpoints at random",
            Self::Restart => "started again",
            Self::Lists => "lists",
            Self::LongLists => "lists, 100 rows a page",
        }
    }

    /// Deliveries per event.
    pub(crate) fn fan_out(self) -> usize {
        match self {
            Self::FanOut => 10,
            Self::One
            | Self::Latency
            | Self::Many
            | Self::Restart
            | Self::Lists
            | Self::LongLists => 1,
        }
    }

    /// How much a run sends, or a `quick` one.
    pub(crate) fn size(self, quick: bool) -> Size {
        let (events, few) = match self {
            Self::One | Self::Many => (60_000, 500),
            Self::FanOut => (20_000, 100),
            Self::Latency => (2_000, 100),
            Self::Restart => (1, 1),
            Self::Lists | Self::LongLists => (1_000, 50),
        };
        let sending = Duration::from_secs(20);
        let connections = if self == Self::Latency { CONNECTIONS_FEW } else { CONNECTIONS };
        if quick {
            Size { events: few, sending, connections, ceiling: 2_000, merchants: 100 }
        } else {
            Size { events, sending, connections, ceiling: 100_000, merchants: 10_000 }
        }
    }

    /// Measures the ceiling, and then the server. `round` numbers this measurement; it uses three numbers.
    pub(crate) fn measure(
        self,
        receiver: &Receiver,
        size: Size,
        round: u64,
        store: Store<'_>,
    ) -> Result<Measured> {
        receiver.tally.begin(round, size.ceiling, 1);
        let ceiling = ceiling::measure(receiver.address, round, size.ceiling, CONNECTIONS)?;
        ensure!(
            receiver.tally.distinct() == size.ceiling,
            "the receiver missed some of the bare loop's"
        );
        let fsyncs_ns = fsyncs_ns(store.disk, FSYNCS)?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let served = runtime.block_on(LocalSet::new().run_until(self.serve(
            receiver,
            size,
            round + 1,
            store,
        )))?;
        let Served { sent, before, after, database, idle_bytes } = served;
        let delivered = receiver.tally.distinct();
        Ok(Measured {
            scene: self,
            ceiling,
            fsyncs_ns,
            missing: sent.accepted * count(self.fan_out()) - delivered,
            arrivals: receiver.tally.arrivals(),
            delivered,
            sent,
            cpu_ns: after.cpu_ns - before.cpu_ns,
            writer_cpu_ns: after.writer_cpu_ns - before.writer_cpu_ns,
            written_bytes: after.written_bytes - before.written_bytes,
            database,
            resident_max_bytes: after.resident_max_bytes,
            idle_bytes,
        })
    }

    async fn serve(
        self,
        receiver: &Receiver,
        size: Size,
        round: u64,
        store: Store<'_>,
    ) -> Result<Served> {
        let mut server = Fleet::start(store).await?;
        let merchants = if self == Self::Many { size.merchants } else { 1 };
        let servers = server.prepare(receiver.address, merchants, self.fan_out()).await?;
        let idle_bytes = self.idle(&mut server).await?;
        let target = Target { servers };
        let (connections, time_max) = (size.connections, size.sending);

        // Warm: connections, caches, the pages of the database file.
        let warm = Load { round, connections, events: (size.events / 20).max(50), time_max };
        receiver.tally.begin(warm.round, warm.events, self.fan_out());
        let sent = closed_loop(&target, warm).await?;
        self.drained(receiver, &sent).await;
        pause(SETTLING).await;

        let load = Load { round: round + 1, events: size.events, ..warm };
        receiver.tally.begin(load.round, load.events, self.fan_out());
        let (mut before, database) = (server.gauge()?, store.gauge()?);
        let sent = match self {
            Self::Restart => {
                let began_ns = now_ns();
                server.restart().await?;
                let load = Load { connections: 1, ..load };
                Sent { began_ns, ..closed_loop(&target, load).await? }
            }
            Self::Lists | Self::LongLists => {
                server.restart().await?;
                let limit = if self == Self::Lists { 50 } else { 100 };
                lists::read(server.crowd(), load.events, limit).await?
            }
            Self::Latency => open_loop(&target, load, BEAT_PER_S).await?,
            Self::One | Self::FanOut | Self::Many => closed_loop(&target, load).await?,
        };
        if matches!(self, Self::Restart | Self::Lists | Self::LongLists) {
            // Another process: what the first one used is not its.
            before = Gauge::default();
        }
        self.drained(receiver, &sent).await;
        pause(SETTLING).await;
        let (after, used) = (server.gauge()?, store.gauge()?);
        let database = Database {
            cpu_ns: used.cpu_ns - database.cpu_ns,
            log_bytes: used.log_bytes - database.log_bytes,
        };
        Ok(Served { sent, before, after, database, idle_bytes })
    }

    /// Memory at rest, of servers that did not make their endpoints but found them; of many only.
    async fn idle(self, server: &mut Fleet) -> Result<u64> {
        if self != Self::Many {
            return Ok(0);
        }
        server.restart().await?;
        pause(SETTLING).await;
        Ok(server.gauge()?.resident_bytes)
    }

    async fn drained(self, receiver: &Receiver, sent: &Sent) {
        drained(receiver, sent.accepted * count(self.fan_out())).await;
    }
}

/// Waits until so many deliveries have arrived, or nothing arrives any more; answers how many did not.
pub(crate) async fn drained(receiver: &Receiver, wanted: u64) -> u64 {
    let (mut arrived, mut last_ns) = (receiver.tally.distinct(), now_ns());
    while arrived < wanted && now_ns() - last_ns < SILENCE_NS_MAX {
        pause(Duration::from_millis(5)).await;
        let now = receiver.tally.distinct();
        if now > arrived {
            (arrived, last_ns) = (now, now_ns());
        }
    }
    wanted - arrived
}

struct Served {
    sent: Sent,
    before: Gauge,
    after: Gauge,
    database: Database,
    idle_bytes: u64,
}

fn count(number: usize) -> u64 {
    u64::try_from(number).expect("a usize fits")
}
