//! Pausing, disabling, enabling and deleting endpoints, with the jobs that follow from it.

use jiff::Timestamp;
use posthorn_core::delivery::StateKind;
use posthorn_core::endpoint::Status;
use posthorn_core::id::EndpointId;

use super::standing::{self, Standing};
use super::{accept, jobs};
use crate::db::{Db, Lock, values};
use crate::rows::{ms, status_columns};
use crate::statements;
use crate::{Accept, JobKind, JobState, NewJob};

/// Rows that a job's total is counted to inside a writing transaction; beyond that nobody counts.
const COUNT_MAX: u32 = 100_000;

/// Pauses, disables or enables an endpoint; answers the status that came of it. One that is there
/// already stays as it is, and nobody is told.
pub(crate) async fn set<D: Db>(
    db: &D,
    id: EndpointId,
    wanted: Status,
    at: Timestamp,
    notices: &[Accept],
) -> Result<Status, D::Trouble> {
    db.hold(Lock::Endpoint(id)).await?;
    let standing = standing::existing(db, id).await?;
    let status = match (wanted, standing.status) {
        (
            Status::Active | Status::Draining { .. },
            already @ (Status::Active | Status::Draining { .. }),
        )
        | (Status::Paused { .. }, already @ Status::Paused { .. })
        | (Status::Disabled { .. }, already @ Status::Disabled { .. }) => return Ok(already),
        (Status::Active | Status::Draining { .. }, _) => enable(db, id, &standing, at).await?,
        (Status::Paused { .. } | Status::Disabled { .. }, _) => {
            rest(db, id, wanted).await?;
            wanted
        }
    };
    for notice in notices {
        accept::accept_one(db, notice).await?;
    }
    Ok(status)
}

/// Active, or draining when something is parked. What failed before is forgiven.
async fn enable<D: Db>(
    db: &D,
    id: EndpointId,
    standing: &Standing,
    at: Timestamp,
) -> Result<Status, D::Trouble> {
    db.run(statements::ENDPOINT_SET_FAILING, values![id.as_i64(), None::<i64>]).await?;
    let parked = waiting(db, id, &[StateKind::Parked]).await?;
    let status = if parked == 0 { Status::Active } else { Status::Draining { since: at } };
    write(db, id, status).await?;
    if parked > 0 {
        create_job(db, standing, JobKind::Drain { endpoint: id }, (parked, at)).await?;
    }
    Ok(status)
}

/// Puts an endpoint to rest; a drain under way is cancelled.
pub(super) async fn rest<D: Db>(db: &D, id: EndpointId, status: Status) -> Result<(), D::Trouble> {
    let since = match status {
        Status::Active => None,
        Status::Draining { since } | Status::Paused { since } | Status::Disabled { since, .. } => {
            Some(since)
        }
    };
    write(db, id, status).await?;
    let Some(since) = since else { return Ok(()) };
    for job in jobs::running_of(db, id).await? {
        if matches!(job.kind, JobKind::Drain { .. }) {
            jobs::over(db, job.id, JobState::Cancelled { at: since }).await?;
        }
    }
    Ok(())
}

/// Writes a status.
pub(super) async fn write<D: Db>(db: &D, id: EndpointId, status: Status) -> Result<(), D::Trouble> {
    let columns = status_columns(status);
    let row = values![id.as_i64(), columns.status, columns.since, columns.why];
    db.run(statements::ENDPOINT_SET_STATUS, row).await?;
    Ok(())
}

/// Deletes an endpoint: its jobs stop, and a sweep ends what waits for it.
pub(crate) async fn delete<D: Db>(
    db: &D,
    id: EndpointId,
    at: Timestamp,
) -> Result<bool, D::Trouble> {
    db.hold(Lock::Endpoint(id)).await?;
    let Some(standing) = standing::find(db, id).await? else { return Ok(false) };
    if db.run(statements::ENDPOINT_DELETE, values![id.as_i64(), ms(at)]).await? == 0 {
        return Ok(false);
    }
    for job in jobs::running_of(db, id).await? {
        jobs::over(db, job.id, JobState::Cancelled { at }).await?;
    }
    let left = waiting(db, id, &[StateKind::Due, StateKind::Parked]).await?;
    if left > 0 {
        create_job(db, &standing, JobKind::Sweep { endpoint: id }, (left, at)).await?;
    }
    Ok(true)
}

async fn create_job<D: Db>(
    db: &D,
    standing: &Standing,
    kind: JobKind,
    (rows, at): (u32, Timestamp),
) -> Result<(), D::Trouble> {
    let job = NewJob { merchant: standing.merchant, mode: standing.mode, kind, created: at };
    let total = (rows < COUNT_MAX).then_some(u64::from(rows));
    jobs::write(db, &job, total).await?;
    Ok(())
}

/// How many deliveries of an endpoint stand in these states, at most [`COUNT_MAX`].
async fn waiting<D: Db>(db: &D, id: EndpointId, states: &[StateKind]) -> Result<u32, D::Trouble> {
    let mut all = 0;
    for state in states {
        let range = values![id.as_i64(), *state as i64, 0_i64, i64::MAX, i64::MAX, COUNT_MAX - all];
        let found = db.number(statements::JOB_COUNT, range).await?.unwrap_or(0);
        all += u32::try_from(found).unwrap_or(COUNT_MAX).min(COUNT_MAX - all);
    }
    Ok(all)
}
