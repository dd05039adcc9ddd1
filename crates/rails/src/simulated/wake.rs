//! What happens by itself when its time has come.

use jiff::Timestamp;
use posthorn_core::payment::News;

use super::book::{Book, Change, Dispute, Foreseen, Standing};
use super::{Told, Word};

/// Does what a book foresees for `now` or before; `None`: nothing yet. It happens at the time foreseen, however
/// late somebody looks, so that doing it again from the same book is the same.
#[must_use]
pub fn wake(mut book: Book, now: Timestamp) -> Option<Told> {
    let Foreseen { at, change } = book.foreseen.take_if(|foreseen| foreseen.at <= now)?;
    Some(match change {
        Change::Finish => book.finish(at).tell(),
        Change::PayAgain => pay_again(book, at),
        Change::Refuse { refusal } => book.stand(Standing::Refused { refusal }).tell(),
        Change::Dispute => dispute(book),
    })
}

/// The payer pays once more what was paid.
pub(super) fn pay_again(book: Book, at: Timestamp) -> Told {
    let (book, movement) = book.moves(at);
    Told { book, word: Word::News(News::Done(movement)) }
}

/// The payer's bank asks for the money.
pub(super) fn dispute(mut book: Book) -> Told {
    let last = book.charge().and_then(|charge| charge.dispute);
    let number = last.map_or(0, |last| last.number.saturating_add(1));
    if let Some(charge) = book.charge_mut() {
        charge.dispute = Some(Dispute { number, verdict: None });
    }
    let id = book.dispute_id(number);
    Told { book, word: Word::Disputed { id } }
}
