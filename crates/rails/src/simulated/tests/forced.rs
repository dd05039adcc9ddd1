//! What can be made to happen, and what cannot.

use jiff::SignedDuration;
use posthorn_core::payment::{Method, News, Verdict};

use super::{BRL_100, Desk, KES_100, XRP_10, done, from_bank, minutes, news, on_phone, refused};
use crate::simulated::{Impossible, Outcome, Rail, Word};

fn pix() -> Desk {
    let mut desk = Desk::new();
    desk.pay(Rail::Pix, BRL_100, Method::Pix);
    desk
}

fn xrp() -> Desk {
    let mut desk = Desk::new();
    desk.pay(Rail::Xrpl, XRP_10, Method::Xrp);
    desk
}

#[test]
fn a_charge_that_is_open_can_fail_for_any_reason() {
    let mut desk = pix();
    let code = |text: &str| Outcome::Fail { code: text.to_owned() };
    for bad in ["", "R2-1", "4111111111111111", "Ünknown", &"a".repeat(65)] {
        assert_eq!(desk.force(1, &code(bad)), Err(Impossible::Code), "{bad}");
    }
    let refusal = refused(news(desk.forced(&code("fraud_suspected"))));
    assert_eq!(refusal.code, "fraud_suspected");
    assert_eq!(desk.force(1, &code("again")), Err(Impossible::Over));
    done(news(desk.forced(&Outcome::Succeed)));
    assert_eq!(desk.force(1, &code("again")), Err(Impossible::Paid));
}

#[test]
fn a_payer_calls_it_off_or_lets_it_lapse() {
    let mut desk = Desk::new();
    desk.pay(Rail::Mpesa, KES_100, on_phone("254712345678"));
    assert_eq!(news(desk.forced(&Outcome::Cancel)), News::Canceled);
    assert_eq!(desk.pass(minutes(60)), []);
    assert_eq!(news(pix().forced(&Outcome::Expire)), News::Expired);
}

#[test]
fn what_is_looked_at_waits_for_what_happens_next() {
    let mut desk = Desk::new();
    desk.pay(Rail::Mpesa, KES_100, on_phone("254712345678"));
    assert_eq!(news(desk.forced(&Outcome::Process)), News::Processing);
    assert_eq!(desk.pass(minutes(60)), []);
    done(news(desk.forced(&Outcome::Succeed)));
}

#[test]
fn only_a_cards_holder_is_asked_to_confirm() {
    let mut desk = Desk::new();
    desk.setting.cards_decide_after = Some(SignedDuration::from_secs(1));
    desk.pay_by_card("4242424242424242");
    let word = desk.forced(&Outcome::RequireAction);
    assert!(matches!(word, Word::News(News::ActionRequired { .. })), "{word:?}");
    assert_eq!(desk.pass(minutes(4)), [], "the second's wait is off");
    assert_eq!(pix().force(1, &Outcome::RequireAction), Err(Impossible::Rail));
}

#[test]
fn a_card_that_was_declined_is_not_charged_later() {
    let mut desk = Desk::new();
    refused(desk.pay_by_card("4000000000000002"));
    assert_eq!(desk.force(1, &Outcome::Succeed), Err(Impossible::Over));

    let mut desk = Desk::new();
    desk.setting.cards_decide_after = Some(SignedDuration::from_secs(1));
    desk.pay_by_card("4242424242424242");
    desk.forced(&Outcome::Cancel);
    assert_eq!(desk.force(1, &Outcome::Succeed), Err(Impossible::Over), "nor one called off");
}

#[test]
fn xrp_that_was_seen_counts_whatever_its_payer_wants_since() {
    let mut desk = xrp();
    desk.forced(&Outcome::Succeed);
    for outcome in [Outcome::Cancel, Outcome::Expire, Outcome::Process] {
        assert_eq!(desk.force(1, &outcome), Err(Impossible::UnderWay));
    }
    // A ledger may yet find that it does not: nothing is final before it is validated.
    let failed = desk.forced(&Outcome::Fail { code: "tec_path_dry".to_owned() });
    assert_eq!(refused(news(failed)).code, "tec_path_dry");
}

#[test]
fn nobody_can_pay_what_was_never_shown() {
    let mut desk = Desk::new();
    refused(desk.pay(Rail::Pix, KES_100, Method::Pix));
    assert_eq!(desk.force(1, &Outcome::Succeed), Err(Impossible::Over));
    assert_eq!(desk.force(1, &Outcome::PayTwice), Err(Impossible::Over));
}

#[test]
fn a_part_is_money_of_its_own_and_the_whole_is_still_awaited() {
    let mut desk = xrp();
    let part = |minor| Outcome::PayPartly { minor };
    let first = done(news(desk.forced(&part(9_999_999))));
    let second = done(news(desk.forced(&part(1))));
    assert_eq!((first.money.minor, second.money.minor), (9_999_999, 1));
    assert!(matches!(desk.query(1), News::Awaiting(_)));
    for all in [0, -1, XRP_10.minor] {
        assert_eq!(desk.force(1, &part(all)), Err(Impossible::Part));
    }
    desk.forced(&Outcome::Succeed);
    assert_eq!(desk.force(1, &part(1)), Err(Impossible::UnderWay));
    let words = desk.pass(minutes(1));
    let [(4, Word::News(News::Done(whole)))] = words.as_slice() else { panic!("{words:?}") };
    assert_eq!(whole.money, XRP_10);
    assert_ne!(whole.transaction, first.transaction);
    assert_ne!(whole.transaction, second.transaction);
    assert_eq!(desk.force(1, &part(1)), Err(Impossible::Paid));
    assert_eq!(pix().force(1, &part(1)), Err(Impossible::Rail), "its code states the amount");
}

#[test]
fn who_pays_twice_sends_two_transactions() {
    let mut desk = pix();
    let first = done(news(desk.forced(&Outcome::PayTwice)));
    let words = desk.pass(minutes(1));
    let [(1, Word::News(News::Done(second)))] = words.as_slice() else { panic!("{words:?}") };
    let third = done(news(desk.forced(&Outcome::PayTwice)));
    assert_eq!([second.money, third.money], [BRL_100; 2]);
    assert_ne!(second.transaction, first.transaction);
    assert_ne!(third.transaction, second.transaction);
    assert_eq!(done(desk.query(1)), first, "what paid it is what paid it first");

    let mut desk = Desk::new();
    desk.pay_by_card("4242424242424242");
    assert_eq!(desk.force(1, &Outcome::PayTwice), Err(Impossible::Rail));
}

#[test]
fn what_was_paid_is_disputed_and_decided() {
    let mut desk = Desk::new();
    desk.pay_by_card("4242424242424242");
    assert_eq!(desk.force(1, &Outcome::DisputeWon), Err(Impossible::NoDispute));
    let first = desk.forced(&Outcome::Dispute);
    assert_eq!(desk.force(1, &Outcome::Dispute), Err(Impossible::NothingLeft));
    assert_eq!(desk.forced(&Outcome::DisputeWon), Word::Decided(Verdict::Won));
    assert_eq!(desk.force(1, &Outcome::DisputeLost), Err(Impossible::NoDispute));
    let second = desk.forced(&Outcome::Dispute);
    assert_ne!(first, second, "each dispute has an id");
    assert_eq!(desk.forced(&Outcome::DisputeLost), Word::Decided(Verdict::Lost));
    assert_eq!(desk.force(1, &Outcome::Dispute), Err(Impossible::NothingLeft));
}

#[test]
fn a_dispute_that_was_made_to_come_does_not_come_again() {
    let mut desk = Desk::new();
    desk.pay_by_card("4000000000000259");
    desk.forced(&Outcome::Dispute);
    assert_eq!(desk.pass(minutes(60)), []);
}

#[test]
fn only_money_that_came_can_be_disputed_and_xrp_never() {
    assert_eq!(pix().force(1, &Outcome::Dispute), Err(Impossible::NotPaid));
    let mut desk = xrp();
    desk.forced(&Outcome::Succeed);
    desk.pass(minutes(1));
    assert_eq!(desk.force(1, &Outcome::Dispute), Err(Impossible::Rail));
}

#[test]
fn a_bank_transfer_can_come_before_its_hour_and_then_comes_once() {
    let mut desk = Desk::new();
    desk.pay(Rail::Bank, KES_100, from_bank());
    done(news(desk.forced(&Outcome::Succeed)));
    assert_eq!(desk.pass(minutes(600)), []);
}
