//! Jobs on record: created, read, cancelled. Their steps are in [`super::steps`].

use jiff::Timestamp;
use posthorn_core::delivery::StateKind;
use posthorn_core::endpoint::Status;
use posthorn_core::event::{EventType, Mode};
use posthorn_core::id::{EndpointId, EventId, JobId, MerchantId};

use super::{once, standing, status};
use crate::db::{Db, Lock, values};
use crate::rows::{job_endpoint, mode_code, ms};
use crate::{Done, Job, JobKind, JobState, NewJob, Once, Page, StoreError};
use crate::{columns, statements};

/// Rows that a recover job's total is counted to; beyond that nobody counts.
const COUNT_MAX: i64 = 1_000_000;

/// How many rows a job has before it; `None` when nobody knows or there are a million.
pub(crate) async fn count<D: Db>(db: &D, job: &NewJob) -> Result<Option<u64>, D::Trouble> {
    let JobKind::Recover { endpoint, accepted, states, types, .. } = &job.kind else {
        return Ok(None);
    };
    let (low, high) = id_range(*accepted);
    let types = types_json(types);
    let mut all = 0;
    for state in states {
        let (endpoint, state, before) = (endpoint.as_i64(), *state as i64, ms(job.created));
        let left = COUNT_MAX - all;
        let found = match &types {
            None => {
                let range = values![endpoint, state, low, high, before, left];
                db.number(statements::JOB_COUNT, range).await?
            }
            Some(types) => {
                let range = values![endpoint, state, low, high, before, left, types];
                db.number(statements::JOB_COUNT_KINDS, range).await?
            }
        };
        all += found.unwrap_or(0);
    }
    Ok((all < COUNT_MAX).then_some(all.unsigned_abs()))
}

/// The delivery ids of events accepted between two real times; both bounds are exclusive.
pub(super) fn id_range((since, until): (Timestamp, Timestamp)) -> (i64, i64) {
    (EventId::first_at(since).as_i64(), EventId::first_at(until).as_i64())
}

fn types_json(types: &[EventType]) -> Option<String> {
    let json = || serde_json::to_string(types).expect("a list of texts can be written as JSON");
    (!types.is_empty()).then(json)
}

/// Writes a job down; `total` was counted just before.
pub(crate) async fn create<D: Db>(
    db: &D,
    job: &NewJob,
    total: Option<u64>,
    once: Option<&Once>,
) -> Result<Done<JobId>, D::Trouble> {
    if let Some(before) = once::before(db, once).await? {
        return Ok(Done::Before(JobId::from_i64(before)));
    }
    if let Some(endpoint) = job_endpoint(&job.kind) {
        db.hold(Lock::Standing(endpoint)).await?;
        standing::existing(db, endpoint).await?;
    }
    let id = write(db, job, total).await?;
    once::keep(db, once, id.as_i64()).await?;
    Ok(Done::Now(id))
}

/// Writes a job down.
pub(super) async fn write<D: Db>(
    db: &D,
    job: &NewJob,
    total: Option<u64>,
) -> Result<JobId, D::Trouble> {
    let kind = serde_json::to_string(&job.kind).expect("a job's kind can be written as JSON");
    let row = values![
        job.merchant.as_i64(),
        mode_code(job.mode),
        job_endpoint(&job.kind).map(EndpointId::as_i64),
        kind,
        total.map(u64::cast_signed),
        ms(job.created),
    ];
    Ok(JobId::from_i64(db.insert(statements::JOB_CREATE, row).await?))
}

/// One job.
pub(crate) async fn one<D: Db>(db: &D, id: JobId) -> Result<Option<Job>, D::Trouble> {
    db.one(statements::JOB, values![id.as_i64()], columns::job).await
}

/// A merchant's jobs, newest first.
pub(crate) async fn list<D: Db>(
    db: &D,
    merchant: MerchantId,
    mode: Mode,
    page: Page<JobId>,
) -> Result<Vec<Job>, D::Trouble> {
    let after = page.after.map_or(i64::MAX, JobId::as_i64);
    let which = values![merchant.as_i64(), mode_code(mode), after, page.limit];
    db.many(statements::JOBS, which, columns::job).await
}

/// All jobs that still run.
pub(crate) async fn running<D: Db>(db: &D) -> Result<Vec<Job>, D::Trouble> {
    db.many(statements::JOBS_RUNNING, values![], columns::job).await
}

/// The jobs that still run for an endpoint.
pub(super) async fn running_of<D: Db>(
    db: &D,
    endpoint: EndpointId,
) -> Result<Vec<Job>, D::Trouble> {
    let endpoint = values![endpoint.as_i64()];
    db.many(statements::JOBS_RUNNING_OF_ENDPOINT, endpoint, columns::job).await
}

/// Writes down that a running job is over; `false` when it was over already.
pub(super) async fn over<D: Db>(db: &D, id: JobId, state: JobState) -> Result<bool, D::Trouble> {
    let (code, at) = match state {
        JobState::Running => return Ok(false),
        JobState::Ended { at } => (1_i64, at),
        JobState::Cancelled { at } => (2, at),
    };
    Ok(db.run(statements::JOB_OVER, values![id.as_i64(), code, ms(at)]).await? == 1)
}

/// Writes down the progress of a job whose work is done elsewhere.
pub(crate) async fn progress<D: Db>(
    db: &D,
    id: JobId,
    done: u64,
    ended: Option<Timestamp>,
) -> Result<(), D::Trouble> {
    db.run(statements::JOB_PROGRESS, values![id.as_i64(), done.cast_signed()]).await?;
    if let Some(at) = ended {
        over(db, id, JobState::Ended { at }).await?;
    }
    Ok(())
}

/// Stops a job. A drain that is stopped leaves its endpoint paused: what is parked stays so, and
/// nothing overtakes it. A sweep cannot be stopped: nobody else would end what it has not reached.
pub(crate) async fn cancel<D: Db>(db: &D, id: JobId, at: Timestamp) -> Result<bool, D::Trouble> {
    let Some(job) = one(db, id).await? else {
        return Err(StoreError::Missing { what: "job" }.into());
    };
    let drained = match job.kind {
        JobKind::Sweep { .. } => return Ok(false),
        JobKind::Drain { endpoint } => Some(endpoint),
        JobKind::Recover { .. } | JobKind::Advance { .. } => None,
    };
    if let Some(endpoint) = drained {
        db.hold(Lock::Endpoint(endpoint)).await?;
    }
    let stopped = over(db, id, JobState::Cancelled { at }).await?;
    if let (true, Some(endpoint)) = (stopped, drained) {
        status::write(db, endpoint, Status::Paused { since: at }).await?;
    }
    Ok(stopped)
}

/// The states of the deliveries that a job moves.
pub(super) fn states(kind: &JobKind) -> &[StateKind] {
    match kind {
        JobKind::Drain { .. } => &[StateKind::Parked],
        JobKind::Sweep { .. } => &[StateKind::Due, StateKind::Parked],
        JobKind::Recover { states, .. } => states,
        JobKind::Advance { .. } => &[],
    }
}
