//! Idempotency keys: written in the transaction of the verb they guard.

use jiff::Timestamp;

use crate::db::{Db, values};
use crate::rows::{Place, ms};
use crate::statements;
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
pub(super) async fn find<D: Db>(db: &D, once: &Once) -> Result<Option<(bool, i64)>, D::Trouble> {
    if once.part > 0
        && let Some(Used { same: false, subject, .. }) = find_part(db, once, 0).await?
    {
        return Ok(Some((false, subject)));
    }
    Ok(find_part(db, once, once.part).await?.map(|used| (used.same, used.subject)))
}

async fn find_part<D: Db>(db: &D, once: &Once, part: u32) -> Result<Option<Used>, D::Trouble> {
    db.one(statements::ONCE_FIND, values![once.scope, key_of(once, part)], |row| {
        let request: Vec<u8> = row.get(0)?;
        let request: [u8; 16] = request
            .try_into()
            .map_err(|_| Place { table: "idempotency", row: once.scope }.corrupt("request"))?;
        Ok(Used { same: request == once.request, subject: row.get(1)?, at: row.get(2)? })
    })
    .await
}

/// The subject of the same request with the same key before; refuses another request.
pub(crate) async fn before<D: Db>(db: &D, once: Option<&Once>) -> Result<Option<i64>, D::Trouble> {
    let Some(once) = once else { return Ok(None) };
    match find(db, once).await? {
        None => Ok(None),
        Some((true, subject)) => Ok(Some(subject)),
        Some((false, _)) => Err(StoreError::KeyReused.into()),
    }
}

/// Keeps what came of it. A request's parts are as old as the request, so that they are forgotten
/// together.
pub(super) async fn keep<D: Db>(
    db: &D,
    once: Option<&Once>,
    subject: i64,
) -> Result<(), D::Trouble> {
    let Some(once) = once else { return Ok(()) };
    let mut at = ms(once.at);
    if once.part > 0 {
        match find_part(db, once, 0).await? {
            Some(request) => at = request.at,
            None => keep_part(db, once, (0, at), subject).await?,
        }
    }
    keep_part(db, once, (once.part, at), subject).await
}

async fn keep_part<D: Db>(
    db: &D,
    once: &Once,
    (part, at): (u32, i64),
    subject: i64,
) -> Result<(), D::Trouble> {
    let row = values![once.scope, key_of(once, part), once.request, subject, at];
    db.run(statements::ONCE_KEEP, row).await?;
    Ok(())
}

/// The key of a part: parts count on from the request's own. A key is a hash, so that two requests
/// whose parts would meet are not found.
fn key_of(once: &Once, part: u32) -> [u8; 16] {
    u128::from_be_bytes(once.key).wrapping_add(u128::from(part)).to_be_bytes()
}

/// Forgets keys used before a time, of those that were used together the request itself last: as
/// long as any part of it is known, none of another request is begun.
pub(crate) async fn expire<D: Db>(
    db: &D,
    before: Timestamp,
    limit: u32,
) -> Result<u32, D::Trouble> {
    let gone = db.run(statements::ONCE_EXPIRE, values![ms(before), limit]).await?;
    Ok(u32::try_from(gone).unwrap_or(u32::MAX))
}
