//! Numbers to be sent, handed to whichever connection is free, until their count or their time is used up.

use std::cell::Cell;

use super::clock::now_ns;

/// The numbers from 0 to a bound, each handed out once.
pub(crate) struct Tickets {
    next: Cell<u64>,
    count: u64,
    until_ns: u64,
}

impl Tickets {
    /// So many.
    pub(crate) fn new(count: u64) -> Self {
        Self::until(count, u64::MAX)
    }

    /// So many, and none after that instant.
    pub(crate) fn until(count: u64, until_ns: u64) -> Self {
        Self { next: Cell::new(0), count, until_ns }
    }

    /// The next number.
    pub(crate) fn take(&self) -> Option<u64> {
        let seq = self.next.get();
        let open = seq < self.count && now_ns() < self.until_ns;
        open.then(|| self.next.replace(seq + 1))
    }

    /// How many were handed out.
    pub(crate) fn taken(&self) -> u64 {
        self.next.get()
    }
}
