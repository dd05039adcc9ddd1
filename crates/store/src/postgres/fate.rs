//! What became of a transaction whose connection was lost while it was being committed.

use deadpool_postgres::Pool;
use tokio_postgres::types::Type;

use super::trouble::Trouble;

const STATUS: &str = "select pg_xact_status($1::text::xid8)";

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing of it is there.
    Undone,
    /// All of it is there, or another transaction got its number after a crash.
    Committed,
    /// It still runs: its session has not noticed yet.
    Running,
    /// The database does not remember.
    Forgotten,
}

/// Asks the database. What it gave no number yet is what a crash undid.
pub(super) async fn ask(pool: &Pool, number: u64) -> Result<Fate, Trouble> {
    let client = pool.get().await?;
    let number = number.to_string();
    let asked = client.query_typed(STATUS, &[(&number, Type::TEXT)]).await;
    let rows = match asked {
        Ok(rows) => rows,
        Err(error) if is_from_the_future(&error) => return Ok(Fate::Undone),
        Err(error) => return Err(error.into()),
    };
    let status = rows.first().and_then(|row| row.try_get::<_, Option<&str>>(0).ok().flatten());
    Ok(match status {
        Some("committed") => Fate::Committed,
        Some("in progress") => Fate::Running,
        Some("aborted") => Fate::Undone,
        Some(_) | None => Fate::Forgotten,
    })
}

/// No transaction has got this number yet.
fn is_from_the_future(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&tokio_postgres::error::SqlState::INVALID_PARAMETER_VALUE)
}
