//! Verbs that share a commit, and what one of them going wrong does to the others.

use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Mutex, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::executor::block_on;
use futures::future::{join_all, select_all};
use futures::task::noop_waker_ref;
use rusqlite::Connection;

use super::trouble::Trouble;
use super::{DiskFailure, Options, Runs, Sqlite};
use crate::backend::Backend;
use crate::backend::Lane::{Ordinary, Reserved};
use crate::db::{Db, values};
use crate::{Answer, Store, StoreError, statements};

/// A question that is never answered.
const ENDLESS: &str = "with recursive n(x) as (select 1 union all select x + 1 from n) \
                       select count(*) from n";

async fn endless(db: &Connection) -> Result<i64, Trouble> {
    Ok(db.query_row(ENDLESS, [], |row| row.get(0))?)
}

fn open(dir: &tempfile::TempDir) -> Sqlite {
    let disk_failure = DiskFailure::Close;
    let options = Options { ballast_bytes: 4096, disk_failure, ..Options::default() };
    Sqlite::open(dir.path(), &options).unwrap()
}

fn put<'s>(store: &'s Sqlite, name: &'static str) -> Answer<'s, Vec<u8>> {
    store.put_value(name, b"here".to_vec(), false)
}

fn there(store: &Sqlite, name: &'static str) -> bool {
    block_on(store.value(name)).unwrap().is_some()
}

fn start<T>(answer: &mut Answer<'_, T>) {
    let polled = answer.as_mut().poll(&mut Context::from_waker(noop_waker_ref()));
    assert!(matches!(polled, Poll::Pending), "the writer is held");
}

/// Holds the writer inside a verb that does `first` and ends once it is told to.
fn hold(
    store: &Sqlite,
    first: impl Fn(&Connection) -> Result<(), Trouble> + Send + 'static,
) -> (Answer<'_, ()>, mpsc::Sender<()>) {
    let (entered, is_entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel();
    let may_leave = Mutex::new(may_leave);
    let mut held: Answer<'_, ()> = store.write(Ordinary, 0, async move |db: &Connection| {
        first(db)?;
        entered.send(()).unwrap();
        may_leave.lock().unwrap().recv().unwrap();
        Ok(())
    });
    start(&mut held);
    is_entered.recv().unwrap();
    (held, leave)
}

/// Runs writes in one batch: the writer is held until all of them wait.
fn together<T>(store: &Sqlite, mut writes: Vec<Answer<'_, T>>) -> Vec<Result<T, StoreError>> {
    let (held, leave) = hold(store, |_| Ok(()));
    writes.iter_mut().for_each(start);
    leave.send(()).unwrap();
    block_on(held).unwrap();
    block_on(join_all(writes))
}

async fn broken(db: &Connection) -> Result<Vec<u8>, Trouble> {
    db.run(statements::VALUE_PUT, values!["broken", [1_u8]]).await?;
    db.execute_batch("insert into no_such_table values (1)")?;
    Ok(Vec::new())
}

async fn refusing_too_late(db: &Connection) -> Result<Vec<u8>, Trouble> {
    db.run(statements::VALUE_PUT, values!["half done", [1_u8]]).await?;
    Err(StoreError::Leased.into())
}

#[test]
fn verbs_that_wait_share_one_commit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let answers = together(&store, vec![put(&store, "a"), put(&store, "b"), put(&store, "c")]);
    assert!(answers.iter().all(Result::is_ok));
    let commits = store.commits().unwrap();
    assert_eq!((commits.commits, commits.verbs), (2, 4), "one held the writer, three shared");
    assert_eq!(commits.sizes.get(..3), Some([1, 0, 1].as_slice()));
}

#[test]
fn a_verb_that_fails_fails_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let bad = store.write(Ordinary, 0, broken);
    let answers = together(&store, vec![put(&store, "a"), bad, put(&store, "b")]);
    assert!(matches!(*answers, [Ok(_), Err(StoreError::Unavailable { .. }), Ok(_)]), "{answers:?}");
    assert!(there(&store, "a") && there(&store, "b") && !there(&store, "broken"));
}

#[test]
fn a_verb_that_refuses_after_it_wrote_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let late = store.write(Ordinary, 0, refusing_too_late);
    let answers = together(&store, vec![put(&store, "a"), late, put(&store, "b")]);
    assert!(matches!(*answers, [Ok(_), Err(StoreError::Leased), Ok(_)]), "{answers:?}");
    assert!(there(&store, "a") && there(&store, "b") && !there(&store, "half done"));
}

#[test]
fn a_refusal_before_any_write_costs_the_others_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let early = store.write(Ordinary, 0, async |_: &Connection| Err(StoreError::Leased.into()));
    let answers = together(&store, vec![put(&store, "a"), early, put(&store, "b")]);
    assert!(matches!(*answers, [Ok(_), Err(StoreError::Leased), Ok(_)]), "{answers:?}");
    assert_eq!(store.commits().unwrap().commits, 2);
}

#[test]
fn a_database_that_another_program_has_locked_is_waited_for_once_for_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let (held, leave) = hold(&store, |db| Ok(db.execute_batch("rollback")?));
    let theirs = Connection::open(dir.path().join("posthorn.db")).unwrap();
    theirs.execute_batch("begin immediate").unwrap();
    let settling = store.write(Reserved, 0, async |_: &Connection| Ok(Vec::new()));
    let mut writes = vec![settling, put(&store, "a"), put(&store, "b")];
    writes.iter_mut().for_each(start);
    leave.send(()).unwrap();
    assert!(block_on(held).is_err(), "its transaction is gone");
    let (first, _, others) = block_on(select_all(writes));
    theirs.execute_batch("rollback").unwrap();
    let answers: Vec<_> = std::iter::once(first).chain(block_on(join_all(others))).collect();
    let detail = "database is locked".to_owned();
    let locked = || Err(StoreError::Unavailable { detail: detail.clone() });
    assert_eq!(answers, [locked(), locked(), locked()], "one wait was enough to know");
    assert!(block_on(put(&store, "c")).is_ok(), "the lock is gone");
}

#[test]
fn a_failed_disk_answers_nobody_and_closes_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let ioerr = || rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(0x40a), None);
    let failing =
        store.write(Ordinary, 0, async move |_: &Connection| Err(Trouble::Failed(ioerr())));
    let answers = together(&store, vec![put(&store, "a"), failing, put(&store, "b")]);
    assert_eq!(
        answers,
        [Err(StoreError::Closed), Err(StoreError::Closed), Err(StoreError::Closed)]
    );
    assert_eq!(block_on(put(&store, "c")), Err(StoreError::Closed));
    drop(store);
    assert!(!there(&open(&dir), "a"), "what was not answered was not written");
}

#[test]
fn a_read_that_takes_longer_than_a_second_is_interrupted_and_the_next_one_served() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let answer =
        block_on(store.read(async |db: &Connection| {
            Ok(db.query_row(ENDLESS, [], |row| row.get::<_, i64>(0))?)
        }));
    let detail = "reading took longer than a second; ask for less".to_owned();
    assert_eq!(answer, Err(StoreError::Unavailable { detail }));
    assert_eq!(block_on(store.last_event()), Ok(None));
}

#[test]
fn a_read_is_interrupted_however_often_a_writer_asks_for_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let Runs::Threads(threads) = &store.runs else { panic!("it was opened from a directory") };
    let ((ended, ends), (done, is_done)) = (mpsc::channel(), mpsc::channel::<()>());
    let answer = std::thread::scope(|scope| {
        scope.spawn(|| ended.send(block_on(store.read(endless))));
        scope.spawn(move || {
            let each = Duration::from_millis(5);
            while is_done.recv_timeout(each) == Err(RecvTimeoutError::Timeout) {
                threads.upkeep.hurry();
            }
        });
        let answer = ends.recv_timeout(Duration::from_secs(10));
        drop(done);
        answer
    });
    assert!(matches!(answer, Ok(Err(StoreError::Unavailable { .. }))), "{answer:?}");
}

/// A store and the bounds that it tells of.
fn telling(dir: &tempfile::TempDir) -> (Sqlite, mpsc::Receiver<&'static str>) {
    let store = open(dir);
    let (tell, told) = mpsc::channel();
    store.tell_bounds(move |bound| tell.send(bound).unwrap());
    (store, told)
}

/// A write that others may be put off for.
fn ordinary(store: &Sqlite) -> Answer<'_, ()> {
    store.write(Ordinary, 1, async |_: &Connection| Ok(()))
}

fn is_put_off<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable { .. }))
}

#[test]
fn a_write_that_finds_its_queue_full_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let (store, told) = telling(&dir);
    let (held, leave) = hold(&store, |_| Ok(()));
    let mut large = store.write(Ordinary, 64 * 1024 * 1024, async |_: &Connection| Ok(()));
    start(&mut large);
    assert!(is_put_off(&block_on(ordinary(&store))));
    leave.send(()).unwrap();
    block_on(held).unwrap();
    block_on(large).unwrap();
    assert_eq!(block_on(ordinary(&store)), Ok(()));
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["write_queue"]);
}

#[test]
fn a_read_that_finds_its_queue_full_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let (store, told) = telling(&dir);
    let (entered, is_entered) = mpsc::channel();
    let gates: Vec<mpsc::Sender<()>> = (0..Options::default().readers)
        .map(|_| {
            let (entered, (leave, may_leave)) = (entered.clone(), mpsc::channel());
            let mut held: Answer<'_, ()> = store.read(async move |_: &Connection| {
                entered.send(()).unwrap();
                let _told_by_hanging_up = may_leave.recv();
                Ok(())
            });
            start(&mut held);
            is_entered.recv().unwrap();
            leave
        })
        .collect();
    let mut waiting: Vec<_> = (0..4096).map(|_| store.last_event()).collect();
    waiting.iter_mut().for_each(start);
    assert!(is_put_off(&block_on(store.last_event())));
    drop(gates);
    assert!(block_on(join_all(waiting)).iter().all(|answer| *answer == Ok(None)));
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["read_queue"]);
}

#[test]
fn what_a_log_that_cannot_be_emptied_refuses_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let (store, told) = telling(&dir);
    let Runs::Threads(threads) = &store.runs else { panic!("it was opened from a directory") };
    threads.gauges.log_pinned.store(true, Ordering::Relaxed);
    assert!(is_put_off(&block_on(ordinary(&store))));
    assert_eq!(block_on(ordinary(&store)), Ok(()), "the writer has emptied it");
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["log"]);
}

#[test]
fn a_caller_that_goes_away_leaves_its_write_done() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    {
        let mut impatient = put(&store, "a");
        let _ = impatient.as_mut().poll(&mut Context::from_waker(noop_waker_ref()));
    }
    block_on(put(&store, "b")).unwrap();
    assert!(there(&store, "a"));
}

#[test]
fn the_log_is_emptied_behind_the_writes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let bytes = vec![7; 1024 * 1024];
    for _ in 0..64 {
        block_on(store.put_value("large", bytes.clone(), true)).unwrap();
    }
    let log = block_on(store.health()).unwrap();
    assert!(log < 40 * 1024 * 1024, "64 MiB were written; the log has {log} bytes");
    drop(store);
    let left = std::fs::metadata(dir.path().join("posthorn.db-wal")).map_or(0, |file| file.len());
    assert_eq!(left, 0, "a store that was closed leaves no log");
}
