//! The conformance suite on PostgreSQL: each story on a database of its own.
//!
//! `./x test` starts a throw-away server and says in `TEST_POSTGRES` where it is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};

use futures::executor::block_on;

use posthorn_store::conformance::company::{self, Servers};
use posthorn_store::conformance::faults::{self, Perishable};
use posthorn_store::conformance::throw_away::{database, end_sessions, run};
use posthorn_store::postgres::{Options, Postgres};
use posthorn_store::{Fault, FaultPoint, Faults, Store};

fn fresh() -> Arc<dyn Store> {
    Arc::new(Postgres::open(&Options::new(&database())).unwrap())
}

mod stories {
    posthorn_store::conformance!(super::super::fresh);
}

/// A store with the fault that is to strike next.
struct Victim {
    url: String,
    now: Mutex<Arc<Postgres>>,
    next: Arc<Mutex<Option<(FaultPoint, Fault)>>>,
}

impl Victim {
    fn new() -> Self {
        let (url, next) = (database(), Arc::default());
        let now = Mutex::new(Self::open(&url, &next));
        Self { url, now, next }
    }

    fn open(url: &str, next: &Arc<Mutex<Option<(FaultPoint, Fault)>>>) -> Arc<Postgres> {
        let next = next.clone();
        let faults: Faults = Box::new(move |point| {
            let mut next = next.lock().unwrap();
            match *next {
                Some((when, fault)) if when == point => {
                    *next = None;
                    fault
                }
                Some(_) | None => Fault::None,
            }
        });
        Arc::new(Postgres::open_with(&Options::new(url), faults).unwrap())
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
        // One server at a time: the one before dies, if it has not yet.
        self.crash_at(FaultPoint::BeforeBegin);
        let _dead = block_on(now.put_value("dies", Vec::new(), false));
        *self.next.lock().unwrap() = None;
        *now = Self::open(&self.url, &self.next);
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

/// Servers that share a database of their own.
struct Crowd {
    url: String,
}

impl Servers for Crowd {
    fn begin(&self) -> Arc<dyn Store> {
        Arc::new(Postgres::open(&Options::new(&self.url)).unwrap())
    }

    fn pass(&self, seconds: i64) {
        run(&self.url, &format!("update posthorn.nodes set seen = seen - {seconds} * 1000"));
    }

    fn run(&self, sql: &str) {
        run(&self.url, sql);
    }

    fn end_sessions(&self) {
        end_sessions(&self.url);
    }
}

macro_rules! company {
    ($($story:ident)*) => {
        $(
            #[test]
            fn $story() {
                company::$story(&Crowd { url: database() });
            }
        )*
    };
}

company! {
    the_first_server_is_alone_and_each_has_a_node_of_its_own
    what_one_server_changes_all_hear_of_once
    a_server_is_told_when_another_changes_something
    a_server_that_fell_silent_writes_nothing_until_it_begins_anew
    what_was_made_before_a_silence_is_not_written_below_what_others_have_read
    a_server_that_lost_its_session_and_lives_is_company
    a_server_whose_clock_is_minutes_away_is_refused
    a_clock_is_advanced_by_one_server_at_a_time
    the_node_of_a_server_that_is_gone_is_given_to_another
    nobody_writes_below_what_the_others_take_for_settled
    a_job_is_at_one_server_until_that_is_gone
    a_lease_is_by_the_clock_of_the_database
}

#[test]
fn forgetting_that_is_cut_off_loses_nothing_that_is_kept() {
    faults::forgetting_that_is_cut_off_loses_nothing_that_is_kept(&Victim::new());
}
