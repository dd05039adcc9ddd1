//! A desk: what the engine does with the rails, and nothing more. Books are kept as JSON and read back for
//! every step, so each story also tells that they survive it.

mod charges;
mod follow_ups;
mod forced;
mod laws;
mod payments;
mod sending;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use posthorn_core::id::{MerchantId, PaymentId, RequestId};
use posthorn_core::money::{Asset, Money};
use posthorn_core::payment::{
    Ask, CardFacts, Command, Instrument, Method, Movement, News, Refusal,
};

use super::{
    Asking, Book, Card, Impossible, Moment, Outcome, Rail, Receiver, Setting, Word, ask, close,
    force, query, wake,
};
use crate::cards::{Expiry, Pan};

pub(super) const BRL_100: Money = Money { minor: 10_000, asset: Asset::BRL };
pub(super) const KES_100: Money = Money { minor: 10_000, asset: Asset::KES };
pub(super) const XRP_10: Money = Money { minor: 10_000_000, asset: Asset::XRP };

/// The request with this ordinal, of a payment made on 2026-11-22.
pub(super) fn request(ordinal: u16) -> RequestId {
    PaymentId::from_i64(28_080_000_000 << 22).request(ordinal)
}

pub(super) fn setting() -> Setting {
    Setting {
        receiver: Receiver::of(MerchantId::from_i64(7 << 22), "Padaria São João"),
        pix_confirms_after: None,
        cards_decide_after: None,
        cards_reviewed: false,
        action_page: "https://sandbox.example/actions".to_owned(),
    }
}

pub(super) fn card(number: &str) -> Card {
    let pan = Pan::parse(number).unwrap_or_else(|fault| panic!("{fault}"));
    Card { pan, expiry: Expiry::parse("12/25").unwrap() }
}

pub(super) fn on_card() -> Method {
    let (brand, bin, last4) = ("visa".to_owned(), "424242".to_owned(), "4242".to_owned());
    Method::Card(CardFacts { brand, bin, last4, exp_month: 12, exp_year: 2025 })
}

pub(super) fn on_phone(phone: &str) -> Method {
    Method::MobileMoney { phone: phone.to_owned() }
}

pub(super) fn from_bank() -> Method {
    Method::BankTransfer { account: Some("0112345678".to_owned()), bank: Some("01".to_owned()) }
}

pub(super) fn charge(method: Method) -> Ask {
    Ask::Charge { method, hold: false, description: Some("Café".to_owned()), expires: None }
}

/// Whoever uses the rails.
pub(super) struct Desk {
    pub(super) setting: Setting,
    pub(super) now: Timestamp,
    pub(super) books: BTreeMap<RequestId, String>,
    chance: u8,
}

impl Desk {
    pub(super) fn new() -> Self {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        Self { setting: setting(), now, books: BTreeMap::new(), chance: 0 }
    }

    pub(super) fn book(&self, ordinal: u16) -> Option<Book> {
        let json = self.books.get(&request(ordinal))?;
        let book: Book = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&book).unwrap(), *json);
        Some(book)
    }

    fn keep(&mut self, book: &Book) {
        self.books.insert(book.request(), serde_json::to_string(book).unwrap());
    }

    pub(super) fn ask(&mut self, ordinal: u16, rail: Rail, money: Money, what: Ask) -> News {
        self.ask_with(ordinal, (rail, None), money, what)
    }

    pub(super) fn ask_with(
        &mut self,
        ordinal: u16,
        (rail, card): (Rail, Option<&Card>),
        money: Money,
        what: Ask,
    ) -> News {
        self.chance = self.chance.wrapping_add(1);
        let moment = Moment { now: self.now, chance: [self.chance; 16] };
        let command = Command { request: request(ordinal), money, ask: what };
        let before = self.book(ordinal);
        let was_new = before.is_none();
        let charge = match &command.ask {
            Ask::Capture { charge } | Ask::Cancel { charge } | Ask::Refund { charge } => {
                self.books.get(charge).map(|json| serde_json::from_str(json).unwrap())
            }
            Ask::Charge { .. } | Ask::Transfer { .. } | Ask::Payout { .. } => None,
        };
        let asking = Asking { command: &command, card, before, charge };
        let asked = ask(rail, &self.setting, asking, moment);
        assert_eq!(asked.books.is_empty(), !was_new, "a request opens its book once");
        for book in &asked.books {
            self.keep(book);
        }
        assert_eq!(self.query(ordinal), asked.news, "a lost answer can be asked for");
        asked.news
    }

    pub(super) fn pay(&mut self, rail: Rail, money: Money, method: Method) -> News {
        self.ask(1, rail, money, charge(method))
    }

    pub(super) fn pay_by_card(&mut self, number: &str) -> News {
        let card = card(number);
        self.ask_with(1, (Rail::Cards, Some(&card)), BRL_100, charge(on_card()))
    }

    pub(super) fn refund(&mut self, ordinal: u16, rail: Rail, money: Money) -> News {
        self.ask(ordinal, rail, money, Ask::Refund { charge: request(1) })
    }

    /// Asks what came of a request of which nobody has heard, and goes by that.
    pub(super) fn close(&mut self, ordinal: u16, rail: Rail, money: Money, what: Ask) -> News {
        let moment = Moment { now: self.now, chance: [0; 16] };
        let command = Command { request: request(ordinal), money, ask: what };
        self.keep(&close(rail, &command, moment));
        self.query(ordinal)
    }

    pub(super) fn query(&self, ordinal: u16) -> News {
        query(self.book(ordinal).as_ref())
    }

    pub(super) fn force(&mut self, ordinal: u16, outcome: &Outcome) -> Result<Word, Impossible> {
        let book = self.book(ordinal).expect("a book");
        let told = force(book, outcome, self.now)?;
        self.keep(&told.book);
        Ok(told.word)
    }

    pub(super) fn forced(&mut self, outcome: &Outcome) -> Word {
        self.force(1, outcome).unwrap_or_else(|fault| panic!("{outcome:?}: {fault}"))
    }

    /// Everything that happens by itself within this time, in order, each with the seconds until then.
    pub(super) fn pass(&mut self, wait: SignedDuration) -> Vec<(i64, Word)> {
        let (from, until) = (self.now, self.now.saturating_add(wait).unwrap());
        let mut words = Vec::new();
        while let Some((at, book)) = self.next().filter(|(at, _)| *at <= until) {
            self.now = at;
            let early = at.saturating_sub(SignedDuration::from_nanos(1)).unwrap();
            assert_eq!(wake(book.clone(), early), None, "nothing happens before its time");
            let told = wake(book, at).expect("what is due happens");
            self.keep(&told.book);
            words.push((at.duration_since(from).as_secs(), told.word));
        }
        self.now = until;
        words
    }

    fn next(&self) -> Option<(Timestamp, Book)> {
        let books = self.books.values().map(|json| serde_json::from_str::<Book>(json).unwrap());
        books.filter_map(|book| Some((book.wake()?, book))).min_by_key(|(at, _)| *at)
    }
}

pub(super) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

pub(super) fn done(news: News) -> Movement {
    let News::Done(movement) = news else { panic!("money was to move: {news:?}") };
    movement
}

pub(super) fn refused(news: News) -> Refusal {
    let News::Refused(refusal) = news else { panic!("it was to be refused: {news:?}") };
    refusal
}

pub(super) fn shown(news: News) -> Instrument {
    let News::Awaiting(instrument) = news else { panic!("the payer was to be shown: {news:?}") };
    instrument
}

pub(super) fn news(word: Word) -> News {
    let Word::News(news) = word else { panic!("news of the request: {word:?}") };
    news
}
