//! Recording what came of tries, and giving leases back.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use posthorn_core::attempt::Attempt;
use posthorn_core::delivery::{Claim, State};
use posthorn_core::id::EndpointId;
use posthorn_store::{Effect, Release, Settled, Settlement, StoreError};

use super::company::Fault;
use super::{Dispatcher, PAUSE_AFTER_ERROR};
use crate::clock::later;
use crate::directory::apply;
use crate::memory::Holder;

/// Settlements recorded in one verb, at most. With a quarter of it fan-out to ten costs 40 % more CPU.
pub(super) const BATCH_MAX: usize = 512;
/// Leases given back in one verb, at most. Nobody is in a hurry for them.
pub(super) const RELEASES_MAX: usize = 32;
/// How long what cannot be recorded is left alone.
const APART_FOR: Duration = Duration::from_secs(10);

/// A recording that is over, with what was to be recorded.
pub(super) struct Recorded {
    settlements: Vec<Settlement>,
    result: Result<Vec<Settled>, StoreError>,
}

/// A lease that is given back unsent, or cut off in the middle of its try.
pub(super) struct GivenBack {
    release: Release,
    holder: Holder,
    payload_bytes: usize,
}

impl GivenBack {
    /// A claim that is due again as it was, so that it keeps its place among the others.
    fn new(claim: &Claim, attempt: Option<Attempt>) -> Self {
        let Claim { delivery, endpoint, claim: lease, due: at, .. } = *claim;
        Self {
            release: Release { delivery, endpoint, claim: lease, at, attempt },
            holder: Holder::of(claim),
            payload_bytes: claim.event.data.as_bytes().len(),
        }
    }
}

/// A giving back that is over, with what was to be given back.
pub(super) struct Released {
    given_back: Vec<GivenBack>,
    result: Result<(), StoreError>,
}

impl Dispatcher {
    pub(super) fn start_recording(&mut self) {
        if self.recording.is_some() || self.unrecorded.is_empty() || self.write_after.is_some() {
            return;
        }
        let count = self.unrecorded.len().min(self.recorders.size());
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
                match self.recorders.failed(settlements.len(), &error) {
                    Fault::Nobodys => self.pause_writing(),
                    Fault::Someones => {}
                    Fault::Its => return self.put_apart(settlements),
                }
                self.unrecorded.splice(0..0, settlements);
                return;
            }
        };
        self.recorders.went_well();
        #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
        self.shared.metrics.settle_batch.observe(settlements.len() as f64);
        for (settlement, settled) in settlements.into_iter().zip(settled) {
            self.settled(&settlement, settled);
        }
    }

    /// What cannot be recorded waits by itself, in nobody's way.
    fn put_apart(&mut self, settlements: Vec<Settlement>) {
        self.apart.extend(settlements);
        self.note_apart();
    }

    fn note_apart(&mut self) {
        let at = later(self.shared.clock.now(), APART_FOR);
        self.apart_until.get_or_insert(at);
    }

    /// What was put apart is tried once more.
    pub(super) fn take_apart_back(&mut self) {
        self.apart_until = None;
        self.unrecorded.append(&mut self.apart);
        self.to_release.append(&mut self.kept_apart);
    }

    fn settled(&mut self, settlement: &Settlement, settled: Settled) {
        let id = settlement.endpoint;
        self.give_back(id);
        if settled == Settled::Done {
            self.take_effects(settlement);
        } else {
            self.shared.metrics.lease_lost.inc();
        }
        match self.shared.directory.endpoint(id) {
            Some(entry) => {
                entry.gauge.forget_effects(&settlement.effects);
                self.go_on(settlement, settled);
            }
            None => self.retire(id),
        }
        let notices = || settlement.notices.iter().chain(&settlement.notices_if_rested);
        self.shared.followers.written(notices());
        for delivery in notices().flat_map(|notice| &notice.deliveries) {
            // One that was parked is due if its endpoint was enabled in the meantime.
            self.look(delivery.endpoint);
        }
    }

    /// What is to be done next for the endpoint of a delivery that was settled.
    fn go_on(&mut self, settlement: &Settlement, settled: Settled) {
        let id = settlement.endpoint;
        match (settled, settlement.state) {
            (Settled::Done, State::Due { at }) => self.note_due(id, at),
            // It is due after all if the endpoint was enabled in the meantime.
            (Settled::LeaseLost, _) | (Settled::Done, State::Parked { .. }) => self.look(id),
            (
                Settled::Done,
                State::Leased { .. }
                | State::Delivered { .. }
                | State::Exhausted { .. }
                | State::WillNotSend { .. },
            ) => self.schedule(id),
        }
    }

    /// Memory follows what was settled. Somebody may have enabled the endpoint in the meantime, so
    /// one that was put to rest is read again as well.
    fn take_effects(&mut self, settlement: &Settlement) {
        let id = settlement.endpoint;
        if settlement.effects.is_empty() {
            return;
        }
        self.shared.directory.change_endpoint(id, |endpoint| apply(endpoint, &settlement.effects));
        if settlement.effects.iter().any(|effect| matches!(effect, Effect::Rest(_))) {
            let shared = Arc::clone(&self.shared);
            let reload = async move {
                if let Err(error) = shared.reload_endpoint(id).await {
                    tracing::error!(%error, endpoint.id = %id, "an endpoint cannot be read again");
                }
            };
            self.left_behind.push(reload.boxed());
        }
    }

    /// Gives the place of one lease back.
    fn give_back(&self, id: EndpointId) {
        if let Some(entry) = self.shared.directory.endpoint(id) {
            entry.gauge.give_back();
        }
    }

    /// After an error the database is left alone for a moment.
    fn pause_writing(&mut self) {
        let now = self.shared.clock.now();
        self.write_after = now.checked_add(PAUSE_AFTER_ERROR).ok();
    }

    /// Leases to give back, when there is time.
    pub(super) fn give_back_all(&mut self, claims: &[Claim]) {
        for claim in claims {
            self.lane(claim.endpoint).returning += 1;
            self.to_release.push(GivenBack::new(claim, None));
        }
    }

    /// A try that was cut off is on record with its lease's return.
    pub(super) fn give_cut_off_back(&mut self, claim: &Claim, attempt: Attempt) {
        self.lane(claim.endpoint).returning += 1;
        self.to_release.push(GivenBack::new(claim, Some(attempt)));
    }

    pub(super) fn start_releasing(&mut self) {
        if self.releasing.is_some() || self.to_release.is_empty() || self.write_after.is_some() {
            return;
        }
        let count = self.to_release.len().min(self.releasers.size());
        let given_back: Vec<GivenBack> = self.to_release.drain(..count).collect();
        let releases = given_back.iter().map(|back| back.release.clone()).collect();
        let store = Arc::clone(&self.shared.store);
        self.releasing = Some(
            async move {
                let result = store.release(releases).await;
                Released { given_back, result }
            }
            .boxed(),
        );
    }

    /// A lease that could not be given back is kept and given back again: nobody else knows of it.
    pub(super) fn released(&mut self, released: Released) {
        let Released { given_back, result } = released;
        if let Err(error) = result {
            self.note_error(&error, "give leases back");
            match self.releasers.failed(given_back.len(), &error) {
                Fault::Nobodys => self.pause_writing(),
                Fault::Someones => {}
                Fault::Its => {
                    self.kept_apart.extend(given_back);
                    return self.note_apart();
                }
            }
            self.to_release.splice(0..0, given_back);
            return;
        }
        self.releasers.went_well();
        self.shared.metrics.released.inc_by(given_back.len() as u64);
        for back in given_back {
            self.shared.memory.free(back.holder, back.payload_bytes);
            let endpoint = back.holder.endpoint;
            let lane = self.lane(endpoint);
            lane.returning = lane.returning.saturating_sub(1);
            self.give_back(endpoint);
            if self.configure(endpoint) {
                self.look(endpoint);
            }
        }
    }
}
