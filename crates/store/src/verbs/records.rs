//! Records and the ledger: a decision written as one, and what is read of them.

use std::collections::HashSet;

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::{EventId, MerchantId};
use posthorn_core::ledger::{Account, Posting};
use posthorn_core::money::{Asset, Money};

use super::{accept, once};
use crate::db::{Columns, Db, values};
use crate::rows::{Place, RecordRow, mode, mode_code, ms, record_kind};
use crate::statements;
use crate::{
    Accepted, Balance, Decision, Difference, Done, Movement, Page, PostedMovement, Record,
    RecordKind, RecordQuery, StoreError, Total, Waking,
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
    move_money(db, &decision.movements).await?;
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

async fn move_money<D: Db>(db: &D, movements: &[Movement]) -> Result<(), D::Trouble> {
    let mut sides = Vec::with_capacity(movements.len() * 2);
    for movement in movements {
        let Movement { at, place: (merchant, mode), subject, posting, covered } = movement;
        let row = values![
            ms(*at),
            merchant.as_i64(),
            mode_code(*mode),
            *subject,
            posting.from as i64,
            posting.to as i64,
            posting.money.asset.code(),
            posting.money.minor,
        ];
        db.run(statements::POSTING_CREATE, row).await?;
        for entry in posting.entries() {
            let covered = *covered && entry.account == posting.from;
            sides.push((merchant.as_i64(), mode_code(*mode), entry, covered));
        }
    }
    // Always in one order, so that no two changes wait for each other.
    sides.sort_by_key(|(merchant, mode, entry, _)| {
        (*merchant, *mode, entry.account, entry.gain.asset.code())
    });
    for (merchant, mode, entry, covered) in sides {
        let asset = entry.gain.asset;
        let row = values![merchant, mode, entry.account as i64, asset.code(), entry.gain.minor];
        let holds = db.number(statements::BALANCE_ADD, row).await?.unwrap_or(0);
        if covered && holds < 0 {
            let there = holds - entry.gain.minor;
            return Err(StoreError::Short { account: entry.account.name(), there }.into());
        }
    }
    Ok(())
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

/// What sums of minor units are taken apart by.
const BILLION: i128 = 1_000_000_000;

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

/// What a merchant's accounts hold.
pub(crate) async fn balances<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
) -> Result<Vec<Balance>, D::Trouble> {
    let which = values![merchant.as_i64(), mode_code(mode)];
    db.many(statements::BALANCES, which, |row| {
        let place = Place { table: "balances", row: merchant.as_i64() };
        let asset = asset(place, &row.get::<String>(1)?)?;
        let money = Money { minor: row.get(2)?, asset };
        Ok(Balance { account: account(place, row.get(0)?)?, money })
    })
    .await
}

/// What all accounts of a kind hold together.
pub(crate) async fn totals<D: Db>(db: &D) -> Result<Vec<Total>, D::Trouble> {
    db.many(statements::LEDGER_TOTALS, values![], |row| {
        let place = Place { table: "balances", row: 0 };
        let (billions, rest): (i64, i64) = (row.get(2)?, row.get(3)?);
        Ok(Total {
            account: account(place, row.get(1)?)?,
            asset: asset(place, &row.get::<String>(0)?)?,
            minor: i128::from(billions) * BILLION + i128::from(rest),
        })
    })
    .await
}

/// A merchant's movements, newest first.
pub(crate) async fn movements<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
    page: Page<i64>,
) -> Result<Vec<PostedMovement>, D::Trouble> {
    let below = page.after.unwrap_or(i64::MAX);
    let which = values![merchant.as_i64(), mode_code(mode), below, page.limit];
    db.many(statements::POSTINGS, which, posted).await
}

/// The movements of a record, oldest first.
pub(crate) async fn movements_of<D: Db>(
    db: &D,
    subject: i64,
) -> Result<Vec<PostedMovement>, D::Trouble> {
    db.many(statements::POSTINGS_OF, values![subject], posted).await
}

/// Balances that are not the sum of their movements.
pub(crate) async fn differences<D: Db>(db: &D, limit: u32) -> Result<Vec<Difference>, D::Trouble> {
    db.many(statements::LEDGER_DIFFERENCES, values![limit], |row| {
        let merchant = row.get(0)?;
        let place = Place { table: "balances", row: merchant };
        let (billions, rest, held): (i64, i64, i64) = (row.get(4)?, row.get(5)?, row.get(6)?);
        let too_much = i128::from(billions) * BILLION + i128::from(rest);
        Ok(Difference {
            place: (MerchantId::from_i64(merchant), mode(place, row.get(1)?)?),
            account: account(place, row.get(2)?)?,
            asset: asset(place, &row.get::<String>(3)?)?,
            posted: i128::from(held) + too_much,
            held,
        })
    })
    .await
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

fn posted(row: &dyn Columns) -> Result<PostedMovement, StoreError> {
    let id = row.get(0)?;
    let place = Place { table: "postings", row: id };
    let asset = asset(place, &row.get::<String>(5)?)?;
    let money = Money { minor: row.get(6)?, asset };
    let (from, to) = (account(place, row.get(3)?)?, account(place, row.get(4)?)?);
    let posting = Posting::new(from, to, money).ok_or_else(|| place.corrupt("minor"))?;
    Ok(PostedMovement { id, at: place.time("at", row.get(1)?)?, subject: row.get(2)?, posting })
}

fn account(place: Place, code: i64) -> Result<Account, StoreError> {
    let found = Account::ALL.into_iter().find(|account| *account as i64 == code);
    found.ok_or_else(|| place.corrupt("account"))
}

fn asset(place: Place, code: &str) -> Result<Asset, StoreError> {
    code.parse().map_err(|_| place.corrupt("asset"))
}

/// The first whole millisecond that is not before a time: what wakes then finds something to do.
fn up_to_ms(at: Timestamp) -> i64 {
    let down = at.as_millisecond();
    let whole = Timestamp::from_millisecond(down).is_ok_and(|whole| whole >= at);
    if whole { down } else { down + 1 }
}
