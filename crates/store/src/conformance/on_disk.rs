//! A database file that no server uses, as it is found: for those who look after a crash.

use std::path::Path;

use rusqlite::Connection;

/// The first column, a text, of all rows that a query answers; or what the database says is wrong.
pub fn lines(database: &Path, query: &str) -> Result<Vec<String>, String> {
    let told = |error: rusqlite::Error| error.to_string();
    let db = Connection::open(database).map_err(told)?;
    let mut query = db.prepare(query).map_err(told)?;
    let rows = query.query_map([], |row| row.get(0)).map_err(told)?;
    rows.collect::<Result<_, _>>().map_err(told)
}

/// Carries statements out, without a wait for the disk; what another has locked is waited for.
pub fn run(database: &Path, statements: &str) -> Result<(), String> {
    let told = |error: rusqlite::Error| error.to_string();
    let db = Connection::open(database).map_err(told)?;
    db.busy_timeout(std::time::Duration::from_secs(30)).map_err(told)?;
    db.execute_batch("pragma synchronous = off").map_err(told)?;
    db.execute_batch(statements).map_err(told)
}
