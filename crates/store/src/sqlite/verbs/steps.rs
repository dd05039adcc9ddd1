//! One step of a job: a chunk of deliveries moved and the cursor with them, in one transaction.

use jiff::Timestamp;
use posthorn_core::delivery::{ParkedWhy, State, StateKind};
use posthorn_core::endpoint::Status;
use posthorn_core::event::EventType;
use posthorn_core::id::{DeliveryId, EndpointId, JobId};
use rusqlite::{Connection, params};

use super::standing::{self, Standing};
use super::{jobs, status};
use crate::rows::{ms, state_columns};
use crate::sqlite::trouble::Trouble;
use crate::sqlite::{fetch, statements};
use crate::{Job, JobKind, JobState, JobStep, Step, StoreError};

/// Moves one chunk of a job's deliveries.
pub(in crate::sqlite) fn step(db: &Connection, id: JobId, step: Step) -> Result<JobStep, Trouble> {
    let found = jobs::one(db, id)?;
    let Some(job) = found else { return Err(StoreError::Missing { what: "job" }.into()) };
    let moved = if job.state == JobState::Running { take(db, &job, step)? } else { 0 };
    let job = jobs::one(db, id)?.unwrap_or(job);
    Ok(JobStep { job, moved })
}

fn take(db: &Connection, job: &Job, step: Step) -> Result<u32, Trouble> {
    match &job.kind {
        JobKind::Drain { endpoint } => drain(db, job, *endpoint, step),
        JobKind::Recover { endpoint, accepted, types, .. } => {
            Recover { endpoint: *endpoint, accepted: *accepted, types }.take(db, job, step)
        }
        JobKind::Sweep { endpoint } => sweep(db, job, *endpoint, step),
        JobKind::Advance { .. } => Ok(0),
    }
}

/// The oldest parked rows go out in order. The step that finds none makes the endpoint active: in
/// one transaction, so that nothing can park in between.
fn drain(db: &Connection, job: &Job, endpoint: EndpointId, step: Step) -> Result<u32, Trouble> {
    let draining = standing::find(db, endpoint)?.is_some_and(|standing| {
        !standing.deleted && matches!(standing.status, Status::Draining { .. })
    });
    if !draining {
        jobs::over(db, job.id, JobState::Cancelled { at: step.at })?;
        return Ok(0);
    }
    let rows = chunk(db, endpoint, StateKind::Parked, (0, i64::MAX), step.rows)?;
    let Some(last) = rows.last() else {
        status::write(db, endpoint, Status::Active)?;
        jobs::over(db, job.id, JobState::Ended { at: step.at })?;
        return Ok(0);
    };
    let mut pace = Pace::new(step);
    for row in &rows {
        reopen(db, row.id, &State::Due { at: pace.next() }, false)?;
    }
    moved(db, job, pace.taken, last.id)
}

struct Recover<'a> {
    endpoint: EndpointId,
    accepted: (Timestamp, Timestamp),
    types: &'a [EventType],
}

impl Recover<'_> {
    fn take(&self, db: &Connection, job: &Job, step: Step) -> Result<u32, Trouble> {
        let standing = standing::find(db, self.endpoint)?.filter(|standing| !standing.deleted);
        let Some(standing) = standing else {
            jobs::over(db, job.id, JobState::Cancelled { at: step.at })?;
            return Ok(0);
        };
        let rows = self.look(db, job, step.rows)?;
        let Some(last) = rows.last() else {
            jobs::over(db, job.id, JobState::Ended { at: step.at })?;
            return Ok(0);
        };
        let mut pace = Pace::new(step);
        let before = ms(job.created);
        for row in &rows {
            if row.at < before && self.is_wanted(db, row.id)? {
                reopen(db, row.id, &reopened(&standing, &mut pace), true)?;
            }
        }
        moved(db, job, pace.taken, last.id)
    }

    /// The next rows after the cursor, whatever their type and time: what bounds the step.
    fn look(&self, db: &Connection, job: &Job, limit: u32) -> Result<Vec<Row>, Trouble> {
        let (low, high) = jobs::id_range(self.accepted);
        let range = (job.cursor.max(low), high);
        let mut rows = Vec::new();
        for state in jobs::states(&job.kind) {
            rows.extend(chunk(db, self.endpoint, *state, range, limit)?);
        }
        rows.sort_unstable_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        rows.truncate(limit as usize);
        Ok(rows)
    }

    fn is_wanted(&self, db: &Connection, id: i64) -> Result<bool, Trouble> {
        if self.types.is_empty() {
            return Ok(true);
        }
        let event = DeliveryId::from_i64(id).event().as_i64();
        let kind = fetch::one(db, statements::JOB_KIND, params![event], |row| {
            Ok(row.get::<_, String>(0)?)
        })?;
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
fn sweep(db: &Connection, job: &Job, endpoint: EndpointId, step: Step) -> Result<u32, Trouble> {
    let mut rows = Vec::new();
    for state in jobs::states(&job.kind) {
        let left = step.rows.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        rows.extend(chunk(db, endpoint, *state, (0, i64::MAX), left)?);
    }
    let Some(last) = rows.last() else {
        jobs::over(db, job.id, JobState::Ended { at: step.at })?;
        return Ok(0);
    };
    for row in &rows {
        fetch::run(db, statements::JOB_END_DELIVERY, params![row.id, ms(step.at)])?;
    }
    moved(db, job, u32::try_from(rows.len()).unwrap_or(u32::MAX), last.id)
}

struct Row {
    id: i64,
    at: i64,
}

/// The first rows of an endpoint in a state with ids inside `range` (exclusive), by id.
fn chunk(
    db: &Connection,
    endpoint: EndpointId,
    state: StateKind,
    (low, high): (i64, i64),
    limit: u32,
) -> Result<Vec<Row>, Trouble> {
    let range = params![endpoint.as_i64(), state as i64, low, high, limit];
    fetch::many(db, statements::JOB_CHUNK, range, |row| {
        Ok(Row { id: row.get(0)?, at: row.get(1)? })
    })
}

/// A new round for a delivery: a new run, always or only when this one had a try.
fn reopen(db: &Connection, id: i64, state: &State, always: bool) -> Result<(), Trouble> {
    let (code, at, why) = state_columns(state);
    fetch::run(db, statements::JOB_MOVE, params![id, code, at, why, always])?;
    Ok(())
}

fn moved(db: &Connection, job: &Job, rows: u32, cursor: i64) -> Result<u32, Trouble> {
    fetch::run(db, statements::JOB_MOVED, params![job.id.as_i64(), rows, cursor])?;
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
