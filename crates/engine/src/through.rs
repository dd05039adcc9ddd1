//! Work that is carried through to its end, even when whoever asked for it stops waiting.
//!
//! A client that hangs up takes the future of its request with it, at any `.await`. What was begun
//! may be committed all the same, and then memory must follow: leases be handed over, settings
//! loaded, idempotency keys freed. So every call that changes something runs inside [`Through`];
//! what is dropped unfinished is finished by the dispatcher.

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
        let Some(work) = self.work.as_mut() else { return Poll::Pending };
        let polled = work.poll_unpin(context);
        if polled.is_ready() {
            self.work = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Through<T> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take().filter(|_| self.begun) {
            self.shared.order(Order::Finish(work.map(drop).boxed()));
        }
    }
}
