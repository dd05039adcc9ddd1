//! The writer: one thread, one connection, many verbs a commit.
//!
//! A verb that refuses refuses for itself. A verb that fails undoes the transaction, and all of its
//! company is done again one by one, so that only the culprit fails. A transaction that cannot even
//! begin has no culprit: another program has locked the database, and the whole company is refused
//! rather than that each waits for the lock in turn.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::Connection;

use super::ballast::Ballast;
use super::gauges::Gauges;
use super::job::Job;
use super::open::DiskFailure;
use super::queue::Queue;
use super::trouble::{Trouble, is_disk_failure};
use super::upkeep::{self, Upkeep};
use crate::StoreError;
use crate::backend::Lane;
use crate::bounds::LOG;

/// Pages of the log from which the writer shortens it itself: 16 MiB.
const LOG_PAGES_LONG: u32 = 4 * 1024;
/// Pages of the log from which nothing new is written: 256 MiB.
const LOG_PAGES_MAX: u32 = 64 * 1024;

/// What the writer's thread owns.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) queue: Arc<Queue>,
    pub(super) gauges: Arc<Gauges>,
    pub(super) upkeep: Arc<Upkeep>,
    pub(super) ballast: Ballast,
    pub(super) pages_max: Option<u32>,
    pub(super) disk_failure: DiskFailure,
}

/// The disk failed: nobody may be answered.
struct DiskFailed;

/// Why a transaction came to nothing.
enum Failed {
    /// It did not begin: no verb was tried.
    ToBegin(Trouble),
    /// A verb or the commit failed, and it was undone.
    Midway(Trouble),
}

impl Failed {
    fn trouble(&self) -> &Trouble {
        match self {
            Self::ToBegin(trouble) | Self::Midway(trouble) => trouble,
        }
    }
}

impl Writer {
    /// Serves the queue until it is closed and empty.
    pub(super) fn run(mut self) {
        let _closes = CloseAtEnd(self.queue.clone());
        self.bound_pages(self.pages_max);
        while let Some(batch) = self.queue.take() {
            if self.commit(batch).is_err() || self.shorten_log().is_err() {
                return fail(self.disk_failure);
            }
        }
        // Best effort: the next start does the same, and refuses when it cannot.
        let _ = self.db.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
    }

    fn commit(&mut self, batch: Vec<Box<dyn Job>>) -> Result<(), DiskFailed> {
        let mut batch = self.without_refused(batch);
        if batch.len() > 1 {
            match self.together(&mut batch) {
                Ok(()) => {
                    self.gauges.committed(batch.len());
                    for job in batch {
                        job.answer();
                    }
                    return Ok(());
                }
                Err(failed) if failed.trouble().is_disk_failure() => return Err(DiskFailed),
                Err(Failed::ToBegin(trouble)) => {
                    refuse_all(batch, &trouble.into_error());
                    return Ok(());
                }
                Err(Failed::Midway(_)) => {}
            }
        }
        let mut waiting = batch.into_iter();
        while let Some(job) = waiting.next() {
            if let Some(refusal) = self.alone(job)? {
                refuse_all(waiting, &refusal);
                break;
            }
        }
        Ok(())
    }

    /// Answers those that have no room: new work while the disk is full, the log too long or the file
    /// damaged.
    fn without_refused(&self, batch: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
        let mut bound = None;
        let refusal = if self.gauges.is_damaged() {
            StoreError::Damaged
        } else if self.gauges.full.load(Ordering::Relaxed) {
            StoreError::Full
        } else if self.gauges.log_pinned.load(Ordering::Relaxed) {
            bound = Some(LOG);
            let detail = "the write-ahead log has 256 MiB; a long read keeps it from being emptied";
            StoreError::Unavailable { detail: detail.into() }
        } else {
            return batch;
        };
        let (served, refused): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|job| job.lane() == Lane::Reserved);
        if let Some(bound) = bound {
            for _ in &refused {
                self.gauges.bounds.met(bound);
            }
        }
        refuse_all(refused, &refusal);
        served
    }

    fn together(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), Failed> {
        begin(&self.db).map_err(Failed::ToBegin)?;
        let applied = batch.iter_mut().try_for_each(|job| apply(&self.db, job));
        let done = applied.and_then(|()| commit(&self.db));
        if done.is_err() {
            roll_back(&self.db);
        }
        done.map_err(Failed::Midway)
    }

    /// A transaction of its own. When the disk is full the ballast goes overboard, and what is under
    /// way is tried once more. Answers why no transaction can begin, if none can.
    fn alone(&mut self, mut job: Box<dyn Job>) -> Result<Option<StoreError>, DiskFailed> {
        let full = self.gauges.full.load(Ordering::Relaxed);
        if full && job.lane() == Lane::Ordinary {
            refuse_all([job], &StoreError::Full);
            return Ok(None);
        }
        let mut done = self.together(std::slice::from_mut(&mut job));
        if done.as_ref().is_err_and(|failed| failed.trouble().is_full())
            && self.throw_ballast()
            && job.lane() == Lane::Reserved
        {
            done = self.together(std::slice::from_mut(&mut job));
        }
        match done {
            Ok(()) => {
                self.gauges.committed(1);
                job.answer();
                Ok(None)
            }
            Err(failed) if failed.trouble().is_disk_failure() => Err(DiskFailed),
            Err(Failed::Midway(trouble)) => {
                refuse_all([job], &trouble.into_error());
                Ok(None)
            }
            Err(Failed::ToBegin(trouble)) => {
                let refusal = trouble.into_error();
                refuse_all([job], &refusal);
                Ok(Some(refusal))
            }
        }
    }

    fn throw_ballast(&mut self) -> bool {
        self.gauges.full.store(true, Ordering::Relaxed);
        let freed = self.ballast.free();
        tracing::error!(freed, "the disk is full: nothing new is accepted until there is room");
        if let (true, Some(pages)) = (freed, self.pages_max) {
            let more = u32::try_from(self.ballast.bytes() / 4096).unwrap_or(u32::MAX);
            self.bound_pages(Some(pages.saturating_add(more)));
        }
        freed
    }

    fn bound_pages(&self, pages: Option<u32>) {
        if let Some(pages) = pages {
            // SQLite answers with the bound that holds; it can only be too low to be obeyed.
            let _ = self.db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
        }
    }

    /// Right after the other thread's checkpoint only a short tail is left: when the writer takes
    /// that, the next commit begins the log anew. Otherwise it would grow for ever.
    fn shorten_log(&mut self) -> Result<(), DiskFailed> {
        let pages = self.gauges.wal_pages.load(Ordering::Relaxed);
        if pages <= LOG_PAGES_LONG {
            self.gauges.log_pinned.store(false, Ordering::Relaxed);
            return Ok(());
        }
        if !self.upkeep.just_finished() && pages <= LOG_PAGES_MAX {
            self.upkeep.hurry();
            return Ok(());
        }
        match upkeep::checkpoint(&self.db) {
            Ok(emptied) => {
                let pinned = pages > LOG_PAGES_MAX && !emptied;
                self.gauges.log_pinned.store(pinned, Ordering::Relaxed);
                Ok(())
            }
            Err(error) if is_disk_failure(&error) => Err(DiskFailed),
            Err(error) => {
                tracing::warn!(%error, "the writer could not shorten the write-ahead log");
                Ok(())
            }
        }
    }
}

/// Whatever ends the thread, nobody waits for it.
struct CloseAtEnd(Arc<Queue>);

impl Drop for CloseAtEnd {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// What a failed disk leads to.
pub(super) fn fail(how: DiskFailure) {
    tracing::error!(
        "the disk failed while writing; what is in memory may not be on it. Check the disk before \
         starting again"
    );
    match how {
        DiskFailure::Abort => std::process::abort(),
        DiskFailure::Close => {}
    }
}

/// Answers all of them alike.
fn refuse_all(jobs: impl IntoIterator<Item = Box<dyn Job>>, refusal: &StoreError) {
    for mut job in jobs {
        job.refuse(refusal.clone());
        job.answer();
    }
}

/// Applies one verb. One that refuses after it wrote something fails the transaction.
fn apply(db: &Connection, job: &mut Box<dyn Job>) -> Result<(), Trouble> {
    let before = db.total_changes();
    match job.apply(db) {
        Err(Trouble::Refused(error)) if db.total_changes() == before => {
            job.refuse(error);
            Ok(())
        }
        done => done,
    }
}

pub(super) fn begin(db: &Connection) -> Result<(), Trouble> {
    db.prepare_cached("begin immediate")?.execute([])?;
    Ok(())
}

pub(super) fn commit(db: &Connection) -> Result<(), Trouble> {
    db.prepare_cached("commit")?.execute([])?;
    Ok(())
}

pub(super) fn roll_back(db: &Connection) {
    if !db.is_autocommit()
        && let Err(error) = db.execute_batch("rollback")
    {
        tracing::error!(%error, "a transaction could not be rolled back");
    }
}
