//! Boletos, read by `boleto-brasileiro-validator`.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use posthorn_rails::boleto::{Boleto, CENTAVOS_MAX};
use proptest::prelude::*;

use crate::reader::{INSTRUMENTS, read, refused, samples, tampered};

const READER: &str = "node/boleto.js";
const TODAY: Date = date(2026, 11, 22);
/// Digits of a linha digitável that a field's own check digit covers.
const IN_FIELDS: usize = 32;

fn slips() -> Vec<Boleto> {
    let bank = prop_oneof![1_u16..=799, 900_u16..=999];
    let amount = prop_oneof![1_i64..1_000_000, 0..=CENTAVOS_MAX];
    let slip = (bank, -4000_i64..4000, amount, "[0-9]{25}");
    let slip = slip.prop_map(|(bank, days, amount, free)| {
        let due = TODAY.checked_add(days.days()).expect("a day");
        Boleto::new(bank, due, amount, &free).expect("a slip")
    });
    samples(&slip, INSTRUMENTS)
}

#[test]
fn every_line_and_every_barcode_is_valid() {
    let slips = slips();
    let forms: [fn(&Boleto) -> String; 3] = [Boleto::line, Boleto::digits, Boleto::barcode];
    for form in forms {
        let lines: Vec<String> = slips.iter().map(form).collect();
        for (line, answer) in lines.iter().zip(read(READER, &lines)) {
            assert!(!refused(&answer), "{line}");
        }
    }
}

#[test]
fn a_changed_digit_of_a_field_is_refused_by_it_and_by_us() {
    let change = |(number, slip): (usize, Boleto)| tampered(&slip.digits(), number % IN_FIELDS);
    let changed: Vec<String> = slips().into_iter().enumerate().map(change).collect();
    for (line, answer) in changed.iter().zip(read(READER, &changed)) {
        assert!(refused(&answer), "{line}");
        assert!(Boleto::from_line(line, TODAY).is_err(), "{line}");
    }
}

/// Modulo 11 writes three remainders as 1, so it cannot notice every change; what it notices is the same.
#[test]
fn a_changed_date_or_amount_is_refused_by_it_when_it_is_by_us() {
    let change =
        |(number, slip): (usize, Boleto)| tampered(&slip.digits(), IN_FIELDS + number % 15);
    let changed: Vec<String> = slips().into_iter().enumerate().map(change).collect();
    let mut noticed = 0;
    for (line, answer) in changed.iter().zip(read(READER, &changed)) {
        let by_us = Boleto::from_line(line, TODAY).is_err();
        // A factor below 1000 is ours alone to refuse: that library does not read the date.
        let no_date = line.get(33..34) == Some("0");
        assert!(by_us == refused(&answer) || (by_us && no_date), "{line}");
        noticed += usize::from(refused(&answer));
    }
    assert!(noticed > INSTRUMENTS * 9 / 10, "{noticed} of {INSTRUMENTS}");
}
