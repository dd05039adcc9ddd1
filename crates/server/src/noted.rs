//! What is learned of a request on its way to its handler, for the request history: who calls, and what was sent.
//!
//! It travels with the request, since a handler that refuses has nothing else to hand back. Where no history is kept, or none of this
//! request, it is not there, and nothing is noted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::Extensions;
use posthorn_core::id::EventId;
use posthorn_engine::Caller;

/// What is learned of one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Noted(Arc<Mutex<Facts>>);

#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Who calls.
    pub(crate) caller: Option<Caller>,
    /// What was sent: not a copy.
    pub(crate) body: Option<Bytes>,
    /// The events that were made of it.
    pub(crate) events: Vec<EventId>,
}

impl Noted {
    /// That of a request.
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Who calls, when that is known.
    pub(crate) fn caller(extensions: &Extensions, caller: Caller) {
        if let Some(noted) = Self::of(extensions) {
            noted.lock().caller = Some(caller);
        }
    }

    /// What was sent, when it was read.
    pub(crate) fn body(extensions: &Extensions, body: &Bytes) {
        if let Some(noted) = Self::of(extensions) {
            noted.lock().body = Some(body.clone());
        }
    }

    /// Events that hold what was sent.
    pub(crate) fn events(&self, events: impl IntoIterator<Item = EventId>) {
        self.lock().events.extend(events);
    }

    /// All of it.
    pub(crate) fn take(&self) -> Facts {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
