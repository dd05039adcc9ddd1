//! What holds after any sequence of wishes, news and hours.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::ledger::Account;
use crate::money::Asset;

/// Something that happens to a payment; numbers choose among what is there.
#[derive(Debug, Clone)]
enum Deed {
    Wait(u32),
    Send(usize),
    Hear(usize, u8, i64, u8),
    Refund(Option<i64>),
    Capture,
    Cancel,
    Dispute(u8),
    Decide(bool),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        2 => (0_u32..200_000).prop_map(Deed::Wait),
        3 => (0_usize..8).prop_map(Deed::Send),
        6 => (0_usize..8, 0_u8..12, 1_i64..20_000, 0_u8..4)
            .prop_map(|(at, what, minor, transaction)| Deed::Hear(at, what, minor, transaction)),
        2 => prop::option::of(1_i64..12_000).prop_map(Deed::Refund),
        1 => Just(Deed::Capture),
        1 => Just(Deed::Cancel),
        1 => (0_u8..3).prop_map(Deed::Dispute),
        1 => any::<bool>().prop_map(Deed::Decide),
    ];
    prop::collection::vec(deed, 1..40)
}

fn start() -> Timestamp {
    Timestamp::from_second(1_795_305_600).unwrap()
}

fn wish(hold: bool, fee: i64) -> Wish {
    Wish {
        method: Method::Pix,
        provider: "efi".to_owned(),
        hold,
        fee,
        reference: None,
        description: None,
        customer: None,
        metadata: "{}".to_owned(),
        callback: None,
        expires: Some(start() + SignedDuration::from_hours(24)),
        installments: 1,
        checkout: None,
        sale: None,
    }
}

fn movement(minor: i64, transaction: u8, now: Timestamp) -> Movement {
    let settles = (transaction > 1).then(|| now + SignedDuration::from_hours(24));
    let money = Money { minor, asset: Asset::BRL };
    Movement { transaction: format!("E{transaction}"), money, at: now, settles }
}

fn news(what: u8, minor: i64, transaction: u8, now: Timestamp) -> News {
    let refusal = || Refusal { code: "no".into(), message: "no".into(), unreached: false };
    match what {
        0 => News::Awaiting(Instrument::Card { charge: "ch_1".into() }),
        1 => News::Seen { transaction: format!("E{transaction}") },
        2 => News::ActionRequired { url: "https://example.com/3ds".into() },
        3 => News::Processing,
        4 => News::Authorized,
        5 => News::Done(movement(10_000, transaction, now)),
        6 => News::Done(movement(minor, transaction, now)),
        7 => News::Refused(refusal()),
        8 => News::Canceled,
        9 => News::Unheard,
        10 => News::Expired,
        _ => News::Lost,
    }
}

/// A life: the payment, the books beside it, and what was told.
struct Life {
    payment: Payment,
    now: Timestamp,
    books: BTreeMap<Account, i64>,
    told: Vec<Transition>,
    came: BTreeMap<String, i64>,
}

impl Life {
    fn begin(hold: bool, fee: i64, split: Option<Split>) -> Self {
        let money = Money { minor: 10_000, asset: Asset::BRL };
        let place = (MerchantId::from_i64(1), Mode::Test);
        let id = PaymentId::from_i64(1 << 22);
        let step = Payment::open(id, place, money, (wish(hold, fee), split), start());
        let payment = step.after.clone();
        let mut life = Self {
            payment,
            now: start(),
            books: BTreeMap::new(),
            told: Vec::new(),
            came: BTreeMap::new(),
        };
        life.take(Ok(step));
        life
    }

    fn take(&mut self, step: Result<Step, Refused>) {
        let Ok(step) = step else { return };
        for entry in step.postings.iter().flat_map(crate::ledger::Posting::entries) {
            *self.books.entry(entry.account).or_default() += entry.gain.minor;
        }
        let (before, after) = (self.payment.state, step.after.state);
        if before != after {
            let silent = matches!(after, State::ChargedBack) || before == State::Disputed;
            assert!(silent || !step.told.is_empty(), "{before:?} to {after:?} and nobody is told");
            if before.is_paid() {
                assert!(after.is_paid(), "{before:?} became {after:?}");
            }
        }
        self.told.extend(step.told);
        let before = std::mem::replace(&mut self.payment, step.after);
        self.check();
        self.check_sharing(&before);
    }

    fn held(&self, account: Account) -> i64 {
        self.books.get(&account).copied().unwrap_or(0)
    }

    fn check(&self) {
        let payment = &self.payment;
        assert_eq!(self.books.values().sum::<i64>(), 0);
        for account in Account::ALL {
            let may_owe = matches!(account, Account::Clearing | Account::Available);
            assert!(may_owe || self.held(account) >= 0, "{account:?} is below nothing");
        }
        assert_eq!(self.held(Account::Pending), payment.unsettled);
        assert!(payment.refunding() <= payment.money.minor, "more goes back than came");
        assert!(payment.refunded() <= payment.refunding());
        let open: i64 = payment.refunding() - payment.refunded();
        let disputed = payment.disputes.iter().filter(|dispute| dispute.verdict.is_none());
        let disputed: i64 = disputed.map(|dispute| dispute.minor).sum();
        assert_eq!(self.held(Account::RefundReserve), open + disputed);
        let paid = self.told.iter().filter(|told| **told == Transition::PaymentSucceeded).count();
        assert_eq!(paid, usize::from(payment.paid.is_some()), "it is paid once, and told once");
        assert_eq!(paid == 1, payment.state.is_paid());
    }

    /// What is sent to others is what the merchant has left of this payment.
    fn check_sharing(&self, before: &Payment) {
        let sent = |payment: &Payment| {
            let legs = payment.split.iter().flat_map(|split| &split.legs);
            legs.filter(|leg| leg.call.is_some()).map(|leg| leg.minor).sum::<i64>()
        };
        let payment = &self.payment;
        if sent(payment) == sent(before) {
            return;
        }
        let gone = payment.disputes.iter().filter(|dispute| dispute.verdict != Some(Verdict::Won));
        let gone: i64 = payment.refunding() + gone.map(|dispute| dispute.minor).sum::<i64>();
        assert!(sent(payment) + gone + payment.wish.fee <= payment.money.minor, "{payment:?}");
    }

    fn requests(&self) -> Vec<RequestId> {
        (1..=payment_requests(&self.payment)).map(|at| self.payment.id.request(at)).collect()
    }

    fn live(&mut self, deed: &Deed) {
        let (payment, now) = (self.payment.clone(), self.now);
        let requests = self.requests();
        match deed {
            Deed::Wait(seconds) => {
                self.now += SignedDuration::from_secs(i64::from(*seconds));
                match payment.due(self.now) {
                    Some(Due::Expire) => self.take(payment.expire(self.now)),
                    Some(Due::Settle) => self.take(Ok(payment.settle(self.now))),
                    Some(Due::Request(..)) | None => {}
                }
            }
            Deed::Send(at) => {
                let request = requests[at % requests.len()];
                self.take(payment.send(request, now));
            }
            Deed::Hear(at, what, minor, transaction) => {
                let request = requests[at % requests.len()];
                let news = news(*what, *minor, *transaction, now);
                if let News::Done(movement) = &news {
                    self.came.insert(movement.transaction.clone(), movement.money.minor);
                }
                self.take(payment.hear(request, news, now));
            }
            Deed::Refund(minor) => self.take(payment.refund(*minor, None, now)),
            Deed::Capture => self.take(payment.capture(now)),
            Deed::Cancel => self.take(payment.cancel(now)),
            Deed::Dispute(id) => self.take(payment.dispute(&format!("dp_{id}"), now)),
            Deed::Decide(won) => {
                let verdict = if *won { Verdict::Won } else { Verdict::Lost };
                self.take(payment.decide(verdict, now));
            }
        }
    }
}

fn payment_requests(payment: &Payment) -> u16 {
    payment.requests
}

fn split(parts: i64) -> Split {
    let leg = |name: &str, share| NewLeg { name: name.into(), to: format!("{name}@pix"), share };
    let legs = vec![leg("a", Share::Parts(parts)), leg("b", Share::Fixed(700))];
    Split::new(10_000, legs).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_happens_no_cent_is_made_or_sent_twice(
        deeds in deeds(),
        hold in any::<bool>(),
        fee in 0_i64..500,
        parts in prop::option::of(1_i64..8_000),
    ) {
        let mut life = Life::begin(hold, fee, parts.map(split));
        for deed in &deeds {
            life.live(deed);
        }
    }

    #[test]
    fn a_payment_on_record_is_read_as_it_was(deeds in deeds(), parts in 1_i64..8_000) {
        let mut life = Life::begin(false, 0, Some(split(parts)));
        for deed in &deeds {
            life.live(deed);
        }
        let text = serde_json::to_string(&life.payment).unwrap();
        prop_assert_eq!(serde_json::from_str::<Payment>(&text).unwrap(), life.payment);
    }

    #[test]
    fn a_split_hands_out_what_it_promises_and_no_cent_more(
        whole in 1_i64..1_000_000,
        parts in prop::collection::vec(1_i64..4_000, 1..6),
        rest in any::<bool>(),
    ) {
        let leg = |share| NewLeg { name: "x".into(), to: "x".into(), share };
        let mut legs: Vec<_> = parts.iter().map(|parts| leg(Share::Parts(*parts))).collect();
        if rest {
            legs.push(leg(Share::Remainder));
        }
        if let Ok(split) = Split::new(whole, legs) {
            prop_assert!(split.total() <= whole);
            prop_assert!(!rest || split.total() == whole);
            prop_assert!(split.legs.iter().all(|leg| leg.minor > 0));
        }
    }
}

#[test]
fn the_guides_split_is_eighty_and_twenty() {
    let leg = |share| NewLeg { name: "x".into(), to: "x".into(), share };
    let split = Split::new(10_050, vec![leg(Share::Parts(8_000)), leg(Share::Parts(2_000))]);
    let parts: Vec<_> = split.unwrap().legs.iter().map(|leg| leg.minor).collect();
    assert_eq!(parts, [8_040, 2_010]);
    let thirds = Split::new(100, vec![leg(Share::Parts(3_333)), leg(Share::Remainder)]).unwrap();
    assert_eq!(thirds.legs.iter().map(|leg| leg.minor).collect::<Vec<_>>(), [33, 67]);
}

#[test]
fn a_pix_paid_in_the_last_second_is_paid() {
    let mut life = Life::begin(false, 0, None);
    let request = life.requests()[0];
    let instrument = Instrument::Card { charge: "ch_1".into() };
    life.take(life.payment.clone().hear(request, News::Awaiting(instrument), life.now));
    life.live(&Deed::Wait(24 * 3600));
    assert_eq!(life.payment.state, State::Expired);
    let came = News::Done(movement(10_000, 0, life.now));
    life.take(life.payment.clone().hear(request, came, life.now));
    assert_eq!(life.payment.state, State::Succeeded);
    assert!(life.payment.late);
}

/// Refunds that a bank refuses because it has asked for the money itself: what did not go back is disputed with the rest.
#[test]
fn a_refund_that_fails_while_the_payment_is_disputed_leaves_its_money_to_the_dispute() {
    for (won, available, outside) in [(true, 10_000, -10_000), (false, 0, 0)] {
        let mut life = Life::begin(false, 0, None);
        let request = life.requests()[0];
        let came = News::Done(movement(10_000, 0, life.now));
        life.take(life.payment.clone().hear(request, came, life.now));
        life.live(&Deed::Refund(Some(3_000)));
        life.live(&Deed::Dispute(0));
        let refund = life.requests()[1];
        let refusal = Refusal { code: "no".into(), message: "no".into(), unreached: false };
        life.take(life.payment.clone().hear(refund, News::Refused(refusal), life.now));
        assert_eq!(life.held(Account::RefundReserve), 10_000);
        life.live(&Deed::Decide(won));
        let held = (life.held(Account::Available), life.held(Account::Clearing));
        assert_eq!(held, (available, outside), "won: {won}");
    }
}

#[test]
fn what_is_disputed_is_shared_when_it_was_won_and_never_when_it_was_lost() {
    for (won, legs, told) in [(true, 5_700, None), (false, 0, Some(Transition::SplitFailed))] {
        let mut life = Life::begin(false, 0, Some(split(5_000)));
        let request = life.requests()[0];
        let came = News::Done(movement(10_000, 2, life.now));
        life.take(life.payment.clone().hear(request, came, life.now));
        life.live(&Deed::Dispute(0));
        life.live(&Deed::Wait(25 * 3600));
        assert!(life.payment.settled && life.held(Account::SplitRecipient) == 0);
        life.live(&Deed::Decide(won));
        assert_eq!(life.held(Account::SplitRecipient), legs, "won: {won}");
        assert_eq!(
            life.told.last().filter(|last| **last == Transition::SplitFailed),
            told.as_ref()
        );
        assert_eq!(life.held(Account::Available), if won { 4_300 } else { 0 });
    }
}

#[test]
fn what_is_not_known_does_not_expire() {
    let mut life = Life::begin(false, 0, None);
    let request = life.requests()[0];
    life.take(life.payment.clone().hear(request, News::Lost, life.now));
    life.live(&Deed::Wait(48 * 3600));
    assert_eq!(life.payment.state, State::Created);
    assert_eq!(life.payment.due(life.now), Some(Due::Request(request, Todo::Query)));
}

#[test]
fn a_partial_xrp_payment_is_kept_apart_and_pays_nothing() {
    let mut life = Life::begin(false, 0, None);
    let request = life.requests()[0];
    for _ in 0..2 {
        let part = News::Done(movement(1, 1, life.now));
        life.take(life.payment.clone().hear(request, part, life.now));
    }
    assert_eq!(life.payment.state, State::Created);
    assert_eq!(life.held(Account::Suspense), 1, "the same money twice is the same money");
}
