//! Copies of the embedded database: made beside a server, and put back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use futures::executor::block_on;
use posthorn_store::Store;
use posthorn_store::conformance::deployment::{everything, lives};
use posthorn_store::sqlite::{BackupError, Copied, Copying, OpenError, Options, Sqlite};
use tempfile::TempDir;

/// Longer than any disk takes for a handful of commits.
const PATIENT: Duration = Duration::from_mins(1);

fn open(dir: &Path) -> Arc<Sqlite> {
    let options = Options { ballast_bytes: 4096, ..Options::default() };
    Arc::new(Sqlite::open(dir, &options).unwrap())
}

fn back_up(dir: &Path, to: &Path) -> Result<Copied, BackupError> {
    Sqlite::back_up(dir, to, &mut |_| {})
}

fn restore(from: &Path, dir: &Path) -> Result<Copied, BackupError> {
    Sqlite::restore(from, dir, &mut |_| {})
}

fn put(store: &Sqlite, name: &'static str, value: Vec<u8>) {
    assert!(block_on(store.put_value(name, value, true)).is_ok());
}

fn number(store: &Sqlite, name: &'static str) -> u64 {
    let value = block_on(store.value(name)).unwrap().unwrap();
    u64::from_le_bytes(value.try_into().unwrap())
}

/// A deployment with a bit of everything, whose server still runs, and a place for copies.
struct Stage {
    place: TempDir,
    server: Arc<Sqlite>,
}

impl Stage {
    fn set() -> Self {
        let place = tempfile::tempdir().unwrap();
        let server = open(&place.path().join("data"));
        lives(Arc::clone(&server) as _);
        Self { place, server }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn copy(&self) -> PathBuf {
        let file = self.at("copy.db");
        back_up(&self.at("data"), &file).unwrap();
        file
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.place.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn what_is_restored_answers_everything_as_the_server_did() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::set();
    let copied = back_up(&stage.at("data"), &stage.at("copy.db")).unwrap();
    let about = std::fs::metadata(stage.at("copy.db")).unwrap();
    assert_eq!((about.len(), about.permissions().mode() & 0o777), (copied.bytes, 0o600));
    assert!(copied.newest_event.is_some(), "{copied:?}");
    let before = everything(&*stage.server);
    put(&stage.server, "later", vec![1]);
    assert_eq!(restore(&stage.at("copy.db"), &stage.at("again")).unwrap(), copied);
    let again = open(&stage.at("again"));
    assert_eq!(everything(&*again), before);
    assert_eq!(block_on(again.value("later")).unwrap(), None, "it was not there yet");
    put(&again, "later", vec![2]);
    assert_eq!(stage.names(), ["again", "copy.db", "data"]);
}

#[test]
fn a_copy_is_of_one_moment_while_others_write() {
    let stage = Stage::set();
    let data = stage.at("data");
    // Several steps of copying.
    put(&stage.server, "much", vec![7; 40 * 1024 * 1024]);
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let writer = Arc::clone(&stage.server);
        let done = &done;
        for name in ["first", "second"] {
            put(&writer, name, 0_u64.to_le_bytes().to_vec());
        }
        let (told, wrote) = mpsc::channel();
        threads.spawn(move || {
            for count in 1_u64.. {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                put(&writer, "first", count.to_le_bytes().to_vec());
                put(&writer, "second", count.to_le_bytes().to_vec());
                // Whoever counts them may have seen enough.
                let _done = told.send(count);
            }
        });
        for round in 0..3 {
            let before = number(&stage.server, "second");
            let mut steps = 0;
            let file = stage.at(&format!("copy {round}.db"));
            let mut told = |at| {
                let Copying::Copied { bytes, of } = at else { return };
                assert!(bytes <= of, "{at:?}");
                steps += 1;
                // The writer is not held up by it.
                let until = number(&stage.server, "second") + 2;
                while steps == 1 && wrote.recv_timeout(PATIENT).expect("it goes on") < until {}
            };
            Sqlite::back_up(&data, &file, &mut told).unwrap();
            assert!(steps > 2, "{steps}");
            let dir = stage.at(&format!("again {round}"));
            restore(&file, &dir).unwrap();
            let copy = open(&dir);
            let (first, second) = (number(&copy, "first"), number(&copy, "second"));
            assert!(second >= before, "what was committed before it is in it");
            assert!(first == second || first == second + 1, "{first} and {second}");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn nothing_is_overwritten_and_no_copy_is_put_beside_what_is_left_of_another() {
    let stage = Stage::set();
    let file = stage.copy();
    let kept = std::fs::read(&file).unwrap();
    let error = back_up(&stage.at("data"), &file).unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), kept);

    let error = restore(&file, &stage.at("data")).unwrap_err();
    assert!(matches!(error, BackupError::Open(OpenError::InUse { .. })), "{error}");
    let Stage { place, server } = stage;
    drop(server);
    let error = restore(&file, &place.path().join("data")).unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error}");

    let log_alone = place.path().join("log alone");
    std::fs::create_dir(&log_alone).unwrap();
    std::fs::write(log_alone.join("posthorn.db-wal"), b"commits of another database").unwrap();
    let error = restore(&file, &log_alone).unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error}");
    assert!(!log_alone.join("posthorn.db").exists());
}

#[test]
fn two_copies_that_are_to_have_one_name_do_not_get_into_each_others_way() {
    let stage = Stage::set();
    put(&stage.server, "much", vec![7; 40 * 1024 * 1024]);
    let (data, file) = (stage.at("data"), stage.at("copy.db"));
    let mut other = None;
    let mut told = |at| {
        if other.is_none() && matches!(at, Copying::Copied { .. }) {
            // Most pages are others now.
            put(&stage.server, "much", vec![8; 40 * 1024 * 1024]);
            other = Some(back_up(&data, &file));
        }
    };
    let copied = Sqlite::back_up(&data, &file, &mut told);
    let error = other.unwrap().unwrap_err();
    assert!(error.to_string().contains("being written by another copy"), "{error}");
    assert_eq!(restore(&file, &stage.at("again")).unwrap(), copied.unwrap());
    let again = open(&stage.at("again"));
    assert_eq!(block_on(again.value("much")).unwrap(), Some(vec![7; 40 * 1024 * 1024]));
    assert_eq!(stage.names(), ["again", "copy.db", "data"]);
}

#[test]
fn what_a_copy_left_that_was_cut_off_is_in_nobodys_way() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::set();
    let left = stage.at("copy.db.part");
    std::fs::write(&left, vec![7; 1_000_000]).unwrap();
    std::fs::set_permissions(&left, PermissionsExt::from_mode(0o644)).unwrap();
    let file = stage.copy();
    assert_eq!(stage.names(), ["copy.db", "data"]);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "its owner's alone, whatever was there before");
    restore(&file, &stage.at("again")).unwrap();
}

#[test]
fn what_is_no_sound_copy_of_ours_is_refused_and_nothing_is_left_of_it() {
    let stage = Stage::set();
    let file = stage.copy();
    let whole = std::fs::read(&file).unwrap();
    let again = stage.at("again");
    let refusal = |bytes: &[u8]| {
        let file = stage.at("bad.db");
        std::fs::write(&file, bytes).unwrap();
        let error = restore(&file, &again).unwrap_err();
        let left: Vec<_> = std::fs::read_dir(&again).map_or_else(
            |_| Vec::new(),
            |entries| entries.map(|entry| entry.unwrap().file_name()).collect(),
        );
        assert!(left.is_empty() || left == ["posthorn.lock"], "{left:?}");
        error
    };
    let cut = refusal(&whole[..whole.len() / 2]);
    assert!(
        matches!(
            cut,
            BackupError::Damaged { .. }
                | BackupError::Open(OpenError::Corrupt { .. })
                | BackupError::Write { .. }
        ),
        "{cut:?}"
    );
    let mut flipped = whole.clone();
    flipped[4096..8192].fill(0xff);
    let flipped = refusal(&flipped);
    assert!(matches!(flipped, BackupError::Damaged { .. }), "{flipped:?}");
    let text = refusal(b"not a database at all, but a text that is long enough to be looked at");
    assert!(
        matches!(
            text,
            BackupError::Open(OpenError::NotADatabase { .. }) | BackupError::Write { .. }
        ),
        "{text:?}"
    );
    let empty = refusal(b"");
    assert!(matches!(empty, BackupError::Open(OpenError::NotOurs { .. })), "{empty:?}");

    std::fs::write(stage.at("copy.db-wal"), b"newer commits").unwrap();
    let error = restore(&file, &again).unwrap_err();
    assert!(matches!(error, BackupError::NotWhole { .. }), "{error}");
    let missing = back_up(&stage.at("nowhere"), &stage.at("other.db")).unwrap_err();
    assert!(matches!(missing, BackupError::Missing { .. }), "{missing}");
}
