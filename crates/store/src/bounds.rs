//! Bounds of the store: who counts them is told of each verb that one refused.

use std::sync::OnceLock;

/// Verbs that may wait in the ordinary lane. The reserved one is bounded by what is in flight.
pub(crate) const WAITING_VERBS_MAX: usize = 16 * 1024;
/// Bytes that may wait in the ordinary lane.
pub(crate) const WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Writes that wait: [`WAITING_VERBS_MAX`], or [`WAITING_BYTES_MAX`].
pub(crate) const WRITE_QUEUE: &str = "write_queue";
/// Reads that wait: 4,096.
pub(crate) const READ_QUEUE: &str = "read_queue";
/// The write-ahead log: 256 MiB, while a long read keeps it from being emptied.
pub(crate) const LOG: &str = "log";

/// Whom to tell.
#[derive(Default)]
pub(crate) struct Bounds(OnceLock<Box<dyn Fn(&'static str) + Send + Sync>>);

impl Bounds {
    /// From now on this is told; only the first is.
    pub(crate) fn tell(&self, told: impl Fn(&'static str) + Send + Sync + 'static) {
        let _first = self.0.set(Box::new(told));
    }

    /// A verb was refused.
    pub(crate) fn met(&self, bound: &'static str) {
        if let Some(told) = self.0.get() {
            told(bound);
        }
    }
}
