//! Columns of a result into the row types of [`crate::rows`], in the order of the statements.

use jiff::Timestamp;
use posthorn_core::attempt::Attempt;
use posthorn_core::delivery::Delivery;
use posthorn_core::endpoint::{EndpointSecret, Settings};
use posthorn_core::event::Event;
use posthorn_core::merchant::{Key, Merchant};

use crate::db::Columns;
use crate::rows::{
    AnswerColumns, AttemptRow, DeliveryRow, EndpointRow, EventRow, JobRow, KeyRow, MerchantRow,
    SecretRow, StatusColumns, VersionRow,
};
use crate::{Job, StoreError};

/// A row that holds one number.
pub(crate) fn id(row: &dyn Columns) -> Result<i64, StoreError> {
    row.get(0)
}

pub(crate) fn event(row: &dyn Columns) -> Result<Event, StoreError> {
    event_with(row, row.get(7)?, row.get(8)?)
}

/// An event without its data.
pub(crate) fn envelope(row: &dyn Columns) -> Result<Event, StoreError> {
    event_with(row, Vec::new(), None)
}

/// An event whose data and whose `about` stand elsewhere.
pub(crate) fn event_with(
    row: &dyn Columns,
    data: Vec<u8>,
    about: Option<String>,
) -> Result<Event, StoreError> {
    let row = EventRow {
        id: row.get(0)?,
        merchant: row.get(1)?,
        mode: row.get(2)?,
        kind: row.get(3)?,
        at: row.get(4)?,
        reference: row.get(5)?,
        only: row.get(6)?,
        data,
        about,
    };
    row.read()
}

pub(crate) fn delivery(row: &dyn Columns) -> Result<Delivery, StoreError> {
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
    row.read()
}

/// `delivery` is for errors.
pub(crate) fn attempt(delivery: i64, row: &dyn Columns) -> Result<Attempt, StoreError> {
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
    row.read(delivery)
}

pub(crate) fn merchant(row: &dyn Columns) -> Result<Merchant, StoreError> {
    let row = MerchantRow {
        id: row.get(0)?,
        name: row.get(1)?,
        contract: row.get(2)?,
        reference: row.get(3)?,
        strict_catalogue: row.get(4)?,
        retention: row.get(5)?,
        legal_hold: row.get(6)?,
        clock_offset: row.get(7)?,
        webhook_secret_test: row.get(8)?,
        webhook_secret_live: row.get(9)?,
        created: row.get(10)?,
        rate_limits: row.get(11)?,
    };
    row.read()
}

pub(crate) fn key(row: &dyn Columns) -> Result<Key, StoreError> {
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
    row.read()
}

/// An endpoint still without its secrets.
pub(crate) fn endpoint(row: &dyn Columns) -> Result<EndpointRow, StoreError> {
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

pub(crate) fn secret(row: &dyn Columns) -> Result<EndpointSecret, StoreError> {
    secret_from(row, 0)
}

/// A secret and the id of its endpoint.
pub(crate) fn secret_of(row: &dyn Columns) -> Result<(i64, EndpointSecret), StoreError> {
    Ok((row.get(0)?, secret_from(row, 1)?))
}

fn secret_from(row: &dyn Columns, first: usize) -> Result<EndpointSecret, StoreError> {
    let row = SecretRow {
        id: row.get(first)?,
        sealed: row.get(first + 1)?,
        created: row.get(first + 2)?,
        until: row.get(first + 3)?,
    };
    row.read()
}

/// `endpoint` is for errors.
pub(crate) fn version(
    endpoint: i64,
    row: &dyn Columns,
) -> Result<(u32, Timestamp, Settings), StoreError> {
    let row = VersionRow { endpoint, version: row.get(0)?, at: row.get(1)?, settings: row.get(2)? };
    row.read()
}

/// A job.
pub(crate) fn job(row: &dyn Columns) -> Result<Job, StoreError> {
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
    row.read()
}
