//! What the dispatcher can be told.

use futures::channel::oneshot;
use futures::future::BoxFuture;
use jiff::Timestamp;
use posthorn_core::delivery::Claim;
use posthorn_core::id::{EndpointId, MerchantId};

/// What the dispatcher is told.
pub(crate) enum Order {
    /// Deliveries were leased for this process in their accept transaction.
    Claims(Vec<Claim>),
    /// Deliveries are in the database that are due at these times of their merchants.
    Due(Vec<(EndpointId, Timestamp)>),
    /// Something changed about these endpoints or their deliveries: look again.
    Look(Vec<EndpointId>),
    /// More or fewer servers share the work.
    Share,
    /// A merchant's sandbox clock was set.
    ClockMoved(MerchantId),
    /// One at a time for this merchant from now on; answer, with the number of tries made since the
    /// last answer, when nothing is due or under way for it.
    Step(MerchantId, oneshot::Sender<u64>),
    /// Back to the ordinary pace.
    Unstep(MerchantId),
    /// Carry this through: whoever asked for it has gone.
    Finish(BoxFuture<'static, ()>),
    /// Finish what is under way, give the rest back, end.
    Stop,
}
