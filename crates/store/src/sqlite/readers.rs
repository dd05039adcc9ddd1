//! The readers: a few connections, each with its thread, all serving one queue.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;

use super::open::{self, OpenError};
use super::trouble::Trouble;
use super::upkeep::Watch;
use crate::StoreError;
use crate::backend::Patience;

/// Reads that may wait.
const WAITING_MAX: usize = 4096;

/// A read: runs, and tells its caller.
pub(super) type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The readers' queue.
#[derive(Default)]
pub(super) struct Readers {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Patience, Read)>,
    closed: bool,
}

impl Readers {
    /// Puts a read in the queue.
    pub(super) fn push(&self, patience: Patience, read: Read) -> Result<(), StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Err(StoreError::Closed);
        }
        if state.waiting.len() >= WAITING_MAX {
            let detail = "more is asked than can be read; try again later".into();
            return Err(StoreError::Unavailable { detail });
        }
        state.waiting.push_back((patience, read));
        self.bell.notify_one();
        Ok(())
    }

    /// Takes no more; what waits is still read.
    pub(super) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.bell.notify_all();
    }

    /// Starts one more thread that serves the queue.
    pub(super) fn start(
        self: &Arc<Self>,
        path: &Path,
    ) -> Result<(Arc<Watch>, JoinHandle<()>), OpenError> {
        let db = open::reader(path)?;
        let watch = Arc::new(Watch { age: Mutex::new(None), handle: db.get_interrupt_handle() });
        let (queue, own) = (self.clone(), watch.clone());
        let thread = Builder::new().name("posthorn-reader".into());
        let thread = thread.spawn(move || queue.serve(&db, &own)).map_err(|error| {
            OpenError::Unusable { path: path.to_owned(), detail: error.to_string() }
        })?;
        Ok((watch, thread))
    }

    fn serve(&self, db: &Connection, watch: &Watch) {
        while let Some((patience, read)) = self.take() {
            let set = |age| *watch.age.lock().unwrap_or_else(PoisonError::into_inner) = age;
            if patience == Patience::Second {
                set(Some(0));
            }
            read(db);
            set(None);
        }
    }

    fn take(&self) -> Option<(Patience, Read)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let waited = self.bell.wait_while(state, idle);
        waited.unwrap_or_else(PoisonError::into_inner).waiting.pop_front()
    }
}

/// Reads in one transaction, so that several statements see one state.
pub(super) fn in_snapshot<A>(
    db: &Connection,
    read: impl FnOnce(&Connection) -> Result<A, Trouble>,
) -> Result<A, StoreError> {
    let begun = db.prepare_cached("begin").and_then(|mut begin| begin.execute([]));
    let answer = match begun {
        Ok(_) => read(db),
        Err(error) => Err(error.into()),
    };
    super::writer::roll_back(db);
    answer.map_err(Trouble::into_error)
}
