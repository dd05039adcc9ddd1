//! Which endpoints' troubles the operator was told of: the log has each once a minute, not once a try.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use posthorn_core::id::EndpointId;

/// How often the operator is told of the same endpoint.
const TELL_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Endpoints remembered as told of, at most; past it the memory starts anew.
const TOLD_MAX: usize = 10_000;

/// When which endpoint's trouble was last told of.
#[derive(Default)]
pub(crate) struct Told {
    last: Mutex<HashMap<EndpointId, Timestamp>>,
}

impl Told {
    /// Whether it is time to tell of an endpoint again.
    pub(crate) fn is_due(&self, id: EndpointId, now: Timestamp) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(&id).is_some_and(|at| now.duration_since(*at) < TELL_EVERY) {
            return false;
        }
        if last.len() >= TOLD_MAX {
            last.clear();
        }
        last.insert(id, now);
        true
    }
}
