//! Where an endpoint stands at this moment, whatever a caller remembers of it.
//!
//! Callers decide a delivery's state from what they have in memory. Between that and the commit an
//! endpoint can be deleted (nothing would ever come by for a due delivery again) or finish its
//! drain (nothing would ever come by for a parked one). Both are mended here.

use jiff::Timestamp;
use posthorn_core::delivery::{State, WillNotSendWhy};
use posthorn_core::endpoint::Status;
use posthorn_core::event::Mode;
use posthorn_core::id::{EndpointId, MerchantId};

use crate::StoreError;
use crate::db::{Db, Lock, values};
use crate::rows::{Place, StatusColumns, mode};
use crate::statements;

/// Where an endpoint stands.
pub(super) struct Standing {
    pub(super) merchant: MerchantId,
    pub(super) mode: Mode,
    pub(super) version: u32,
    pub(super) status: Status,
    pub(super) deleted: bool,
}

/// Where an endpoint stands; deleted ones too.
pub(super) async fn find<D: Db>(db: &D, id: EndpointId) -> Result<Option<Standing>, D::Trouble> {
    db.one(statements::ENDPOINT_STANDING, values![id.as_i64()], |row| {
        let place = Place { table: "endpoints", row: id.as_i64() };
        let status = StatusColumns { status: row.get(3)?, since: row.get(4)?, why: row.get(5)? };
        Ok(Standing {
            merchant: MerchantId::from_i64(row.get(0)?),
            mode: mode(place, row.get(1)?)?,
            version: place.count("version", row.get(2)?)?,
            status: status.read(place)?,
            deleted: row.get::<Option<i64>>(6)?.is_some(),
        })
    })
    .await
}

/// Where an endpoint stands that is not deleted.
pub(super) async fn existing<D: Db>(db: &D, id: EndpointId) -> Result<Standing, D::Trouble> {
    let found = find(db, id).await?.filter(|standing| !standing.deleted);
    Ok(found.ok_or(StoreError::Missing { what: "endpoint" })?)
}

/// The state to write for one that was decided from memory. A parked delivery's time is when it
/// would have been due.
pub(super) async fn mend<D: Db>(
    db: &D,
    endpoint: EndpointId,
    state: State,
    now: Timestamp,
) -> Result<State, D::Trouble> {
    let parked_since = match state {
        State::Due { .. } => None,
        State::Parked { since, .. } => Some(since),
        State::Leased { .. }
        | State::Delivered { .. }
        | State::Exhausted { .. }
        | State::WillNotSend { .. } => return Ok(state),
    };
    db.hold(Lock::Standing(endpoint)).await?;
    let Some(standing) = find(db, endpoint).await? else { return Ok(state) };
    Ok(match parked_since {
        _ if standing.deleted => {
            State::WillNotSend { since: now, why: WillNotSendWhy::EndpointDeleted }
        }
        Some(since) if standing.status == Status::Active => State::Due { at: since },
        Some(_) | None => state,
    })
}
