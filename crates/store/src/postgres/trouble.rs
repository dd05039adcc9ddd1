//! Why a verb stopped: it refused by itself, or PostgreSQL did.

use std::error::Error as _;
use std::io;

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::StoreError;

/// Whether the same transaction may well succeed when it is done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// No: it would come to the same.
    Never,
    /// Now: it met another.
    AtOnce,
    /// When the database can be reached again.
    Later,
}

/// Why a verb stopped.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The verb refuses: an answer like any other.
    Refused(StoreError),
    /// PostgreSQL failed, or the way to it.
    Failed(tokio_postgres::Error),
    /// PostgreSQL cannot be reached now.
    Away(String),
    /// No connection could be had in the time there is for it.
    Late(String),
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

impl From<PoolError> for Trouble {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Failed(error),
            PoolError::Timeout(_)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => Self::Late(error.to_string()),
        }
    }
}

impl Trouble {
    /// Whether the same transaction may well succeed when it is done again. It was not committed.
    pub(super) fn again(&self) -> Again {
        match self {
            Self::Away(_) => Again::Later,
            Self::Failed(error) if is_cut(error) => Again::Later,
            Self::Failed(error) if error.code().is_some_and(meets_another) => Again::AtOnce,
            Self::Refused(_) | Self::Late(_) | Self::Failed(_) => Again::Never,
        }
    }

    /// Whether the connection was lost, and with it what the database had to say.
    pub(super) fn is_cut_off(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Late(_) => false,
            Self::Away(_) => true,
            Self::Failed(error) => is_cut(error),
        }
    }

    /// Whether the database ended the session in good order, and said so.
    pub(super) fn is_told_to_end(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Late(_) | Self::Away(_) => false,
            Self::Failed(error) => error.code() == Some(&SqlState::ADMIN_SHUTDOWN),
        }
    }

    /// What the caller is told.
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Refused(error) => error,
            Self::Away(detail) | Self::Late(detail) => StoreError::Unavailable { detail },
            Self::Failed(error) => told(&error),
        }
    }
}

/// The connection is lost, or none can be made now.
fn is_cut(error: &tokio_postgres::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    error.is_closed() || cause.is_some() || error.code().is_some_and(ends_a_session)
}

/// The server, or a pooler before it, lets nobody in at the moment or puts somebody out.
fn ends_a_session(code: &SqlState) -> bool {
    let ends = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    ends.contains(code) || code.code().starts_with("08")
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
    let detail = match code {
        Some(code) if *code == SqlState::QUERY_CANCELED => {
            "it took longer than it may; ask for less, or try again later".to_owned()
        }
        Some(_) | None => said(error),
    };
    StoreError::Unavailable { detail }
}

/// What to do about it, where that is known.
fn remedy(code: &SqlState) -> Option<&'static str> {
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return Some(
            "the role must own the schema: as the database's owner, `create schema posthorn \
             authorization` and the role",
        );
    }
    if *code == SqlState::INVALID_CATALOG_NAME {
        return Some("make it: `create database … encoding 'UTF8' template template0`");
    }
    if *code == SqlState::UNTRANSLATABLE_CHARACTER {
        return Some("the database's encoding must be UTF8");
    }
    if [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::DUPLICATE_PSTATEMENT].contains(code) {
        return Some("a pooler stands between: set `postgres.pooler` to `transaction`");
    }
    None
}

/// What PostgreSQL said, or what happened on the way to it, down to the cause.
pub(super) fn said(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        let remedy = remedy(said.code()).map_or(String::new(), |what| format!("; {what}"));
        return format!("{} ({}){remedy}", said.message(), said.code().code());
    }
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        told = format!("{told}: {deeper}");
        cause = deeper.source();
    }
    told
}
