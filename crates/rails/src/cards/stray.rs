//! Card numbers where none belong: typed into a description, or left in notes.

use super::{Brand, Pan};

/// Digits of a number in one run that is looked for. Shorter ones are as often telephones, dates and tax numbers.
const DIGITS: std::ops::RangeInclusive<usize> = 15..=19;
/// How cards have their numbers in groups. Boletos, accounts and tax numbers have others.
const GROUPS: [&[usize]; 6] =
    [&[4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 2], &[4, 4, 4, 4, 3]];
/// What may stand between groups, the same between all of them; any spaces are one.
const BETWEEN: [&str; 5] = [" ", "-", ".", "_", "/"];

/// A word, and the marks before it.
struct Word<'a> {
    marks: String,
    text: &'a str,
}

/// Whether a text has a card's number in it: of a known brand and its length, the check digit right, in one run of digits or in the
/// groups that cards have, and no letter or digit next to it. Lists of codes, access keys of invoices and account numbers are longer
/// rows of groups, and the digits of a fraction are no number.
///
/// ```
/// use posthorn_rails::cards::has_card_number;
///
/// assert!(has_card_number("paid with 4242 4242 4242 4242, thanks"));
/// assert!(!has_card_number("order 4242424242424241 of 2026-11-23"));
/// ```
#[must_use]
pub fn has_card_number(text: &str) -> bool {
    let narrow: String = text.chars().map(narrow).collect();
    runs(&narrow).iter().any(|run| is_in(run))
}

/// A digit as ASCII has it, also when it was typed full-width.
fn narrow(letter: char) -> char {
    let wide = u32::from(letter).checked_sub(u32::from('０')).filter(|digit| *digit < 10);
    wide.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(letter)
}

/// Rows of numbers with no word between them. What follows the letters and digits with which an IBAN begins is none.
fn runs(text: &str) -> Vec<Vec<Word<'_>>> {
    let mut runs = vec![Vec::new()];
    let mut of_account = false;
    let mut rest = text;
    while let Some(start) = rest.find(char::is_alphanumeric) {
        let (marks, from) = rest.split_at(start);
        let end = from.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        rest = after;
        if !word.bytes().all(|byte| byte.is_ascii_digit()) {
            of_account = begins_an_iban(word);
            runs.push(Vec::new());
        } else if !of_account && let Some(run) = runs.last_mut() {
            run.push(Word { marks: folded(marks), text: word });
        }
    }
    runs
}

/// Marks with spaces of any kind and number as one.
fn folded(marks: &str) -> String {
    let spaced =
        marks.chars().map(|mark| if mark == '\u{a0}' || mark == '\u{202f}' { ' ' } else { mark });
    let mut folded = String::new();
    for mark in spaced {
        if mark != ' ' || !folded.ends_with(' ') {
            folded.push(mark);
        }
    }
    folded
}

/// Two letters and two digits, as in `DE89 3704 0044 …`.
fn begins_an_iban(word: &str) -> bool {
    let bytes = word.as_bytes();
    matches!(bytes, [a, b, c, d] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit())
}

/// Whether one of these numbers, or some of them one after the other, are a card's.
fn is_in(run: &[Word<'_>]) -> bool {
    let alone = run.iter().enumerate().any(|(at, word)| {
        let is_fraction = at > 0 && word.marks == ".";
        !is_fraction && DIGITS.contains(&word.text.len()) && is_card(word.text)
    });
    alone || GROUPS.iter().any(|form| is_grouped(run, form))
}

/// Whether some of these numbers are a card's in groups of these lengths, and not a part of a longer row of fours.
fn is_grouped(run: &[Word<'_>], form: &[usize]) -> bool {
    let is_four = |word: Option<&Word<'_>>| word.is_some_and(|word| word.text.len() == 4);
    run.windows(form.len()).enumerate().any(|(at, window)| {
        let fits = window.iter().zip(form).all(|(word, digits)| word.text.len() == *digits);
        let mut marks = window.iter().skip(1).map(|word| &*word.marks);
        let first = marks.next().unwrap_or_default();
        let is_row = BETWEEN.contains(&first) && marks.all(|mark| mark == first);
        let before = at.checked_sub(1).and_then(|before| run.get(before));
        let is_longer = is_four(before) || is_four(run.get(at + form.len()));
        let whole = || window.iter().map(|word| word.text).collect::<String>();
        fits && is_row && !is_longer && is_card(&whole())
    })
}

fn is_card(digits: &str) -> bool {
    Pan::parse(digits).is_ok_and(|pan| has_length(pan.brand(), digits))
}

/// Whether a brand's numbers are so long.
fn has_length(brand: Brand, digits: &str) -> bool {
    match brand {
        Brand::Visa | Brand::Discover => (16..=19).contains(&digits.len()),
        Brand::Mastercard | Brand::Elo => digits.len() == 16,
        Brand::Hipercard => (13..=19).contains(&digits.len()),
        Brand::Diners => (14..=19).contains(&digits.len()),
        Brand::Jcb if digits.starts_with('3') => (16..=19).contains(&digits.len()),
        Brand::Amex | Brand::Jcb => digits.len() == 15,
        Brand::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_found_however_it_is_grouped() {
        for text in [
            "4242424242424242",
            "card: 4242 4242 4242 4242.",
            "4242-4242-4242-4242",
            r#"{"note": "3782 822463 10005"}"#,
            r#"{"deep": [{"n": 5555555555554444}]}"#,
            "12 4111111111111111 12/30 123",
            "5555.5555.5555.4444",
            "3782 8224 6310 005",
            "4242_4242_4242_4242",
            "4242\u{a0}4242  4242 4242",
            "4242/4242/4242/4242",
            "４２４２４２４２４２４２４２４２",
        ] {
            assert!(has_card_number(text), "{text}");
        }
    }

    #[test]
    fn what_merchants_write_otherwise_is_none() {
        for text in [
            "",
            "Pagamento do Pedido #12345",
            "+55 11 91234-5678",
            "order-1764000000000",
            "4242424242424241",
            "5f3c8a10-4242-4242-4242-424242424242",
            "x4242424242424242",
            "36.123.456/0001-99",
            "34191.79001 01043.510047 91020.150008 8 12340000012345",
            "1782 8224 6310 005",
            "SKU 4001, 4002, 4003, 4010",
            "(11) 4004-1005 / 4003-5678",
            "IMEI 490154203237518",
            "IMEI 356938035643809",
            "utm_campaign=23851234567890139",
            "0.3571428571428578",
            "-23.550519846210345",
            "4126 0812 3456 7800 0190 5500 1000 0102 2112 3456 7890",
            "DE89 3704 0044 0509 0130 00",
        ] {
            assert!(!has_card_number(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_looked_through(text in "[0-9 -]{0,200}|\\PC{0,80}") {
            let _either = has_card_number(&text);
        }

        #[test]
        fn a_number_is_found_between_any_words(before in "[a-z]{0,8}[ .,:]", after in "[ .,;][a-z]{0,8}") {
            let text = format!("{before}4242 4242 4242 4242{after}");
            prop_assert!(has_card_number(&text), "{}", text);
        }
    }
}
