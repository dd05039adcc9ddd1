//! Where the server under measurement keeps its data, and what a PostgreSQL has used for it.

use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, anyhow};
use posthorn_store::conformance::on_disk;
use posthorn_store::conformance::throw_away::{self, Told};

use super::gauge::{NS_PER_TICK, children_ticks, ticks};

const PARTS: &str = include_str!("parts.sql");
const OLD_FILE: &str = include_str!("old.sqlite.sql");
const WAITING_FILE: &str = include_str!("waiting.sqlite.sql");
const OLD: &str = include_str!("old.sql");

/// A folder on the disk that is measured, and the PostgreSQL, if it is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Store<'a> {
    pub(crate) disk: &'a Path,
    pub(crate) postgres: Option<&'a str>,
    /// Servers on it, at least one.
    pub(crate) servers: usize,
    /// Whether each has a database of its own.
    pub(crate) apart: bool,
    /// Deliveries that were made long ago, in hundreds of thousands.
    pub(crate) old: u32,
    /// Deliveries that wait for their retry, in hundreds of thousands.
    pub(crate) waiting: u32,
}

/// One look at a PostgreSQL server.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Database {
    /// CPU of all its processes, living and ended, in nanoseconds.
    pub(crate) cpu_ns: u64,
    /// Bytes of its write-ahead log.
    pub(crate) log_bytes: u64,
}

impl Store<'_> {
    /// A new database, if it is a PostgreSQL.
    pub(crate) fn database(self) -> Result<Option<String>> {
        self.postgres.map(|server| apart(|| throw_away::database_on(server))).transpose()
    }

    /// Writes the past of a new database, and lets the database tidy up after it.
    pub(crate) fn fill(self, database: &str) -> Result<()> {
        if self.old == 0 {
            return Ok(());
        }
        apart(|| {
            throw_away::run(database, PARTS);
            for piece in 0..self.old {
                let sql = OLD.replace("{piece}", &piece.to_string());
                throw_away::run(database, &sql.replace("{pieces}", &self.old.to_string()));
            }
            for table in ["events", "deliveries", "attempts"] {
                throw_away::run(database, &format!("vacuum (analyze) posthorn.{table}"));
            }
            throw_away::run(database, "checkpoint");
        })
    }

    /// What the PostgreSQL has used so far; nothing when it is none.
    pub(crate) fn gauge(self) -> Result<Database> {
        let Some(server) = self.postgres else { return Ok(Database::default()) };
        apart(|| throw_away::tell(server, look))?
    }
}

impl Store<'_> {
    /// Whether something is to be there before.
    pub(crate) fn has_past(self) -> bool {
        self.old > 0 || self.waiting > 0
    }

    /// The same for the embedded database's file.
    pub(crate) fn fill_file(self, file: &Path) -> Result<()> {
        let fill = |sql: &str, pieces: u32| {
            (0..pieces).try_for_each(|piece| {
                let sql = sql.replace("{piece}", &piece.to_string());
                let sql = sql.replace("{pieces}", &pieces.to_string());
                on_disk::run(file, &sql).map_err(|error| anyhow!(error))
            })
        };
        fill(OLD_FILE, self.old)?;
        fill(WAITING_FILE, self.waiting)
    }
}

/// On a thread of its own: it has a runtime of its own.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    let worked = thread::scope(|scope| scope.spawn(work).join());
    worked.map_err(|_| anyhow!("the PostgreSQL could not be asked"))
}

/// The server's process is the parent of every session's: its own CPU, that of its ended children, and that of the
/// living ones.
fn look(told: Told) -> Result<Database> {
    let stat = |pid: &str| fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
    let session = stat(&told.process.to_string());
    let session = session.context("the PostgreSQL must be on this machine")?;
    let server = parent(&session).context("a session without a parent")?;
    let own = stat(&server)?;
    let mut used = ticks(&own).context("stat has no utime and stime")?;
    used += children_ticks(&own).context("stat has no cutime and cstime")?;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) =
            name.to_str().filter(|pid| pid.bytes().all(|letter| letter.is_ascii_digit()))
        else {
            continue;
        };
        // A process may end while it is looked at; then it counts as an ended child at the next look.
        let Ok(stat) = stat(pid) else { continue };
        if parent(&stat).as_deref() == Some(server.as_str()) {
            used += ticks(&stat).context("stat has no utime and stime")?;
        }
    }
    Ok(Database { cpu_ns: used * NS_PER_TICK, log_bytes: u64::try_from(told.log_bytes)? })
}

fn parent(stat: &str) -> Option<String> {
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(1).map(str::to_owned)
}
