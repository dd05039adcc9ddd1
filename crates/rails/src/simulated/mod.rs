//! The rails of the guides' sandboxes: what a provider would be, as a pure machine with books of its own.
//!
//! Whoever uses a rail writes a request down, sends it, and may lose the answer; then only the rail's books
//! know what happened, as with a real provider. So a rail is not a mock that answers as it is told: it has one
//! [`Book`] for each request, [`ask`] opens it and is idempotent by the request's id, [`query`] reads it (and
//! where there is none, [`close`] keeps one from being opened later), [`wake`] does what happens by itself when its time has come, and [`force`] makes happen what a payer or a
//! bank might do. A book is a value, kept by the caller as JSON and given back; there is no clock here, no
//! chance, no socket and no storage.
//!
//! What a payer is shown is as exact as on the real rail: a PIX code or a boleto that any program reads. No
//! book holds a card's number, or where money was sent.
//!
//! ```
//! use posthorn_core::id::{MerchantId, PaymentId};
//! use posthorn_core::money::{Asset, Money};
//! use posthorn_core::payment::{Ask, Command, Method, News};
//! use posthorn_rails::simulated::{
//!     Asking, Moment, Outcome, Rail, Receiver, Setting, Word, ask, force, query,
//! };
//!
//! let setting = Setting {
//!     receiver: Receiver::of(MerchantId::from_i64(1), "Padaria São João"),
//!     pix_confirms_after: None,
//!     cards_decide_after: None,
//!     cards_reviewed: false,
//!     action_page: "https://pay.example/actions".to_owned(),
//! };
//! let charge = Ask::Charge { method: Method::Pix, hold: false, description: None, expires: None };
//! let money = Money { minor: 10_050, asset: Asset::BRL };
//! let command = Command { request: PaymentId::from_i64(1 << 22).request(1), money, ask: charge };
//! let now = "2026-11-22T12:00:00Z".parse()?;
//! let asking = Asking { command: &command, card: None, before: None, charge: None };
//! let asked = ask(Rail::Pix, &setting, asking, Moment { now, chance: [7; 16] });
//! // The answer is lost; the book is not.
//! let book = asked.books.first().cloned().ok_or("a book")?;
//! assert_eq!(query(Some(&book)), asked.news);
//! // Somebody pays.
//! let told = force(book, &Outcome::Succeed, now)?;
//! assert!(matches!(told.word, Word::News(News::Done(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bank;
mod boleto;
mod book;
mod cards;
mod charge;
mod follow_up;
mod force;
mod limits;
mod mpesa;
mod number;
mod pix;
mod rail;
mod receiver;
mod send;
#[cfg(test)]
mod tests;
mod wake;
mod xrpl;

pub use bank::{
    CENTS_MAX as BANK_CENTS_MAX, CENTS_MIN as BANK_CENTS_MIN, PAID_AFTER as BANK_PAID_AFTER,
};
pub use book::Book;
pub use cards::{CHALLENGED_FOR, Card, DISPUTED_AFTER};
pub use force::{Impossible, Outcome, force};
pub use rail::Rail;
pub use receiver::Receiver;
pub use send::{PAYOUT_TAKES, TRANSFER_TAKES};
pub use wake::wake;
pub use xrpl::VALIDATED_AFTER;

use jiff::{SignedDuration, Timestamp};
use posthorn_core::payment::{Ask, Command, News, Refusal, Verdict};

use book::{Affair, Charge, Standing};
use charge::Charging;

/// How a merchant's sandbox behaves where the guides differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Who is paid.
    pub receiver: Receiver,
    /// How long after it was shown a PIX charge is paid by itself; `None`: only by [`force`].
    pub pix_confirms_after: Option<SignedDuration>,
    /// How long after it was asked a card's charge is decided, pending until then; `None`: at once.
    pub cards_decide_after: Option<SignedDuration>,
    /// Whether the provider is said to look at it meanwhile, instead of waiting.
    pub cards_reviewed: bool,
    /// Where a card's holder confirms (3-D Secure); `/` and the request's id are appended.
    pub action_page: String,
}

/// When something is asked, and what chance gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The merchant's sandbox clock.
    pub now: Timestamp,
    /// Sixteen random bytes: every number that the rail makes for the request follows from them.
    pub chance: [u8; 16],
}

/// What is asked of a rail, with what its books have about it.
pub struct Asking<'a> {
    /// The request.
    pub command: &'a Command,
    /// The card of a charge on one. It is not kept: after a crash it is gone, and the charge is refused.
    pub card: Option<&'a Card>,
    /// The request's own book, if it was asked before.
    pub before: Option<Book>,
    /// The book of the charge that is to be captured, canceled or refunded.
    pub charge: Option<Book>,
}

/// What a rail answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The books that have changed, to be written together: the request's own, and the charge's. Empty when
    /// the request was asked before.
    pub books: Vec<Book>,
    /// The answer.
    pub news: News,
}

/// What a rail says unasked.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The book afterwards.
    pub book: Book,
    /// What has happened.
    pub word: Word,
}

/// What can happen to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    /// Something about the request itself.
    News(News),
    /// The payer's bank asks for the charge's money back.
    Disputed {
        /// The rail's id of the dispute.
        id: String,
    },
    /// A dispute is decided.
    Decided(Verdict),
}

/// Asks a rail to do something. The same request asked again is answered with where it stands by now, and
/// nothing is done twice.
#[must_use]
pub fn ask(rail: Rail, setting: &Setting, asking: Asking<'_>, moment: Moment) -> Asked {
    let Asking { command, card, before, charge } = asking;
    if let Some(book) = before {
        return Asked { books: Vec::new(), news: book.news() };
    }
    let own = Book::open(rail, affair(&command.ask), command, moment);
    let of = |request| charge.filter(|book| book.is_charge(request) && book.rail() == rail);
    let now = moment.now;
    match &command.ask {
        Ask::Charge { method, hold, expires, description: _ } => {
            let (hold, expires) = (*hold, *expires);
            charge::ask(own, &Charging { setting, method, card, hold, expires }, now)
        }
        Ask::Capture { charge } => follow_up::ask(own, of(*charge), follow_up::capture, now),
        Ask::Cancel { charge } => follow_up::ask(own, of(*charge), follow_up::cancel, now),
        Ask::Refund { charge } => follow_up::ask(own, of(*charge), follow_up::refund, now),
        Ask::Transfer { to } => send::ask(own, to, TRANSFER_TAKES, now),
        Ask::Payout { to } => send::ask(own, to, PAYOUT_TAKES, now),
    }
}

/// Asks what came of a request; `None`: the rail has no book of it, so it has not arrived ([`close`] it, before anybody goes
/// by that).
#[must_use]
pub fn query(book: Option<&Book>) -> News {
    book.map_or(News::Unheard, Book::news)
}

/// Closes a request that never arrived: one that is on its way still is told when it comes that it was not heard, so that
/// what was said of it stays true.
#[must_use]
pub fn close(rail: Rail, command: &Command, moment: Moment) -> Book {
    Book::open(rail, affair(&command.ask), command, moment).stand(Standing::Unheard)
}

fn affair(ask: &Ask) -> Affair {
    match ask {
        Ask::Charge { hold, .. } => Affair::Charge(Charge { hold: *hold, ..Charge::default() }),
        Ask::Capture { .. } => Affair::Capture,
        Ask::Cancel { .. } => Affair::Cancel,
        Ask::Refund { .. } => Affair::Refund,
        Ask::Transfer { .. } => Affair::Transfer,
        Ask::Payout { .. } => Affair::Payout,
    }
}

/// No, with the word for programs and a sentence for people.
fn refusal(code: &str, message: &str) -> Refusal {
    Refusal { code: code.to_owned(), message: message.to_owned(), unreached: false }
}

fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
