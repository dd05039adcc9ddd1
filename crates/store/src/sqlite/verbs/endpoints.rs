//! Endpoints, the versions of their settings and their secrets.

use std::collections::HashMap;

use jiff::Timestamp;
use posthorn_core::endpoint::{
    ENDPOINTS_MAX, Endpoint, EndpointSecret, SIGNING_SECRETS_MAX, Settings,
};
use posthorn_core::event::Mode;
use posthorn_core::id::{EndpointId, MerchantId, SecretId};
use rusqlite::{Connection, params};

use super::{merchants, once, standing};
use crate::rows::{EndpointRow, Place, mode_code, ms, sealed_blob};
use crate::sqlite::trouble::Trouble;
use crate::sqlite::{fetch, statements};
use crate::{Done, NewEndpoint, NewSecret, Once, StoreError};

/// Creates an endpoint, version 1.
pub(in crate::sqlite) fn create(
    db: &Connection,
    new: &NewEndpoint,
    once: Option<&Once>,
) -> Result<Done<EndpointId>, Trouble> {
    if let Some(before) = once::before(db, once)? {
        return Ok(Done::Before(EndpointId::from_i64(before)));
    }
    merchants::refuse_missing(db, new.merchant)?;
    let whose = (new.merchant.as_i64(), mode_code(new.mode));
    let there = fetch::number(db, statements::ENDPOINT_COUNT, params![whose.0, whose.1])?;
    if there.unwrap_or(0).unsigned_abs() >= ENDPOINTS_MAX as u64 {
        return Err(StoreError::TooMany { max: ENDPOINTS_MAX }.into());
    }
    let row = params![whose.0, whose.1, ms(new.created)];
    fetch::run(db, statements::ENDPOINT_CREATE, row)?;
    let id = EndpointId::from_i64(db.last_insert_rowid());
    write_version(db, id, (1, new.created), &new.settings)?;
    if let Some(secret) = &new.secret {
        let row = params![id.as_i64(), sealed_blob(&secret.sealed), ms(secret.created)];
        fetch::run(db, statements::SECRET_CREATE, row)?;
    }
    once::keep(db, once, id.as_i64())?;
    Ok(Done::Now(id))
}

fn write_version(
    db: &Connection,
    id: EndpointId,
    (version, at): (u32, Timestamp),
    settings: &Settings,
) -> Result<(), Trouble> {
    let settings = serde_json::to_string(settings).expect("settings can be written as JSON");
    let row = params![id.as_i64(), version, ms(at), settings];
    fetch::run(db, statements::ENDPOINT_WRITE_VERSION, row)?;
    Ok(())
}

/// One endpoint that is not deleted.
pub(in crate::sqlite) fn one(db: &Connection, id: EndpointId) -> Result<Option<Endpoint>, Trouble> {
    let row = fetch::one(db, statements::ENDPOINT, params![id.as_i64()], fetch::endpoint)?;
    row.map(|row| with_secrets(db, row)).transpose()
}

/// One endpoint, and when it was deleted.
pub(in crate::sqlite) fn on_record(
    db: &Connection,
    id: EndpointId,
) -> Result<Option<(Endpoint, Option<Timestamp>)>, Trouble> {
    let place = Place { table: "endpoints", row: id.as_i64() };
    let found = fetch::one(db, statements::ENDPOINT_ON_RECORD, params![id.as_i64()], |row| {
        let deleted = place.maybe_time("deleted", row.get(10)?)?;
        Ok((fetch::endpoint(row)?, deleted))
    })?;
    let Some((row, deleted)) = found else { return Ok(None) };
    Ok(Some((with_secrets(db, row)?, deleted)))
}

/// Endpoints that are deleted now, and were not at a time.
pub(in crate::sqlite) fn deleted(
    db: &Connection,
    (merchant, mode): (MerchantId, Mode),
    created_by: Timestamp,
    there_at: Timestamp,
) -> Result<Vec<EndpointId>, Trouble> {
    let (merchant, mode) = (merchant.as_i64(), mode_code(mode));
    let limit = i64::try_from(ENDPOINTS_MAX).unwrap_or(i64::MAX);
    let which = params![merchant, mode, ms(created_by), ms(there_at), limit];
    let found = fetch::many(db, statements::ENDPOINTS_DELETED, which, fetch::id)?;
    Ok(found.into_iter().map(EndpointId::from_i64).collect())
}

/// All endpoints that are not deleted: two statements, however many there are.
pub(super) fn all(db: &Connection) -> Result<Vec<Endpoint>, Trouble> {
    let mut secrets: HashMap<i64, Vec<EndpointSecret>> = HashMap::new();
    let signing = statements::SECRETS_SIGNING_ALL;
    for (endpoint, secret) in fetch::many(db, signing, params![], fetch::secret_of)? {
        secrets.entry(endpoint).or_default().push(secret);
    }
    fetch::many(db, statements::ENDPOINTS, params![], |row| {
        let row = fetch::endpoint(row)?;
        let own = secrets.remove(&row.id).unwrap_or_default();
        Ok(row.read(own)?)
    })
}

fn with_secrets(db: &Connection, row: EndpointRow) -> Result<Endpoint, Trouble> {
    let secrets = fetch::many(db, statements::SECRETS_SIGNING, params![row.id], fetch::secret)?;
    Ok(row.read(secrets)?)
}

/// Writes new settings as the next version.
pub(in crate::sqlite) fn change(
    db: &Connection,
    id: EndpointId,
    expected: u32,
    (settings, at): (&Settings, Timestamp),
) -> Result<u32, Trouble> {
    let current = standing::existing(db, id)?.version;
    if current != expected {
        return Err(StoreError::Stale { current }.into());
    }
    let next = current + 1;
    write_version(db, id, (next, at), settings)?;
    fetch::run(db, statements::ENDPOINT_SET_VERSION, params![id.as_i64(), next])?;
    Ok(next)
}

/// Makes a new secret the current one; at most [`SIGNING_SECRETS_MAX`] sign at once.
pub(in crate::sqlite) fn rotate(
    db: &Connection,
    id: EndpointId,
    (new, overlap_until): (&NewSecret, Timestamp),
    once: Option<&Once>,
) -> Result<Done<SecretId>, Trouble> {
    if let Some(before) = once::before(db, once)? {
        return Ok(Done::Before(SecretId::from_i64(before)));
    }
    standing::existing(db, id)?;
    if overlap_until > new.created {
        let signing = params![id.as_i64(), ms(new.created)];
        let signing = fetch::number(db, statements::SECRETS_LEFT, signing)?.unwrap_or(0);
        if usize::try_from(signing).unwrap_or(0) >= SIGNING_SECRETS_MAX {
            return Err(StoreError::TooMany { max: SIGNING_SECRETS_MAX }.into());
        }
    }
    fetch::run(db, statements::SECRET_RETIRE, params![id.as_i64(), ms(overlap_until)])?;
    let row = params![id.as_i64(), sealed_blob(&new.sealed), ms(new.created)];
    fetch::run(db, statements::SECRET_CREATE, row)?;
    let secret = SecretId::from_i64(db.last_insert_rowid());
    once::keep(db, once, secret.as_i64())?;
    Ok(Done::Now(secret))
}

/// Every version of an endpoint's settings, oldest first.
pub(in crate::sqlite) fn versions(
    db: &Connection,
    id: EndpointId,
) -> Result<Vec<(u32, Timestamp, Settings)>, Trouble> {
    let which = params![id.as_i64()];
    fetch::many(db, statements::ENDPOINT_VERSIONS, which, |row| fetch::version(id.as_i64(), row))
}

/// The version in force at a time.
pub(in crate::sqlite) fn version_at(
    db: &Connection,
    id: EndpointId,
    at: Timestamp,
) -> Result<Option<(u32, Timestamp, Settings)>, Trouble> {
    let which = params![id.as_i64(), ms(at)];
    fetch::one(db, statements::ENDPOINT_VERSION_AT, which, |row| fetch::version(id.as_i64(), row))
}

/// Every secret an endpoint ever had, oldest first.
pub(in crate::sqlite) fn secrets(
    db: &Connection,
    id: EndpointId,
) -> Result<Vec<EndpointSecret>, Trouble> {
    fetch::many(db, statements::SECRETS, params![id.as_i64()], fetch::secret)
}
