//! How a dispatcher stops: what is under way has a grace period, and then a moment to be recorded.

use jiff::{SignedDuration, Timestamp};
use posthorn_core::delivery::Claim;

use super::Dispatcher;
use crate::clock::later;

/// How long after the grace period a stopping dispatcher goes on trying to record and to give back.
const LAST_WORDS: SignedDuration = SignedDuration::from_secs(5);

impl Dispatcher {
    pub(super) fn begin_stop(&mut self) {
        if self.stop_by.is_some() {
            return;
        }
        self.stop_by = Some(later(self.shared.clock.now(), self.shared.options.grace));
        let mut queued: Vec<Claim> =
            self.lanes.values_mut().flat_map(|lane| lane.queue.drain(..)).collect();
        queued.sort_by_key(|claim| claim.delivery);
        self.give_back_all(&queued);
        self.ready.clear();
        self.hesitant.clear();
        self.spread.clear();
        self.take_apart_back();
    }

    /// The grace period is over: what is still under way is cut off, and given back as it comes in.
    pub(super) fn end_grace(&mut self) {
        self.grace_is_over = true;
        if !self.sends.is_empty() {
            let tries = self.sends.len();
            tracing::warn!(tries, "stopped in mid-send; they will be tried again");
        }
        self.shared.transport.cut_off();
    }

    /// Whether there is nothing more to do: the store was closed, or we are to stop and all that was
    /// begun is recorded or given back. Calls that are writing events hold leases too; they are waited
    /// for as long as tries are.
    pub(super) fn is_finished(&self) -> bool {
        let Some(stop_by) = self.stop_by else { return self.closed };
        let idle = self.sends.is_empty()
            && self.asking.is_none()
            && self.recording.is_none()
            && self.unrecorded.is_empty()
            && self.releasing.is_none()
            && self.to_release.is_empty();
        let held = self.shared.memory.held() > 0;
        let waits = held || !self.left_behind.is_empty();
        let now = self.shared.clock.now();
        if !idle && now >= last_words(stop_by) {
            let unrecorded = self.unrecorded.len() + self.apart.len();
            let kept = self.to_release.len() + self.kept_apart.len();
            tracing::error!(
                unrecorded,
                kept,
                "stopped with tries that could not be recorded; the next start frees their leases"
            );
            return true;
        }
        let finished = self.closed || (idle && (!waits || now >= stop_by));
        if finished && !(self.apart.is_empty() && self.kept_apart.is_empty()) {
            let (unrecorded, kept) = (self.apart.len(), self.kept_apart.len());
            tracing::error!(unrecorded, kept, "stopped with tries whose rows make no sense");
        }
        finished
    }
}

/// When a dispatcher that is to stop by `stop_by` ends whatever is left.
pub(super) fn last_words(stop_by: Timestamp) -> Timestamp {
    stop_by.checked_add(LAST_WORDS).unwrap_or(Timestamp::MAX)
}
