//! Endpoints that wait for something: each once, first come, first served.
//!
//! The order is that of coming, not of a hash: no endpoint is passed over for ever when there are
//! more of them than are served at once, and a simulation can be replayed.

use std::collections::{HashSet, VecDeque};

use posthorn_core::id::EndpointId;

/// Endpoints that wait for something.
#[derive(Debug, Default)]
pub(super) struct Turns {
    queue: VecDeque<EndpointId>,
    members: HashSet<EndpointId>,
}

impl Turns {
    /// Waits too, behind the others; once.
    pub(super) fn insert(&mut self, id: EndpointId) {
        if self.members.insert(id) {
            self.queue.push_back(id);
        }
    }

    /// Waits too, before all others.
    pub(super) fn insert_first(&mut self, id: EndpointId) {
        if self.members.insert(id) {
            self.queue.push_front(id);
        }
    }

    /// Those whose turn it is, at most `most`; they wait no longer.
    pub(super) fn take(&mut self, most: usize) -> Vec<EndpointId> {
        let count = self.queue.len().min(most);
        let taken: Vec<EndpointId> = self.queue.drain(..count).collect();
        for id in &taken {
            self.members.remove(id);
        }
        taken
    }

    pub(super) fn contains(&self, id: EndpointId) -> bool {
        self.members.contains(&id)
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_waits_once_and_is_served_in_the_order_of_coming() {
        let mut turns = Turns::default();
        for id in [3, 1, 3, 2, 1] {
            turns.insert(EndpointId::from_i64(id));
        }
        let taken: Vec<i64> = turns.take(2).into_iter().map(EndpointId::as_i64).collect();
        assert_eq!(taken, [3, 1]);
        turns.insert_first(EndpointId::from_i64(3));
        let taken: Vec<i64> = turns.take(9).into_iter().map(EndpointId::as_i64).collect();
        assert_eq!(taken, [3, 2]);
        assert!(turns.is_empty());
    }
}
