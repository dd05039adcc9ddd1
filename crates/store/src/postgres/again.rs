//! How often a transaction that came to nothing is done again, and after what waits.

use std::time::Duration;

use super::trouble::{Again, Trouble};

/// How often a transaction that met another is done, at most.
const MEETINGS_MAX: u32 = 10;
/// The waits before a connection is tried again, in milliseconds: a PostgreSQL that is started again, or
/// whose place another takes, is back within seconds. Together they are the patience of a verb.
const WAITS_MS: [u64; 11] = [0, 10, 25, 50, 100, 200, 400, 800, 1000, 1000, 1000];

/// What one verb has tried so far.
#[derive(Default)]
pub(super) struct Tries {
    meetings: u32,
    losses: usize,
}

impl Tries {
    /// How long to wait before it is done again; `None`: it is given up.
    pub(super) fn next(&mut self, trouble: &Trouble) -> Option<Duration> {
        match trouble.again() {
            Again::Never => None,
            Again::AtOnce => {
                self.meetings += 1;
                (self.meetings < MEETINGS_MAX).then_some(Duration::ZERO)
            }
            Again::Later => {
                self.losses += 1;
                WAITS_MS.get(self.losses - 1).copied().map(Duration::from_millis)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreError;

    fn told(mut trouble: impl FnMut() -> Trouble) -> Vec<Duration> {
        let mut tries = Tries::default();
        std::iter::from_fn(|| tries.next(&trouble())).collect()
    }

    #[test]
    fn a_database_that_is_away_is_waited_for_a_few_seconds_and_no_longer() {
        let waited: Duration = told(|| Trouble::Away("refused".to_owned())).iter().sum();
        assert!(waited > Duration::from_secs(4) && waited < Duration::from_secs(5), "{waited:?}");
    }

    #[test]
    fn what_is_refused_is_not_done_again() {
        assert_eq!(told(|| StoreError::Closed.into()), []);
    }
}
