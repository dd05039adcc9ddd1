//! One healthy endpoint alone, and then beside others: what it notices of them. Each time on a fresh server, in turn.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use tokio::runtime;
use tokio::task::LocalSet;

use super::figures::{Figure, Unit, percentile};
use super::fleet::Fleet;
use super::generator::{Load, Reached, Sent, Target, closed_loop, open_loop};
use super::receiver::Receiver;
use super::silent::{Silent, nobody};
use super::store::Store;
use super::tally::Arrivals;
use super::{clock::pause, scene};

/// Who is beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Company {
    /// 1,000 dead endpoints of as many merchants; half of them refuse, half let every try run into its timeout.
    Dead,
    /// 200 endpoints of one merchant that answer after 4.5 s, within their timeout of 5.
    Slow,
    /// A merchant that sends ten times as much, to ten endpoints, and had a backlog before.
    Greedy,
    /// 1,000,000 deliveries of others that wait for their retry; not on PostgreSQL.
    Waiting,
    /// 10,000,000 deliveries that were made long ago.
    Old,
}

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Events that show what the server can do; the healthy endpoint then gets half as many a second.
    pub(crate) probe: u64,
    /// How long that is measured.
    pub(crate) seconds: u64,
    /// A tenth of the company, and of its events.
    pub(crate) small: bool,
}

/// What the healthy endpoint saw.
struct Side {
    /// What the server can do.
    most_per_s: u64,
    sent: Sent,
    arrivals: Arrivals,
}

/// One run of both.
pub(crate) struct Compared {
    company: Company,
    per_s: u64,
    alone: Side,
    beside: Side,
}

/// What goes to the company: at first as fast as it is taken, then so many a second.
struct Traffic {
    to: SocketAddr,
    keys: Vec<String>,
    first: u64,
    per_s: u64,
    seconds: u64,
}

const CONNECTIONS: usize = 64;
const CONNECTIONS_FEW: usize = 16;
const SLOW: Duration = Duration::from_millis(4_500);
/// The company's traffic begins so long before the measurement.
const SETTLING: Duration = Duration::from_secs(1);

impl Company {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Dead, Self::Slow, Self::Greedy, Self::Waiting, Self::Old];

    /// As the table heads it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Dead => "beside 1,000 dead endpoints",
            Self::Slow => "beside 200 slow endpoints of one merchant",
            Self::Greedy => "beside a merchant that sends ten times as much",
            Self::Waiting => "beside 1,000,000 waiting retries",
            Self::Old => "beside 10,000,000 old deliveries",
        }
    }

    /// Measures both. `round` numbers this measurement; it uses six numbers.
    pub(crate) fn measure(self, size: Size, round: u64, store: Store<'_>) -> Result<Compared> {
        let receiver = Receiver::start()?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(LocalSet::new().run_until(async {
            let server = Fleet::start(store).await?;
            let target = Target { servers: server.prepare(receiver.address, 1, 1).await? };
            let most = saturation(&target, &receiver, round, size.probe).await?;
            // Ten times as much goes to a greedy one's ten endpoints, so to a hundred and one in all.
            let per_s = if self == Self::Greedy { most / 100 } else { most / 2 }.max(1);
            let alone = side(&target, &receiver, (round + 1, per_s, size.seconds), most).await?;
            drop(server);

            let server = Fleet::start(self.past(store, size)).await?;
            let target = Target { servers: server.prepare(receiver.address, 1, 1).await? };
            let probe = if self.is_past() { size.probe } else { size.probe / 10 + 1 };
            let most = saturation(&target, &receiver, round + 2, probe).await?;
            let company = if self.is_past() {
                None
            } else {
                Some(Present::come(self, &server, per_s, size).await?)
            };
            pause(SETTLING).await;
            let beside = side(&target, &receiver, (round + 3, per_s, size.seconds), most).await?;
            company.map_or(Ok(()), Present::leave)?;
            Ok(Compared { company: self, per_s, alone, beside })
        }))
    }
}

impl Company {
    /// Whether it is on record before, and does nothing.
    fn is_past(self) -> bool {
        matches!(self, Self::Waiting | Self::Old)
    }

    /// A store that has it on record.
    fn past(self, store: Store<'_>, size: Size) -> Store<'_> {
        let of = |company, usual| match (self == company, size.small) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => usual,
        };
        Store { waiting: of(Self::Waiting, 10), old: of(Self::Old, 100), ..store }
    }
}

/// Events that the server takes and delivers in a second.
async fn saturation(target: &Target, receiver: &Receiver, round: u64, events: u64) -> Result<u64> {
    receiver.tally.begin(round, events, 1);
    let time_max = Duration::from_secs(20);
    let sent =
        closed_loop(target, Load { round, connections: CONNECTIONS, events, time_max }).await?;
    drained(receiver, sent.accepted).await?;
    let took_ns = receiver.tally.arrivals().last_ns().saturating_sub(sent.began_ns).max(1);
    Ok(sent.accepted * 1_000_000_000 / took_ns)
}

async fn side(
    target: &Target,
    receiver: &Receiver,
    (round, per_s, seconds): (u64, u64, u64),
    most_per_s: u64,
) -> Result<Side> {
    let time_max = Duration::from_secs(seconds);
    let load = Load { round, connections: CONNECTIONS, events: per_s * seconds, time_max };
    receiver.tally.begin(round, load.events, 1);
    let sent = open_loop(target, load, per_s).await?;
    drained(receiver, sent.accepted).await?;
    let arrivals = receiver.tally.arrivals();
    ensure!(arrivals.duplicates + arrivals.strangers == 0, "some came twice: {arrivals:?}");
    Ok(Side { most_per_s, sent, arrivals })
}

async fn drained(receiver: &Receiver, accepted: u64) -> Result<()> {
    let missing = scene::drained(receiver, accepted).await;
    ensure!(missing == 0, "{missing} of {accepted} did not arrive");
    Ok(())
}

/// Company that is there; it sends from a thread of its own.
struct Present {
    sender: thread::JoinHandle<Result<()>>,
    _silent: Vec<Silent>,
    _receiver: Option<Receiver>,
}

impl Present {
    async fn come(company: Company, server: &Fleet, per_s: u64, size: Size) -> Result<Self> {
        let part = if size.small { 10 } else { 1 };
        let seconds = size.seconds + SETTLING.as_secs() + 1;
        let (mut silent, mut receiver) = (Vec::new(), None);
        let (reached, first, per_s) = match company {
            Company::Dead => {
                let hangs = Silent::start(None)?;
                let mut reached = server.prepare(hangs.address, 500 / part, 1).await?;
                silent.push(hangs);
                reached.extend(server.prepare(nobody()?, 500 / part, 1).await?);
                (reached, 20_000, 100)
            }
            Company::Slow => {
                let slow = Silent::start(Some(SLOW))?;
                let reached = server.prepare(slow.address, 1, 200 / part).await?;
                silent.push(slow);
                (reached, 20, 2)
            }
            Company::Greedy => {
                let other = Receiver::start()?;
                // Nobody asks what came there.
                other.tally.begin(u64::MAX, 0, 10);
                let reached = server.prepare(other.address, 1, 10).await?;
                receiver = Some(other);
                (reached, 5_000, per_s * 10)
            }
            Company::Waiting | Company::Old => anyhow::bail!("what is past sends nothing"),
        };
        let to = reached.first().context("there is a server")?.address;
        let keys = reached.iter().flat_map(|reached| reached.keys.iter().cloned()).collect();
        let first = first / u64::try_from(part)?;
        let sender = Traffic { to, keys, first, per_s, seconds }.begin()?;
        Ok(Self { sender, _silent: silent, _receiver: receiver })
    }

    fn leave(self) -> Result<()> {
        self.sender.join().map_err(|_| anyhow!("the company's sender fell over"))?
    }
}

impl Traffic {
    /// Sends the first ones, and goes on with the rest on its own.
    fn begin(self) -> Result<thread::JoinHandle<Result<()>>> {
        let (went, has_gone) = mpsc::channel();
        let sender = thread::Builder::new().name("company".to_owned()).spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(LocalSet::new().run_until(async {
                let keys = self.keys.into();
                let target = Target { servers: vec![Reached { address: self.to, keys }] };
                let time_max = Duration::from_secs(30);
                let first =
                    Load { round: 0, connections: CONNECTIONS, events: self.first, time_max };
                closed_loop(&target, first).await?;
                went.send(())?;
                let time_max = Duration::from_secs(self.seconds);
                let events = self.per_s * self.seconds;
                let rest = Load { round: 0, connections: CONNECTIONS_FEW, events, time_max };
                open_loop(&target, rest, self.per_s).await.map(drop)
            }))
        })?;
        has_gone.recv().context("the company could not send")?;
        Ok(sender)
    }
}

/// The rows of one company, from all of its runs.
pub(crate) fn figures(company: Company, runs: &[Compared]) -> Vec<Figure> {
    let runs: Vec<&Compared> = runs.iter().filter(|run| run.company == company).collect();
    let waits = |side: &Side, per_cent| percentile(&side.arrivals.waits_ns, per_cent);
    let answers = |side: &Side, per_cent| percentile(&side.sent.answers_ns, per_cent);
    let mut figures = vec![Figure {
        scene: company.title(),
        name: "events/s to the healthy one",
        unit: Unit::PerSecond,
        values: runs.iter().map(|run| float(run.per_s)).collect(),
        ratios: None,
        bar: "",
    }];
    let mut pair =
        |names: [&'static str; 2], as_what: (Unit, &'static str), of: &dyn Fn(&Side) -> f64| {
            let alone: Vec<f64> = runs.iter().map(|run| of(&run.alone)).collect();
            let beside: Vec<f64> = runs.iter().map(|run| of(&run.beside)).collect();
            let ratios = beside.iter().zip(&alone).map(|(beside, alone)| beside / alone).collect();
            let ([alone_name, beside_name], (unit, bar)) = (names, as_what);
            let scene = company.title();
            let row = |name, values, ratios, bar| Figure { scene, name, unit, values, ratios, bar };
            figures.push(row(alone_name, alone, None, ""));
            figures.push(row(beside_name, beside, Some(("alone", ratios)), bar));
        };
    if company.is_past() {
        let as_what = (Unit::PerSecond, "0.90");
        pair(["delivered/s at most, alone", "… beside them"], as_what, &|side| {
            float(side.most_per_s)
        });
    }
    let late = (Unit::Millis, "1.10, or 1 ms more");
    pair(["at its receiver after, p50, alone", "… beside them"], late, &|side| {
        millis(waits(side, 50))
    });
    pair(["at its receiver after, p99, alone", "… beside them"], late, &|side| {
        millis(waits(side, 99))
    });
    pair(["202 after, p99, alone", "… beside them"], late, &|side| millis(answers(side, 99)));
    figures
}

fn millis(ns: u64) -> f64 {
    float(ns) / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
fn float(number: u64) -> f64 {
    number as f64
}
