//! An endpoint's health: since when everything has failed, and whether that is long enough.

use jiff::{SignedDuration, Timestamp};

/// What a try changes about an endpoint's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing worth writing down.
    None,
    /// The first failure after a success.
    Failing {
        /// When it failed.
        since: Timestamp,
    },
    /// The first success after failures.
    Recovered,
    /// Everything has failed for the contract's `pause_after`.
    Pause {
        /// Since when it has been failing.
        failing_since: Timestamp,
    },
}

/// What a try that ended at `now` changes. All times are the merchant's.
#[must_use]
pub fn judge(
    failing_since: Option<Timestamp>,
    succeeded: bool,
    pause_after: Option<SignedDuration>,
    now: Timestamp,
) -> Change {
    match (failing_since, succeeded) {
        (None, true) => Change::None,
        (Some(_), true) => Change::Recovered,
        (None, false) => Change::Failing { since: now },
        (Some(since), false) => match pause_after {
            Some(limit) if now.duration_since(since) >= limit => {
                Change::Pause { failing_since: since }
            }
            Some(_) | None => Change::None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(hours * 3600).unwrap()
    }

    #[test]
    fn an_endpoint_pauses_only_when_everything_failed_for_long_enough() {
        let five_days = Some(SignedDuration::from_hours(120));
        assert_eq!(judge(None, false, five_days, at(0)), Change::Failing { since: at(0) });
        assert_eq!(judge(Some(at(0)), false, five_days, at(119)), Change::None);
        let pause = Change::Pause { failing_since: at(0) };
        assert_eq!(judge(Some(at(0)), false, five_days, at(120)), pause);
        assert_eq!(judge(Some(at(0)), true, five_days, at(121)), Change::Recovered);
    }

    #[test]
    fn never_means_never() {
        assert_eq!(judge(Some(at(0)), false, None, at(100_000)), Change::None);
    }
}
