//! Servers that share a database: the place each of them has, and what they tell each other.

use std::sync::Arc;

use jiff::Timestamp;
use posthorn_core::id::{EndpointId, EventId, MerchantId};

/// A server's place among those that share a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What its ids carry, 0 to 63.
    pub node: u8,
    /// Whether no other server is at work, so that every lease on record is dead. None begins before
    /// the first [`Beat`].
    pub alone: bool,
    /// All its events must have higher ids.
    pub after: EventId,
}

/// A server's real time: asked in the moment in which it is held against the database's.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A sign of life.
#[derive(Clone)]
pub struct Beat {
    /// The server's clock.
    pub now: Now,
    /// Every event that it has still to write has a higher id.
    pub floor: EventId,
}

/// What a sign of life is answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Company {
    /// Other servers that gave a sign of life within five seconds.
    pub others: u32,
    /// Every event that the others have still to write has a higher id; `None`: there are no others.
    pub horizon: Option<EventId>,
    /// What has changed since the last sign of life; `None`: too long ago to tell, it may be anything.
    pub changes: Option<Vec<Change>>,
    /// The server was away for so long that its place was given to another: it must join anew.
    pub replaced: bool,
}

/// Something that servers have in memory, and that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// A merchant: its settings or its clock.
    Merchant(MerchantId),
    /// An endpoint: its status, settings, secrets or health.
    Endpoint(EndpointId),
    /// A key was revoked.
    Key,
}
