//! Idempotency keys of requests that are being carried out: a second one is told to wait.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::error::EngineError;

/// The idempotency keys of requests that are being carried out.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<HashSet<(i64, [u8; 16])>>);

/// Holds a key in flight until it is dropped.
pub(crate) struct Held<'a> {
    all: &'a InFlight,
    entry: (i64, [u8; 16]),
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.entry);
    }
}

impl InFlight {
    pub(crate) fn hold(&self, entry: (i64, [u8; 16])) -> Result<Held<'_>, EngineError> {
        let fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(entry);
        if fresh { Ok(Held { all: self, entry }) } else { Err(EngineError::KeyInFlight) }
    }
}
