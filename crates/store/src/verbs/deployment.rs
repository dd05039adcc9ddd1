//! What belongs to the deployment: contracts, values, and the seals of everything.

use posthorn_core::id::{ContractId, KeyId, MerchantId, SecretId};

use crate::db::{Db, values};
use crate::rows::{Place, sealed_blob};
use crate::statements::{self, Statement};
use crate::{SealedAt, SealedRow};

/// Keeps a contract file's text, once for each version of it.
pub(crate) async fn register_contract<D: Db>(
    db: &D,
    name: &str,
    version: &[u8; 16],
    source: &str,
) -> Result<ContractId, D::Trouble> {
    db.run(statements::CONTRACT_REGISTER, values![name, version, source]).await?;
    let id = db.insert(statements::CONTRACT_FIND, values![name, version]).await?;
    Ok(ContractId::from_i64(id))
}

/// A kept contract: its name and its text.
pub(crate) async fn contract<D: Db>(
    db: &D,
    id: ContractId,
) -> Result<Option<(String, String)>, D::Trouble> {
    let which = values![id.as_i64()];
    db.one(statements::CONTRACT, which, |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// A value of the deployment.
pub(crate) async fn value<D: Db>(db: &D, name: &str) -> Result<Option<Vec<u8>>, D::Trouble> {
    db.one(statements::VALUE, values![name], |row| row.get(0)).await
}

/// Writes a value; answers the one that stands.
pub(crate) async fn put_value<D: Db>(
    db: &D,
    name: &str,
    value: &[u8],
    replace: bool,
) -> Result<Vec<u8>, D::Trouble> {
    if !replace {
        // Another server may be writing its own at this moment: the first that is written stands.
        db.run(statements::VALUE_KEEP, values![name, value]).await?;
        return Ok(self::value(db, name).await?.unwrap_or_default());
    }
    db.run(statements::VALUE_PUT, values![name, value]).await?;
    Ok(value.to_vec())
}

/// A write that changes nothing worth knowing: it shows that the database takes one.
pub(crate) async fn probe<D: Db>(db: &D) -> Result<(), D::Trouble> {
    db.run(statements::VALUE_PUT, values!["probe", [0_u8]]).await.map(drop)
}

/// A statement that finds sealed values, their table, and their place.
type SealedPlace = (Statement, &'static str, fn(i64) -> SealedAt);

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
pub(crate) async fn sealed_otherwise<D: Db>(
    db: &D,
    current: [u8; 4],
    limit: u32,
) -> Result<Vec<SealedRow>, D::Trouble> {
    let mut all = Vec::new();
    for (sql, table, place) in SEALED {
        let left = limit.saturating_sub(u32::try_from(all.len()).unwrap_or(u32::MAX));
        let which = values![current, left];
        all.extend(
            db.many(sql, which, |row| {
                let (id, blob): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
                Ok(SealedRow {
                    at: place(id),
                    sealed: Place { table, row: id }.sealed("sealed", &blob)?,
                })
            })
            .await?,
        );
    }
    Ok(all)
}

/// Replaces sealed values by their new seals.
pub(crate) async fn reseal<D: Db>(db: &D, rows: &[SealedRow]) -> Result<(), D::Trouble> {
    for row in rows {
        let (sql, id) = match row.at {
            SealedAt::MerchantTest(id) => (statements::RESEAL_MERCHANT_TEST, id.as_i64()),
            SealedAt::MerchantLive(id) => (statements::RESEAL_MERCHANT_LIVE, id.as_i64()),
            SealedAt::Endpoint(id) => (statements::RESEAL_SECRET, id.as_i64()),
            SealedAt::Key(id) => (statements::RESEAL_KEY, id.as_i64()),
        };
        db.run(sql, values![id, sealed_blob(&row.sealed)]).await?;
    }
    Ok(())
}
