//! Sending money out: parts of a payment to others, and payouts.
//!
//! Where it goes decides: a destination with `fail` or `falha` in it takes nothing, and neither does the
//! telephone that never pays. It is looked at and not kept.

use jiff::{SignedDuration, Timestamp};

use super::book::{Book, Change, Standing};
use super::{Asked, after, limits, refusal};
use crate::mpesa::{Msisdn, Prompt, prompt};

/// How long a transfer takes.
pub const TRANSFER_TAKES: SignedDuration = SignedDuration::from_secs(1);
/// How long a payout takes.
pub const PAYOUT_TAKES: SignedDuration = SignedDuration::from_secs(2);
/// What a destination that takes nothing has in it, in either case.
const TAKES_NOTHING: [&str; 2] = ["fail", "falha"];

pub(super) fn ask(mut own: Book, to: &str, takes: SignedDuration, now: Timestamp) -> Asked {
    let arrives = after(now, takes);
    match limits::allow(own.rail, own.money) {
        Err(refusal) => own = own.stand(Standing::Refused { refusal }),
        Ok(()) if takes_nothing(to) => {
            let refusal =
                refusal("destination_refused", "the destination does not take the transfer");
            own.foresee(arrives, Change::Refuse { refusal });
        }
        Ok(()) => own.foresee(arrives, Change::Finish),
    }
    Asked { news: own.news(), books: vec![own] }
}

fn takes_nothing(to: &str) -> bool {
    let lower = to.to_lowercase();
    let never_pays = |phone: &Msisdn| prompt(phone) == Prompt::Refused;
    TAKES_NOTHING.iter().any(|word| lower.contains(word))
        || Msisdn::parse(to).as_ref().is_ok_and(never_pays)
}
