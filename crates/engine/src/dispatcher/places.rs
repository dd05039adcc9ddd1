//! The places that tries under way take, of all and of one merchant, and how many of them a lane may have.
//!
//! Nobody can tell beforehand who will not answer. So lanes that have not answered in time lately, or not yet, share a
//! half of all places; and the fewer places are free, the fewer a lane may have at once, down to one (the "dynamic
//! threshold" of shared-memory switches: A. K. Choudhury and E. L. Hahne, IEEE/ACM Transactions on Networking 6(2),
//! 1998). However many hang, there is room for those who answer.

use std::collections::HashMap;

use posthorn_core::id::MerchantId;

use crate::pacing::Lane;

/// Tries under way.
#[derive(Debug, Default, Clone, Copy)]
struct Used {
    all: u32,
    /// Of them those to endpoints of which it is doubtful whether they answer.
    doubtful: u32,
}

/// What the others leave a lane.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// One place more.
    One,
    /// Those it has; it is looked at again when one of them is free.
    WhatItHas,
    /// None, since it is doubtful, and such have all that are for them.
    NoneForDoubtful,
}

/// How many places there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) all: u32,
    pub(super) of_merchant: u32,
}

/// Places that are taken.
#[derive(Debug, Default)]
pub(super) struct Places {
    used: Used,
    by_merchant: HashMap<MerchantId, Used>,
}

impl Used {
    fn change(&mut self, all: i64, doubtful: i64) {
        self.all = moved(self.all, all);
        self.doubtful = moved(self.doubtful, doubtful);
    }

    /// How many of `most` places a lane may have, beside what the others have.
    fn leaves(self, lane: &Lane, most: u32) -> u32 {
        let share = |used: u32, most: u32| {
            share(lane.window_max(), used.saturating_sub(lane.in_flight()), most)
        };
        let of_all = share(self.all, most);
        if lane.is_doubtful() { of_all.min(share(self.doubtful, most / 2)) } else { of_all }
    }
}

impl Places {
    /// A try begins.
    pub(super) fn take(&mut self, merchant: MerchantId, doubtful: bool) {
        self.change(merchant, 1, i64::from(doubtful));
    }

    /// A try is over.
    pub(super) fn free(&mut self, merchant: MerchantId, doubtful: bool) {
        self.change(merchant, -1, -i64::from(doubtful));
    }

    /// A lane with so many under way is doubtful from now on, or is not any more.
    pub(super) fn doubt(&mut self, merchant: MerchantId, count: u32, doubtful: bool) {
        let count = i64::from(count);
        self.change(merchant, 0, if doubtful { count } else { -count });
    }

    /// A merchant's tries under way.
    pub(super) fn used_by(&self, merchant: MerchantId) -> u32 {
        self.of(merchant).all
    }

    /// Whether a lane may have one more place, as far as the others are concerned.
    pub(super) fn leave_one_for(&self, lane: &Lane, merchant: MerchantId, most: Most) -> Leave {
        let of_all = self.used.leaves(lane, most.all);
        let of_merchant = self.of(merchant).leaves(lane, most.of_merchant);
        if lane.in_flight() >= of_all.min(of_merchant) {
            Leave::WhatItHas
        } else if lane.is_doubtful() && self.left_for_doubtful(most) == 0 {
            Leave::NoneForDoubtful
        } else {
            Leave::One
        }
    }

    /// How many places are free for lanes of which it is doubtful whether they answer.
    pub(super) fn left_for_doubtful(&self, most: Most) -> u32 {
        (most.all / 2).max(1).saturating_sub(self.used.doubtful)
    }

    fn of(&self, merchant: MerchantId) -> Used {
        self.by_merchant.get(&merchant).copied().unwrap_or_default()
    }

    fn change(&mut self, merchant: MerchantId, all: i64, doubtful: i64) {
        self.used.change(all, doubtful);
        let own = self.by_merchant.entry(merchant).or_default();
        own.change(all, doubtful);
        if own.all == 0 {
            self.by_merchant.remove(&merchant);
        }
    }
}

fn moved(count: u32, by: i64) -> u32 {
    u32::try_from(i64::from(count) + by).unwrap_or(0)
}

/// Of a window: all of it while half of the places are free, then less in proportion, and at least one.
fn share(window: u32, used_by_others: u32, most: u32) -> u32 {
    let free = u64::from(most.saturating_sub(used_by_others));
    let share = u64::from(window) * 2 * free / u64::from(most.max(1));
    u32::try_from(share).unwrap_or(u32::MAX).clamp(1, window.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacing::Heard;
    use jiff::Timestamp;
    use posthorn_core::outcome::Outcome;

    const MOST: Most = Most { all: 4096, of_merchant: 1024 };

    fn begin(places: &mut Places, lane: &mut Lane, merchant: i64) -> bool {
        let merchant = MerchantId::from_i64(merchant);
        let may = places.leave_one_for(lane, merchant, MOST) == Leave::One;
        if may {
            places.take(merchant, lane.is_doubtful());
            lane.started(Timestamp::UNIX_EPOCH);
        }
        may
    }

    fn trusted() -> Lane {
        let mut lane = Lane::new(None, None);
        lane.started(Timestamp::UNIX_EPOCH);
        lane.ended(Outcome::Success, Heard::Answer, Timestamp::UNIX_EPOCH);
        lane
    }

    #[test]
    fn who_answers_has_its_whole_window_however_many_hang() {
        let mut places = Places::default();
        let mut hang: Vec<Lane> = (0..10_000).map(|_| Lane::new(None, None)).collect();
        // Each takes what it is left, over and over.
        for _ in 0..64 {
            for (merchant, lane) in (1..).zip(&mut hang) {
                begin(&mut places, lane, merchant);
            }
        }
        assert_eq!(places.used.all, MOST.all / 2);

        let mut well = trusted();
        for place in 0..64 {
            assert!(begin(&mut places, &mut well, 0), "place {place} of 64");
        }
    }

    #[test]
    fn of_one_merchant_too() {
        let mut places = Places::default();
        let mut hang: Vec<Lane> = (0..200).map(|_| Lane::new(None, None)).collect();
        for _ in 0..64 {
            for lane in &mut hang {
                begin(&mut places, lane, 7);
            }
        }
        let mut well = trusted();
        for place in 0..64 {
            assert!(begin(&mut places, &mut well, 7), "place {place} of 64");
        }
    }

    #[test]
    fn alone_a_lane_has_all_that_its_own_bound_and_its_merchants_let_it_have() {
        let mut places = Places::default();
        let mut lane = Lane::new(Some(2_000), None);
        let mut had = 0;
        while had < 2_000 && begin(&mut places, &mut lane, 1) {
            had += 1;
        }
        assert_eq!(had, 2_000);
    }

    #[test]
    fn what_is_taken_is_given_back() {
        let mut places = Places::default();
        let merchant = MerchantId::from_i64(1);
        places.take(merchant, true);
        places.take(merchant, true);
        places.doubt(merchant, 2, false);
        places.free(merchant, false);
        assert_eq!((places.used_by(merchant), places.used.doubtful), (1, 0));
        places.free(merchant, false);
        assert!(places.by_merchant.is_empty(), "{places:?}");
    }
}
