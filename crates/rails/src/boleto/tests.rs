//! Boletos: the documented example, the roll-over of the due date, and what check digits notice.

use super::*;
use proptest::prelude::*;

const TODAY: Date = date(2026, 11, 22);
const LINE: &str = "23793.38128 60007.827136 69600.014042 1 16450000029990";

fn boleto(due: Date) -> Boleto {
    Boleto::new(237, due, 29_990, "3381260007827136960001404").unwrap()
}

#[test]
fn the_documented_example_is_printed_and_read() {
    let slip = boleto(date(2026, 11, 29));
    assert_eq!(slip.line(), LINE);
    assert_eq!(slip.to_string(), LINE);
    assert_eq!(slip.barcode(), "23791164500000299903381260007827136960001404");
    assert_eq!(Boleto::from_line(LINE, TODAY), Ok(slip.clone()));
    assert_eq!(Boleto::from_line(&slip.digits(), TODAY), Ok(slip.clone()));
    assert_eq!(Boleto::from_barcode(&slip.barcode(), TODAY), Ok(slip));
}

#[test]
fn the_due_dates_factor_ran_out_and_began_again() {
    let factor = |due| boleto(due).barcode()[5..9].to_owned();
    assert_eq!(factor(date(2000, 7, 3)), "1000");
    assert_eq!(factor(date(2025, 2, 21)), "9999");
    assert_eq!(factor(date(2025, 2, 22)), "1000");
    assert_eq!(factor(TODAY), "1638");
    assert_eq!(factor(date(2049, 10, 13)), "9999");
    assert_eq!(factor(date(2049, 10, 14)), "1000");
}

#[test]
fn the_same_digits_mean_the_day_nearest_to_the_reader() {
    let line = boleto(date(2026, 11, 29)).digits();
    let due = |near| Boleto::from_line(&line, near).unwrap().due();
    assert_eq!(due(date(2026, 11, 1)), date(2026, 11, 29));
    assert_eq!(due(date(2005, 1, 1)), date(2002, 4, 9));
    assert_eq!(due(date(1990, 1, 1)), date(2002, 4, 9));
    assert_eq!(due(date(2050, 1, 1)), date(2051, 7, 21));
}

#[test]
fn what_cannot_stand_on_a_slip_is_refused() {
    let free = "0".repeat(25);
    let refused = |bank, due, amount, free: &str| Boleto::new(bank, due, amount, free).unwrap_err();
    assert_eq!(refused(0, TODAY, 1, &free), Invalid::Bank);
    assert_eq!(refused(836, TODAY, 1, &free), Invalid::Bank);
    assert_eq!(refused(1000, TODAY, 1, &free), Invalid::Bank);
    assert_eq!(refused(237, date(2000, 7, 2), 1, &free), Invalid::Due);
    assert_eq!(refused(237, TODAY, -1, &free), Invalid::Amount);
    assert_eq!(refused(237, TODAY, CENTAVOS_MAX + 1, &free), Invalid::Amount);
    assert_eq!(refused(237, TODAY, 1, &free[1..]), Invalid::Free);
    assert_eq!(refused(237, TODAY, 1, &format!("{}x", &free[1..])), Invalid::Free);
}

#[test]
fn a_wrong_line_says_what_is_wrong_with_it() {
    let read = |text: &str| Boleto::from_line(text, TODAY).unwrap_err();
    assert_eq!(read(&LINE.replace("38128", "38129")), Unreadable::Field(1));
    assert_eq!(read(&LINE.replace("60007", "60008")), Unreadable::Field(2));
    assert_eq!(read(&LINE.replace("69600", "69601")), Unreadable::Field(3));
    assert_eq!(read(&LINE.replace(" 1 ", " 2 ")), Unreadable::Check);
    assert_eq!(read(&LINE[1..]), Unreadable::Length);
    assert_eq!(read(&format!("{LINE}0")), Unreadable::Length);
    assert_eq!(read("não é"), Unreadable::Length);
    assert_eq!(
        read("836200000005 667800481000 180975657313 001589636081"),
        Unreadable::UtilityBill
    );
}

#[test]
fn a_remainder_of_nothing_is_written_as_one() {
    let slip = "23791164500000299903381260007827136960001404";
    let weighted: String = format!("{}{}", &slip[..4], &slip[5..]);
    let sum: u32 = values_from_the_right(&weighted).zip((2..=9).cycle()).map(|(d, w)| d * w).sum();
    assert_eq!(sum % 11, 0, "the case that one library gets wrong");
    assert!(Boleto::from_barcode(slip, TODAY).is_ok());
}

fn slips() -> impl Strategy<Value = Boleto> {
    let bank = prop_oneof![1_u16..=799, 900_u16..=999];
    (bank, -4000_i64..4000, 0..=CENTAVOS_MAX, "[0-9]{25}").prop_map(|(bank, days, amount, free)| {
        Boleto::new(bank, TODAY.checked_add(days.days()).unwrap(), amount, &free).unwrap()
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(slip in slips()) {
        prop_assert_eq!(slip.digits().len(), 47);
        prop_assert_eq!(Boleto::from_line(&slip.line(), TODAY), Ok(slip.clone()));
        prop_assert_eq!(Boleto::from_barcode(&slip.barcode(), TODAY), Ok(slip));
    }

    #[test]
    fn one_mistyped_digit_of_a_field_is_noticed(slip in slips(), at in 0_usize..32, to in b'0'..=b'9') {
        let mut digits = slip.digits().into_bytes();
        prop_assume!(digits[at] != to);
        digits[at] = to;
        prop_assert!(Boleto::from_line(&String::from_utf8(digits).unwrap(), TODAY).is_err());
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}", digits in "[0-9]{44,48}") {
        for text in [text, digits] {
            let _whatever = Boleto::from_line(&text, TODAY);
            let _whatever = Boleto::from_barcode(&text, TODAY);
        }
    }
}
