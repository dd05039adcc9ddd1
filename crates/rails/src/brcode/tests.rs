//! PIX codes: the ones we print, the ones the manuals print, and the ones to refuse.

use super::*;
use proptest::prelude::*;

const STATIC: &str = "00020126380014br.gov.bcb.pix0116joao@exemplo.com5204000053039865406100.505802BR5910PagTracker6009SAO PAULO62150511PEDIDO123456304C033";
const DYNAMIC: &str = "00020101021226810014br.gov.bcb.pix2559pix-h.api.efipay.com.br/v2/5c0d6f0d5e4f4a4e8f0c9d2b1a3e4f5a5204000053039865802BR5910PagTracker6009SAO PAULO62070503***63046923";

fn resealed(body: &str) -> String {
    let covered = format!("{body}{}", field::CRC_HEAD);
    format!("{covered}{}", field::crc_of(&covered))
}

#[test]
fn a_static_code_carries_key_amount_and_txid() {
    let code = BrCode {
        payee: Payee::new("PagTracker", "SÃO PAULO").unwrap(),
        charge: Charge::Static {
            key: Key::parse("joao@exemplo.com").unwrap(),
            amount: Some(Amount::of_centavos(10_050).unwrap()),
            txid: Some(StaticTxid::parse("PEDIDO12345").unwrap()),
        },
    };
    assert_eq!(code.print(), STATIC);
    assert_eq!(BrCode::parse(STATIC), Ok(code));
}

#[test]
fn a_dynamic_code_carries_a_location_and_no_txid() {
    let location = "pix-h.api.efipay.com.br/v2/5c0d6f0d5e4f4a4e8f0c9d2b1a3e4f5a";
    let code = BrCode {
        payee: Payee::new("PagTracker", "SAO PAULO").unwrap(),
        charge: Charge::Dynamic { location: Location::parse(location).unwrap(), once: true },
    };
    assert_eq!(code.print(), DYNAMIC);
    assert_eq!(BrCode::parse(DYNAMIC), Ok(code));
}

#[test]
fn the_central_banks_own_sample_is_read() {
    let sample = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D";
    let code = BrCode::parse(sample).unwrap();
    assert_eq!(code.payee.name(), "Fulano de Tal");
    assert!(matches!(&code.charge, Charge::Static { amount: None, txid: None, .. }));
    assert_eq!(code.print(), sample);
}

#[test]
fn the_name_of_pix_may_be_in_capitals_and_fields_that_we_do_not_write_may_stand() {
    let body = STATIC[..STATIC.len() - 8]
        .replace("br.gov.bcb.pix", "BR.GOV.BCB.PIX")
        .replace("6009SAO PAULO", "6009SAO PAULO610801310100");
    assert_eq!(BrCode::parse(&resealed(&body)), BrCode::parse(STATIC));
}

#[test]
fn the_longest_of_everything_fits() {
    let payee = Payee::new(&"N".repeat(99), &"C".repeat(99)).unwrap();
    let key = Key::parse(&format!("{}@exemplo.com", "a".repeat(65))).unwrap();
    let amount = Amount::of_centavos(CENTAVOS_MAX).ok();
    let txid = StaticTxid::parse(&"t".repeat(25)).ok();
    let longest = [
        Charge::Static { key, amount, txid },
        Charge::Dynamic {
            location: Location::parse(&format!("a/{}", "b".repeat(75))).unwrap(),
            once: true,
        },
    ];
    for charge in longest {
        let code = BrCode { payee: payee.clone(), charge };
        let text = code.print();
        assert!(text.len() <= CODE_BYTES_MAX);
        assert_eq!(BrCode::parse(&text), Ok(code));
    }
}

#[test]
fn a_changed_amount_does_not_match_the_checksum() {
    let changed = STATIC.replace("100.50", "900.50");
    assert!(
        matches!(BrCode::parse(&changed), Err(Unreadable::Checksum { stated, .. }) if stated == "C033")
    );
    assert_eq!(BrCode::parse(&STATIC[..STATIC.len() - 1]), Err(Unreadable::NoChecksum));
    assert_eq!(BrCode::parse(""), Err(Unreadable::NoChecksum));
}

#[test]
fn a_checksum_over_nonsense_does_not_make_it_a_code() {
    let body = &STATIC[..STATIC.len() - 8];
    let with = |from: &str, to: &str| BrCode::parse(&resealed(&body.replace(from, to)));
    assert_eq!(with("5303986", "5303840"), Err(Unreadable::Value(53)));
    assert_eq!(with("5802BR", ""), Err(Unreadable::Missing(58)));
    assert_eq!(with("5802BR", "5802BR5802BR"), Err(Unreadable::Twice(58)));
    assert_eq!(with("5406100.50", "54051e2.0"), Err(Unreadable::Value(54)));
    assert_eq!(with("5406100.50", "54040.00"), Err(Unreadable::Value(54)));
    assert_eq!(with("5406100.50", "54070100.50"), Err(Unreadable::Value(54)));
    assert_eq!(with("PEDIDO12345", "PEDIDO-2345"), Err(Unreadable::Value(5)));
    assert_eq!(with("joao@exemplo.com", "JOAO@EXEMPLO.COM"), Err(Unreadable::Value(1)));
    assert_eq!(with("br.gov.bcb.pix", "br.gov.bcb.pax"), Err(Unreadable::NoAccount));
    assert_eq!(with("6009SAO PAULO", "6009SAO  PULO"), Err(Unreadable::Value(60)));
    assert_eq!(with("5910PagTracker", "5911PagTracker"), Err(Unreadable::Broken));
}

#[test]
fn the_sample_with_a_wrong_length_that_is_in_circulation_is_refused() {
    let body = "00020126360014BR.GOV.BCB.PIX0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5909PagTracker6009SAO PAULO62070503***";
    assert!(BrCode::parse(&resealed(body)).is_err());
}

#[test]
fn a_dynamic_codes_txid_is_in_its_charge_and_nowhere_else() {
    let body = &DYNAMIC[..DYNAMIC.len() - 8];
    let named = body.replace("62070503***", "62070503abc");
    assert_eq!(BrCode::parse(&resealed(&named)), Err(Unreadable::Value(5)));
    let with_scheme = Location::parse("https://pix.example.com/v2/1");
    assert_eq!(with_scheme, Err(Invalid::Location));
    assert_eq!(Location::parse("pix.example.com"), Err(Invalid::Location));
    assert_eq!(Location::parse(&format!("a/{}", "b".repeat(76))), Err(Invalid::Location));
}

#[test]
fn an_amount_is_stated_in_reais_with_two_digits() {
    let printed = |centavos| Amount::of_centavos(centavos).map(|amount| amount.to_string());
    assert_eq!(printed(1).as_deref(), Ok("0.01"));
    assert_eq!(printed(CENTAVOS_MAX).as_deref(), Ok("9999999999.99"));
    assert_eq!(printed(0), Err(Invalid::Amount));
    assert_eq!(printed(-100), Err(Invalid::Amount));
    assert_eq!(printed(CENTAVOS_MAX + 1), Err(Invalid::Amount));
}

fn charges() -> impl Strategy<Value = Charge> {
    let key = prop_oneof!["\\+55[1-9]{2}9[0-9]{8}", "[a-z]{1,20}@[a-z]{1,20}\\.com"];
    let amount = proptest::option::of(1..=CENTAVOS_MAX);
    let txid = proptest::option::of("[A-Za-z0-9]{1,25}");
    let on_key = (key, amount, txid).prop_map(|(key, amount, txid)| Charge::Static {
        key: Key::parse(&key).unwrap(),
        amount: amount.map(|amount| Amount::of_centavos(amount).unwrap()),
        txid: txid.map(|txid| StaticTxid::parse(&txid).unwrap()),
    });
    let located =
        ("[a-z.]{1,20}/[a-zA-Z0-9/_-]{1,56}", any::<bool>()).prop_map(|(location, once)| {
            Charge::Dynamic { location: Location::parse(&location).unwrap(), once }
        });
    prop_oneof![on_key, located]
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(name in "[A-Za-zÀ-ÿ][\\PC]{0,40}", charge in charges()) {
        let payee = Payee::new(&format!("A{name}"), &name.replace(|c: char| !c.is_ascii(), "x")).unwrap();
        let code = BrCode { payee, charge };
        let text = code.print();
        prop_assert!(text.is_ascii() && text.len() <= CODE_BYTES_MAX);
        prop_assert_eq!(BrCode::parse(&text), Ok(code));
    }

    #[test]
    fn one_changed_character_is_noticed(at in any::<proptest::sample::Index>(), to in b' '..=b'~') {
        let mut bytes = STATIC.as_bytes().to_vec();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        prop_assert!(BrCode::parse(&String::from_utf8(bytes).unwrap()).is_err());
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,600}", body in "[0-9a-z.]{0,80}") {
        let _whatever = BrCode::parse(&text);
        let _whatever = BrCode::parse(&resealed(&body));
    }
}
