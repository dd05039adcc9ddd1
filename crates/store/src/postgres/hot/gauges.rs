//! How much is carried out together, and how much the plain verbs had to decide.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Batches so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Batches {
    /// Transactions of hot verbs.
    pub batches: u64,
    /// Verbs in them.
    pub verbs: u64,
    /// Verbs of them that the plain verbs had to finish, or to do again.
    pub left: u64,
}

#[derive(Debug, Default)]
pub(in crate::postgres) struct Gauges {
    batches: AtomicU64,
    verbs: AtomicU64,
    left: AtomicU64,
}

impl Gauges {
    pub(super) fn batch(&self, verbs: usize, left: usize) {
        self.batches.fetch_add(1, Relaxed);
        self.verbs.fetch_add(number(verbs), Relaxed);
        self.left.fetch_add(number(left), Relaxed);
    }

    pub(in crate::postgres) fn now(&self) -> Batches {
        Batches {
            batches: self.batches.load(Relaxed),
            verbs: self.verbs.load(Relaxed),
            left: self.left.load(Relaxed),
        }
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
