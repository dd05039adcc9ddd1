//! What holds whatever is asked, in whatever order, however often.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use posthorn_core::money::{Asset, Money};
use posthorn_core::payment::{Ask, Command, Instrument, Method, Movement, News};
use proptest::prelude::*;

use super::{BRL_100, Desk, KES_100, XRP_10, card, from_bank, on_card, on_phone, request, setting};
use crate::brcode::BrCode;
use crate::pix::Key;
use crate::simulated::{Asking, Book, Moment, Outcome, Rail, Receiver, Word, ask, force, wake};
use crate::xrpl::AccountId;

/// Documented numbers, and one that is not.
const CARDS: [&str; 6] = [
    "4242424242424242",
    "4000000000000002",
    "4000000000000259",
    "4000002500003155",
    "5555555555554444",
    "4012888888881881",
];
const PHONES: [&str; 5] =
    ["254712345678", "254700000000", "254711111111", "254722222222", "254733000111"];

#[derive(Debug, Clone)]
enum Step {
    /// The charge, once more.
    Charge,
    Capture(u16),
    Cancel(u16),
    Refund(u16, i64),
    Send(u16, bool),
    Force(Outcome),
    Pass(i64),
}

/// A charge: on which rail, by which card or telephone, held or not, and deferred or not.
#[derive(Debug, Clone)]
struct Story {
    rail: Rail,
    which: usize,
    hold: bool,
    deferred: bool,
    confirms: bool,
    steps: Vec<Step>,
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Succeed),
        1 => Just(Outcome::Fail { code: "processing_error".to_owned() }),
        1 => Just(Outcome::Cancel),
        1 => Just(Outcome::Expire),
        1 => Just(Outcome::Process),
        1 => Just(Outcome::RequireAction),
        2 => (-1_i64..12_000_000).prop_map(|minor| Outcome::PayPartly { minor }),
        2 => Just(Outcome::PayTwice),
        1 => Just(Outcome::Dispute),
        1 => Just(Outcome::DisputeWon),
        1 => Just(Outcome::DisputeLost),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Charge),
        1 => (2_u16..5).prop_map(Step::Capture),
        1 => (5_u16..8).prop_map(Step::Cancel),
        2 => (8_u16..14, -1_i64..101).prop_map(|(ordinal, hundredths)| Step::Refund(ordinal, hundredths)),
        1 => (14_u16..18, any::<bool>()).prop_map(|(ordinal, out)| Step::Send(ordinal, out)),
        4 => outcome().prop_map(Step::Force),
        2 => (0_i64..4000).prop_map(Step::Pass),
    ]
}

fn story() -> impl Strategy<Value = Story> {
    let rail = prop::sample::select(Rail::ALL.to_vec());
    let steps = prop::collection::vec(step(), 0..24);
    (rail, 0_usize..6, any::<bool>(), any::<bool>(), any::<bool>(), steps).prop_map(
        |(rail, which, hold, deferred, confirms, steps)| {
            let hold = hold && rail == Rail::Cards;
            Story { rail, which, hold, deferred, confirms, steps }
        },
    )
}

fn money(rail: Rail) -> Money {
    match rail {
        Rail::Cards | Rail::Pix | Rail::Boleto => BRL_100,
        Rail::Mpesa | Rail::Bank => KES_100,
        Rail::Xrpl => XRP_10,
    }
}

fn method(rail: Rail, which: usize) -> Method {
    match rail {
        Rail::Cards => on_card(),
        Rail::Pix => Method::Pix,
        Rail::Boleto => Method::Boleto,
        Rail::Mpesa => on_phone(PHONES[which % PHONES.len()]),
        Rail::Bank => from_bank(),
        Rail::Xrpl => Method::Xrp,
    }
}

/// A card's number in the forms that people write.
fn written(number: &str) -> [String; 3] {
    let by_four = |between: &str| {
        let groups: Vec<&str> =
            (0..number.len()).step_by(4).map(|at| &number[at..at + 4]).collect();
        groups.join(between)
    };
    [number.to_owned(), by_four(" "), by_four("-")]
}

/// A story told, with all that moved.
struct Teller {
    story: Story,
    desk: Desk,
    /// Money that came for the charge, by transaction.
    came: BTreeMap<String, Movement>,
    /// Money that went back or out.
    went: BTreeMap<String, Movement>,
    /// How often somebody made it be paid again.
    again: usize,
    back: i64,
}

impl Teller {
    fn new(story: Story) -> Self {
        let mut desk = Desk::new();
        desk.setting.cards_decide_after = story.deferred.then(|| SignedDuration::from_secs(1));
        desk.setting.pix_confirms_after = story.confirms.then_some(SignedDuration::from_secs(5));
        let (came, went) = (BTreeMap::new(), BTreeMap::new());
        Self { story, desk, came, went, again: 0, back: 0 }
    }

    fn number(&self) -> &'static str {
        CARDS[self.story.which % CARDS.len()]
    }

    fn ask(&mut self, ordinal: u16, minor: i64, what: Ask) -> News {
        let rail = self.story.rail;
        let card = card(self.number());
        self.desk.ask_with(ordinal, (rail, Some(&card)), money(rail).with(minor), what)
    }

    fn charge(&mut self) {
        let rail = self.story.rail;
        let description = Some(written(self.number()).join(", "));
        let method = method(rail, self.story.which);
        let what = Ask::Charge { method, hold: self.story.hold, description, expires: None };
        let news = self.ask(1, money(rail).minor, what);
        self.hear(news);
    }

    fn hear(&mut self, news: News) {
        if let News::Done(movement) = news {
            self.came.insert(movement.transaction.clone(), movement);
        }
    }

    fn take(&mut self, step: Step) {
        let whole = money(self.story.rail).minor;
        let charge = request(1);
        match step {
            Step::Charge => self.charge(),
            Step::Capture(ordinal) => {
                let news = self.ask(ordinal, whole, Ask::Capture { charge });
                self.hear(news);
            }
            Step::Cancel(ordinal) => {
                self.ask(ordinal, whole, Ask::Cancel { charge });
            }
            Step::Refund(ordinal, hundredths) => {
                let minor = whole / 100 * hundredths;
                if let News::Done(movement) = self.ask(ordinal, minor, Ask::Refund { charge }) {
                    let minor = movement.money.minor;
                    let was_new =
                        self.went.insert(movement.transaction.clone(), movement).is_none();
                    self.back += if was_new { minor } else { 0 };
                }
            }
            Step::Send(ordinal, out) => {
                let to = written(self.number())[1].clone();
                let what = if out { Ask::Payout { to } } else { Ask::Transfer { to } };
                self.ask(ordinal, whole, what);
            }
            Step::Force(outcome) => self.force(&outcome),
            Step::Pass(seconds) => self.pass(SignedDuration::from_secs(seconds)),
        }
    }

    fn force(&mut self, outcome: &Outcome) {
        match self.desk.force(1, outcome) {
            Ok(Word::News(news)) => {
                self.again +=
                    usize::from(matches!(outcome, Outcome::PayTwice | Outcome::PayPartly { .. }));
                self.hear(news);
            }
            Ok(Word::Disputed { .. } | Word::Decided(_)) | Err(_) => {}
        }
    }

    fn pass(&mut self, wait: SignedDuration) {
        for (_, word) in self.desk.pass(wait) {
            let Word::News(News::Done(movement)) = word else { continue };
            let sent = self.desk.books.iter().filter(|(id, _)| **id >= request(14));
            let is_sent =
                sent.map(|(_, json)| json).any(|json| json.contains(&movement.transaction));
            let moved = if is_sent { &mut self.went } else { &mut self.came };
            moved.insert(movement.transaction.clone(), movement);
        }
    }
}

/// Asks all of it of one rail, and makes everything happen that can.
fn survive(story: &Story, (asks, minor): ([Ask; 5], i64), outcomes: &[Outcome], moment: Moment) {
    let card = card(CARDS[story.which % CARDS.len()]);
    let mut kept: Option<Book> = None;
    for what in asks {
        let money = money(story.rail).with(minor);
        let command = Command { request: request(1), money, ask: what };
        let charge = kept.clone();
        let asking = Asking { command: &command, card: Some(&card), before: None, charge };
        for mut book in ask(story.rail, &setting(), asking, moment).books {
            for outcome in outcomes {
                let told = force(book.clone(), outcome, moment.now);
                book = told.map_or(book, |told| told.book);
            }
            let woken = wake(book.clone(), Timestamp::MAX).map(|told| told.book);
            kept = kept.or(Some(woken.unwrap_or(book)));
        }
    }
}

proptest! {
    /// The same requests in any order with time, queries and whatever people do: what came is what one payment is,
    /// unless somebody paid again; what went back is not more; a lost answer can be asked for (the desk does, always).
    #[test]
    fn money_moves_at_most_once(story in story()) {
        let steps = story.steps.clone();
        let mut teller = Teller::new(story);
        teller.charge();
        for step in steps {
            teller.take(step);
            let number = teller.number();
            for json in teller.desk.books.values() {
                prop_assert!(!written(number).iter().any(|text| json.contains(text)), "{json}");
            }
        }
        teller.pass(SignedDuration::from_hours(48));
        prop_assert!(teller.desk.books.values().all(|json| json.contains("\"foreseen\":null")));
        prop_assert!(teller.came.len() <= 1 + teller.again, "{:?}", teller.came);
        let whole = money(teller.story.rail);
        let full = teller.came.values().filter(|movement| movement.money == whole).count();
        prop_assert_eq!(full > 0, matches!(teller.desk.query(1), News::Done(_)));
        let most = if full > 0 { whole.minor } else { 0 };
        prop_assert!(teller.back <= most);
        let ids: BTreeSet<_> = teller.came.keys().chain(teller.went.keys()).collect();
        prop_assert_eq!(ids.len(), teller.came.len() + teller.went.len(), "no two share an id");
    }

    /// What is foreseen happens at its time however late somebody looks, and doing it again is doing the same.
    #[test]
    fn waking_late_or_twice_is_waking_once(story in story(), late in 0_i64..1_000_000) {
        let mut teller = Teller::new(story);
        teller.charge();
        let book = teller.desk.book(1).unwrap();
        if let Some(at) = book.wake() {
            let late = at.saturating_add(SignedDuration::from_secs(late)).unwrap();
            prop_assert_eq!(wake(book.clone(), at), wake(book, late));
        }
    }

    /// No clock, amount, destination or order of things makes a rail panic.
    #[test]
    fn any_moment_and_any_amount_are_survived(
        story in story(),
        (second, minor) in (Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(), any::<i64>()),
        expires in prop::option::of(Timestamp::MIN.as_second()..=Timestamp::MAX.as_second()),
        (chance, to) in (any::<[u8; 16]>(), "\\PC{0,30}"),
        outcomes in prop::collection::vec(outcome(), 0..6),
    ) {
        let expires = expires.map(|second| Timestamp::from_second(second).unwrap());
        let moment = Moment { now: Timestamp::from_second(second).unwrap(), chance };
        let method = method(story.rail, story.which);
        let charge = request(1);
        let asks = [
            Ask::Charge { method, hold: story.hold, description: None, expires },
            Ask::Capture { charge },
            Ask::Refund { charge },
            Ask::Transfer { to: to.clone() },
            Ask::Payout { to },
        ];
        survive(&story, (asks, minor), &outcomes, moment);
    }

    /// Each merchant is paid under names of its own, which every reader takes.
    #[test]
    fn every_merchant_has_its_own_key_and_account(a: i64, b: i64, name in "\\PC{0,40}") {
        let of = |id| Receiver::of(posthorn_core::id::MerchantId::from_i64(id), &name);
        prop_assert_eq!(of(a), of(a));
        prop_assert_eq!(of(a).key == of(b).key, a == b);
        prop_assert_eq!(of(a).account == of(b).account, a == b);
        prop_assert!(Key::parse(of(a).key.as_str()).is_ok());
        prop_assert_eq!(of(a).account.to_string().parse::<AccountId>(), Ok(of(a).account));
        let mut desk = Desk::new();
        desk.setting.receiver = of(a);
        let shown = super::shown(desk.pay(Rail::Pix, BRL_100, Method::Pix));
        let Instrument::Pix { br_code, .. } = shown else { panic!("{shown:?}") };
        prop_assert!(BrCode::parse(&br_code).is_ok(), "{br_code}");
    }
}

/// A card's issuer counts in any currency, so what a rail refuses is named by its asset and not by a list.
#[test]
fn dollars_are_charged_on_cards() {
    let mut desk = Desk::new();
    let card = card("4242424242424242");
    let dollars = Money { minor: 100, asset: Asset::USD };
    let news = desk.ask_with(1, (Rail::Cards, Some(&card)), dollars, super::charge(on_card()));
    assert!(matches!(news, News::Done(_)), "{news:?}");
}
