//! A clock that stands still until the driver moves it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use futures::future::BoxFuture;
use jiff::Timestamp;
use posthorn_engine::clock::Clock;

/// Virtual real time.
#[derive(Clone)]
pub(crate) struct SimClock(Arc<Mutex<Timers>>);

struct Timers {
    now: Timestamp,
    last: u64,
    waiting: BTreeMap<(Timestamp, u64), Option<Waker>>,
}

impl SimClock {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Timers { now, last: 0, waiting: BTreeMap::new() })))
    }

    fn timers(&self) -> MutexGuard<'_, Timers> {
        self.0.lock().unwrap()
    }

    /// When the next sleeper wakes.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.timers().waiting.keys().next().map(|(at, _)| *at)
    }

    /// Moves on and wakes whoever slept until then.
    pub(crate) fn advance_to(&self, at: Timestamp) {
        let mut timers = self.timers();
        timers.now = timers.now.max(at);
        let later = timers.waiting.split_off(&(at, u64::MAX));
        let woken = std::mem::replace(&mut timers.waiting, later);
        drop(timers);
        woken.into_values().flatten().for_each(Waker::wake);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.timers().now
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let mut timers = self.timers();
        timers.last += 1;
        let key = (at, timers.last);
        if at > timers.now {
            timers.waiting.insert(key, None);
        }
        drop(timers);
        Box::pin(Sleep { clock: self.clone(), key })
    }
}

struct Sleep {
    clock: SimClock,
    key: (Timestamp, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut timers = self.clock.timers();
        if timers.now >= self.key.0 {
            return Poll::Ready(());
        }
        timers.waiting.insert(self.key, Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.timers().waiting.remove(&self.key);
    }
}
