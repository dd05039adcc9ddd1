//! Stories of a database that is held up: what waits is bounded, what finishes work under way is taken all
//! the same, and all of it is done when it goes on.

use std::sync::mpsc;
use std::time::Duration;

use futures::executor::block_on;
use futures::future::join_all;

use super::{Options, Postgres, Transaction};
use crate::backend::Backend;
use crate::backend::Lane::{Ordinary, Reserved};
use crate::conformance::throw_away::{database, holding, lines};
use crate::db::{Db, values};
use crate::{Answer, Store, StoreError, statements};

/// As much as may wait to be written.
const BYTES: usize = 64 * 1024 * 1024;
/// As many reads as may wait.
const READS: usize = 4096;
const HOLD: &str = "lock table posthorn.deployment in access exclusive mode";

/// A store that waits for as long as it takes, and the bounds that it tells of.
fn telling(url: &str) -> (Postgres, mpsc::Receiver<&'static str>) {
    let minute = Duration::from_mins(1);
    let options = Options { write_within: minute, read_within: minute, ..Options::new(url) };
    let store = Postgres::open(&options).unwrap();
    let (tell, told) = mpsc::channel();
    store.tell_bounds(move |bound| tell.send(bound).unwrap());
    (store, told)
}

fn write<'a>(store: &'a Postgres, lane: super::Lane, bytes: usize, name: &str) -> Answer<'a, u64> {
    let name = name.to_owned();
    store.write(lane, bytes, async move |db: &Transaction| {
        db.run(statements::VALUE_PUT, values![name.as_str(), [1_u8]]).await
    })
}

fn is_put_off<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable { .. }))
}

#[test]
fn past_the_bound_of_writes_the_next_is_refused_at_once_and_those_that_wait_are_done() {
    let url = database();
    let (store, told) = telling(&url);
    let waiting = holding(&url, HOLD, || {
        let waiting = [write(&store, Ordinary, BYTES, "a"), write(&store, Reserved, BYTES, "b")];
        let refused = block_on(write(&store, Ordinary, 1, "c"));
        assert!(is_put_off(&refused), "{refused:?}");
        assert!(is_put_off(&block_on(store.health())), "a probe is told too");
        waiting
    });
    assert_eq!(block_on(join_all(waiting)), [Ok(1), Ok(1)]);
    assert_eq!(block_on(write(&store, Ordinary, 1, "d")), Ok(1), "there is room again");
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["write_queue", "write_queue"]);
    let written =
        lines(&url, "select name from posthorn.deployment where length(name) = 1 order by 1");
    assert_eq!(written, ["a", "b", "d"]);
}

#[test]
fn past_the_bound_of_reads_the_next_is_refused_at_once_and_writes_are_taken() {
    let url = database();
    let (store, told) = telling(&url);
    let (reads, written) = holding(&url, HOLD, || {
        let reads: Vec<_> = (0..READS).map(|_| store.value("a")).collect();
        let refused = block_on(store.value("a"));
        assert!(is_put_off(&refused), "{refused:?}");
        (reads, store.put_value("a", vec![7], false))
    });
    // All of them are answered; whoever waited too long for a connection is told to come again.
    let answers = block_on(join_all(reads));
    assert!(answers.iter().all(|answer| answer.is_ok() || is_put_off(answer)), "{answers:?}");
    assert!(answers.iter().any(Result::is_ok));
    let written = block_on(written);
    assert!(written.is_ok() || is_put_off(&written), "{written:?}");
    assert!(block_on(store.value("a")).is_ok(), "there is room again");
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["read_queue"]);
}

#[test]
fn of_two_servers_that_begin_at_once_the_first_value_stands_for_both() {
    let url = database();
    let (one, other) = (telling(&url).0, telling(&url).0);
    // Both may look, and neither may write before both have looked.
    let answers = holding(&url, "lock table posthorn.deployment in share mode", || {
        let answers =
            [one.put_value("pepper", vec![1], false), other.put_value("pepper", vec![2], false)];
        let blocked = "select 'waits' from pg_locks where not granted \
                       and relation = 'posthorn.deployment'::regclass";
        while lines_elsewhere(&url, blocked).len() < 2 {
            std::thread::yield_now();
        }
        answers
    });
    let [told, also] = block_on(join_all(answers)).try_into().unwrap();
    assert_eq!(told, also, "both go by one value");
    assert_eq!(block_on(one.value("pepper")), told.map(Some));
}

/// On a thread of its own: this one has a runtime already.
fn lines_elsewhere(url: &str, query: &str) -> Vec<String> {
    std::thread::scope(|scope| scope.spawn(|| lines(url, query)).join().unwrap())
}
