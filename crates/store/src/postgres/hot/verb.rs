//! A hot verb that waits, and where its answer goes.

use futures::channel::oneshot;
use jiff::Timestamp;
use posthorn_core::delivery::Claim;

use crate::postgres::waiting::Place;
use crate::weight::{SMALL, accept_bytes, settle_bytes};
use crate::{Accept, Accepted, Ask, Release, Settled, Settlement, StoreError};

/// What is asked of a claim.
#[derive(Debug)]
pub(in crate::postgres) struct Asks {
    pub(in crate::postgres) each: Vec<Ask>,
    pub(in crate::postgres) until: Timestamp,
    pub(in crate::postgres) bytes_max: usize,
}

/// Who waits for a verb.
pub(in crate::postgres) struct Waiter<Q, A> {
    /// What is asked.
    pub(super) asked: Q,
    reply: oneshot::Sender<Result<A, StoreError>>,
    _place: Place,
}

impl<Q, A> Waiter<Q, A> {
    pub(in crate::postgres) fn new(
        asked: Q,
        place: Place,
    ) -> (Self, oneshot::Receiver<Result<A, StoreError>>) {
        let (reply, answer) = oneshot::channel();
        (Self { asked, reply, _place: place }, answer)
    }

    pub(super) fn answer(self, answer: Result<A, StoreError>) {
        // A caller that does not wait any more has nobody to be told.
        let _ = self.reply.send(answer);
    }
}

/// A hot verb.
pub(in crate::postgres) enum Verb {
    Accept(Waiter<Vec<Accept>, Vec<Accepted>>),
    Claim(Waiter<Asks, Vec<Claim>>),
    Settle(Waiter<Vec<Settlement>, Vec<Settled>>),
    Release(Waiter<Vec<Release>, ()>),
}

impl Verb {
    /// What it writes, roughly.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Accept(verb) => accept_bytes(&verb.asked),
            Self::Claim(_) => SMALL,
            Self::Settle(verb) => settle_bytes(&verb.asked),
            Self::Release(verb) => SMALL * verb.asked.len(),
        }
    }

    /// Whether it finishes what is under way: that goes first.
    pub(super) fn finishes(&self) -> bool {
        matches!(self, Self::Settle(_) | Self::Release(_))
    }

    pub(super) fn refuse(self, error: StoreError) {
        match self {
            Self::Accept(verb) => verb.answer(Err(error)),
            Self::Claim(verb) => verb.answer(Err(error)),
            Self::Settle(verb) => verb.answer(Err(error)),
            Self::Release(verb) => verb.answer(Err(error)),
        }
    }
}
