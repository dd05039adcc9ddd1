//! What clients were answered and what the receiver got, on one board: everybody writes on it, and waits before it.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::receiver::{Answer, Seen};

/// One event of so many is answered with 500 when it comes for the first time.
const REFUSED_ONE_OF: u64 = 10;

/// A request that reached the receiver.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// The event's id on the wire.
    pub(crate) id: String,
    /// What it was answered.
    pub(crate) status: u16,
}

/// What is known so far. An event is known by its number, which is also its `Idempotency-Key`.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The ids that clients were told with a 202.
    pub(crate) answered: BTreeMap<u64, String>,
    /// What came to the receiver.
    pub(crate) arrived: BTreeMap<u64, Vec<Arrival>>,
    /// Sent, and not answered: they are sent again, with the same key.
    pub(crate) open: Vec<u64>,
    /// The number of the next event.
    pub(crate) next: u64,
    /// Why requests were put off, by the problem's code.
    pub(crate) refused: BTreeMap<String, usize>,
    /// Clients are to end.
    pub(crate) stopped: bool,
    /// Nothing new is to be sent.
    pub(crate) closing: bool,
    /// What must not be.
    pub(crate) faults: Vec<String>,
}

impl Known {
    /// Events that were answered with 202 and that no receiver has said yes to.
    pub(crate) fn owed(&self) -> Vec<u64> {
        let came = |seq: &u64| {
            self.arrived.get(seq).is_some_and(|all| all.iter().any(|one| one.status == 200))
        };
        self.answered.keys().filter(|seq| !came(seq)).copied().collect()
    }

    /// The next event to send: one without an answer, or a new one.
    pub(crate) fn take(&mut self) -> Option<u64> {
        if self.stopped {
            return None;
        }
        if self.open.is_empty() && !self.closing {
            self.next += 1;
            self.open.push(self.next);
        }
        self.open.pop()
    }

    /// Requests that came although the receiver had said yes before.
    pub(crate) fn again(&self) -> usize {
        let yes = |all: &Vec<Arrival>| all.iter().filter(|one| one.status == 200).count();
        self.arrived.values().map(|all| yes(all).saturating_sub(1)).sum()
    }

    /// Requests that the receiver got.
    pub(crate) fn arrivals(&self) -> usize {
        self.arrived.values().map(Vec::len).sum()
    }
}

/// The board.
#[derive(Debug, Default)]
pub(crate) struct Board {
    known: Mutex<Known>,
    bell: Condvar,
}

impl Board {
    /// Looks, or writes; whoever waits looks again.
    pub(crate) fn known(&self) -> Open<'_> {
        Open { known: Some(self.lock()), bell: &self.bell }
    }

    /// Waits until it is so, and answers whether it is.
    pub(crate) fn until(&self, within: Duration, so: impl Fn(&Known) -> bool) -> bool {
        let waited = self.bell.wait_timeout_while(self.lock(), within, |known| !so(known));
        so(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Something is not as it must be.
    pub(crate) fn fault(&self, what: impl Into<String>) {
        self.known().faults.push(what.into());
    }

    /// The receiver: writes down what came and says what to answer.
    pub(crate) fn arrived(&self, seen: &Seen) -> Answer {
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        let Some(seq) = body.pointer("/data/seq").and_then(Value::as_u64) else {
            self.fault(format!("a request without a number: {seen:?}"));
            return Answer::status(200);
        };
        let id = seen.header("x-event-id").to_owned();
        let mut known = self.known();
        let before = known.arrived.entry(seq).or_default();
        let refused = before.is_empty() && seq % REFUSED_ONE_OF == 3;
        let status = if refused { 500 } else { 200 };
        before.push(Arrival { id, status });
        Answer::status(status)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The board while somebody holds the chalk.
pub(crate) struct Open<'b> {
    known: Option<MutexGuard<'b, Known>>,
    bell: &'b Condvar,
}

impl std::ops::Deref for Open<'_> {
    type Target = Known;

    fn deref(&self) -> &Known {
        self.known.as_ref().expect("held until the end")
    }
}

impl std::ops::DerefMut for Open<'_> {
    fn deref_mut(&mut self) -> &mut Known {
        self.known.as_mut().expect("held until the end")
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        drop(self.known.take());
        self.bell.notify_all();
    }
}
