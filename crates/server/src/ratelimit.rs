//! How many requests a merchant may make of its platform's own API, and a stranger: as many a minute as its contract says, or its
//! operator.
//!
//! Each has its whole minute's worth at once, and gets back what it used evenly (GCRA, by `governor`). Each server counts for
//! itself; the state is a number for each that asks, in memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderValue};
use posthorn_core::contract::RequestClass;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_engine::{By, Engine};

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// A merchant's, in a mode; of one of its keys or programs, where each counts for itself.
    Merchant(MerchantId, Mode, Option<By>),
    /// Those of nobody who is known, from an address.
    Address(IpAddr),
}

type Account = (Who, RequestClass);
type Limiter = RateLimiter<Account, DashMapStateStore<Account>, Now, StateInformationMiddleware>;

/// Accounts of one limit beyond which those are forgotten that have all of theirs again.
const ACCOUNTS_MAX: usize = 100_000;
/// How often they are looked for, at most.
const SWEPT_EVERY: Duration = Duration::from_secs(1);

/// The engine's clock, since 1970.
#[derive(Clone)]
pub(crate) struct Now(pub(crate) Engine);

impl Clock for Now {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let since = self.0.now().as_duration();
        Duration::try_from(since).unwrap_or_default()
    }
}

/// The accounts of one limit.
struct Kept {
    limiter: Arc<Limiter>,
    /// When those were forgotten last that have all of theirs again.
    swept: Duration,
}

/// What everybody has used.
#[derive(Default)]
pub(crate) struct RateLimits {
    /// By limit: accounts that may ask equally often share one.
    limiters: Mutex<HashMap<NonZeroU32, Kept>>,
}

/// What is left after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// What was asked too often, where the request is not taken.
    pub(crate) class: RequestClass,
    pub(crate) limit: u32,
    remaining: u32,
    /// When all of it is there again, in Unix seconds.
    reset: u64,
    /// When the next request is taken, where this one is not.
    pub(crate) wait_s: Option<u32>,
}

impl RateLimits {
    /// Takes one request of each of these limits, the strictest first: what is refused by that one takes nothing of the others.
    /// Tells what is left where least is.
    pub(crate) fn take(
        &self,
        engine: &Engine,
        who: Who,
        mut limits: Vec<(RequestClass, NonZeroU32)>,
    ) -> Option<Usage> {
        limits.sort_by_key(|(_, limit)| *limit);
        let mut least: Option<Usage> = None;
        for (class, limit) in limits {
            let usage = self.take_one(engine, (who, class), limit);
            if usage.wait_s.is_some() {
                return Some(usage);
            }
            if least.is_none_or(|least| usage.remaining < least.remaining) {
                least = Some(usage);
            }
        }
        least
    }

    fn take_one(&self, engine: &Engine, account: Account, limit: NonZeroU32) -> Usage {
        let limiter = self.limiter(engine, limit);
        let now = limiter.clock().now();
        let (remaining, wait) = match limiter.check_key(&account) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => (0, Some(until.wait_time_from(now))),
        };
        let used = limit.get().saturating_sub(remaining);
        let back = Duration::from_mins(1) / limit.get() * used;
        let reset = now.saturating_add(back).as_millis().div_ceil(1000);
        Usage {
            class: account.1,
            limit: limit.get(),
            remaining,
            reset: u64::try_from(reset).unwrap_or(u64::MAX),
            wait_s: wait.map(|wait| u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(60)),
        }
    }

    fn limiter(&self, engine: &Engine, limit: NonZeroU32) -> Arc<Limiter> {
        let (limiter, is_due) = self.known(engine, limit);
        if is_due {
            // Beside the lock: nobody else waits until all were gone through.
            limiter.retain_recent();
        }
        limiter
    }

    /// A limit's accounts, and whether those are to be forgotten now that have all of theirs again.
    fn known(&self, engine: &Engine, limit: NonZeroU32) -> (Arc<Limiter>, bool) {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let (quota, state) = (Quota::per_minute(limit), DashMapStateStore::default());
            let limiter = Arc::new(Limiter::new(quota, state, Now(engine.clone())));
            Kept { limiter, swept: Duration::ZERO }
        };
        let kept = limiters.entry(limit).or_insert_with(made);
        let now = kept.limiter.clock().now();
        let is_due =
            kept.limiter.len() > ACCOUNTS_MAX && now >= kept.swept.saturating_add(SWEPT_EVERY);
        if is_due {
            kept.swept = now;
        }
        (Arc::clone(&kept.limiter), is_due)
    }
}

impl Usage {
    /// Says so, in the headers that the field uses.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.insert("x-ratelimit-limit", HeaderValue::from(self.limit));
        headers.insert("x-ratelimit-remaining", HeaderValue::from(self.remaining));
        headers.insert("x-ratelimit-reset", HeaderValue::from(self.reset));
    }

    /// Whether less is left than of another.
    pub(crate) fn is_less_than(self, other: Self) -> bool {
        self.remaining < other.remaining || self.wait_s.is_some()
    }
}
