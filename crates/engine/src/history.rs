//! The request history: written a second after the answers, beside the durable path, and read again.
//!
//! Nothing here is worth making anybody wait: a call that finds no room is dropped and counted (ADR 0014).

mod kept_id;
mod reading;

use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use jiff::{SignedDuration, Timestamp};
use posthorn_core::history::{Asked, Body, Call, pack};
use posthorn_store::StoreError;

use crate::Engine;
use crate::calls::{Calls, Seen, SeenBody, portion};
use crate::redact;
use crate::shared::Shared;

use kept_id::kept_id;
pub use reading::{FoundCall, RequestPage, RequestQuery};

/// How long calls wait for others to be written with them.
const GATHERED_FOR: Duration = Duration::from_secs(1);
/// How often it is told that calls were dropped.
const TOLD_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Blocks that are forgotten in one transaction, at most.
const FORGOTTEN_AT_ONCE: u32 = 16;
/// The longest path, and other text, that is kept of a call, in bytes.
const PATH_BYTES_MAX: usize = 2048;
const TEXT_BYTES_MAX: usize = 256;

impl Engine {
    /// Whether calls are kept at all.
    #[must_use]
    pub fn keeps_requests(&self) -> bool {
        self.shared.options.requests.is_some()
    }

    /// Keeps a call, if there is room.
    pub fn record(&self, seen: Box<Seen>) {
        if !self.shared.calls.put(seen) {
            self.shared.metrics.requests_dropped.inc();
        }
    }

    /// Writes down all calls that were answered by now.
    pub async fn write_history(&self) {
        write(&self.shared).await;
    }
}

/// Rounds without an end.
pub(crate) async fn keep_history(shared: Arc<Shared>) {
    let mut told = Told::default();
    loop {
        shared.calls.bell.notified().await;
        wait(&shared.calls, shared.clock.sleep(GATHERED_FOR)).await;
        if !write(&shared).await {
            // Nobody may call meanwhile, and these are still to be written.
            shared.calls.bell.notify_one();
        }
        told.tell(shared.metrics.requests_dropped.get(), shared.clock.now());
    }
}

async fn wait(calls: &Calls, time: impl Future<Output = ()> + Unpin) {
    let full = calls.full.notified();
    futures::pin_mut!(full);
    match select(time, full).await {
        Either::Left(_) | Either::Right(_) => {}
    }
}

/// What was told of calls that were dropped.
#[derive(Default)]
struct Told {
    dropped: u64,
    at: Option<Timestamp>,
}

impl Told {
    fn tell(&mut self, dropped: u64, now: Timestamp) {
        let is_early = self.at.is_some_and(|at| now.duration_since(at) < TOLD_EVERY);
        if dropped == self.dropped || is_early {
            return;
        }
        let calls = dropped - self.dropped;
        *self = Self { dropped, at: Some(now) };
        tracing::warn!(
            calls,
            "calls are missing from the request history: there was no room for them"
        );
    }
}

/// Writes all that waits; `false`: the database would not take it.
///
/// It may be dropped at any `.await`: what was taken stands in `writing`, and whoever writes next goes on with it.
pub(crate) async fn write(shared: &Arc<Shared>) -> bool {
    let mut unwritten = shared.writing.lock().await;
    unwritten.calls.append(&mut shared.calls.take());
    loop {
        let dropped = unwritten.packed(&shared.calls).await;
        shared.metrics.requests_dropped.inc_by(dropped as u64);
        if let Some((block, portion)) = &unwritten.block {
            if let Err(error) = shared.store.keep_requests(block.clone()).await {
                tracing::warn!(%error, calls = block.calls, "calls could not be written to the request history; they are kept for a later try");
                return false;
            }
            shared.calls.written(portion);
            unwritten.block = None;
        }
        let Some(portion) = portion(&mut unwritten.calls) else { return true };
        let number = i64::from_be_bytes(shared.entropy.bytes());
        let of = Arc::clone(shared);
        unwritten.pack(portion, move |portion| {
            pack(portion.calls.iter().map(|seen| kept(seen, &of.pepper)).collect(), number)
        });
    }
}

/// What is kept of a call.
fn kept(seen: &Seen, pepper: &[u8]) -> Call {
    let [id, path, user_agent, idempotency_key, content_type] = seen.texts.parts();
    let text =
        |text: &str| (!text.is_empty()).then(|| cut(&redact::hidden(text), TEXT_BYTES_MAX).into());
    let body = |body: &SeenBody, kind: &str| Body {
        bytes: body.bytes,
        kept: body.whole.as_ref().map(|bytes| redact::body(bytes, kind)).unwrap_or_default(),
    };
    Call {
        id: kept_id(id, pepper).into(),
        at: seen.at,
        took_us: u64::try_from(seen.took.as_micros()).unwrap_or(u64::MAX),
        owner: seen.owner,
        by: seen.by,
        asked: Asked {
            method: seen.method.into(),
            path: cut(&redact::path(path), PATH_BYTES_MAX).into(),
            peer: seen.peer.map(|peer| peer.to_string().into()),
            user_agent: text(user_agent),
            idempotency_key: text(idempotency_key),
            content_type: text(content_type),
        },
        status: seen.status,
        code: seen.code.map(Into::into),
        request: body(&seen.request, content_type),
        response: body(&seen.response, ""),
        events: seen.events.clone(),
    }
}

/// As much of a text as is kept.
fn cut(text: &str, bytes_max: usize) -> &str {
    let end = (0..=bytes_max.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// Forgets calls that are older than is kept.
pub(crate) async fn forget_requests(
    shared: &Shared,
    kept: SignedDuration,
) -> Result<(), StoreError> {
    let now = shared.clock.now();
    let before = now.checked_sub(kept).unwrap_or(now);
    while shared.store.forget_requests(before, FORGOTTEN_AT_ONCE).await? >= FORGOTTEN_AT_ONCE {
        tokio::task::yield_now().await;
    }
    Ok(())
}
