//! One process on one database: it is given commands, dies, and starts again.

use std::sync::Arc;

use futures::executor::{LocalPool, block_on};
use futures::future::{BoxFuture, FutureExt};
use futures::task::LocalSpawnExt;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::contract::embedded;
use posthorn_core::secret::MasterKeys;
use posthorn_engine::clock::Clock;
use posthorn_engine::entropy::Entropy;
use posthorn_engine::guard::Guard;
use posthorn_engine::transport::{Answer, Phases, Request, Transport, Tried};
use posthorn_engine::{Engine, Options, Parts};
use posthorn_store::Store;
use prometheus_client::registry::Registry;

use crate::chance::Chance;
use crate::clock::SimClock;
use crate::rig::Rig;
use crate::weather::Weather;
use crate::witness::Witness;

/// Steps of the clock that a command may take.
const STEPS_MAX: u32 = 20_000;

/// Receivers, who are always well: what they are sent is not what this is about.
struct Receivers;

impl Transport for Receivers {
    fn send(&self, _: Request) -> BoxFuture<'static, Tried> {
        let answer = Answer {
            status: 200,
            headers: Vec::new(),
            body: bytes::Bytes::new(),
            truncated: false,
        };
        let tried = Tried { result: Ok(answer), phases: Phases::default(), peer: None };
        futures::future::ready(tried).boxed()
    }

    fn cut_off(&self) {}
}

/// One life of the process.
struct Running {
    pool: LocalPool,
    engine: Engine,
}

/// How a command is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// The answer is waited for.
    Endless,
    /// The caller hangs up after so many steps of the clock.
    Steps(u32),
}

pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: SimClock,
    pub(crate) weather: Weather,
    pub(crate) witness: Witness,
    pub(crate) crashes: u64,
    chance: Chance,
    running: Option<Running>,
}

impl World {
    pub(crate) fn new(store: Arc<dyn Store>, clock: SimClock, mut chance: Chance) -> Self {
        let (weather, witness) = (Weather::new(chance.fork()), Witness::default());
        let running = None;
        let mut world = Self { store, clock, weather, witness, crashes: 0, chance, running };
        world.begin();
        world
    }

    fn begin(&mut self) {
        let rig = Rig {
            inner: Arc::clone(&self.store),
            clock: self.clock.clone(),
            weather: self.weather.clone(),
            witness: self.witness.clone(),
        };
        let hours = SignedDuration::from_hours;
        let parts = Parts {
            store: Arc::new(rig),
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(Entropy::seeded(self.chance.next())),
            transport: Arc::new(Receivers),
            guard: Arc::new(Guard::default()),
            contracts: embedded().iter().map(|contract| (**contract).clone()).collect(),
            master: MasterKeys::new([7; 32], &[]),
            admin_key: None,
            options: Options {
                sandbox: true,
                house_round: hours(48),
                job_round: hours(1),
                retention_round: hours(48),
                ..Options::default()
            },
        };
        let mut pool = LocalPool::new();
        let start = async move { Engine::start(parts, &mut Registry::default()).await };
        let started = pool.spawner().spawn_local_with_handle(start).unwrap();
        stall(&mut pool, &self.weather);
        let started = started.now_or_never().expect("nothing takes time when it starts");
        let (engine, runner, _) = started.expect("nothing goes wrong when it starts");
        pool.spawner().spawn_local(runner.run()).unwrap();
        self.running = Some(Running { pool, engine });
    }

    /// The process dies, and starts again on the same database.
    pub(crate) fn crash(&mut self) {
        self.running = None;
        self.crashes += 1;
        self.weather.restart();
        self.begin();
    }

    pub(crate) fn engine(&self) -> Engine {
        self.running.as_ref().expect("it runs").engine.clone()
    }

    fn stall(&mut self) -> bool {
        stall(&mut self.running.as_mut().expect("it runs").pool, &self.weather)
    }

    /// Carries a command out; `None` when the process died, or the caller hung up.
    pub(crate) fn carry<T: 'static>(
        &mut self,
        call: impl Future<Output = T> + 'static,
        patience: Patience,
    ) -> Option<T> {
        let running = self.running.as_ref().expect("it runs");
        let mut answer = running.pool.spawner().spawn_local_with_handle(call).unwrap();
        for step in 0..STEPS_MAX {
            if !self.stall() {
                drop(answer);
                self.crash();
                return None;
            }
            if let Some(answer) = (&mut answer).now_or_never() {
                return Some(answer);
            }
            if patience == Patience::Steps(step) {
                return None;
            }
            let next = self.clock.next().expect("the runner always waits for something");
            self.clock.advance_to(next);
        }
        self.witness.violated("a command was never answered", format!("in {STEPS_MAX} steps"));
        None
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, by: SignedDuration) {
        let until = self.clock.now() + by;
        loop {
            if !self.stall() {
                self.crash();
                continue;
            }
            match self.clock.next() {
                Some(next) if next <= until => self.clock.advance_to(next),
                Some(_) | None => break,
            }
        }
        self.clock.advance_to(until);
        if !self.stall() {
            self.crash();
        }
    }
}

/// Asks the database itself, when nothing is under way.
pub(crate) fn read<T>(answer: posthorn_store::Answer<'_, T>) -> T {
    block_on(answer).expect("the database answers")
}

/// Lets everything happen that can happen now; answers whether the process lives.
fn stall(pool: &mut LocalPool, weather: &Weather) -> bool {
    loop {
        pool.run_until_stalled();
        if weather.crashed() {
            return false;
        }
        if !weather.land() {
            return true;
        }
    }
}

/// 2026-11-22, and some microseconds: real clocks do not stand at whole milliseconds.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_microsecond(1_795_305_600_123_457).unwrap()
}
