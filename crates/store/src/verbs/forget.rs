//! Forgetting what is old, row by row: a bounded step at a time, oldest first.
//!
//! Each merchant has its own time: the longer of the deployment's retention and its own, or for ever
//! while a legal hold is on. The statements reckon it from the merchant's row; each merchant's events
//! are a range of an index, so that what is kept is never walked.

use jiff::Timestamp;
use posthorn_core::delivery::StateKind;
use posthorn_core::id::{EPOCH_MS, EndpointId, EventId, MerchantId};

use crate::db::{Db, values};
use crate::retention::{Ended, Extent, Forgotten, Keep, NOTICE};
use crate::rows::{duration_ms, ms};
use crate::statements::{self, Statement};

/// Endpoints or merchants that one step looks at.
const LOOKED_AT: u32 = 256;

/// Gives up what still waits although its event has a day left.
pub(crate) async fn end_old<D: Db>(
    db: &D,
    keep: Keep,
    after: Option<EndpointId>,
) -> Result<Ended, D::Trouble> {
    let first = after.map_or(0, EndpointId::as_i64);
    let Some(last) = last_of(db, statements::FORGET_ENDPOINTS, first).await? else {
        return Ok(Ended { deliveries: 0, next: None });
    };
    let soon = keep.now.saturating_add(NOTICE).unwrap_or(Timestamp::MAX);
    let which = values![first, last, id_ms(soon), duration_ms(keep.kept), keep.rows];
    let waiting = db
        .many(statements::FORGET_WAITING, which, |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)))
        .await?;
    for (id, clock_offset) in &waiting {
        let row = values![*id, ms(keep.now).saturating_add(*clock_offset)];
        db.run(statements::FORGET_END, row).await?;
    }
    let done = waiting.len() < keep.rows as usize;
    let next = if done { last } else { first };
    Ok(Ended { deliveries: waiting.len() as u64, next: Some(EndpointId::from_i64(next)) })
}

/// Forgets what merchants need not keep any more: events with all that belongs to them, and jobs.
pub(crate) async fn forget<D: Db>(
    db: &D,
    keep: Keep,
    after: Option<MerchantId>,
) -> Result<Forgotten, D::Trouble> {
    let first = after.map_or(0, MerchantId::as_i64);
    let Some(last) = last_of(db, statements::FORGET_MERCHANTS, first).await? else {
        return Ok(Forgotten::default());
    };
    let mut step = Step { db, left: keep.rows.into(), done: Forgotten::default() };
    let which = values![first, last, id_ms(keep.now), duration_ms(keep.kept), keep.rows];
    for event in db.many(statements::FORGET_FOUND, which, |row| row.get::<i64>(0)).await? {
        if step.left > 0 {
            step.take(EventId::from_i64(event)).await?;
        }
    }
    if step.left > 0 {
        let which = values![first, last, ms(keep.now), duration_ms(keep.kept), step.left];
        step.done.jobs = db.run(statements::FORGET_JOBS, which).await?;
    }
    let done = step.done.rows() < keep.rows.into();
    let next = if done { last } else { first };
    Ok(Forgotten { next: Some(MerchantId::from_i64(next)), ..step.done })
}

/// One step, and how many rows it may still take.
struct Step<'a, D> {
    db: &'a D,
    left: i64,
    done: Forgotten,
}

impl<D: Db> Step<'_, D> {
    /// Forgets an event from the outside in, so that whatever is left of it is whole: one with more
    /// attempts than a step may take goes in several.
    async fn take(&mut self, event: EventId) -> Result<(), D::Trouble> {
        let (low, high) = event.delivery_range();
        let (low, high) = (low.as_i64(), high.as_i64());
        let attempts = values![low, high, self.left];
        let attempts = self.db.run(statements::FORGET_ATTEMPTS, attempts).await?;
        self.done.attempts += attempts;
        self.left -= attempts.cast_signed();
        if self.left <= 0 {
            return Ok(());
        }
        let states = self
            .db
            .many(statements::FORGET_DELIVERIES, values![low, high], |row| row.get::<i64>(0))
            .await?;
        let waits = |state: &&i64| {
            [StateKind::Due, StateKind::Leased, StateKind::Parked]
                .iter()
                .any(|kind| *kind as i64 == **state)
        };
        self.done.waited += states.iter().filter(waits).count() as u64;
        self.done.deliveries += states.len() as u64;
        self.db.run(statements::FORGET_EVENT, values![event.as_i64()]).await?;
        self.done.events += 1;
        self.left -= (states.len() as u64).cast_signed() + 1;
        Ok(())
    }
}

/// How far back the record goes.
pub(crate) async fn extent<D: Db>(db: &D) -> Result<Extent, D::Trouble> {
    let found = db
        .one(statements::EXTENT, values![], |row| {
            let (oldest, parts): (Option<i64>, i64) = (row.get(0)?, row.get(1)?);
            Ok(Extent { oldest: oldest.map(EventId::from_i64), parts: parts.unsigned_abs() })
        })
        .await?;
    Ok(found.unwrap_or_default())
}

/// The last of the next few ids.
async fn last_of<D: Db>(db: &D, sql: Statement, first: i64) -> Result<Option<i64>, D::Trouble> {
    let last = db.one(sql, values![first, LOOKED_AT], |row| row.get::<Option<i64>>(0)).await?;
    Ok(last.flatten())
}

/// A real time as ids reckon it.
fn id_ms(at: Timestamp) -> i64 {
    ms(at) - EPOCH_MS
}
