//! The database that is imported into: nobody else uses it, and it knows how far the import has come.

use std::collections::BTreeMap;

use deadpool_postgres::{Object, Pool};
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

use super::ImportError;
use crate::postgres::migrations;
use crate::transfer::{Head, TABLES, quoted};

const RECORDS: &str = include_str!("../../../sql/postgres/import_records.sql");
const RECORD: &str = include_str!("../../../sql/postgres/import_record.sql");
const NUMBER: &str = include_str!("../../../sql/postgres/import_number.sql");
/// The role's own bounds are for servers; some of this takes long. What is read again comes by the index
/// of its key: sorted, it would all be written once more.
const PATIENTLY: &str = "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; \
                         set enable_sort = off; set jit = off";
/// Every server at work holds it. It is waited for a little: the session of one that has just ended, or of
/// an import that was cut off, may not have.
const ALONE: &str = "set lock_timeout = '2s'; select pg_advisory_lock(1346895872, 1); \
                     set lock_timeout = 0";
/// Where the records of the whole stand.
const WHOLE: &str = "";

/// How far it has come with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) rows: u64,
    pub(super) sha256: String,
    pub(super) done: bool,
}

/// The database, ours alone while the connection lasts.
pub(super) struct Place {
    pub(super) client: Object,
    pub(super) records: BTreeMap<String, Record>,
    /// Days that a part of the record covers.
    pub(super) part_days: i32,
}

impl Place {
    /// Takes the database: one that is empty, or in which an import of the same is not finished.
    pub(super) async fn take(
        pool: &Pool,
        head: &Head,
        part_days: u32,
    ) -> Result<Self, ImportError> {
        let client = migrations::connect(pool).await?;
        client.batch_execute(PATIENTLY).await?;
        match client.batch_execute(ALONE).await {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                return Err(ImportError::InUse);
            }
            taken => taken?,
        }
        migrations::migrate(pool).await?;
        let records = client.query(RECORDS, &[]).await?.iter().map(record).collect();
        let part_days = i32::try_from(part_days).unwrap_or(i32::MAX);
        let mut place = Self { client, records, part_days };
        match place.records.get(WHOLE) {
            Some(whole) if whole.done => return Err(ImportError::Finished),
            Some(whole) if whole.sha256 != head.deployment => {
                return Err(ImportError::Changed { what: "this deployment".to_owned() });
            }
            Some(_) => {}
            None => place.begin(head).await?,
        }
        Ok(place)
    }

    async fn begin(&mut self, head: &Head) -> Result<(), ImportError> {
        for table in &TABLES {
            let sql = format!("select exists(select from posthorn.{})", quoted(table.name));
            if self.client.query_one(&sql, &[]).await?.get(0) {
                return Err(ImportError::Occupied { table: table.name });
            }
        }
        let whole = Record { rows: 0, sha256: head.deployment.clone(), done: false };
        let transaction = self.client.transaction().await?;
        keep(&transaction, WHOLE, &whole).await?;
        transaction.commit().await?;
        self.records.insert(WHOLE.to_owned(), whole);
        Ok(())
    }

    /// Everything is there: numbers go on after the last that was given out, and servers may start.
    pub(super) async fn finish(
        &mut self,
        lasts: &[(&'static str, i64)],
    ) -> Result<(), ImportError> {
        let rows = self.records.values().map(|record| record.rows).sum();
        let transaction = self.client.transaction().await?;
        for (table, last) in lasts {
            let named = format!("posthorn.{}", quoted(table));
            let set: Option<i64> = transaction.query_one(NUMBER, &[&named, last]).await?.get(0);
            if set.is_none() {
                let detail = "its rows are not numbered in PostgreSQL".to_owned();
                return Err(ImportError::Table { table, detail });
            }
        }
        // What the triggers noted is news to nobody.
        transaction.batch_execute("delete from posthorn.changes").await?;
        if let Some(whole) = self.records.get(WHOLE) {
            let whole = Record { rows, done: true, ..whole.clone() };
            keep(&transaction, WHOLE, &whole).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// Writes down how far it has come with a table.
pub(super) async fn keep(
    transaction: &Transaction<'_>,
    part: &str,
    record: &Record,
) -> Result<(), tokio_postgres::Error> {
    let rows = i64::try_from(record.rows).unwrap_or(i64::MAX);
    transaction.execute(RECORD, &[&part, &rows, &record.sha256, &record.done]).await?;
    Ok(())
}

fn record(row: &tokio_postgres::Row) -> (String, Record) {
    let rows = row.get::<_, i64>(1).unsigned_abs();
    (row.get(0), Record { rows, sha256: row.get(2), done: row.get(3) })
}
