//! Looking at a data directory without changing anything in it, and seeing what was there once.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::open::{DATABASE, LOCK, OpenError};
use super::{ballast, migrations};
use crate::Migration;

/// The newest commits, beside the database.
const LOG: &str = "posthorn.db-wal";
/// The index of the log.
const INDEX: &str = "posthorn.db-shm";

/// Refuses a directory whose database was lost: an empty one in its place would hide that.
///
/// The file is never empty (a new one is put in its place when it is whole), a log that holds
/// something has a database, and the ballast is made after one. A master key may be put there before
/// the first start, so it tells nothing.
pub(super) fn refuse_lost(dir: &Path) -> Result<(), OpenError> {
    let bytes = |file: &str| std::fs::metadata(dir.join(file)).ok().map(|about| about.len());
    let database = bytes(DATABASE);
    if database.is_some_and(|bytes| bytes > 0) {
        return Ok(());
    }
    let begins = if database.is_some() { "it has 0 bytes" } else { "it is not there" };
    let log = bytes(LOG).filter(|bytes| *bytes > 0);
    let found = match (log, bytes(ballast::FILE)) {
        (Some(log), _) => format!("{begins}, and {LOG} beside it holds {log} bytes of it"),
        (None, Some(_)) => format!("{begins}, and {} is of an earlier start", ballast::FILE),
        (None, None) if database.is_some() => begins.to_owned(),
        (None, None) => return Ok(()),
    };
    let mut left = vec![DATABASE, LOG, INDEX, ballast::FILE];
    left.retain(|file| bytes(file).is_some());
    Err(OpenError::Lost { path: dir.join(DATABASE), found, left: left.join(", ") })
}

/// A database that is only read, and the lock that keeps servers away meanwhile.
pub(super) struct Look {
    pub(super) db: Connection,
    /// Dropped after the connection.
    pub(super) stay: Stay,
}

/// Keeps servers away; takes an index away that the look made.
pub(super) struct Stay {
    _lock: Option<File>,
    index: Option<PathBuf>,
}

impl Drop for Stay {
    fn drop(&mut self) {
        if let Some(index) = &self.index {
            // Best effort: it is made anew by whoever needs it.
            let _ = std::fs::remove_file(index);
        }
    }
}

/// Looks at the database of a directory that no server uses.
pub(super) fn alone(dir: &Path) -> Result<Look, OpenError> {
    refuse_lost(dir)?;
    let lock = lock(dir)?;
    let path = dir.join(DATABASE);
    let log = std::fs::metadata(dir.join(LOG)).is_ok_and(|about| about.len() > 0);
    let index = dir.join(INDEX);
    let index = (log && !index.exists()).then_some(index);
    let stay = Stay { _lock: lock, index };
    Ok(Look { db: connect(&path, !log)?, stay })
}

/// Looks at the database of a directory beside a server that may be at work there.
pub(super) fn beside(dir: &Path) -> Result<Connection, OpenError> {
    let db = connect(&dir.join(DATABASE), false)?;
    db.busy_timeout(Duration::from_secs(10)).map_err(|error| OpenError::of(&error, dir))?;
    Ok(db)
}

/// Looks at a database file that has no log, and that nobody writes.
pub(super) fn whole(path: &Path) -> Result<Connection, OpenError> {
    connect(path, true)
}

/// The migrations that a directory's database still needs; all of them where there is none yet. A
/// server may be using it.
pub(super) fn plan(dir: &Path) -> Result<Vec<Migration>, OpenError> {
    refuse_lost(dir)?;
    let path = dir.join(DATABASE);
    if !path.exists() {
        return Ok(migrations::ALL.to_vec());
    }
    match alone(dir) {
        Ok(look) => migrations::pending(&look.db, &path),
        Err(OpenError::InUse { .. }) => migrations::pending(&connect(&path, false)?, &path),
        Err(error) => Err(error),
    }
}

/// Takes the lock where there is one; makes none.
fn lock(dir: &Path) -> Result<Option<File>, OpenError> {
    let Ok(file) = File::open(dir.join(LOCK)) else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => {
            Err(OpenError::Directory { dir: dir.to_owned(), source })
        }
    }
}

/// Opens for reading. A `whole` database has no log and is read without one being made; otherwise the
/// log is left as it is when the connection ends.
fn connect(path: &Path, whole: bool) -> Result<Connection, OpenError> {
    let failed = |error| OpenError::of(&error, path);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let how = if whole { "immutable=1" } else { "mode=ro" };
    let db = Connection::open_with_flags(format!("{}?{how}", uri(path)), flags).map_err(failed)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
    Ok(db)
}

/// A path as SQLite's URIs have it.
fn uri(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = "file://".to_owned();
    for byte in absolute.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02x}");
        }
    }
    uri
}
