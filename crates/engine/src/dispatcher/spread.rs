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

/// Tries a second to endpoints of which no answer came.
const SILENT: Speed = Speed { least: 250, most: 500, all_within_s: 10 };
/// Tries a second to those that may be slow: when all of `limits.in_flight_max`, as it is by default, take two seconds,
/// as many come to an end.
const SLOW: Speed = Speed { least: 500, most: 2_000, all_within_s: 1 };
/// What could have begun in so long a time and did not may do so at once.
const SLACK: SignedDuration = SignedDuration::from_millis(10);

/// How many tries of a kind begin in a second.
#[derive(Debug, Clone, Copy)]
struct Speed {
    least: u32,
    most: u32,
    /// In between: so many that everybody who waits has had a turn in this time.
    all_within_s: u32,
}

/// Lanes whose tries are spread out.
#[derive(Debug)]
pub(super) struct Spread {
    silent: Line,
    slow: Line,
}

/// Lanes of one kind, that wait for their turn.
#[derive(Debug)]
struct Line {
    speed: Speed,
    rate: Rate,
    waiting: Fair,
    /// Lanes whose lease had grown too old when it was their turn: they begin as soon as they have a new one, or
    /// where many wait for longer than a lease lasts it would be nobody's turn ever.
    kept: HashSet<EndpointId>,
}

impl Default for Spread {
    fn default() -> Self {
        Self { silent: Line::new(SILENT), slow: Line::new(SLOW) }
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
            line.take(now);
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
    fn new(speed: Speed) -> Self {
        let rate = Rate::with_slack(speed.least, SLACK);
        Self { speed, rate, waiting: Fair::default(), kept: HashSet::new() }
    }

    fn next(&mut self, now: Timestamp) -> Option<EndpointId> {
        if self.rate.free_at(now) > now { None } else { self.waiting.next() }
    }

    fn take(&mut self, now: Timestamp) {
        let waiting = u32::try_from(self.waiting.len()).unwrap_or(u32::MAX);
        let wanted = waiting / self.speed.all_within_s;
        self.rate.change(wanted.clamp(self.speed.least, self.speed.most));
        self.rate.take(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn merchant(id: EndpointId) -> MerchantId {
        MerchantId::from_i64(id.as_i64() % 7)
    }

    /// The milliseconds at which so many lanes begin, that are all ready at once.
    fn begun(pace: Pace, lanes: i64, ms_max: i64) -> Vec<i64> {
        let mut spread = Spread::default();
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        let mut ready: Vec<EndpointId> = (0..lanes).map(EndpointId::from_i64).collect();
        let mut begun = Vec::new();
        for ms in 0..ms_max {
            let now = start + SignedDuration::from_millis(ms);
            let soon = now + SignedDuration::from_millis(4);
            assert!(spread.next_at(|| now).is_none_or(|at| at <= soon));
            while let Some(id) = ready.pop().or_else(|| spread.next(now)) {
                if spread.may_begin(pace, (merchant(id), id), now) {
                    spread.begins(pace, id, now);
                    begun.push(ms);
                }
            }
        }
        begun
    }

    #[test]
    fn silent_ones_begin_250_times_a_second_and_ten_thousand_within_half_a_minute() {
        let few = begun(Pace::Silent, 1_000, 20_000);
        assert_eq!(few.len(), 1_000, "everybody has had a turn");
        let late = |from: i64| few.iter().filter(|ms| (from..from + 100).contains(*ms)).count();
        assert!((1..39).all(|tenth| (24..=26).contains(&late(tenth * 100))), "evenly");
        let many = begun(Pace::Silent, 10_000, 40_000);
        assert_eq!(many.len(), 10_000);
        assert!(many.last().is_some_and(|ms| *ms < 30_000), "{:?}", many.last());
    }

    #[test]
    fn slow_ones_begin_within_seconds_however_many_and_not_at_once() {
        for lanes in [200, 1_000, 4_000] {
            let begun = begun(Pace::Slow, lanes, 10_000);
            assert_eq!(i64::try_from(begun.len()), Ok(lanes));
            let at_once = begun.iter().filter(|ms| **ms < 10).count();
            assert!(at_once < 50, "{at_once} of {lanes}");
            assert!(begun.last().is_some_and(|ms| *ms <= 4_000), "{lanes}: {:?}", begun.last());
        }
    }

    #[test]
    fn the_slow_do_not_wait_for_the_silent() {
        let mut spread = Spread::default();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        for id in (0..100).map(EndpointId::from_i64) {
            if spread.may_begin(Pace::Silent, (merchant(id), id), now) {
                spread.begins(Pace::Silent, id, now);
            }
        }
        let slow = EndpointId::from_i64(1_000);
        assert!(spread.may_begin(Pace::Slow, (merchant(slow), slow), now));
    }
}
