//! Jobs on record: created, read, cancelled. Their steps are in [`super::steps`].

use jiff::Timestamp;
use posthorn_core::delivery::StateKind;
use posthorn_core::endpoint::Status;
use posthorn_core::event::{EventType, Mode};
use posthorn_core::id::{EndpointId, EventId, JobId, MerchantId};
use rusqlite::{Connection, params};

use super::{once, standing, status};
use crate::rows::{job_endpoint, mode_code, ms};
use crate::sqlite::trouble::Trouble;
use crate::sqlite::{fetch, statements};
use crate::{Done, Job, JobKind, JobState, NewJob, Once, Page, StoreError};

/// Rows that a recover job's total is counted to; beyond that nobody counts.
const COUNT_MAX: i64 = 1_000_000;

/// How many rows a job has before it; `None` when nobody knows or there are a million.
pub(in crate::sqlite) fn count(db: &Connection, job: &NewJob) -> Result<Option<u64>, Trouble> {
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
                let range = params![endpoint, state, low, high, before, left];
                fetch::number(db, statements::JOB_COUNT, range)?
            }
            Some(types) => {
                let range = params![endpoint, state, low, high, before, left, types];
                fetch::number(db, statements::JOB_COUNT_KINDS, range)?
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
pub(in crate::sqlite) fn create(
    db: &Connection,
    job: &NewJob,
    total: Option<u64>,
    once: Option<&Once>,
) -> Result<Done<JobId>, Trouble> {
    if let Some(before) = once::before(db, once)? {
        return Ok(Done::Before(JobId::from_i64(before)));
    }
    if let Some(endpoint) = job_endpoint(&job.kind) {
        standing::existing(db, endpoint)?;
    }
    let id = write(db, job, total)?;
    once::keep(db, once, id.as_i64())?;
    Ok(Done::Now(id))
}

/// Writes a job down.
pub(super) fn write(db: &Connection, job: &NewJob, total: Option<u64>) -> Result<JobId, Trouble> {
    let kind = serde_json::to_string(&job.kind).expect("a job's kind can be written as JSON");
    let row = params![
        job.merchant.as_i64(),
        mode_code(job.mode),
        job_endpoint(&job.kind).map(EndpointId::as_i64),
        kind,
        total.map(u64::cast_signed),
        ms(job.created),
    ];
    fetch::run(db, statements::JOB_CREATE, row)?;
    Ok(JobId::from_i64(db.last_insert_rowid()))
}

/// One job.
pub(in crate::sqlite) fn one(db: &Connection, id: JobId) -> Result<Option<Job>, Trouble> {
    fetch::one(db, statements::JOB, params![id.as_i64()], fetch::job)
}

/// A merchant's jobs, newest first.
pub(in crate::sqlite) fn list(
    db: &Connection,
    merchant: MerchantId,
    mode: Mode,
    page: Page<JobId>,
) -> Result<Vec<Job>, Trouble> {
    let after = page.after.map_or(i64::MAX, JobId::as_i64);
    let which = params![merchant.as_i64(), mode_code(mode), after, page.limit];
    fetch::many(db, statements::JOBS, which, fetch::job)
}

/// All jobs that still run.
pub(in crate::sqlite) fn running(db: &Connection) -> Result<Vec<Job>, Trouble> {
    fetch::many(db, statements::JOBS_RUNNING, params![], fetch::job)
}

/// The jobs that still run for an endpoint.
pub(super) fn running_of(db: &Connection, endpoint: EndpointId) -> Result<Vec<Job>, Trouble> {
    let endpoint = params![endpoint.as_i64()];
    fetch::many(db, statements::JOBS_RUNNING_OF_ENDPOINT, endpoint, fetch::job)
}

/// Writes down that a running job is over; `false` when it was over already.
pub(super) fn over(db: &Connection, id: JobId, state: JobState) -> Result<bool, Trouble> {
    let (code, at) = match state {
        JobState::Running => return Ok(false),
        JobState::Ended { at } => (1, at),
        JobState::Cancelled { at } => (2, at),
    };
    Ok(fetch::run(db, statements::JOB_OVER, params![id.as_i64(), code, ms(at)])? == 1)
}

/// Writes down the progress of a job whose work is done elsewhere.
pub(in crate::sqlite) fn progress(
    db: &Connection,
    id: JobId,
    done: u64,
    ended: Option<Timestamp>,
) -> Result<(), Trouble> {
    fetch::run(db, statements::JOB_PROGRESS, params![id.as_i64(), done.cast_signed()])?;
    if let Some(at) = ended {
        over(db, id, JobState::Ended { at })?;
    }
    Ok(())
}

/// Stops a job. A drain that is stopped leaves its endpoint paused: what is parked stays so, and
/// nothing overtakes it. A sweep cannot be stopped: nobody else would end what it has not reached.
pub(in crate::sqlite) fn cancel(
    db: &Connection,
    id: JobId,
    at: Timestamp,
) -> Result<bool, Trouble> {
    let Some(job) = one(db, id)? else { return Err(StoreError::Missing { what: "job" }.into()) };
    let drained = match job.kind {
        JobKind::Sweep { .. } => return Ok(false),
        JobKind::Drain { endpoint } => Some(endpoint),
        JobKind::Recover { .. } | JobKind::Advance { .. } => None,
    };
    let stopped = over(db, id, JobState::Cancelled { at })?;
    if let (true, Some(endpoint)) = (stopped, drained) {
        status::write(db, endpoint, Status::Paused { since: at })?;
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
