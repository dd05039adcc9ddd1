//! A clock that stands still until the driver moves it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use posthorn_engine::clock::{Clock, later};

/// Virtual real time, which passes by itself and can be set besides.
#[derive(Clone)]
pub(crate) struct SimClock(Arc<Mutex<Timers>>);

struct Timers {
    /// What has passed; nobody sets that.
    passed: Timestamp,
    /// How far the wall clock is from it.
    set_by: SignedDuration,
    last: u64,
    /// How often it was set back.
    backs: u64,
    /// By when it will have passed.
    waiting: BTreeMap<(Timestamp, u64), Option<Waker>>,
}

/// Until when somebody sleeps.
#[derive(Clone, Copy)]
enum Until {
    /// The wall clock says so.
    Wall(Timestamp),
    /// It has passed.
    Passed(Timestamp),
}

impl Timers {
    fn now(&self) -> Timestamp {
        self.passed + self.set_by
    }

    fn end(&self, until: Until) -> Timestamp {
        match until {
            Until::Wall(at) => at.saturating_sub(self.set_by).unwrap_or(Timestamp::MAX),
            Until::Passed(at) => at,
        }
    }
}

impl SimClock {
    pub(crate) fn new(now: Timestamp) -> Self {
        let set_by = SignedDuration::ZERO;
        let timers = Timers { passed: now, set_by, last: 0, backs: 0, waiting: BTreeMap::new() };
        Self(Arc::new(Mutex::new(timers)))
    }

    fn timers(&self) -> MutexGuard<'_, Timers> {
        self.0.lock().unwrap()
    }

    /// How far somebody has set the wall clock from what has passed.
    pub(crate) fn set_by(&self) -> SignedDuration {
        self.timers().set_by
    }

    /// When the next sleeper wakes.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        let timers = self.timers();
        timers
            .waiting
            .keys()
            .next()
            .map(|(end, _)| end.saturating_add(timers.set_by).unwrap_or(Timestamp::MAX))
    }

    /// Moves on and wakes whoever slept until then.
    pub(crate) fn advance_to(&self, at: Timestamp) {
        let mut timers = self.timers();
        let passed = timers.end(Until::Wall(at));
        timers.passed = timers.passed.max(passed);
        let later = timers.waiting.split_off(&(passed, u64::MAX));
        let woken = std::mem::replace(&mut timers.waiting, later);
        drop(timers);
        woken.into_values().flatten().for_each(Waker::wake);
    }

    /// Somebody sets the wall clock, forwards or back.
    pub(crate) fn set(&self, to: Timestamp) {
        let mut timers = self.timers();
        timers.backs += u64::from(to < timers.now());
        timers.set_by = to.duration_since(timers.passed);
        let woken = std::mem::take(&mut timers.waiting);
        drop(timers);
        woken.into_values().flatten().for_each(Waker::wake);
    }

    fn sleep_to(&self, until: Until) -> BoxFuture<'static, ()> {
        let mut timers = self.timers();
        timers.last += 1;
        let key = (timers.end(until), timers.last);
        if key.0 > timers.passed {
            timers.waiting.insert(key, None);
        }
        let backs = timers.backs;
        drop(timers);
        Box::pin(Sleep { clock: self.clone(), until, backs, key })
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.timers().now()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        self.sleep_to(Until::Wall(at))
    }

    fn sleep(&self, length: Duration) -> BoxFuture<'static, ()> {
        let end = later(self.timers().passed, length);
        self.sleep_to(Until::Passed(end))
    }
}

struct Sleep {
    clock: SimClock,
    until: Until,
    backs: u64,
    key: (Timestamp, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut timers = clock.timers();
        timers.waiting.remove(&self.key);
        self.key.0 = timers.end(self.until);
        let was_set_back = timers.backs != self.backs && matches!(self.until, Until::Wall(_));
        if timers.passed >= self.key.0 || was_set_back {
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
