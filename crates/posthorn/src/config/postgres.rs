//! How a PostgreSQL is used.

use jiff::SignedDuration;
use posthorn_core::secret::Secret;

use super::secret;

/// How a PostgreSQL is used, where `database` names one.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Postgres {
    /// Connections of this server, at most. All servers together need fewer than the database's
    /// `max_connections`.
    #[config(
        env = "POSTHORN_POSTGRES_CONNECTIONS",
        default = 8,
        validate((1..=1000).contains(connections), "postgres.connections must be 1 to 1000")
    )]
    pub(crate) connections: u32,

    /// How long one statement that writes may take; then it is undone and the caller told to try
    /// again later.
    #[config(
        env = "POSTHORN_POSTGRES_WRITE_TIMEOUT",
        default = "10s",
        deserialize_with = posthorn_core::duration::text::deserialize,
        validate(at_least_a_tick(*write_timeout), "postgres.write_timeout must be at least 10ms")
    )]
    pub(crate) write_timeout: SignedDuration,

    /// How long one statement that reads for a caller may take.
    #[config(
        env = "POSTHORN_POSTGRES_READ_TIMEOUT",
        default = "1s",
        deserialize_with = posthorn_core::duration::text::deserialize,
        validate(at_least_a_tick(*read_timeout), "postgres.read_timeout must be at least 10ms")
    )]
    pub(crate) read_timeout: SignedDuration,

    /// What stands between: `none`, or `transaction` where `database` leads through a pooler that
    /// lends sessions out for a transaction (`PgBouncer` with `pool_mode = transaction`). Nothing is
    /// kept in a session then.
    #[config(env = "POSTHORN_POSTGRES_POOLER", default = "none")]
    pub(crate) pooler: Pooler,

    /// Where `database` leads through a pooler: a URL of the database itself, for what needs a session
    /// of its own.
    #[config(env = "POSTHORN_POSTGRES_DIRECT", deserialize_with = secret::secret)]
    pub(crate) direct: Option<Secret>,
}

/// What stands between a server and its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Pooler {
    /// Nothing.
    None,
    /// One that lends sessions out for a transaction.
    Transaction,
}

/// Zero would mean no bound at all.
fn at_least_a_tick(timeout: SignedDuration) -> bool {
    timeout >= SignedDuration::from_millis(10)
}
