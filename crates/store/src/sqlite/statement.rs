//! Statements on SQLite: each is over when it was begun.

use jiff::Timestamp;
use posthorn_core::id::EventId;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, Rows, ToSql, params_from_iter};

use super::trouble::Trouble;
use crate::StoreError;
use crate::db::{Columns, Db, Lock, Value};
use crate::rows::ms;
use crate::statements::Statement;

impl Db for Connection {
    type Trouble = Trouble;

    async fn run(&self, statement: Statement, values: &[Value<'_>]) -> Result<u64, Trouble> {
        let changed = self.prepare_cached(statement.sqlite)?.execute(params_from_iter(values))?;
        Ok(changed as u64)
    }

    async fn some<T>(
        &self,
        statement: Statement,
        values: &[Value<'_>],
        read: impl FnMut(&dyn Columns) -> Result<T, StoreError>,
        enough: impl FnMut(&T) -> bool,
    ) -> Result<Vec<T>, Trouble> {
        let mut prepared = self.prepare_cached(statement.sqlite)?;
        let rows = prepared.query(params_from_iter(values))?;
        read_until(rows, read, enough)
    }

    /// One thread writes, one transaction at a time.
    async fn hold(&self, _: Lock) -> Result<(), Trouble> {
        Ok(())
    }

    /// Nobody else makes ids.
    fn may_write(&self, _: EventId) -> Result<(), StoreError> {
        Ok(())
    }

    fn lease_ms(&self, until: Timestamp) -> i64 {
        ms(until)
    }
}

/// What a statement of SQLite's own says, line by line.
pub(super) fn lines(db: &Connection, sql: &str) -> Result<Vec<String>, Trouble> {
    read_until(db.prepare(sql)?.query([])?, |row| row.get(0), |_| false)
}

fn read_until<T>(
    mut rows: Rows<'_>,
    mut read: impl FnMut(&dyn Columns) -> Result<T, StoreError>,
    mut enough: impl FnMut(&T) -> bool,
) -> Result<Vec<T>, Trouble> {
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let one = read(row)?;
        let last = enough(&one);
        all.push(one);
        if last {
            break;
        }
    }
    Ok(all)
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

impl Columns for Row<'_> {
    fn maybe_int(&self, index: usize) -> Result<Option<i64>, StoreError> {
        self.get(index).map_err(unreadable)
    }

    fn maybe_text(&self, index: usize) -> Result<Option<String>, StoreError> {
        self.get(index).map_err(unreadable)
    }

    fn maybe_blob(&self, index: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(index).map_err(unreadable)
    }
}

fn unreadable(error: rusqlite::Error) -> StoreError {
    Trouble::Failed(error).into_error()
}
