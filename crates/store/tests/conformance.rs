//! The conformance suite on SQLite: with its threads, and inline as the simulator runs it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use posthorn_store::conformance::faults::{self, Perishable};
use posthorn_store::sqlite::{Options, Sqlite};
use posthorn_store::{Fault, FaultPoint, Store};

mod threaded {
    use super::{Arc, Options, Sqlite, Store};

    /// The directory is deleted while it is open: the system keeps the files as long as they are.
    fn fresh() -> Arc<dyn Store> {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { ballast_bytes: 4096, ..Options::default() };
        Arc::new(Sqlite::open(dir.path(), &options).unwrap())
    }

    posthorn_store::conformance!(super::fresh);
}

mod inline {
    use super::{Arc, Fault, Sqlite, Store};

    fn fresh() -> Arc<dyn Store> {
        Arc::new(Sqlite::inline(Box::new(|_| Fault::None)).unwrap())
    }

    posthorn_store::conformance!(super::fresh);
}

/// The inline store, with the fault that is to strike next.
struct Victim {
    now: Mutex<Arc<Sqlite>>,
    next: Arc<Mutex<Option<(FaultPoint, Fault)>>>,
}

impl Victim {
    fn new() -> Self {
        let next = Arc::default();
        let store = Sqlite::inline(Self::faults(&next)).unwrap();
        Self { now: Mutex::new(Arc::new(store)), next }
    }

    fn faults(next: &Arc<Mutex<Option<(FaultPoint, Fault)>>>) -> posthorn_store::Faults {
        let next = next.clone();
        Box::new(move |point| {
            let mut next = next.lock().unwrap();
            match *next {
                Some((when, fault)) if when == point => {
                    *next = None;
                    fault
                }
                Some(_) | None => Fault::None,
            }
        })
    }
}

impl Perishable for Victim {
    fn store(&self) -> Arc<dyn Store> {
        self.now.lock().unwrap().clone()
    }

    fn crash_at(&self, point: FaultPoint) {
        *self.next.lock().unwrap() = Some((point, Fault::Crash));
    }

    fn fail_at(&self, point: FaultPoint) {
        *self.next.lock().unwrap() = Some((point, Fault::Fail));
    }

    fn restart(&self) -> Arc<dyn Store> {
        let mut now = self.now.lock().unwrap();
        let reborn = now.deref().reopen(Self::faults(&self.next)).unwrap();
        *now = Arc::new(reborn);
        now.clone()
    }
}

#[test]
fn what_was_not_committed_is_gone_after_a_crash() {
    faults::what_was_not_committed_is_gone_after_a_crash(&Victim::new());
}

#[test]
fn what_was_committed_stays_after_a_crash_that_swallowed_the_answer() {
    faults::what_was_committed_stays_after_a_crash_that_swallowed_the_answer(&Victim::new());
}

#[test]
fn a_settlement_whose_answer_was_lost_is_told_again_and_done() {
    faults::a_settlement_whose_answer_was_lost_is_told_again_and_done(&Victim::new());
}

#[test]
fn a_failed_write_is_undone_and_can_be_repeated() {
    faults::a_failed_write_is_undone_and_can_be_repeated(&Victim::new());
}

#[test]
fn forgetting_that_is_cut_off_loses_nothing_that_is_kept() {
    faults::forgetting_that_is_cut_off_loses_nothing_that_is_kept(&Victim::new());
}
