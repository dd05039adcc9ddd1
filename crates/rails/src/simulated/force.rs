//! What a payer, a bank or a ledger might do, made to happen: by `posthorn trigger`, and by the API.

use jiff::{SignedDuration, Timestamp};
use posthorn_core::payment::{Movement, News, Verdict};
use serde::{Deserialize, Serialize};

use super::book::{Affair, Book, Change, Standing};
use super::wake::{dispute, pay_again};
use super::{Rail, Told, Word, after, cards, refusal, xrpl};

/// How long after the first the second payment comes, when somebody pays twice.
const SECOND_AFTER: SignedDuration = SignedDuration::from_secs(1);
/// Characters of a code at most.
const CODE_CHARS_MAX: usize = 64;

/// What is to happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The payer pays, or what was sent arrives. XRP is seen first.
    Succeed,
    /// It is refused.
    Fail {
        /// The word for programs: small letters and underscores.
        code: String,
    },
    /// The payer calls it off.
    Cancel,
    /// Nobody paid in time.
    Expire,
    /// The provider looks at it, until something else happens.
    Process,
    /// The card's holder must confirm first.
    RequireAction,
    /// Less comes than was asked for.
    PayPartly {
        /// So many minor units.
        minor: i64,
    },
    /// The payer pays twice: what is not paid yet now and a second later, else once more now.
    PayTwice,
    /// The payer's bank asks for the money.
    Dispute,
    /// A dispute is decided for the merchant.
    DisputeWon,
    /// A dispute is decided for the payer.
    DisputeLost,
}

/// Why that cannot happen; nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// It was paid before.
    #[error("it was paid before")]
    Paid,
    /// Only what was paid can be disputed, or paid once more.
    #[error("it was not paid")]
    NotPaid,
    /// It is refused or canceled, or there is nothing to decide about it.
    #[error("it is over")]
    Over,
    /// A transaction was seen that pays it.
    #[error("a payment was seen that counts in a moment")]
    UnderWay,
    /// Not on this rail.
    #[error("this does not happen on its rail")]
    Rail,
    /// A part is above nothing and below the whole.
    #[error("a part is at least 1 minor unit and less than the whole")]
    Part,
    /// A code for programs.
    #[error("a code is 1 to {CODE_CHARS_MAX} small letters and underscores")]
    Code,
    /// A dispute is open, or was lost, or everything went back.
    #[error("nothing is left of it to dispute")]
    NothingLeft,
    /// There is no dispute, or it was decided.
    #[error("it has no open dispute")]
    NoDispute,
}

/// Makes something happen to a request at `now`.
pub fn force(book: Book, outcome: &Outcome, now: Timestamp) -> Result<Told, Impossible> {
    match outcome {
        Outcome::Succeed => succeed(book, now),
        Outcome::Fail { code } => fail(book, code),
        Outcome::Cancel => Ok(stopped(book)?.stand(Standing::Canceled).tell()),
        Outcome::Expire => Ok(stopped(book)?.stand(Standing::Expired).tell()),
        Outcome::Process => Ok(stopped(book)?.stand(Standing::Processing).tell()),
        Outcome::RequireAction => {
            let book = stopped(book)?;
            let page = book.charge().and_then(|charge| charge.page.clone());
            Ok(cards::challenge(book, page.ok_or(Impossible::Rail)?, now).tell())
        }
        Outcome::PayPartly { minor } => pay_partly(book, *minor, now),
        Outcome::PayTwice => pay_twice(book, now),
        Outcome::Dispute => open_dispute(book),
        Outcome::DisputeWon => decide(book, Verdict::Won),
        Outcome::DisputeLost => decide(book, Verdict::Lost),
    }
}

fn succeed(book: Book, now: Timestamp) -> Result<Told, Impossible> {
    payable(&book)?;
    let is_seen = matches!(book.standing, Standing::Seen { .. });
    let book = if book.rail == Rail::Xrpl && book.charge().is_some() && !is_seen {
        xrpl::seen(book, now)
    } else {
        book.finish(now)
    };
    Ok(book.tell())
}

fn fail(book: Book, code: &str) -> Result<Told, Impossible> {
    let plain = |letter: u8| letter.is_ascii_lowercase() || letter == b'_';
    if !(1..=CODE_CHARS_MAX).contains(&code.len()) || !code.bytes().all(plain) {
        return Err(Impossible::Code);
    }
    if book.movement().is_some() {
        return Err(Impossible::Paid);
    }
    if !book.is_open() {
        return Err(Impossible::Over);
    }
    let refusal = refusal(code, "the sandbox was told to refuse it");
    Ok(book.stand(Standing::Refused { refusal }).tell())
}

/// The charge, if its payer or its provider can still stop it.
fn stopped(book: Book) -> Result<Book, Impossible> {
    match (&book.affair, &book.standing) {
        (_, Standing::Done { .. }) => Err(Impossible::Paid),
        (_, Standing::Seen { .. }) => Err(Impossible::UnderWay),
        (Affair::Charge(_), _) if book.is_open() => Ok(book),
        (_, _) => Err(Impossible::Over),
    }
}

/// Whether money may come for it, or arrive where it was sent.
fn payable(book: &Book) -> Result<(), Impossible> {
    match (&book.affair, &book.standing) {
        (_, Standing::Done { .. }) => Err(Impossible::Paid),
        (Affair::Charge(_) | Affair::Transfer | Affair::Payout, _) if book.is_open() => Ok(()),
        (Affair::Charge(charge), _) if charge.shown && book.rail.takes_late_money() => Ok(()),
        (_, _) => Err(Impossible::Over),
    }
}

fn pay_partly(book: Book, minor: i64, now: Timestamp) -> Result<Told, Impossible> {
    if !book.rail.can_be_paid_in_part() || book.charge().is_none() {
        return Err(Impossible::Rail);
    }
    payable(&book)?;
    if matches!(book.standing, Standing::Seen { .. }) {
        return Err(Impossible::UnderWay);
    }
    if !(1..book.money.minor).contains(&minor) {
        return Err(Impossible::Part);
    }
    // It still waits for the whole.
    let (book, whole) = book.moves(now);
    let part = Movement { money: whole.money.with(minor), ..whole };
    Ok(Told { book, word: Word::News(News::Done(part)) })
}

fn pay_twice(book: Book, now: Timestamp) -> Result<Told, Impossible> {
    if !book.rail.can_be_paid_twice() || book.charge().is_none() {
        return Err(Impossible::Rail);
    }
    if book.movement().is_some() {
        return Ok(pay_again(book, now));
    }
    payable(&book)?;
    let mut book = book.finish(now);
    book.foresee(after(now, SECOND_AFTER), Change::PayAgain);
    Ok(book.tell())
}

fn open_dispute(mut book: Book) -> Result<Told, Impossible> {
    let charge = book.charge().ok_or(Impossible::Over)?;
    if !book.rail.can_be_disputed() {
        return Err(Impossible::Rail);
    }
    let movement = book.movement().ok_or(Impossible::NotPaid)?;
    let was_won = charge.dispute.is_none_or(|last| last.verdict == Some(Verdict::Won));
    if !was_won || charge.refunded >= movement.money.minor {
        return Err(Impossible::NothingLeft);
    }
    // The one that was to come has.
    book.foreseen = book.foreseen.filter(|foreseen| foreseen.change != Change::Dispute);
    Ok(dispute(book))
}

fn decide(mut book: Book, verdict: Verdict) -> Result<Told, Impossible> {
    let last = book.charge_mut().and_then(|charge| charge.dispute.as_mut());
    let open = last.filter(|last| last.verdict.is_none()).ok_or(Impossible::NoDispute)?;
    open.verdict = Some(verdict);
    Ok(Told { book, word: Word::Decided(verdict) })
}
