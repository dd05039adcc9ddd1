//! What is asked of a charge afterwards: to take what it reserved, to call it off, to send its money back.

use jiff::Timestamp;
use posthorn_core::money::Money;
use posthorn_core::payment::{Refusal, Verdict};

use super::book::{Book, Change, Standing};
use super::{Asked, limits, refusal};

/// The request's own standing, and the charge if it has changed.
type Done = (Standing, Option<Book>);
/// What is done about a charge, for the request whose own book comes first.
type CarryOut = fn(&Book, Book, Timestamp) -> Result<Done, Refusal>;

pub(super) fn ask(own: Book, charge: Option<Book>, carry_out: CarryOut, now: Timestamp) -> Asked {
    let no_charge = || refusal("charge_not_found", "the provider has no such charge");
    let done = charge.ok_or_else(no_charge).and_then(|book| carry_out(&own, book, now));
    let (standing, charge) = done.unwrap_or_else(|refusal| (Standing::Refused { refusal }, None));
    let own = own.stand(standing);
    Asked { news: own.news(), books: [Some(own), charge].into_iter().flatten().collect() }
}

pub(super) fn capture(own: &Book, charge: Book, now: Timestamp) -> Result<Done, Refusal> {
    match charge.standing {
        Standing::Held => {}
        Standing::Done { .. } => {
            return Err(refusal("already_captured", "the charge was captured before"));
        }
        Standing::Awaiting { .. }
        | Standing::ActionRequired { .. }
        | Standing::Processing
        | Standing::Seen { .. }
        | Standing::Refused { .. }
        | Standing::Canceled
        | Standing::Expired => {
            return Err(refusal("not_authorized", "the charge has reserved nothing"));
        }
    }
    if own.money != charge.money {
        return Err(refusal("amount_mismatch", "what was reserved is captured whole"));
    }
    let charge = charge.finish(now);
    Ok((charge.standing.clone(), Some(charge)))
}

pub(super) fn cancel(_own: &Book, charge: Book, _now: Timestamp) -> Result<Done, Refusal> {
    match charge.standing {
        Standing::Awaiting { .. }
        | Standing::ActionRequired { .. }
        | Standing::Processing
        | Standing::Held => Ok((Standing::Canceled, Some(charge.stand(Standing::Canceled)))),
        Standing::Canceled => Ok((Standing::Canceled, None)),
        Standing::Seen { .. } => {
            Err(refusal("payment_under_way", "the payment was seen and cannot be stopped"))
        }
        Standing::Done { .. } => {
            Err(refusal("already_paid", "the charge was paid; refund it instead"))
        }
        Standing::Refused { .. } => Err(refusal("charge_closed", "the charge was refused before")),
        Standing::Expired => Err(refusal("charge_closed", "the charge has expired")),
    }
}

pub(super) fn refund(own: &Book, mut charge: Book, now: Timestamp) -> Result<Done, Refusal> {
    let paid = charge.movement().map(|movement| movement.money);
    let paid = paid.ok_or_else(|| refusal("not_paid", "the charge was not paid"))?;
    let (back, verdict) = charge
        .charge()
        .map_or((0, None), |charge| (charge.refunded, charge.dispute.map(|last| last.verdict)));
    if !matches!(verdict, None | Some(Some(Verdict::Won))) {
        return Err(refusal("charge_disputed", "the payer's bank has asked for the money"));
    }
    let left = paid.with(paid.minor - back);
    refundable(own.money, left)?;
    limits::whole(own.rail, own.money)?;
    if let Some(charge) = charge.charge_mut() {
        charge.refunded += own.money.minor;
    }
    if own.money == left {
        // Nothing is left to dispute.
        charge.foreseen = charge.foreseen.filter(|foreseen| foreseen.change != Change::Dispute);
    }
    let (_, movement) = own.clone().moves(now);
    Ok((Standing::Done { movement }, Some(charge)))
}

fn refundable(wanted: Money, left: Money) -> Result<(), Refusal> {
    if wanted.asset != left.asset {
        return Err(refusal("currency_mismatch", "a refund is in the currency of the payment"));
    }
    if !(1..=left.minor).contains(&wanted.minor) {
        let message = format!("at most {} minor units are left to refund", left.minor);
        return Err(refusal("amount_too_large", &message));
    }
    Ok(())
}
