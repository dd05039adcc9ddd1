//! Migrations: forward only, numbered, each in one transaction, one process at a time.

use deadpool_postgres::{Object, Pool, PoolError};
use tokio_postgres::types::{ToSql, Type};

use crate::statements::only;

/// A step from one version of the schema to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Migration {
    /// The version it leads to.
    pub number: u32,
    /// What it is called.
    pub name: &'static str,
    sql: &'static str,
}

const ALL: [Migration; 1] = [Migration {
    number: 1,
    name: "first",
    sql: include_str!("../../migrations/postgres/0001_first.sql"),
}];

/// Nobody else migrates at the same time.
const BEGIN: &str = "begin; select pg_advisory_xact_lock(1346854912, 0); \
                     create schema if not exists posthorn; set local search_path = posthorn; \
                     create table if not exists migrations( \
                       number integer primary key, name text not null, \
                       at timestamptz not null default now())";

/// Unnamed, like every statement that may go through a pooler.
const FOUND: &str = "select coalesce(max(number), 0) from migrations";

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is none; it is not repeated, because of the password in it.
    #[error(
        "the database's URL cannot be read; it is like postgres://user:password@host:5432/database, \
         and what is special in a password is written as in `%40` for `@`"
    )]
    Unreadable,
    /// It cannot be reached or used.
    #[error("PostgreSQL cannot be used: {detail}")]
    Unusable {
        /// What was said.
        detail: String,
    },
    /// It was written by a newer program.
    #[error(
        "the database has schema version {found}, and this program knows up to {known}; use the newer program"
    )]
    Newer {
        /// The version that was found.
        found: i64,
        /// The version that this program knows.
        known: i64,
    },
    /// An import into it was begun and is not finished.
    #[error(
        "an import into this database is not finished: run `posthorn import` again, it goes on where it \
         stopped; or `drop schema posthorn cascade` there to begin anew"
    )]
    Importing,
}

impl OpenError {
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        Self::Unusable { detail: said(error) }
    }
}

/// The newest version of the schema.
pub(super) fn newest() -> u32 {
    ALL.last().map_or(0, |newest| newest.number)
}

/// A connection of the pool.
pub(super) async fn connect(pool: &Pool) -> Result<Object, OpenError> {
    pool.get().await.map_err(|error| OpenError::Unusable { detail: reason(&error) })
}

/// Brings a database up to date.
pub(super) async fn migrate(pool: &Pool) -> Result<(), OpenError> {
    let client = connect(pool).await?;
    let failed = |error: tokio_postgres::Error| OpenError::of(&error);
    client.batch_execute(BEGIN).await.map_err(failed)?;
    let row = client.query_typed_one(FOUND, &[]).await;
    let found: i32 = row.map_err(failed)?.get(0);
    let known = ALL.len();
    if usize::try_from(found).unwrap_or(0) > known {
        let known = i64::try_from(known).unwrap_or(i64::MAX);
        return Err(OpenError::Newer { found: found.into(), known });
    }
    for migration in ALL.iter().filter(|migration| i64::from(migration.number) > i64::from(found)) {
        client.batch_execute(migration.sql).await.map_err(failed)?;
        let number = i32::try_from(migration.number).unwrap_or(i32::MAX);
        let written = "insert into migrations(number, name) values ($1, $2)";
        let values: [(&(dyn ToSql + Sync), Type); 2] =
            [(&number, Type::INT4), (&migration.name, Type::TEXT)];
        client.execute_typed(written, &values).await.map_err(failed)?;
    }
    client.batch_execute("commit").await.map_err(failed)
}

/// Refuses a database with half a deployment in it.
pub(super) async fn refuse_half(pool: &Pool) -> Result<(), OpenError> {
    let found = connect(pool).await?.query_typed(only::IMPORT_WAITS.postgres, &[]).await;
    let found = found.map_err(|error| OpenError::of(&error))?;
    if found.is_empty() { Ok(()) } else { Err(OpenError::Importing) }
}

fn reason(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => said(error),
        PoolError::Timeout(_)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_) => error.to_string(),
    }
}

/// What PostgreSQL said, or what happened on the way to it, down to the cause.
pub(super) fn said(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return format!("{} ({})", said.message(), said.code().code());
    }
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        told = format!("{told}: {deeper}");
        cause = deeper.source();
    }
    told
}
