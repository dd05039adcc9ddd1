//! Reading events.

use jiff::Timestamp;
use posthorn_core::event::{Event, Mode};
use posthorn_core::id::{EventId, MerchantId};
use rusqlite::{Connection, params};

use crate::rows::{Place, mode_code};
use crate::sqlite::trouble::Trouble;
use crate::sqlite::{fetch, statements};
use crate::{EventQuery, FOLLOWED_BYTES_MAX, Page};

/// The highest event id on record.
pub(in crate::sqlite) fn last(db: &Connection) -> Result<Option<EventId>, Trouble> {
    let highest =
        fetch::one(db, statements::LAST_EVENT, params![], |row| Ok(row.get::<_, Option<i64>>(0)?))?;
    Ok(highest.flatten().map(EventId::from_i64))
}

/// One event.
pub(in crate::sqlite) fn one(db: &Connection, id: EventId) -> Result<Option<Event>, Trouble> {
    fetch::one(db, statements::EVENT, params![id.as_i64()], fetch::event)
}

/// The event of a delivery on record: it is there, or the database is damaged.
pub(super) fn existing(db: &Connection, id: EventId) -> Result<Event, Trouble> {
    let missing = || Trouble::Refused(Place { table: "events", row: id.as_i64() }.corrupt("id"));
    one(db, id)?.ok_or_else(missing)
}

/// The event that a caller gave this id.
pub(in crate::sqlite) fn by_reference(
    db: &Connection,
    merchant: MerchantId,
    mode: Mode,
    reference: &str,
) -> Result<Option<Event>, Trouble> {
    let which = params![merchant.as_i64(), mode_code(mode), reference];
    fetch::one(db, statements::EVENT_BY_REFERENCE, which, fetch::event)
}

/// Events, newest first, without their data.
pub(in crate::sqlite) fn list(
    db: &Connection,
    query: &EventQuery,
    page: Page<EventId>,
) -> Result<Vec<Event>, Trouble> {
    let first = |at: Timestamp| EventId::first_at(at).as_i64();
    let low = query.since.map_or(0, first);
    let until = query.until.map_or(i64::MAX, first);
    let high = page.after.map_or(until, |after| until.min(after.as_i64()));
    let (merchant, mode) = (query.merchant.as_i64(), mode_code(query.mode));
    match &query.kind {
        None => {
            let which = params![merchant, mode, low, high, page.limit];
            fetch::many(db, statements::EVENTS, which, fetch::envelope)
        }
        Some(kind) => {
            let which = params![merchant, mode, low, high, page.limit, kind.as_str()];
            fetch::many(db, statements::EVENTS_OF_KIND, which, fetch::envelope)
        }
    }
}

/// Events after one, oldest first, as many as fit.
pub(in crate::sqlite) fn after(
    db: &Connection,
    (merchant, mode): (MerchantId, Mode),
    after: EventId,
    limit: u32,
) -> Result<Vec<Event>, Trouble> {
    let which = params![merchant.as_i64(), mode_code(mode), after.as_i64(), limit];
    let mut bytes = 0;
    fetch::some(db, statements::EVENTS_AFTER, which, fetch::event, |event: &Event| {
        bytes += event.data.as_bytes().len();
        bytes >= FOLLOWED_BYTES_MAX
    })
}
