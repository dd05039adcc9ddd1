//! Boletos: a slip of a bank that does not exist, paid when somebody does so.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use posthorn_core::payment::{Instrument, Refusal};

use super::book::{Book, Standing};
use super::charge::Charging;
use super::number::first;
use super::refusal;
use crate::boleto::{Boleto, DUE_DAYS, day_of};

/// No bank has this code, so nobody pays a sandbox's slip by mistake.
const BANK: u16 = 999;

pub(super) fn show(book: Book, charging: &Charging<'_>, now: Timestamp) -> Result<Book, Refusal> {
    let due = due(charging.expires, now);
    // The bank's own digits: a number of the slip, then the bank's code for who is paid.
    let number = u128::from_be_bytes(first(book.digest("slip", 0))) % 10_u128.pow(25);
    let slip = Boleto::new(BANK, due, book.money.minor, &format!("{number:025}"))
        .map_err(|fault| refusal("invalid_boleto", &fault.to_string()))?;
    let (barcode, line) = (slip.barcode(), slip.digits());
    Ok(book.stand(Standing::Awaiting { instrument: Instrument::Boleto { barcode, line, due } }))
}

fn due(expires: Option<Timestamp>, now: Timestamp) -> Date {
    expires.map_or_else(|| day_of(now).saturating_add(i64::from(DUE_DAYS).days()), day_of)
}
