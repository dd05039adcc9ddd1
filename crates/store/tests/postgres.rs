//! The conformance suite on PostgreSQL: each story on a database of its own.
//!
//! `./x test` starts a throw-away server and says in `TEST_POSTGRES` where it is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use posthorn_store::Store;
use posthorn_store::conformance::company::Servers;
use posthorn_store::conformance::faults::Victim;
use posthorn_store::conformance::throw_away::{database, end_sessions, run};
use posthorn_store::postgres::{Options, Postgres};

fn fresh() -> Arc<dyn Store> {
    Arc::new(Postgres::open(&Options::new(&database())).unwrap())
}

mod stories {
    posthorn_store::conformance!(super::super::fresh);
}

fn victim() -> Victim<Postgres> {
    let url = database();
    Victim::new(move |_, faults| Postgres::open_with(&Options::new(&url), faults).unwrap())
}

posthorn_store::faults!(victim);

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

fn crowd() -> Crowd {
    Crowd { url: database() }
}

posthorn_store::company!(crowd);
