//! What becomes of the moments that something waits for when somebody sets the clock back.

use super::Dispatcher;
use crate::clock::later;

impl Dispatcher {
    /// When somebody has set the clock back, no moment means any more what it was to mean: everything that waits for one
    /// is looked at again. What is due by the calendar waits for its time to come again.
    pub(super) fn look_at_the_clock(&mut self) {
        let now = self.shared.clock.now();
        let before = std::mem::replace(&mut self.latest, now);
        if now >= before {
            return;
        }
        (self.write_after, self.look_after) = (None, None);
        if self.look_again_at.take().is_some() {
            self.look_at_all = true;
        }
        if self.apart_until.is_some() {
            self.take_apart_back();
        }
        if let Some(stop_by) = &mut self.stop_by {
            *stop_by = (*stop_by).min(later(now, self.shared.options.grace));
        }
        for lane in self.lanes.values_mut() {
            lane.left_alone = None;
        }
        for (_, id) in std::mem::take(&mut self.timers) {
            self.lane(id).timer = None;
            self.list(id);
            self.schedule(id);
        }
    }
}
