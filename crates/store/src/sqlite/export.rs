//! Writing out everything there is, for another database.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};

use super::open::{DATABASE, OpenError};
use super::{Sqlite, look, migrations};
use crate::db::Value;
use crate::transfer::{
    BatchSize, Head, Moved, Progress, TABLES, Table, Told, Writer, encode, hex, listed, quoted,
};

/// Why a database could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is none.
    #[error("there is no database {}; `--data` names the directory of one", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Its schema is older than this program's.
    #[error(
        "the database is of an older version: run `posthorn migrate` on it with this one, then export"
    )]
    Behind,
    /// A table cannot be read.
    #[error("table {table} cannot be read: {detail}")]
    Table {
        /// Which.
        table: &'static str,
        /// What the database said.
        detail: String,
    },
    /// The export cannot be written.
    #[error("the export cannot be written: {0}")]
    Write(#[from] io::Error),
}

impl Sqlite {
    /// Writes all that is in the database of `dir` to `out`, as it stands at this moment. Nothing in the
    /// directory is changed, and no server may use it.
    pub fn export(
        dir: &Path,
        batches: BatchSize,
        out: &mut dyn Write,
        told: Told<'_>,
    ) -> Result<Vec<Moved>, ExportError> {
        look::refuse_lost(dir)?;
        let path = dir.join(DATABASE);
        if !path.exists() {
            return Err(ExportError::Missing { path });
        }
        let look = look::alone(dir)?;
        if !migrations::pending(&look.db, &path)?.is_empty() {
            return Err(ExportError::Behind);
        }
        look.db.execute_batch("begin").map_err(|error| OpenError::of(&error, &path))?;
        let schema = migrations::ALL.last().map_or(0, |newest| newest.number);
        let mut writer = Writer::begin(out, batches, Head::new(schema, fingerprint(&look.db)?))?;
        let moved = TABLES.iter().map(|table| write(&look.db, table, (&mut writer, &mut *told)));
        let moved = moved.collect::<Result<_, _>>()?;
        writer.end()?;
        Ok(moved)
    }
}

/// What makes this deployment itself and no other: it holds a random value, made on its first start.
fn fingerprint(db: &Connection) -> Result<String, ExportError> {
    let deployment = &TABLES[0];
    let (mut sum, mut line) = (Sha256::new(), Vec::new());
    read(db, deployment, &columns(db, deployment)?, |row| {
        line.clear();
        encode(row, &mut line);
        sum.update(&line);
        Ok(())
    })?;
    Ok(hex(&sum))
}

fn write(
    db: &Connection,
    table: &'static Table,
    (writer, told): (&mut Writer<'_>, Told<'_>),
) -> Result<Moved, ExportError> {
    let columns = columns(db, table)?;
    let mut lines = writer.table(table, columns.clone())?;
    read(db, table, &columns, |row| {
        if let Some(rows) = lines.row(row)? {
            told(Progress { table: table.name, rows, comparing: false });
        }
        Ok(())
    })?;
    let last = db
        .query_row("select seq from sqlite_sequence where name = ?1", [table.name], |row| {
            row.get(0)
        })
        .optional()
        .map_err(|error| unreadable(table, &error))?;
    Ok(lines.end(last)?)
}

/// The columns of a table, as the schema has them.
fn columns(db: &Connection, table: &'static Table) -> Result<Vec<String>, ExportError> {
    let failed = |error| unreadable(table, &error);
    let mut names =
        db.prepare("select name from pragma_table_info(?1) order by cid").map_err(failed)?;
    let names = names.query_map([table.name], |row| row.get(0)).map_err(failed)?;
    names.collect::<Result<_, _>>().map_err(failed)
}

/// Reads all rows in the order of their key.
fn read(
    db: &Connection,
    table: &'static Table,
    columns: &[String],
    mut each: impl FnMut(&[Value<'_>]) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let failed = |error| unreadable(table, &error);
    let sql = format!(
        "select {} from {} order by {}",
        listed(columns.iter().map(String::as_str)),
        quoted(table.name),
        listed(table.key.iter().copied())
    );
    let mut statement = db.prepare(&sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        each(&values(table, row, columns.len())?)?;
    }
    Ok(())
}

fn values<'a>(
    table: &'static Table,
    row: &'a Row<'_>,
    width: usize,
) -> Result<Vec<Value<'a>>, ExportError> {
    let value = |index| {
        let failed = |error| unreadable(table, &error);
        Ok(match row.get_ref(index).map_err(failed)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Int(number),
            text @ ValueRef::Text(_) => {
                let text = text.as_str().map_err(|error| unreadable(table, &error.into()))?;
                Value::Text(Cow::Borrowed(text))
            }
            ValueRef::Blob(bytes) => Value::Blob(Cow::Borrowed(bytes)),
            ValueRef::Real(_) => {
                let detail = "it holds a number with a fraction".to_owned();
                return Err(ExportError::Table { table: table.name, detail });
            }
        })
    };
    (0..width).map(value).collect()
}

fn unreadable(table: &'static Table, error: &rusqlite::Error) -> ExportError {
    ExportError::Table { table: table.name, detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::open;
    use super::*;

    #[test]
    fn every_table_of_the_schema_is_exported_in_the_order_of_its_key() {
        let db = open::memory().unwrap();
        let mut found = db
            .prepare(
                "select t.name, c.name from pragma_table_list as t, pragma_table_info(t.name) as c
                 where t.schema = 'main' and t.type = 'table' and t.name not like 'sqlite_%' and c.pk > 0
                 order by t.name, c.pk",
            )
            .unwrap();
        let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let rows = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        for (table, column) in rows.map(Result::unwrap) {
            keys.entry(table).or_default().push(column);
        }
        let known: BTreeMap<_, _> = TABLES
            .iter()
            .map(|table| (table.name.to_owned(), table.key.iter().map(|&c| c.to_owned()).collect()))
            .collect();
        assert_eq!(keys, known, "a new table needs its place in transfer's TABLES");
    }
}
