//! What has arrived at the receiver, so that speed is never counted without its losses and duplicates.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::clock::now_ns;
use super::payload::Stamp;

/// The receiver writes into it, the generator waits on it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    distinct: AtomicU64,
    marks: Mutex<Marks>,
}

#[derive(Debug, Default)]
struct Marks {
    round: u64,
    fan_out: usize,
    /// One byte per event and endpoint: how often it came.
    seen: Vec<u8>,
    arrivals: Arrivals,
}

/// What one round brought.
#[derive(Debug, Default, Clone)]
pub(crate) struct Arrivals {
    /// Deliveries that came a second time, or after their round was over.
    pub(crate) duplicates: u64,
    /// Requests that carry no stamp, or one that nobody sent.
    pub(crate) strangers: u64,
    /// When each came for the first time, in order.
    pub(crate) instants_ns: Vec<u64>,
    /// From the moment an event was sent to its arrival, for every first arrival.
    pub(crate) waits_ns: Vec<u64>,
}

impl Arrivals {
    /// When the last one came; 0 if none did.
    pub(crate) fn last_ns(&self) -> u64 {
        self.instants_ns.last().copied().unwrap_or(0)
    }

    /// How long the first tenth of them took, and the last.
    pub(crate) fn tenths_ns(&self) -> (u64, u64) {
        let at = |place: usize| self.instants_ns.get(place).copied().unwrap_or(0);
        let (count, tenth) = (self.instants_ns.len(), self.instants_ns.len() / 10);
        (at(tenth) - at(0), at(count.saturating_sub(1)) - at(count.saturating_sub(1 + tenth)))
    }
}

impl Tally {
    /// Forgets the last round and begins another, of at most `events` events to `fan_out` endpoints each.
    pub(crate) fn begin(&self, round: u64, events: u64, fan_out: usize) {
        let places = usize::try_from(events).expect("fits in memory") * fan_out;
        let arrivals = Arrivals {
            instants_ns: Vec::with_capacity(places),
            waits_ns: Vec::with_capacity(places),
            ..Arrivals::default()
        };
        *self.marks() = Marks { round, fan_out, seen: vec![0; places], arrivals };
        self.distinct.store(0, Ordering::Release);
    }

    /// One request arrived at endpoint number `endpoint`.
    pub(crate) fn arrived(&self, endpoint: usize, stamp: Option<Stamp>) {
        let mut marks = self.marks();
        let round = marks.round;
        let Some(stamp) = stamp else {
            marks.arrivals.strangers += 1;
            return;
        };
        if stamp.round != round {
            marks.arrivals.duplicates += 1;
            return;
        }
        let place = usize::try_from(stamp.seq).expect("fits in memory") * marks.fan_out
            + endpoint % marks.fan_out;
        match marks.seen.get_mut(place) {
            None => marks.arrivals.strangers += 1,
            Some(count @ 0) => {
                *count = 1;
                let now = now_ns();
                marks.arrivals.instants_ns.push(now);
                marks.arrivals.waits_ns.push(now.saturating_sub(stamp.at_ns));
                self.distinct.fetch_add(1, Ordering::Release);
            }
            Some(_) => marks.arrivals.duplicates += 1,
        }
    }

    /// Deliveries of this round that have arrived, each counted once.
    pub(crate) fn distinct(&self) -> u64 {
        self.distinct.load(Ordering::Acquire)
    }

    /// The round so far.
    pub(crate) fn arrivals(&self) -> Arrivals {
        self.marks().arrivals.clone()
    }

    fn marks(&self) -> std::sync::MutexGuard<'_, Marks> {
        self.marks.lock().expect("nobody panics while counting")
    }
}
