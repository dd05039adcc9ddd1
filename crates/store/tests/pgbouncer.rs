//! The conformance suite on PostgreSQL through `PgBouncer`, which lends a session out for a transaction.
//!
//! `./x test` starts one before its throw-away server and says in `TEST_PGBOUNCER` where it is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, mpsc};

use futures::executor::block_on;
use posthorn_store::Store;
use posthorn_store::conformance::faults;
use posthorn_store::conformance::throw_away::{database, end_sessions, through_pooler};
use posthorn_store::postgres::{Options, Pooler, Postgres};

fn options(url: &str) -> Options {
    Options {
        pooler: Pooler::Transaction,
        direct: Some(url.to_owned()),
        ..Options::new(&through_pooler(url))
    }
}

fn fresh() -> Arc<dyn Store> {
    Arc::new(Postgres::open(&options(&database())).unwrap())
}

mod stories {
    posthorn_store::conformance!(super::super::fresh);
}

#[test]
fn sessions_that_are_ended_behind_the_pooler_fail_no_call() {
    let url = database();
    let store = Arc::new(Postgres::open(&options(&url)).unwrap());
    let (cut, cuts) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| cuts.into_iter().for_each(|()| end_sessions(&url)));
        faults::what_is_cut_off_is_done_again_and_only_once(store, move || cut.send(()).unwrap());
    });
}

#[test]
fn a_store_behind_a_pooler_works_without_a_way_of_its_own() {
    let options = Options { direct: None, ..options(&database()) };
    let store = Postgres::open(&options).unwrap();
    assert_eq!(block_on(store.last_event()), Ok(None));
    assert_eq!(block_on(store.put_value("v", b"1".to_vec(), false)), Ok(b"1".to_vec()));
}
