//! Asking SQLite: columns of a result into the row types of [`crate::rows`].

use jiff::Timestamp;
use posthorn_core::attempt::Attempt;
use posthorn_core::delivery::Delivery;
use posthorn_core::endpoint::{EndpointSecret, Settings};
use posthorn_core::event::Event;
use posthorn_core::merchant::{Key, Merchant};
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::trouble::Trouble;
use crate::Job;
use crate::rows::{
    AnswerColumns, AttemptRow, DeliveryRow, EndpointRow, EventRow, JobRow, KeyRow, MerchantRow,
    SecretRow, StatusColumns, VersionRow,
};

/// Runs a statement; answers how many rows it changed.
pub(super) fn run(db: &Connection, sql: &str, params: impl Params) -> Result<usize, Trouble> {
    Ok(db.prepare_cached(sql)?.execute(params)?)
}

/// The first row, if there is one.
pub(super) fn one<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Trouble>,
) -> Result<Option<T>, Trouble> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// All rows.
pub(super) fn many<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, Trouble>,
) -> Result<Vec<T>, Trouble> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

/// Rows until `enough` says so of the last.
pub(super) fn some<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, Trouble>,
    mut enough: impl FnMut(&T) -> bool,
) -> Result<Vec<T>, Trouble> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
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

/// One number, if there is a row.
pub(super) fn number(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Option<i64>, Trouble> {
    Ok(db.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?)
}

/// A row that holds one number.
pub(super) fn id(row: &Row<'_>) -> Result<i64, Trouble> {
    Ok(row.get(0)?)
}

pub(super) fn event(row: &Row<'_>) -> Result<Event, Trouble> {
    event_with(row, row.get(7)?)
}

/// An event without its data.
pub(super) fn envelope(row: &Row<'_>) -> Result<Event, Trouble> {
    event_with(row, Vec::new())
}

fn event_with(row: &Row<'_>, data: Vec<u8>) -> Result<Event, Trouble> {
    let row = EventRow {
        id: row.get(0)?,
        merchant: row.get(1)?,
        mode: row.get(2)?,
        kind: row.get(3)?,
        at: row.get(4)?,
        reference: row.get(5)?,
        only: row.get(6)?,
        data,
    };
    Ok(row.read()?)
}

pub(super) fn delivery(row: &Row<'_>) -> Result<Delivery, Trouble> {
    let row = DeliveryRow {
        id: row.get(0)?,
        endpoint: row.get(1)?,
        state: row.get(2)?,
        at: row.get(3)?,
        attempts: row.get(4)?,
        base: row.get(5)?,
        run: row.get(6)?,
        why: row.get(7)?,
    };
    Ok(row.read()?)
}

/// `delivery` is for errors.
pub(super) fn attempt(delivery: i64, row: &Row<'_>) -> Result<Attempt, Trouble> {
    let row = AttemptRow {
        claim: row.get(0)?,
        run: row.get(1)?,
        number: row.get(2)?,
        at: row.get(3)?,
        late: row.get(4)?,
        answer: AnswerColumns {
            status: row.get(5)?,
            error: row.get(6)?,
            error_detail: row.get(7)?,
            answer: row.get(10)?,
            truncated: row.get(11)?,
        },
        phases: row.get(8)?,
        peer: row.get(9)?,
        signed_at: row.get(12)?,
        endpoint_version: row.get(13)?,
        contract: row.get(14)?,
        secrets: row.get(15)?,
    };
    Ok(row.read(delivery)?)
}

pub(super) fn merchant(row: &Row<'_>) -> Result<Merchant, Trouble> {
    let row = MerchantRow {
        id: row.get(0)?,
        name: row.get(1)?,
        contract: row.get(2)?,
        reference: row.get(3)?,
        strict_catalogue: row.get(4)?,
        clock_offset: row.get(5)?,
        webhook_secret_test: row.get(6)?,
        webhook_secret_live: row.get(7)?,
        created: row.get(8)?,
    };
    Ok(row.read()?)
}

pub(super) fn key(row: &Row<'_>) -> Result<Key, Trouble> {
    let row = KeyRow {
        id: row.get(0)?,
        merchant: row.get(1)?,
        mode: row.get(2)?,
        kind: row.get(3)?,
        hint: row.get(4)?,
        hash: row.get(5)?,
        shown: row.get(6)?,
        created: row.get(7)?,
        last_used: row.get(8)?,
        revoked: row.get(9)?,
    };
    Ok(row.read()?)
}

/// An endpoint still without its secrets.
pub(super) fn endpoint(row: &Row<'_>) -> Result<EndpointRow, Trouble> {
    Ok(EndpointRow {
        id: row.get(0)?,
        merchant: row.get(1)?,
        mode: row.get(2)?,
        version: row.get(3)?,
        settings: row.get(4)?,
        status: StatusColumns { status: row.get(5)?, since: row.get(6)?, why: row.get(7)? },
        failing_since: row.get(8)?,
        created: row.get(9)?,
    })
}

pub(super) fn secret(row: &Row<'_>) -> Result<EndpointSecret, Trouble> {
    secret_from(row, 0)
}

/// A secret and the id of its endpoint.
pub(super) fn secret_of(row: &Row<'_>) -> Result<(i64, EndpointSecret), Trouble> {
    Ok((row.get(0)?, secret_from(row, 1)?))
}

fn secret_from(row: &Row<'_>, first: usize) -> Result<EndpointSecret, Trouble> {
    let row = SecretRow {
        id: row.get(first)?,
        sealed: row.get(first + 1)?,
        created: row.get(first + 2)?,
        until: row.get(first + 3)?,
    };
    Ok(row.read()?)
}

/// `endpoint` is for errors.
pub(super) fn version(endpoint: i64, row: &Row<'_>) -> Result<(u32, Timestamp, Settings), Trouble> {
    let row = VersionRow { endpoint, version: row.get(0)?, at: row.get(1)?, settings: row.get(2)? };
    Ok(row.read()?)
}

/// A job.
pub(super) fn job(row: &Row<'_>) -> Result<Job, Trouble> {
    let row = JobRow {
        id: row.get(0)?,
        merchant: row.get(1)?,
        mode: row.get(2)?,
        kind: row.get(3)?,
        state: row.get(4)?,
        over: row.get(5)?,
        total: row.get(6)?,
        done: row.get(7)?,
        cursor: row.get(8)?,
        created: row.get(9)?,
    };
    Ok(row.read()?)
}
