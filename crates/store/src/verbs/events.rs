//! Reading events.

use jiff::Timestamp;
use posthorn_core::event::{Event, Mode};
use posthorn_core::id::{EventId, MerchantId};

use crate::db::{Db, values};
use crate::rows::{Place, mode_code};
use crate::{EventQuery, FOLLOWED_BYTES_MAX, Page};
use crate::{columns, statements};

/// The highest event id on record.
pub(crate) async fn last<D: Db>(db: &D) -> Result<Option<EventId>, D::Trouble> {
    let highest =
        db.one(statements::LAST_EVENT, values![], |row| row.get::<Option<i64>>(0)).await?;
    Ok(highest.flatten().map(EventId::from_i64))
}

/// One event.
pub(crate) async fn one<D: Db>(db: &D, id: EventId) -> Result<Option<Event>, D::Trouble> {
    db.one(statements::EVENT, values![id.as_i64()], columns::event).await
}

/// The event of a delivery on record: it is there, or the database is damaged.
pub(super) async fn existing<D: Db>(db: &D, id: EventId) -> Result<Event, D::Trouble> {
    let missing = || Place { table: "events", row: id.as_i64() }.corrupt("id");
    Ok(one(db, id).await?.ok_or_else(missing)?)
}

/// The event that a caller gave this id.
pub(crate) async fn by_reference<D: Db>(
    db: &D,
    merchant: MerchantId,
    mode: Mode,
    reference: &str,
) -> Result<Option<Event>, D::Trouble> {
    let which = values![merchant.as_i64(), mode_code(mode), reference];
    db.one(statements::EVENT_BY_REFERENCE, which, columns::event).await
}

/// Events, newest first, without their data.
pub(crate) async fn list<D: Db>(
    db: &D,
    query: &EventQuery,
    page: Page<EventId>,
) -> Result<Vec<Event>, D::Trouble> {
    let first = |at: Timestamp| EventId::first_at(at).as_i64();
    let low = query.since.map_or(0, first);
    let until = query.until.map_or(i64::MAX, first);
    let high = page.after.map_or(until, |after| until.min(after.as_i64()));
    let (merchant, mode) = (query.merchant.as_i64(), mode_code(query.mode));
    match &query.kind {
        None => {
            let which = values![merchant, mode, low, high, page.limit];
            db.many(statements::EVENTS, which, columns::envelope).await
        }
        Some(kind) => {
            let which = values![merchant, mode, low, high, page.limit, kind.as_str()];
            db.many(statements::EVENTS_OF_KIND, which, columns::envelope).await
        }
    }
}

/// Events after one, oldest first, as many as fit.
pub(crate) async fn after<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
    after: EventId,
    limit: u32,
) -> Result<Vec<Event>, D::Trouble> {
    let which = values![merchant.as_i64(), mode_code(mode), after.as_i64(), limit];
    let mut bytes = 0;
    db.some(statements::EVENTS_AFTER, which, columns::event, |event: &Event| {
        bytes += event.data.as_bytes().len();
        bytes >= FOLLOWED_BYTES_MAX
    })
    .await
}
