//! Time, passed in: the only file that reads the real clock.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

/// How far wall time and monotonic time may drift apart before the anchor is set again.
const DRIFT_MAX: SignedDuration = SignedDuration::from_secs(1);
/// The longest that is slept without a look at the wall clock, which may have been set meanwhile.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// How often the anchor is held against the wall clock.
const ANCHOR_CHECK: Duration = Duration::from_secs(1);

/// The time, and waiting for it.
pub trait Clock: Send + Sync {
    /// Real time. It never goes back by less than a second's correction of the wall clock.
    fn now(&self) -> Timestamp;
    /// Ready when [`Clock::now`] has reached `at`, or when as much time has passed as there was until then:
    /// a clock that is set back keeps nobody waiting for longer.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()>;
}

/// Wall time anchored to the monotonic clock: small corrections of the wall clock do not make due
/// times jump; one of more than a second is followed.
#[derive(Clone)]
pub struct RealClock {
    anchor: Arc<Mutex<Anchor>>,
}

struct Anchor {
    wall: Timestamp,
    monotonic: Instant,
    checked: Instant,
}

impl Default for RealClock {
    fn default() -> Self {
        Self::new()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the real clock is read")]
impl RealClock {
    /// A clock that agrees with the wall clock now.
    #[must_use]
    pub fn new() -> Self {
        let now = Instant::now();
        let anchor = Anchor { wall: Timestamp::now(), monotonic: now, checked: now };
        Self { anchor: Arc::new(Mutex::new(anchor)) }
    }

    fn read(&self) -> Timestamp {
        let monotonic = Instant::now();
        let mut anchor = self.anchor.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let passed = monotonic.saturating_duration_since(anchor.monotonic);
        let now = later(anchor.wall, passed);
        if monotonic.saturating_duration_since(anchor.checked) < ANCHOR_CHECK {
            return now;
        }
        anchor.checked = monotonic;
        let wall = Timestamp::now();
        if wall.duration_since(now).abs() <= DRIFT_MAX {
            return now;
        }
        tracing::warn!(step = %wall.duration_since(now), "the wall clock was set; following it");
        anchor.wall = wall;
        anchor.monotonic = monotonic;
        wall
    }
}

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        self.read()
    }

    #[expect(clippy::disallowed_methods, reason = "this is where real waiting happens")]
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        let until = move |clock: &Self| Duration::try_from(at.duration_since(clock.read()));
        let (began, most) = (Instant::now(), until(&clock).unwrap_or_default());
        Box::pin(async move {
            loop {
                let wait = until(&clock).unwrap_or_default();
                let wait = wait.min(most.saturating_sub(began.elapsed()));
                if wait.is_zero() {
                    return;
                }
                tokio::time::sleep(wait.min(SLEEP_MAX)).await;
            }
        })
    }
}

/// `at` and a duration later, or the end of time.
#[must_use]
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| at.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}
