//! A clock that is set back: what was put off for a moment does not wait until that moment comes again.

use super::Dispatcher;
use crate::clock::later;

impl Dispatcher {
    /// Notices that the clock was set back. Deliveries are due when their time comes again; all else that
    /// waits for a time is looked at now, and waits from now on if it must.
    pub(super) fn note_time(&mut self) {
        let now = self.shared.clock.now();
        let was_set_back = now < self.last_seen;
        self.last_seen = now;
        if !was_set_back {
            return;
        }
        (self.write_after, self.look_after) = (None, None);
        if self.look_again_at.take().is_some() {
            self.look_at_all = true;
        }
        if self.apart_until.is_some() {
            self.take_apart_back();
        }
        self.stop_by = self.stop_by.map(|at| at.min(later(now, self.shared.options.grace)));
        self.silent.clock_set_back(now);
        self.lanes.values_mut().for_each(|lane| lane.clock_set_back(now));
        for (_, id) in std::mem::take(&mut self.timers) {
            self.look_at_lane(id);
        }
    }
}
