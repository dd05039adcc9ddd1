//! What carries verbs out: a database, with its threads and connections, behind [`crate::Store`].

use futures::FutureExt;
use futures::future::{BoxFuture, pending, ready};
use jiff::Timestamp;
use posthorn_core::id::{EventId, JobId};

use crate::db::Db;
use crate::{Accepted, Answer, Beat, Company, Place, Relay, Said};

/// What became of a verb inside its transaction.
pub(crate) type Outcome<A, B> = Result<A, <<B as Backend>::Tx as Db>::Trouble>;

/// A database that is open. A verb is a function of a transaction; it may be called again when the
/// transaction could not be committed, so it decides nothing by itself.
pub(crate) trait Backend: Send + Sync + 'static {
    /// Its transactions.
    type Tx: Db;

    /// Carries a verb out in a transaction of its own or in company; durable when it answers.
    /// `bytes`: what it writes, roughly.
    fn write<A, V>(&self, lane: Lane, bytes: usize, verb: V) -> Answer<'_, A>
    where
        A: Send + 'static,
        V: AsyncFn(&Self::Tx) -> Outcome<A, Self> + Send + 'static;

    /// Reads in one transaction, so that several statements see one state. It may be called again when
    /// the connection was lost before it answered.
    fn read_with<A, R>(&self, patience: Patience, read: R) -> Answer<'_, A>
    where
        A: Send + 'static,
        R: AsyncFn(&Self::Tx) -> Outcome<A, Self> + Send + 'static;

    /// The same, with the patience that callers have.
    fn read<A, R>(&self, read: R) -> Answer<'_, A>
    where
        A: Send + 'static,
        R: AsyncFn(&Self::Tx) -> Outcome<A, Self> + Send + 'static,
    {
        self.read_with(Patience::Second, read)
    }

    /// Bytes of the write-ahead log that is not yet in the database; 0 where that is another's care.
    fn wal_bytes(&self) -> u64;

    // What follows is of a database that one server has for itself, unless it says otherwise.

    /// Whether other servers may be at work on it.
    fn is_shared(&self) -> bool {
        false
    }

    /// Takes a place among the servers.
    fn join(&self, _: Timestamp) -> Answer<'_, Place> {
        let place = Place { node: 0, alone: true, after: EventId::from_i64(0) };
        ready(Ok(place)).boxed()
    }

    /// Gives a sign of life.
    fn beat(&self, _: Beat) -> Answer<'_, Company> {
        ready(Ok(Company { changes: Some(Vec::new()), ..Company::default() })).boxed()
    }

    /// Ready when another server says that something changed.
    fn told(&self) -> BoxFuture<'static, ()> {
        pending().boxed()
    }

    /// Gives the place up.
    fn leave(&self) -> Answer<'_, ()> {
        ready(Ok(())).boxed()
    }

    /// Takes the jobs that no other server is at.
    fn take_jobs(&self, ids: Vec<JobId>) -> Answer<'_, Vec<JobId>> {
        ready(Ok(ids)).boxed()
    }

    /// What the operator's programs said.
    fn outbox(&self, _: u32) -> Answer<'_, Vec<Said>> {
        ready(Ok(Vec::new())).boxed()
    }

    /// Makes events of what they said.
    fn relay(&self, _: Vec<Relay>) -> Answer<'_, Vec<Option<Accepted>>> {
        ready(Ok(Vec::new())).boxed()
    }

    /// Puts something they said aside.
    fn refuse(&self, _: i64, _: String) -> Answer<'_, ()> {
        ready(Ok(())).boxed()
    }

    /// Forgets what every server was told.
    fn forget_changes(&self) -> Answer<'_, u64> {
        ready(Ok(0)).boxed()
    }
}

/// How urgent a write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Finishes what is under way, or is needed to start: drained first, and served even when the disk
    /// is full.
    Reserved,
    /// Everything else.
    Ordinary,
}

/// How long a read may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A second; then it is interrupted.
    Second,
    /// As long as it takes: for checks that an operator asks for, and what a start-up cannot do
    /// without.
    Endless,
}
