//! What the operator's own programs said inside their transactions (`posthorn.emit`).

use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;

use crate::Accept;

/// Something said, as it was given: nothing of it has been looked at but what `emit` looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its place in the outbox.
    pub place: i64,
    /// Whose event it is to be.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// The event's type.
    pub kind: String,
    /// The program's own id of it.
    pub reference: Option<String>,
    /// The event's data.
    pub data: String,
}

/// Something said that becomes an event.
#[derive(Debug, Clone)]
pub struct Relay {
    /// Its place in the outbox.
    pub place: i64,
    /// The event.
    pub accept: Accept,
}
