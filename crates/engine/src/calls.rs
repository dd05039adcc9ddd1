//! Calls of the API that were answered and are not yet written down: a bounded buffer that costs whoever answers next to nothing.
//!
//! A call is put in as it was seen, secrets and all; what is kept of it is decided when it is taken out (`crate::history`). Nothing of
//! it lives longer than a second or so here. Where little room is left, calls are put in without their bodies, so that many large answers
//! in a short time cost bodies and not calls.

mod packing;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use posthorn_core::history::{BLOCK_CALLS_MAX, BLOCK_SPAN_MS_MAX, By, Owner};
use posthorn_core::id::EventId;
use tokio::sync::Notify;

pub(crate) use packing::Unwritten;

/// Calls that are held, at most.
const CALLS_MAX: usize = 2 * BLOCK_CALLS_MAX;
/// Their bytes, at most, as they were seen.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// Where so many are held, calls are put in without their bodies.
const WITH_BODIES_BYTES_MAX: usize = BYTES_MAX / 4 * 3;
/// Bytes that are packed into one block, at most (and what one call is over it).
const PORTION_BYTES_MAX: usize = BYTES_MAX / 2;

/// A call as it was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Whose it is.
    pub owner: Owner,
    /// Who made it.
    pub by: By,
    /// The method.
    pub method: &'static str,
    /// Its texts.
    pub texts: Texts,
    /// Where it came from.
    pub peer: Option<IpAddr>,
    /// What was answered.
    pub status: u16,
    /// The code of the error that was answered.
    pub code: Option<&'static str>,
    /// What was sent.
    pub request: SeenBody,
    /// What was answered.
    pub response: SeenBody,
    /// The events that were made of it: they hold what was sent, and no body is needed.
    pub events: Vec<EventId>,
}

/// In a box, so that a list that grows while it is locked moves little.
pub(crate) type BoxedSeen = Box<Seen>;

/// A body as it was seen.
#[derive(Debug, Clone, Default)]
pub struct SeenBody {
    /// How many bytes it had.
    pub bytes: u64,
    /// The bytes, where they are to be looked at.
    pub whole: Option<Bytes>,
}

/// The texts of a call, in one piece: its id, path, user agent, idempotency key and content type.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    all: String,
    ends: [usize; 5],
}

impl Texts {
    /// Puts texts together; one that is missing is empty.
    #[must_use]
    pub fn of(texts: [&str; 5]) -> Self {
        let mut all = String::with_capacity(texts.iter().map(|text| text.len()).sum());
        let ends = texts.map(|text| {
            all.push_str(text);
            all.len()
        });
        Self { all, ends }
    }

    /// Takes them apart.
    #[must_use]
    pub fn parts(&self) -> [&str; 5] {
        let mut from = 0;
        self.ends.map(|end| {
            let text = self.all.get(from..end).unwrap_or_default();
            from = end;
            text
        })
    }
}

impl Seen {
    /// Its request id.
    pub(crate) fn id(&self) -> &str {
        let [id, ..] = self.texts.parts();
        id
    }

    /// Its path, with its query.
    pub(crate) fn path(&self) -> &str {
        let [_, path, ..] = self.texts.parts();
        path
    }

    /// The bodies are not kept; how many bytes they had is.
    fn without_bodies(&mut self) {
        (self.request.whole, self.response.whole) = (None, None);
    }

    fn weight(&self) -> usize {
        let body = |body: &SeenBody| body.whole.as_ref().map_or(0, Bytes::len);
        size_of::<Self>()
            + self.texts.all.len()
            + body(&self.request)
            + body(&self.response)
            + size_of_val(self.events.as_slice())
    }
}

/// Calls that are to be written down.
#[derive(Default)]
pub(crate) struct Calls {
    waiting: Mutex<Waiting>,
    /// Rings when there is something to write.
    pub(crate) bell: Notify,
    /// Rings when it should be written soon.
    pub(crate) full: Notify,
}

#[derive(Default)]
struct Waiting {
    calls: Vec<BoxedSeen>,
    /// Of all that are held, also of those that are being written.
    held: usize,
    bytes: usize,
}

impl Calls {
    /// Puts one in, without its bodies if these have no room; `false`: there is none for the call.
    pub(crate) fn put(&self, mut seen: Box<Seen>) -> bool {
        let mut weight = seen.weight();
        let mut waiting = self.lock();
        if waiting.bytes + weight > WITH_BODIES_BYTES_MAX {
            seen.without_bodies();
            weight = seen.weight();
        }
        if waiting.held >= CALLS_MAX || waiting.bytes + weight > BYTES_MAX {
            return false;
        }
        let half =
            |waiting: &Waiting| waiting.bytes > BYTES_MAX / 2 || waiting.held > CALLS_MAX / 2;
        let (is_first, was_half) = (waiting.calls.is_empty(), half(&waiting));
        waiting.bytes += weight;
        waiting.held += 1;
        waiting.calls.push(seen);
        let is_half = half(&waiting);
        drop(waiting);
        if is_first {
            self.bell.notify_one();
        }
        if is_half && !was_half {
            self.full.notify_one();
        }
        true
    }

    /// Takes all that wait; they are held until [`Calls::written`] says otherwise.
    pub(crate) fn take(&self) -> Vec<BoxedSeen> {
        std::mem::take(&mut self.lock().calls)
    }

    /// Whether one of those that wait is such a one.
    pub(crate) fn any(&self, is_one: impl Fn(&Seen) -> bool) -> bool {
        self.lock().calls.iter().any(|seen| is_one(seen))
    }

    /// So many calls, and their bytes, are held no longer.
    pub(crate) fn written(&self, portion: &Portion) {
        let mut waiting = self.lock();
        waiting.held = waiting.held.saturating_sub(portion.calls.len());
        waiting.bytes = waiting.bytes.saturating_sub(portion.bytes);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As many calls as make one block.
pub(crate) struct Portion {
    pub(crate) calls: Vec<BoxedSeen>,
    bytes: usize,
}

/// Whoever writes: one at a time, so that whoever reads finds all that was answered before.
pub(crate) type Writing = tokio::sync::Mutex<Unwritten>;

/// The first portion of calls; the rest is left.
pub(crate) fn portion(left: &mut Vec<BoxedSeen>) -> Option<Portion> {
    let (mut bytes, mut first, mut last) = (0, i64::MAX, i64::MIN);
    let fits = |seen: &&BoxedSeen| {
        let ms = seen.at.as_millisecond();
        (first, last) = (first.min(ms), last.max(ms));
        bytes += seen.weight();
        bytes <= PORTION_BYTES_MAX && last.saturating_sub(first) <= BLOCK_SPAN_MS_MAX
    };
    let count = left.iter().take(BLOCK_CALLS_MAX).take_while(fits);
    let count = count.count().max(1).min(left.len());
    if count == 0 {
        return None;
    }
    let rest = left.split_off(count);
    let calls = std::mem::replace(left, rest);
    let bytes = calls.iter().map(|seen| seen.weight()).sum();
    Some(Portion { calls, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn seen(second: i64, bytes: usize) -> Box<Seen> {
        Box::new(Seen {
            at: Timestamp::from_second(second).unwrap(),
            took: Duration::ZERO,
            owner: None,
            by: By::Nobody,
            method: "GET",
            texts: Texts::of(["req_1", "/", "", "k", ""]),
            peer: None,
            status: 200,
            code: None,
            request: SeenBody { whole: Some(vec![0; bytes].into()), ..SeenBody::default() },
            response: SeenBody::default(),
            events: Vec::new(),
        })
    }

    #[test]
    fn texts_come_apart_as_they_went_together() {
        assert_eq!(seen(0, 0).texts.parts(), ["req_1", "/", "", "k", ""]);
    }

    #[test]
    fn what_is_held_is_bounded_until_it_is_written() {
        let calls = Calls::default();
        let has_body = |seen: &BoxedSeen| seen.request.whole.is_some();
        let one = WITH_BODIES_BYTES_MAX / 3;
        assert!((0..3).all(|second| calls.put(seen(second, one))));
        let mut taken = calls.take();
        let bodies: Vec<bool> = taken.iter().map(has_body).collect();
        assert_eq!(bodies, [true, true, false], "a third has no room with what is around it");
        assert!(calls.put(seen(3, one)));
        assert!(!has_body(&calls.take()[0]), "the first two are still held");
        let first = portion(&mut taken).unwrap();
        assert_eq!((first.calls.len(), taken.len()), (1, 2));
        calls.written(&first);
        assert!(calls.put(seen(3, one)));
        assert!(has_body(&calls.take()[0]));
    }

    #[test]
    fn bodies_cost_no_call_its_place() {
        let calls = Calls::default();
        let put = (0..4096).filter(|second| calls.put(seen(*second, 64 * 1024))).count();
        assert_eq!(put, 4096);
    }

    #[test]
    fn a_block_reaches_no_further_than_it_is_looked_for() {
        let span = BLOCK_SPAN_MS_MAX / 1000;
        let mut left = [0, span, span + 1, span + 2].map(|second| seen(second, 0)).into();
        assert_eq!(portion(&mut left).unwrap().calls.len(), 2);
        assert_eq!(portion(&mut left).unwrap().calls.len(), 2);
        assert!(portion(&mut left).is_none());
    }
}
