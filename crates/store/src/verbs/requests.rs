//! The request history.

use jiff::Timestamp;
use posthorn_core::history::{BLOCK_SPAN_MS_MAX, Block, Owner, Section};

use crate::columns;
use crate::db::{Columns, Db, values};
use crate::rows::{mode_code, ms};
use crate::statements;
use crate::{BlockQuery, KeptBlock, StoreError, Whose};

/// Blocks that are looked through for an id, at most.
const FOUND_MAX: u32 = 64;
/// Their bytes, roughly.
const FOUND_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Writes a block down, with what it is found by. One that is on record is not written again.
pub(crate) async fn keep<D: Db>(db: &D, block: &Block) -> Result<i64, D::Trouble> {
    let Block { number, first_ms, last_ms, calls, sections, brought, body } = block;
    let row = values![*number, *first_ms, *last_ms, *calls, body];
    let Some(id) = db.number(statements::REQUEST_BLOCK_KEEP, row).await? else {
        return db.insert(statements::REQUEST_BLOCK_NUMBERED, values![*number]).await;
    };
    let places: Vec<[i64; 4]> = sections.iter().map(place).collect();
    db.run(statements::REQUEST_MERCHANTS_KEEP, values![id, written(&places)]).await?;
    if !brought.is_empty() {
        db.run(statements::REQUEST_IDS_KEEP, values![id, written(brought)]).await?;
    }
    Ok(id)
}

fn place(section: &Section) -> [i64; 4] {
    let (merchant, mode) = owner_columns(section.owner);
    [merchant, mode, section.at.into(), section.bytes.into()]
}

fn written(numbers: &impl serde::Serialize) -> String {
    serde_json::to_string(numbers).expect("numbers can be written as JSON")
}

/// Nobody is merchant 0, of which there is none.
fn owner_columns(owner: Owner) -> (i64, i64) {
    owner.map_or((0, 0), |(merchant, mode)| (merchant.as_i64(), mode_code(mode)))
}

/// Blocks, newest first. They are numbered as they are written, which is by time but for those of servers that write at once: of two
/// dozen near a time, the outermost counts.
pub(crate) async fn blocks<D: Db>(
    db: &D,
    query: &BlockQuery,
) -> Result<Vec<KeptBlock>, D::Trouble> {
    let (mut to, mut from) = (query.from.unwrap_or(i64::MAX), 0);
    if let Some(before) = query.before {
        let before = ms(before).saturating_add(BLOCK_SPAN_MS_MAX);
        let last = statements::REQUEST_BLOCK_LAST_BEFORE;
        let last = db.one(last, values![before], |row| row.maybe_int(0)).await?.flatten();
        to = to.min(last.unwrap_or_default());
    }
    if let Some(after) = query.after {
        let first = statements::REQUEST_BLOCK_FIRST_SINCE;
        let first = db.one(first, values![ms(after)], |row| row.maybe_int(0)).await?.flatten();
        let Some(first) = first else { return Ok(Vec::new()) };
        from = first;
    }
    let limit = query.limit;
    let enough = until(query.bytes_max);
    match query.whose {
        Whose::All => {
            let all = values![to, from, limit];
            db.some(statements::REQUEST_BLOCKS, all, read, enough).await
        }
        Whose::Of(owner) => {
            let (merchant, mode) = owner_columns(owner);
            let of = values![to, from, limit, merchant, mode];
            db.some(statements::REQUEST_BLOCKS_OF, of, read, enough).await
        }
    }
}

/// Blocks that may have a call begun at a time.
pub(crate) async fn at<D: Db>(
    db: &D,
    whose: Whose,
    at: Timestamp,
) -> Result<Vec<KeptBlock>, D::Trouble> {
    let (from, to) = (ms(at), ms(at).saturating_add(BLOCK_SPAN_MS_MAX).saturating_add(1));
    let enough = until(FOUND_BYTES_MAX);
    match whose {
        Whose::All => db.some(statements::REQUEST_BLOCKS_AT, values![from, to], read, enough).await,
        Whose::Of(owner) => {
            let (merchant, mode) = owner_columns(owner);
            let of = values![from, to, merchant, mode];
            db.some(statements::REQUEST_BLOCKS_AT_OF, of, read, enough).await
        }
    }
}

/// Blocks that have a call with an id that was brought.
pub(crate) async fn with<D: Db>(
    db: &D,
    whose: Whose,
    hash: i64,
) -> Result<Vec<KeptBlock>, D::Trouble> {
    let enough = until(FOUND_BYTES_MAX);
    match whose {
        Whose::All => {
            let all = values![hash, FOUND_MAX];
            db.some(statements::REQUEST_BLOCKS_WITH, all, read, enough).await
        }
        Whose::Of(owner) => {
            let (merchant, mode) = owner_columns(owner);
            let of = values![hash, FOUND_MAX, merchant, mode];
            db.some(statements::REQUEST_BLOCKS_WITH_OF, of, read, enough).await
        }
    }
}

/// Forgets old blocks, and what they were found by.
pub(crate) async fn forget<D: Db>(
    db: &D,
    before: Timestamp,
    limit: u32,
) -> Result<u32, D::Trouble> {
    let old = values![ms(before), limit];
    let old = db.many(statements::REQUEST_BLOCKS_OLD, old, columns::id).await?;
    for block in &old {
        db.run(statements::REQUEST_IDS_FORGET, values![*block]).await?;
        db.run(statements::REQUEST_MERCHANTS_FORGET, values![*block]).await?;
        db.run(statements::REQUEST_BLOCK_FORGET, values![*block]).await?;
    }
    Ok(u32::try_from(old.len()).unwrap_or(u32::MAX))
}

fn read(row: &dyn Columns) -> Result<KeptBlock, StoreError> {
    Ok(KeptBlock { id: row.get(0)?, body: row.get(1)? })
}

/// Says when blocks of so many bytes have been read.
fn until(bytes_max: usize) -> impl FnMut(&KeptBlock) -> bool {
    let mut bytes = 0;
    move |block| {
        bytes += block.body.len();
        bytes >= bytes_max
    }
}
