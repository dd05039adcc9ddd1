//! Which database the program is started with: one of its own on the tests' PostgreSQL.

use std::path::Path;

use posthorn_store::conformance::throw_away;

/// What to say to `serve` beside the data directory. A directory keeps its database when the program
/// is started again.
pub(crate) fn arguments(data: &Path) -> Vec<String> {
    let note = data.join("database.url");
    let url = std::fs::read_to_string(&note).unwrap_or_else(|_| {
        let url = throw_away::database();
        std::fs::write(&note, &url).expect("the directory is ours");
        url
    });
    vec!["--database".to_owned(), url]
}
