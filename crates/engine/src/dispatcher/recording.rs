//! Recording what came of tries, and giving leases back.

use std::sync::Arc;

use futures::FutureExt;
use posthorn_core::delivery::{Claim, State};
use posthorn_core::id::EndpointId;
use posthorn_store::{Release, Settled, Settlement, StoreError};

use super::{Dispatcher, PAUSE_AFTER_ERROR};
use crate::directory::apply;

/// Settlements recorded in one verb, at most.
const BATCH_MAX: usize = 512;

/// A recording that is over, with what was to be recorded.
pub(super) struct Recorded {
    settlements: Vec<Settlement>,
    result: Result<Vec<Settled>, StoreError>,
}

impl Dispatcher {
    pub(super) fn start_recording(&mut self) {
        if self.recording.is_some() || self.unrecorded.is_empty() || self.record_after.is_some() {
            return;
        }
        let count = self.unrecorded.len().min(BATCH_MAX);
        let settlements: Vec<Settlement> = self.unrecorded.drain(..count).collect();
        let store = Arc::clone(&self.shared.store);
        self.recording = Some(
            async move {
                let result = store.settle(settlements.clone()).await;
                Recorded { settlements, result }
            }
            .boxed(),
        );
    }

    /// What was recorded frees its places; what was not is kept and recorded again: a try that was
    /// made is never forgotten.
    pub(super) fn recorded(&mut self, recorded: Recorded) {
        let Recorded { settlements, result } = recorded;
        let settled = match result {
            Ok(settled) => settled,
            Err(error) => {
                self.note_error(&error, "record");
                let now = self.shared.clock.now();
                self.record_after = now.checked_add(PAUSE_AFTER_ERROR).ok();
                self.unrecorded.splice(0..0, settlements);
                return;
            }
        };
        #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
        self.shared.metrics.settle_batch.observe(settlements.len() as f64);
        for (settlement, settled) in settlements.into_iter().zip(settled) {
            self.settled(&settlement, settled);
        }
    }

    fn settled(&mut self, settlement: &Settlement, settled: Settled) {
        let id = settlement.endpoint;
        self.give_back(id);
        match settled {
            Settled::LeaseLost => {
                self.shared.metrics.lease_lost.inc();
                self.unknown.insert(id);
                return;
            }
            Settled::Done => {}
        }
        if !settlement.effects.is_empty() {
            self.shared
                .directory
                .change_endpoint(id, |endpoint| apply(endpoint, &settlement.effects));
        }
        if let State::Due { at } = settlement.state {
            self.note_due(id, at);
        } else {
            self.schedule(id);
        }
        for notice in &settlement.notices {
            for delivery in &notice.deliveries {
                if let State::Due { at } = delivery.state {
                    self.note_due(delivery.endpoint, at);
                }
            }
            self.shared.followers.tell(notice.event.merchant, notice.event.mode, notice.event.id);
        }
    }

    /// Gives the place of one lease back.
    fn give_back(&self, id: EndpointId) {
        if let Some(entry) = self.shared.directory.endpoint(id) {
            entry.gauge.give_back();
        }
    }

    pub(super) fn start_releasing(&mut self) {
        if self.to_release.is_empty() {
            return;
        }
        let claims = std::mem::take(&mut self.to_release);
        self.shared.metrics.released.inc_by(claims.len() as u64);
        let releases = claims.iter().map(|claim| self.release_of(claim)).collect();
        let store = Arc::clone(&self.shared.store);
        self.releasing.push(
            async move {
                match store.release(releases).await {
                    Ok(()) => claims,
                    Err(error) => {
                        tracing::error!(%error, "leases could not be given back");
                        claims
                    }
                }
            }
            .boxed(),
        );
    }

    fn release_of(&self, claim: &Claim) -> Release {
        let event = &claim.event;
        let at = self.shared.directory.now(event.merchant, event.mode, self.shared.clock.now());
        Release { delivery: claim.delivery, claim: claim.claim, at }
    }

    pub(super) fn released(&mut self, claims: Vec<Claim>) {
        for claim in claims {
            self.forget(&claim);
            self.give_back(claim.endpoint);
            self.unknown.insert(claim.endpoint);
        }
    }
}
