//! Real time, read in one place: a bench measures the world, so it alone may look at the world's clock.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Nanoseconds since this program first asked; the same on every thread.
pub(crate) fn now_ns() -> u64 {
    u64::try_from(START.elapsed().as_nanos()).expect("a bench ends within 584 years")
}

/// Lets other tasks of this thread run for so long.
#[expect(clippy::disallowed_methods, reason = "a bench waits in real time")]
pub(crate) async fn pause(wait: Duration) {
    tokio::time::sleep(wait).await;
}

/// Stops this thread until that instant of [`now_ns`]; finer than a runtime's timer, which ticks in milliseconds.
#[expect(clippy::disallowed_methods, reason = "a bench waits in real time")]
pub(crate) fn stop_until(instant_ns: u64) {
    std::thread::sleep(Duration::from_nanos(instant_ns.saturating_sub(now_ns())));
}
