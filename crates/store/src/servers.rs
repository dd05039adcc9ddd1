//! Servers on one database: what they tell each other, and what they take over.

use futures::future::BoxFuture;
use posthorn_core::id::JobId;

use crate::backend::Backend;
use crate::{Accepted, Answer, Beat, Company, Now, Place, Relay, Said};

/// A database with its servers. One that a server has for itself has no others, and nothing to relay.
pub trait Servers: Send + Sync {
    /// Whether other servers may be at work on the same database.
    fn is_shared(&self) -> bool;
    /// Takes a place among the servers of the database, by its clock: before anything is read
    /// that others may change. Fails with [`crate::StoreError::TooMany`] when all places are taken.
    fn join(&self, now: Now) -> Answer<'_, Place>;
    /// Gives a sign of life, several times a second: without it, after 15 s, nothing is written any
    /// more, and after a minute the place may be another's.
    fn beat(&self, beat: Beat) -> Answer<'_, Company>;
    /// Ready when another server says that something changed: time for a [`Servers::beat`].
    fn told(&self) -> BoxFuture<'static, ()>;
    /// Gives the place up.
    fn leave(&self) -> Answer<'_, ()>;
    /// Takes those of these running jobs that no other server is at; answers which.
    fn take_jobs(&self, ids: Vec<JobId>) -> Answer<'_, Vec<JobId>>;
    /// What the operator's programs said inside their transactions (`posthorn.emit`) and is not an
    /// event yet, oldest first.
    fn outbox(&self, limit: u32) -> Answer<'_, Vec<Said>>;
    /// Makes events of what was said, like [`crate::Store::accept`]; `None` where another server did. What is
    /// neither new nor the same as before stays in the outbox.
    fn relay(&self, relays: Vec<Relay>) -> Answer<'_, Vec<Option<Accepted>>>;
    /// What was said at this place cannot become an event, and why: it waits for the operator.
    fn refuse(&self, place: i64, why: String) -> Answer<'_, ()>;
    /// Forgets what every server was told of long ago, a piece of it; answers how much.
    fn forget_changes(&self) -> Answer<'_, u64>;
}

impl<B: Backend> Servers for B {
    fn is_shared(&self) -> bool {
        Backend::is_shared(self)
    }

    fn join(&self, now: Now) -> Answer<'_, Place> {
        Backend::join(self, now)
    }

    fn beat(&self, beat: Beat) -> Answer<'_, Company> {
        Backend::beat(self, beat)
    }

    fn told(&self) -> BoxFuture<'static, ()> {
        Backend::told(self)
    }

    fn leave(&self) -> Answer<'_, ()> {
        Backend::leave(self)
    }

    fn take_jobs(&self, ids: Vec<JobId>) -> Answer<'_, Vec<JobId>> {
        Backend::take_jobs(self, ids)
    }

    fn outbox(&self, limit: u32) -> Answer<'_, Vec<Said>> {
        Backend::outbox(self, limit)
    }

    fn relay(&self, relays: Vec<Relay>) -> Answer<'_, Vec<Option<Accepted>>> {
        Backend::relay(self, relays)
    }

    fn refuse(&self, place: i64, why: String) -> Answer<'_, ()> {
        Backend::refuse(self, place, why)
    }

    fn forget_changes(&self) -> Answer<'_, u64> {
        Backend::forget_changes(self)
    }
}
