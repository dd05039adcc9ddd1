//! Merchants and their keys.

use jiff::{SignedDuration, Timestamp};
use posthorn_core::id::{KeyId, MerchantId};
use posthorn_core::merchant::{Key, Merchant};
use rusqlite::{Connection, params};

use super::{endpoints, once};
use crate::rows::{duration_ms, kind_code, mode_code, ms, sealed_blob};
use crate::sqlite::trouble::Trouble;
use crate::sqlite::{fetch, statements};
use crate::{Directory, Done, MerchantChange, NewKey, NewMerchant, Once, StoreError};

/// All merchants and all endpoints that are not deleted.
pub(in crate::sqlite) fn directory(db: &Connection) -> Result<Directory, Trouble> {
    Ok(Directory {
        merchants: fetch::many(db, statements::MERCHANTS, params![], fetch::merchant)?,
        endpoints: endpoints::all(db)?,
    })
}

/// Creates a merchant with its first keys.
pub(in crate::sqlite) fn create(
    db: &Connection,
    new: &NewMerchant,
    once: Option<&Once>,
) -> Result<Done<MerchantId>, Trouble> {
    if let Some(before) = once::before(db, once)? {
        return Ok(Done::Before(MerchantId::from_i64(before)));
    }
    refuse_taken(db, new.reference.as_deref(), None)?;
    let row = params![
        new.name,
        new.contract,
        new.reference,
        new.strict_catalogue,
        sealed_blob(&new.webhook_secret_test),
        sealed_blob(&new.webhook_secret_live),
        ms(new.created),
    ];
    fetch::run(db, statements::MERCHANT_CREATE, row)?;
    let id = MerchantId::from_i64(db.last_insert_rowid());
    for key in &new.keys {
        write_key(db, id, key)?;
    }
    once::keep(db, once, id.as_i64())?;
    Ok(Done::Now(id))
}

/// A reference that another merchant has is refused.
fn refuse_taken(
    db: &Connection,
    reference: Option<&str>,
    own: Option<MerchantId>,
) -> Result<(), Trouble> {
    let Some(reference) = reference else { return Ok(()) };
    match fetch::number(db, statements::MERCHANT_REFERRED, params![reference])? {
        Some(id) if Some(MerchantId::from_i64(id)) != own => {
            Err(StoreError::Taken { what: "reference" }.into())
        }
        Some(_) | None => Ok(()),
    }
}

/// One merchant.
pub(in crate::sqlite) fn one(db: &Connection, id: MerchantId) -> Result<Option<Merchant>, Trouble> {
    fetch::one(db, statements::MERCHANT, params![id.as_i64()], fetch::merchant)
}

fn existing(db: &Connection, id: MerchantId) -> Result<Merchant, Trouble> {
    one(db, id)?.ok_or(Trouble::Refused(StoreError::Missing { what: "merchant" }))
}

/// Refuses a merchant that is not there.
pub(super) fn refuse_missing(db: &Connection, id: MerchantId) -> Result<(), Trouble> {
    existing(db, id).map(drop)
}

/// Changes a merchant.
pub(in crate::sqlite) fn change(
    db: &Connection,
    id: MerchantId,
    change: &MerchantChange,
) -> Result<(), Trouble> {
    let old = existing(db, id)?;
    let reference = change.reference.as_ref().unwrap_or(&old.reference);
    refuse_taken(db, reference.as_deref(), Some(id))?;
    let row = params![
        id.as_i64(),
        change.name.as_ref().unwrap_or(&old.name),
        change.contract.as_ref().unwrap_or(&old.contract),
        reference,
        change.strict_catalogue.unwrap_or(old.strict_catalogue),
    ];
    fetch::run(db, statements::MERCHANT_CHANGE, row)?;
    Ok(())
}

/// Sets a merchant's sandbox clock.
pub(in crate::sqlite) fn set_clock(
    db: &Connection,
    id: MerchantId,
    offset: SignedDuration,
) -> Result<(), Trouble> {
    let row = params![id.as_i64(), duration_ms(offset)];
    if fetch::run(db, statements::MERCHANT_CLOCK, row)? == 0 {
        return Err(StoreError::Missing { what: "merchant" }.into());
    }
    Ok(())
}

/// Creates a key.
pub(in crate::sqlite) fn create_key(
    db: &Connection,
    new: &NewKey,
    once: Option<&Once>,
) -> Result<Done<KeyId>, Trouble> {
    if let Some(before) = once::before(db, once)? {
        return Ok(Done::Before(KeyId::from_i64(before)));
    }
    refuse_missing(db, new.merchant)?;
    let id = write_key(db, new.merchant, new)?;
    once::keep(db, once, id.as_i64())?;
    Ok(Done::Now(id))
}

fn write_key(db: &Connection, merchant: MerchantId, new: &NewKey) -> Result<KeyId, Trouble> {
    if key_by_hash(db, &new.hash)?.is_some() {
        return Err(StoreError::Taken { what: "key" }.into());
    }
    let row = params![
        merchant.as_i64(),
        mode_code(new.mode),
        kind_code(new.kind),
        new.hint,
        new.hash,
        new.shown.as_ref().map(sealed_blob),
        ms(new.created),
    ];
    fetch::run(db, statements::KEY_CREATE, row)?;
    Ok(KeyId::from_i64(db.last_insert_rowid()))
}

/// A merchant's keys, oldest first.
pub(in crate::sqlite) fn keys(db: &Connection, merchant: MerchantId) -> Result<Vec<Key>, Trouble> {
    fetch::many(db, statements::KEYS, params![merchant.as_i64()], fetch::key)
}

/// The key with this hash.
pub(in crate::sqlite) fn key_by_hash(
    db: &Connection,
    hash: &[u8; 32],
) -> Result<Option<Key>, Trouble> {
    fetch::one(db, statements::KEY_BY_HASH, params![hash], fetch::key)
}

/// Revokes a key.
pub(in crate::sqlite) fn revoke_key(
    db: &Connection,
    merchant: MerchantId,
    id: KeyId,
    at: Timestamp,
) -> Result<bool, Trouble> {
    let row = params![merchant.as_i64(), id.as_i64(), ms(at)];
    Ok(fetch::run(db, statements::KEY_REVOKE, row)? == 1)
}

/// Notes when keys were last used.
pub(in crate::sqlite) fn touch_keys(
    db: &Connection,
    used: &[(KeyId, Timestamp)],
) -> Result<(), Trouble> {
    for (id, at) in used {
        fetch::run(db, statements::KEY_TOUCH, params![id.as_i64(), ms(*at)])?;
    }
    Ok(())
}
