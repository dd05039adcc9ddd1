//! Tries to endpoints whose last try got no answer: all of them together begin at most so many times a second.
//!
//! Thousands that hang run into their timeouts at the same moment when they began at the same moment, and who refuses
//! is free for its next try at once. Each try costs a connection, a signature and a record, and whoever answers would
//! wait behind them. Spread out, they stay so.

use jiff::Timestamp;
use posthorn_core::id::{EndpointId, MerchantId};

use super::fair::Fair;
use crate::pacing::Rate;

/// Tries a second: no fewer than come to an end when half of `limits.in_flight_max`, as it is by default, hang for 5 s.
const PER_SECOND: u32 = 500;

/// Lanes of endpoints whose last try got no answer, that wait for their turn.
#[derive(Debug)]
pub(super) struct Silent {
    rate: Rate,
    waiting: Fair,
}

impl Default for Silent {
    fn default() -> Self {
        Self { rate: Rate::new(PER_SECOND), waiting: Fair::default() }
    }
}

impl Silent {
    /// Whether one may begin now; if not, it waits for its turn.
    pub(super) fn may_begin(
        &mut self,
        merchant: MerchantId,
        id: EndpointId,
        now: Timestamp,
    ) -> bool {
        let may = self.rate.free_at(now) <= now;
        if !may {
            self.waiting.insert(merchant, id);
        }
        may
    }

    /// One begins.
    pub(super) fn begins(&mut self, now: Timestamp) {
        self.rate.take(now);
    }

    /// The one whose turn it is now; it waits no longer.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<EndpointId> {
        if self.rate.free_at(now) > now { None } else { self.waiting.next() }
    }

    /// The clock was set back.
    pub(super) fn clock_set_back(&mut self, now: Timestamp) {
        self.rate.clock_set_back(now);
    }

    /// When it is the turn of the next, if one waits.
    pub(super) fn next_at(&self, now: Timestamp) -> Option<Timestamp> {
        (!self.waiting.is_empty()).then(|| self.rate.free_at(now))
    }

    /// Nobody waits any longer.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn who_has_its_turn_begins_and_no_second_has_more_than_its_number() {
        let mut silent = Silent::default();
        let merchant = |id: EndpointId| MerchantId::from_i64(id.as_i64() % 7);
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        let mut ready: Vec<EndpointId> = (0..5_000).map(EndpointId::from_i64).collect();
        let mut begun = Vec::new();
        for ms in 0..20_000 {
            let now = start + SignedDuration::from_millis(ms);
            assert!(
                silent.next_at(now).is_none_or(|at| at <= now + SignedDuration::from_millis(2))
            );
            while let Some(id) = ready.pop().or_else(|| silent.next(now)) {
                if silent.may_begin(merchant(id), id, now) {
                    silent.begins(now);
                    begun.push(ms);
                }
            }
        }
        assert_eq!(begun.len(), 5_000, "everybody has had a turn");
        assert!(*begun.last().unwrap() > 9_000, "and not all at once");
        let late = |from: i64| begun.iter().filter(|ms| (from..from + 100).contains(*ms)).count();
        assert!((1..90).all(|tenth| (49..=51).contains(&late(tenth * 100))), "evenly");
    }
}
