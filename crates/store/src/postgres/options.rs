//! How a database is reached, and how much of it is used.

use std::time::Duration;

use super::way::Tls;

/// How to reach the database, and how much of it to use. It has no `Debug`: the URL may hold a
/// password.
#[derive(Clone)]
pub struct Options {
    /// `postgres://user:password@host:port/database`, or the form of libpq with keywords.
    pub url: String,
    /// Connections, at most.
    pub connections: usize,
    /// Whether the hot verbs are gathered and carried out many at once. Without it each is a transaction of
    /// its own, by the plain verbs: for tests, which compare the two.
    pub batches: bool,
    /// Days that a part of the record covers, which has tables of its own: see [`super::width`].
    pub part_days: u32,
    /// How long a statement of a verb that writes may take.
    pub write_within: Duration,
    /// How long a statement of a verb that reads may take.
    pub read_within: Duration,
    /// What stands between.
    pub pooler: Pooler,
    /// Where `url` leads through a pooler: the database itself, for what needs a session of its own.
    pub direct: Option<String>,
    /// How TLS is spoken; `None`: not at all.
    pub tls: Option<Tls>,
}

/// What stands between a server and its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooler {
    /// Nothing: a connection is a session, and keeps what was prepared in it.
    None,
    /// One that lends out a session for a transaction, as `PgBouncer` does with
    /// `pool_mode = transaction`.
    Transaction,
}

impl Options {
    /// The usual ones.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            connections: 8,
            batches: true,
            part_days: 1,
            write_within: Duration::from_secs(10),
            read_within: Duration::from_secs(1),
            pooler: Pooler::None,
            direct: None,
            tls: None,
        }
    }
}
