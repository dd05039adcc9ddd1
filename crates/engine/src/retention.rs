//! Retention: tables for the days ahead, and forgetting what is older than is kept.
//!
//! A round of its own beside the house's, so that nothing waits for it; between its steps, each a small
//! transaction, others have their turn. Any node may do it: what two do at once is done once.

use std::sync::Arc;

use jiff::SignedDuration;
use posthorn_core::duration;
use posthorn_core::id::{EventId, MerchantId};
use posthorn_store::{Forgotten, Keep, PartStep, StoreError};

use crate::error::EngineError;
use crate::history::forget_requests;
use crate::shared::Shared;

/// Rows that one step takes, at most.
const ROWS_AT_ONCE: u32 = 500;

/// Rounds without an end.
pub(crate) async fn keep_retention(shared: Arc<Shared>) {
    loop {
        let now = shared.clock.now();
        if let Err(error) = shared.store.open_parts(now).await {
            tracing::warn!(%error, "tables for the days ahead could not be made; a later round tries again");
        }
        if let Some(kept) = shared.options.retention
            && let Err(error) = forget_old(&shared, kept).await
        {
            tracing::warn!(%error, "what is older than is kept could not be forgotten; a later round tries again");
        }
        if let Some(kept) = shared.options.requests
            && let Err(error) = forget_requests(&shared, kept).await
        {
            tracing::warn!(%error, "calls older than are kept could not be forgotten; a later round tries again");
        }
        note_extent(&shared).await;
        shared.clock.sleep(shared.options.retention_round.unsigned_abs()).await;
    }
}

/// One round: what waits is given up first, whole parts go before rows.
async fn forget_old(shared: &Shared, kept: SignedDuration) -> Result<(), StoreError> {
    let keep = Keep { now: shared.clock.now(), kept, rows: ROWS_AT_ONCE };
    end_old(shared, keep).await?;
    if close_parts(shared, keep).await? {
        forget_rows(shared, keep).await?;
    }
    Ok(())
}

async fn end_old(shared: &Shared, keep: Keep) -> Result<(), StoreError> {
    let (mut all, mut after) = (0, None);
    loop {
        let step = shared.store.end_old(keep, after).await?;
        all += step.deliveries;
        shared.metrics.ended_by_retention.inc_by(step.deliveries);
        after = step.next;
        if after.is_none() {
            break;
        }
        tokio::task::yield_now().await;
    }
    if all > 0 {
        tracing::warn!(
            deliveries = all,
            "deliveries that still waited were given up: their events are about to be forgotten"
        );
    }
    Ok(())
}

/// Drops parts; `false`: one that should go is still in use, or another server is at it, so nothing of it
/// goes row by row.
async fn close_parts(shared: &Shared, keep: Keep) -> Result<bool, StoreError> {
    loop {
        match shared.store.close_part(keep).await? {
            PartStep::Nothing => return Ok(true),
            PartStep::InUse { part } => {
                tracing::info!(
                    part,
                    "a part older than is kept is still in use; a later round drops it"
                );
                return Ok(false);
            }
            // Another server does it; what it leaves is taken row by row in a later round.
            PartStep::Busy => return Ok(false),
            PartStep::Moved { .. } => {}
            PartStep::Dropped { part, events } => {
                shared.metrics.events_forgotten.inc_by(events);
                tracing::info!(part, events, "a part of the record older than is kept was dropped");
            }
        }
        tokio::task::yield_now().await;
    }
}

async fn forget_rows(shared: &Shared, keep: Keep) -> Result<(), StoreError> {
    let mut after: Option<MerchantId> = None;
    let (mut events, mut waited) = (0, 0);
    loop {
        let step: Forgotten = shared.store.forget(keep, after).await?;
        shared.metrics.events_forgotten.inc_by(step.events);
        shared.metrics.ended_by_retention.inc_by(step.waited);
        events += step.events;
        waited += step.waited;
        after = step.next;
        if after.is_none() {
            break;
        }
        tokio::task::yield_now().await;
    }
    if events > 0 {
        tracing::info!(events, waited, "events older than is kept were forgotten");
    }
    Ok(())
}

async fn note_extent(shared: &Shared) {
    match shared.store.extent().await {
        Ok(extent) => {
            let age = |oldest: EventId| shared.clock.now().duration_since(oldest.accepted_at());
            let age = extent.oldest.map_or(0, |oldest| age(oldest).as_secs().max(0));
            shared.metrics.oldest_event_seconds.set(age);
            shared.metrics.parts.set(i64::try_from(extent.parts).unwrap_or(i64::MAX));
        }
        Err(error) => tracing::warn!(%error, "how far back the record goes could not be read"),
    }
}

impl Shared {
    /// What is told of an event, or what belongs to it, that is not on record: whether it is only too
    /// old to be.
    pub(crate) fn not_on_record(
        &self,
        merchant: MerchantId,
        what: &'static str,
        event: EventId,
    ) -> EngineError {
        let merchant = self.directory.merchant(merchant);
        let kept = merchant.and_then(|merchant| merchant.keeps(self.options.retention));
        let age = self.clock.now().duration_since(event.accepted_at());
        match kept {
            Some(kept) if age >= kept => {
                EngineError::Forgotten { what, kept: duration::print(kept) }
            }
            Some(_) | None => EngineError::Missing { what },
        }
    }
}
