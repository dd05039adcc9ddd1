//! A clock that stands still until it is moved.

use std::sync::Mutex;
use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use jiff::Timestamp;
use posthorn_engine::clock::{Clock, later};

pub(crate) struct ManualClock {
    inner: Mutex<Inner>,
}

struct Inner {
    now: Timestamp,
    sleepers: Vec<(Timestamp, oneshot::Sender<()>)>,
}

impl ManualClock {
    pub(crate) fn new() -> Self {
        let now = "2026-11-22T00:00:00Z".parse().unwrap();
        Self { inner: Mutex::new(Inner { now, sleepers: Vec::new() }) }
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut inner = self.inner.lock().unwrap();
        inner.now = later(inner.now, by);
        let now = inner.now;
        let (due, rest) = inner.sleepers.drain(..).partition(|(at, _)| *at <= now);
        inner.sleepers = rest;
        let due: Vec<(Timestamp, oneshot::Sender<()>)> = due;
        for (_, sleeper) in due {
            let _gone = sleeper.send(());
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.inner.lock().unwrap().now
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let mut inner = self.inner.lock().unwrap();
        if at <= inner.now {
            return futures::future::ready(()).boxed();
        }
        let (sleeper, awake) = oneshot::channel();
        inner.sleepers.push((at, sleeper));
        awake.map(|_| ()).boxed()
    }

    fn sleep(&self, length: Duration) -> BoxFuture<'static, ()> {
        self.sleep_until(later(self.now(), length))
    }
}
