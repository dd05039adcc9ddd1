//! How fast jobs set an endpoint's deliveries going: one pace, however many jobs there are.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use posthorn_core::id::EndpointId;

use crate::clock::{Clock, later};

/// The time that each endpoint is taken for by what was set going.
#[derive(Debug, Default)]
pub(crate) struct Paces(Mutex<HashMap<EndpointId, Turn>>);

/// A time that an endpoint is taken for, in real time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) begins: Timestamp,
    ends: Timestamp,
}

impl Paces {
    /// Waits for an endpoint's turn and takes it for `length`.
    pub(crate) async fn turn(
        &self,
        clock: &dyn Clock,
        endpoint: EndpointId,
        length: Duration,
    ) -> Turn {
        loop {
            let now = clock.now();
            let free = {
                let mut taken = self.taken();
                // One that begins only later was taken before the clock was set back.
                taken.retain(|_, turn| turn.begins <= now && turn.ends > now);
                let free = taken.get(&endpoint).copied();
                if free.is_none() {
                    taken.insert(endpoint, Turn { begins: now, ends: later(now, length) });
                }
                free
            };
            match free {
                None => return Turn { begins: now, ends: later(now, length) },
                Some(turn) => clock.sleep_until(turn.ends).await,
            }
        }
    }

    /// A turn ended before it might have: the next begins at `at`. If the next has begun already,
    /// nothing changes.
    pub(crate) fn free(&self, endpoint: EndpointId, turn: Turn, at: Timestamp) {
        let mut taken = self.taken();
        if let Some(taken) = taken.get_mut(&endpoint).filter(|taken| taken.ends == turn.ends) {
            taken.ends = at.min(turn.ends);
        }
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<EndpointId, Turn>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
