//! Transfers and payouts.

use posthorn_core::payment::{Ask, News};

use super::{BRL_100, Desk, KES_100, done, minutes, news, refused};
use crate::simulated::{Impossible, Outcome, Rail, Word};

fn payout(to: &str) -> Ask {
    Ask::Payout { to: to.to_owned() }
}

fn transfer(to: &str) -> Ask {
    Ask::Transfer { to: to.to_owned() }
}

fn ends(rail: Rail, what: Ask) -> (i64, News) {
    let money = if rail == Rail::Pix { BRL_100 } else { KES_100 };
    let mut desk = Desk::new();
    assert_eq!(desk.ask(1, rail, money, what), News::Processing);
    let mut words = desk.pass(minutes(60));
    assert_eq!(words.len(), 1);
    let (second, word) = words.remove(0);
    (second, news(word))
}

#[test]
fn a_payout_arrives_after_two_seconds_and_a_transfer_after_one() {
    let (second, news) = ends(Rail::Mpesa, payout("254712345678"));
    assert_eq!((second, done(news).money), (2, KES_100));
    let (second, news) = ends(Rail::Pix, transfer("ana@exemplo.com"));
    let movement = done(news);
    assert_eq!((second, movement.settles), (1, None));
    assert!(movement.transaction.starts_with('E'), "{movement:?}");
}

#[test]
fn a_destination_that_fails_takes_nothing() {
    for to in ["falha@exemplo.com", "Conta-FALHA-1"] {
        let (second, news) = ends(Rail::Pix, transfer(to));
        assert_eq!((second, refused(news).code.as_str()), (1, "destination_refused"));
    }
    for to in ["fail@bank.example", "254700000000"] {
        let (second, news) = ends(Rail::Mpesa, payout(to));
        assert_eq!((second, refused(news).code.as_str()), (2, "destination_refused"));
    }
}

#[test]
fn what_was_called_unheard_is_not_done_when_it_comes_late() {
    let mut desk = Desk::new();
    let what = payout("254712345678");
    assert_eq!(desk.close(1, Rail::Mpesa, KES_100, what.clone()), News::Unheard);
    assert_eq!(desk.ask(1, Rail::Mpesa, KES_100, what), News::Unheard);
    assert_eq!(desk.force(1, &Outcome::Succeed), Err(Impossible::Over));
    assert_eq!(desk.pass(minutes(60)), [], "nothing arrives");
}

#[test]
fn what_is_on_its_way_can_be_made_to_arrive_or_to_fail() {
    let mut desk = Desk::new();
    desk.ask(1, Rail::Pix, BRL_100, transfer("ana@exemplo.com"));
    assert_eq!(desk.force(1, &Outcome::Cancel), Err(Impossible::Over));
    done(news(desk.forced(&Outcome::Succeed)));
    assert_eq!(desk.force(1, &Outcome::Succeed), Err(Impossible::Paid));
    assert_eq!(desk.pass(minutes(60)), [], "it has arrived");

    let mut desk = Desk::new();
    desk.ask(1, Rail::Pix, BRL_100, transfer("ana@exemplo.com"));
    let word = desk.forced(&Outcome::Fail { code: "account_closed".to_owned() });
    let Word::News(News::Refused(refusal)) = word else { panic!("{word:?}") };
    assert_eq!(refusal.code, "account_closed");
    assert_eq!(desk.force(1, &Outcome::Succeed), Err(Impossible::Over));
}

#[test]
fn a_rail_sends_its_own_money_only() {
    let mut desk = Desk::new();
    let news = desk.ask(1, Rail::Pix, KES_100, transfer("ana@exemplo.com"));
    assert_eq!(refused(news).code, "currency_not_supported");
    let news = desk.ask(2, Rail::Mpesa, KES_100.with(10_001), payout("254712345678"));
    assert_eq!(refused(news).code, "amount_not_whole");
}
