//! A delivery's life: one event on its way to one endpoint.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::{DeliveryId, EndpointId};
use crate::outcome::Outcome;
use crate::retry::Schedule;

/// Where a delivery stands. `Due` and `Leased` are under way; the others rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// To be tried at this time, on the merchant's clock.
    Due {
        /// When.
        at: Timestamp,
    },
    /// Somebody is at it until this time, in real time.
    Leased {
        /// When the lease ends.
        until: Timestamp,
    },
    /// 2xx.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// No further try by itself: the dead letters.
    Exhausted {
        /// When.
        at: Timestamp,
        /// Why.
        why: Ending,
    },
    /// The endpoint is paused or disabled; it goes out when the endpoint is enabled.
    Parked {
        /// Since when.
        since: Timestamp,
        /// Why.
        why: ParkedWhy,
    },
    /// It will never be sent.
    WillNotSend {
        /// Since when.
        since: Timestamp,
        /// Why.
        why: WillNotSendWhy,
    },
}

/// A state without its data: what lists filter by. The numbers are stored; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum StateKind {
    /// To be tried.
    Due = 0,
    /// Being tried.
    Leased = 1,
    /// Done.
    Delivered = 2,
    /// Given up.
    Exhausted = 3,
    /// Waiting for its endpoint to be enabled.
    Parked = 4,
    /// Never to be sent.
    WillNotSend = 5,
}

impl StateKind {
    /// Every kind, in the order of the stored numbers.
    pub const ALL: [Self; 6] = [
        Self::Due,
        Self::Leased,
        Self::Delivered,
        Self::Exhausted,
        Self::Parked,
        Self::WillNotSend,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Leased => "leased",
            Self::Delivered => "delivered",
            Self::Exhausted => "exhausted",
            Self::Parked => "parked",
            Self::WillNotSend => "will_not_send",
        }
    }
}

impl State {
    /// The state without its data.
    #[must_use]
    pub fn kind(&self) -> StateKind {
        match self {
            Self::Due { .. } => StateKind::Due,
            Self::Leased { .. } => StateKind::Leased,
            Self::Delivered { .. } => StateKind::Delivered,
            Self::Exhausted { .. } => StateKind::Exhausted,
            Self::Parked { .. } => StateKind::Parked,
            Self::WillNotSend { .. } => StateKind::WillNotSend,
        }
    }

    /// Its time: due, lease end, or since when it rests.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match *self {
            Self::Due { at } | Self::Delivered { at } | Self::Exhausted { at, .. } => at,
            Self::Leased { until } => until,
            Self::Parked { since, .. } | Self::WillNotSend { since, .. } => since,
        }
    }

    /// The name of its reason, where it has one.
    #[must_use]
    pub fn why(&self) -> Option<&'static str> {
        match self {
            Self::Due { .. } | Self::Leased { .. } | Self::Delivered { .. } => None,
            Self::Exhausted { why, .. } => Some(why.name()),
            Self::Parked { why, .. } => Some(why.name()),
            Self::WillNotSend { why, .. } => Some(why.name()),
        }
    }
}

/// Why a delivery was given up. The numbers are stored; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ending {
    /// The schedule's tries are used up.
    Schedule = 1,
    /// The body would be larger than the contract allows.
    TooLarge = 2,
    /// It could not be rendered or signed (its contract or secret is gone or unusable).
    Unsendable = 3,
    /// Its event was about to be forgotten: it is older than what is kept.
    Retention = 4,
}

impl Ending {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::TooLarge => "too_large",
            Self::Unsendable => "unsendable",
            Self::Retention => "retention",
        }
    }
}

/// Why a delivery is parked. The numbers are stored; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ParkedWhy {
    /// The endpoint was paused, disabled or still draining when it arrived.
    EndpointAtRest = 1,
    /// The endpoint answered this very delivery with 410 Gone.
    Gone = 2,
}

impl ParkedWhy {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EndpointAtRest => "endpoint_at_rest",
            Self::Gone => "gone",
        }
    }
}

/// Why a delivery will never be sent. The numbers are stored; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum WillNotSendWhy {
    /// Its endpoint was deleted.
    EndpointDeleted = 1,
}

impl WillNotSendWhy {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EndpointDeleted => "endpoint_deleted",
        }
    }
}

/// One event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its id; its event's id is in it.
    pub id: DeliveryId,
    /// To whom.
    pub endpoint: EndpointId,
    /// Where it stands.
    pub state: State,
    /// Tries made, over all runs.
    pub attempts: u32,
    /// Tries made before this run began.
    pub base: u32,
    /// The round of the schedule: 1 first, one more with each resend.
    pub run: u32,
}

/// A leased delivery with all it needs.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// To whom.
    pub endpoint: EndpointId,
    /// What.
    pub event: Arc<Event>,
    /// Tries made, over all runs.
    pub attempts: u32,
    /// Tries made before this run began.
    pub base: u32,
    /// The round of the schedule.
    pub run: u32,
    /// The fencing counter: raised by every lease, checked by every settlement.
    pub claim: u32,
    /// When it was due, on the merchant's clock: given back unsent, it is due as before.
    pub due: Timestamp,
    /// When the lease ends, in real time.
    pub until: Timestamp,
}

impl Claim {
    /// The number of the try that this claim is for, as on the wire: 1 first in every run.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.attempts.saturating_sub(self.base) + 1
    }
}

/// The state after a try that came to `outcome`. `number` is the try's number within its run, `now`
/// the merchant's time when it ended.
#[must_use]
pub fn settle(outcome: Outcome, number: u32, schedule: &Schedule, now: Timestamp) -> State {
    let retry_after = match outcome {
        Outcome::Success => return State::Delivered { at: now },
        Outcome::Gone => return State::Parked { since: now, why: ParkedWhy::Gone },
        Outcome::Slow { retry_after } | Outcome::Failure { retry_after } => retry_after,
    };
    match schedule.next(number, retry_after, now) {
        Some(at) => State::Due { at },
        None => State::Exhausted { at: now, why: Ending::Schedule },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use std::time::Duration;

    fn schedule() -> Schedule {
        Schedule {
            waits: vec![SignedDuration::from_mins(1)],
            timeout: Duration::from_secs(5),
            exhausted: "FAILED".into(),
            pause_after: None,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    const FAILURE: Outcome = Outcome::Failure { retry_after: None };

    #[test]
    fn a_failure_waits_and_the_last_failure_exhausts() {
        assert_eq!(settle(FAILURE, 1, &schedule(), at(0)), State::Due { at: at(60) });
        let ended = State::Exhausted { at: at(60), why: Ending::Schedule };
        assert_eq!(settle(FAILURE, 2, &schedule(), at(60)), ended);
    }

    #[test]
    fn success_is_delivered_at_any_number() {
        assert_eq!(settle(Outcome::Success, 9, &schedule(), at(1)), State::Delivered { at: at(1) });
    }

    #[test]
    fn gone_parks_the_delivery_so_that_nothing_is_dropped() {
        let parked = State::Parked { since: at(1), why: ParkedWhy::Gone };
        assert_eq!(settle(Outcome::Gone, 1, &schedule(), at(1)), parked);
    }
}
