//! Work that is carried through to its end, even when whoever asked for it stops waiting.
//!
//! A client that hangs up takes the future of its request with it, at any `.await`. What was begun
//! may be committed all the same, and then memory must follow: leases be handed over, settings
//! loaded, idempotency keys freed. So every call that changes something runs inside [`Through`];
//! what is dropped unfinished is finished by the dispatcher. A bug in it, which shows as a panic,
//! costs whoever asked the answer; the dispatcher works for everybody and must not end by it.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt};

use crate::Engine;
use crate::order::Order;
use crate::shared::Shared;

/// Work that is finished even when nobody waits for it any more.
pub(crate) struct Through<T: Send + 'static> {
    work: Option<BoxFuture<'static, T>>,
    begun: bool,
    shared: Arc<Shared>,
}

impl Engine {
    /// Carries a call through to its end, from its first poll on.
    pub(crate) fn through<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Through<T> {
        Through { work: Some(work.boxed()), begun: false, shared: Arc::clone(&self.shared) }
    }
}

impl<T: Send + 'static> Future for Through<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.begun = true;
        // Work that panics is not put back: it is over, and nobody may poll it again.
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        let polled = work.poll_unpin(context);
        if polled.is_pending() {
            self.work = Some(work);
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Through<T> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take().filter(|_| self.begun) {
            let to_the_end = AssertUnwindSafe(work).catch_unwind().map(|ended| {
                if ended.is_err() {
                    tracing::error!("work that nobody waited for any more ended by a panic");
                }
            });
            self.shared.order(Order::Finish(to_the_end.boxed()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt;
    use futures::executor::block_on;
    use futures::future::BoxFuture;
    use posthorn_core::secret::MasterKeys;
    use posthorn_store::Fault;
    use posthorn_store::sqlite::Sqlite;
    use prometheus_client::registry::Registry;
    use tokio::task::JoinSet;

    use crate::clock::RealClock;
    use crate::entropy::Entropy;
    use crate::guard::Guard;
    use crate::runner::Runner;
    use crate::transport::{Request, Transport, Tried};
    use crate::{Engine, Options, Parts};

    struct Nowhere;

    impl Transport for Nowhere {
        fn send(&self, _: Request) -> BoxFuture<'static, Tried> {
            futures::future::pending().boxed()
        }

        fn cut_off(&self) {}
    }

    fn engine() -> (Engine, Runner) {
        let parts = Parts {
            store: Arc::new(Sqlite::inline(Box::new(|_| Fault::None)).unwrap()),
            clock: Arc::new(RealClock::new()),
            entropy: Arc::new(Entropy::seeded(7)),
            transport: Arc::new(Nowhere),
            guard: Arc::new(Guard::new(Vec::new(), false)),
            contracts: Vec::new(),
            master: MasterKeys::new([7; 32], &[]),
            admin_key: None,
            options: Options::default(),
        };
        let (engine, runner, _) =
            block_on(Engine::start(parts, &mut Registry::default())).ok().unwrap();
        (engine, runner)
    }

    #[tokio::test]
    async fn work_that_panics_costs_its_caller_the_answer_and_nobody_else() {
        let (engine, runner) = engine();
        let (mut runs, mut caller) = (JoinSet::new(), JoinSet::new());
        runs.spawn(runner.run());
        let calls = engine.clone();
        caller.spawn(async move { calls.through(async { panic!("a story of a bug") }).await });
        let ended = caller.join_next().await.unwrap();
        assert!(ended.is_err_and(|ended| ended.is_panic()));
        let mut left = engine.through(async {
            tokio::task::yield_now().await;
            panic!("the same bug, after the caller hung up");
        });
        assert!((&mut left).now_or_never().is_none());
        drop(left);
        let answer = engine.through(async { tokio::task::yield_now().await }).await;
        engine.stop();
        let ran = runs.join_next().await.unwrap().is_ok();
        assert_eq!((answer, ran), ((), true), "the others are served to the end");
    }
}
