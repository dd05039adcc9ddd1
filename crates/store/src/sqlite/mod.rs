//! The store in one SQLite file: one thread writes, a few read, one keeps the house.
//!
//! Everything is durable when it is answered (`synchronous=FULL`); what makes that cheap is that many
//! verbs share a commit. For the simulator the same verbs run on the caller's thread
//! ([`Sqlite::inline`]), with faults on demand.

mod backup;
mod ballast;
mod directory;
mod export;
mod gauges;
mod inline;
mod job;
mod look;
mod migrations;
mod open;
mod queue;
mod readers;
mod statement;
mod threads;
mod trouble;
mod upkeep;
mod writer;

#[cfg(test)]
mod plans;
#[cfg(test)]
mod sharing;
#[cfg(test)]
mod startup;

use std::path::Path;

use futures::FutureExt;
use rusqlite::Connection;

pub use backup::{BackupError, Copied, Copying};
pub use directory::make_directory;
pub use export::ExportError;
pub use gauges::Commits;
pub use open::{DiskFailure, OpenError, Options};

use crate::backend::{Backend, Lane, Outcome, Patience};
use crate::bounds::{LOG, READ_QUEUE, WRITE_QUEUE};
use crate::{Answer, Fault, Faults, Migration, Servers};
use inline::Inline;
use threads::Threads;

/// The bounds of a store, by the names under which they are told.
pub const BOUNDS: [&str; 3] = [WRITE_QUEUE, READ_QUEUE, LOG];

/// The store on SQLite.
pub struct Sqlite {
    runs: Runs,
    /// After the connection.
    _stay: Option<look::Stay>,
}

impl From<Runs> for Sqlite {
    fn from(runs: Runs) -> Self {
        Self { runs, _stay: None }
    }
}

enum Runs {
    Threads(Threads),
    Inline(Inline),
}

impl Sqlite {
    /// Opens the database in the data directory `dir`, making both where they are missing, and
    /// brings it up to date.
    pub fn open(dir: &Path, options: &Options) -> Result<Self, OpenError> {
        Ok(Runs::Threads(Threads::start(dir, options)?).into())
    }

    /// An empty database in memory, on the caller's thread. Nothing waits: a future of this store
    /// is ready when it is polled first.
    pub fn inline(faults: Faults) -> Result<Self, OpenError> {
        Ok(Runs::Inline(Inline::new(open::memory()?, faults)).into())
    }

    /// The database file `path` on the caller's thread.
    pub fn inline_at(path: &Path, faults: Faults) -> Result<Self, OpenError> {
        Ok(Runs::Inline(Inline::new(open::writer(path)?, faults)).into())
    }

    /// The same database after the process died and started again; this one is closed. `None` for a
    /// store that does not run inline.
    #[must_use]
    pub fn reopen(&self, faults: Faults) -> Option<Self> {
        match &self.runs {
            Runs::Threads(_) => None,
            Runs::Inline(inline) => {
                inline.crash();
                Some(Runs::Inline(inline.reopened(faults)).into())
            }
        }
    }

    /// The database in `dir` as it stands, on the caller's thread: nothing in the directory is
    /// changed, nothing is migrated, and every verb that writes fails. No server may use it.
    pub fn look(dir: &Path) -> Result<Self, OpenError> {
        let look::Look { db, stay } = look::alone(dir)?;
        Ok(Self {
            runs: Runs::Inline(Inline::new(db, Box::new(|_| Fault::None))),
            _stay: Some(stay),
        })
    }

    /// The migrations that the database in `dir` still needs.
    pub fn plan_migrations(dir: &Path) -> Result<Vec<Migration>, OpenError> {
        look::plan(dir)
    }

    /// SQLite's own look at every page: what is wrong, line by line; empty when all is well. Takes
    /// its time on a large database.
    pub fn check(&self) -> Answer<'_, Vec<String>> {
        self.read_with(Patience::Endless, async |db: &Connection| {
            match statement::lines(db, "pragma quick_check") {
                Ok(lines) => Ok(lines.into_iter().filter(|line| line != "ok").collect()),
                Err(trouble) if trouble.is_damage() => Ok(vec![trouble.into_error().to_string()]),
                Err(trouble) => Err(trouble),
            }
        })
    }

    /// How many commits there were, and of how many verbs; `None` for a store that runs inline.
    #[must_use]
    pub fn commits(&self) -> Option<Commits> {
        match &self.runs {
            Runs::Threads(threads) => Some(threads.gauges.commits()),
            Runs::Inline(_) => None,
        }
    }

    /// From now on each verb that a bound of the store refuses is told, by the bound's name: one of
    /// [`BOUNDS`]. A store that runs inline has no bound.
    pub fn tell_bounds(&self, told: impl Fn(&'static str) + Send + Sync + 'static) {
        match &self.runs {
            Runs::Threads(threads) => threads.gauges.bounds.tell(told),
            Runs::Inline(_) => {}
        }
    }
}

/// It has one server.
impl Servers for Sqlite {}

impl Backend for Sqlite {
    type Tx = Connection;

    fn write<A, V>(&self, lane: Lane, bytes: usize, verb: V) -> Answer<'_, A>
    where
        A: Send + 'static,
        V: AsyncFn(&Connection) -> Outcome<A, Self> + Send + 'static,
    {
        let verb = move |db: &Connection| at_once(verb(db));
        match &self.runs {
            Runs::Threads(threads) => threads.write(lane, bytes, verb).boxed(),
            Runs::Inline(inline) => async move { inline.write(&verb) }.boxed(),
        }
    }

    fn read_with<A, R>(&self, patience: Patience, read: R) -> Answer<'_, A>
    where
        A: Send + 'static,
        R: AsyncFn(&Connection) -> Outcome<A, Self> + Send + 'static,
    {
        let read = move |db: &Connection| at_once(read(db));
        match &self.runs {
            Runs::Threads(threads) => threads.read(patience, read).boxed(),
            Runs::Inline(inline) => async move { inline.read(read) }.boxed(),
        }
    }

    fn wal_bytes(&self) -> u64 {
        match &self.runs {
            Runs::Threads(threads) => threads.gauges.wal_bytes(),
            Runs::Inline(_) => 0,
        }
    }
}

/// What a verb comes to here, where nothing is waited for.
fn at_once<T>(verb: impl Future<Output = T>) -> T {
    verb.now_or_never().expect("a statement of SQLite is over when it was begun")
}
