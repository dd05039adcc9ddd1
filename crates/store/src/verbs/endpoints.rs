//! Endpoints, the versions of their settings and their secrets.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use posthorn_core::endpoint::{
    ENDPOINTS_MAX, Endpoint, EndpointSecret, SIGNING_SECRETS_MAX, Settings,
};
use posthorn_core::event::Mode;
use posthorn_core::id::{EndpointId, MerchantId, SecretId};

use super::{merchants, once, standing};
use crate::db::{Db, Lock, values};
use crate::rows::{EndpointRow, Place, mode_code, ms, sealed_blob};
use crate::{Done, NewEndpoint, NewSecret, Once, StoreError};
use crate::{columns, statements};

/// Creates an endpoint, version 1.
pub(crate) async fn create<D: Db>(
    db: &D,
    new: &NewEndpoint,
    once: Option<&Once>,
) -> Result<Done<EndpointId>, D::Trouble> {
    if let Some(before) = once::before(db, once).await? {
        return Ok(Done::Before(EndpointId::from_i64(before)));
    }
    db.hold(Lock::Merchant(new.merchant)).await?;
    merchants::refuse_missing(db, new.merchant).await?;
    let whose = (new.merchant.as_i64(), mode_code(new.mode));
    let there = db.number(statements::ENDPOINT_COUNT, values![whose.0, whose.1]).await?;
    if there.unwrap_or(0).unsigned_abs() >= ENDPOINTS_MAX as u64 {
        return Err(StoreError::TooMany { max: ENDPOINTS_MAX }.into());
    }
    let row = values![whose.0, whose.1, ms(new.created)];
    let id = EndpointId::from_i64(db.insert(statements::ENDPOINT_CREATE, row).await?);
    write_version(db, id, (1, new.created), &new.settings).await?;
    if let Some(secret) = &new.secret {
        let row = values![id.as_i64(), sealed_blob(&secret.sealed), ms(secret.created)];
        db.insert(statements::SECRET_CREATE, row).await?;
    }
    once::keep(db, once, id.as_i64()).await?;
    Ok(Done::Now(id))
}

async fn write_version<D: Db>(
    db: &D,
    id: EndpointId,
    (version, at): (u32, Timestamp),
    settings: &Settings,
) -> Result<(), D::Trouble> {
    let settings = serde_json::to_string(settings).expect("settings can be written as JSON");
    let row = values![id.as_i64(), version, ms(at), settings];
    db.run(statements::ENDPOINT_WRITE_VERSION, row).await?;
    Ok(())
}

/// One endpoint that is not deleted.
pub(crate) async fn one<D: Db>(db: &D, id: EndpointId) -> Result<Option<Endpoint>, D::Trouble> {
    let row = db.one(statements::ENDPOINT, values![id.as_i64()], columns::endpoint).await?;
    Ok(match row {
        Some(row) => Some(with_secrets(db, row).await?),
        None => None,
    })
}

/// One endpoint, and when it was deleted.
pub(crate) async fn on_record<D: Db>(
    db: &D,
    id: EndpointId,
) -> Result<Option<(Endpoint, Option<Timestamp>)>, D::Trouble> {
    let place = Place { table: "endpoints", row: id.as_i64() };
    let which = values![id.as_i64()];
    let found = db.one(statements::ENDPOINT_ON_RECORD, which, |row| {
        let deleted = place.maybe_time("deleted", row.get(10)?)?;
        Ok((columns::endpoint(row)?, deleted))
    });
    let Some((row, deleted)) = found.await? else { return Ok(None) };
    Ok(Some((with_secrets(db, row).await?, deleted)))
}

/// Endpoints that are deleted now, and were not at a time.
pub(crate) async fn deleted<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
    created_by: Timestamp,
    there_at: Timestamp,
) -> Result<Vec<EndpointId>, D::Trouble> {
    let (merchant, mode) = (merchant.as_i64(), mode_code(mode));
    let limit = i64::try_from(ENDPOINTS_MAX).unwrap_or(i64::MAX);
    let which = values![merchant, mode, ms(created_by), ms(there_at), limit];
    let found = db.many(statements::ENDPOINTS_DELETED, which, columns::id).await?;
    Ok(found.into_iter().map(EndpointId::from_i64).collect())
}

/// All endpoints that are not deleted: two statements, however many there are.
pub(super) async fn all<D: Db>(db: &D) -> Result<Vec<Arc<Endpoint>>, D::Trouble> {
    let mut secrets: HashMap<i64, Vec<EndpointSecret>> = HashMap::new();
    let signing = statements::SECRETS_SIGNING_ALL;
    for (endpoint, secret) in db.many(signing, values![], columns::secret_of).await? {
        // Nearly every endpoint has one; a vector that grows begins with room for four.
        secrets.entry(endpoint).or_insert_with(|| Vec::with_capacity(1)).push(secret);
    }
    db.many(statements::ENDPOINTS, values![], |row| {
        let row = columns::endpoint(row)?;
        let own = secrets.remove(&row.id).unwrap_or_default();
        row.read(own).map(Arc::new)
    })
    .await
}

async fn with_secrets<D: Db>(db: &D, row: EndpointRow) -> Result<Endpoint, D::Trouble> {
    let secrets = db.many(statements::SECRETS_SIGNING, values![row.id], columns::secret).await?;
    Ok(row.read(secrets)?)
}

/// Writes new settings as the next version.
pub(crate) async fn change<D: Db>(
    db: &D,
    id: EndpointId,
    expected: u32,
    (settings, at): (&Settings, Timestamp),
) -> Result<u32, D::Trouble> {
    db.hold(Lock::Endpoint(id)).await?;
    let current = standing::existing(db, id).await?.version;
    if current != expected {
        return Err(StoreError::Stale { current }.into());
    }
    let next = current + 1;
    write_version(db, id, (next, at), settings).await?;
    db.run(statements::ENDPOINT_SET_VERSION, values![id.as_i64(), next]).await?;
    Ok(next)
}

/// Makes a new secret the current one; at most [`SIGNING_SECRETS_MAX`] sign at once.
pub(crate) async fn rotate<D: Db>(
    db: &D,
    id: EndpointId,
    (new, overlap_until): (&NewSecret, Timestamp),
    once: Option<&Once>,
) -> Result<Done<SecretId>, D::Trouble> {
    if let Some(before) = once::before(db, once).await? {
        return Ok(Done::Before(SecretId::from_i64(before)));
    }
    db.hold(Lock::Endpoint(id)).await?;
    standing::existing(db, id).await?;
    if overlap_until > new.created {
        let signing = values![id.as_i64(), ms(new.created)];
        let signing = db.number(statements::SECRETS_LEFT, signing).await?.unwrap_or(0);
        if usize::try_from(signing).unwrap_or(0) >= SIGNING_SECRETS_MAX {
            return Err(StoreError::TooMany { max: SIGNING_SECRETS_MAX }.into());
        }
    }
    db.run(statements::SECRET_RETIRE, values![id.as_i64(), ms(overlap_until)]).await?;
    let row = values![id.as_i64(), sealed_blob(&new.sealed), ms(new.created)];
    let secret = SecretId::from_i64(db.insert(statements::SECRET_CREATE, row).await?);
    once::keep(db, once, secret.as_i64()).await?;
    Ok(Done::Now(secret))
}

/// Every version of an endpoint's settings, oldest first.
pub(crate) async fn versions<D: Db>(
    db: &D,
    id: EndpointId,
) -> Result<Vec<(u32, Timestamp, Settings)>, D::Trouble> {
    let which = values![id.as_i64()];
    db.many(statements::ENDPOINT_VERSIONS, which, |row| columns::version(id.as_i64(), row)).await
}

/// The version in force at a time.
pub(crate) async fn version_at<D: Db>(
    db: &D,
    id: EndpointId,
    at: Timestamp,
) -> Result<Option<(u32, Timestamp, Settings)>, D::Trouble> {
    let which = values![id.as_i64(), ms(at)];
    db.one(statements::ENDPOINT_VERSION_AT, which, |row| columns::version(id.as_i64(), row)).await
}

/// Every secret an endpoint ever had, oldest first.
pub(crate) async fn secrets<D: Db>(
    db: &D,
    id: EndpointId,
) -> Result<Vec<EndpointSecret>, D::Trouble> {
    db.many(statements::SECRETS, values![id.as_i64()], columns::secret).await
}
