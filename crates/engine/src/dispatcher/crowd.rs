//! Places among a merchant's tries: lanes that wait for one, and those for whom one came free.
//!
//! A place that comes free is for the lane that has waited longest, and is kept for it until it has
//! had its turn: a lane with much to send does not take it again and again from the others.

use posthorn_core::id::{EndpointId, MerchantId};

use super::Dispatcher;
use super::turns::Turns;

/// The lanes of a merchant that has more to send than places.
#[derive(Default)]
pub(super) struct Crowd {
    waiting: Turns,
    /// Places that are kept for lanes whose turn it is.
    kept: u32,
}

impl Dispatcher {
    /// Whether a lane may start a try of its merchant; if not, it waits for its turn. `has_turn`: a
    /// place was kept for it.
    pub(super) fn may_have_place(
        &mut self,
        merchant: MerchantId,
        id: EndpointId,
        has_turn: bool,
    ) -> bool {
        let under_way = self.under_way_of(merchant);
        let most = self.shared.options.merchant_in_flight_max;
        let crowd = self.crowded.get(&merchant);
        let (others_wait, kept) =
            crowd.map_or((false, 0), |crowd| (!crowd.waiting.is_empty(), crowd.kept));
        let is_free = !others_wait && under_way + kept < most;
        if is_free || (has_turn && under_way < most) {
            return true;
        }
        let crowd = self.crowded.entry(merchant).or_default();
        if has_turn {
            crowd.waiting.insert_first(id);
        } else {
            crowd.waiting.insert(id);
        }
        self.shared.metrics.bound_met("merchant_in_flight_max");
        self.wake_crowded(merchant);
        false
    }

    /// Places of a merchant may be free: the lanes that have waited longest for one, and still have
    /// something to send, have their turn.
    pub(super) fn wake_crowded(&mut self, merchant: MerchantId) {
        let under_way = self.under_way_of(merchant);
        let most = self.shared.options.merchant_in_flight_max;
        let Some(mut crowd) = self.crowded.remove(&merchant) else { return };
        while under_way + crowd.kept < most
            && let Some(id) = crowd.waiting.take(1).pop()
        {
            let Some(lane) = self.lanes.get_mut(&id) else { continue };
            if !lane.queue.is_empty() {
                lane.turn = Some(merchant);
                crowd.kept += 1;
                self.list(id);
            }
        }
        if crowd.kept > 0 || !crowd.waiting.is_empty() {
            self.crowded.insert(merchant, crowd);
        }
    }

    /// A lane has its turn: the place is no longer kept for it.
    pub(super) fn take_turn(&mut self, id: EndpointId) -> Option<MerchantId> {
        let merchant = self.lane(id).turn.take()?;
        if let Some(crowd) = self.crowded.get_mut(&merchant) {
            crowd.kept = crowd.kept.saturating_sub(1);
        }
        Some(merchant)
    }

    fn under_way_of(&self, merchant: MerchantId) -> u32 {
        self.places.used_by(merchant)
    }
}
