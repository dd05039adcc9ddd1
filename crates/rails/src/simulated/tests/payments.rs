//! Payments on these rails, as core decides them: answers get lost, requests too, and both sides still agree on
//! every cent.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use posthorn_core::event::Mode;
use posthorn_core::id::{MerchantId, PaymentId, RequestId};
use posthorn_core::ledger::{Account, Posting};
use posthorn_core::payment::{
    Ask, Due, Method, NewLeg, News, Payment, Refused, Share, Split, State, Step, Todo, Verdict,
    Wish,
};
use proptest::prelude::*;

use super::{BRL_100, Desk, card, on_card, request};
use crate::simulated::{Outcome, Rail, Word};

/// What becomes of a request on its way.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Answered,
    AnswerLost,
    NeverArrived,
}

#[derive(Debug, Clone)]
enum Act {
    Send(Fate),
    Query,
    Capture,
    Cancel,
    Refund(i64),
    Force(Outcome),
    Pass(i64),
}

fn act() -> impl Strategy<Value = Act> {
    let fate = prop_oneof![
        3 => Just(Fate::Answered),
        2 => Just(Fate::AnswerLost),
        1 => Just(Fate::NeverArrived),
    ];
    let outcome = prop_oneof![
        4 => Just(Outcome::Succeed),
        1 => Just(Outcome::Cancel),
        1 => Just(Outcome::Fail { code: "processing_error".to_owned() }),
        2 => Just(Outcome::PayTwice),
        2 => Just(Outcome::Dispute),
        1 => Just(Outcome::DisputeWon),
        1 => Just(Outcome::DisputeLost),
    ];
    prop_oneof![
        5 => fate.prop_map(Act::Send),
        2 => Just(Act::Query),
        1 => Just(Act::Capture),
        1 => Just(Act::Cancel),
        2 => (1_i64..10_001).prop_map(Act::Refund),
        4 => outcome.prop_map(Act::Force),
        2 => prop_oneof![0_i64..20, 80_000_i64..90_000].prop_map(Act::Pass),
    ]
}

/// A payment, the ledger, and the rail with what it knows to have moved.
struct Counter {
    desk: Desk,
    rail: Rail,
    payment: Payment,
    balances: BTreeMap<Account, i64>,
    /// By transaction, what came in; below zero, what went out.
    moved: BTreeMap<String, i64>,
    charged_back: i64,
}

fn wish(rail: Rail, hold: bool) -> Wish {
    Wish {
        method: if rail == Rail::Cards { on_card() } else { Method::Pix },
        provider: "sandbox".to_owned(),
        hold,
        fee: 250,
        reference: None,
        description: None,
        customer: None,
        metadata: "{}".to_owned(),
        callback: None,
        expires: None,
        installments: 1,
        checkout: None,
        sale: None,
    }
}

fn split() -> Split {
    let leg = |to: &str, share| NewLeg { name: to.to_owned(), to: to.to_owned(), share };
    let legs = vec![
        leg("ana@exemplo.com", Share::Fixed(2_000)),
        leg("falha@exemplo.com", Share::Fixed(1_000)),
    ];
    Split::new(BRL_100.minor, legs).unwrap()
}

impl Counter {
    fn new(rail: Rail, hold: bool) -> Self {
        let desk = Desk::new();
        let id = PaymentId::from_i64(request(1).owner());
        let whose = (MerchantId::from_i64(7 << 22), Mode::Test);
        let step = Payment::open(id, whose, BRL_100, (wish(rail, hold), Some(split())), desk.now);
        let (balances, moved) = (BTreeMap::new(), BTreeMap::new());
        Self { desk, rail, payment: step.after, balances, moved, charged_back: 0 }
    }

    fn step(&mut self, verb: impl FnOnce(Payment) -> Result<Step, Refused>) -> bool {
        let Ok(step) = verb(self.payment.clone()) else { return false };
        self.payment = step.after;
        for entry in step.postings.iter().flat_map(Posting::entries) {
            *self.balances.entry(entry.account).or_default() += entry.gain.minor;
        }
        true
    }

    /// What the rail says is what the rail's money did.
    fn moves(&mut self, request: RequestId, news: &News) {
        let News::Done(movement) = news else { return };
        let ask = self.payment.command(request).expect("its request").1.ask;
        let comes = matches!(ask, Ask::Charge { .. } | Ask::Capture { .. });
        let minor = if comes { movement.money.minor } else { -movement.money.minor };
        self.moved.insert(movement.transaction.clone(), minor);
    }

    fn send(&mut self, fate: Fate) {
        let unsent: Vec<RequestId> = self.payment.unsent().collect();
        for request in unsent {
            let now = self.desk.now;
            assert!(self.step(|payment| payment.send(request, now)));
            let heard = match fate {
                Fate::NeverArrived => News::Lost,
                Fate::Answered | Fate::AnswerLost => {
                    let news = self.ask(request);
                    if matches!(fate, Fate::Answered) { news } else { News::Lost }
                }
            };
            self.hear(request, heard);
        }
    }

    fn ask(&mut self, request: RequestId) -> News {
        let command = self.payment.command(request).expect("its request").1;
        let card = card("4000000000000259");
        let ordinal = ordinal(request);
        let news =
            self.desk.ask_with(ordinal, (self.rail, Some(&card)), command.money, command.ask);
        self.moves(request, &news);
        news
    }

    fn hear(&mut self, request: RequestId, news: News) {
        let now = self.desk.now;
        assert!(self.step(|payment| payment.hear(request, news, now)));
    }

    fn word(&mut self, request: RequestId, word: Word) {
        let now = self.desk.now;
        match word {
            Word::News(news) => {
                self.moves(request, &news);
                self.hear(request, news);
            }
            Word::Disputed { id } => {
                // Core holds what is not being refunded, so what became of refunds must be known first: one
                // that never reached the rail leaves more to dispute.
                self.query();
                self.send(Fate::Answered);
                assert!(self.step(|payment| payment.dispute(&id, now)), "{:?}", self.payment);
            }
            Word::Decided(verdict) => {
                self.query();
                if verdict == Verdict::Lost {
                    let charge = self.desk.book(1).unwrap();
                    self.charged_back += BRL_100.minor - charge.charge().unwrap().refunded;
                }
                assert!(self.step(|payment| payment.decide(verdict, now)), "{:?}", self.payment);
            }
        }
    }

    /// Asks about everything that may have been carried out unheard.
    fn query(&mut self) {
        let far = self.desk.now.saturating_add(SignedDuration::from_hours(9_000)).unwrap();
        while let Some(Due::Request(request, todo)) = self.payment.due(far) {
            if todo == Todo::Send {
                return;
            }
            let news = self.desk.query(ordinal(request));
            self.hear(request, news);
        }
    }

    fn pass(&mut self, seconds: i64) {
        let until = self.desk.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
        loop {
            let next =
                (1..40).filter_map(|ordinal| Some((self.desk.book(ordinal)?.wake()?, ordinal)));
            let Some((at, ordinal)) = next.min().filter(|(at, _)| *at <= until) else { break };
            self.desk.now = at;
            let told = crate::simulated::wake(self.desk.book(ordinal).unwrap(), at).unwrap();
            self.desk.keep(&told.book);
            self.word(request(ordinal), told.word);
        }
        self.desk.now = until;
        while let Some(Due::Settle) = self.payment.due(until) {
            self.step(|payment| Ok(payment.settle(until)));
        }
    }

    fn act(&mut self, act: Act) {
        let now = self.desk.now;
        match act {
            Act::Send(fate) => self.send(fate),
            Act::Query => self.query(),
            Act::Capture => _ = self.step(|payment| payment.capture(now)),
            Act::Cancel => _ = self.step(|payment| payment.cancel(now)),
            Act::Refund(minor) => _ = self.step(|payment| payment.refund(Some(minor), None, now)),
            Act::Force(outcome) => {
                if self.desk.book(1).is_some()
                    && let Ok(word) = self.desk.force(1, &outcome)
                {
                    self.word(request(1), word);
                }
            }
            Act::Pass(seconds) => self.pass(seconds),
        }
    }

    fn close(&mut self) {
        for _ in 0..3 {
            self.query();
            self.send(Fate::Answered);
            self.pass(90_000);
        }
    }
}

fn ordinal(request: RequestId) -> u16 {
    u16::try_from(request.as_i64() - request.owner()).unwrap()
}

proptest! {
    #[test]
    fn the_ledger_and_the_rail_agree_on_every_cent(
        on_card: bool,
        hold: bool,
        acts in prop::collection::vec(act(), 0..30),
    ) {
        let rail = if on_card { Rail::Cards } else { Rail::Pix };
        let mut counter = Counter::new(rail, hold && on_card);
        for act in acts {
            counter.act(act);
        }
        counter.close();
        let outside = -counter.balances.get(&Account::Clearing).copied().unwrap_or_default();
        let at_the_rail = counter.moved.values().sum::<i64>() - counter.charged_back;
        prop_assert_eq!(outside, at_the_rail, "{:?} {:?}", counter.payment, counter.moved);
        let paid = counter.desk.book(1).is_some_and(|book| book.movement().is_some());
        prop_assert_eq!(counter.payment.state.is_paid(), paid);
    }
}

#[test]
fn a_payment_whose_every_answer_was_lost_is_shared_once() {
    let mut counter = Counter::new(Rail::Pix, false);
    counter.send(Fate::AnswerLost);
    assert_eq!(counter.payment.state, State::Created, "nobody knows");
    counter.query();
    assert_eq!(counter.payment.state, State::Pending);
    counter.act(Act::Force(Outcome::Succeed));
    counter.send(Fate::AnswerLost);
    counter.close();
    let fees = [Account::Fees, Account::Available].map(|account| counter.balances[&account]);
    assert_eq!(fees, [250, 10_000 - 250 - 2_000], "one leg went, one came back");
}
