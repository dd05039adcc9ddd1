//! What waits for the next batch: two lanes, and when a batch is worth beginning.

use std::collections::VecDeque;
use std::time::Duration;

use super::verb::Verb;

/// Verbs in one batch, at most.
const VERBS_MAX: usize = 512;
/// Bytes in one batch, roughly at most.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Batches under way at once, at most, each on a connection of its own.
const UNDER_WAY_MAX: usize = 4;
/// While a batch is under way another one begins with so many verbs; with fewer they wait for its end, and
/// more join them.
const WORTHWHILE: usize = 64;

/// With fewer verbs since the last batch began there is no crowd, and nothing to wait for.
const CROWD: usize = 8;
/// In a crowd a batch waits for a worthwhile number of verbs so long, and no longer.
pub(super) const WAIT_MAX: Duration = Duration::from_millis(1);

/// Verbs that wait.
#[derive(Default)]
pub(super) struct Gathered {
    finishing: VecDeque<Verb>,
    others: VecDeque<Verb>,
    /// Verbs that came since the last batch began.
    arrived: usize,
    /// Whether those that wait have waited long enough for company.
    waited: bool,
}

impl Gathered {
    pub(super) fn push(&mut self, verb: Verb) {
        let lane = if verb.finishes() { &mut self.finishing } else { &mut self.others };
        lane.push_back(verb);
        self.arrived += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting() == 0
    }

    fn waiting(&self) -> usize {
        self.finishing.len() + self.others.len()
    }

    /// Whether nothing is under way, and a batch would begin but for the company it waits for.
    pub(super) fn waits_for_company(&self, under_way: usize) -> bool {
        let few = !self.is_empty() && self.waiting() < WORTHWHILE;
        under_way == 0 && few && !self.waited && self.arrived >= CROWD
    }

    /// Those that wait have waited long enough.
    pub(super) fn waited(&mut self) {
        self.waited = true;
    }

    /// The next batch, if it is to begin now.
    pub(super) fn next(&mut self, under_way: usize) -> Option<Vec<Verb>> {
        let enough = if under_way == 0 { 1 } else { WORTHWHILE };
        let too_few = self.waiting() < enough || self.waits_for_company(under_way);
        if under_way >= UNDER_WAY_MAX || too_few {
            return None;
        }
        (self.arrived, self.waited) = (0, false);
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < VERBS_MAX && bytes < BYTES_MAX {
            let Some(verb) = self.finishing.pop_front().or_else(|| self.others.pop_front()) else {
                break;
            };
            bytes += verb.bytes();
            batch.push(verb);
        }
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::backend::Lane;
    use crate::postgres::hot::verb::{Asks, Waiter};
    use crate::postgres::waiting::Waiting;

    fn claim() -> Verb {
        let place = Arc::new(Waiting::default()).enter(Lane::Ordinary, 1).unwrap();
        let asks = Asks { each: Vec::new(), until: Timestamp::UNIX_EPOCH, bytes_max: 0 };
        Verb::Claim(Waiter::new(asks, place).0)
    }

    fn release() -> Verb {
        let place = Arc::new(Waiting::default()).enter(Lane::Reserved, 1).unwrap();
        Verb::Release(Waiter::new(Vec::new(), place).0)
    }

    fn crowd(count: usize) -> Gathered {
        let mut gathered = Gathered::default();
        (0..count).for_each(|_| gathered.push(claim()));
        gathered
    }

    #[test]
    fn what_finishes_goes_first() {
        let mut gathered = crowd(1);
        gathered.push(release());
        let first: Vec<_> = gathered.next(0).unwrap().iter().map(Verb::finishes).collect();
        assert_eq!(first, [true, false]);
    }

    #[test]
    fn one_verb_alone_waits_for_nobody() {
        assert_eq!(crowd(1).next(0).map(|batch| batch.len()), Some(1));
        assert!(crowd(1).next(1).is_none(), "but for the batch that is under way");
    }

    #[test]
    fn a_crowd_waits_for_company_once() {
        let mut gathered = crowd(CROWD);
        assert!(gathered.waits_for_company(0));
        assert!(gathered.next(0).is_none());
        gathered.waited();
        assert_eq!(gathered.next(0).map(|batch| batch.len()), Some(CROWD));
    }

    #[test]
    fn beside_a_batch_only_a_worthwhile_one_begins_and_no_more_than_so_many() {
        assert!(crowd(WORTHWHILE - 1).next(1).is_none());
        assert_eq!(crowd(WORTHWHILE).next(1).map(|batch| batch.len()), Some(WORTHWHILE));
        assert!(crowd(WORTHWHILE).next(UNDER_WAY_MAX).is_none());
    }

    #[test]
    fn a_batch_has_at_most_512_verbs() {
        let mut gathered = crowd(VERBS_MAX + 88);
        assert_eq!(gathered.next(0).map(|batch| batch.len()), Some(VERBS_MAX));
        assert_eq!(gathered.next(0).map(|batch| batch.len()), Some(88));
    }
}
