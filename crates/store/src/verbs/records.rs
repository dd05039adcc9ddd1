//! Records: a decision written as one, and what is read of them.

use std::collections::HashSet;

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::{EventId, MerchantId};
use posthorn_core::search::Words;

use super::{accept, ledger, once};
use crate::db::{Columns, Db, values};
use crate::rows::{Place, RecordRow, mode, mode_code, ms, record_kind};
use crate::statements;
use crate::{
    Accepted, Decision, Done, FeedPage, Page, Record, RecordKind, RecordQuery, StoreError, Waking,
};

/// Writes a decision: all of it, or nothing.
pub(crate) async fn commit<D: Db>(db: &D, decision: &Decision) -> Result<Done<i64>, D::Trouble> {
    let once = decision.once.as_ref();
    if let Some(before) = once::before(db, once.map(|(once, _)| once)).await? {
        return Ok(Done::Before(before));
    }
    let subject = decision.records.first().map_or(0, |record| record.id);
    let mut repeated = Vec::new();
    for record in &decision.records {
        if !write(db, record).await? {
            repeated.push(record.version + 1);
        }
    }
    if let Some(current) = repeated.first() {
        if repeated.len() == decision.records.len() {
            // Its answer was lost: everything else of it was written with it.
            return Ok(Done::Now(subject));
        }
        // Another decision came to the same about one of them: what else this one holds was not written.
        return Err(StoreError::Stale { current: *current }.into());
    }
    write_words(db, decision).await?;
    write_pages(db, &decision.pages).await?;
    ledger::move_money(db, &decision.movements).await?;
    for event in &decision.events {
        match accept::accept_one(db, event).await? {
            Accepted::Now(_) => {}
            Accepted::Before(id) | Accepted::IdTaken(id) => {
                let detail = format!("{id} was given out twice; was a clock set back?");
                return Err(StoreError::Unavailable { detail }.into());
            }
            Accepted::KeyReused => return Err(StoreError::KeyReused.into()),
        }
    }
    if let Some((once, subject)) = once {
        once::keep(db, Some(once), *subject).await?;
        return Ok(Done::Now(*subject));
    }
    Ok(Done::Now(subject))
}

/// Answers `false` when it stands there as it is to be written: a decision that is repeated.
async fn write<D: Db>(db: &D, record: &Record) -> Result<bool, D::Trouble> {
    let wake = record.wake.map(up_to_ms);
    let reference = record.reference.as_deref();
    let written = if record.version == 0 {
        // What belongs to another record may be called by that one's id, or by one that it gave out, whichever server made it.
        if record.parent.is_none() {
            db.may_write(EventId::from_i64(record.id))?;
        }
        let row = values![
            record.id,
            record.kind as i64,
            record.merchant.as_i64(),
            mode_code(record.mode),
            i64::from(record.state),
            reference,
            record.parent,
            wake,
            record.body.as_str(),
        ];
        db.run(statements::RECORD_CREATE, row).await?
    } else {
        let row = values![
            record.id,
            record.version,
            i64::from(record.state),
            reference,
            wake,
            record.body.as_str(),
        ];
        db.run(statements::RECORD_UPDATE, row).await?
    };
    if written == 1 && record.kind == RecordKind::User && record.version > 0 {
        // A user without its address would be found by nobody; a payment may go without its name.
        let kept = one(db, record.id).await?.and_then(|kept| kept.reference);
        if kept != record.reference {
            return Err(StoreError::Taken { what: "reference" }.into());
        }
    }
    if written == 1 {
        return Ok(true);
    }
    match one(db, record.id).await? {
        Some(found) if found.version == record.version + 1 && found.body == record.body => {
            Ok(false)
        }
        Some(found) => Err(StoreError::Stale { current: found.version }.into()),
        None if record.version == 0 => Err(StoreError::Taken { what: "reference" }.into()),
        None => Err(StoreError::Missing { what: "record" }.into()),
    }
}

/// Forgets a record that is as it was read.
pub(crate) async fn forget<D: Db>(db: &D, id: i64, version: u32) -> Result<bool, D::Trouble> {
    Ok(db.run(statements::RECORD_FORGET, values![id, version]).await? == 1)
}

/// Writes down what records are found by.
async fn write_words<D: Db>(db: &D, decision: &Decision) -> Result<(), D::Trouble> {
    for record in &decision.records {
        let Some((_, words)) = decision.words.iter().find(|(id, _)| *id == record.id) else {
            continue;
        };
        let words = behind_place((record.merchant, record.mode), record.kind, words);
        db.run(statements::RECORD_WORDS_PUT, values![record.id, words]).await?;
    }
    Ok(())
}

/// Words behind one for whose they are and what, which no text can hold: an underscore is no letter.
fn behind_place((merchant, mode): (MerchantId, Mode), kind: RecordKind, words: &Words) -> String {
    let place = format!("_{}_{}_{}_", merchant.as_i64(), mode_code(mode), kind as i64);
    words.iter().fold(place, |all, word| all + " " + word)
}

async fn write_pages<D: Db>(db: &D, pages: &[FeedPage]) -> Result<(), D::Trouble> {
    for page in pages {
        match page {
            FeedPage::Put { feed, page, text } => {
                let row = values![*feed, *page, &text[..]];
                db.run(statements::FEED_PAGE_PUT, row).await?;
            }
            FeedPage::Drop { feed, page } => {
                db.run(statements::FEED_PAGE_DROP, values![*feed, *page]).await?;
            }
            FeedPage::DropAll { feed } => {
                db.run(statements::FEED_PAGES_DROP, values![*feed]).await?;
            }
        }
    }
    Ok(())
}

/// A page of a feed.
pub(crate) async fn feed_page<D: Db>(
    db: &D,
    feed: i64,
    page: u32,
) -> Result<Option<Vec<u8>>, D::Trouble> {
    db.one(statements::FEED_PAGE, values![feed, page], |row| row.get(0)).await
}

/// One record.
pub(crate) async fn one<D: Db>(db: &D, id: i64) -> Result<Option<Record>, D::Trouble> {
    db.one(statements::RECORD, values![id], read).await
}

/// The record that its merchant calls so.
pub(crate) async fn by_reference<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
    kind: RecordKind,
    reference: &str,
) -> Result<Option<Record>, D::Trouble> {
    let which = values![merchant.as_i64(), mode_code(mode), kind as i64, reference];
    db.one(statements::RECORD_BY_REFERENCE, which, read).await
}

/// Records, newest first.
pub(crate) async fn list<D: Db>(
    db: &D,
    query: &RecordQuery,
    page: Page<i64>,
) -> Result<Vec<Record>, D::Trouble> {
    let (merchant, mode) = (query.place.0.as_i64(), mode_code(query.place.1));
    let (kind, below) = (query.kind as i64, page.after.unwrap_or(i64::MAX));
    match query.state {
        None => {
            let which = values![merchant, mode, kind, below, page.limit];
            db.many(statements::RECORDS, which, read).await
        }
        Some(state) => {
            let which = values![merchant, mode, kind, below, page.limit, i64::from(state)];
            db.many(statements::RECORDS_IN_STATE, which, read).await
        }
    }
}

/// Records in which these words stand, newest first.
pub(crate) async fn search<D: Db>(
    db: &D,
    query: &RecordQuery,
    words: &Words,
    page: Page<i64>,
) -> Result<Vec<Record>, D::Trouble> {
    let (merchant, mode) = (query.place.0.as_i64(), mode_code(query.place.1));
    let (kind, below) = (query.kind as i64, page.after.unwrap_or(i64::MAX));
    let words = behind_place(query.place, query.kind, words);
    let state = query.state.map(i64::from);
    let which = values![merchant, mode, kind, below, page.limit, words, state];
    db.many(statements::RECORDS_SEARCH, which, read).await
}

/// Which record stands at a place of a list.
pub(crate) async fn at<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
    kind: RecordKind,
    nth: u32,
) -> Result<Option<i64>, D::Trouble> {
    let which = values![merchant.as_i64(), mode_code(mode), kind as i64, nth];
    db.number(statements::RECORD_AT, which).await
}

/// How many records of a kind a merchant has, as far as anybody counts.
pub(crate) async fn count<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
    kind: RecordKind,
    most: u32,
) -> Result<u64, D::Trouble> {
    let which = values![merchant.as_i64(), mode_code(mode), kind as i64, most];
    let found = db.number(statements::RECORDS_COUNT, which).await?.unwrap_or(0);
    Ok(u64::try_from(found).unwrap_or(0))
}

/// The records that belong to another.
pub(crate) async fn of_parent<D: Db>(
    db: &D,
    parent: i64,
    limit: u32,
) -> Result<Vec<Record>, D::Trouble> {
    db.many(statements::RECORDS_OF_PARENT, values![parent, limit], read).await
}

/// What must be looked after.
pub(crate) async fn waking<D: Db>(
    db: &D,
    now: Timestamp,
    ahead: &[(MerchantId, Timestamp)],
    limit: u32,
) -> Result<Vec<Waking>, D::Trouble> {
    let mut all = db.many(statements::RECORDS_WAKING, values![ms(now), limit], read_waking).await?;
    if ahead.is_empty() {
        return Ok(all);
    }
    let pair = |(merchant, now): &(MerchantId, Timestamp)| [merchant.as_i64(), ms(*now)];
    let ahead: Vec<_> = ahead.iter().map(pair).collect();
    let which = serde_json::to_string(&ahead).unwrap_or_default();
    let which = values![which.as_str(), mode_code(Mode::Test), limit];
    let known: HashSet<_> = all.iter().map(|one| one.id).collect();
    let own = db.many(statements::RECORDS_WAKING_OF, which, read_waking).await?;
    all.extend(own.into_iter().filter(|one| !known.contains(&one.id)));
    Ok(all)
}

/// When the first must be looked after.
pub(crate) async fn next_wake<D: Db>(
    db: &D,
    place: Option<(MerchantId, Mode)>,
) -> Result<Option<Timestamp>, D::Trouble> {
    let first = |row: &dyn Columns| row.get::<Option<i64>>(0);
    let wake = match place {
        Some((merchant, mode)) => {
            let which = values![merchant.as_i64(), mode_code(mode)];
            db.one(statements::RECORD_NEXT_WAKE, which, first).await?
        }
        None => db.one(statements::RECORD_FIRST_WAKE, values![], first).await?,
    };
    let whose = Place { table: "records", row: 0 };
    Ok(wake.flatten().map(|wake| whose.time("wake", wake)).transpose()?)
}

fn read(row: &dyn Columns) -> Result<Record, StoreError> {
    let row = RecordRow {
        id: row.get(0)?,
        kind: row.get(1)?,
        merchant: row.get(2)?,
        mode: row.get(3)?,
        version: row.get(4)?,
        state: row.get(5)?,
        reference: row.get(6)?,
        parent: row.get(7)?,
        wake: row.get(8)?,
        body: row.get(9)?,
    };
    row.read()
}

fn read_waking(row: &dyn Columns) -> Result<Waking, StoreError> {
    let id = row.get(0)?;
    let place = Place { table: "records", row: id };
    Ok(Waking {
        id,
        kind: record_kind(place, row.get(1)?)?,
        place: (MerchantId::from_i64(row.get(2)?), mode(place, row.get(3)?)?),
        wake: place.time("wake", row.get(4)?)?,
    })
}

/// The first whole millisecond that is not before a time: what wakes then finds something to do.
fn up_to_ms(at: Timestamp) -> i64 {
    let down = at.as_millisecond();
    let whole = Timestamp::from_millisecond(down).is_ok_and(|whole| whole >= at);
    if whole { down } else { down + 1 }
}
