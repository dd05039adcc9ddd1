//! The record in parts: each covers some days and has tables of its own, made ahead and dropped when it
//! is older than is kept. What is done with them is written in the schema, where tables can be named.

use deadpool_postgres::Pool;
use jiff::Timestamp;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::migrations::OpenError;
use super::statement::Typed;
use super::transaction::Transaction;
use super::trouble::Trouble;
use crate::rows::{duration_ms, ms};
use crate::{Keep, PartStep, StoreError};

const OPEN: &str = include_str!("../../sql/postgres/open_part.sql");
const OPEN_NOW: &str = include_str!("../../sql/postgres/open_part_now.sql");
const CLOSE: &str = include_str!("../../sql/postgres/close_part.sql");
/// Days that are covered ahead.
const AHEAD: i32 = 3;
/// Bytes from which on the default tables are too large to be searched while nobody may use them.
const LARGE: i64 = 64 * 1024 * 1024;
/// Parts that a whole retention should come to: a statement that cannot tell the time of what it looks
/// for looks into each.
const PARTS: i64 = 15;
/// The longest part.
const WIDTH_MAX: i64 = 30;

/// How many days a part covers where events are kept for so many days (`None`: for ever): few enough
/// that a part goes soon after its last day is old, and that there are not many parts.
#[must_use]
pub fn width(kept_days: Option<i64>) -> u32 {
    let days = kept_days.map_or(WIDTH_MAX, |days| (days / PARTS).clamp(1, WIDTH_MAX));
    u32::try_from(days).unwrap_or(1)
}

/// At the start: the days ahead are covered before anything is accepted. Where others are at work and in
/// the way, a later round does it; until then the default tables take what comes.
pub(super) async fn open_ahead(pool: &Pool, width: u32) -> Result<(), OpenError> {
    let unusable = |detail: String| OpenError::Unusable { detail };
    let client = pool.get().await.map_err(|error| unusable(error.to_string()))?;
    let failed = |error: tokio_postgres::Error| OpenError::of(&error);
    loop {
        client.batch_execute("begin; set local search_path = posthorn").await.map_err(failed)?;
        let width = days(width);
        let given: [Typed<'_>; 3] =
            [(&width, Type::INT4), (&AHEAD, Type::INT4), (&LARGE, Type::INT8)];
        // Nothing has a name here: a pooler may stand between.
        let told = match client.query_typed(OPEN_NOW, &given).await {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                tracing::warn!(%error, "tables for the days ahead are made later");
                return client.batch_execute("rollback").await.map_err(failed);
            }
            told => told.map_err(failed)?,
        };
        client.batch_execute("commit").await.map_err(failed)?;
        if told.first().is_none_or(|row| row.get::<_, Option<String>>(0).is_none()) {
            return Ok(());
        }
    }
}

/// A step towards the next part, if it is time to.
pub(super) async fn open(db: &Transaction, now: Timestamp, width: u32) -> Result<bool, Trouble> {
    // Large tables take their time, and nobody waits for it.
    db.client.batch_execute("set local statement_timeout = 0").await?;
    let (now, width) = (ms(now), days(width));
    let given: [Typed<'_>; 4] =
        [(&now, Type::INT8), (&width, Type::INT4), (&AHEAD, Type::INT4), (&LARGE, Type::INT8)];
    let row = match db.query(OPEN, &given).await {
        // Somebody is in the way: a later round does it. Waiting on would hold everybody up.
        Err(Trouble::Failed(error)) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            let detail = "somebody is in the way of the tables for the days ahead".to_owned();
            return Err(StoreError::Unavailable { detail }.into());
        }
        told => told?,
    };
    Ok(row.first().is_some_and(|row| row.get::<_, Option<String>>(0).is_some()))
}

/// A step towards dropping the oldest part that is older than is kept.
pub(super) async fn close(db: &Transaction, keep: Keep) -> Result<PartStep, Trouble> {
    let rows = i32::try_from(keep.rows).unwrap_or(i32::MAX);
    let (now, kept) = (ms(keep.now), duration_ms(keep.kept));
    let given: [Typed<'_>; 3] = [(&now, Type::INT8), (&kept, Type::INT8), (&rows, Type::INT4)];
    let told = db.query(CLOSE, &given).await?;
    let Some(row) = told.first() else { return Ok(PartStep::Nothing) };
    let part = || row.get::<_, Option<String>>(1).unwrap_or_default();
    let rows = row.get::<_, i64>(2).unsigned_abs();
    match row.get(0) {
        "nothing" => Ok(PartStep::Nothing),
        "busy" => Ok(PartStep::Busy),
        "in use" => Ok(PartStep::InUse { part: part() }),
        "moved" => Ok(PartStep::Moved { rows }),
        "dropped" => Ok(PartStep::Dropped { part: part(), events: rows }),
        other => {
            let detail = format!("close_part says `{other}`, which this program does not know");
            Err(StoreError::Unavailable { detail }.into())
        }
    }
}

fn days(width: u32) -> i32 {
    i32::try_from(width).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_record_has_longer_parts_and_not_more_of_them() {
        let widths =
            [Some(1), Some(16), Some(30), Some(90), Some(365), Some(9999), None].map(width);
        assert_eq!(widths, [1, 1, 2, 6, 24, 30, 30]);
    }
}
