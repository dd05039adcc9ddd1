//! A disk for a server: a directory that outlives it, and the fault layer that can take its power away.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::posthorn::serve;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chaos/power.c");

/// The files that a look at the database needs.
const DATABASE: [&str; 2] = ["posthorn.db", "posthorn.db-wal"];

/// What is between the server and the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Power {
    /// Nothing.
    Stays,
    /// The power goes at this call, counted from 1; the seed chooses what of the unsynced is left.
    Cut { at: u64, seed: u64 },
    /// The same, and syncing does nothing: as with `synchronous=OFF`.
    CutUnsynced { at: u64, seed: u64 },
    /// It stays, and the fault layer waits for its switches.
    Faulty,
}

/// What a test changes while the server runs: the numbers of `struct switches`, in its order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Switch {
    /// Whether there is a bound on the room.
    Limited,
    /// Bytes by which files may still grow.
    Room,
    /// Whether the file system was remounted read-only.
    ReadOnly,
    /// So many syncs fail.
    FailingSyncs,
    /// Seconds by which the real clock is off.
    Clock,
    /// Whether the disk takes its time: no sync ends until it is switched off.
    Held,
}

/// What a cut did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Cut {
    /// Unsynced writes that were left whole, were gone, and were torn.
    pub(crate) writes: [u64; 3],
    /// Unsynced names (files made, renamed, removed) that were left, and that were gone.
    pub(crate) names: [u64; 2],
}

impl std::ops::AddAssign for Cut {
    fn add_assign(&mut self, other: Self) {
        self.writes.iter_mut().zip(other.writes).for_each(|(own, more)| *own += more);
        self.names.iter_mut().zip(other.names).for_each(|(own, more)| *own += more);
    }
}

/// A directory that is a disk, and what belongs to its fault layer beside it.
pub(crate) struct Disk {
    place: TempDir,
}

impl Disk {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let place = TempDir::with_prefix("chaos-").expect("a temporary directory");
        for folder in ["disk", "stash", "copy"] {
            fs::create_dir(place.path().join(folder)).expect("ours");
        }
        fs::write(place.path().join("switches"), [0; 64]).expect("ours");
        compile(&place.path().join("power.so"));
        Self { place }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.place.path().join("disk/data")
    }

    fn switches(&self) -> PathBuf {
        self.place.path().join("switches")
    }

    /// Changes a switch, at once.
    pub(crate) fn switch(&self, switch: Switch, to: i64) {
        let page = OpenOptions::new().write(true).open(self.switches()).expect("ours");
        page.write_all_at(&to.to_ne_bytes(), switch as u64 * 8).expect("ours");
    }

    /// A command that starts a server on it.
    pub(crate) fn serve(&self, power: Power) -> std::process::Command {
        let place = self.place.path();
        let mut command = serve(&self.data());
        if power == Power::Stays {
            return command;
        }
        command
            .env("LD_PRELOAD", place.join("power.so"))
            .env("CHAOS_ROOT", place.join("disk"))
            .env("CHAOS_STASH", place.join("stash"))
            .env("CHAOS_REPORT", place.join("report"))
            .env("CHAOS_SWITCHES", self.switches());
        match power {
            Power::Stays | Power::Faulty => {}
            Power::Cut { at, seed } => {
                command.env("CHAOS_CUT_AT", at.to_string()).env("CHAOS_SEED", seed.to_string());
            }
            Power::CutUnsynced { at, seed } => {
                command.env("CHAOS_CUT_AT", at.to_string()).env("CHAOS_SEED", seed.to_string());
                command.env("CHAOS_NO_SYNC", "1");
            }
        }
        command
    }

    /// What the last cut did; `None` when there was none.
    pub(crate) fn cut(&self) -> Option<Cut> {
        let report = self.place.path().join("report");
        let text = fs::read_to_string(&report).ok()?;
        fs::remove_file(report).expect("ours");
        let numbers: Vec<u64> = text.split_whitespace().map_while(|one| one.parse().ok()).collect();
        let [_calls, kept, dropped, torn, names_kept, names_dropped] = numbers[..] else {
            panic!("a report of six numbers: {text}")
        };
        // What was to come back has come back.
        let stash = self.place.path().join("stash");
        fs::remove_dir_all(&stash).and_then(|()| fs::create_dir(&stash)).expect("ours");
        Some(Cut { writes: [kept, dropped, torn], names: [names_kept, names_dropped] })
    }

    /// A copy of the database as it lies there, for looking at it; `None` where there is no database.
    pub(crate) fn copy(&self) -> Option<PathBuf> {
        let copy = self.place.path().join("copy");
        fs::remove_dir_all(&copy).and_then(|()| fs::create_dir(&copy)).expect("ours");
        for file in DATABASE {
            let from = self.data().join(file);
            if from.exists() {
                fs::copy(from, copy.join(file)).expect("the server is gone");
            }
        }
        let database = copy.join("posthorn.db");
        database.exists().then_some(database)
    }

    /// Left for whoever looks into a failure; answers where.
    pub(crate) fn keep(self) -> PathBuf {
        self.place.keep()
    }
}

fn compile(to: &Path) {
    let made = Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread", "-o"])
        .args([to, Path::new(SOURCE)])
        .output()
        .expect("a C compiler is everywhere that this is built");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
