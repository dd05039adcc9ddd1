//! Leases: taken, given back, and all dead at the start.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;
use posthorn_core::delivery::Claim;
use posthorn_core::event::Event;
use posthorn_core::id::{DeliveryId, EndpointId, EventId};
use rusqlite::{Connection, params};

use super::{events, settle};
use crate::rows::{Place, ms};
use crate::sqlite::trouble::Trouble;
use crate::sqlite::{fetch, statements};
use crate::{Ask, Release};

/// Leases due deliveries, oldest due first, for each endpoint by itself: the overdue rows of a
/// thousand dead endpoints stand in nobody's way. An endpoint's end when the payloads fill what it asked
/// for, all of them when they fill `bytes_max`.
pub(in crate::sqlite) fn claim(
    db: &Connection,
    asks: &[Ask],
    until: Timestamp,
    bytes_max: usize,
) -> Result<Vec<Claim>, Trouble> {
    let mut claims = Vec::new();
    let mut known: HashMap<EventId, Arc<Event>> = HashMap::new();
    let mut bytes = 0;
    for ask in asks {
        let mut own_bytes = 0;
        for found in find(db, ask)? {
            if bytes >= bytes_max && !claims.is_empty() {
                return Ok(claims);
            }
            if own_bytes >= ask.bytes {
                break;
            }
            fetch::run(db, statements::CLAIM_LEASE, params![found.id.as_i64(), ms(until)])?;
            let event = match known.entry(found.id.event()) {
                Entry::Occupied(known) => Arc::clone(known.get()),
                Entry::Vacant(place) => {
                    Arc::clone(place.insert(Arc::new(events::existing(db, found.id.event())?)))
                }
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

fn find(db: &Connection, ask: &Ask) -> Result<Vec<Found>, Trouble> {
    let which = params![ask.endpoint.as_i64(), ms(ask.now), ask.slots];
    fetch::many(db, statements::CLAIM_FIND, which, |row| {
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
}

/// Gives leases back. One whose endpoint was deleted ends: no sweep comes by again. A try that was
/// cut off was really sent, so it is recorded whoever holds the lease by now.
pub(in crate::sqlite) fn release(db: &Connection, releases: &[Release]) -> Result<(), Trouble> {
    for release in releases {
        let id = release.delivery.as_i64();
        let row = params![id, release.claim, ms(release.at)];
        if fetch::run(db, statements::RELEASE, row)? == 1 {
            fetch::run(db, statements::RELEASE_TO_DELETED, params![id])?;
        }
        if let Some(attempt) = &release.attempt {
            settle::record_late(db, release.delivery, attempt)?;
        }
    }
    Ok(())
}

/// Ends every lease there is.
pub(in crate::sqlite) fn release_all(db: &Connection, now: Timestamp) -> Result<u64, Trouble> {
    let ended = fetch::run(db, statements::RELEASE_ALL_TO_DELETED, params![ms(now)])?;
    let due = fetch::run(db, statements::RELEASE_ALL, params![ms(now)])?;
    Ok((ended + due) as u64)
}

/// The earliest due time of each endpoint that has one: one probe an endpoint.
pub(in crate::sqlite) fn next_due(
    db: &Connection,
    endpoints: Option<&[EndpointId]>,
) -> Result<Vec<(EndpointId, Timestamp)>, Trouble> {
    let Some(endpoints) = endpoints else { return next_due_of_all(db) };
    let mut all = Vec::new();
    for endpoint in endpoints {
        let at = fetch::number(db, statements::NEXT_DUE_OF, params![endpoint.as_i64()])?;
        if let Some(at) = at {
            all.push((*endpoint, due_at(at)));
        }
    }
    Ok(all)
}

fn next_due_of_all(db: &Connection) -> Result<Vec<(EndpointId, Timestamp)>, Trouble> {
    let mut all = Vec::new();
    let mut last = i64::MIN;
    loop {
        let next = fetch::one(db, statements::NEXT_DUE, params![last], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?))
        })?;
        let Some((endpoint, at)) = next else { return Ok(all) };
        all.push((EndpointId::from_i64(endpoint), due_at(at)));
        last = endpoint;
    }
}

/// A time before all calendars is due at once: the claim that meets it says what is wrong. One after
/// them never comes.
fn due_at(at: i64) -> Timestamp {
    let never = if at < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(at).unwrap_or(never)
}
