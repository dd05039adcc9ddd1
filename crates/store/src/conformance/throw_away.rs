//! Databases for tests, on a server that is thrown away after them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

/// Where `./x test` says its PostgreSQL is: a URL without a database.
pub const SERVER: &str = "TEST_POSTGRES";

/// Where `./x test` says its `PgBouncer` is, which lends sessions out for a transaction.
pub const POOLER: &str = "TEST_PGBOUNCER";

/// A new, empty PostgreSQL database; answers its URL.
#[must_use]
pub fn database() -> String {
    database_on(&given(SERVER))
}

/// The same on a server that is named: a URL without a database.
#[must_use]
pub fn database_on(server: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // Process ids come round.
    let any = RandomState::new().build_hasher().finish();
    let name = format!("t_{}_{number}_{any:016x}", std::process::id());
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

/// What a server on this machine says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// The process of a session: a child of the server's own.
    pub process: i32,
    /// Bytes of write-ahead log since it was made.
    pub log_bytes: i64,
}

/// Asks a server; `while_asked` is called before the session ends.
pub fn tell<T>(server: &str, while_asked: impl FnOnce(Told) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let connected = tokio_postgres::connect(&format!("{server}/postgres"), NoTls).await;
        let (client, connection) = connected.expect("the PostgreSQL that was named is there");
        let asking = async move {
            let asked =
                "select pg_backend_pid(), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";
            let row = client.query_one(asked, &[]).await.expect("anybody may ask this");
            while_asked(Told { process: row.get(0), log_bytes: row.get(1) })
        };
        futures::join!(asking, connection).0
    })
}

/// The first column, a text, of all rows of a database that a query answers.
#[must_use]
pub fn lines(database: &str, query: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let connected = tokio_postgres::connect(database, NoTls).await;
        let (client, connection) = connected.expect("the database is there");
        let asking = async move {
            let rows = client.query(query, &[]).await.expect("the query is one");
            rows.iter().map(|row| row.get(0)).collect()
        };
        futures::join!(asking, connection).0
    })
}

/// Does something while a transaction of somebody else's is open that has run this.
///
/// # Panics
/// Where the database refuses.
pub fn holding<T>(url: &str, sql: &str, while_held: impl FnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let connected = tokio_postgres::connect(url, NoTls).await;
        let (client, connection) = connected.expect("the tests' PostgreSQL is there");
        let work = async move {
            let begun = client.batch_execute(&format!("begin; {sql}")).await;
            begun.expect("its owner may do everything");
            let done = while_held();
            client.batch_execute("commit").await.expect("it can end");
            done
        };
        futures::join!(work, connection).0
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
