//! The bounds of what waits: verbs that were asked for and not answered yet.

use std::sync::{Arc, Mutex, PoisonError};

use crate::StoreError;
use crate::backend::Lane;

/// Verbs that may wait in the ordinary lane. The reserved one is bounded by what is in flight.
const VERBS_MAX: usize = 16 * 1024;
/// Bytes that may wait in the ordinary lane.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// How much waits in the ordinary lane.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    now: Mutex<Amount>,
}

#[derive(Debug, Default)]
struct Amount {
    verbs: usize,
    bytes: usize,
}

/// A verb's place among what waits; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    taken: Option<(Arc<Waiting>, usize)>,
}

impl Waiting {
    /// Takes a place, or refuses: more than this is not kept in memory.
    pub(super) fn enter(self: &Arc<Self>, lane: Lane, bytes: usize) -> Result<Place, StoreError> {
        if lane == Lane::Reserved {
            return Ok(Place { taken: None });
        }
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        // When nothing waits anything may: what is larger than the bound would never be taken.
        let full = now.verbs >= VERBS_MAX || (now.bytes + bytes > BYTES_MAX && now.verbs > 0);
        if full {
            let detail = "more is written than the database takes; try again later".into();
            return Err(StoreError::Unavailable { detail });
        }
        now.verbs += 1;
        now.bytes += bytes;
        Ok(Place { taken: Some((Arc::clone(self), bytes)) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((waiting, bytes)) = self.taken.take() {
            let mut now = waiting.now.lock().unwrap_or_else(PoisonError::into_inner);
            now.verbs -= 1;
            now.bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ordinary_lane_refuses_and_leaves_the_reserved_one_open() {
        let waiting = Arc::new(Waiting::default());
        let all = waiting.enter(Lane::Ordinary, BYTES_MAX).unwrap();
        let refused = waiting.enter(Lane::Ordinary, 1);
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })));
        assert!(waiting.enter(Lane::Reserved, BYTES_MAX).is_ok());
        drop(all);
        assert!(waiting.enter(Lane::Ordinary, 1).is_ok(), "the place is free again");
    }

    #[test]
    fn no_more_verbs_wait_than_may() {
        let waiting = Arc::new(Waiting::default());
        let places: Vec<_> =
            (0..VERBS_MAX).map(|_| waiting.enter(Lane::Ordinary, 1).unwrap()).collect();
        assert!(waiting.enter(Lane::Ordinary, 1).is_err());
        drop(places);
        assert!(waiting.enter(Lane::Ordinary, 1).is_ok());
    }

    #[test]
    fn a_verb_larger_than_the_bound_may_wait_alone() {
        let waiting = Arc::new(Waiting::default());
        let large = waiting.enter(Lane::Ordinary, BYTES_MAX + 1);
        assert!(large.is_ok());
        assert!(waiting.enter(Lane::Ordinary, 1).is_err());
    }
}
