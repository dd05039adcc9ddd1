//! The writer's queue: two lanes, bounded, and the wait that makes commits large.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::job::Job;
use crate::StoreError;
use crate::backend::Lane;
use crate::bounds::{WAITING_BYTES_MAX, WAITING_VERBS_MAX};

/// Verbs in one commit, at most.
const BATCH_VERBS_MAX: usize = 512;
/// Bytes in one commit, roughly at most.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;
/// With fewer verbs since the last commit began there is nothing to wait for: they are better off at once, and the
/// processor has time for it.
const BUSY_FROM: usize = 16;
/// A commit that waits does so until there are this many verbs …
const WORTHWHILE: usize = 64;
/// … or for this long.
const WAIT_MAX: Duration = Duration::from_micros(500);

type Batch = Vec<Box<dyn Job>>;

/// Verbs that wait for the writer.
pub(super) struct Queue {
    lanes: Mutex<Lanes>,
    bell: Condvar,
}

#[derive(Default)]
struct Lanes {
    reserved: VecDeque<Box<dyn Job>>,
    ordinary: VecDeque<Box<dyn Job>>,
    ordinary_bytes: usize,
    /// Verbs that came since the last commit began.
    arrived: usize,
    closed: bool,
    listening: Listening,
}

/// What the writer wants to be woken for.
#[derive(Default, PartialEq)]
enum Listening {
    #[default]
    Nothing,
    Anything,
    Worthwhile,
}

impl Lanes {
    fn waiting(&self) -> usize {
        self.reserved.len() + self.ordinary.len()
    }

    fn should_ring(&self) -> bool {
        match self.listening {
            Listening::Nothing => false,
            Listening::Anything => true,
            Listening::Worthwhile => self.waiting() >= WORTHWHILE,
        }
    }
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { lanes: Mutex::default(), bell: Condvar::new() }
    }

    /// Puts a verb in its lane.
    pub(super) fn push(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let mut lanes = self.lanes();
        if lanes.closed {
            return Err(StoreError::Closed);
        }
        match job.lane() {
            Lane::Reserved => lanes.reserved.push_back(job),
            Lane::Ordinary => {
                let bytes = lanes.ordinary_bytes + job.bytes();
                // An empty lane takes anything: what is larger than the lane would wait for ever.
                let full = lanes.ordinary.len() >= WAITING_VERBS_MAX
                    || (bytes > WAITING_BYTES_MAX && !lanes.ordinary.is_empty());
                if full {
                    let detail = "more is written than the disk takes; try again later".into();
                    return Err(StoreError::Unavailable { detail });
                }
                lanes.ordinary_bytes = bytes;
                lanes.ordinary.push_back(job);
            }
        }
        lanes.arrived += 1;
        if lanes.should_ring() {
            self.bell.notify_one();
        }
        Ok(())
    }

    /// The verbs of the next commit: waits for the first, and when there is a crowd for more of it.
    /// `None` when the queue is closed and empty.
    pub(super) fn take(&self) -> Option<Batch> {
        let mut lanes = self.lanes();
        lanes.listening = Listening::Anything;
        let idle = |lanes: &mut Lanes| lanes.waiting() == 0 && !lanes.closed;
        lanes = self.bell.wait_while(lanes, idle).unwrap_or_else(PoisonError::into_inner);
        if lanes.arrived >= BUSY_FROM && lanes.waiting() < WORTHWHILE {
            lanes.listening = Listening::Worthwhile;
            let few = |lanes: &mut Lanes| lanes.waiting() < WORTHWHILE && !lanes.closed;
            let waited = self.bell.wait_timeout_while(lanes, WAIT_MAX, few);
            lanes = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        lanes.listening = Listening::Nothing;
        lanes.arrived = 0;
        let batch = lanes.batch();
        (!batch.is_empty()).then_some(batch)
    }

    /// Takes no more; what waits is still served.
    pub(super) fn close(&self) {
        self.lanes().closed = true;
        self.bell.notify_all();
    }

    /// Takes no more, and forgets what waits: its callers learn that the store is closed.
    pub(super) fn abandon(&self) {
        self.close();
        let mut lanes = self.lanes();
        lanes.reserved.clear();
        lanes.ordinary.clear();
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lanes {
    fn batch(&mut self) -> Batch {
        let mut batch = Batch::new();
        let mut bytes = 0;
        while batch.len() < BATCH_VERBS_MAX && (bytes < BATCH_BYTES_MAX || batch.is_empty()) {
            let job = match self.reserved.pop_front() {
                Some(job) => job,
                None => match self.ordinary.pop_front() {
                    Some(job) => {
                        self.ordinary_bytes = self.ordinary_bytes.saturating_sub(job.bytes());
                        job
                    }
                    None => break,
                },
            };
            bytes += job.bytes();
            batch.push(job);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::trouble::Trouble;
    use rusqlite::Connection;

    struct Verb(Lane, usize);

    impl Job for Verb {
        fn apply(&mut self, _: &Connection) -> Result<(), Trouble> {
            Ok(())
        }
        fn refuse(&mut self, _: StoreError) {}
        fn answer(self: Box<Self>) {}
        fn lane(&self) -> Lane {
            self.0
        }
        fn bytes(&self) -> usize {
            self.1
        }
    }

    fn push(queue: &Queue, lane: Lane, bytes: usize) -> Result<(), StoreError> {
        queue.push(Box::new(Verb(lane, bytes)))
    }

    #[test]
    fn settlements_are_drained_before_accepts() {
        let queue = Queue::new();
        push(&queue, Lane::Ordinary, 1).unwrap();
        push(&queue, Lane::Reserved, 1).unwrap();
        let lanes: Vec<_> = queue.take().unwrap().iter().map(|job| job.lane()).collect();
        assert_eq!(lanes, [Lane::Reserved, Lane::Ordinary]);
    }

    #[test]
    fn a_commit_has_at_most_512_verbs_and_about_4_mebibytes() {
        let queue = Queue::new();
        for _ in 0..600 {
            push(&queue, Lane::Ordinary, 10).unwrap();
        }
        assert_eq!(queue.take().unwrap().len(), 512);
        assert_eq!(queue.take().unwrap().len(), 88);
        for _ in 0..10 {
            push(&queue, Lane::Ordinary, 1024 * 1024).unwrap();
        }
        assert_eq!(queue.take().unwrap().len(), 4);
    }

    #[test]
    fn a_full_ordinary_lane_refuses_and_leaves_the_reserved_one_open() {
        let queue = Queue::new();
        push(&queue, Lane::Ordinary, WAITING_BYTES_MAX).unwrap();
        let refused = push(&queue, Lane::Ordinary, 1);
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })));
        assert_eq!(push(&queue, Lane::Reserved, 1), Ok(()));
    }

    #[test]
    fn an_empty_ordinary_lane_takes_a_verb_of_any_size_and_then_nothing_beside_it() {
        let queue = Queue::new();
        assert_eq!(push(&queue, Lane::Ordinary, WAITING_BYTES_MAX + 1), Ok(()));
        let refused = push(&queue, Lane::Ordinary, 1);
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })));
        assert_eq!(queue.take().map(|batch| batch.len()), Some(1));
        assert_eq!(push(&queue, Lane::Ordinary, 1), Ok(()));
    }

    #[test]
    fn a_closed_queue_serves_what_waits_and_takes_no_more() {
        let queue = Queue::new();
        push(&queue, Lane::Ordinary, 1).unwrap();
        queue.close();
        assert_eq!(push(&queue, Lane::Reserved, 1), Err(StoreError::Closed));
        assert_eq!(queue.take().map(|batch| batch.len()), Some(1));
        assert!(queue.take().is_none());
    }

    #[test]
    fn an_abandoned_queue_forgets_what_waits() {
        let queue = Queue::new();
        push(&queue, Lane::Ordinary, 1).unwrap();
        queue.abandon();
        assert!(queue.take().is_none());
    }
}
