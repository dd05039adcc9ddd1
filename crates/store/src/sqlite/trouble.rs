//! Why a verb stopped: it refused by itself, or SQLite did.

use rusqlite::ErrorCode;

use crate::StoreError;

/// Why a verb stopped.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The verb refuses: an answer like any other, good for this verb alone.
    Refused(StoreError),
    /// SQLite failed: whatever shared the transaction must be done again.
    Failed(rusqlite::Error),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

impl Trouble {
    /// What the caller is told.
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Refused(error) => error,
            Self::Failed(error) => told(&error),
        }
    }

    /// Whether the disk, or the room given to the database, is full.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            Self::Failed(error) => error.sqlite_error_code() == Some(ErrorCode::DiskFull),
        }
    }

    /// Whether the database file is damaged.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            Self::Failed(error) => is_damage(error),
        }
    }

    /// Whether the disk failed: after that nothing that is cached can be trusted.
    pub(super) fn is_disk_failure(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            Self::Failed(error) => is_disk_failure(error),
        }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    let damage = [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase];
    error.sqlite_error_code().is_some_and(|code| damage.contains(&code))
}

/// Whether the disk failed.
pub(super) fn is_disk_failure(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
}

fn told(error: &rusqlite::Error) -> StoreError {
    if error.sqlite_error_code() == Some(ErrorCode::DiskFull) {
        return StoreError::Full;
    }
    if is_damage(error) {
        return StoreError::Damaged;
    }
    let detail = if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) {
        "reading took longer than a second; ask for less".to_owned()
    } else {
        error.to_string()
    };
    StoreError::Unavailable { detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(code: i32) -> Trouble {
        Trouble::Failed(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None))
    }

    #[test]
    fn a_full_disk_a_failed_disk_and_a_busy_database_are_told_apart() {
        let (full, ioerr, busy) = (failed(13), failed(0x40a), failed(5));
        assert!(full.is_full() && !full.is_disk_failure());
        assert!(ioerr.is_disk_failure() && !ioerr.is_full());
        assert!(!busy.is_disk_failure() && !busy.is_full());
        assert_eq!(full.into_error(), StoreError::Full);
        assert!(matches!(busy.into_error(), StoreError::Unavailable { .. }));
    }

    #[test]
    fn an_interrupted_read_says_what_to_do() {
        let StoreError::Unavailable { detail } = failed(9).into_error() else { panic!() };
        assert_eq!(detail, "reading took longer than a second; ask for less");
    }
}
