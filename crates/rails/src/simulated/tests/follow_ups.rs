//! Captures, cancellations and refunds: what the books allow, and nothing else.

use posthorn_core::payment::{Ask, Method, News};

use super::{
    BRL_100, Desk, KES_100, XRP_10, card, done, minutes, news, on_card, on_phone, refused, request,
};
use crate::simulated::{Outcome, Rail, Word};

const CAPTURE: fn() -> Ask = || Ask::Capture { charge: request(1) };
const CANCEL: fn() -> Ask = || Ask::Cancel { charge: request(1) };

fn held(number: &str) -> Desk {
    let mut desk = Desk::new();
    let what = Ask::Charge { method: on_card(), hold: true, description: None, expires: None };
    let card = card(number);
    let news = desk.ask_with(1, (Rail::Cards, Some(&card)), BRL_100, what);
    assert_eq!(news, News::Authorized);
    desk
}

#[test]
fn what_was_reserved_is_captured_once() {
    let mut desk = held("4242424242424242");
    let movement = done(desk.ask(2, Rail::Cards, BRL_100, CAPTURE()));
    assert_eq!(desk.query(1), News::Done(movement.clone()), "the charge knows the same money");
    assert_eq!(done(desk.ask(2, Rail::Cards, BRL_100, CAPTURE())), movement);
    let again = refused(desk.ask(3, Rail::Cards, BRL_100, CAPTURE()));
    assert_eq!(again.code, "already_captured");
    assert_eq!(refused(desk.ask(4, Rail::Cards, BRL_100, CANCEL())).code, "already_paid");
}

#[test]
fn what_was_reserved_is_captured_whole() {
    let mut desk = held("4242424242424242");
    let part = desk.ask(2, Rail::Cards, BRL_100.with(1), CAPTURE());
    assert_eq!(refused(part).code, "amount_mismatch");
    assert_eq!(desk.query(1), News::Authorized);
}

#[test]
fn what_was_reserved_can_be_let_go() {
    let mut desk = held("4242424242424242");
    assert_eq!(desk.ask(2, Rail::Cards, BRL_100, CANCEL()), News::Canceled);
    assert_eq!(desk.query(1), News::Canceled);
    assert_eq!(refused(desk.ask(3, Rail::Cards, BRL_100, CAPTURE())).code, "not_authorized");
    assert_eq!(desk.ask(4, Rail::Cards, BRL_100, CANCEL()), News::Canceled, "it is");
}

#[test]
fn a_dispute_waits_for_the_capture() {
    let mut desk = held("4000000000000259");
    assert_eq!(desk.pass(minutes(60)), []);
    done(desk.ask(2, Rail::Cards, BRL_100, CAPTURE()));
    let words = desk.pass(minutes(60));
    assert!(matches!(words.as_slice(), [(10, Word::Disputed { .. })]), "{words:?}");
}

#[test]
fn a_pix_code_that_was_called_off_may_still_be_paid_by_somebody_late() {
    let mut desk = Desk::new();
    desk.pay(Rail::Pix, BRL_100, Method::Pix);
    assert_eq!(desk.ask(2, Rail::Pix, BRL_100, CANCEL()), News::Canceled);
    let movement = done(news(desk.forced(&Outcome::Succeed)));
    assert_eq!(desk.query(1), News::Done(movement));
    assert_eq!(refused(desk.ask(3, Rail::Pix, BRL_100, CANCEL())).code, "already_paid");
}

#[test]
fn a_prompt_that_was_called_off_does_not_pay() {
    let mut desk = Desk::new();
    desk.pay(Rail::Mpesa, KES_100, on_phone("254722222222"));
    assert_eq!(desk.ask(2, Rail::Mpesa, KES_100, CANCEL()), News::Canceled);
    assert_eq!(desk.pass(minutes(60)), []);
}

#[test]
fn xrp_that_was_seen_cannot_be_stopped() {
    let mut desk = Desk::new();
    desk.pay(Rail::Xrpl, XRP_10, Method::Xrp);
    desk.forced(&Outcome::Succeed);
    let news = desk.ask(2, Rail::Xrpl, XRP_10, CANCEL());
    assert_eq!(refused(news).code, "payment_under_way");
    assert_eq!(desk.pass(minutes(1)).len(), 1, "and so it counts");
}

#[test]
fn no_more_goes_back_than_came() {
    let mut desk = Desk::new();
    desk.pay(Rail::Pix, BRL_100, Method::Pix);
    assert_eq!(refused(desk.refund(2, Rail::Pix, BRL_100)).code, "not_paid");
    desk.forced(&Outcome::Succeed);
    let first = done(desk.refund(3, Rail::Pix, BRL_100.with(4_000)));
    assert!(first.transaction.starts_with('D') && first.transaction.len() == 32, "{first:?}");
    assert_eq!(done(desk.refund(3, Rail::Pix, BRL_100.with(4_000))), first, "asked again");
    assert_eq!(refused(desk.refund(4, Rail::Pix, BRL_100.with(6_001))).code, "amount_too_large");
    assert_eq!(refused(desk.refund(5, Rail::Pix, BRL_100.with(0))).code, "amount_too_large");
    assert_eq!(refused(desk.refund(6, Rail::Pix, KES_100)).code, "currency_mismatch");
    let last = done(desk.refund(7, Rail::Pix, BRL_100.with(6_000)));
    assert_ne!(last.transaction, first.transaction);
    assert_eq!(refused(desk.refund(8, Rail::Pix, BRL_100.with(1))).code, "amount_too_large");
}

#[test]
fn a_refund_has_a_number_of_its_own_rail() {
    let mut desk = Desk::new();
    done(desk.pay_by_card("4242424242424242"));
    let movement = done(desk.refund(2, Rail::Cards, BRL_100));
    assert!(movement.transaction.starts_with("re_"), "{movement:?}");
    assert_eq!(movement.settles, None);

    let mut desk = Desk::new();
    desk.pay(Rail::Mpesa, KES_100, on_phone("254712345678"));
    desk.pass(minutes(1));
    assert_eq!(refused(desk.refund(2, Rail::Mpesa, KES_100.with(50))).code, "amount_not_whole");
    let movement = done(desk.refund(3, Rail::Mpesa, KES_100.with(100)));
    assert!(movement.transaction.starts_with("UKM"), "{movement:?}");
}

#[test]
fn what_went_back_is_not_disputed_any_more() {
    let mut desk = Desk::new();
    done(desk.pay_by_card("4000000000000259"));
    done(desk.refund(2, Rail::Cards, BRL_100));
    assert_eq!(desk.pass(minutes(60)), []);
}

#[test]
fn disputed_money_goes_back_only_once_it_was_won() {
    let mut desk = Desk::new();
    done(desk.pay_by_card("4000000000000259"));
    desk.pass(minutes(1));
    assert_eq!(refused(desk.refund(2, Rail::Cards, BRL_100)).code, "charge_disputed");
    desk.forced(&Outcome::DisputeWon);
    done(desk.refund(3, Rail::Cards, BRL_100));

    let mut desk = Desk::new();
    done(desk.pay_by_card("4000000000000259"));
    desk.pass(minutes(1));
    desk.forced(&Outcome::DisputeLost);
    assert_eq!(refused(desk.refund(2, Rail::Cards, BRL_100)).code, "charge_disputed");
}

#[test]
fn a_charge_is_known_to_its_own_rail_only() {
    let mut desk = Desk::new();
    let unknown = refused(desk.ask(2, Rail::Cards, BRL_100, CAPTURE()));
    assert_eq!(unknown.code, "charge_not_found");
    desk.pay_by_card("4242424242424242");
    let elsewhere = desk.refund(3, Rail::Pix, BRL_100);
    assert_eq!(refused(elsewhere).code, "charge_not_found");
    done(desk.refund(4, Rail::Cards, BRL_100.with(1)));
    let of_a_refund = Ask::Refund { charge: request(4) };
    let news = desk.ask(5, Rail::Cards, BRL_100.with(1), of_a_refund);
    assert_eq!(refused(news).code, "charge_not_found");
    let refused_card = desk.ask(6, Rail::Cards, BRL_100, Ask::Cancel { charge: request(2) });
    assert_eq!(refused(refused_card).code, "charge_not_found");
}
