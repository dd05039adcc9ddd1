//! How many requests a platform's own API takes: what its guide promises and enforces.

use std::num::NonZeroU32;

use super::fault::Page;
use super::read::Section;

/// The highest limit that a contract may name.
const PER_MINUTE_MAX: i64 = 1_000_000;

/// How many requests a platform's own API takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Requests a minute of one merchant in a mode; `None`: as many as come.
    pub requests_per_minute: Option<NonZeroU32>,
}

/// Reads `[limits]`, which may be left out.
pub(super) fn read(page: &mut Page<'_>, root: &Section<'_>) -> Limits {
    let Some(table) = root.table(page, "limits") else { return Limits::default() };
    let section = Section::open(page, "[limits]", table, &["requests_per_minute"]);
    let number = section.number(page, "requests_per_minute", 1..=PER_MINUTE_MAX);
    let number = number.and_then(|number| u32::try_from(number).ok());
    Limits { requests_per_minute: number.and_then(NonZeroU32::new) }
}
