//! The store on PostgreSQL, for any number of servers.
//!
//! One thread speaks to the database, over a pool of connections; callers hand it their verbs and wait
//! for answers, so that a store can be used from any runtime, or none. A transaction that met another
//! (a deadlock, a unique index) or lost its connection before it was asked to commit is done again.

mod again;
mod fate;
#[cfg(test)]
mod held_up;
mod hot;
mod import;
mod look;
mod migrations;
mod nodes;
mod options;
mod outbox;
mod parts;
mod pipeline;
mod session;
mod statement;
mod transaction;
mod trouble;
mod waiting;
mod way;
mod worker;

use std::future::ready;
use std::sync::Arc;
use std::thread::JoinHandle;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use jiff::Timestamp;
use posthorn_core::delivery::Claim;
use posthorn_core::id::JobId;
use tokio::sync::{Notify, mpsc};

pub use hot::Batches;
pub use import::ImportError;
pub use look::{Deployment, Lack, Look, Server, Sign};
pub use migrations::OpenError;
pub use options::{Options, Pooler};
pub use parts::width;
pub use waiting::BOUNDS;
pub use way::Tls;

use crate::backend::{Backend, Lane, Outcome, Patience, plain};
use crate::weight::{SMALL, accept_bytes, settle_bytes};
use crate::{
    Accept, Accepted, Answer, Ask, Beat, Company, Faults, Keep, Migration, Now, PartStep, Place,
    Relay, Release, Said, Servers, Settled, Settlement, StoreError,
};
use hot::{Asks, Gauges, Verb, Waiter};
use transaction::{Kind, Transaction};
use waiting::{Place as Waits, Waiting};
use worker::{Beside, Work, Worker};

/// The store on PostgreSQL.
pub struct Postgres {
    work: Option<mpsc::UnboundedSender<Work>>,
    told: Arc<Notify>,
    /// The hot verbs; none when they are plain.
    hot: Option<mpsc::UnboundedSender<Verb>>,
    waiting: Arc<Waiting>,
    gauges: Arc<Gauges>,
    part_days: u32,
    thread: Option<JoinHandle<()>>,
}

impl Postgres {
    /// Connects, and brings the schema up to date.
    pub fn open(options: &Options) -> Result<Self, OpenError> {
        Self::start(options, None)
    }

    /// The same with faults on demand: for tests.
    pub fn open_with(options: &Options, faults: Faults) -> Result<Self, OpenError> {
        Self::start(options, Some(faults))
    }

    fn start(options: &Options, faults: Option<Faults>) -> Result<Self, OpenError> {
        let (work, waiting) = mpsc::unbounded_channel();
        let (hot, gathered) = mpsc::unbounded_channel();
        let gauges = Arc::<Gauges>::default();
        let counted = Arc::clone(&gauges);
        let beside: Beside = Box::new(|worker| hot::serve(worker, gathered, counted).boxed_local());
        let told = Arc::default();
        let thread = Worker::start(options, faults, waiting, Arc::clone(&told), beside)?;
        let (hot, waiting) = (options.batches.then_some(hot), Arc::default());
        let part_days = options.part_days;
        Ok(Self { work: Some(work), told, hot, waiting, gauges, part_days, thread: Some(thread) })
    }

    /// Looks at a database from outside, without a schema of its own even. Nothing is changed.
    pub fn look(options: &Options) -> Result<Look, OpenError> {
        look::look(options)
    }

    /// The migrations that a database still needs. Nothing is changed.
    pub fn plan_migrations(options: &Options) -> Result<Vec<Migration>, OpenError> {
        look::plan(options)
    }

    /// How many hot verbs were carried out together so far.
    #[must_use]
    pub fn batches(&self) -> Batches {
        self.gauges.now()
    }

    /// From now on each verb that a bound of the store refuses is told, by the bound's name: one of
    /// [`BOUNDS`].
    pub fn tell_bounds(&self, told: impl Fn(&'static str) + Send + Sync + 'static) {
        self.waiting.bounds.tell(told);
    }

    /// Keeps servers from starting on this database for as long as this store is there. `false`: some
    /// are at work, or there is no way to it past a pooler.
    #[must_use]
    pub fn keep_out(&self) -> Answer<'static, bool> {
        self.ask(async move |worker| worker.keep_out().await)
    }

    /// Puts a hot verb among those that wait for the next batch.
    fn gather<Q, A: Send + 'static>(
        &self,
        hot: &mpsc::UnboundedSender<Verb>,
        (lane, bytes): (Lane, usize),
        asked: Q,
        verb: impl FnOnce(Waiter<Q, A>) -> Verb,
    ) -> Answer<'static, A> {
        let place = match self.waiting.enter(lane, bytes) {
            Ok(place) => place,
            Err(error) => return ready(Err(error)).boxed(),
        };
        let (waiter, answer) = Waiter::new(asked, place);
        answered(hot.send(verb(waiter)).map_err(|_| StoreError::Closed), answer)
    }

    fn push(&self, work: Work) -> Result<(), StoreError> {
        let sender = self.work.as_ref().ok_or(StoreError::Closed)?;
        sender.send(work).map_err(|_| StoreError::Closed)
    }

    /// Hands work to the thread that has a place among what waits, or refuses it.
    fn ask_bounded<A: Send + 'static>(
        &self,
        place: Result<Waits, StoreError>,
        work: impl AsyncFnOnce(&Worker) -> Result<A, StoreError> + Send + 'static,
    ) -> Answer<'static, A> {
        match place {
            Err(error) => ready(Err(error)).boxed(),
            Ok(place) => self.ask(async move |worker| {
                let _until_answered = place;
                work(worker).await
            }),
        }
    }

    /// Hands work to the thread; answers what came of it.
    fn ask<A: Send + 'static>(
        &self,
        work: impl AsyncFnOnce(&Worker) -> Result<A, StoreError> + Send + 'static,
    ) -> Answer<'static, A> {
        let (reply, answer) = oneshot::channel();
        let pushed = self.push(Box::new(move |worker| {
            async move {
                // A caller that does not wait any more has nobody to be told.
                let _ = reply.send(work(&worker).await);
            }
            .boxed_local()
        }));
        answered(pushed, answer)
    }
}

impl Drop for Postgres {
    /// What waits is still done.
    fn drop(&mut self) {
        (self.work, self.hot) = (None, None);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's thread ended by a panic");
        }
    }
}

impl Backend for Postgres {
    type Tx = Transaction;

    fn write<A, V>(&self, lane: Lane, bytes: usize, verb: V) -> Answer<'_, A>
    where
        A: Send + 'static,
        V: AsyncFn(&Transaction) -> Outcome<A, Self> + Send + 'static,
    {
        let place = self.waiting.enter(lane, bytes);
        self.ask_bounded(place, async move |worker| worker.write(&verb).await)
    }

    fn read_with<A, R>(&self, patience: Patience, read: R) -> Answer<'_, A>
    where
        A: Send + 'static,
        R: AsyncFn(&Transaction) -> Outcome<A, Self> + Send + 'static,
    {
        let kind = match patience {
            Patience::Second => Kind::Read,
            Patience::Endless => Kind::ReadEndless,
        };
        let place = self.waiting.enter_read();
        self.ask_bounded(place, async move |worker| worker.read(kind, &read).await)
    }

    fn accept(&self, events: Vec<Accept>) -> Answer<'_, Vec<Accepted>> {
        let size = (Lane::Ordinary, accept_bytes(&events));
        match &self.hot {
            Some(hot) => self.gather(hot, size, events, Verb::Accept),
            None => plain::accept(self, events),
        }
    }

    fn claim(&self, asks: Vec<Ask>, until: Timestamp, bytes_max: usize) -> Answer<'_, Vec<Claim>> {
        let size = (Lane::Ordinary, SMALL);
        match &self.hot {
            Some(hot) => self.gather(hot, size, Asks { each: asks, until, bytes_max }, Verb::Claim),
            None => plain::claim(self, asks, until, bytes_max),
        }
    }

    fn settle(&self, settlements: Vec<Settlement>) -> Answer<'_, Vec<Settled>> {
        let size = (Lane::Reserved, settle_bytes(&settlements));
        match &self.hot {
            Some(hot) => self.gather(hot, size, settlements, Verb::Settle),
            None => plain::settle(self, settlements),
        }
    }

    fn release(&self, releases: Vec<Release>) -> Answer<'_, ()> {
        let size = (Lane::Reserved, SMALL);
        match &self.hot {
            Some(hot) => self.gather(hot, size, releases, Verb::Release),
            None => plain::release(self, releases),
        }
    }

    fn open_parts(&self, now: Timestamp) -> Answer<'_, u32> {
        let width = self.part_days;
        async move {
            let mut steps = 0;
            let open = async move |db: &Transaction| parts::open(db, now, width).await;
            while self.write(Lane::Ordinary, 0, open).await? {
                steps += 1;
            }
            Ok(steps)
        }
        .boxed()
    }

    fn close_part(&self, keep: Keep) -> Answer<'_, PartStep> {
        self.write(Lane::Ordinary, 0, async move |db| parts::close(db, keep).await)
    }

    fn wal_bytes(&self) -> u64 {
        0
    }
}

impl Servers for Postgres {
    fn is_shared(&self) -> bool {
        true
    }

    fn join(&self, now: Now) -> Answer<'_, Place> {
        self.ask(async move |worker| worker.join(now).await)
    }

    fn beat(&self, beat: Beat) -> Answer<'_, Company> {
        self.ask(async move |worker| worker.beat(beat).await)
    }

    fn told(&self) -> BoxFuture<'static, ()> {
        let told = Arc::clone(&self.told);
        async move { told.notified().await }.boxed()
    }

    fn leave(&self) -> Answer<'_, ()> {
        self.ask(async move |worker| worker.leave().await)
    }

    fn take_jobs(&self, ids: Vec<JobId>) -> Answer<'_, Vec<JobId>> {
        self.ask(async move |worker| worker.take_jobs(&ids).await)
    }

    fn outbox(&self, limit: u32) -> Answer<'_, Vec<Said>> {
        self.ask(async move |worker| worker.outbox(limit).await)
    }

    fn relay(&self, relays: Vec<Relay>) -> Answer<'_, Vec<Option<Accepted>>> {
        self.ask(async move |worker| worker.relay(&relays).await)
    }

    fn refuse(&self, place: i64, why: String) -> Answer<'_, bool> {
        self.ask(async move |worker| worker.refuse(place, &why).await)
    }

    fn forget_changes(&self) -> Answer<'_, u64> {
        self.ask(async move |worker| worker.forget_changes().await)
    }
}

fn answered<A: Send + 'static>(
    pushed: Result<(), StoreError>,
    answer: oneshot::Receiver<Result<A, StoreError>>,
) -> Answer<'static, A> {
    async move {
        pushed?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }
    .boxed()
}
