//! The store on its caller's thread, with faults on demand: what the simulator runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::readers;
use super::trouble::Trouble;
use super::writer::{begin, commit, roll_back};
use crate::{Fault, FaultPoint, Faults, StoreError};

/// One connection and what may go wrong with it.
pub(super) struct Inline {
    db: Arc<Mutex<Connection>>,
    faults: Mutex<Faults>,
    crashed: AtomicBool,
}

impl Inline {
    pub(super) fn new(db: Connection, faults: Faults) -> Self {
        let db = Arc::new(Mutex::new(db));
        Self { db, faults: Mutex::new(faults), crashed: AtomicBool::new(false) }
    }

    /// The same database for a process that started again.
    pub(super) fn reopened(&self, faults: Faults) -> Self {
        let db = self.db.clone();
        Self { db, faults: Mutex::new(faults), crashed: AtomicBool::new(false) }
    }

    pub(super) fn crash(&self) {
        self.crashed.store(true, Ordering::Relaxed);
    }

    pub(super) fn write<A>(
        &self,
        verb: &impl Fn(&Connection) -> Result<A, Trouble>,
    ) -> Result<A, StoreError> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        self.strike(FaultPoint::BeforeBegin)?;
        let applied = begin(&db).and_then(|()| verb(&db)).map_err(Trouble::into_error);
        let applied =
            applied.and_then(|answer| self.strike(FaultPoint::BeforeCommit).map(|()| answer));
        let answer =
            applied.and_then(|answer| commit(&db).map(|()| answer).map_err(Trouble::into_error));
        roll_back(&db);
        let answer = answer?;
        match self.strike(FaultPoint::AfterCommit) {
            Err(StoreError::Closed) => Err(StoreError::Closed),
            // What is committed cannot fail any more; only its answer can get lost, by a crash.
            Ok(()) | Err(_) => Ok(answer),
        }
    }

    pub(super) fn read<A>(
        &self,
        read: impl FnOnce(&Connection) -> Result<A, Trouble>,
    ) -> Result<A, StoreError> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        self.refuse_crashed()?;
        readers::in_snapshot(&db, read)
    }

    fn refuse_crashed(&self) -> Result<(), StoreError> {
        if self.crashed.load(Ordering::Relaxed) { Err(StoreError::Closed) } else { Ok(()) }
    }

    fn strike(&self, point: FaultPoint) -> Result<(), StoreError> {
        self.refuse_crashed()?;
        let fault = (self.faults.lock().unwrap_or_else(PoisonError::into_inner))(point);
        match fault {
            Fault::None => Ok(()),
            Fault::Fail => Err(StoreError::Unavailable { detail: "a simulated fault".into() }),
            Fault::Crash => {
                self.crash();
                Err(StoreError::Closed)
            }
        }
    }
}
