//! Cards: the number decides (`crate::cards`), and nothing of it is kept.

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::payment::{Instrument, Refusal};

use super::book::{Book, Change, Standing};
use super::charge::Charging;
use super::{after, refusal};
use crate::cards::{CardOutcome, Decline, Expiry, Pan, outcome};

/// How long a card's holder has to confirm.
pub const CHALLENGED_FOR: SignedDuration = SignedDuration::from_mins(5);
/// How long after it was paid a charge on the card that disputes is disputed.
pub const DISPUTED_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// A card, as long as it is in memory.
pub struct Card {
    /// Its number.
    pub pan: Pan,
    /// The month it is good until.
    pub expiry: Expiry,
}

pub(super) fn show(
    mut book: Book,
    charging: &Charging<'_>,
    now: Timestamp,
) -> Result<Book, Refusal> {
    let card = charging.card.ok_or_else(not_kept)?;
    let ends = outcome(&card.pan, card.expiry, Offset::UTC.to_datetime(now).date());
    let page = format!("{}/{}", charging.setting.action_page, book.request);
    if let Some(charge) = book.charge_mut() {
        charge.disputes = ends == CardOutcome::Disputed;
        charge.page = Some(page.clone());
    }
    let decided = charging.setting.cards_decide_after.map(|wait| after(now, wait));
    let instrument = Instrument::Card { charge: book.card_charge() };
    let reviewed = charging.setting.cards_reviewed;
    let waits = |book: Book, at, change| {
        let meanwhile =
            if reviewed { Standing::Processing } else { Standing::Awaiting { instrument } };
        let mut book = book.stand(meanwhile);
        book.foresee(at, change);
        book
    };
    Ok(match (ends, decided) {
        (CardOutcome::Challenged, _) => challenge(book, page, now),
        (CardOutcome::Declined(why), Some(at)) => {
            waits(book, at, Change::Refuse { refusal: declined(why) })
        }
        (CardOutcome::Declined(why), None) => return Err(declined(why)),
        (CardOutcome::Approved | CardOutcome::Disputed, Some(at)) => {
            waits(book, at, Change::Finish)
        }
        (CardOutcome::Approved | CardOutcome::Disputed, None) => book.finish(now),
    })
}

/// The holder is asked to confirm, and has a while to do so.
pub(super) fn challenge(book: Book, url: String, now: Timestamp) -> Book {
    let mut book = book.stand(Standing::ActionRequired { url });
    let refusal = refusal(
        "authentication_failed",
        "the card's holder did not confirm the payment in time (3-D Secure)",
    );
    book.foresee(after(now, CHALLENGED_FOR), Change::Refuse { refusal });
    book
}

fn declined(why: Decline) -> Refusal {
    let message = match why {
        Decline::CardDeclined => "the card was declined",
        Decline::InsufficientFunds => "the card has insufficient funds",
        Decline::LostCard => "the card was reported lost",
        Decline::StolenCard => "the card was reported stolen",
        Decline::ExpiredCard => "the card has expired",
        Decline::IncorrectCvc => "the card's security code is incorrect",
        Decline::ProcessingError => "the card's network could not process the charge",
    };
    refusal(why.code(), message)
}

fn not_kept() -> Refusal {
    Refusal {
        code: "card_not_kept".to_owned(),
        message: "the card's number was in memory only, and is gone: nothing was charged"
            .to_owned(),
        unreached: true,
    }
}
