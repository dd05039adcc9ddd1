//! Transfers between Kenyan bank accounts, as `KareenHub` makes them: slow, and within limits.
//!
//! `KareenHub`'s own documents disagree on the limits and say that a transfer takes 1 to 24 hours (rails.md 0 and
//! 3.9); the narrower limits and the shorter time stand here.

use data_encoding::BASE32_NOPAD;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::payment::Instrument;

use super::after;
use super::book::{Book, Change, Standing};
use super::number::first;

/// The least it moves, in cents: KES 1.00.
pub const CENTS_MIN: i64 = 100;
/// The most it moves, in cents: KES 500,000.00.
pub const CENTS_MAX: i64 = 50_000_000;
/// How long after it was asked a transfer arrives.
pub const PAID_AFTER: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn show(book: Book, now: Timestamp) -> Book {
    let number: [u8; 10] = first(book.digest("reference", 0));
    let reference = format!("KH{}", BASE32_NOPAD.encode(&number));
    let mut book = book.stand(Standing::Awaiting { instrument: Instrument::Bank { reference } });
    book.foresee(after(now, PAID_AFTER), Change::Finish);
    book
}
