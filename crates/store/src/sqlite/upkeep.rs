//! Upkeep: a thread that empties the write-ahead log each second, ends reads that take too long, and
//! takes the ballast back on board.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};

use super::ballast::Ballast;
use super::gauges::Gauges;
use super::open::{self, DiskFailure, OpenError};
use super::queue::Queue;
use super::trouble::is_disk_failure;
use super::writer;

/// How often it looks.
const TICK: Duration = Duration::from_millis(250);
/// Ticks between two checkpoints.
const CHECKPOINT_TICKS: u32 = 4;
/// Ticks between two attempts to take the ballast back.
const BALLAST_TICKS: u32 = 120;
/// Ticks that a read may take: a second.
const READ_TICKS_MAX: u32 = 4;

/// How others talk to the thread.
#[derive(Default)]
pub(super) struct Upkeep {
    wishes: Mutex<Wishes>,
    bell: Condvar,
    finished: AtomicBool,
}

#[derive(Default)]
struct Wishes {
    checkpoint: bool,
    stop: bool,
}

impl Upkeep {
    /// Asks for a checkpoint now.
    pub(super) fn hurry(&self) {
        self.wish(|wishes| wishes.checkpoint = true);
    }

    /// Asks the thread to end.
    pub(super) fn stop(&self) {
        self.wish(|wishes| wishes.stop = true);
    }

    /// Whether a checkpoint finished since this was asked last.
    pub(super) fn just_finished(&self) -> bool {
        self.finished.swap(false, Ordering::Relaxed)
    }

    fn wish(&self, wish: impl FnOnce(&mut Wishes)) {
        wish(&mut self.wishes.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }

    /// Waits for a tick or a wish; `None`: stop. `Some(true)`: a checkpoint is wished for.
    fn wait(&self) -> Option<bool> {
        let wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |wishes: &mut Wishes| !wishes.checkpoint && !wishes.stop;
        let waited = self.bell.wait_timeout_while(wishes, TICK, quiet);
        let mut wishes = waited.unwrap_or_else(PoisonError::into_inner).0;
        if wishes.stop {
            return None;
        }
        Some(std::mem::take(&mut wishes.checkpoint))
    }
}

/// A read under way, and how to end it.
pub(super) struct Watch {
    /// Ticks since it began; `None`: nothing is read.
    pub(super) age: Mutex<Option<u32>>,
    pub(super) handle: InterruptHandle,
}

impl Watch {
    /// One tick older; too old: interrupted. The lock is held meanwhile, so that it is this read
    /// that is interrupted and not the next.
    fn tick(&self) {
        let mut age = self.age.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(age) = age.as_mut() {
            *age += 1;
            if *age > READ_TICKS_MAX {
                self.handle.interrupt();
            }
        }
    }
}

/// What the thread owns.
pub(super) struct Keeper {
    pub(super) db: Connection,
    pub(super) upkeep: Arc<Upkeep>,
    pub(super) queue: Arc<Queue>,
    pub(super) gauges: Arc<Gauges>,
    pub(super) watches: Vec<Arc<Watch>>,
    pub(super) ballast: Ballast,
    pub(super) disk_failure: DiskFailure,
}

impl Keeper {
    /// The thread's own connection.
    pub(super) fn connect(path: &Path) -> Result<Connection, OpenError> {
        let db = open::reader(path)?;
        db.pragma_update(None, "query_only", false).map_err(|error| OpenError::of(&error, path))?;
        Ok(db)
    }

    /// Works until it is stopped.
    pub(super) fn run(self) {
        let (mut since_checkpoint, mut since_ballast) = (0, 0);
        while let Some(hurried) = self.upkeep.wait() {
            if !hurried {
                since_checkpoint += 1;
                since_ballast += 1;
                self.watches.iter().for_each(|watch| watch.tick());
            }
            if hurried || since_checkpoint >= CHECKPOINT_TICKS {
                since_checkpoint = 0;
                if let Err(error) = checkpoint(&self.db) {
                    if is_disk_failure(&error) {
                        self.queue.abandon();
                        return writer::fail(self.disk_failure);
                    }
                    tracing::warn!(%error, "a checkpoint could not be made");
                }
                self.upkeep.finished.store(true, Ordering::Relaxed);
            }
            if since_ballast >= BALLAST_TICKS {
                since_ballast = 0;
                self.take_ballast_back();
            }
        }
    }

    fn take_ballast_back(&self) {
        if self.gauges.full.load(Ordering::Relaxed) && self.ballast.restore() {
            self.gauges.full.store(false, Ordering::Relaxed);
            tracing::info!("there is room on the disk again");
        }
    }
}

/// Copies what it can of the write-ahead log into the database, in nobody's way; `true` when that
/// was all of it.
pub(super) fn checkpoint(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("pragma wal_checkpoint(passive)", [], |row| {
        let (busy, log, copied): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(busy == 0 && log == copied)
    })
}
