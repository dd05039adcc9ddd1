//! Pausing, disabling, enabling and deleting endpoints, with the jobs that follow from it.

use jiff::Timestamp;
use posthorn_core::delivery::StateKind;
use posthorn_core::endpoint::Status;
use posthorn_core::id::EndpointId;
use rusqlite::{Connection, params};

use super::standing::{self, Standing};
use super::{accept, jobs};
use crate::rows::{ms, status_columns};
use crate::sqlite::trouble::Trouble;
use crate::sqlite::{fetch, statements};
use crate::{Accept, JobKind, JobState, NewJob};

/// Rows that a job's total is counted to inside a writing transaction; beyond that nobody counts.
const COUNT_MAX: u32 = 100_000;

/// Pauses, disables or enables an endpoint; answers the status that came of it. One that is there
/// already stays as it is, and nobody is told.
pub(in crate::sqlite) fn set(
    db: &Connection,
    id: EndpointId,
    wanted: Status,
    at: Timestamp,
    notices: &[Accept],
) -> Result<Status, Trouble> {
    let standing = standing::existing(db, id)?;
    let status = match (wanted, standing.status) {
        (
            Status::Active | Status::Draining { .. },
            already @ (Status::Active | Status::Draining { .. }),
        )
        | (Status::Paused { .. }, already @ Status::Paused { .. })
        | (Status::Disabled { .. }, already @ Status::Disabled { .. }) => return Ok(already),
        (Status::Active | Status::Draining { .. }, _) => enable(db, id, &standing, at)?,
        (Status::Paused { .. } | Status::Disabled { .. }, _) => {
            rest(db, id, wanted)?;
            wanted
        }
    };
    for notice in notices {
        accept::accept_one(db, notice)?;
    }
    Ok(status)
}

/// Active, or draining when something is parked. What failed before is forgiven.
fn enable(
    db: &Connection,
    id: EndpointId,
    standing: &Standing,
    at: Timestamp,
) -> Result<Status, Trouble> {
    fetch::run(db, statements::ENDPOINT_SET_FAILING, params![id.as_i64(), None::<i64>])?;
    let parked = waiting(db, id, &[StateKind::Parked])?;
    let status = if parked == 0 { Status::Active } else { Status::Draining { since: at } };
    write(db, id, status)?;
    if parked > 0 {
        create_job(db, standing, JobKind::Drain { endpoint: id }, (parked, at))?;
    }
    Ok(status)
}

/// Puts an endpoint to rest; a drain under way is cancelled.
pub(super) fn rest(db: &Connection, id: EndpointId, status: Status) -> Result<(), Trouble> {
    let since = match status {
        Status::Active => None,
        Status::Draining { since } | Status::Paused { since } | Status::Disabled { since, .. } => {
            Some(since)
        }
    };
    write(db, id, status)?;
    let Some(since) = since else { return Ok(()) };
    for job in jobs::running_of(db, id)? {
        if matches!(job.kind, JobKind::Drain { .. }) {
            jobs::over(db, job.id, JobState::Cancelled { at: since })?;
        }
    }
    Ok(())
}

/// Writes a status.
pub(super) fn write(db: &Connection, id: EndpointId, status: Status) -> Result<(), Trouble> {
    let columns = status_columns(status);
    let row = params![id.as_i64(), columns.status, columns.since, columns.why];
    fetch::run(db, statements::ENDPOINT_SET_STATUS, row)?;
    Ok(())
}

/// Deletes an endpoint: its jobs stop, and a sweep ends what waits for it.
pub(in crate::sqlite) fn delete(
    db: &Connection,
    id: EndpointId,
    at: Timestamp,
) -> Result<bool, Trouble> {
    let Some(standing) = standing::find(db, id)? else { return Ok(false) };
    if fetch::run(db, statements::ENDPOINT_DELETE, params![id.as_i64(), ms(at)])? == 0 {
        return Ok(false);
    }
    for job in jobs::running_of(db, id)? {
        jobs::over(db, job.id, JobState::Cancelled { at })?;
    }
    let left = waiting(db, id, &[StateKind::Due, StateKind::Parked])?;
    if left > 0 {
        create_job(db, &standing, JobKind::Sweep { endpoint: id }, (left, at))?;
    }
    Ok(true)
}

fn create_job(
    db: &Connection,
    standing: &Standing,
    kind: JobKind,
    (rows, at): (u32, Timestamp),
) -> Result<(), Trouble> {
    let job = NewJob { merchant: standing.merchant, mode: standing.mode, kind, created: at };
    let total = (rows < COUNT_MAX).then_some(u64::from(rows));
    jobs::write(db, &job, total)?;
    Ok(())
}

/// How many deliveries of an endpoint stand in these states, at most [`COUNT_MAX`].
fn waiting(db: &Connection, id: EndpointId, states: &[StateKind]) -> Result<u32, Trouble> {
    let mut all = 0;
    for state in states {
        let range = params![id.as_i64(), *state as i64, 0, i64::MAX, i64::MAX, COUNT_MAX - all];
        let found = fetch::number(db, statements::JOB_COUNT, range)?.unwrap_or(0);
        all += u32::try_from(found).unwrap_or(COUNT_MAX).min(COUNT_MAX - all);
    }
    Ok(all)
}
