//! One step of a job: a chunk of deliveries moved and the cursor with them, in one transaction.

use jiff::Timestamp;
use posthorn_core::delivery::{ParkedWhy, State, StateKind};
use posthorn_core::endpoint::Status;
use posthorn_core::event::EventType;
use posthorn_core::id::{DeliveryId, EndpointId, JobId};

use super::standing::{self, Standing};
use super::{jobs, status};
use crate::db::{Db, Lock, values};
use crate::rows::{ms, state_columns};
use crate::statements;
use crate::{Job, JobKind, JobState, JobStep, Step, StoreError};

/// Moves one chunk of a job's deliveries.
pub(crate) async fn step<D: Db>(db: &D, id: JobId, step: Step) -> Result<JobStep, D::Trouble> {
    if let Some(found) = jobs::one(db, id).await? {
        hold(db, &found).await?;
    }
    let found = jobs::one(db, id).await?;
    let Some(job) = found else { return Err(StoreError::Missing { what: "job" }.into()) };
    let moved = if job.state == JobState::Running { take(db, &job, step).await? } else { 0 };
    let job = jobs::one(db, id).await?.unwrap_or(job);
    Ok(JobStep { job, moved })
}

/// Nobody else takes a step of the same job, and its endpoint stays as it is.
async fn hold<D: Db>(db: &D, job: &Job) -> Result<(), D::Trouble> {
    match job.kind {
        JobKind::Drain { endpoint } => db.hold(Lock::Endpoint(endpoint)).await?,
        JobKind::Recover { endpoint, .. } => db.hold(Lock::Standing(endpoint)).await?,
        JobKind::Sweep { .. } | JobKind::Advance { .. } => {}
    }
    db.hold(Lock::Job(job.id)).await
}

async fn take<D: Db>(db: &D, job: &Job, step: Step) -> Result<u32, D::Trouble> {
    match &job.kind {
        JobKind::Drain { endpoint } => drain(db, job, *endpoint, step).await,
        JobKind::Recover { endpoint, accepted, types, .. } => {
            Recover { endpoint: *endpoint, accepted: *accepted, types }.take(db, job, step).await
        }
        JobKind::Sweep { endpoint } => sweep(db, job, *endpoint, step).await,
        JobKind::Advance { .. } => Ok(0),
    }
}

/// The oldest parked rows go out in order. The step that finds none makes the endpoint active: in
/// one transaction, so that nothing can park in between.
async fn drain<D: Db>(
    db: &D,
    job: &Job,
    endpoint: EndpointId,
    step: Step,
) -> Result<u32, D::Trouble> {
    let draining = standing::find(db, endpoint).await?.is_some_and(|standing| {
        !standing.deleted && matches!(standing.status, Status::Draining { .. })
    });
    if !draining {
        jobs::over(db, job.id, JobState::Cancelled { at: step.at }).await?;
        return Ok(0);
    }
    let rows = chunk(db, endpoint, StateKind::Parked, (0, i64::MAX), step.rows).await?;
    let Some(last) = rows.last() else {
        status::write(db, endpoint, Status::Active).await?;
        jobs::over(db, job.id, JobState::Ended { at: step.at }).await?;
        return Ok(0);
    };
    let mut pace = Pace::new(step);
    for row in &rows {
        reopen(db, row.id, &State::Due { at: pace.next() }, false).await?;
    }
    moved(db, job, pace.taken, last.id).await
}

struct Recover<'a> {
    endpoint: EndpointId,
    accepted: (Timestamp, Timestamp),
    types: &'a [EventType],
}

impl Recover<'_> {
    async fn take<D: Db>(&self, db: &D, job: &Job, step: Step) -> Result<u32, D::Trouble> {
        let standing =
            standing::find(db, self.endpoint).await?.filter(|standing| !standing.deleted);
        let Some(standing) = standing else {
            jobs::over(db, job.id, JobState::Cancelled { at: step.at }).await?;
            return Ok(0);
        };
        let rows = self.look(db, job, step.rows).await?;
        let Some(last) = rows.last() else {
            jobs::over(db, job.id, JobState::Ended { at: step.at }).await?;
            return Ok(0);
        };
        let mut pace = Pace::new(step);
        let before = ms(job.created);
        for row in &rows {
            if row.at < before && self.is_wanted(db, row.id).await? {
                reopen(db, row.id, &reopened(&standing, &mut pace), true).await?;
            }
        }
        moved(db, job, pace.taken, last.id).await
    }

    /// The next rows after the cursor, whatever their type and time: what bounds the step.
    async fn look<D: Db>(&self, db: &D, job: &Job, limit: u32) -> Result<Vec<Row>, D::Trouble> {
        let (low, high) = jobs::id_range(self.accepted);
        let range = (job.cursor.max(low), high);
        let mut rows = Vec::new();
        for state in jobs::states(&job.kind) {
            rows.extend(chunk(db, self.endpoint, *state, range, limit).await?);
        }
        rows.sort_unstable_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        rows.truncate(limit as usize);
        Ok(rows)
    }

    async fn is_wanted<D: Db>(&self, db: &D, id: i64) -> Result<bool, D::Trouble> {
        if self.types.is_empty() {
            return Ok(true);
        }
        let event = DeliveryId::from_i64(id).event().as_i64();
        let kind = db.one(statements::JOB_KIND, values![event], |row| row.get::<String>(0)).await?;
        Ok(kind.is_some_and(|kind| self.types.iter().any(|wanted| wanted.as_str() == kind)))
    }
}

/// At an endpoint at rest even what is recovered waits for it to be enabled.
fn reopened(standing: &Standing, pace: &mut Pace) -> State {
    if standing.status.rests() {
        State::Parked { since: pace.next_at_rest(), why: ParkedWhy::EndpointAtRest }
    } else {
        State::Due { at: pace.next() }
    }
}

/// What waits for a deleted endpoint ends.
async fn sweep<D: Db>(
    db: &D,
    job: &Job,
    endpoint: EndpointId,
    step: Step,
) -> Result<u32, D::Trouble> {
    let mut rows = Vec::new();
    for state in jobs::states(&job.kind) {
        let left = step.rows.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        rows.extend(chunk(db, endpoint, *state, (0, i64::MAX), left).await?);
    }
    let Some(last) = rows.last() else {
        jobs::over(db, job.id, JobState::Ended { at: step.at }).await?;
        return Ok(0);
    };
    for row in &rows {
        db.run(statements::JOB_END_DELIVERY, values![row.id, ms(step.at)]).await?;
    }
    moved(db, job, u32::try_from(rows.len()).unwrap_or(u32::MAX), last.id).await
}

struct Row {
    id: i64,
    at: i64,
}

/// The first rows of an endpoint in a state with ids inside `range` (exclusive), by id.
async fn chunk<D: Db>(
    db: &D,
    endpoint: EndpointId,
    state: StateKind,
    (low, high): (i64, i64),
    limit: u32,
) -> Result<Vec<Row>, D::Trouble> {
    let range = values![endpoint.as_i64(), state as i64, low, high, limit];
    db.many(statements::JOB_CHUNK, range, |row| Ok(Row { id: row.get(0)?, at: row.get(1)? })).await
}

/// A new round for a delivery: a new run, always or only when this one had a try.
async fn reopen<D: Db>(db: &D, id: i64, state: &State, always: bool) -> Result<(), D::Trouble> {
    let (code, at, why) = state_columns(state);
    db.run(statements::JOB_MOVE, values![id, code, at, why, always]).await?;
    Ok(())
}

async fn moved<D: Db>(db: &D, job: &Job, rows: u32, cursor: i64) -> Result<u32, D::Trouble> {
    db.run(statements::JOB_MOVED, values![job.id.as_i64(), rows, cursor]).await?;
    Ok(rows)
}

/// When each further row is due.
struct Pace {
    step: Step,
    at: Timestamp,
    taken: u32,
}

impl Pace {
    fn new(step: Step) -> Self {
        Self { step, at: step.at, taken: 0 }
    }

    fn next(&mut self) -> Timestamp {
        let at = self.at;
        self.at = at.saturating_add(self.step.spacing).unwrap_or(Timestamp::MAX);
        self.taken += 1;
        at
    }

    fn next_at_rest(&mut self) -> Timestamp {
        self.taken += 1;
        self.step.at
    }
}
