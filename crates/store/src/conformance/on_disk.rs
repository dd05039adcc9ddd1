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
