//! The runner: one future that does all the work that no call waits for.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt, Shared as SharedFuture};
use jiff::SignedDuration;
use tokio::sync::mpsc;

use crate::company::keep_in_touch;
use crate::dispatcher::Dispatcher;
use crate::history::{keep_history, write as write_history};
use crate::jobs::run_jobs;
use crate::order::Order;
use crate::payments::look_after_records;
use crate::relay::relay_outbox;
use crate::retention::keep_retention;
use crate::shared::Shared;

/// How long an idempotency key is kept: longer than any client of the guides goes on retrying.
const ONCE_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a deleted application is kept: longer than anything that it was granted, and than the key of the request that made it.
const DELETED_KEPT: SignedDuration = SignedDuration::from_hours(8 * 24);
/// Idempotency keys forgotten in one transaction, at most.
const FORGOTTEN_AT_ONCE: u32 = 1000;

/// Sends what is due, runs jobs, keeps house; ends when the engine was stopped.
pub struct Runner {
    shared: Arc<Shared>,
    inbox: mpsc::UnboundedReceiver<Order>,
}

impl Runner {
    pub(crate) fn new(shared: Arc<Shared>, inbox: mpsc::UnboundedReceiver<Order>) -> Self {
        Self { shared, inbox }
    }

    /// Runs until [`crate::Engine::stop`]; answers when everything is finished or given back.
    pub async fn run(self) {
        let dispatcher = Dispatcher::new(Arc::clone(&self.shared)).run(self.inbox);
        let stopped: SharedFuture<BoxFuture<'static, ()>> = dispatcher.boxed().shared();
        futures::join!(
            stopped.clone(),
            until(stopped.clone(), keep_house(Arc::clone(&self.shared))),
            until(stopped.clone(), run_jobs(Arc::clone(&self.shared))),
            until(stopped.clone(), look_after_records(Arc::clone(&self.shared))),
            until(stopped.clone(), relay_outbox(Arc::clone(&self.shared))),
            until(stopped.clone(), keep_retention(Arc::clone(&self.shared))),
            until(stopped.clone(), keep_history(Arc::clone(&self.shared))),
            until(stopped, keep_in_touch(Arc::clone(&self.shared))),
        );
        write_used_keys(&self.shared).await;
        write_history(&self.shared).await;
        if let Err(error) = self.shared.store.leave().await {
            tracing::warn!(%error, "the others learn by its silence that this server is gone");
        }
    }
}

async fn until(stopped: SharedFuture<BoxFuture<'static, ()>>, work: impl Future<Output = ()>) {
    futures::pin_mut!(work);
    futures::future::select(stopped, work).await;
}

async fn keep_house(shared: Arc<Shared>) {
    loop {
        let now = shared.clock.now();
        write_used_keys(&shared).await;
        count_backlog(&shared).await;
        note_log(&shared);
        shared.transport.expire_idle();
        let before = now.checked_sub(ONCE_KEPT).unwrap_or(now);
        let forget = || shared.store.expire_once(before, FORGOTTEN_AT_ONCE);
        if let Err(error) = until_fewer(FORGOTTEN_AT_ONCE, forget).await {
            tracing::warn!(%error, "old idempotency keys could not be forgotten");
        }
        let forget = || shared.store.forget_tokens(now, FORGOTTEN_AT_ONCE);
        if let Err(error) = until_fewer(FORGOTTEN_AT_ONCE, forget).await {
            tracing::warn!(%error, "tokens that have ended could not be forgotten");
        }
        let before = now.checked_sub(DELETED_KEPT).unwrap_or(now);
        let forget = || shared.store.forget_applications(before, FORGOTTEN_AT_ONCE);
        if let Err(error) = until_fewer(FORGOTTEN_AT_ONCE, forget).await {
            tracing::warn!(%error, "deleted applications could not be forgotten");
        }
        shared.clock.sleep(shared.options.house_round.unsigned_abs()).await;
    }
}

/// Forgets until there was less than a round has room for; others have their turn between rounds.
async fn until_fewer<F, E>(limit: u32, mut forget: impl FnMut() -> F) -> Result<(), E>
where
    F: Future<Output = Result<u32, E>>,
{
    while forget().await? >= limit {
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn write_used_keys(shared: &Shared) {
    let used = shared.keys.take_used();
    if used.is_empty() {
        return;
    }
    if let Err(error) = shared.store.touch_keys(used.clone()).await {
        tracing::warn!(%error, "the last use of keys could not be written");
        shared.keys.put_used_back(used);
    }
}

async fn count_backlog(shared: &Shared) {
    let gauge = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    match shared.store.backlog().await {
        Ok(backlog) => {
            let metrics = &shared.metrics;
            metrics.due.set(gauge(backlog.due));
            metrics.leased.set(gauge(backlog.leased));
            metrics.parked.set(gauge(backlog.parked));
            let age =
                backlog.oldest.map_or(0, |at| shared.clock.now().duration_since(at).as_secs());
            metrics.oldest_seconds.set(age.max(0));
        }
        Err(error) => tracing::warn!(%error, "the backlog could not be counted"),
    }
}

/// The length of the database's log, also where nobody asks whether the server is ready.
fn note_log(shared: &Shared) {
    let bytes = shared.store.log_bytes();
    shared.metrics.wal_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn all_old_keys_are_forgotten_in_one_round_of_the_house() {
        let mut left = 2500;
        let forgotten: Result<(), ()> = block_on(until_fewer(1000, || {
            let now = left.min(1000);
            left -= now;
            async move { Ok(now) }
        }));
        assert_eq!((forgotten, left), (Ok(()), 0));
    }

    #[test]
    fn a_refusal_ends_the_round() {
        let mut asked = 0;
        let forgotten = block_on(until_fewer(1000, || {
            asked += 1;
            async { Err("no") }
        }));
        assert_eq!((forgotten, asked), (Err("no"), 1));
    }
}
