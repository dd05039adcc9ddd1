//! Opening a data directory: one server at a time, a database that is ours and sound.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::directory::make_directory;
use super::migrations;

/// The database, inside the data directory.
pub(super) const DATABASE: &str = "posthorn.db";
/// Held by the server that is at work.
pub(super) const LOCK: &str = "posthorn.lock";
/// Statements that a connection keeps prepared: all there are.
const STATEMENTS_MAX: usize = 128;

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes that are kept on the disk to be freed when it is full, so that what is under way can
    /// be finished.
    pub ballast_bytes: u64,
    /// The most pages of 4,096 bytes that the database may have, where the disk is not the bound.
    pub pages_max: Option<u32>,
    /// Connections that read.
    pub readers: usize,
    /// What to do when the disk fails.
    pub disk_failure: DiskFailure,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ballast_bytes: 64 * 1024 * 1024,
            pages_max: None,
            readers: 3,
            disk_failure: DiskFailure::Abort,
        }
    }
}

/// Pages that the writer keeps in memory: what every event touches.
const WRITER_KIBIBYTES: i64 = 16 * 1024;
/// Pages that a reader keeps in memory. There are several, and what they read is also in the system's cache.
const READER_KIBIBYTES: i64 = 2 * 1024;

/// What to do when a commit or a checkpoint fails because the disk does: what is in memory may then
/// differ from what is on the disk, so nobody is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFailure {
    /// Abort the process; the next start reads what the disk really holds.
    Abort,
    /// Close the store: for tests.
    Close,
}

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server has it.
    #[error(
        "another posthorn uses the data directory {}; stop it, or give this one its own with `--data`",
        dir.display()
    )]
    InUse {
        /// The data directory.
        dir: PathBuf,
    },
    /// The data directory cannot be made or written.
    #[error("cannot use the data directory {}: {source}", dir.display())]
    Directory {
        /// The data directory.
        dir: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("{} is read-only; posthorn must be able to write it", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a database; move it away, or give another directory with `--data`", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is another program's database.
    #[error("{} is a database, but not one of posthorn's; give another directory with `--data`", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer posthorn.
    #[error(
        "{} was written by a newer posthorn (schema {found}; this one knows {known}); use that \
         version, or restore a backup",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest version that is known.
        known: i64,
    },
    /// The file is damaged.
    #[error("{} is damaged ({detail}); restore a backup", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What the database said.
        detail: String,
    },
    /// There was a database once.
    #[error(
        "the database {} is lost: {found}; restore a copy of it, or if you want to begin with an empty \
         one, remove {left} there",
        path.display()
    )]
    Lost {
        /// Where it should be.
        path: PathBuf,
        /// What tells of it.
        found: String,
        /// The files that are left of it.
        left: String,
    },
    /// There is no room.
    #[error("no room to open {}: the disk is full; free some space", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else holds it.
    #[error("{} is locked by another program; close it there first", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// Something else.
    #[error("cannot open {}: {detail}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the database said.
        detail: String,
    },
}

impl OpenError {
    pub(super) fn unusable(path: &Path, error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::StorageFull {
            return Self::Full { path: path.to_owned() };
        }
        Self::Unusable { path: path.to_owned(), detail: error.to_string() }
    }

    pub(super) fn of(error: &rusqlite::Error, path: &Path) -> Self {
        let path = path.to_owned();
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, detail },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(_) | None => Self::Unusable { path, detail },
        }
    }
}

/// Makes the data directory where it is missing and takes its lock; it is held as long as the file
/// is open, and the system lets go of it however the process ends.
pub(super) fn lock(dir: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Directory { dir: dir.to_owned(), source };
    make_directory(dir).map_err(failed)?;
    let mut how = std::fs::OpenOptions::new();
    let file = how.create(true).truncate(false).write(true).open(dir.join(LOCK)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Opens the database for writing: sound, migrated, and with an empty write-ahead log. A new one is
/// made beside its place and put there when it is whole, so that its file is never empty.
pub(super) fn writer(path: &Path) -> Result<Connection, OpenError> {
    if !path.exists() {
        let made = path.with_extension("db.new");
        let failed = |error: std::io::Error| OpenError::unusable(path, &error);
        for left in [&made, &path.with_extension("db.new-wal"), &path.with_extension("db.new-shm")]
        {
            remove(left).map_err(failed)?;
        }
        drop(connect(&made)?);
        give_name(&made, path).map_err(failed)?;
    }
    connect(path)
}

/// Gives a file that is whole and on the disk its name, for good.
pub(super) fn give_name(fresh: &Path, path: &Path) -> std::io::Result<()> {
    std::fs::rename(fresh, path)?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all())
}

fn remove(file: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn connect(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| OpenError::of(&error, path);
    let mut db = Connection::open_with_flags(path, flags).map_err(failed)?;
    if db.is_readonly("main").map_err(failed)? {
        return Err(OpenError::ReadOnly { path: path.to_owned() });
    }
    tune(&db).map_err(failed)?;
    migrations::migrate(&mut db, path)?;
    let truncate = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let busy = db.query_row("pragma wal_checkpoint(truncate)", [], truncate).map_err(failed)?;
    if busy != 0 {
        return Err(OpenError::Locked { path: path.to_owned() });
    }
    Ok(db)
}

/// Opens the database for reading.
pub(super) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| OpenError::of(&error, path);
    let db = Connection::open_with_flags(path, flags).map_err(failed)?;
    tune(&db).map_err(failed)?;
    db.pragma_update(None, "cache_size", -READER_KIBIBYTES).map_err(failed)?;
    db.pragma_update(None, "query_only", true).map_err(failed)?;
    Ok(db)
}

/// A database in memory, migrated.
pub(super) fn memory() -> Result<Connection, OpenError> {
    let path = Path::new(":memory:");
    let failed = |error| OpenError::of(&error, path);
    let mut db = Connection::open_in_memory().map_err(failed)?;
    keep_plans(&db).map_err(failed)?;
    migrations::migrate(&mut db, path)?;
    Ok(db)
}

/// Statements stay prepared. Unless SQLite is told that plans do not depend on what is bound, one
/// with a bound limit, or a value that a partial index might want, is planned anew at each use.
fn keep_plans(db: &Connection) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn tune(db: &Connection) -> rusqlite::Result<()> {
    keep_plans(db)?;
    db.busy_timeout(std::time::Duration::from_secs(1))?;
    db.pragma_update(None, "page_size", 4096)?;
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    db.pragma_update(None, "cache_size", -WRITER_KIBIBYTES)?;
    db.pragma_update(None, "temp_store", "memory")?;
    db.pragma_update(None, "foreign_keys", false)
}
