//! The bounds of what waits: verbs and reads that were asked for and not answered yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::StoreError;
use crate::backend::Lane;
use crate::bounds::{
    Bounds, READ_QUEUE, WAITING_BYTES_MAX as BYTES_MAX, WAITING_VERBS_MAX as VERBS_MAX, WRITE_QUEUE,
};

/// Reads that may wait.
const READS_MAX: usize = 4096;

/// The bounds of a store, by the names under which they are told.
pub const BOUNDS: [&str; 2] = [WRITE_QUEUE, READ_QUEUE];

/// How much waits: in the ordinary lane, and to be read.
#[derive(Default)]
pub(super) struct Waiting {
    now: Mutex<Amount>,
    /// Told of each verb that was refused.
    pub(super) bounds: Bounds,
}

#[derive(Debug, Default)]
struct Amount {
    verbs: usize,
    bytes: usize,
    reads: usize,
}

/// A place among what waits; free again when it is dropped.
pub(super) struct Place {
    taken: Option<(Arc<Waiting>, Kind)>,
}

enum Kind {
    Write { bytes: usize },
    Read,
}

impl Waiting {
    /// Takes a verb's place, or refuses: more than this is not kept in memory.
    pub(super) fn enter(self: &Arc<Self>, lane: Lane, bytes: usize) -> Result<Place, StoreError> {
        if lane == Lane::Reserved {
            return Ok(Place { taken: None });
        }
        let mut now = self.now();
        // When nothing waits anything may: what is larger than the bound would never be taken.
        let full = now.verbs >= VERBS_MAX || (now.bytes + bytes > BYTES_MAX && now.verbs > 0);
        if full {
            drop(now);
            self.bounds.met(WRITE_QUEUE);
            let detail = "more is written than the database takes; try again later".into();
            return Err(StoreError::Unavailable { detail });
        }
        now.verbs += 1;
        now.bytes += bytes;
        Ok(Place { taken: Some((Arc::clone(self), Kind::Write { bytes })) })
    }

    /// The same for a read.
    pub(super) fn enter_read(self: &Arc<Self>) -> Result<Place, StoreError> {
        let mut now = self.now();
        if now.reads >= READS_MAX {
            drop(now);
            self.bounds.met(READ_QUEUE);
            let detail = "more is asked than can be read; try again later".into();
            return Err(StoreError::Unavailable { detail });
        }
        now.reads += 1;
        Ok(Place { taken: Some((Arc::clone(self), Kind::Read)) })
    }

    fn now(&self) -> MutexGuard<'_, Amount> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((waiting, kind)) = self.taken.take() else { return };
        let mut now = waiting.now();
        match kind {
            Kind::Write { bytes } => {
                now.verbs -= 1;
                now.bytes -= bytes;
            }
            Kind::Read => now.reads -= 1,
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
    fn no_more_reads_wait_than_may_and_writes_beside_them() {
        let waiting = Arc::new(Waiting::default());
        let places: Vec<_> = (0..READS_MAX).map(|_| waiting.enter_read().unwrap()).collect();
        assert!(waiting.enter_read().is_err());
        assert!(waiting.enter(Lane::Ordinary, 1).is_ok());
        drop(places);
        assert!(waiting.enter_read().is_ok());
    }

    #[test]
    fn a_verb_larger_than_the_bound_may_wait_alone() {
        let waiting = Arc::new(Waiting::default());
        let large = waiting.enter(Lane::Ordinary, BYTES_MAX + 1);
        assert!(large.is_ok());
        assert!(waiting.enter(Lane::Ordinary, 1).is_err());
    }
}
