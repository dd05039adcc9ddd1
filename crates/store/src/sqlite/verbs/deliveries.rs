//! Reading deliveries, and opening a new run of one.
//!
//! Lists are merged from ranges of the covering index, one for each endpoint and state; each is read
//! newest first and only as far as the page goes. Leased rows are not in that index: they come from
//! the index of live leases, which is as short as what is in flight.

use jiff::Timestamp;
use posthorn_core::delivery::{Delivery, ParkedWhy, State, StateKind};
use posthorn_core::id::{DeliveryId, EndpointId, EventId};
use rusqlite::{Connection, params};

use super::{events, once, standing};
use crate::rows::{Place, mode_code, state_columns, state_kind};
use crate::sqlite::trouble::Trouble;
use crate::sqlite::{fetch, statements};
use crate::{Backlog, DeliveryQuery, DeliveryRecord, Done, Once, Page, StoreError};

/// Endpoints whose ranges are merged for a list of all states; a merchant with more has its events
/// walked instead.
const MERGED_ENDPOINTS_MAX: usize = 64;
/// Rows that are counted for the backlog.
const COUNT_MAX: i64 = 1_000_000;
/// The states that the covering index holds.
const RESTING: [StateKind; 5] = [
    StateKind::Due,
    StateKind::Delivered,
    StateKind::Exhausted,
    StateKind::Parked,
    StateKind::WillNotSend,
];

/// Deliveries, newest first.
pub(in crate::sqlite) fn list(
    db: &Connection,
    query: &DeliveryQuery,
    page: Page<DeliveryId>,
) -> Result<Vec<Delivery>, Trouble> {
    let ends = page.after.map_or(i64::MAX, DeliveryId::as_i64);
    let list = List { db, query, ends, limit: page.limit };
    let mut found = match (query.event, query.endpoint) {
        (Some(event), _) => list.of_event(event)?,
        (None, Some(endpoint)) => list.of_endpoint(endpoint)?,
        (None, None) => list.of_merchant()?,
    };
    found.sort_unstable_by_key(|delivery| std::cmp::Reverse(delivery.id));
    found.truncate(page.limit as usize);
    Ok(found)
}

struct List<'a> {
    db: &'a Connection,
    query: &'a DeliveryQuery,
    ends: i64,
    limit: u32,
}

impl List<'_> {
    /// At most a fan-out of rows, filtered here.
    fn of_event(&self, event: EventId) -> Result<Vec<Delivery>, Trouble> {
        let owned = events::one(self.db, event)?.is_some_and(|event| {
            event.merchant == self.query.merchant && event.mode == self.query.mode
        });
        if !owned {
            return Ok(Vec::new());
        }
        let (low, high) = event.delivery_range();
        let range = params![low.as_i64(), self.ends.min(high.as_i64() + 1)];
        let mut found =
            fetch::many(self.db, statements::DELIVERIES_OF_EVENT, range, fetch::delivery)?;
        found.retain(|delivery| {
            self.query.endpoint.is_none_or(|endpoint| delivery.endpoint == endpoint)
                && self.query.state.is_none_or(|state| delivery.state.kind() == state)
        });
        Ok(found)
    }

    fn of_endpoint(&self, endpoint: EndpointId) -> Result<Vec<Delivery>, Trouble> {
        let owned = standing::find(self.db, endpoint)?.is_some_and(|standing| {
            standing.merchant == self.query.merchant && standing.mode == self.query.mode
        });
        if !owned {
            return Ok(Vec::new());
        }
        let mut found = self.resting(endpoint.as_i64())?;
        if self.query.state.is_none_or(|state| state == StateKind::Leased) {
            let range = params![endpoint.as_i64(), self.ends, self.limit];
            let sql = statements::DELIVERIES_LEASED_OF_ENDPOINT;
            found.extend(fetch::many(self.db, sql, range, fetch::delivery)?);
        }
        Ok(found)
    }

    fn of_merchant(&self) -> Result<Vec<Delivery>, Trouble> {
        let (merchant, mode) = (self.query.merchant.as_i64(), mode_code(self.query.mode));
        let merged_max = match self.query.state {
            Some(_) => i64::MAX,
            None => i64::try_from(MERGED_ENDPOINTS_MAX + 1).unwrap_or(i64::MAX),
        };
        let which = params![merchant, mode, merged_max];
        let endpoints = fetch::many(self.db, statements::ENDPOINT_IDS, which, fetch::id)?;
        let range = params![merchant, mode, self.ends, self.limit];
        if self.query.state.is_none() && endpoints.len() > MERGED_ENDPOINTS_MAX {
            let sql = statements::DELIVERIES_OF_MERCHANT;
            return fetch::many(self.db, sql, range, fetch::delivery);
        }
        let mut found = Vec::new();
        if self.query.state.is_none_or(|state| state == StateKind::Leased) {
            let sql = statements::DELIVERIES_LEASED_OF_MERCHANT;
            found = fetch::many(self.db, sql, range, fetch::delivery)?;
        }
        for endpoint in endpoints {
            found.extend(self.resting(endpoint)?);
        }
        Ok(found)
    }

    /// One range for each state that is wanted and is in the covering index.
    fn resting(&self, endpoint: i64) -> Result<Vec<Delivery>, Trouble> {
        let mut found = Vec::new();
        for state in RESTING {
            if self.query.state.is_none_or(|wanted| wanted == state) {
                let range = params![endpoint, state as i64, self.ends, self.limit];
                let sql = statements::DELIVERIES_OF_ENDPOINT;
                found.extend(fetch::many(self.db, sql, range, fetch::delivery)?);
            }
        }
        Ok(found)
    }
}

/// One delivery with its event and its attempts.
pub(in crate::sqlite) fn record(
    db: &Connection,
    id: DeliveryId,
) -> Result<Option<DeliveryRecord>, Trouble> {
    let key = params![id.as_i64()];
    let Some(delivery) = fetch::one(db, statements::DELIVERY, key, fetch::delivery)? else {
        return Ok(None);
    };
    let event = events::existing(db, id.event())?;
    let attempts =
        fetch::many(db, statements::ATTEMPTS, key, |row| fetch::attempt(id.as_i64(), row))?;
    Ok(Some(DeliveryRecord { delivery, event, attempts }))
}

/// How much is waiting.
pub(in crate::sqlite) fn backlog(db: &Connection) -> Result<Backlog, Trouble> {
    let (due, oldest_due) = counted(db, statements::BACKLOG_DUE)?;
    let (leased, oldest_leased) = counted(db, statements::BACKLOG_LEASED)?;
    let oldest = [oldest_due, oldest_leased].into_iter().flatten().min();
    Ok(Backlog {
        due: due.unsigned_abs(),
        leased: leased.unsigned_abs(),
        parked: parked(db)?.unsigned_abs(),
        oldest: oldest.map(|id| DeliveryId::from_i64(id).event().accepted_at()),
    })
}

fn counted(db: &Connection, sql: &str) -> Result<(i64, Option<i64>), Trouble> {
    let found = fetch::one(db, sql, params![], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.unwrap_or_default())
}

/// Only endpoints that are not active have parked deliveries.
fn parked(db: &Connection) -> Result<i64, Trouble> {
    let mut all = 0;
    for endpoint in fetch::many(db, statements::BACKLOG_RESTING, params![], fetch::id)? {
        let left = COUNT_MAX - all;
        let found = fetch::number(db, statements::BACKLOG_PARKED, params![endpoint, left])?;
        all += found.unwrap_or(0);
    }
    Ok(all)
}

/// Opens a new run of one delivery. At an endpoint at rest it waits for that to be enabled, unless
/// it is a test of that very endpoint.
pub(in crate::sqlite) fn resend(
    db: &Connection,
    id: DeliveryId,
    now: Timestamp,
    once: Option<&Once>,
) -> Result<Done<DeliveryId>, Trouble> {
    if let Some(before) = once::before(db, once)? {
        return Ok(Done::Before(DeliveryId::from_i64(before)));
    }
    let place = Place { table: "deliveries", row: id.as_i64() };
    let found = fetch::one(db, statements::DELIVERY, params![id.as_i64()], |row| {
        Ok((row.get::<_, i64>(1)?, state_kind(place, row.get(2)?)?))
    })?;
    let missing = StoreError::Missing { what: "delivery" };
    let (endpoint, state) = found.ok_or(Trouble::Refused(missing))?;
    let standing = standing::existing(db, EndpointId::from_i64(endpoint))?;
    if state == StateKind::Leased {
        return Err(StoreError::Leased.into());
    }
    let next = if standing.status.rests() && events::existing(db, id.event())?.only.is_none() {
        State::Parked { since: now, why: ParkedWhy::EndpointAtRest }
    } else {
        State::Due { at: now }
    };
    let (code, at, why) = state_columns(&next);
    fetch::run(db, statements::RESEND, params![id.as_i64(), code, at, why])?;
    once::keep(db, once, id.as_i64())?;
    Ok(Done::Now(id))
}
