//! PIX codes, read by `pix-utils` and `starkbank-brcode`.

use posthorn_rails::brcode::{Amount, BrCode, CENTAVOS_MAX, Charge, Location, Payee};
use posthorn_rails::pix::{Key, StaticTxid};
use proptest::prelude::*;
use serde_json::Value;

use crate::reader::{INSTRUMENTS, read, refused, samples, tampered};

const READERS: [&str; 2] = ["node/pix.js", "python/pix.py"];

fn payee() -> impl Strategy<Value = Payee> {
    ("[A-Za-zÀ-ÿ][ A-Za-zÀ-ÿ0-9&.-]{0,40}", "[A-Za-zÀ-ÿ][ A-Za-zÀ-ÿ]{0,25}")
        .prop_filter_map("a name and a city that ASCII can write", |(name, city)| {
            Payee::new(&name, &city).ok()
        })
}

fn key() -> impl Strategy<Value = Key> {
    let digits = "[0-9]{9,12}".prop_map(|body| {
        // The two check digits, found by trying: these are not ours to compute twice.
        let mut ends = (0..100).map(|check| format!("{body}{check:02}"));
        ends.find_map(|text| Key::parse(&text).ok())
    });
    let other = prop_oneof![
        "\\+55[1-9]{2}9[0-9]{8}",
        "[a-z][a-z0-9._-]{0,30}@[a-z]{1,20}\\.com\\.br",
        "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    ];
    prop_oneof![
        1 => digits.prop_filter_map("11 or 14 digits", |key| key),
        2 => other.prop_map(|text| Key::parse(&text).expect("a key")),
    ]
}

fn on_a_key() -> impl Strategy<Value = BrCode> {
    let amount = proptest::option::of(prop_oneof![1_i64..1_000_000, 1..=CENTAVOS_MAX]);
    let txid = proptest::option::of("[A-Za-z0-9]{1,25}");
    (payee(), key(), amount, txid).prop_map(|(payee, key, amount, txid)| {
        let amount = amount.map(|amount| Amount::of_centavos(amount).expect("in range"));
        let txid = txid.map(|txid| StaticTxid::parse(&txid).expect("a txid"));
        BrCode { payee, charge: Charge::Static { key, amount, txid } }
    })
}

fn at_a_location() -> impl Strategy<Value = BrCode> {
    let location = "[a-z]{1,10}\\.[a-z]{2,10}/(v2/)?[0-9a-zA-Z-]{1,50}";
    (payee(), location, any::<bool>()).prop_map(|(payee, location, once)| {
        let location = Location::parse(&location).expect("a location");
        BrCode { payee, charge: Charge::Dynamic { location, once } }
    })
}

fn printed(codes: &[BrCode]) -> Vec<String> {
    codes.iter().map(BrCode::print).collect()
}

#[test]
fn both_libraries_read_every_static_code_as_it_was_meant() {
    let codes = samples(&on_a_key(), INSTRUMENTS);
    let [pix_utils, starkbank] = READERS.map(|reader| read(reader, &printed(&codes)));
    for ((code, ours), theirs) in codes.iter().zip(&pix_utils).zip(&starkbank) {
        let Charge::Static { key, amount, txid } = &code.charge else { panic!("static") };
        let txid = txid.as_ref().map_or("***", |txid| txid.as_str());
        assert_eq!(ours["type"], "STATIC", "{ours} {}", code.print());
        assert_eq!(ours["pixKey"], key.as_str());
        assert_eq!(ours["merchantName"], code.payee.name());
        assert_eq!(ours["merchantCity"], code.payee.city());
        assert_eq!(ours["txid"], txid);
        assert_eq!(theirs["26"]["01"], key.as_str(), "{theirs} {}", code.print());
        assert_eq!(
            theirs["54"].as_str().map(str::to_owned),
            amount.map(|amount| amount.to_string())
        );
        assert_eq!(theirs["59"], code.payee.name());
        assert_eq!(theirs["60"], code.payee.city());
        assert_eq!(theirs["62"]["05"], txid);
    }
}

#[test]
fn both_libraries_read_every_dynamic_code_as_it_was_meant() {
    let codes = samples(&at_a_location(), INSTRUMENTS);
    let [pix_utils, starkbank] = READERS.map(|reader| read(reader, &printed(&codes)));
    for ((code, ours), theirs) in codes.iter().zip(&pix_utils).zip(&starkbank) {
        let Charge::Dynamic { location, once } = &code.charge else { panic!("dynamic") };
        assert_eq!(ours["type"], "DYNAMIC", "{ours} {}", code.print());
        assert_eq!(ours["url"], location.as_str());
        assert_eq!(theirs["26"]["25"], location.as_str(), "{theirs} {}", code.print());
        assert_eq!(theirs["01"] == "12", *once);
        assert_eq!(theirs["62"]["05"], "***");
        assert_eq!(theirs.get("54"), None);
    }
}

#[test]
fn a_changed_character_is_refused_by_both_and_by_us() {
    let codes = samples(&prop_oneof![on_a_key(), at_a_location()], INSTRUMENTS);
    let change = |(number, code): (usize, String)| tampered(&code, number * 7 % code.len());
    let changed: Vec<String> = printed(&codes).into_iter().enumerate().map(change).collect();
    for reader in READERS {
        let taken = |(code, answer): (&String, Value)| (!refused(&answer)).then(|| code.clone());
        let taken: Vec<String> =
            changed.iter().zip(read(reader, &changed)).filter_map(taken).collect();
        assert_eq!(taken, [""; 0], "{reader} takes them");
    }
    assert!(changed.iter().all(|code| BrCode::parse(code).is_err()));
}
