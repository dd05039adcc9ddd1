//! Merchants and their keys.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use posthorn_core::contract::Limits;
use posthorn_core::id::{KeyId, MerchantId};
use posthorn_core::merchant::{Key, Merchant};

use super::{endpoints, once};
use crate::db::{Db, Lock, values};
use crate::rows::{duration_ms, kind_code, mode_code, ms, sealed_blob};
use crate::{Directory, Done, MerchantChange, NewKey, NewMerchant, Once, StoreError};
use crate::{columns, statements};

/// All merchants and all endpoints that are not deleted.
pub(crate) async fn directory<D: Db>(db: &D) -> Result<Directory, D::Trouble> {
    Ok(Directory {
        merchants: db
            .many(statements::MERCHANTS, values![], |row| columns::merchant(row).map(Arc::new))
            .await?,
        endpoints: endpoints::all(db).await?,
    })
}

/// Creates a merchant with its first keys.
pub(crate) async fn create<D: Db>(
    db: &D,
    new: &NewMerchant,
    once: Option<&Once>,
) -> Result<Done<MerchantId>, D::Trouble> {
    if let Some(before) = once::before(db, once).await? {
        return Ok(Done::Before(MerchantId::from_i64(before)));
    }
    refuse_taken(db, new.reference.as_deref(), None).await?;
    let row = values![
        &new.name,
        &new.contract,
        new.reference.as_deref(),
        new.strict_catalogue,
        new.retention.map(duration_ms),
        new.legal_hold,
        sealed_blob(&new.webhook_secret_test),
        sealed_blob(&new.webhook_secret_live),
        ms(new.created),
    ];
    let id = MerchantId::from_i64(db.insert(statements::MERCHANT_CREATE, row).await?);
    for key in &new.keys {
        write_key(db, id, key).await?;
    }
    once::keep(db, once, id.as_i64()).await?;
    Ok(Done::Now(id))
}

/// A reference that another merchant has is refused.
async fn refuse_taken<D: Db>(
    db: &D,
    reference: Option<&str>,
    own: Option<MerchantId>,
) -> Result<(), D::Trouble> {
    let Some(reference) = reference else { return Ok(()) };
    match db.number(statements::MERCHANT_REFERRED, values![reference]).await? {
        Some(id) if Some(MerchantId::from_i64(id)) != own => {
            Err(StoreError::Taken { what: "reference" }.into())
        }
        Some(_) | None => Ok(()),
    }
}

/// One merchant.
pub(crate) async fn one<D: Db>(db: &D, id: MerchantId) -> Result<Option<Merchant>, D::Trouble> {
    db.one(statements::MERCHANT, values![id.as_i64()], columns::merchant).await
}

async fn existing<D: Db>(db: &D, id: MerchantId) -> Result<Merchant, D::Trouble> {
    Ok(one(db, id).await?.ok_or(StoreError::Missing { what: "merchant" })?)
}

/// Refuses a merchant that is not there.
pub(super) async fn refuse_missing<D: Db>(db: &D, id: MerchantId) -> Result<(), D::Trouble> {
    existing(db, id).await.map(drop)
}

/// Changes a merchant.
pub(crate) async fn change<D: Db>(
    db: &D,
    id: MerchantId,
    change: &MerchantChange,
) -> Result<(), D::Trouble> {
    db.hold(Lock::Merchant(id)).await?;
    let old = existing(db, id).await?;
    let reference = change.reference.as_ref().unwrap_or(&old.reference);
    refuse_taken(db, reference.as_deref(), Some(id)).await?;
    let limits = change.rate_limits.unwrap_or(old.rate_limits);
    let own = Some(limits).filter(|limits| *limits != Limits::default());
    let own = own.map(|own| serde_json::to_string(&own).expect("limits can be written as JSON"));
    let row = values![
        id.as_i64(),
        change.name.as_ref().unwrap_or(&old.name),
        change.contract.as_ref().unwrap_or(&old.contract),
        reference.as_deref(),
        change.strict_catalogue.unwrap_or(old.strict_catalogue),
        change.retention.unwrap_or(old.retention).map(duration_ms),
        change.legal_hold.unwrap_or(old.legal_hold),
        own,
    ];
    db.run(statements::MERCHANT_CHANGE, row).await?;
    Ok(())
}

/// Sets a merchant's sandbox clock.
pub(crate) async fn set_clock<D: Db>(
    db: &D,
    id: MerchantId,
    offset: SignedDuration,
) -> Result<(), D::Trouble> {
    let row = values![id.as_i64(), duration_ms(offset)];
    if db.run(statements::MERCHANT_CLOCK, row).await? == 0 {
        return Err(StoreError::Missing { what: "merchant" }.into());
    }
    Ok(())
}

/// Creates a key.
pub(crate) async fn create_key<D: Db>(
    db: &D,
    new: &NewKey,
    once: Option<&Once>,
) -> Result<Done<KeyId>, D::Trouble> {
    if let Some(before) = once::before(db, once).await? {
        return Ok(Done::Before(KeyId::from_i64(before)));
    }
    refuse_missing(db, new.merchant).await?;
    let id = write_key(db, new.merchant, new).await?;
    once::keep(db, once, id.as_i64()).await?;
    Ok(Done::Now(id))
}

async fn write_key<D: Db>(db: &D, merchant: MerchantId, new: &NewKey) -> Result<KeyId, D::Trouble> {
    if key_by_hash(db, &new.hash).await?.is_some() {
        return Err(StoreError::Taken { what: "key" }.into());
    }
    let row = values![
        merchant.as_i64(),
        mode_code(new.mode),
        kind_code(new.kind),
        &new.hint,
        new.hash,
        new.shown.as_ref().map(sealed_blob),
        ms(new.created),
    ];
    Ok(KeyId::from_i64(db.insert(statements::KEY_CREATE, row).await?))
}

/// A merchant's keys, oldest first.
pub(crate) async fn keys<D: Db>(db: &D, merchant: MerchantId) -> Result<Vec<Key>, D::Trouble> {
    db.many(statements::KEYS, values![merchant.as_i64()], columns::key).await
}

/// The key with this hash.
pub(crate) async fn key_by_hash<D: Db>(db: &D, hash: &[u8; 32]) -> Result<Option<Key>, D::Trouble> {
    db.one(statements::KEY_BY_HASH, values![hash], columns::key).await
}

/// Revokes a key.
pub(crate) async fn revoke_key<D: Db>(
    db: &D,
    merchant: MerchantId,
    id: KeyId,
    at: Timestamp,
) -> Result<bool, D::Trouble> {
    let row = values![merchant.as_i64(), id.as_i64(), ms(at)];
    Ok(db.run(statements::KEY_REVOKE, row).await? == 1)
}

/// Notes when keys were last used.
pub(crate) async fn touch_keys<D: Db>(
    db: &D,
    used: &[(KeyId, Timestamp)],
) -> Result<(), D::Trouble> {
    for (id, at) in used {
        db.run(statements::KEY_TOUCH, values![id.as_i64(), ms(*at)]).await?;
    }
    Ok(())
}
