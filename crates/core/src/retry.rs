//! Retry schedules: how long to wait before each further try, as a platform has promised it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A contract's promise about retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The wait before the second try, the third and so on; the first try is immediate.
    pub waits: Vec<SignedDuration>,
    /// The time one try may take: connect, TLS, headers and body together.
    pub timeout: Duration,
    /// What the platform calls a delivery that used up its tries (`FAILED`, `DLQ`).
    pub exhausted: String,
    /// How long everything must have failed before the endpoint is paused; `None`: never.
    pub pause_after: Option<SignedDuration>,
}

impl Schedule {
    /// How many tries there are in all, the first included.
    #[must_use]
    pub fn tries(&self) -> usize {
        self.waits.len() + 1
    }

    /// How long the whole schedule takes, from the first try to the last.
    #[must_use]
    pub fn length(&self) -> SignedDuration {
        let longer = |sum: SignedDuration, wait: &SignedDuration| sum.saturating_add(*wait);
        self.waits.iter().fold(SignedDuration::ZERO, longer)
    }

    /// When to try again after `tries_made` tries of this run, the last of which ended at `now`;
    /// `None` when the schedule is used up. `Retry-After` can only lengthen the wait.
    #[must_use]
    pub fn next(
        &self,
        tries_made: u32,
        retry_after: Option<Duration>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let index = usize::try_from(tries_made).ok()?.checked_sub(1)?;
        let wait = *self.waits.get(index)?;
        let asked = retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
        let wait = asked.map_or(wait, |asked| wait.max(asked));
        Some(now.saturating_add(wait).unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule() -> Schedule {
        Schedule {
            waits: vec![SignedDuration::from_mins(1), SignedDuration::from_mins(5)],
            timeout: Duration::from_secs(5),
            exhausted: "FAILED".into(),
            pause_after: None,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn each_failure_waits_for_its_own_row_and_then_the_schedule_ends() {
        assert_eq!(schedule().next(1, None, at(0)), Some(at(60)));
        assert_eq!(schedule().next(2, None, at(60)), Some(at(360)));
        assert_eq!(schedule().next(3, None, at(360)), None);
        assert_eq!(schedule().tries(), 3);
    }

    #[test]
    fn retry_after_can_only_lengthen_the_wait() {
        let short = Some(Duration::from_secs(5));
        let long = Some(Duration::from_mins(10));
        assert_eq!(schedule().next(1, short, at(0)), Some(at(60)));
        assert_eq!(schedule().next(1, long, at(0)), Some(at(600)));
    }

    #[test]
    fn retry_after_never_adds_a_try() {
        assert_eq!(schedule().next(3, Some(Duration::from_mins(10)), at(0)), None);
    }
}
