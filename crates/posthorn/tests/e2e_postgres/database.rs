//! Which database the program is started with: one of its own on the tests' PostgreSQL.

use std::fs;
use std::path::Path;

use posthorn_store::conformance::throw_away;

const NOTE: &str = "database.url";

/// What to say to `serve` beside the data directory. A directory keeps its database when the program
/// is started again.
pub(crate) fn arguments(data: &Path) -> Vec<String> {
    let note = data.join(NOTE);
    if !note.exists() {
        fs::write(&note, throw_away::database()).expect("the directory is ours");
    }
    match url(data) {
        url if url.is_empty() => Vec::new(),
        url => vec!["--database".to_owned(), url],
    }
}

/// A server with this data directory is to have the embedded database.
pub(crate) fn embedded(data: &Path) {
    fs::write(data.join(NOTE), "").expect("the directory is ours");
}

/// Where the database of a data directory is.
pub(crate) fn url(data: &Path) -> String {
    fs::read_to_string(data.join(NOTE)).expect("a server was started there")
}

/// The new database that a data directory is to have.
pub(crate) fn url_of(data: &Path) -> String {
    arguments(data);
    url(data)
}

/// Another way to the database of a data directory.
pub(crate) fn note(data: &Path, url: &str) {
    fs::write(data.join(NOTE), url).expect("the directory is ours");
}

/// A server with the data directory `other` is to have the database of the one with `data`.
pub(crate) fn shared(data: &Path, other: &Path) {
    fs::write(other.join(NOTE), url(data)).expect("the directory is ours");
}
