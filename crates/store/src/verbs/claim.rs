//! Leases: taken, given back, and all dead at the start.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;
use posthorn_core::delivery::Claim;
use posthorn_core::event::Event;
use posthorn_core::id::{DeliveryId, EndpointId, EventId};

use super::{events, settle};
use crate::db::{Columns, Db, Lock, values};
use crate::rows::{Place, ms};
use crate::statements;
use crate::{Ask, Release};

/// Leases due deliveries, oldest due first, for each endpoint by itself: the overdue rows of a
/// thousand dead endpoints stand in nobody's way. An endpoint's end when the payloads fill what it asked
/// for, all of them when they fill `bytes_max`.
pub(crate) async fn claim<D: Db>(
    db: &D,
    asks: &[Ask],
    until: Timestamp,
    bytes_max: usize,
) -> Result<Vec<Claim>, D::Trouble> {
    let mut claims = Vec::new();
    let mut known: HashMap<EventId, Arc<Event>> = HashMap::new();
    let mut bytes = 0;
    for ask in asks {
        let mut own_bytes = 0;
        for found in find(db, ask).await? {
            if bytes >= bytes_max && !claims.is_empty() {
                return Ok(claims);
            }
            if own_bytes >= ask.bytes {
                break;
            }
            db.run(statements::CLAIM_LEASE, values![found.id.as_i64(), db.lease_ms(until)]).await?;
            let event = match known.entry(found.id.event()) {
                Entry::Occupied(known) => Arc::clone(known.get()),
                Entry::Vacant(place) => Arc::clone(
                    place.insert(Arc::new(events::existing(db, found.id.event()).await?)),
                ),
            };
            bytes += event.data.as_bytes().len();
            own_bytes += event.data.as_bytes().len();
            claims.push(Claim {
                delivery: found.id,
                endpoint: ask.endpoint,
                event,
                attempts: found.attempts,
                base: found.base,
                run: found.run,
                claim: found.claim + 1,
                due: found.due,
                until,
            });
        }
    }
    Ok(claims)
}

struct Found {
    id: DeliveryId,
    attempts: u32,
    base: u32,
    run: u32,
    claim: u32,
    due: Timestamp,
}

async fn find<D: Db>(db: &D, ask: &Ask) -> Result<Vec<Found>, D::Trouble> {
    let which = values![ask.endpoint.as_i64(), ms(ask.now), ask.slots];
    db.many(statements::CLAIM_FIND, which, |row| {
        let id = row.get(0)?;
        let place = Place { table: "deliveries", row: id };
        Ok(Found {
            id: DeliveryId::from_i64(id),
            attempts: place.count("attempts", row.get(1)?)?,
            base: place.count("base", row.get(2)?)?,
            run: place.count("run", row.get(3)?)?,
            claim: place.count("claim", row.get(4)?)?,
            due: place.time("at", row.get(5)?)?,
        })
    })
    .await
}

/// Gives leases back. One whose endpoint was deleted ends: no sweep comes by again. A try that was
/// cut off was really sent, so it is recorded whoever holds the lease by now.
pub(crate) async fn release<D: Db>(db: &D, releases: &[Release]) -> Result<(), D::Trouble> {
    for release in releases {
        let id = release.delivery.as_i64();
        db.hold(Lock::Standing(release.endpoint)).await?;
        let row = values![id, release.claim, ms(release.at)];
        if db.run(statements::RELEASE, row).await? == 1 {
            db.run(statements::RELEASE_TO_DELETED, values![id]).await?;
        }
        if let Some(attempt) = &release.attempt {
            settle::record_late(db, release.delivery, attempt).await?;
        }
    }
    Ok(())
}

/// Frees leases that ran out; answers whose deliveries are due again.
pub(crate) async fn release_expired<D: Db>(
    db: &D,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<EndpointId>, D::Trouble> {
    let expired = db
        .many(statements::EXPIRED, values![db.lease_ms(now), limit], |row| {
            let id = row.get(0)?;
            let claim = Place { table: "deliveries", row: id }.count("claim", row.get(2)?)?;
            let (delivery, endpoint) =
                (DeliveryId::from_i64(id), EndpointId::from_i64(row.get(1)?));
            Ok(Release { delivery, endpoint, claim, at: now, attempt: None })
        })
        .await?;
    release(db, &expired).await?;
    Ok(expired.iter().map(|release| release.endpoint).collect())
}

/// Ends every lease there is.
pub(crate) async fn release_all<D: Db>(db: &D, now: Timestamp) -> Result<u64, D::Trouble> {
    let ended = db.run(statements::RELEASE_ALL_TO_DELETED, values![ms(now)]).await?;
    let due = db.run(statements::RELEASE_ALL, values![ms(now)]).await?;
    Ok(ended + due)
}

/// The earliest due time of each endpoint that has one: one probe an endpoint.
pub(crate) async fn next_due<D: Db>(
    db: &D,
    endpoints: Option<&[EndpointId]>,
) -> Result<Vec<(EndpointId, Timestamp)>, D::Trouble> {
    let Some(endpoints) = endpoints else { return next_due_of_all(db).await };
    let mut all = Vec::new();
    for endpoint in endpoints {
        let at = db.number(statements::NEXT_DUE_OF, values![endpoint.as_i64()]).await?;
        if let Some(at) = at {
            all.push((*endpoint, due_at(at)));
        }
    }
    Ok(all)
}

async fn next_due_of_all<D: Db>(db: &D) -> Result<Vec<(EndpointId, Timestamp)>, D::Trouble> {
    let mut all = Vec::new();
    let mut last = i64::MIN;
    loop {
        let read = |row: &dyn Columns| Ok((row.get::<i64>(0)?, row.get(1)?));
        let next = db.many(statements::NEXT_DUE, values![last], read).await?;
        let Some((furthest, _)) = next.last() else { return Ok(all) };
        last = *furthest;
        all.extend(next.into_iter().map(|(id, at)| (EndpointId::from_i64(id), due_at(at))));
    }
}

/// A time before all calendars is due at once: the claim that meets it says what is wrong. One after
/// them never comes.
fn due_at(at: i64) -> Timestamp {
    let never = if at < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(at).unwrap_or(never)
}
