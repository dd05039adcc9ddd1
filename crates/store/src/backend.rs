//! What carries verbs out: a database, with its threads and connections, behind [`crate::Store`].

use futures::FutureExt;
use jiff::Timestamp;
use posthorn_core::delivery::Claim;

use crate::db::Db;
use crate::weight::{SMALL, accept_bytes, settle_bytes};
use crate::{Accept, Accepted, Answer, Ask, Keep, PartStep, Release, Servers, Settled, Settlement};

/// What became of a verb inside its transaction.
pub(crate) type Outcome<A, B> = Result<A, <<B as Backend>::Tx as Db>::Trouble>;

/// A database that is open. A verb is a function of a transaction; it may be called again when the
/// transaction could not be committed, so it decides nothing by itself.
pub(crate) trait Backend: Servers + Sized + 'static {
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

    /// [`crate::Store::accept`]. It and the next three are the hot verbs: a database may carry out many
    /// of them as one.
    fn accept(&self, events: Vec<Accept>) -> Answer<'_, Vec<Accepted>> {
        plain::accept(self, events)
    }

    /// [`crate::Store::claim`].
    fn claim(&self, asks: Vec<Ask>, until: Timestamp, bytes_max: usize) -> Answer<'_, Vec<Claim>> {
        plain::claim(self, asks, until, bytes_max)
    }

    /// [`crate::Store::settle`].
    fn settle(&self, settlements: Vec<Settlement>) -> Answer<'_, Vec<Settled>> {
        plain::settle(self, settlements)
    }

    /// [`crate::Store::release`].
    fn release(&self, releases: Vec<Release>) -> Answer<'_, ()> {
        plain::release(self, releases)
    }

    /// Makes tables ahead for what is accepted from `now` on; 0 where it has none.
    fn open_parts(&self, _now: Timestamp) -> Answer<'_, u32> {
        std::future::ready(Ok(0)).boxed()
    }

    /// A step towards dropping the oldest part that is older than the deployment keeps.
    fn close_part(&self, _keep: Keep) -> Answer<'_, PartStep> {
        std::future::ready(Ok(PartStep::Nothing)).boxed()
    }

    /// Bytes of the write-ahead log that is not yet in the database; 0 where that is another's care.
    fn wal_bytes(&self) -> u64;
}

/// The hot verbs as any other: each a transaction of its own, as far as the database knows.
pub(crate) mod plain {
    use super::{
        Accept, Accepted, Answer, Ask, Backend, Claim, Lane, Release, SMALL, Settled, Settlement,
        Timestamp, accept_bytes, settle_bytes,
    };
    use crate::verbs::{accept as accepting, claim as claiming, settle as settling};

    pub(crate) fn accept<B: Backend>(db: &B, events: Vec<Accept>) -> Answer<'_, Vec<Accepted>> {
        db.write(Lane::Ordinary, accept_bytes(&events), async move |tx| {
            accepting::accept(tx, &events).await
        })
    }

    pub(crate) fn claim<B: Backend>(
        db: &B,
        asks: Vec<Ask>,
        until: Timestamp,
        bytes_max: usize,
    ) -> Answer<'_, Vec<Claim>> {
        db.write(Lane::Ordinary, SMALL, async move |tx| {
            claiming::claim(tx, &asks, until, bytes_max).await
        })
    }

    pub(crate) fn settle<B: Backend>(
        db: &B,
        settlements: Vec<Settlement>,
    ) -> Answer<'_, Vec<Settled>> {
        db.write(Lane::Reserved, settle_bytes(&settlements), async move |tx| {
            settling::settle(tx, &settlements).await
        })
    }

    pub(crate) fn release<B: Backend>(db: &B, releases: Vec<Release>) -> Answer<'_, ()> {
        db.write(Lane::Reserved, SMALL, async move |tx| claiming::release(tx, &releases).await)
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
