//! Upkeep: a thread that empties the write-ahead log each second and takes the ballast back on board,
//! and one that counts the time for it and ends reads that take too long.

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

/// How long a tick is.
const TICK: Duration = Duration::from_millis(250);
/// Ticks between two checkpoints.
const CHECKPOINT_TICKS: u32 = 4;
/// Ticks between two attempts to take the ballast back.
const BALLAST_TICKS: u32 = 120;
/// Ticks that a read may take: a second.
const READ_TICKS_MAX: u32 = 4;

/// How others talk to the threads.
#[derive(Default)]
pub(super) struct Upkeep {
    wishes: Mutex<Wishes>,
    bell: Condvar,
    /// Rung for a stop alone, so that nothing else makes a tick longer.
    end: Condvar,
    finished: AtomicBool,
}

#[derive(Default)]
struct Wishes {
    checkpoint: bool,
    /// Ticks that passed since the keeper looked last.
    ticks: u32,
    stop: bool,
}

impl Upkeep {
    /// Asks for a checkpoint now.
    pub(super) fn hurry(&self) {
        self.wish(|wishes| wishes.checkpoint = true);
    }

    /// Asks the threads to end.
    pub(super) fn stop(&self) {
        self.wish(|wishes| wishes.stop = true);
        self.end.notify_one();
    }

    /// Whether a checkpoint finished since this was asked last.
    pub(super) fn just_finished(&self) -> bool {
        self.finished.swap(false, Ordering::Relaxed)
    }

    fn wish(&self, wish: impl FnOnce(&mut Wishes)) {
        wish(&mut self.wishes.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }

    /// Waits for ticks or a wish; `None`: stop. Else whether a checkpoint is wished for, and the ticks.
    fn wait(&self) -> Option<(bool, u32)> {
        let wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |wishes: &mut Wishes| !wishes.checkpoint && wishes.ticks == 0 && !wishes.stop;
        let waited = self.bell.wait_while(wishes, quiet);
        let mut wishes = waited.unwrap_or_else(PoisonError::into_inner);
        if wishes.stop {
            return None;
        }
        Some((std::mem::take(&mut wishes.checkpoint), std::mem::take(&mut wishes.ticks)))
    }

    /// Waits for the time of a tick; `false`: stop.
    fn ticked(&self) -> bool {
        let wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.end.wait_timeout_while(wishes, TICK, |wishes| !wishes.stop);
        !waited.unwrap_or_else(PoisonError::into_inner).0.stop
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

/// Counts the ticks. It has a thread of its own, so that neither a writer in a hurry nor a long
/// checkpoint keeps a read from being ended.
pub(super) struct Ticker {
    pub(super) upkeep: Arc<Upkeep>,
    pub(super) watches: Vec<Arc<Watch>>,
}

impl Ticker {
    /// Works until it is stopped.
    pub(super) fn run(self) {
        while self.upkeep.ticked() {
            self.watches.iter().for_each(|watch| watch.tick());
            self.upkeep.wish(|wishes| wishes.ticks += 1);
        }
    }
}

/// What the keeper's thread owns.
pub(super) struct Keeper {
    pub(super) db: Connection,
    pub(super) upkeep: Arc<Upkeep>,
    pub(super) queue: Arc<Queue>,
    pub(super) gauges: Arc<Gauges>,
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
        while let Some((hurried, ticks)) = self.upkeep.wait() {
            since_checkpoint += ticks;
            since_ballast += ticks;
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
