//! How fast jobs set an endpoint's deliveries going: one pace, however many jobs there are.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use posthorn_core::id::EndpointId;

use crate::clock::{Clock, later};

/// Until when each endpoint is taken by what was set going.
#[derive(Debug, Default)]
pub(crate) struct Paces(Mutex<HashMap<EndpointId, Timestamp>>);

impl Paces {
    /// Waits for an endpoint's turn and takes it for `length`; answers when it begins (real time).
    pub(crate) async fn turn(
        &self,
        clock: &dyn Clock,
        endpoint: EndpointId,
        length: Duration,
    ) -> Timestamp {
        loop {
            let now = clock.now();
            let free = {
                let mut taken = self.taken();
                taken.retain(|_, until| *until > now);
                let free = taken.get(&endpoint).copied();
                if free.is_none() {
                    taken.insert(endpoint, later(now, length));
                }
                free
            };
            match free {
                None => return now,
                Some(at) => clock.sleep_until(at).await,
            }
        }
    }

    /// A turn was shorter than it might have been: the next begins at `at`.
    pub(crate) fn free(&self, endpoint: EndpointId, at: Timestamp) {
        self.taken().insert(endpoint, at);
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<EndpointId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
