//! The values of durable jobs.

use jiff::{SignedDuration, Timestamp};
use posthorn_core::delivery::StateKind;
use posthorn_core::event::{EventType, Mode};
use posthorn_core::id::{EndpointId, JobId, MerchantId};

/// What a job does. Written as JSON; add variants, never change one.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobKind {
    /// Sends what is parked at an endpoint that was enabled, in order.
    Drain {
        /// Which endpoint.
        endpoint: EndpointId,
    },
    /// Opens a new run of deliveries that ended.
    Recover {
        /// To which endpoint.
        endpoint: EndpointId,
        /// Of events accepted at or after this time of the merchant.
        since: Timestamp,
        /// Of events accepted before this time of the merchant; at the latest when the job was created.
        until: Timestamp,
        /// The same two in real time: what the ids of events tell.
        accepted: (Timestamp, Timestamp),
        /// In these states: `Delivered`, `Exhausted` or `Parked`.
        states: Vec<StateKind>,
        /// Of these event types; empty: of every type.
        types: Vec<EventType>,
    },
    /// Ends the waiting deliveries of a deleted endpoint.
    Sweep {
        /// Which endpoint.
        endpoint: EndpointId,
    },
    /// Takes a sandbox clock to a later time, through everything that is due on the way.
    Advance {
        /// The merchant's time to reach.
        target: Timestamp,
    },
}

impl JobKind {
    /// The time that an advance takes a clock to.
    #[must_use]
    pub fn target(&self) -> Option<Timestamp> {
        match self {
            Self::Advance { target } => Some(*target),
            Self::Drain { .. } | Self::Recover { .. } | Self::Sweep { .. } => None,
        }
    }
}

/// A job to write down.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Whose.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// What it does.
    pub kind: JobKind,
    /// When, on the merchant's clock: rows that changed state after this are left alone.
    pub created: Timestamp,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It is at work, or will be.
    Running,
    /// It is done.
    Ended {
        /// When, on the merchant's clock.
        at: Timestamp,
    },
    /// Somebody stopped it.
    Cancelled {
        /// When, on the merchant's clock.
        at: Timestamp,
    },
}

/// A durable job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// What it does.
    pub kind: JobKind,
    /// How far it is.
    pub state: JobState,
    /// How many rows there were when it was created; `None` where nobody counted.
    pub total: Option<u64>,
    /// How many it has moved.
    pub done: u64,
    /// The last delivery it looked at.
    pub cursor: i64,
    /// When it was created, on the merchant's clock.
    pub created: Timestamp,
}

/// One step of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How many rows to look at, at most.
    pub rows: u32,
    /// The merchant's time: when the first one is due.
    pub at: Timestamp,
    /// How much later each further one is due: what makes it gentle.
    pub spacing: SignedDuration,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct JobStep {
    /// The job after it.
    pub job: Job,
    /// How many rows were moved by this step.
    pub moved: u32,
}
