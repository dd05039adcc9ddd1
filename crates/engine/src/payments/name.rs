//! What merchants call their payments and payouts, and under which name each is on record.
//!
//! One name, one payment that may be paid or was. One that was lost gives its name up, so that the merchant can try again; when
//! money comes late to it all the same, it is on record under a name of its own making, and found there once nobody else has the
//! first: whoever comes again is answered with what was paid, and not asked to pay once more.

use posthorn_core::payment::Payment;

use crate::error::EngineError;

/// Stands before the name of what was paid late. No merchant's name has it.
const LATE: char = '\u{1}';

/// The name that a payment is on record under.
pub(super) fn on_record(payment: &Payment) -> Option<String> {
    let name = payment.wish.reference.as_ref().filter(|_| !payment.state.is_lost())?;
    Some(if payment.late { paid_late(name) } else { name.clone() })
}

/// The name of what was paid late, of all that were called so.
pub(super) fn paid_late(name: &str) -> String {
    format!("{LATE}{name}")
}

/// Refuses a name that cannot be kept.
pub(super) fn check(name: Option<&str>) -> Result<(), EngineError> {
    if name.is_some_and(|name| name.chars().any(char::is_control)) {
        let what = "must be without control characters".to_owned();
        return Err(EngineError::Setting { field: "reference", what });
    }
    Ok(())
}
