//! How PostgreSQL is reached, and what a store does when it is not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod door;

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use door::Door;
use futures::executor::block_on;
use posthorn_store::conformance::faults;
use posthorn_store::conformance::throw_away::{database, end_sessions, run};
use posthorn_store::postgres::{Options, Postgres};
use posthorn_store::{Fault, FaultPoint, Faults, Store, StoreError};

fn open(url: &str) -> Arc<Postgres> {
    Arc::new(Postgres::open(&Options::new(url)).unwrap())
}

#[test]
fn sessions_that_are_ended_again_and_again_fail_no_call() {
    let url = database();
    let store = open(&url);
    let (cut, cuts) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| cuts.into_iter().for_each(|()| end_sessions(&url)));
        faults::what_is_cut_off_is_done_again_and_only_once(store, move || cut.send(()).unwrap());
    });
}

#[test]
fn a_session_that_ends_before_its_commit_is_made_again_and_the_verb_with_it() {
    let url = database();
    let (theirs, next) = (url.clone(), Arc::<Mutex<bool>>::default());
    let armed = next.clone();
    let faults: Faults = Box::new(move |point| {
        if point == FaultPoint::BeforeCommit && std::mem::take(&mut *armed.lock().unwrap()) {
            // On a thread of its own: this one has a runtime already.
            std::thread::scope(|scope| scope.spawn(|| end_sessions(&theirs)).join().unwrap());
        }
        Fault::None
    });
    let store = Arc::new(Postgres::open_with(&Options::new(&url), faults).unwrap());
    let cut = move || *next.lock().unwrap() = true;
    faults::what_is_cut_off_is_done_again_and_only_once(store, cut);
}

#[test]
fn a_server_that_is_away_for_a_moment_is_waited_for() {
    let mut door = Door::open();
    let store = open(&door.leading_to(&database()));
    block_on(store.put_value("before", b"1".to_vec(), false)).unwrap();
    door.shut();
    let (tell, told) = mpsc::channel();
    let (reader, also_tell) = (store.clone(), tell.clone());
    let write = std::thread::spawn(move || {
        tell.send(block_on(store.put_value("during", b"2".to_vec(), false))).unwrap();
    });
    let read = std::thread::spawn(move || {
        also_tell.send(block_on(reader.value("before")).map(|value| value.unwrap())).unwrap();
    });
    let early = told.recv_timeout(Duration::from_millis(300));
    assert_eq!(early, Err(mpsc::RecvTimeoutError::Timeout), "they wait");
    door.open_again();
    let mut answers = [told.recv().unwrap().unwrap(), told.recv().unwrap().unwrap()];
    answers.sort();
    assert_eq!(answers, [b"1".to_vec(), b"2".to_vec()]);
    write.join().unwrap();
    read.join().unwrap();
}

#[test]
fn a_server_that_stays_away_is_told_of_within_seconds() {
    let mut door = Door::open();
    let store = open(&door.leading_to(&database()));
    door.shut();
    let (tell, told) = mpsc::channel();
    let asking = std::thread::spawn(move || tell.send(block_on(store.last_event())).unwrap());
    let answer = told.recv_timeout(Duration::from_secs(15)).unwrap();
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    asking.join().unwrap();
}

#[test]
fn a_write_that_takes_longer_than_it_may_is_undone_and_told_of() {
    let url = database();
    let options = Options { write_within: Duration::from_millis(100), ..Options::new(&url) };
    let store = Arc::new(Postgres::open(&options).unwrap());
    run(&url, "alter table posthorn.deployment add check (pg_sleep(1) is not null)");
    let answer = block_on(store.put_value("slow", Vec::new(), false));
    let detail = "it took longer than it may; ask for less, or try again later".to_owned();
    assert_eq!(answer, Err(StoreError::Unavailable { detail }));
}
