//! Opening a data directory: what is refused, and in which words.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use futures::executor::block_on;
use posthorn_store::sqlite::{OpenError, Options, Sqlite};
use posthorn_store::{Store, StoreError};
use rusqlite::Connection;

fn options() -> Options {
    Options { ballast_bytes: 4096, ..Options::default() }
}

fn open(dir: &Path) -> Result<Sqlite, OpenError> {
    Sqlite::open(dir, &options())
}

fn refusal(dir: &Path) -> OpenError {
    open(dir).err().unwrap()
}

fn put(store: &Sqlite, value: &[u8]) {
    block_on(store.put_value("it", value.to_vec(), true)).unwrap();
}

fn value(store: &Sqlite) -> Option<Vec<u8>> {
    block_on(store.value("it")).unwrap()
}

fn overwrite(file: &Path, at: u64, bytes: &[u8]) {
    let mut file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn a_missing_data_directory_is_made_and_what_is_written_is_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("new").join("data");
    let store = open(&data).unwrap();
    put(&store, b"kept");
    drop(store);
    assert_eq!(value(&open(&data).unwrap()), Some(b"kept".to_vec()));
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    let error = refusal(dir.path());
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    let said = error.to_string().replace(&dir.path().display().to_string(), "DIR");
    assert_eq!(
        said,
        "another posthorn uses the data directory DIR; stop it, or give this one its own with `--data`"
    );
    drop(first);
    assert!(open(dir.path()).is_ok());
}

#[test]
fn a_file_in_the_place_of_the_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(refusal(&file), OpenError::Directory { .. }));
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("posthorn.db"), "not a database ".repeat(1000)).unwrap();
    let error = refusal(dir.path());
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
}

#[test]
fn another_programs_database_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("posthorn.db");
    Connection::open(&path).unwrap().execute_batch("create table theirs(x)").unwrap();
    let error = refusal(dir.path());
    assert!(matches!(error, OpenError::NotOurs { .. }), "{error}");
    let tables = "select count(*) from sqlite_schema";
    let db = Connection::open(&path).unwrap();
    assert_eq!(db.query_row(tables, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    let path = dir.path().join("posthorn.db");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = refusal(dir.path());
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("was written by a newer posthorn (schema 99;"));
    assert!(matches!(Sqlite::plan_migrations(dir.path()), Err(OpenError::Newer { .. })));
}

#[test]
fn a_damaged_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    overwrite(&dir.path().join("posthorn.db"), 100, &[0xff; 3996]);
    let error = refusal(dir.path());
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
    assert!(error.to_string().ends_with("restore a backup"), "{error}");
}

#[test]
fn a_check_finds_a_damaged_page_and_nothing_in_a_sound_database() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    put(&store, &vec![1; 100_000]);
    assert_eq!(block_on(store.check()), Ok(Vec::new()));
    drop(store);
    let path = dir.path().join("posthorn.db");
    let pages = std::fs::metadata(&path).unwrap().len() / 4096;
    for page in pages - 20..pages {
        overwrite(&path, page * 4096, &[0xff; 64]);
    }
    let store = open(dir.path()).unwrap();
    assert!(block_on(store.check()).is_ok_and(|lines| !lines.is_empty()));
}

#[test]
fn nothing_new_is_taken_once_damage_was_met() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    put(&store, &vec![1; 100_000]);
    drop(store);
    let path = dir.path().join("posthorn.db");
    let pages = std::fs::metadata(&path).unwrap().len() / 4096;
    for page in pages - 20..pages {
        overwrite(&path, page * 4096, &[0xff; 64]);
    }
    let store = open(dir.path()).unwrap();
    assert_eq!(block_on(store.value("it")), Err(StoreError::Damaged));
    assert_eq!(block_on(store.health()), Err(StoreError::Damaged));
    let new = block_on(store.put_value("new", vec![1], true));
    assert_eq!(new.unwrap_err(), StoreError::Damaged);
}

#[test]
fn migrations_are_planned_until_they_are_made() {
    let dir = tempfile::tempdir().unwrap();
    let planned = Sqlite::plan_migrations(dir.path()).unwrap();
    let named: Vec<_> = planned.iter().map(|step| (step.number, step.name)).collect();
    let all = [
        (1, "first"),
        (2, "payments"),
        (3, "oauth"),
        (4, "limits"),
        (5, "incidents"),
        (6, "search"),
        (7, "feeds"),
        (8, "request_history"),
    ];
    assert_eq!(named, all);
    assert!(!dir.path().join("posthorn.db").exists(), "planning makes nothing");
    drop(open(dir.path()).unwrap());
    assert_eq!(Sqlite::plan_migrations(dir.path()).unwrap(), []);
}

#[test]
fn what_was_answered_survives_a_process_that_just_ends() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    put(&store, b"answered");
    let copy = tempfile::tempdir().unwrap();
    for file in ["posthorn.db", "posthorn.db-wal"] {
        std::fs::copy(dir.path().join(file), copy.path().join(file)).unwrap();
    }
    assert_eq!(value(&open(copy.path()).unwrap()), Some(b"answered".to_vec()));
}
