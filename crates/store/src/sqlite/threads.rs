//! The threads of a store that is open, and how they end together.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{Builder, JoinHandle};

use futures::channel::oneshot;
use rusqlite::Connection;

use super::ballast::Ballast;
use super::gauges::Gauges;
use super::job::Waiting;
use super::look;
use super::open::{self, OpenError, Options};
use super::queue::Queue;
use super::readers::{self, Readers};
use super::trouble::Trouble;
use super::upkeep::{Keeper, Ticker, Upkeep};
use super::writer::Writer;
use crate::StoreError;
use crate::backend::{Lane, Patience};
use crate::bounds::{READ_QUEUE, WRITE_QUEUE};

/// The threads, the queues to them, and the lock on the data directory.
pub(super) struct Threads {
    pub(super) gauges: Arc<Gauges>,
    queue: Arc<Queue>,
    readers: Arc<Readers>,
    pub(super) upkeep: Arc<Upkeep>,
    writer: Option<JoinHandle<()>>,
    others: Vec<JoinHandle<()>>,
    _lock: File,
}

impl Threads {
    pub(super) fn start(dir: &Path, options: &Options) -> Result<Self, OpenError> {
        let lock = open::lock(dir)?;
        look::refuse_lost(dir)?;
        let path = dir.join(open::DATABASE);
        let ballast = Ballast::of(dir, options.ballast_bytes);
        let (db, full) = ballast.open(|| open::writer(&path))?;
        let mut threads = Self {
            gauges: Arc::default(),
            queue: Arc::new(Queue::new()),
            readers: Arc::default(),
            upkeep: Arc::default(),
            writer: None,
            others: Vec::new(),
            _lock: lock,
        };
        let mut watches = Vec::new();
        for _ in 0..options.readers.max(1) {
            let (watch, thread) = threads.readers.start(&path)?;
            watches.push(watch);
            threads.others.push(thread);
        }
        let full = full || !ballast.take();
        threads.gauges.full.store(full, Ordering::Relaxed);
        let keeper = Keeper {
            db: Keeper::connect(&path)?,
            upkeep: threads.upkeep.clone(),
            queue: threads.queue.clone(),
            gauges: threads.gauges.clone(),
            ballast: ballast.clone(),
            disk_failure: options.disk_failure,
        };
        threads.others.push(spawn("posthorn-upkeep", &path, move || keeper.run())?);
        let ticker = Ticker { upkeep: threads.upkeep.clone(), watches };
        threads.others.push(spawn("posthorn-ticker", &path, move || ticker.run())?);
        let writer = Writer {
            db: watched(db, &threads.gauges, &path)?,
            queue: threads.queue.clone(),
            gauges: threads.gauges.clone(),
            upkeep: threads.upkeep.clone(),
            ballast,
            pages_max: options.pages_max,
            disk_failure: options.disk_failure,
        };
        threads.writer = Some(spawn("posthorn-writer", &path, move || writer.run())?);
        Ok(threads)
    }

    pub(super) async fn write<A, V>(
        &self,
        lane: Lane,
        bytes: usize,
        verb: V,
    ) -> Result<A, StoreError>
    where
        A: Send + 'static,
        V: Fn(&Connection) -> Result<A, Trouble> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let pushed = self.queue.push(Box::new(Waiting { lane, bytes, verb, kept: None, reply }));
        self.counted(WRITE_QUEUE, pushed)?;
        let answer = answer.await.unwrap_or(Err(StoreError::Closed));
        self.gauges.note(&answer);
        answer
    }

    pub(super) async fn read<A, R>(&self, patience: Patience, read: R) -> Result<A, StoreError>
    where
        A: Send + 'static,
        R: FnOnce(&Connection) -> Result<A, Trouble> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let read = Box::new(move |db: &Connection| {
            // A caller that does not wait any more has nobody to be told.
            let _ = reply.send(readers::in_snapshot(db, read));
        });
        self.counted(READ_QUEUE, self.readers.push(patience, read))?;
        let answer = answer.await.unwrap_or(Err(StoreError::Closed));
        self.gauges.note(&answer);
        answer
    }

    /// A queue that is open and takes nothing is full.
    fn counted(
        &self,
        queue: &'static str,
        pushed: Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if matches!(pushed, Err(StoreError::Unavailable { .. })) {
            self.gauges.bounds.met(queue);
        }
        pushed
    }
}

impl Drop for Threads {
    /// What waits is still done; then the threads end, the writer before the log's last checkpoint
    /// would be in anybody's way.
    fn drop(&mut self) {
        self.readers.close();
        self.upkeep.stop();
        self.queue.close();
        for thread in self.others.drain(..).chain(self.writer.take()) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store ended by a panic");
            }
        }
    }
}

fn spawn(
    name: &str,
    path: &Path,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    Builder::new().name(name.into()).spawn(run).map_err(|error| OpenError::unusable(path, &error))
}

/// After each commit the length of the log is noted.
fn watched(mut db: Connection, gauges: &Arc<Gauges>, path: &Path) -> Result<Connection, OpenError> {
    let gauges = gauges.clone();
    let note = move |_: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int| {
        gauges.wal_pages.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
        Ok(())
    };
    db.wal_hook(Some(note)).map_err(|error| OpenError::of(&error, path))?;
    Ok(db)
}
