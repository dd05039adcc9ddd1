//! The values of forgetting what is old.

use jiff::{SignedDuration, Timestamp};
use posthorn_core::id::{EndpointId, EventId, MerchantId};

/// How long before its event is forgotten a delivery that still waits is given up, so that somebody can
/// see what became of it.
pub const NOTICE: SignedDuration = SignedDuration::from_hours(24);

/// What is kept, and how much one step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Real time.
    pub now: Timestamp,
    /// How long the deployment keeps events; merchants with a longer time of their own, or a legal
    /// hold, are told by their rows.
    pub kept: SignedDuration,
    /// Rows that one step takes, at most.
    pub rows: u32,
}

/// What came of giving up deliveries that wait although their events are about to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// How many.
    pub deliveries: u64,
    /// The endpoint to go on after; `None`: all were looked at.
    pub next: Option<EndpointId>,
}

/// What was forgotten, row by row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Events.
    pub events: u64,
    /// Their deliveries.
    pub deliveries: u64,
    /// Of those, the ones that still waited: somebody had sent them anew on their last day.
    pub waited: u64,
    /// Attempts.
    pub attempts: u64,
    /// Jobs that were over.
    pub jobs: u64,
    /// The merchant to go on after; `None`: all were looked at.
    pub next: Option<MerchantId>,
}

impl Forgotten {
    pub(crate) fn rows(&self) -> u64 {
        self.events + self.deliveries + self.attempts + self.jobs
    }
}

/// What came of a step towards dropping a part that nobody need keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartStep {
    /// There is none.
    Nothing,
    /// Another server is at it.
    Busy,
    /// The oldest of them is still being worked on; a later round tries again.
    InUse {
        /// Which part, by its first day: `2026-11-22`.
        part: String,
    },
    /// A step was done, another is to follow.
    Moved {
        /// Rows that were copied aside or taken out of an index.
        rows: u64,
    },
    /// It is gone.
    Dropped {
        /// Which part, by its first day: `2026-11-22`.
        part: String,
        /// Its events, roughly.
        events: u64,
    },
}

/// How far back the record goes, and in how many parts it is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// The oldest event on record.
    pub oldest: Option<EventId>,
    /// Parts of the record that have tables of their own; 0 where there are none.
    pub parts: u64,
}
