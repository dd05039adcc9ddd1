//! Databases for tests, on a server that is thrown away after them.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

/// Where `./x test` says its PostgreSQL is: a URL without a database.
pub const SERVER: &str = "TEST_POSTGRES";

/// Where `./x test` says its `PgBouncer` is, which lends sessions out for a transaction.
pub const POOLER: &str = "TEST_PGBOUNCER";

/// A new, empty PostgreSQL database; answers its URL.
#[must_use]
pub fn database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("t_{}_{number}", std::process::id());
    let server = given(SERVER);
    run(&format!("{server}/postgres"), &format!("create database {name}"));
    format!("{server}/{name}")
}

/// Ends every session on a database that [`database`] made.
pub fn end_sessions(url: &str) {
    let (server, name) = url.rsplit_once('/').expect("a URL with a database");
    run(&format!("{server}/postgres"), &format!("{END} where datname = '{name}'"));
}

/// The same database through the pooler.
#[must_use]
pub fn through_pooler(url: &str) -> String {
    let (_, name) = url.rsplit_once('/').expect("a URL with a database");
    format!("{}/{name}", given(POOLER))
}

const END: &str = "select pg_terminate_backend(pid) from pg_stat_activity";

#[expect(clippy::disallowed_methods, reason = "it configures tests, not the program")]
fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run ./x test, which starts a PostgreSQL for the tests")
    })
}

/// Runs something in a database behind the backs of those who use it.
///
/// # Panics
/// Where the database refuses.
pub fn run(url: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let connected = tokio_postgres::connect(url, NoTls).await;
        let (client, connection) = connected.expect("the tests' PostgreSQL is there");
        let work = async move { client.batch_execute(sql).await };
        let (done, ended) = futures::join!(work, connection);
        done.and(ended).expect("its owner may do everything");
    });
}
