//! One table of an import.

use std::pin::pin;

use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement, Transaction};

use super::ImportError;
use super::place::{Place, Record, keep};
use crate::db::Value;
use crate::postgres::trouble::said;
use crate::transfer::{Batch, Moved, Progress, Table, Told, encode, hex, listed, quoted};

const COLUMNS: &str = include_str!("../../../sql/postgres/import_columns.sql");
const COVER: &str = include_str!("../../../sql/postgres/import_cover.sql");
const REFERENCES: &str = include_str!("../../../sql/postgres/import_references.sql");
/// How often one is told how far the comparing has come.
const TOLD_EVERY: u64 = 10_000;

/// A column, by what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int,
    Text,
    Bytes,
}

/// The values of a column.
enum Values {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

/// A table that is being imported.
pub(super) struct Part {
    table: &'static Table,
    columns: Vec<(String, Kind)>,
    insert: Statement,
    width: i32,
}

impl Part {
    pub(super) async fn begin(
        place: &mut Place,
        table: &'static Table,
        columns: Vec<String>,
    ) -> Result<Self, ImportError> {
        let named = format!("posthorn.{}", quoted(table.name));
        let known = place.client.query(COLUMNS, &[&named]).await?;
        let kind = |name: &String| {
            let of = known.iter().find(|row| row.get::<_, &str>(0) == name).map(|row| row.get(1));
            match of {
                Some("int2" | "int4" | "int8") => Ok(Kind::Int),
                Some("text") => Ok(Kind::Text),
                Some("bytea") => Ok(Kind::Bytes),
                Some(_) | None => Err(refused(table, format!("column {name} is not known"))),
            }
        };
        let kinds = columns.iter().map(kind).collect::<Result<Vec<_>, _>>()?;
        let columns: Vec<_> = columns.into_iter().zip(kinds).collect();
        let insert = place.client.prepare(&insert(table, &columns)).await?;
        Ok(Self { table, columns, insert, width: place.part_days })
    }

    /// Writes a batch and how far it has come, together; or sees that both were written before.
    pub(super) async fn write(
        &mut self,
        place: &mut Place,
        batch: Batch,
        told: Told<'_>,
    ) -> Result<(), ImportError> {
        let Batch { rows, rows_so_far, sha256 } = batch;
        told(Progress { table: self.table.name, rows: rows_so_far, comparing: false });
        let record = place.records.get(self.table.name);
        let before = record.map_or(0, |record| record.rows);
        if let Some(record) = record.filter(|record| rows_so_far <= record.rows) {
            let same = rows_so_far < record.rows || sha256 == record.sha256;
            return if same { Ok(()) } else { Err(self.changed()) };
        }
        let done = record.is_some_and(|record| record.done);
        if done || rows_so_far - rows.len() as u64 != before {
            return Err(self.changed());
        }
        let columns = self.columns(rows)?;
        let record = Record { rows: rows_so_far, sha256, done: false };
        let transaction = place.client.transaction().await?;
        let written = self.insert(&transaction, &columns).await;
        written.map_err(|error| self.failed(&error))?;
        keep(&transaction, self.table.name, &record).await?;
        transaction.commit().await?;
        place.records.insert(self.table.name.to_owned(), record);
        Ok(())
    }

    async fn insert(
        &self,
        transaction: &Transaction<'_>,
        columns: &[Values],
    ) -> Result<(), tokio_postgres::Error> {
        let given: Vec<&(dyn ToSql + Sync)> = columns.iter().map(Values::given).collect();
        let events = (self.table.name == "events").then(|| self.ids(columns)).flatten();
        if let Some(ids) = events {
            transaction.execute(COVER, &[ids, &self.width]).await?;
        }
        transaction.execute(&self.insert, &given).await?;
        if let Some(ids) = events {
            transaction.execute(REFERENCES, &[ids]).await?;
        }
        Ok(())
    }

    fn ids<'a>(&self, columns: &'a [Values]) -> Option<&'a Vec<Option<i64>>> {
        let named = self.columns.iter().zip(columns).find(|((name, _), _)| name == "id");
        match named {
            Some((_, Values::Int(ids))) => Some(ids),
            Some((_, Values::Text(_) | Values::Bytes(_))) | None => None,
        }
    }

    /// The table is whole: what PostgreSQL holds of it is read again and compared.
    pub(super) async fn end(
        &mut self,
        place: &mut Place,
        ended: &Moved,
        told: Told<'_>,
    ) -> Result<(), ImportError> {
        let table = self.table.name;
        let whole = Record { rows: ended.rows, sha256: ended.sha256.clone(), done: true };
        match place.records.get(table) {
            Some(record) if record.done && *record == whole => return Ok(()),
            Some(record) if record.done || record.rows != whole.rows => return Err(self.changed()),
            Some(_) | None => {}
        }
        let (rows, sha256) = self.sum(place, told).await?;
        if (rows, &sha256) != (whole.rows, &whole.sha256) {
            return Err(ImportError::Differs { table, found: rows, expected: whole.rows });
        }
        place.client.batch_execute(&format!("analyze posthorn.{}", quoted(table))).await?;
        let transaction = place.client.transaction().await?;
        keep(&transaction, table, &whole).await?;
        transaction.commit().await?;
        place.records.insert(table.to_owned(), whole);
        Ok(())
    }

    /// The rows that PostgreSQL holds, and the checksum of their lines.
    async fn sum(
        &self,
        place: &mut Place,
        told: Told<'_>,
    ) -> Result<(u64, String), tokio_postgres::Error> {
        let nothing: [&(dyn ToSql + Sync); 0] = [];
        let found = place.client.query_raw(&select(self.table, &self.columns), nothing).await?;
        let mut found = pin!(found);
        let (mut sum, mut line, mut rows) = (Sha256::new(), Vec::new(), 0);
        while let Some(row) = found.try_next().await? {
            line.clear();
            encode(&self.read(&row)?, &mut line);
            sum.update(&line);
            rows += 1;
            if rows % TOLD_EVERY == 0 {
                told(Progress { table: self.table.name, rows, comparing: true });
            }
        }
        Ok((rows, hex(&sum)))
    }

    fn read(&self, row: &Row) -> Result<Vec<Value<'static>>, tokio_postgres::Error> {
        let value = |(index, (_, kind)): (usize, &(String, Kind))| {
            Ok(match kind {
                Kind::Int => Value::from(row.try_get::<_, Option<i64>>(index)?),
                Kind::Text => Value::from(row.try_get::<_, Option<String>>(index)?),
                Kind::Bytes => Value::from(row.try_get::<_, Option<Vec<u8>>>(index)?),
            })
        };
        self.columns.iter().enumerate().map(value).collect()
    }

    /// Rows, column by column.
    fn columns(&self, rows: Vec<Vec<Value<'static>>>) -> Result<Vec<Values>, ImportError> {
        let mut columns: Vec<Values> =
            self.columns.iter().map(|(_, kind)| Values::new(*kind)).collect();
        for row in rows {
            for ((values, value), (name, _)) in columns.iter_mut().zip(row).zip(&self.columns) {
                if !values.push(value) {
                    return Err(refused(
                        self.table,
                        format!("column {name} cannot hold a value of it"),
                    ));
                }
            }
        }
        Ok(columns)
    }

    fn changed(&self) -> ImportError {
        ImportError::Changed { what: format!("table {}", self.table.name) }
    }

    /// What the database says of a value is about the table; all else is about the database.
    fn failed(&self, error: &tokio_postgres::Error) -> ImportError {
        match error.as_db_error() {
            Some(db) if ["22", "23"].iter().any(|class| db.code().code().starts_with(class)) => {
                refused(self.table, said(error))
            }
            Some(_) | None => ImportError::Failed { detail: said(error) },
        }
    }
}

impl Values {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Int => Self::Int(Vec::new()),
            Kind::Text => Self::Text(Vec::new()),
            Kind::Bytes => Self::Bytes(Vec::new()),
        }
    }

    /// Adds a value; `false`: it is of another kind.
    fn push(&mut self, value: Value<'static>) -> bool {
        match (self, value) {
            (Self::Int(all), Value::Null) => all.push(None),
            (Self::Int(all), Value::Int(number)) => all.push(Some(number)),
            (Self::Text(all), Value::Null) => all.push(None),
            (Self::Text(all), Value::Text(text)) => all.push(Some(text.into_owned())),
            (Self::Bytes(all), Value::Null) => all.push(None),
            (Self::Bytes(all), Value::Blob(bytes)) => all.push(Some(bytes.into_owned())),
            (_, _) => return false,
        }
        true
    }

    fn given(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Int(all) => all,
            Self::Text(all) => all,
            Self::Bytes(all) => all,
        }
    }
}

fn insert(table: &Table, columns: &[(String, Kind)]) -> String {
    let array = |(number, (_, kind)): (usize, &(String, Kind))| match kind {
        Kind::Int => format!("${number}::bigint[]"),
        Kind::Text => format!("${number}::text[]"),
        Kind::Bytes => format!("${number}::bytea[]"),
    };
    format!(
        "insert into posthorn.{}({}) overriding system value select * from unnest({})",
        quoted(table.name),
        listed(columns.iter().map(|(name, _)| name.as_str())),
        (1..).zip(columns).map(array).collect::<Vec<_>>().join(", ")
    )
}

/// All rows in the order of the key, as the export has it: texts by their bytes.
fn select(table: &Table, columns: &[(String, Kind)]) -> String {
    let column = |(name, kind): &(String, Kind)| match kind {
        Kind::Int => format!("t.{}::bigint", quoted(name)),
        Kind::Text | Kind::Bytes => format!("t.{}", quoted(name)),
    };
    let key = |name: &&str| {
        let text = columns.iter().any(|(column, kind)| column == name && *kind == Kind::Text);
        format!("t.{}{}", quoted(name), if text { " collate \"C\"" } else { "" })
    };
    format!(
        "select {} from posthorn.{} as t order by {}",
        columns.iter().map(column).collect::<Vec<_>>().join(", "),
        quoted(table.name),
        table.key.iter().map(key).collect::<Vec<_>>().join(", ")
    )
}

fn refused(table: &'static Table, detail: String) -> ImportError {
    ImportError::Table { table: table.name, detail }
}
