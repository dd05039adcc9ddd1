//! The lives of a world's process: it begins, it is stopped, it dies and starts again.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::LocalPool;
use futures::future::FutureExt;
use futures::task::LocalSpawnExt;
use jiff::SignedDuration;
use posthorn_core::contract::embedded;
use posthorn_core::secret::MasterKeys;
use posthorn_engine::clock::Clock;
use posthorn_engine::entropy::Entropy;
use posthorn_engine::guard::Guard;
use posthorn_engine::{Engine, Options, Parts};
use prometheus_client::registry::Registry;

use super::{BOUNDS, Life, World};
use crate::plan::Act;
use crate::rig::Rig;

/// How long a stop waits for tries, one life after the other: less than receivers may take.
const GRACES: [Duration; 3] =
    [Duration::from_secs(3), Duration::from_secs(1), Duration::from_secs(20)];

impl World {
    pub(super) fn begin_life(&mut self) {
        let lives = {
            let mut facts = self.book.open();
            facts.lives.push((self.clock.now(), None));
            facts.leases.clear();
            facts.lives.len()
        };
        self.network.set_life(Some(lives - 1));
        let (clock, weather) = (self.clock.clone(), self.weather.clone());
        let rig = Rig::new(Arc::clone(&self.store), clock, weather, self.book.clone());
        let parts = Parts {
            store: Arc::new(rig),
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(Entropy::seeded(self.chance.next())),
            transport: Arc::clone(&self.network) as _,
            guard: Arc::new(Guard::default()),
            contracts: embedded().iter().map(|contract| (**contract).clone()).collect(),
            master: MasterKeys::new([7; 32], &[]),
            admin_key: None,
            options: Options {
                sandbox: true,
                in_flight_max: BOUNDS.all,
                merchant_in_flight_max: BOUNDS.merchant,
                drain_per_second: 3,
                grace: GRACES[lives % GRACES.len()],
                house_round: SignedDuration::from_hours(3),
                job_round: SignedDuration::from_hours(1),
                retention: self.retention,
                public_url: None,
                egress: Vec::new(),
                requests: None,
                retention_round: SignedDuration::from_hours(4),
            },
        };
        let mut registry = Registry::default();
        let start = Engine::start(parts, &mut registry);
        let (engine, runner, _) =
            start.now_or_never().expect("nothing waits in fair weather").unwrap();
        let pool = LocalPool::new();
        let over = Rc::new(Cell::new(false));
        let tells = Rc::clone(&over);
        let run = async move {
            runner.run().await;
            tells.set(true);
        };
        pool.spawner().spawn_local(run).unwrap();
        self.life = Some(Life { pool, engine, over });
        for merchant in &self.clients.merchants {
            self.spawner().spawn_local(self.client().follow(*merchant)).unwrap();
        }
    }

    fn end_life(&mut self) {
        self.network.set_life(None);
        self.life = None;
        self.clients.engaged.borrow_mut().clear();
        let now = self.clock.now();
        if let Some(last) = self.book.open().lives.last_mut() {
            last.1 = Some(now);
        }
    }

    /// The process is dead: after a while it starts again on the same database.
    pub(super) fn start_again(&mut self) {
        self.end_life();
        let down_s = if self.chance.percent(70) { 0 } else { self.chance.below(20_000) };
        let down = SignedDuration::from_secs(i64::try_from(down_s).unwrap());
        self.clock.advance_to(self.clock.now() + down);
        self.store = Arc::new(self.store.reopen(self.weather.faults()).unwrap());
        self.weather.restart();
        self.weather.set_fair(true);
        self.begin_life();
        self.weather.set_fair(false);
        let again: Vec<_> = self.clients.unanswered.borrow().values().cloned().collect();
        for (events, key) in again {
            self.spawn(Act::Accept { events, key });
        }
    }

    /// The operator stops the process and starts it again.
    pub(crate) fn stop(&mut self) {
        if let Some(life) = &self.life {
            life.engine.stop();
        }
        let before = self.book.open().lives.len();
        let give_up = self.clock.now() + SignedDuration::from_mins(5);
        loop {
            self.stall();
            if self.book.open().lives.len() != before {
                return;
            }
            if self.life.as_ref().is_some_and(|life| life.over.get()) {
                break;
            }
            match self.clock.next() {
                Some(next) if next <= give_up => self.clock.advance_to(next),
                Some(_) | None => {
                    self.book.open().violated("it did not stop within five minutes".to_owned());
                    break;
                }
            }
        }
        if self.network.under_way() > 0 {
            self.book.open().violated("tries were under way after it had stopped".to_owned());
        }
        let leased = self.backlog().leased;
        if leased > 0 {
            self.book.open().violated(format!("{leased} leases were left after it had stopped"));
        }
        let mut facts = self.book.open();
        let life = facts.lives.len() - 1;
        facts.orderly.insert(life);
        drop(facts);
        self.start_again();
    }

    /// From the next start on events are kept so long.
    pub(crate) fn keep(&mut self, retention: SignedDuration) {
        self.retention = Some(retention);
        self.stop();
    }
}
