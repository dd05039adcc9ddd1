//! Request ids that we make: they tell when, so that the call of one is found without an index.

use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

const PREFIX: &str = "req_";
/// Hexadecimal digits of the milliseconds: enough for five centuries.
const MS_DIGITS: usize = 11;
/// Hexadecimal digits of the number of a process.
const PROCESS_DIGITS: usize = 8;

/// An id that a server made: `req_`, the milliseconds, what tells its process from any other, and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeId {
    /// When, in Unix milliseconds.
    pub ms: i64,
    /// Drawn by chance when the process began.
    pub process: u32,
    /// Counted in the process.
    pub number: u64,
}

impl MadeId {
    /// Reads one, or what a caller brought that looks like one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let (ms, rest) = digits.split_at_checked(MS_DIGITS)?;
        let (process, number) = rest.split_at_checked(PROCESS_DIGITS)?;
        let made = Self {
            ms: i64::from_str_radix(ms, 16).ok()?,
            process: u32::from_str_radix(process, 16).ok()?,
            number: u64::from_str_radix(number, 16).ok()?,
        };
        // `+1` is a number, and none that we write.
        (made.to_string() == text).then_some(made)
    }

    /// Reads the one that was made for a call that began then. What looks like one and tells another time was brought by a caller.
    #[must_use]
    pub fn made_at(text: &str, began: Timestamp) -> Option<Self> {
        Self::read(text).filter(|made| made.ms == began.as_millisecond())
    }
}

impl fmt::Display for MadeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ms, process, number } = self;
        write!(f, "{PREFIX}{ms:0MS_DIGITS$x}{process:0PROCESS_DIGITS$x}{number:x}")
    }
}

/// What an id that a caller brought is found by.
#[must_use]
pub fn id_hash(id: &str) -> i64 {
    let digest = Sha256::digest(id);
    i64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
}
