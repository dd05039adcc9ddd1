//! Migrations: forward only, numbered, each in one transaction.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::open::OpenError;
use crate::Migration;

/// `Post`, in the header of every database of ours.
const APPLICATION_ID: i64 = 0x506f_7374;

/// Every one there is.
pub(super) const ALL: [Migration; 8] = [
    Migration {
        number: 1,
        name: "first",
        sql: include_str!("../../migrations/sqlite/0001_first.sql"),
    },
    Migration {
        number: 2,
        name: "payments",
        sql: include_str!("../../migrations/sqlite/0002_payments.sql"),
    },
    Migration {
        number: 3,
        name: "oauth",
        sql: include_str!("../../migrations/sqlite/0003_oauth.sql"),
    },
    Migration {
        number: 4,
        name: "limits",
        sql: include_str!("../../migrations/sqlite/0004_limits.sql"),
    },
    Migration {
        number: 5,
        name: "incidents",
        sql: include_str!("../../migrations/sqlite/0005_incidents.sql"),
    },
    Migration {
        number: 6,
        name: "search",
        sql: include_str!("../../migrations/sqlite/0006_search.sql"),
    },
    Migration {
        number: 7,
        name: "feeds",
        sql: include_str!("../../migrations/sqlite/0007_feeds.sql"),
    },
    Migration {
        number: 8,
        name: "request_history",
        sql: include_str!("../../migrations/sqlite/0008_request_history.sql"),
    },
];

/// Brings a database up to date.
pub(super) fn migrate(db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    for migration in pending(db, path)? {
        apply(db, &migration).map_err(|error| OpenError::of(&error, path))?;
    }
    Ok(())
}

fn apply(db: &mut Connection, migration: &Migration) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    transaction.execute_batch(migration.sql)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", migration.number)?;
    transaction.commit()
}

/// The migrations that a database still needs.
pub(super) fn pending(db: &Connection, path: &Path) -> Result<Vec<Migration>, OpenError> {
    let failed = |error| OpenError::of(&error, path);
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = number("application_id").map_err(failed)?;
    let found = number("user_version").map_err(failed)?;
    let path = || PathBuf::from(path);
    let has_tables = has_tables(db).map_err(failed)?;
    if application != APPLICATION_ID && (found != 0 || has_tables) {
        return Err(OpenError::NotOurs { path: path() });
    }
    let known = i64::try_from(ALL.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(OpenError::Newer { path: path(), found, known });
    }
    Ok(ALL.into_iter().filter(|migration| i64::from(migration.number) > found).collect())
}

fn has_tables(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("select exists(select 1 from sqlite_schema)", [], |row| row.get(0))
}
