//! Copies of the database: made while a server is at work, and put back where there is none.
//!
//! A copy is what the database held at one moment: all pages are read in one read transaction, which keeps
//! nobody from writing. Meanwhile the write-ahead log cannot begin anew, so it grows.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::open::{DATABASE, OpenError, give_name, lock};
use super::{Sqlite, look, migrations, statement};

/// Pages that are copied between two looks at how far it is: 16 MiB.
const STEP_PAGES: i32 = 4096;
/// Who may read a copy: its owner.
const MODE: u32 = 0o600;

/// Why no copy was made, or none put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database, or the copy, cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is nothing to copy.
    #[error("there is no database {}", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Something is there already.
    #[error("there is a {} already; move it away, or name another place", path.display())]
    Exists {
        /// What is in the way.
        path: PathBuf,
    },
    /// Another copy is to have the same name.
    #[error("{} is being written by another copy; wait for it, or name another place", path.display())]
    UnderWay {
        /// What is being written.
        path: PathBuf,
    },
    /// Newer commits stand beside the file.
    #[error(
        "{} is not whole: {} holds newer commits; give a copy that `posthorn backup` made",
        path.display(),
        log.display()
    )]
    NotWhole {
        /// The file.
        path: PathBuf,
        /// Its write-ahead log.
        log: PathBuf,
    },
    /// The copy is not what it should be.
    #[error("{} is damaged: {detail}", path.display())]
    Damaged {
        /// The copy.
        path: PathBuf,
        /// What SQLite found.
        detail: String,
    },
    /// It cannot be read or written.
    #[error("cannot write {}: {detail}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system or the database said.
        detail: String,
    },
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copying {
    /// Pages are copied.
    Copied {
        /// So many bytes.
        bytes: u64,
        /// Of so many.
        of: u64,
    },
    /// Every page of the copy is looked at.
    Checking,
}

/// A copy that is whole, sound and on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Its size.
    pub bytes: u64,
    /// The version of its schema.
    pub schema: u32,
    /// The id of the newest event in it; `None` when there is none.
    pub newest_event: Option<i64>,
}

impl Sqlite {
    /// Writes the database of `dir`, as it stands at this moment, to the new file `to`. A server may be at
    /// work in `dir`. Every page of the copy is checked before it gets its name.
    pub fn back_up(
        dir: &Path,
        to: &Path,
        told: &mut dyn FnMut(Copying),
    ) -> Result<Copied, BackupError> {
        let from = dir.join(DATABASE);
        look::refuse_lost(dir)?;
        if !from.exists() {
            return Err(BackupError::Missing { path: from });
        }
        absent(to)?;
        copy(&look::beside(dir)?, to, told)
    }

    /// Puts a copy into the data directory `dir`, which has no database and no server.
    pub fn restore(
        from: &Path,
        dir: &Path,
        told: &mut dyn FnMut(Copying),
    ) -> Result<Copied, BackupError> {
        if !from.exists() {
            return Err(BackupError::Missing { path: from.to_owned() });
        }
        let log = with_suffix(from, "-wal");
        if std::fs::metadata(&log).is_ok_and(|about| about.len() > 0) {
            return Err(BackupError::NotWhole { path: from.to_owned(), log });
        }
        let source = look::whole(from)?;
        let _lock = lock(dir)?;
        let to = dir.join(DATABASE);
        absent(&to)?;
        // A log without its database would be taken for this one's.
        absent(&with_suffix(&to, "-wal"))?;
        copy(&source, &to, told)
    }
}

fn absent(path: &Path) -> Result<(), BackupError> {
    if path.exists() { Err(BackupError::Exists { path: path.to_owned() }) } else { Ok(()) }
}

/// Copies all pages beside their place, checks them, and gives the file its name when it is on the disk.
fn copy(
    source: &Connection,
    to: &Path,
    told: &mut dyn FnMut(Copying),
) -> Result<Copied, BackupError> {
    let fresh = with_suffix(to, ".part");
    let file = begin(&fresh)?;
    let copied = write(source, &fresh, told).and_then(|()| {
        told(Copying::Checking);
        let copied = check(&fresh)?;
        let failed = |error: std::io::Error| cannot_write(to, &error);
        file.sync_all().map_err(failed)?;
        absent(to)?;
        give_name(&fresh, to).map_err(failed)?;
        Ok(copied)
    });
    if copied.is_err() {
        // Half of it is of no use to anybody.
        let _left_behind = std::fs::remove_file(&fresh);
    }
    copied
}

/// Makes the file that is written, closed to everybody but its owner. It is this copy's alone as long as it is
/// open: two that write into one file, each for its own moment, would make a third of both.
fn begin(fresh: &Path) -> Result<File, BackupError> {
    let failed = |error: std::io::Error| cannot_write(fresh, &error);
    let taken = |file: &File| match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(BackupError::UnderWay { path: fresh.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    };
    // What a copy left that was cut off is nobody's.
    match File::open(fresh) {
        Ok(left) => {
            taken(&left)?;
            let is_it = std::fs::metadata(fresh).is_ok_and(|now| same(&now, &left));
            if !is_it {
                return Err(BackupError::UnderWay { path: fresh.to_owned() });
            }
            std::fs::remove_file(fresh).map_err(failed)?;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(fresh);
    let file = file.map_err(failed)?;
    taken(&file)?;
    Ok(file)
}

fn same(now: &Metadata, file: &File) -> bool {
    file.metadata().is_ok_and(|own| (own.dev(), own.ino()) == (now.dev(), now.ino()))
}

fn write(
    source: &Connection,
    fresh: &Path,
    told: &mut dyn FnMut(Copying),
) -> Result<(), BackupError> {
    let failed = |error: rusqlite::Error| cannot_write(fresh, &error);
    // One moment for all pages, however many steps it takes.
    source.execute_batch("begin; select 1 from sqlite_schema").map_err(failed)?;
    let mut target = Connection::open(fresh).map_err(failed)?;
    // Nobody reads it before it is whole, and it is brought to the disk as one.
    let unsafe_here = "pragma journal_mode = off; pragma synchronous = off";
    target.execute_batch(unsafe_here).map_err(failed)?;
    let backup = Backup::new(source, &mut target).map_err(failed)?;
    let page = source.pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0));
    let page = u64::from(page.map_err(failed)?);
    let bytes = |pages: i32| u64::try_from(pages).unwrap_or(0) * page;
    loop {
        let step = backup.step(STEP_PAGES).map_err(failed)?;
        let at = backup.progress();
        let of = bytes(at.pagecount);
        told(Copying::Copied { bytes: of.saturating_sub(bytes(at.remaining)), of });
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            StepResult::Busy | StepResult::Locked | _ => {
                let detail = "another program keeps it locked".to_owned();
                return Err(BackupError::Write { path: fresh.to_owned(), detail });
            }
        }
    }
    drop(backup);
    target.close().map_err(|(_, error)| failed(error))
}

/// Looks at every page, and reads what the copy is.
fn check(path: &Path) -> Result<Copied, BackupError> {
    let damaged = |detail: String| BackupError::Damaged { path: path.to_owned(), detail };
    let db = look::whole(path)?;
    migrations::pending(&db, path)?;
    let lines = statement::lines(&db, "pragma quick_check");
    let lines = lines.map_err(|trouble| damaged(trouble.into_error().to_string()))?;
    if lines != ["ok"] {
        return Err(damaged(lines.join("; ")));
    }
    let failed = |error: rusqlite::Error| damaged(error.to_string());
    let schema = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    if schema == 0 {
        return Err(OpenError::NotOurs { path: path.to_owned() }.into());
    }
    let newest =
        db.query_row("select max(id) from events", [], |row| row.get(0)).map_err(failed)?;
    let about = std::fs::metadata(path).map_err(|error| cannot_write(path, &error))?;
    Ok(Copied { bytes: about.len(), schema, newest_event: newest })
}

fn cannot_write(path: &Path, why: &impl ToString) -> BackupError {
    BackupError::Write { path: path.to_owned(), detail: why.to_string() }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
