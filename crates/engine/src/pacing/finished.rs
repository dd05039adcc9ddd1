//! How fast an endpoint is, as far as is known.

use jiff::Timestamp;

/// Tries that ended in the last whole second.
#[derive(Debug, Default)]
pub(super) struct Finished {
    second: i64,
    current: u32,
    last: u32,
}

impl Finished {
    pub(super) fn count(&mut self, now: Timestamp) {
        let second = now.as_second();
        if second != self.second {
            self.last = if second == self.second + 1 { self.current } else { 0 };
            self.current = 0;
            self.second = second;
        }
        self.current = self.current.saturating_add(1);
    }

    /// How many ended in the second of `now` or in the one before, whichever are more.
    pub(super) fn in_a_second(&self, now: Timestamp) -> u32 {
        match now.as_second() - self.second {
            ..=0 => self.last.max(self.current),
            1 => self.current,
            2.. => 0,
        }
    }
}
