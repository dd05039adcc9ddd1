//! The conformance suite on SQLite: with its threads, and inline as the simulator runs it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use posthorn_store::conformance::faults::Victim;
use posthorn_store::sqlite::{Options, Sqlite};
use posthorn_store::{Fault, Store};

mod threaded {
    use super::{Arc, Options, Sqlite, Store};

    /// The directory is deleted while it is open: the system keeps the files as long as they are.
    fn fresh() -> Arc<dyn Store> {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { ballast_bytes: 4096, ..Options::default() };
        Arc::new(Sqlite::open(dir.path(), &options).unwrap())
    }

    posthorn_store::conformance!(super::fresh);
}

mod inline {
    use super::{Arc, Fault, Sqlite, Store};

    fn fresh() -> Arc<dyn Store> {
        Arc::new(Sqlite::inline(Box::new(|_| Fault::None)).unwrap())
    }

    posthorn_store::conformance!(super::fresh);
}

/// The inline store.
fn victim() -> Victim<Sqlite> {
    Victim::new(|before: Option<&Sqlite>, faults| match before {
        None => Sqlite::inline(faults).unwrap(),
        Some(dead) => dead.reopen(faults).unwrap(),
    })
}

posthorn_store::faults!(victim);
