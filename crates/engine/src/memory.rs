//! The bytes of events that are held for tries, and whose they are.
//!
//! What is held for a receiver that never answers is held for as long as a try may take. So that this
//! costs nobody else anything, an endpoint and a merchant hold no more than their share, and the last
//! part is kept for those who hold nothing yet.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use posthorn_core::delivery::Claim;
use posthorn_core::id::{EndpointId, MerchantId};

const MIB: usize = 1024 * 1024;
/// Held in all, at most (and what one event is over it).
const ALL_MAX: usize = 64 * MIB;
/// Of which this is for merchants that hold nothing.
const KEPT_FOR_MERCHANTS: usize = 8 * MIB;
/// And this for endpoints that hold nothing.
const KEPT_FOR_ENDPOINTS: usize = 16 * MIB;
/// Held for one merchant, at most.
const MERCHANT_MAX: usize = 24 * MIB;
/// Of which this is for its endpoints that hold nothing.
const MERCHANT_KEPT_FOR_ENDPOINTS: usize = 8 * MIB;
/// Held for one endpoint, at most.
const ENDPOINT_MAX: usize = 8 * MIB;

/// For whom something is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) merchant: MerchantId,
    pub(crate) endpoint: EndpointId,
}

impl Holder {
    /// For whom a claim's event is held.
    pub(crate) fn of(claim: &Claim) -> Self {
        Self { merchant: claim.event.merchant, endpoint: claim.endpoint }
    }
}

/// The bytes of events that are held for tries.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    all: usize,
    /// How often something was given back.
    freed: u64,
    merchants: HashMap<MerchantId, usize>,
    endpoints: HashMap<EndpointId, usize>,
}

impl Memory {
    /// Bytes held in all.
    pub(crate) fn held(&self) -> usize {
        self.lock().all
    }

    /// How many bytes more may be held for somebody.
    pub(crate) fn room(&self, holder: Holder) -> usize {
        self.lock().room(holder)
    }

    /// Holds an event's bytes if there is any room; one event may be larger than what is left.
    pub(crate) fn try_hold(&self, holder: Holder, bytes: usize) -> bool {
        let mut held = self.lock();
        let has_room = held.room(holder) > 0;
        if has_room {
            held.add(holder, bytes);
        }
        has_room
    }

    /// Holds an event's bytes, which are here already.
    pub(crate) fn hold(&self, holder: Holder, bytes: usize) {
        self.lock().add(holder, bytes);
    }

    /// How often something was given back: whoever found no room asks again when this has changed.
    pub(crate) fn freed(&self) -> u64 {
        self.lock().freed
    }

    /// An event's bytes are held no longer.
    pub(crate) fn free(&self, holder: Holder, bytes: usize) {
        let mut held = self.lock();
        held.freed += 1;
        held.all = held.all.saturating_sub(bytes);
        subtract(&mut held.merchants, holder.merchant, bytes);
        subtract(&mut held.endpoints, holder.endpoint, bytes);
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn room(&self, holder: Holder) -> usize {
        let of_merchant = self.merchants.get(&holder.merchant).copied().unwrap_or(0);
        let of_endpoint = self.endpoints.get(&holder.endpoint).copied().unwrap_or(0);
        let (all_max, merchant_max) = if of_merchant == 0 {
            (ALL_MAX, MERCHANT_MAX)
        } else if of_endpoint == 0 {
            (ALL_MAX - KEPT_FOR_MERCHANTS, MERCHANT_MAX)
        } else {
            let all = ALL_MAX - KEPT_FOR_MERCHANTS - KEPT_FOR_ENDPOINTS;
            (all, MERCHANT_MAX - MERCHANT_KEPT_FOR_ENDPOINTS)
        };
        let left = ENDPOINT_MAX.saturating_sub(of_endpoint);
        let left = left.min(merchant_max.saturating_sub(of_merchant));
        left.min(all_max.saturating_sub(self.all))
    }

    fn add(&mut self, holder: Holder, bytes: usize) {
        self.all += bytes;
        *self.merchants.entry(holder.merchant).or_default() += bytes;
        *self.endpoints.entry(holder.endpoint).or_default() += bytes;
    }
}

/// Those who hold nothing are forgotten.
fn subtract<K: Eq + Hash + Copy>(held: &mut HashMap<K, usize>, of: K, bytes: usize) {
    if let Some(own) = held.get_mut(&of) {
        *own = own.saturating_sub(bytes);
        if *own == 0 {
            held.remove(&of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(merchant: i64, endpoint: i64) -> Holder {
        let merchant = MerchantId::from_i64(merchant);
        Holder { merchant, endpoint: EndpointId::from_i64(endpoint) }
    }

    /// Holds events of a mebibyte until there is no room for another; answers how many.
    fn fill(memory: &Memory, holder: Holder) -> usize {
        (0..1000).take_while(|_| memory.try_hold(holder, MIB)).count()
    }

    #[test]
    fn one_endpoint_leaves_room_for_the_others_of_its_merchant() {
        let memory = Memory::default();
        assert_eq!(fill(&memory, holder(1, 1)), 8);
        assert!(memory.try_hold(holder(1, 2), MIB));
        memory.free(holder(1, 1), MIB);
        assert!(memory.try_hold(holder(1, 1), MIB), "what was given back can be held again");
    }

    #[test]
    fn the_endpoints_of_one_merchant_leave_room_for_one_that_holds_nothing() {
        let memory = Memory::default();
        assert_eq!((1..=4).map(|n| fill(&memory, holder(1, n))).sum::<usize>(), 18);
        assert!(memory.try_hold(holder(1, 5), MIB));
        assert_eq!(fill(&memory, holder(2, 6)), 8, "another merchant is not touched");
    }

    #[test]
    fn many_merchants_leave_room_for_one_that_holds_nothing() {
        let memory = Memory::default();
        for merchant in 1..=50 {
            for endpoint in 1..=50 {
                fill(&memory, holder(merchant, 100 * merchant + endpoint));
            }
            if memory.held() >= 56 * MIB {
                break;
            }
        }
        assert!(memory.held() <= 57 * MIB, "{} are held", memory.held());
        assert!(memory.try_hold(holder(99, 9900), MIB));
    }

    #[test]
    fn an_event_larger_than_the_room_is_held_where_there_is_any() {
        let memory = Memory::default();
        assert!(memory.try_hold(holder(1, 1), ENDPOINT_MAX - 1));
        assert!(memory.try_hold(holder(1, 1), MIB));
        assert!(!memory.try_hold(holder(1, 1), 1));
    }

    #[test]
    fn an_event_without_data_can_be_given_back_too() {
        let memory = Memory::default();
        memory.hold(holder(1, 1), 0);
        memory.free(holder(1, 1), 0);
        assert_eq!(memory.held(), 0);
        assert!(memory.lock().merchants.is_empty());
    }
}
