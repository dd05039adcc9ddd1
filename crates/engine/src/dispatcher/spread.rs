//! Tries that begin spread out: those to endpoints of which no answer came, and those to endpoints that may take
//! seconds to answer. Of each kind, all together begin at most so many times a second.
//!
//! Thousands that hang, or answer after the same time, end at the same moment when they began at the same moment, and
//! who refuses is free for its next try at once. Each try costs a connection, a signature and a record, and whoever
//! answers soon would wait behind them. Spread out, they stay so.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use posthorn_core::id::{EndpointId, MerchantId};

use super::fair::Fair;
use crate::pacing::{Pace, Rate};

/// Tries a second to endpoints of which no answer came: no fewer than come to an end when half of
/// `limits.in_flight_max`, as it is by default, hang for 5 s.
const SILENT_PER_SECOND: u32 = 500;
/// Tries a second to those that may be slow: no fewer than come to an end when all of `limits.in_flight_max` take two
/// seconds.
const SLOW_PER_SECOND: u32 = 2_000;
/// What could have begun in so long a time and did not may do so at once.
const SLACK: SignedDuration = SignedDuration::from_millis(10);

/// Lanes whose tries are spread out.
#[derive(Debug)]
pub(super) struct Spread {
    silent: Line,
    slow: Line,
}

/// Lanes of one kind, that wait for their turn.
#[derive(Debug)]
struct Line {
    rate: Rate,
    waiting: Fair,
    /// Lanes whose lease had grown too old when it was their turn: they begin as soon as they have a new one, or
    /// where many wait for longer than a lease lasts it would be nobody's turn ever.
    kept: HashSet<EndpointId>,
}

impl Default for Spread {
    fn default() -> Self {
        Self { silent: Line::new(SILENT_PER_SECOND), slow: Line::new(SLOW_PER_SECOND) }
    }
}

impl Spread {
    /// Whether one may begin now; if not, it waits for its turn.
    pub(super) fn may_begin(
        &mut self,
        pace: Pace,
        (merchant, id): (MerchantId, EndpointId),
        now: Timestamp,
    ) -> bool {
        let line = self.line(pace);
        let may = line.kept.contains(&id) || line.rate.free_at(now) <= now;
        if !may {
            line.waiting.insert(merchant, id);
        }
        may
    }

    /// One begins.
    pub(super) fn begins(&mut self, pace: Pace, id: EndpointId, now: Timestamp) {
        let line = self.line(pace);
        if !line.kept.remove(&id) {
            line.rate.take(now);
        }
    }

    /// One that began had no lease that was good enough.
    pub(super) fn keep_turn(&mut self, pace: Pace, id: EndpointId) {
        self.line(pace).kept.insert(id);
    }

    /// It is not one of them, or not any more.
    pub(super) fn forget(&mut self, id: EndpointId) {
        for line in [&mut self.silent, &mut self.slow] {
            // Asked at every try: most of the time there is none, and no hash is needed to know that.
            if !line.kept.is_empty() {
                line.kept.remove(&id);
            }
        }
    }

    /// The one whose turn it is now; it waits no longer.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<EndpointId> {
        self.slow.next(now).or_else(|| self.silent.next(now))
    }

    /// When it is the turn of the next, if one waits.
    pub(super) fn next_at(&self, now: impl Fn() -> Timestamp) -> Option<Timestamp> {
        let lines = [&self.silent, &self.slow].into_iter();
        lines.filter(|line| !line.waiting.is_empty()).map(|line| line.rate.free_at(now())).min()
    }

    /// Nobody waits any longer.
    pub(super) fn clear(&mut self) {
        for line in [&mut self.silent, &mut self.slow] {
            line.waiting.clear();
            line.kept.clear();
        }
    }

    fn line(&mut self, pace: Pace) -> &mut Line {
        match pace {
            Pace::Silent => &mut self.silent,
            Pace::Slow => &mut self.slow,
        }
    }
}

impl Line {
    fn new(per_second: u32) -> Self {
        let rate = Rate::with_slack(per_second, SLACK);
        Self { rate, waiting: Fair::default(), kept: HashSet::new() }
    }

    fn next(&mut self, now: Timestamp) -> Option<EndpointId> {
        if self.rate.free_at(now) > now { None } else { self.waiting.next() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn who_has_its_turn_begins_and_no_second_has_more_than_its_number() {
        let mut spread = Spread::default();
        let merchant = |id: EndpointId| MerchantId::from_i64(id.as_i64() % 7);
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        let mut ready: Vec<EndpointId> = (0..5_000).map(EndpointId::from_i64).collect();
        let mut begun = Vec::new();
        for ms in 0..20_000 {
            let now = start + SignedDuration::from_millis(ms);
            assert!(
                spread.next_at(|| now).is_none_or(|at| at <= now + SignedDuration::from_millis(2))
            );
            while let Some(id) = ready.pop().or_else(|| spread.next(now)) {
                if spread.may_begin(Pace::Silent, (merchant(id), id), now) {
                    spread.begins(Pace::Silent, id, now);
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
