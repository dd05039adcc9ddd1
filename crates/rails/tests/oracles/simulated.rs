//! What the simulated rails show to payers: the same readers read it, check digits and all.

use jiff::Timestamp;
use posthorn_core::id::{MerchantId, RequestId};
use posthorn_core::money::{Asset, Money};
use posthorn_core::payment::{Ask, Command, Instrument, Method, News};
use posthorn_rails::simulated::{Asking, Moment, Rail, Receiver, Setting, ask};
use proptest::prelude::*;

use crate::reader::{INSTRUMENTS, read, refused, samples};

/// A merchant and its name, a request, an amount, a time in milliseconds from 2026 on, and chance.
type Case = (i64, String, i64, i64, i64, [u8; 16]);

/// Charges on a rail of amounts up to a largest one: who is paid, how much, and what the payer is shown.
fn shown(
    rail: Rail,
    (method, asset, most): (Method, Asset, i64),
) -> Vec<(Receiver, i64, Instrument)> {
    let amount = prop_oneof![1..1_000_000_i64, 1..=most];
    let time = 0_i64..400_000_000_000;
    let case = (
        any::<i64>(),
        "[A-Za-zÀ-ÿ][ A-Za-zÀ-ÿ0-9&.-]{0,40}",
        any::<i64>(),
        amount,
        time,
        any::<[u8; 16]>(),
    );
    let charge = |(merchant, name, request, minor, ms, chance): Case| {
        let receiver = Receiver::of(MerchantId::from_i64(merchant), &name);
        let setting = Setting {
            receiver: receiver.clone(),
            pix_confirms_after: None,
            cards_decide_after: None,
            cards_reviewed: false,
            action_page: "https://sandbox.example".to_owned(),
        };
        let request = RequestId::from_i64(request);
        let charge =
            Ask::Charge { method: method.clone(), hold: false, description: None, expires: None };
        let command = Command { request, money: Money { minor, asset }, ask: charge };
        let asking = Asking { command: &command, card: None, before: None, charge: None };
        let now = Timestamp::from_millisecond(1_767_225_600_000 + ms).expect("a time");
        let news = ask(rail, &setting, asking, Moment { now, chance }).news;
        let News::Awaiting(instrument) = news else { panic!("{news:?}") };
        (receiver, minor, instrument)
    };
    samples(&case, INSTRUMENTS).into_iter().map(charge).collect()
}

#[test]
fn both_libraries_read_every_simulated_pix_code() {
    let shown = shown(Rail::Pix, (Method::Pix, Asset::BRL, 999_999_999_999));
    let codes = shown.iter().map(|(_, _, instrument)| {
        let Instrument::Pix { br_code, .. } = instrument else { panic!("{instrument:?}") };
        br_code.clone()
    });
    let codes: Vec<String> = codes.collect();
    let [pix_utils, starkbank] =
        ["node/pix.js", "python/pix.py"].map(|reader| read(reader, &codes));
    for (at, (receiver, minor, instrument)) in shown.iter().enumerate() {
        let (ours, theirs) = (&pix_utils[at], &starkbank[at]);
        let Instrument::Pix { txid, .. } = instrument else { panic!("{instrument:?}") };
        let amount = format!("{}.{:02}", minor / 100, minor % 100);
        assert_eq!(ours["type"], "STATIC", "{ours}");
        assert_eq!(ours["pixKey"], receiver.key.as_str());
        assert_eq!(ours["merchantName"], receiver.payee.name());
        assert_eq!(theirs["26"]["01"], receiver.key.as_str(), "{theirs}");
        assert_eq!(theirs["54"], amount);
        assert_eq!(theirs["60"], "Sao Paulo");
        assert!((26..=35).contains(&txid.len()), "{txid}");
        let stated = theirs["62"]["05"].as_str().expect("a txid");
        assert!(txid.starts_with(stated) && stated.len() == 25, "{txid} {stated}");
    }
}

#[test]
fn every_simulated_boleto_is_valid_in_both_forms() {
    let shown = shown(Rail::Boleto, (Method::Boleto, Asset::BRL, 9_999_999_999));
    let texts = shown.iter().flat_map(|(_, _, instrument)| {
        let Instrument::Boleto { barcode, line, .. } = instrument else { panic!("{instrument:?}") };
        [barcode.clone(), line.clone()]
    });
    let texts: Vec<String> = texts.collect();
    for (text, answer) in texts.iter().zip(read("node/boleto.js", &texts)) {
        assert!(!refused(&answer), "{text}");
        assert!(matches!(text.len(), 44 | 47), "{text}");
    }
}

#[test]
fn every_simulated_address_is_an_account_on_the_ledger() {
    let shown = shown(Rail::Xrpl, (Method::Xrp, Asset::XRP, 100_000_000_000_000_000));
    let addresses = shown.iter().map(|(_, _, instrument)| {
        let Instrument::Xrp { address, .. } = instrument else { panic!("{instrument:?}") };
        address.clone()
    });
    let addresses: Vec<String> = addresses.collect();
    for ((receiver, _, _), answer) in shown.iter().zip(read("python/xrpl_address.py", &addresses)) {
        assert_eq!(answer["account"], data_encoding::HEXLOWER.encode(&receiver.account.0));
    }
}
