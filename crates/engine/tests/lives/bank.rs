//! What the bank would say: the simulated rail's own books, read as the JSON that they are and by nobody's code but this.

use posthorn_core::payment::{Movement, Verdict};
use posthorn_store::{Record, RecordKind};
use serde::Deserialize;

use crate::life::Life;
use crate::world::read;

/// Books of one payment, at most: more than a life's commands make.
const BOOKS_MAX: u32 = 200;

/// What the bank knows of one request.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Book {
    affair: Affair,
    standing: Standing,
}

#[derive(Debug, Clone, Deserialize)]
struct Affair {
    kind: String,
    #[serde(default)]
    times: i64,
    #[serde(default)]
    refunded: i64,
    #[serde(default)]
    dispute: Option<Dispute>,
}

#[derive(Debug, Clone, Deserialize)]
struct Dispute {
    number: usize,
    verdict: Option<Verdict>,
}

/// How a payment's last dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disputed {
    Never,
    Open,
    Decided(Verdict),
}

impl Disputed {
    pub(crate) fn of(verdict: Option<Verdict>) -> Self {
        verdict.map_or(Self::Open, Self::Decided)
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Standing {
    is: String,
    movement: Option<Movement>,
}

/// All that a bank did for one payment or payout.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    books: Vec<Book>,
}

impl Book {
    fn moved(&self) -> i64 {
        self.standing.movement.as_ref().map_or(0, |movement| movement.money.minor)
    }
}

impl Statement {
    pub(crate) fn of(life: &Life, record: &Record) -> Self {
        let books = read(life.world.store.records_of(record.id, BOOKS_MAX));
        let books = books.iter().filter(|book| book.kind == RecordKind::Book);
        let read = |book: &Record| serde_json::from_str(&book.body).expect("a book is JSON");
        Self { books: books.map(read).collect() }
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Book> {
        self.books.iter().filter(move |book| book.affair.kind == kind)
    }

    /// Charges that took money from the payer.
    pub(crate) fn charges(&self) -> usize {
        self.of_kind("charge").filter(|book| book.standing.movement.is_some()).count()
    }

    /// What was taken from the payer for it.
    pub(crate) fn charged(&self) -> i64 {
        self.of_kind("charge").map(Book::moved).sum()
    }

    /// How often money came besides: twice, or too little.
    pub(crate) fn strayed(&self) -> i64 {
        let times: i64 = self.of_kind("charge").map(|book| book.affair.times).sum();
        times - i64::try_from(self.charges()).unwrap()
    }

    /// Where the last charge stands.
    pub(crate) fn standing(&self) -> Option<&str> {
        self.of_kind("charge").last().map(|book| &*book.standing.is)
    }

    /// What was moved by requests of a kind, in minor units: refunds, transfers, payouts.
    pub(crate) fn sent(&self, kind: &str) -> i64 {
        self.of_kind(kind).map(Book::moved).sum()
    }

    /// How many requests of a kind there were.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.of_kind(kind).count()
    }

    /// What the charge's own book says went back.
    pub(crate) fn refunded(&self) -> i64 {
        self.of_kind("charge").map(|book| book.affair.refunded).sum()
    }

    /// How many disputes there were, and how the last stands.
    pub(crate) fn disputes(&self) -> (usize, Disputed) {
        let last = self.of_kind("charge").find_map(|book| book.affair.dispute.as_ref());
        last.map_or((0, Disputed::Never), |last| (last.number + 1, Disputed::of(last.verdict)))
    }
}
