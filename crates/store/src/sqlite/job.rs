//! A verb on its way to the writer: a replayable closure, and where its answer goes.

use futures::channel::oneshot;
use rusqlite::Connection;

use super::trouble::Trouble;
use crate::StoreError;
use crate::backend::Lane;

/// A verb whose answer's type is forgotten, so that many kinds share one transaction.
pub(super) trait Job: Send {
    /// Carries the verb out and keeps its answer. May be called again after a rollback.
    fn apply(&mut self, db: &Connection) -> Result<(), Trouble>;
    /// Keeps a refusal as the answer.
    fn refuse(&mut self, error: StoreError);
    /// Tells the caller what was kept.
    fn answer(self: Box<Self>);
    /// Its lane.
    fn lane(&self) -> Lane;
    /// Roughly the bytes it will write.
    fn bytes(&self) -> usize;
}

/// A verb and where its answer goes.
pub(super) struct Waiting<A, V> {
    pub(super) lane: Lane,
    pub(super) bytes: usize,
    pub(super) verb: V,
    pub(super) kept: Option<Result<A, StoreError>>,
    pub(super) reply: oneshot::Sender<Result<A, StoreError>>,
}

impl<A, V> Job for Waiting<A, V>
where
    A: Send,
    V: Fn(&Connection) -> Result<A, Trouble> + Send,
{
    fn apply(&mut self, db: &Connection) -> Result<(), Trouble> {
        self.kept = Some(Ok((self.verb)(db)?));
        Ok(())
    }

    fn refuse(&mut self, error: StoreError) {
        self.kept = Some(Err(error));
    }

    fn answer(self: Box<Self>) {
        // A caller that does not wait any more has nobody to be told.
        let _ = self.reply.send(self.kept.unwrap_or(Err(StoreError::Closed)));
    }

    fn lane(&self) -> Lane {
        self.lane
    }

    fn bytes(&self) -> usize {
        self.bytes
    }
}
