//! What belongs to the deployment: contracts, values, and the seals of everything.

use posthorn_core::id::{ContractId, KeyId, MerchantId, SecretId};
use rusqlite::{Connection, params};

use crate::rows::{Place, sealed_blob};
use crate::sqlite::trouble::Trouble;
use crate::sqlite::{fetch, statements};
use crate::{SealedAt, SealedRow};

/// Keeps a contract file's text, once for each version of it.
pub(in crate::sqlite) fn register_contract(
    db: &Connection,
    name: &str,
    version: &[u8; 16],
    source: &str,
) -> Result<ContractId, Trouble> {
    fetch::run(db, statements::CONTRACT_REGISTER, params![name, version, source])?;
    let id = fetch::number(db, statements::CONTRACT_FIND, params![name, version])?;
    Ok(ContractId::from_i64(id.unwrap_or_else(|| db.last_insert_rowid())))
}

/// A kept contract: its name and its text.
pub(in crate::sqlite) fn contract(
    db: &Connection,
    id: ContractId,
) -> Result<Option<(String, String)>, Trouble> {
    let which = params![id.as_i64()];
    fetch::one(db, statements::CONTRACT, which, |row| Ok((row.get(0)?, row.get(1)?)))
}

/// A value of the deployment.
pub(in crate::sqlite) fn value(db: &Connection, name: &str) -> Result<Option<Vec<u8>>, Trouble> {
    fetch::one(db, statements::VALUE, params![name], |row| Ok(row.get(0)?))
}

/// Writes a value; answers the one that stands.
pub(in crate::sqlite) fn put_value(
    db: &Connection,
    name: &str,
    value: &[u8],
    replace: bool,
) -> Result<Vec<u8>, Trouble> {
    if let (Some(standing), false) = (self::value(db, name)?, replace) {
        return Ok(standing);
    }
    fetch::run(db, statements::VALUE_PUT, params![name, value])?;
    Ok(value.to_vec())
}

/// A write that changes nothing worth knowing: it shows that the database takes one.
pub(in crate::sqlite) fn probe(db: &Connection) -> Result<(), Trouble> {
    fetch::run(db, statements::VALUE_PUT, params!["probe", [0_u8]]).map(drop)
}

/// A statement that finds sealed values, their table, and their place.
type SealedPlace = (&'static str, &'static str, fn(i64) -> SealedAt);

/// Everywhere that sealed values stand.
const SEALED: [SealedPlace; 4] = [
    (statements::SEALED_MERCHANTS_TEST, "merchants", |id| {
        SealedAt::MerchantTest(MerchantId::from_i64(id))
    }),
    (statements::SEALED_MERCHANTS_LIVE, "merchants", |id| {
        SealedAt::MerchantLive(MerchantId::from_i64(id))
    }),
    (statements::SEALED_SECRETS, "secrets", |id| SealedAt::Endpoint(SecretId::from_i64(id))),
    (statements::SEALED_KEYS, "keys", |id| SealedAt::Key(KeyId::from_i64(id))),
];

/// Sealed values whose master key is another.
pub(in crate::sqlite) fn sealed_otherwise(
    db: &Connection,
    current: [u8; 4],
    limit: u32,
) -> Result<Vec<SealedRow>, Trouble> {
    let mut all = Vec::new();
    for (sql, table, place) in SEALED {
        let left = limit.saturating_sub(u32::try_from(all.len()).unwrap_or(u32::MAX));
        let which = params![current, left];
        all.extend(fetch::many(db, sql, which, |row| {
            let (id, blob): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            Ok(SealedRow {
                at: place(id),
                sealed: Place { table, row: id }.sealed("sealed", &blob)?,
            })
        })?);
    }
    Ok(all)
}

/// Replaces sealed values by their new seals.
pub(in crate::sqlite) fn reseal(db: &Connection, rows: &[SealedRow]) -> Result<(), Trouble> {
    for row in rows {
        let (sql, id) = match row.at {
            SealedAt::MerchantTest(id) => (statements::RESEAL_MERCHANT_TEST, id.as_i64()),
            SealedAt::MerchantLive(id) => (statements::RESEAL_MERCHANT_LIVE, id.as_i64()),
            SealedAt::Endpoint(id) => (statements::RESEAL_SECRET, id.as_i64()),
            SealedAt::Key(id) => (statements::RESEAL_KEY, id.as_i64()),
        };
        fetch::run(db, sql, params![id, sealed_blob(&row.sealed)])?;
    }
    Ok(())
}
