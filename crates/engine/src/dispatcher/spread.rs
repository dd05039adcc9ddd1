//! Tries that begin spread out: those to endpoints of which no answer came, and those to endpoints that take
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

/// Tries a second to endpoints of which no answer came. Each writes pages that no other does, and whoever answers waits
/// for those at every checkpoint.
const SILENT: Speed = Speed { least: 100, most: 500 };
/// In between: so many that everybody who waits has had a turn in this time.
const SILENT_ALL_WITHIN_S: usize = 10;
/// Tries a second to those that are slow.
const SLOW: Speed = Speed { least: 500, most: u32::MAX };
/// In between: as many as come to an end when all that are under way take this long, as those of the slow do at least.
const SLOW_TAKE_S: usize = 2;
/// What could have begun in so long a time and did not may do so at once.
const SLACK: SignedDuration = SignedDuration::from_millis(10);

/// How many tries of a kind begin in a second.
#[derive(Debug, Clone, Copy)]
struct Speed {
    least: u32,
    most: u32,
}

/// What the speed depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traffic {
    /// Tries under way, to whomever.
    pub(super) under_way: usize,
    /// Lanes that wait for a place among those of which it is doubtful whether they answer.
    pub(super) hesitant: usize,
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
    /// The lane whose turn it is: nobody else begins while others wait.
    turn: Option<EndpointId>,
    /// Lanes whose lease had grown too old when it was their turn, or whose merchant had no place: they begin as soon as
    /// they have one. Where many wait for longer than a lease lasts it would be nobody's turn ever.
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
        let may = line.kept.contains(&id) || line.is_turn_of(id, now);
        if !may {
            line.waiting.insert(merchant, id);
        }
        may
    }

    /// One begins.
    pub(super) fn begins(
        &mut self,
        pace: Pace,
        id: EndpointId,
        (now, traffic): (Timestamp, Traffic),
    ) {
        let line = self.line(pace);
        if line.kept.remove(&id) {
            return;
        }
        line.turn = None;
        let wanted = match pace {
            Pace::Silent => (line.waiting.len() + traffic.hesitant) / SILENT_ALL_WITHIN_S,
            Pace::Slow => traffic.under_way / SLOW_TAKE_S,
        };
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        line.rate.change(wanted.clamp(line.speed.least, line.speed.most));
        line.rate.take(now);
    }

    /// One that began had no lease that was good enough, or no place.
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

    /// The one whose turn it is now; it waits no longer. `silent`: whether there is a place for a silent one.
    pub(super) fn next(&mut self, now: Timestamp, silent: bool) -> Option<EndpointId> {
        self.slow.next(now).or_else(|| if silent { self.silent.next(now) } else { None })
    }

    /// When it is the turn of the next, if one waits. `silent`: whether there is a place for a silent one.
    pub(super) fn next_at(&self, now: impl Fn() -> Timestamp, silent: bool) -> Option<Timestamp> {
        let lines = [Some(&self.slow), silent.then_some(&self.silent)].into_iter().flatten();
        lines.filter(|line| !line.waiting.is_empty()).map(|line| line.rate.free_at(now())).min()
    }

    /// Nobody waits any longer.
    pub(super) fn clear(&mut self) {
        for line in [&mut self.silent, &mut self.slow] {
            line.waiting.clear();
            line.kept.clear();
            line.turn = None;
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
        Self { speed, rate, waiting: Fair::default(), turn: None, kept: HashSet::new() }
    }

    fn is_turn_of(&self, id: EndpointId, now: Timestamp) -> bool {
        let is_first = self.waiting.is_empty() || self.turn == Some(id);
        is_first && self.rate.free_at(now) <= now
    }

    fn next(&mut self, now: Timestamp) -> Option<EndpointId> {
        if self.rate.free_at(now) > now {
            return None;
        }
        self.turn = self.waiting.next();
        self.turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    const NOBODY: Traffic = Traffic { under_way: 0, hesitant: 0 };

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
            let soon = now + SignedDuration::from_millis(10);
            assert!(spread.next_at(|| now, true).is_none_or(|at| at <= soon));
            while let Some(id) = ready.pop().or_else(|| spread.next(now, true)) {
                if spread.may_begin(pace, (merchant(id), id), now) {
                    let traffic = Traffic { under_way: begun.len().min(4_096), hesitant: 0 };
                    spread.begins(pace, id, (now, traffic));
                    begun.push(ms);
                }
            }
        }
        begun
    }

    #[test]
    fn a_thousand_silent_ones_begin_within_ten_seconds_and_ten_thousand_within_forty() {
        let few = begun(Pace::Silent, 1_000, 20_000);
        assert_eq!(few.len(), 1_000, "everybody has had a turn");
        assert!(few.last().is_some_and(|ms| *ms <= 10_000), "{:?}", few.last());
        let late = |from: i64| few.iter().filter(|ms| (from..from + 100).contains(*ms)).count();
        assert!((1..99).all(|tenth| (9..=11).contains(&late(tenth * 100))), "evenly");
        let many = begun(Pace::Silent, 10_000, 60_000);
        assert_eq!(many.len(), 10_000);
        assert!(many.last().is_some_and(|ms| *ms < 40_000), "{:?}", many.last());
    }

    #[test]
    fn slow_ones_begin_within_seconds_however_many_and_not_at_once() {
        for lanes in [200, 1_000, 4_000] {
            let begun = begun(Pace::Slow, lanes, 10_000);
            assert_eq!(i64::try_from(begun.len()), Ok(lanes));
            let at_once = begun.iter().filter(|ms| **ms < 10).count();
            assert!(at_once < 50, "{at_once} of {lanes}");
            assert!(begun.last().is_some_and(|ms| *ms <= 5_000), "{lanes}: {:?}", begun.last());
        }
    }

    #[test]
    fn when_all_places_are_taken_by_slow_ones_the_line_keeps_up_with_them() {
        let mut spread = Spread::default();
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        let traffic = Traffic { under_way: 4_096, hesitant: 0 };
        let begin = |spread: &mut Spread, ms: i64| {
            let (id, now) = (EndpointId::from_i64(1), start + SignedDuration::from_millis(ms));
            let may = spread.may_begin(Pace::Slow, (merchant(id), id), now);
            if may {
                spread.begins(Pace::Slow, id, (now, traffic));
            }
            spread.next(now, true);
            may
        };
        let begun: usize = (0..1_000)
            .map(|ms| {
                std::iter::repeat_with(|| begin(&mut spread, ms)).take(5).filter(|may| *may).count()
            })
            .sum();
        assert!((1_900..2_200).contains(&begun), "{begun} in a second");
    }

    #[test]
    fn who_comes_later_does_not_begin_before_those_who_wait() {
        let mut spread = Spread::default();
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        let lane = |id: i64| (MerchantId::from_i64(id), EndpointId::from_i64(id));
        let mut waits = (1..).map(lane);
        while let Some(first) = waits.next()
            && spread.may_begin(Pace::Slow, first, start)
        {
            spread.begins(Pace::Slow, first.1, (start, NOBODY));
        }
        let later = start + SignedDuration::from_secs(1);
        let greedy = lane(1_000);
        assert!(!spread.may_begin(Pace::Slow, greedy, later), "another waits");
        let turn = spread.next(later, true).unwrap();
        assert_ne!(turn, greedy.1);
        assert!(spread.may_begin(Pace::Slow, (merchant(turn), turn), later));
    }

    #[test]
    fn the_slow_do_not_wait_for_the_silent() {
        let mut spread = Spread::default();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        for id in (0..100).map(EndpointId::from_i64) {
            if spread.may_begin(Pace::Silent, (merchant(id), id), now) {
                spread.begins(Pace::Silent, id, (now, NOBODY));
            }
        }
        let slow = EndpointId::from_i64(1_000);
        assert!(spread.may_begin(Pace::Slow, (merchant(slow), slow), now));
    }
}
