//! Endpoints that wait for something, in turn over their merchants: who has ten thousand endpoints waiting comes as
//! often as who has one.

use std::collections::{HashMap, HashSet, VecDeque};

use posthorn_core::id::{EndpointId, MerchantId};

/// Endpoints that wait, each once; a merchant's own in the order of coming.
#[derive(Debug, Default)]
pub(super) struct Fair {
    /// Merchants some of whose endpoints wait, in turn.
    merchants: VecDeque<MerchantId>,
    queues: HashMap<MerchantId, VecDeque<EndpointId>>,
    members: HashSet<EndpointId>,
}

impl Fair {
    /// Waits too, behind the others of its merchant; once.
    pub(super) fn insert(&mut self, merchant: MerchantId, id: EndpointId) {
        if self.members.insert(id) {
            self.queue_of(merchant).push_back(id);
        }
    }

    /// Waits too, before the others of its merchant.
    pub(super) fn insert_first(&mut self, merchant: MerchantId, id: EndpointId) {
        if self.members.insert(id) {
            self.queue_of(merchant).push_front(id);
        }
    }

    /// The one whose turn it is; it waits no longer.
    pub(super) fn next(&mut self) -> Option<EndpointId> {
        let merchant = self.merchants.pop_front()?;
        let queue = self.queues.get_mut(&merchant)?;
        let id = queue.pop_front()?;
        if queue.is_empty() {
            self.queues.remove(&merchant);
        } else {
            self.merchants.push_back(merchant);
        }
        self.members.remove(&id);
        Some(id)
    }

    /// Those whose turn it is, at most `most`; they wait no longer.
    pub(super) fn take(&mut self, most: usize) -> Vec<EndpointId> {
        std::iter::from_fn(|| self.next()).take(most).collect()
    }

    pub(super) fn contains(&self, id: EndpointId) -> bool {
        self.members.contains(&id)
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Nobody waits any longer.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn queue_of(&mut self, merchant: MerchantId) -> &mut VecDeque<EndpointId> {
        self.queues.entry(merchant).or_insert_with(|| {
            self.merchants.push_back(merchant);
            VecDeque::new()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(fair: &mut Fair, most: usize) -> Vec<i64> {
        fair.take(most).into_iter().map(EndpointId::as_i64).collect()
    }

    #[test]
    fn merchants_come_in_turn_and_their_endpoints_in_the_order_of_coming() {
        let mut fair = Fair::default();
        let (big, small) = (MerchantId::from_i64(1), MerchantId::from_i64(2));
        for id in [10, 11, 12, 10, 13] {
            fair.insert(big, EndpointId::from_i64(id));
        }
        fair.insert(small, EndpointId::from_i64(20));
        fair.insert_first(big, EndpointId::from_i64(9));

        assert_eq!(taken(&mut fair, 3), [9, 20, 10]);
        fair.insert(small, EndpointId::from_i64(20));
        assert_eq!(taken(&mut fair, 9), [11, 20, 12, 13]);
        assert!(fair.is_empty());
    }
}
