//! What each rail shows a payer, and what then happens by itself.

use jiff::SignedDuration;
use posthorn_core::payment::{Ask, Instrument, Method, News};

use super::{
    BRL_100, Desk, KES_100, XRP_10, charge, done, from_bank, minutes, news, on_card, on_phone,
    refused, request, shown,
};
use crate::boleto::Boleto;
use crate::brcode::{Amount, BrCode, Charge};
use crate::pix::DynamicTxid;
use crate::simulated::{BANK_CENTS_MAX, BANK_CENTS_MIN, BANK_PAID_AFTER, Outcome, Rail, Word};

fn after_prompt(phone: &str) -> (i64, News) {
    let mut desk = Desk::new();
    let shown = shown(desk.pay(Rail::Mpesa, KES_100, on_phone(phone)));
    let Instrument::Push { checkout_request } = shown else { panic!("a prompt: {shown:?}") };
    assert_eq!(checkout_request, format!("ws_CO_22112026150000000{}", &phone[3..]));
    let mut words = desk.pass(minutes(60));
    assert_eq!(words.len(), 1, "a prompt ends once");
    let (second, word) = words.remove(0);
    (second, news(word))
}

#[test]
fn the_guides_telephone_pays_after_two_seconds_and_so_does_any_other() {
    for phone in ["254712345678", "254733000111"] {
        let (second, news) = after_prompt(phone);
        let movement = done(news);
        assert_eq!((second, movement.money, movement.settles), (2, KES_100, None));
        assert!(movement.transaction.starts_with("UKM"), "{movement:?}");
        assert_eq!(movement.transaction.len(), 10);
    }
}

#[test]
fn the_telephone_without_money_fails() {
    let (second, news) = after_prompt("254700000000");
    assert_eq!((second, refused(news).code.as_str()), (2, "insufficient_funds"));
}

#[test]
fn the_telephone_that_is_off_times_out_when_the_prompt_has_died() {
    let (second, news) = after_prompt("254711111111");
    let refusal = refused(news);
    assert_eq!((second, refusal.code.as_str()), (60, "timeout"));
    assert!(refusal.message.contains("1037"), "{}", refusal.message);
}

#[test]
fn the_pending_telephone_pays_after_five_minutes() {
    let (second, news) = after_prompt("254722222222");
    assert_eq!((second, done(news).money), (300, KES_100));
}

#[test]
fn m_pesa_moves_whole_shillings_and_asks_real_telephones() {
    let refusal = |money, phone| {
        let news = Desk::new().pay(Rail::Mpesa, money, on_phone(phone));
        refused(news).code
    };
    assert_eq!(refusal(KES_100.with(10_050), "254712345678"), "amount_not_whole");
    assert_eq!(refusal(KES_100, "0712345678"), "invalid_phone");
    assert_eq!(refusal(BRL_100, "254712345678"), "currency_not_supported");
}

#[test]
fn the_cards_number_decides_at_once() {
    let movement = done(Desk::new().pay_by_card("4242424242424242"));
    assert!(movement.transaction.starts_with("ch_"), "{movement:?}");
    let day = SignedDuration::from_hours(24);
    assert_eq!(movement.settles, Some(movement.at.saturating_add(day).unwrap()));
    let code = |number| refused(Desk::new().pay_by_card(number)).code;
    assert_eq!(code("4000000000000002"), "card_declined");
    assert_eq!(code("4000000000009995"), "insufficient_funds");
    assert_eq!(code("4000000000000069"), "expired_card");
    assert_eq!(code("4000000000000127"), "incorrect_cvc");
}

#[test]
fn a_deferred_card_is_pending_for_a_second() {
    let mut desk = Desk::new();
    desk.setting.cards_decide_after = Some(SignedDuration::from_secs(1));
    let shown = shown(desk.pay_by_card("4111111111111111"));
    let Instrument::Card { charge } = shown else { panic!("a charge: {shown:?}") };
    let words = desk.pass(minutes(10));
    let [(1, Word::News(News::Done(movement)))] = words.as_slice() else { panic!("{words:?}") };
    assert_eq!(movement.transaction, charge, "the charge that was shown");

    let mut desk = Desk::new();
    desk.setting.cards_decide_after = Some(SignedDuration::from_secs(1));
    assert!(matches!(desk.pay_by_card("4000000000009995"), News::Awaiting(_)));
    let words = desk.pass(minutes(10));
    let [(1, Word::News(News::Refused(refusal)))] = words.as_slice() else { panic!("{words:?}") };
    assert_eq!(refusal.code, "insufficient_funds");
}

#[test]
fn a_challenged_holder_confirms_or_has_five_minutes() {
    let page = || {
        let url = format!("https://sandbox.example/actions/{}", request(1));
        News::ActionRequired { url }
    };
    let mut desk = Desk::new();
    assert_eq!(desk.pay_by_card("4000002500003155"), page());
    assert_eq!(done(news(desk.forced(&Outcome::Succeed))).money, BRL_100);
    assert_eq!(desk.pass(minutes(10)), [], "what was confirmed does not lapse");

    let mut desk = Desk::new();
    assert_eq!(desk.pay_by_card("4000002500003155"), page());
    let mut words = desk.pass(minutes(10));
    let (second, word) = words.remove(0);
    assert_eq!((second, refused(news(word)).code.as_str()), (300, "authentication_failed"));
}

#[test]
fn the_card_that_disputes_does_so_ten_seconds_after_it_paid() {
    let mut desk = Desk::new();
    done(desk.pay_by_card("4000000000000259"));
    let words = desk.pass(minutes(10));
    let [(10, Word::Disputed { id })] = words.as_slice() else { panic!("{words:?}") };
    assert!(id.starts_with("dp_"), "{id}");
}

#[test]
fn a_card_whose_number_was_lost_in_a_crash_is_not_charged() {
    let refusal = refused(Desk::new().pay(Rail::Cards, BRL_100, on_card()));
    assert_eq!(refusal.code, "card_not_kept");
    assert!(refusal.unreached, "another provider may be asked");
}

#[test]
fn a_pix_code_states_receiver_and_amount_and_waits_to_be_paid() {
    let mut desk = Desk::new();
    let shown = shown(desk.pay(Rail::Pix, BRL_100, Method::Pix));
    let Instrument::Pix { txid, br_code } = shown else { panic!("a code: {shown:?}") };
    assert!(DynamicTxid::parse(&txid).is_ok(), "{txid}");
    let code = BrCode::parse(&br_code).unwrap();
    assert_eq!((code.payee.name(), code.payee.city()), ("Padaria Sao Joao", "Sao Paulo"));
    let Charge::Static { key, amount, txid: short } = code.charge else { panic!("static") };
    assert_eq!(key, desk.setting.receiver.key);
    assert_eq!(amount.map(Amount::centavos), Some(10_000));
    assert_eq!(short.map(|short| short.to_string()), Some(txid[..25].to_owned()));
    assert_eq!(desk.pass(minutes(60 * 24 * 30)), [], "nobody pays");
    let movement = done(news(desk.forced(&Outcome::Succeed)));
    assert_eq!((movement.transaction.len(), movement.settles), (32, None));
    assert!(movement.transaction.starts_with("E99999999202612221200"), "{movement:?}");
}

#[test]
fn pix_confirms_by_itself_where_the_guide_says_so_unless_it_has_expired() {
    let mut desk = Desk::new();
    desk.setting.pix_confirms_after = Some(SignedDuration::from_secs(5));
    desk.pay(Rail::Pix, BRL_100, Method::Pix);
    let words = desk.pass(minutes(1));
    assert!(matches!(words.as_slice(), [(5, Word::News(News::Done(_)))]), "{words:?}");

    let mut desk = Desk::new();
    desk.setting.pix_confirms_after = Some(SignedDuration::from_secs(5));
    let expires = desk.now.saturating_add(SignedDuration::from_secs(4)).ok();
    let what = Ask::Charge { method: Method::Pix, hold: false, description: None, expires };
    desk.ask(1, Rail::Pix, BRL_100, what);
    assert_eq!(desk.pass(minutes(60)), [], "a bank pays nothing that has expired");
    done(news(desk.forced(&Outcome::Succeed)));
}

#[test]
fn a_boleto_is_due_on_a_day_in_sao_paulo_and_settles_a_day_after_it_was_paid() {
    let slip = |expires: Option<&str>| {
        let mut desk = Desk::new();
        // Still the day before in São Paulo.
        desk.now = "2026-11-22T02:30:00Z".parse().unwrap();
        let expires = expires.map(|text| text.parse().unwrap());
        let what = Ask::Charge { method: Method::Boleto, hold: false, description: None, expires };
        let shown = shown(desk.ask(1, Rail::Boleto, BRL_100, what));
        let Instrument::Boleto { barcode, line, due } = shown else { panic!("{shown:?}") };
        let read = Boleto::from_line(&line, due).unwrap();
        assert_eq!((read.barcode(), read.due(), read.centavos()), (barcode, due, 10_000));
        (desk, due.to_string())
    };
    assert_eq!(slip(Some("2026-12-01T02:59:59Z")).1, "2026-11-30");
    let (mut desk, due) = slip(None);
    assert_eq!(due, "2026-11-24");
    assert_eq!(desk.pass(minutes(60 * 24 * 30)), []);
    let movement = done(news(desk.forced(&Outcome::Succeed)));
    let settles = movement.settles.unwrap().duration_since(movement.at);
    assert_eq!(settles, SignedDuration::from_hours(24));
}

#[test]
fn a_bank_transfer_takes_an_hour_and_has_limits() {
    let mut desk = Desk::new();
    let shown = shown(desk.pay(Rail::Bank, KES_100, from_bank()));
    let Instrument::Bank { reference } = shown else { panic!("{shown:?}") };
    assert!(reference.starts_with("KH") && reference.len() == 18, "{reference}");
    let words = desk.pass(BANK_PAID_AFTER);
    let [(3600, Word::News(News::Done(movement)))] = words.as_slice() else { panic!("{words:?}") };
    assert!(movement.transaction.starts_with("FT26326"), "{movement:?}");

    let asks = |cents| Desk::new().pay(Rail::Bank, KES_100.with(cents), from_bank());
    assert!(matches!(asks(BANK_CENTS_MIN), News::Awaiting(_)));
    assert!(matches!(asks(BANK_CENTS_MAX), News::Awaiting(_)));
    assert_eq!(refused(asks(BANK_CENTS_MIN - 1)).code, "amount_out_of_range");
    assert_eq!(refused(asks(BANK_CENTS_MAX + 1)).code, "amount_out_of_range");
}

#[test]
fn xrp_is_seen_and_counts_four_seconds_later() {
    let mut desk = Desk::new();
    let shown = shown(desk.pay(Rail::Xrpl, XRP_10, Method::Xrp));
    let Instrument::Xrp { address, .. } = shown else { panic!("{shown:?}") };
    assert_eq!(address, desk.setting.receiver.account.to_string());
    let word = desk.forced(&Outcome::Succeed);
    let Word::News(News::Seen { transaction }) = word else { panic!("{word:?}") };
    assert_eq!(transaction.len(), 64);
    let words = desk.pass(minutes(1));
    let [(4, Word::News(News::Done(movement)))] = words.as_slice() else { panic!("{words:?}") };
    assert_eq!((&movement.transaction, movement.money), (&transaction, XRP_10));
}

#[test]
fn a_rail_takes_its_own_method_and_money_only() {
    let code = |rail, money, method| refused(Desk::new().pay(rail, money, method)).code;
    assert_eq!(code(Rail::Pix, BRL_100, Method::Xrp), "method_not_supported");
    assert_eq!(code(Rail::Pix, KES_100, Method::Pix), "currency_not_supported");
    assert_eq!(code(Rail::Cards, XRP_10, on_card()), "currency_not_supported");
    assert_eq!(
        code(Rail::Boleto, BRL_100.with(10_000_000_000), Method::Boleto),
        "amount_out_of_range"
    );
    let hold = Ask::Charge { method: Method::Pix, hold: true, description: None, expires: None };
    let news = Desk::new().ask(1, Rail::Pix, BRL_100, hold);
    assert_eq!(refused(news).code, "hold_not_supported");
}

#[test]
fn what_never_arrived_is_unheard_of() {
    let mut desk = Desk::new();
    assert_eq!(desk.query(1), News::Unheard);
    desk.ask(1, Rail::Pix, BRL_100, charge(Method::Pix));
    assert!(matches!(desk.query(1), News::Awaiting(_)));
}
