//! A rate that is kept: an endpoint's limit, and others.

use jiff::{SignedDuration, Timestamp};

/// At most so many a second, evenly: the n-th start is not before the (n-1)-th and one interval,
/// with some slack, usually a tenth of a second's worth, for starts that came late.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: u32,
    slack: SignedDuration,
    next: Timestamp,
}

impl Rate {
    const SLACK: SignedDuration = SignedDuration::from_millis(100);

    pub(crate) fn new(per_second: u32) -> Self {
        Self::with_slack(per_second, Self::SLACK)
    }

    pub(crate) fn with_slack(per_second: u32, slack: SignedDuration) -> Self {
        Self { per_second: per_second.max(1), slack, next: Timestamp::MIN }
    }

    /// From the next start on.
    pub(crate) fn change(&mut self, per_second: u32) {
        self.per_second = per_second.max(1);
    }

    pub(crate) fn per_second(&self) -> u32 {
        self.per_second
    }

    fn interval(&self) -> SignedDuration {
        SignedDuration::from_nanos(1_000_000_000 / i64::from(self.per_second))
    }

    pub(crate) fn free_at(&self, now: Timestamp) -> Timestamp {
        if self.next <= now || self.was_set_back(now) { now } else { self.next }
    }

    pub(crate) fn take(&mut self, now: Timestamp) {
        let earliest = now.checked_sub(self.slack).unwrap_or(now);
        let from = if self.was_set_back(now) { now } else { self.next.max(earliest) };
        self.next = from.checked_add(self.interval()).unwrap_or(Timestamp::MAX);
    }

    /// Whether the clock was set back since the last start: the next is never more than an interval after it.
    fn was_set_back(&self, now: Timestamp) -> bool {
        self.next > now.checked_add(self.interval()).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WINDOW_MS: i64 = 10_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap()
    }

    /// When starts happen to which there is always more, if somebody looks whether one may begin every so many
    /// milliseconds.
    fn starts(rate: &mut Rate, looks_after_ms: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let (mut now, mut started) = (0, Vec::new());
        for wait in looks_after_ms {
            now += wait;
            while rate.free_at(at(now)) <= at(now) {
                rate.take(at(now));
                started.push(now);
            }
        }
        started
    }

    fn in_window_from(started: &[i64], from: i64) -> usize {
        let before = |end: i64| started.partition_point(|start| *start < end);
        before(from + WINDOW_MS) - before(from)
    }

    proptest! {
        /// Within a twentieth, and where that is less than one, one.
        #[test]
        fn no_ten_seconds_have_more_than_the_limit_however_unevenly_it_is_looked_at(
            per_second in 1_u32..2_000,
            looks in prop::collection::vec(prop_oneof![4 => 1_i64..30, 1 => 30_i64..9_000], 1..400),
        ) {
            let started = starts(&mut Rate::new(per_second), looks);
            let limit = (f64::from(per_second) * 10.0 * 1.05).max(f64::from(per_second) * 10.0 + 1.0);
            for from in &started {
                let count = in_window_from(&started, *from);
                prop_assert!(f64::from(u32::try_from(count).unwrap()) <= limit, "{count} of {limit}");
            }
        }

        #[test]
        fn where_there_is_always_more_no_ten_seconds_have_less(
            per_second in 1_u32..500,
            looks in prop::collection::vec(1_i64..15, 3_000..4_000),
        ) {
            let started = starts(&mut Rate::new(per_second), looks);
            let end = started.last().copied().unwrap_or(0) - WINDOW_MS;
            let least = (f64::from(per_second) * 10.0 * 0.95).min(f64::from(per_second) * 10.0 - 1.0);
            for from in started.iter().filter(|start| **start <= end) {
                let count = in_window_from(&started, *from);
                prop_assert!(f64::from(u32::try_from(count).unwrap()) >= least, "{count} of {least}");
            }
        }
    }
}
