//! Reading deliveries, and opening a new run of one.
//!
//! Lists are merged from ranges of the covering index, one for each endpoint and state; each is read
//! newest first and only as far as the page goes. Leased rows are not in that index: they come from
//! the index of live leases, which is as short as what is in flight.

use jiff::Timestamp;
use posthorn_core::attempt::Attempt;
use posthorn_core::delivery::{Delivery, ParkedWhy, State, StateKind};
use posthorn_core::id::{DeliveryId, EndpointId, EventId};

use super::{events, once, standing};
use crate::db::{Columns, Db, Lock, values};
use crate::rows::{Place, mode_code, state_columns, state_kind};
use crate::statements::Statement;
use crate::{Backlog, DeliveryQuery, DeliveryRecord, Done, Once, Page, StoreError};
use crate::{columns, statements};

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
pub(crate) async fn list<D: Db>(
    db: &D,
    query: &DeliveryQuery,
    page: Page<DeliveryId>,
) -> Result<Vec<Delivery>, D::Trouble> {
    let ends = page.after.map_or(i64::MAX, DeliveryId::as_i64);
    let list = List { db, query, ends, limit: page.limit };
    let mut found = match (query.event, query.endpoint) {
        (Some(event), _) => list.of_event(event).await?,
        (None, Some(endpoint)) => list.of_endpoint(endpoint).await?,
        (None, None) => list.of_merchant().await?,
    };
    found.sort_unstable_by_key(|delivery| std::cmp::Reverse(delivery.id));
    found.truncate(page.limit as usize);
    Ok(found)
}

struct List<'a, D> {
    db: &'a D,
    query: &'a DeliveryQuery,
    ends: i64,
    limit: u32,
}

impl<D: Db> List<'_, D> {
    /// At most a fan-out of rows, filtered here.
    async fn of_event(&self, event: EventId) -> Result<Vec<Delivery>, D::Trouble> {
        let owned = events::one(self.db, event).await?.is_some_and(|event| {
            event.merchant == self.query.merchant && event.mode == self.query.mode
        });
        if !owned {
            return Ok(Vec::new());
        }
        let (low, high) = event.delivery_range();
        let range = values![low.as_i64(), self.ends.min(high.as_i64() + 1)];
        let mut found =
            self.db.many(statements::DELIVERIES_OF_EVENT, range, columns::delivery).await?;
        found.retain(|delivery| {
            self.query.endpoint.is_none_or(|endpoint| delivery.endpoint == endpoint)
                && self.query.state.is_none_or(|state| delivery.state.kind() == state)
        });
        Ok(found)
    }

    async fn of_endpoint(&self, endpoint: EndpointId) -> Result<Vec<Delivery>, D::Trouble> {
        let owned = standing::find(self.db, endpoint).await?.is_some_and(|standing| {
            standing.merchant == self.query.merchant && standing.mode == self.query.mode
        });
        if !owned {
            return Ok(Vec::new());
        }
        let mut found = self.resting(endpoint.as_i64()).await?;
        if self.query.state.is_none_or(|state| state == StateKind::Leased) {
            let range = values![endpoint.as_i64(), self.ends, self.limit];
            let sql = statements::DELIVERIES_LEASED_OF_ENDPOINT;
            found.extend(self.db.many(sql, range, columns::delivery).await?);
        }
        Ok(found)
    }

    async fn of_merchant(&self) -> Result<Vec<Delivery>, D::Trouble> {
        let (merchant, mode) = (self.query.merchant.as_i64(), mode_code(self.query.mode));
        let merged_max = match self.query.state {
            Some(_) => i64::MAX,
            None => i64::try_from(MERGED_ENDPOINTS_MAX + 1).unwrap_or(i64::MAX),
        };
        let which = values![merchant, mode, merged_max];
        let endpoints = self.db.many(statements::ENDPOINT_IDS, which, columns::id).await?;
        let range = values![merchant, mode, self.ends, self.limit];
        if self.query.state.is_none() && endpoints.len() > MERGED_ENDPOINTS_MAX {
            let sql = statements::DELIVERIES_OF_MERCHANT;
            return self.db.many(sql, range, columns::delivery).await;
        }
        let mut found = Vec::new();
        if self.query.state.is_none_or(|state| state == StateKind::Leased) {
            let sql = statements::DELIVERIES_LEASED_OF_MERCHANT;
            found = self.db.many(sql, range, columns::delivery).await?;
        }
        for endpoint in endpoints {
            found.extend(self.resting(endpoint).await?);
        }
        Ok(found)
    }

    /// One range for each state that is wanted and is in the covering index.
    async fn resting(&self, endpoint: i64) -> Result<Vec<Delivery>, D::Trouble> {
        let mut found = Vec::new();
        for state in RESTING {
            if self.query.state.is_none_or(|wanted| wanted == state) {
                let range = values![endpoint, state as i64, self.ends, self.limit];
                let sql = statements::DELIVERIES_OF_ENDPOINT;
                found.extend(self.db.many(sql, range, columns::delivery).await?);
            }
        }
        Ok(found)
    }
}

/// The last attempt of each delivery that has one.
pub(crate) async fn last_attempts<D: Db>(
    db: &D,
    of: &[DeliveryId],
) -> Result<Vec<(DeliveryId, Attempt)>, D::Trouble> {
    let wanted: Vec<_> = of.iter().map(|id| id.as_i64().to_string()).collect();
    let wanted = format!("[{}]", wanted.join(","));
    let read = |row: &dyn Columns| {
        let delivery = row.get(16)?;
        Ok((DeliveryId::from_i64(delivery), columns::attempt(delivery, row)?))
    };
    db.many(statements::ATTEMPTS_LAST, values![wanted.as_str()], read).await
}

/// One delivery with its event and its attempts.
pub(crate) async fn record<D: Db>(
    db: &D,
    id: DeliveryId,
) -> Result<Option<DeliveryRecord>, D::Trouble> {
    let key = values![id.as_i64()];
    let Some(delivery) = db.one(statements::DELIVERY, key, columns::delivery).await? else {
        return Ok(None);
    };
    let event = events::existing(db, id.event()).await?;
    let attempts =
        db.many(statements::ATTEMPTS, key, |row| columns::attempt(id.as_i64(), row)).await?;
    Ok(Some(DeliveryRecord { delivery, event, attempts }))
}

/// How much is waiting.
pub(crate) async fn backlog<D: Db>(db: &D) -> Result<Backlog, D::Trouble> {
    let (due, oldest_due) = counted(db, statements::BACKLOG_DUE).await?;
    let (leased, oldest_leased) = counted(db, statements::BACKLOG_LEASED).await?;
    let oldest = [oldest_due, oldest_leased].into_iter().flatten().min();
    Ok(Backlog {
        due: due.unsigned_abs(),
        leased: leased.unsigned_abs(),
        parked: parked(db).await?.unsigned_abs(),
        oldest: oldest.map(|id| DeliveryId::from_i64(id).event().accepted_at()),
    })
}

async fn counted<D: Db>(db: &D, sql: Statement) -> Result<(i64, Option<i64>), D::Trouble> {
    let found = db.one(sql, values![], |row| Ok((row.get(0)?, row.get(1)?))).await?;
    Ok(found.unwrap_or_default())
}

/// Only endpoints that are not active have parked deliveries.
async fn parked<D: Db>(db: &D) -> Result<i64, D::Trouble> {
    let mut all = 0;
    for endpoint in db.many(statements::BACKLOG_RESTING, values![], columns::id).await? {
        let left = COUNT_MAX - all;
        let found = db.number(statements::BACKLOG_PARKED, values![endpoint, left]).await?;
        all += found.unwrap_or(0);
    }
    Ok(all)
}

/// Opens a new run of one delivery. At an endpoint at rest it waits for that to be enabled, unless
/// it is a test of that very endpoint.
pub(crate) async fn resend<D: Db>(
    db: &D,
    id: DeliveryId,
    now: Timestamp,
    once: Option<&Once>,
) -> Result<Done<DeliveryId>, D::Trouble> {
    if let Some(before) = once::before(db, once).await? {
        return Ok(Done::Before(DeliveryId::from_i64(before)));
    }
    let place = Place { table: "deliveries", row: id.as_i64() };
    let found = db
        .one(statements::DELIVERY_HELD, values![id.as_i64()], |row| {
            Ok((row.get::<i64>(1)?, state_kind(place, row.get(2)?)?))
        })
        .await?;
    let missing = StoreError::Missing { what: "delivery" };
    let (endpoint, state) = found.ok_or(missing)?;
    let endpoint = EndpointId::from_i64(endpoint);
    db.hold(Lock::Standing(endpoint)).await?;
    let standing = standing::existing(db, endpoint).await?;
    if state == StateKind::Leased {
        return Err(StoreError::Leased.into());
    }
    let next = if standing.status.rests() && events::existing(db, id.event()).await?.only.is_none()
    {
        State::Parked { since: now, why: ParkedWhy::EndpointAtRest }
    } else {
        State::Due { at: now }
    };
    let (code, at, why) = state_columns(&next);
    db.run(statements::RESEND, values![id.as_i64(), code, at, why]).await?;
    once::keep(db, once, id.as_i64()).await?;
    Ok(Done::Now(id))
}
