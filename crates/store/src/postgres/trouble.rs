//! Why a verb stopped: it refused by itself, or PostgreSQL did.

use tokio_postgres::error::SqlState;

use crate::StoreError;

/// Why a verb stopped.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The verb refuses: an answer like any other.
    Refused(StoreError),
    /// PostgreSQL failed, or the way to it.
    Failed(tokio_postgres::Error),
    /// No connection could be had.
    Unreachable(String),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(error)
    }
}

impl Trouble {
    /// Whether the same transaction may well succeed now: it met another, or lost its connection
    /// before it was asked to commit.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Unreachable(_) => false,
            Self::Failed(error) => error.is_closed() || error.code().is_some_and(meets_another),
        }
    }

    /// What the caller is told.
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Refused(error) => error,
            Self::Unreachable(detail) => StoreError::Unavailable { detail },
            Self::Failed(error) => told(&error),
        }
    }
}

/// A verb looks before it writes: where a unique index refuses, somebody else wrote in between, and a
/// second look will see it.
fn meets_another(code: &SqlState) -> bool {
    [
        SqlState::UNIQUE_VIOLATION,
        // Its day got a table of its own between finding the default one and writing there.
        SqlState::CHECK_VIOLATION,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
    ]
    .contains(code)
}

fn told(error: &tokio_postgres::Error) -> StoreError {
    let code = error.code();
    if code == Some(&SqlState::DISK_FULL) {
        return StoreError::Full;
    }
    if code.is_some_and(|code| [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code))
    {
        return StoreError::Damaged;
    }
    let detail = match (code, error.as_db_error()) {
        (Some(code), _) if *code == SqlState::QUERY_CANCELED => {
            "it took longer than it may; ask for less, or try again later".to_owned()
        }
        (_, Some(said)) => format!("{} ({})", said.message(), said.code().code()),
        (_, None) => error.to_string(),
    };
    StoreError::Unavailable { detail }
}
