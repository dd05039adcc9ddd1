//! Tries at passwords: how many are looked at, counted before anybody knows what comes of them.
//!
//! By address, by account and address, and by account alone, whether there is such an account or not. Whoever tries often from one place is
//! stopped there, and keeps nobody else out; an account alone is closed only to tries from many places, which is what it then
//! needs. What is counted is a keyed hash in a table of bounded size: two that share a place in it share their tries, which no one
//! can bring about on purpose. Each server counts for itself, in memory, by GCRA (`governor`).

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use posthorn_core::event::Mode;
use posthorn_engine::Engine;

use crate::ratelimit::Now;

/// Tries of one address at once, and how often it gets one back.
const BY_ADDRESS: (u32, Duration) = (30, Duration::from_secs(2));
/// Tries at an account from one address: 10, and all of them again after a quarter of an hour.
const BY_PAIR: (u32, Duration) = (10, Duration::from_secs(90));
/// Tries at an account from all addresses together: 200 in a quarter of an hour.
const BY_ACCOUNT: (u32, Duration) = (200, Duration::from_millis(4_500));
/// Places in each table.
const PLACES: u64 = 1 << 18;

type Limiter = RateLimiter<u64, DashMapStateStore<u64>, Now, NoOpMiddleware<Duration>>;

/// What everybody has tried.
pub(crate) struct Tries {
    keys: RandomState,
    by_address: Limiter,
    by_pair: Limiter,
    by_account: Limiter,
}

impl Tries {
    pub(crate) fn new(engine: &Engine) -> Self {
        let limiter = |(burst, period): (u32, Duration)| {
            let quota = Quota::with_period(period).unwrap_or(Quota::per_second(NonZeroU32::MIN));
            let quota = quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN));
            Limiter::new(quota, DashMapStateStore::default(), Now(engine.clone()))
        };
        let (by_address, by_pair) = (limiter(BY_ADDRESS), limiter(BY_PAIR));
        Self { keys: RandomState::new(), by_address, by_pair, by_account: limiter(BY_ACCOUNT) }
    }

    /// Takes one try at an account, from an address; or says after how many seconds to try again.
    pub(crate) fn take(&self, address: IpAddr, mode: Mode, email: &str) -> Result<(), u32> {
        let account = (mode, email.trim().to_lowercase());
        let place = |hash: u64| hash % PLACES;
        let of_address = place(self.keys.hash_one(address));
        let of_pair = place(self.keys.hash_one((address, &account)));
        let of_account = place(self.keys.hash_one(&account));
        take(&self.by_address, of_address)?;
        take(&self.by_pair, of_pair)?;
        take(&self.by_account, of_account)
    }
}

fn take(limiter: &Limiter, place: u64) -> Result<(), u32> {
    limiter.check_key(&place).map_err(|until| {
        let wait = until.wait_time_from(limiter.clock().now());
        u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1)
    })
}
