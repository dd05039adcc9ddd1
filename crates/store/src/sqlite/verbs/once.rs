//! Idempotency keys: written in the transaction of the verb they guard.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::rows::{Place, ms};
use crate::sqlite::trouble::Trouble;
use crate::sqlite::{fetch, statements};
use crate::{Once, StoreError};

/// A key that was used.
struct Used {
    /// Whether by the same request.
    same: bool,
    /// What came of it.
    subject: i64,
    /// When, in milliseconds.
    at: i64,
}

/// What came of the same key before: whether it was the same request, and the subject. A part of
/// another request is never begun, whether or not that one had such a part.
pub(super) fn find(db: &Connection, once: &Once) -> Result<Option<(bool, i64)>, Trouble> {
    if once.part > 0
        && let Some(Used { same: false, subject, .. }) = find_part(db, once, 0)?
    {
        return Ok(Some((false, subject)));
    }
    Ok(find_part(db, once, once.part)?.map(|used| (used.same, used.subject)))
}

fn find_part(db: &Connection, once: &Once, part: u32) -> Result<Option<Used>, Trouble> {
    fetch::one(db, statements::ONCE_FIND, params![once.scope, key_of(once, part)], |row| {
        let request: Vec<u8> = row.get(0)?;
        let request: [u8; 16] = request
            .try_into()
            .map_err(|_| Place { table: "idempotency", row: once.scope }.corrupt("request"))?;
        Ok(Used { same: request == once.request, subject: row.get(1)?, at: row.get(2)? })
    })
}

/// The subject of the same request with the same key before; refuses another request.
pub(in crate::sqlite) fn before(
    db: &Connection,
    once: Option<&Once>,
) -> Result<Option<i64>, Trouble> {
    let Some(once) = once else { return Ok(None) };
    match find(db, once)? {
        None => Ok(None),
        Some((true, subject)) => Ok(Some(subject)),
        Some((false, _)) => Err(StoreError::KeyReused.into()),
    }
}

/// Keeps what came of it. A request's parts are as old as the request, so that they are forgotten
/// together.
pub(super) fn keep(db: &Connection, once: Option<&Once>, subject: i64) -> Result<(), Trouble> {
    let Some(once) = once else { return Ok(()) };
    let mut at = ms(once.at);
    if once.part > 0 {
        match find_part(db, once, 0)? {
            Some(request) => at = request.at,
            None => keep_part(db, once, (0, at), subject)?,
        }
    }
    keep_part(db, once, (once.part, at), subject)
}

fn keep_part(
    db: &Connection,
    once: &Once,
    (part, at): (u32, i64),
    subject: i64,
) -> Result<(), Trouble> {
    let row = params![once.scope, key_of(once, part), once.request, subject, at];
    fetch::run(db, statements::ONCE_KEEP, row)?;
    Ok(())
}

/// The key of a part: parts count on from the request's own. A key is a hash, so that two requests
/// whose parts would meet are not found.
fn key_of(once: &Once, part: u32) -> [u8; 16] {
    u128::from_be_bytes(once.key).wrapping_add(u128::from(part)).to_be_bytes()
}

/// Forgets keys used before a time, of those that were used together the request itself last: as
/// long as any part of it is known, none of another request is begun.
pub(in crate::sqlite) fn expire(
    db: &Connection,
    before: Timestamp,
    limit: u32,
) -> Result<u32, Trouble> {
    let gone = fetch::run(db, statements::ONCE_EXPIRE, params![ms(before), limit])?;
    Ok(u32::try_from(gone).unwrap_or(u32::MAX))
}
