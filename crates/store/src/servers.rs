//! Servers on one database: what they tell each other, and what they take over.

use futures::FutureExt;
use futures::future::{BoxFuture, pending, ready};
use posthorn_core::id::{EventId, JobId};

use crate::{Accepted, Answer, Beat, Company, Now, Place, Relay, Said};

/// A database with its servers. What stands here is of one that a server has for itself: there are no
/// others, and there is nothing to relay.
pub trait Servers: Send + Sync {
    /// Whether other servers may be at work on the same database.
    fn is_shared(&self) -> bool {
        false
    }
    /// Takes a place among the servers of the database, by its clock: before anything is read
    /// that others may change. Fails with [`crate::StoreError::TooMany`] when all places are taken.
    fn join(&self, _now: Now) -> Answer<'_, Place> {
        let place = Place { node: 0, alone: true, after: EventId::from_i64(0) };
        ready(Ok(place)).boxed()
    }
    /// Gives a sign of life, several times a second: without it, after 15 s, nothing is written any
    /// more, and after a minute the place may be another's.
    fn beat(&self, _beat: Beat) -> Answer<'_, Company> {
        ready(Ok(Company { changes: Some(Vec::new()), ..Company::default() })).boxed()
    }
    /// Ready when another server says that something changed: time for a [`Servers::beat`].
    fn told(&self) -> BoxFuture<'static, ()> {
        pending().boxed()
    }
    /// Gives the place up.
    fn leave(&self) -> Answer<'_, ()> {
        ready(Ok(())).boxed()
    }
    /// Takes those of these running jobs that no other server is at; answers which.
    fn take_jobs(&self, ids: Vec<JobId>) -> Answer<'_, Vec<JobId>> {
        ready(Ok(ids)).boxed()
    }
    /// What the operator's programs said inside their transactions (`posthorn.emit`) and is not an
    /// event yet, oldest first.
    fn outbox(&self, _limit: u32) -> Answer<'_, Vec<Said>> {
        ready(Ok(Vec::new())).boxed()
    }
    /// Makes events of what was said, like [`crate::Store::accept`]; `None` where another server did. What is
    /// neither new nor the same as before stays in the outbox.
    fn relay(&self, _relays: Vec<Relay>) -> Answer<'_, Vec<Option<Accepted>>> {
        ready(Ok(Vec::new())).boxed()
    }
    /// What was said at this place cannot become an event, and why: it waits for the operator.
    fn refuse(&self, _place: i64, _why: String) -> Answer<'_, bool> {
        ready(Ok(false)).boxed()
    }
    /// Forgets what every server was told of long ago, a piece of it; answers how much.
    fn forget_changes(&self) -> Answer<'_, u64> {
        ready(Ok(0)).boxed()
    }
}
