//! One seed's world: a process that lives, dies and starts again, and the clock that drives it.

mod freezes;
mod lives;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use futures::executor::{LocalPool, LocalSpawner};
use futures::future::FutureExt;
use futures::task::LocalSpawnExt;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::contract::embedded;
use posthorn_core::endpoint::Status;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_engine::clock::Clock;
use posthorn_engine::{Engine, Held, MerchantDraft};
use posthorn_store::Store;
use posthorn_store::sqlite::Sqlite;

use crate::chance::Chance;
use crate::clock::SimClock;
use crate::deeds::{Client, Clients};
use crate::facts::Book;
use crate::network::{Bounds, Network};
use crate::plan::{Act, Deed, Draw, Plan};
use crate::receivers::Mood;
use crate::weather::Weather;

/// 2026-11-22, and some microseconds: real clocks do not stand at whole milliseconds.
const START_US: i64 = 1_795_305_600_123_457;
/// After everybody has gone, all must come to rest within this.
const REST_WITHIN: SignedDuration = SignedDuration::from_hours(24 * 60);
/// Every world lives through as many crashes.
const CRASHES_MIN: u32 = 2;
const BOUNDS: Bounds = Bounds { all: 24, merchant: 12 };

pub(crate) struct World {
    pub(crate) clock: SimClock,
    pub(crate) book: Book,
    pub(crate) network: Arc<Network>,
    pub(crate) store: Arc<Sqlite>,
    pub(crate) clients: Rc<Clients>,
    pub(crate) weather: Weather,
    chance: Chance,
    plan: Plan,
    life: Option<Life>,
    pub(crate) crashes: u32,
    retention: Option<SignedDuration>,
}

/// One life of the process.
struct Life {
    pool: LocalPool,
    engine: Engine,
    over: Rc<Cell<bool>>,
}

impl World {
    /// A new world: merchants of every contract, endpoints, and a plan.
    pub(crate) fn new(seed: u64, draw: Draw) -> Self {
        let mut chance = Chance::new(seed);
        let start = Timestamp::from_microsecond(START_US).unwrap();
        let plan = draw(start, &merchants(), &mut chance.fork());
        let mut world = Self::with(plan, chance);
        world.settle_merchants();
        world.weather.set_fair(false);
        world
    }

    /// A world in fair weather, with merchants and nothing else.
    pub(crate) fn empty() -> Self {
        let end = Timestamp::from_microsecond(START_US).unwrap();
        let plan = Plan { deeds: Vec::new(), failing: Vec::new(), end };
        let mut world = Self::with(plan, Chance::new(0));
        world.make_merchants();
        world
    }

    fn with(plan: Plan, mut chance: Chance) -> Self {
        let start = Timestamp::from_microsecond(START_US).unwrap();
        let clock = SimClock::new(start);
        let book = Book::default();
        let network = Arc::new(Network::new(clock.clone(), book.clone(), BOUNDS));
        let weather =
            Weather::new(clock.clone(), book.clone(), plan.failing.clone(), chance.fork());
        let store = Arc::new(Sqlite::inline(weather.faults()).unwrap());
        let clients = Rc::new(Clients {
            clock: clock.clone(),
            book: book.clone(),
            network: Arc::clone(&network),
            chance: RefCell::new(chance.fork()),
            merchants: merchants(),
            start,
            unanswered: RefCell::default(),
            engaged: RefCell::default(),
            hosts_made: RefCell::new(0),
            followed: RefCell::default(),
        });
        let mut world = Self {
            clock,
            book,
            network,
            store,
            clients,
            weather,
            chance,
            plan,
            life: None,
            crashes: 0,
            retention: None,
        };
        world.begin_life();
        world
    }

    /// Six merchants, one of each contract.
    fn make_merchants(&mut self) {
        let client = self.client();
        for (index, contract) in embedded().iter().enumerate() {
            let draft = MerchantDraft {
                name: format!("merchant {index}"),
                contract: contract.name.clone(),
                reference: (index % 2 == 0).then(|| format!("reference-{index}")),
                strict_catalogue: false,
                retention: None,
                legal_hold: false,
                keep_test_keys: false,
            };
            let made = client.engine.create_merchant(draft, None).now_or_never().unwrap().unwrap();
            assert_eq!(made.0.id, self.clients.merchants[index]);
        }
    }

    /// Each merchant with one to four endpoints.
    fn settle_merchants(&mut self) {
        self.make_merchants();
        let client = self.client();
        for merchant in self.clients.merchants.clone() {
            for _ in 0..self.chance.between(1, 4) {
                let mode = if self.chance.percent(70) { Mode::Test } else { Mode::Live };
                client.create_for(merchant, mode).now_or_never().unwrap();
            }
        }
    }

    pub(crate) fn client(&self) -> Client {
        let engine = self.life.as_ref().expect("the process lives").engine.clone();
        Client { all: Rc::clone(&self.clients), engine }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.client().engine
    }

    fn spawner(&self) -> LocalSpawner {
        self.life.as_ref().expect("the process lives").pool.spawner()
    }

    pub(crate) fn spawn(&mut self, act: Act) {
        let client = self.client();
        self.spawner().spawn_local(async move { client.act(act).await }).unwrap();
    }

    /// Lets everything happen that can happen now.
    pub(crate) fn stall(&mut self) {
        let life = self.life.as_mut().expect("the process lives");
        life.pool.run_until_stalled();
        if self.weather.crashed() {
            self.crashes += 1;
            self.start_again();
            self.stall();
        }
    }

    /// Lets time pass.
    pub(crate) fn run_until(&mut self, at: Timestamp) {
        loop {
            self.stall();
            match self.clock.next() {
                Some(next) if next <= at => self.clock.advance_to(next),
                Some(_) | None => break,
            }
        }
        self.clock.advance_to(at);
        self.stall();
    }

    /// Everything that is planned, by the time that has passed: whoever sets the clock moves nobody's plans.
    pub(crate) fn play(&mut self) {
        for (at, deed) in std::mem::take(&mut self.plan.deeds) {
            self.run_until(at + self.clock.set_by());
            match deed {
                Deed::Crash => {
                    self.weather.crash();
                    self.stall();
                }
                Deed::CrashAt(points) => self.weather.crash_in(points),
                Deed::Stop => self.stop(),
                Deed::Freeze { length, freed } => {
                    self.freeze(length);
                    if freed {
                        self.free_expired();
                    }
                }
                Deed::FreeExpired => self.free_expired(),
                Deed::SetClock(by) => self.set_clock(by),
                Deed::Client(act) => self.spawn(act),
            }
        }
        self.run_until(self.plan.end + self.clock.set_by());
        // One that was to strike after so many writes may never have come to it.
        while self.crashes < CRASHES_MIN {
            self.weather.crash();
            self.stall();
        }
    }

    /// How long the plan was.
    pub(crate) fn plan_days(&self) -> u64 {
        let span = self.clock.now().duration_since(self.clients.start);
        u64::try_from(span.as_hours() / 24).unwrap()
    }

    pub(crate) fn backlog(&self) -> posthorn_store::Backlog {
        self.store.backlog().now_or_never().unwrap().unwrap()
    }

    /// Nobody does anything any more and nothing goes wrong: all must come to rest.
    pub(crate) fn rest(&mut self, why: &str) {
        self.weather.set_fair(true);
        self.weather.restart();
        let until = self.clock.now() + REST_WITHIN;
        loop {
            let now = self.clock.now();
            self.run_until(now + SignedDuration::from_hours(6));
            let backlog = self.backlog();
            let jobs = self.store.running_jobs().now_or_never().unwrap().unwrap();
            let unanswered = self.clients.unanswered.borrow().len();
            if backlog.due + backlog.leased == 0 && jobs.is_empty() && unanswered == 0 {
                return;
            }
            if now >= until {
                let what = format!(
                    "{why}: stuck with {} due, {} leased, {jobs:?}, {unanswered} unanswered",
                    backlog.due, backlog.leased
                );
                self.book.open().violated(what);
                return;
            }
        }
    }

    /// Every receiver is well and every endpoint enabled: what is parked must go out.
    pub(crate) fn wake_everybody(&mut self) {
        self.network.set_mood(Mood::Well);
        let client = self.client();
        let directory = self.store.directory().now_or_never().unwrap().unwrap();
        for endpoint in directory.endpoints {
            if endpoint.status != Status::Active {
                let place = (endpoint.merchant, endpoint.mode, endpoint.id);
                let answer = client.engine.enable_endpoint(place).now_or_never().unwrap();
                answer.unwrap();
            }
        }
    }

    /// Stops for good.
    pub(crate) fn close(&mut self) {
        let held = self.engine().held();
        if held != Held::default() {
            self.book.open().violated(format!("idle, but in memory: {held:?}"));
        }
    }
}

fn merchants() -> Vec<MerchantId> {
    (1..=6).map(MerchantId::from_i64).collect()
}
