//! Which seeds are lived through, on two threads, and what is said of them.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use posthorn_engine::clock::Clock;
use posthorn_store::conformance::throw_away::database;
use posthorn_store::postgres::{Options, Postgres};
use posthorn_store::sqlite::Sqlite;
use posthorn_store::{Fault, Store};

use crate::chance::Chance;
use crate::clock::SimClock;
use crate::life::{Counts, Life};
use crate::verdict;
use crate::world::{World, read, start};

/// Seeds that failed on `SQLite` once. What was mended: 119 an id given out again after a restart; 206, 3743 and 5624 a refund
/// that failed while the payment was disputed; 863, 2677, 4609 and 5486 a request that came to its rail after it had been
/// called unheard; 1417 and 2624 a decision taken for a repeated one, because another had written a part of it.
const REGRESSIONS: [u64; 10] = [119, 206, 863, 1417, 2624, 2677, 3743, 4609, 5486, 5624];
const ON_SQLITE: u64 = 10_000;
const ON_POSTGRES: u64 = 1_000;
/// As many as a CI machine has cores.
const THREADS_ON_SQLITE: u64 = 2;
/// A server is waited for most of the time.
const THREADS_ON_POSTGRES: u64 = 6;
/// Failing seeds that are told before the rest is left.
const TOLD_MAX: usize = 5;

type Violations = Vec<(&'static str, String)>;
type Lived = Result<Counts, Violations>;

/// Where lives take place, one after the other.
trait Ground {
    /// Seeds that failed there once.
    const REGRESSIONS: &[u64];

    fn live(&mut self, seed: u64) -> Lived;
}

/// A database in memory for each life.
struct InMemory;

/// A database for all of a thread's lives, and the time that has passed on it.
struct OnServer {
    store: Arc<dyn Store>,
    clock: SimClock,
}

fn judged(mut life: Life) -> Lived {
    life.rest();
    verdict::judge(&mut life);
    let violations = std::mem::take(&mut life.world.witness.open().violations);
    if violations.is_empty() { Ok(life.counts) } else { Err(violations) }
}

impl Ground for InMemory {
    const REGRESSIONS: &[u64] = &REGRESSIONS;

    fn live(&mut self, seed: u64) -> Lived {
        let mut chance = Chance::new(seed);
        let store: Arc<dyn Store> = Arc::new(Sqlite::inline(Box::new(|_| Fault::None)).unwrap());
        let world = World::new(store, SimClock::new(start()), chance.fork());
        let owners = chance.between(1, 2);
        let mut life = Life::begin(world, owners, chance.fork());
        life.live(chance.between(8, 20));
        verdict::add_up_all(&life);
        judged(life)
    }
}

impl OnServer {
    fn new() -> Self {
        let store = Arc::new(Postgres::open(&Options::new(&database())).unwrap());
        Self { store, clock: SimClock::new(start()) }
    }
}

impl Ground for OnServer {
    const REGRESSIONS: &[u64] = &[];

    fn live(&mut self, seed: u64) -> Lived {
        let mut chance = Chance::new(seed);
        let world = World::new(Arc::clone(&self.store), self.clock.clone(), chance.fork());
        let mut life = Life::begin(world, 1, chance.fork());
        life.live(chance.between(3, 7));
        life.rest();
        let (places, store) = (life.owners.iter().map(|owner| owner.place), &self.store);
        for (merchant, _) in places {
            // Nobody looks after the clocks of those who are gone.
            let set = store.set_clock(merchant, SignedDuration::ZERO);
            read(set);
        }
        let next = self.clock.now() + SignedDuration::from_secs(1);
        self.clock.advance_to(next);
        judged(life)
    }
}

fn run(ground: &mut impl Ground, seed: u64) -> Lived {
    catch_unwind(AssertUnwindSafe(|| ground.live(seed))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(vec![("it panicked", text.unwrap_or_default())])
    })
}

#[expect(clippy::disallowed_methods, reason = "the seeds are given by whoever runs the test")]
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a whole number"))
}

#[expect(clippy::disallowed_methods, reason = "how long it really took is told")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// The regressions first, then as many as ordinary; or those that are given.
fn seeds(ordinary: u64, regressions: &[u64]) -> Vec<u64> {
    let first = given("POSTHORN_LIVES_SEED");
    let count = given("POSTHORN_LIVES").unwrap_or(if first.is_some() { 1 } else { ordinary });
    let mut seeds = if first.is_none() { regressions.to_vec() } else { Vec::new() };
    let from = first.unwrap_or(1);
    seeds
        .extend((from..from + count).filter(|seed| first.is_some() || !regressions.contains(seed)));
    seeds
}

/// Lives through all of them; of what is not to be forgotten something must have happened.
fn live_through<G: Ground>(
    (ordinary, threads): (u64, u64),
    test: &str,
    ground: impl Fn() -> G + Sync,
) {
    let seeds = seeds(ordinary, G::REGRESSIONS);
    let next = AtomicU64::new(0);
    let results = Mutex::new((Counts::new(), BTreeMap::new()));
    let work = || {
        let mut ground = ground();
        loop {
            let index = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap();
            let Some(seed) = seeds.get(index) else { break };
            let lived = run(&mut ground, *seed);
            let mut results = results.lock().unwrap();
            match lived {
                Ok(counts) => counts.into_iter().for_each(|(what, count)| {
                    *results.0.entry(what).or_default() += count;
                }),
                Err(violations) => drop(results.1.insert(*seed, violations)),
            }
            if results.1.len() >= TOLD_MAX {
                break;
            }
        }
    };
    let ((), took) = timed(|| {
        std::thread::scope(|scope| {
            for _ in 0..threads.min(seeds.len() as u64) {
                scope.spawn(work);
            }
        });
    });
    let (counts, failed) = results.into_inner().unwrap();
    let ran = seeds.len().min(usize::try_from(next.into_inner()).unwrap());
    println!("{ran} lives in {:.1} s: {counts:?}", took.as_secs_f64());
    for (seed, violations) in &failed {
        println!(
            "seed {seed} failed; replay it with: POSTHORN_LIVES_SEED={seed} \
             cargo test -p posthorn-engine --test lives -- --nocapture {test}"
        );
        for (law, what) in violations {
            println!("  {law}: {what}");
        }
    }
    assert!(failed.is_empty(), "{} of {ran} lives failed", failed.len());
}

#[test]
fn whatever_happens_on_sqlite_no_cent_is_made_lost_or_moved_twice() {
    live_through((ON_SQLITE, THREADS_ON_SQLITE), "on_sqlite", || InMemory);
}

#[test]
fn whatever_happens_on_postgresql_no_cent_is_made_lost_or_moved_twice() {
    live_through((ON_POSTGRES, THREADS_ON_POSTGRES), "on_postgresql", OnServer::new);
}
