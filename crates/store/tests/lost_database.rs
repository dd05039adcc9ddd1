//! A database that was here and is not any more: no empty one takes its place in silence.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::Path;

use futures::executor::block_on;
use posthorn_store::Store;
use posthorn_store::sqlite::{OpenError, Options, Sqlite};

const DATABASE: &str = "posthorn.db";
const LOG: &str = "posthorn.db-wal";
const BALLAST: &str = "posthorn.ballast";

fn open(dir: &Path) -> Result<Sqlite, OpenError> {
    Sqlite::open(dir, &Options { ballast_bytes: 4096, ..Options::default() })
}

fn put(store: &Sqlite) {
    block_on(store.put_value("it", b"kept".to_vec(), true)).unwrap();
}

/// What a process that was killed leaves: the newest commits are in the log alone.
fn killed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    put(&store);
    let left = tempfile::tempdir().unwrap();
    for file in [DATABASE, LOG, BALLAST] {
        std::fs::copy(dir.path().join(file), left.path().join(file)).unwrap();
    }
    assert!(left.path().join(LOG).metadata().unwrap().len() > 0);
    left
}

/// What a server that was stopped leaves.
fn stopped() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    put(&open(dir.path()).unwrap());
    assert!(!dir.path().join(LOG).exists());
    dir
}

fn empty(dir: &Path) {
    std::fs::write(dir.join(DATABASE), "").unwrap();
}

/// Every file of a directory with its bytes.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        (path.file_name().unwrap().display().to_string(), std::fs::read(&path).unwrap())
    };
    files.map(read).collect()
}

/// What is said of a lost database by everything that opens one; nothing is changed.
fn told(dir: &Path) -> String {
    let before = contents(dir);
    let error = open(dir).err().expect("it is not opened");
    assert!(matches!(error, OpenError::Lost { .. }), "{error}");
    let said = error.to_string();
    assert_eq!(Sqlite::plan_migrations(dir).unwrap_err().to_string(), said);
    assert_eq!(Sqlite::look(dir).err().unwrap().to_string(), said);
    let mut after = contents(dir);
    after.retain(|name, _| name != "posthorn.lock" || before.contains_key(name));
    assert_eq!(before, after, "nothing was changed");
    said.replace(&dir.display().to_string(), "DIR")
}

#[test]
fn an_empty_file_beside_a_log_is_a_lost_database() {
    let dir = killed();
    empty(dir.path());
    let said = told(dir.path());
    assert!(
        said.starts_with("the database DIR/posthorn.db is lost: it has 0 bytes, and "),
        "{said}"
    );
    assert!(said.contains("posthorn.db-wal beside it holds "), "{said}");
    assert!(said.contains("restore a copy"), "{said}");
    assert!(
        said.ends_with("remove posthorn.db, posthorn.db-wal, posthorn.ballast there"),
        "{said}"
    );
}

#[test]
fn a_log_or_a_ballast_without_a_database_tells_of_one_that_was_there() {
    let dir = killed();
    std::fs::remove_file(dir.path().join(DATABASE)).unwrap();
    let said = told(dir.path());
    assert!(said.contains("it is not there, and posthorn.db-wal beside it holds "), "{said}");

    let dir = stopped();
    std::fs::write(dir.path().join("master.key"), "00").unwrap();
    std::fs::remove_file(dir.path().join(DATABASE)).unwrap();
    let said = told(dir.path());
    assert!(
        said.contains("it is not there, and posthorn.ballast is of an earlier start"),
        "{said}"
    );
    assert!(said.ends_with("remove posthorn.ballast there"), "the key may stay: {said}");
}

#[test]
fn an_empty_file_alone_is_refused_and_a_new_start_is_free_once_it_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    empty(dir.path());
    let said = told(dir.path());
    assert!(said.contains("it has 0 bytes; restore a copy"), "{said}");
    std::fs::remove_file(dir.path().join(DATABASE)).unwrap();
    assert!(open(dir.path()).is_ok());
}

#[test]
fn a_directory_with_a_key_an_empty_log_or_a_start_that_was_cut_off_is_fresh() {
    let dir = tempfile::tempdir().unwrap();
    for file in ["master.key", "posthorn.lock", "posthorn.db.new", "posthorn.db.new-wal"] {
        std::fs::write(dir.path().join(file), "x").unwrap();
    }
    std::fs::write(dir.path().join(LOG), "").unwrap();
    put(&open(dir.path()).unwrap());
    let files = contents(dir.path());
    assert!(!files.contains_key("posthorn.db.new"), "{:?}", files.keys());
    assert!(Sqlite::look(dir.path()).is_ok());
}

#[test]
fn a_look_sees_the_newest_commits_and_changes_nothing() {
    for dir in [killed(), stopped()] {
        let before = contents(dir.path());
        let store = Sqlite::look(dir.path()).unwrap();
        assert_eq!(block_on(store.value("it")), Ok(Some(b"kept".to_vec())));
        assert_eq!(block_on(store.check()), Ok(Vec::new()));
        assert!(block_on(store.put_value("it", vec![1], true)).is_err());
        drop(store);
        assert_eq!(Sqlite::plan_migrations(dir.path()).unwrap(), []);
        assert!(before == contents(dir.path()), "{:?}", contents(dir.path()).keys());
    }
}

#[test]
fn nothing_is_looked_at_while_a_server_is_at_work() {
    let dir = tempfile::tempdir().unwrap();
    let _server = open(dir.path()).unwrap();
    assert!(matches!(Sqlite::look(dir.path()), Err(OpenError::InUse { .. })));
    assert_eq!(Sqlite::plan_migrations(dir.path()).unwrap(), [], "its version can be read");
}
