//! The store on PostgreSQL, for any number of servers.
//!
//! One thread speaks to the database, over a pool of connections; callers hand it their verbs and wait
//! for answers, so that a store can be used from any runtime, or none. A transaction that met another
//! (a deadlock, a unique index) or lost its connection before it was asked to commit is done again.

mod again;
mod fate;
mod migrations;
mod nodes;
mod options;
mod outbox;
mod session;
mod statement;
mod transaction;
mod trouble;
mod way;
mod worker;

use std::sync::Arc;
use std::thread::JoinHandle;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use jiff::Timestamp;
use posthorn_core::id::JobId;
use tokio::sync::{Notify, mpsc};

pub use migrations::OpenError;
pub use options::{Options, Pooler};
pub use way::Tls;

use crate::backend::{Backend, Lane, Outcome, Patience};
use crate::{Accepted, Answer, Beat, Company, Faults, Place, Relay, Said, StoreError};
use transaction::{Kind, Transaction};
use worker::{Work, Worker};

/// The store on PostgreSQL.
pub struct Postgres {
    work: Option<mpsc::UnboundedSender<Work>>,
    told: Arc<Notify>,
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
        let told = Arc::default();
        let thread = Worker::start(options, faults, waiting, Arc::clone(&told))?;
        Ok(Self { work: Some(work), told, thread: Some(thread) })
    }

    fn push(&self, work: Work) -> Result<(), StoreError> {
        let sender = self.work.as_ref().ok_or(StoreError::Closed)?;
        sender.send(work).map_err(|_| StoreError::Closed)
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
        async move {
            pushed?;
            answer.await.unwrap_or(Err(StoreError::Closed))
        }
        .boxed()
    }
}

impl Drop for Postgres {
    /// What waits is still done.
    fn drop(&mut self) {
        self.work = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's thread ended by a panic");
        }
    }
}

impl Backend for Postgres {
    type Tx = Transaction;

    fn write<A, V>(&self, _lane: Lane, _bytes: usize, verb: V) -> Answer<'_, A>
    where
        A: Send + 'static,
        V: AsyncFn(&Transaction) -> Outcome<A, Self> + Send + 'static,
    {
        self.ask(async move |worker| worker.write(&verb).await)
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
        self.ask(async move |worker| worker.read(kind, &read).await)
    }

    fn wal_bytes(&self) -> u64 {
        0
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn join(&self, now: Timestamp) -> Answer<'_, Place> {
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

    fn refuse(&self, place: i64, why: String) -> Answer<'_, ()> {
        self.ask(async move |worker| worker.refuse(place, &why).await)
    }

    fn forget_changes(&self) -> Answer<'_, u64> {
        self.ask(async move |worker| worker.forget_changes().await)
    }
}
