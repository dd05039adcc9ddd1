//! The store on PostgreSQL, for one server at a time.
//!
//! One thread speaks to the database, over a pool of connections; callers hand it their verbs and wait
//! for answers, so that a store can be used from any runtime, or none. A transaction that met another
//! (a deadlock, a unique index) or lost its connection before it was asked to commit is done again.

mod alone;
mod migrations;
mod statement;
mod transaction;
mod trouble;
mod worker;

use std::thread::JoinHandle;

use futures::FutureExt;
use futures::channel::oneshot;
use tokio::sync::mpsc;

pub use migrations::OpenError;

use crate::backend::{Backend, Lane, Outcome, Patience};
use crate::{Answer, Faults, StoreError};
use transaction::{Kind, Transaction};
use worker::{Work, Worker};

/// How to reach the database, and how much of it to use.
#[derive(Debug, Clone)]
pub struct Options {
    /// `postgres://user:password@host:port/database`, or the form of libpq with keywords.
    pub url: String,
    /// Connections, at most.
    pub connections: usize,
}

impl Options {
    /// The usual number of connections.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), connections: 8 }
    }
}

/// The store on PostgreSQL.
pub struct Postgres {
    work: Option<mpsc::UnboundedSender<Work>>,
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
        let thread = Worker::start(options, faults, waiting)?;
        Ok(Self { work: Some(work), thread: Some(thread) })
    }

    fn push(&self, work: Work) -> Result<(), StoreError> {
        let sender = self.work.as_ref().ok_or(StoreError::Closed)?;
        sender.send(work).map_err(|_| StoreError::Closed)
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
        let (reply, answer) = oneshot::channel();
        let pushed = self.push(Box::new(move |worker| {
            async move {
                // A caller that does not wait any more has nobody to be told.
                let _ = reply.send(worker.write(&verb).await);
            }
            .boxed_local()
        }));
        answered(pushed, answer)
    }

    fn read_with<A, R>(&self, patience: Patience, read: R) -> Answer<'_, A>
    where
        A: Send + 'static,
        R: AsyncFnOnce(&Transaction) -> Outcome<A, Self> + Send + 'static,
    {
        let kind = match patience {
            Patience::Second => Kind::Read,
            Patience::Endless => Kind::ReadEndless,
        };
        let (reply, answer) = oneshot::channel();
        let pushed = self.push(Box::new(move |worker| {
            async move {
                // A caller that does not wait any more has nobody to be told.
                let _ = reply.send(worker.read(kind, read).await);
            }
            .boxed_local()
        }));
        answered(pushed, answer)
    }

    fn wal_bytes(&self) -> u64 {
        0
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
