//! What the threads of a store tell each other and the metrics.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::StoreError;
use crate::bounds::Bounds;

/// Buckets of [`Commits::sizes`].
const SIZES: usize = 10;

/// How many commits there were, and of how many verbs each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commits {
    /// Commits.
    pub commits: u64,
    /// Verbs in them.
    pub verbs: u64,
    /// Commits of at most 1, 2, 4 … 512 verbs (each commit counts once).
    pub sizes: [u64; SIZES],
}

/// Numbers that more than one thread looks at.
#[derive(Default)]
pub(super) struct Gauges {
    /// Bounds that refuse.
    pub(super) bounds: Bounds,
    /// Pages in the write-ahead log after the last commit.
    pub(super) wal_pages: AtomicU32,
    /// Whether the disk was full and the ballast is not back yet.
    pub(super) full: AtomicBool,
    /// Whether the last checkpoint left something of a log that is too long.
    pub(super) log_pinned: AtomicBool,
    /// Whether a part of the file was found damaged.
    damaged: AtomicBool,
    commits: AtomicU64,
    verbs: AtomicU64,
    sizes: [AtomicU64; SIZES],
}

impl Gauges {
    /// Remembers damage that somebody came upon.
    pub(super) fn note<A>(&self, answer: &Result<A, StoreError>) {
        if matches!(answer, Err(StoreError::Damaged)) && !self.damaged.swap(true, Ordering::Relaxed)
        {
            tracing::error!("the database is damaged: nothing new is taken; see `posthorn doctor`");
        }
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    pub(super) fn committed(&self, verbs: usize) {
        let bucket = verbs.max(1).next_power_of_two().trailing_zeros() as usize;
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.verbs.fetch_add(verbs as u64, Ordering::Relaxed);
        if let Some(size) = self.sizes.get(bucket.min(SIZES - 1)) {
            size.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn commits(&self) -> Commits {
        Commits {
            commits: self.commits.load(Ordering::Relaxed),
            verbs: self.verbs.load(Ordering::Relaxed),
            sizes: std::array::from_fn(|bucket| {
                self.sizes.get(bucket).map_or(0, |size| size.load(Ordering::Relaxed))
            }),
        }
    }

    /// Bytes of the write-ahead log that hold something.
    pub(super) fn wal_bytes(&self) -> u64 {
        u64::from(self.wal_pages.load(Ordering::Relaxed)) * WAL_FRAME_BYTES
    }
}

/// A page and the header of its frame.
const WAL_FRAME_BYTES: u64 = 4096 + 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_commit_is_counted_once_by_its_size() {
        let gauges = Gauges::default();
        for verbs in [1, 2, 3, 4, 512] {
            gauges.committed(verbs);
        }
        let commits = gauges.commits();
        assert_eq!((commits.commits, commits.verbs), (5, 522));
        assert_eq!(commits.sizes, [1, 1, 2, 0, 0, 0, 0, 0, 0, 1]);
    }
}
