//! Card numbers where none belong: typed into a description, or left in notes.

use super::{Brand, Pan};

/// Digits of a number in one run that is looked for. Shorter ones are as often telephones, dates and tax numbers.
const DIGITS: std::ops::RangeInclusive<usize> = 15..=19;
/// How cards have their numbers in groups. Boletos, accounts and tax numbers have others.
const GROUPS: [&[usize]; 6] =
    [&[4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 2], &[4, 4, 4, 4, 3]];

/// Whether a text has a card's number in it: of a known brand, its check digit right, 15 to 19 digits in one run or in the groups
/// that cards have, and no letter or digit next to it.
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
    numbers(&narrow).iter().any(|groups| is_in(groups))
}

/// A digit as ASCII has it, also when it was typed full-width.
fn narrow(letter: char) -> char {
    let wide = u32::from(letter).checked_sub(u32::from('０')).filter(|digit| *digit < 10);
    wide.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(letter)
}

/// Runs of groups of digits with no letters between them.
fn numbers(text: &str) -> Vec<Vec<&str>> {
    let mut runs = vec![Vec::new()];
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        match runs.last_mut() {
            Some(run) if is_number => run.push(word),
            Some(_) | None => runs.push(Vec::new()),
        }
    }
    runs
}

/// Whether one of these groups, or some of them one after the other, are a card's number.
fn is_in(groups: &[&str]) -> bool {
    let alone = |group: &&str| DIGITS.contains(&group.len()) && is_card(group);
    let grouped = |form: &&[usize]| {
        groups.windows(form.len()).any(|window| {
            let fits = window.iter().zip(form.iter()).all(|(group, digits)| group.len() == *digits);
            fits && is_card(&window.concat())
        })
    };
    groups.iter().any(alone) || GROUPS.iter().any(grouped)
}

fn is_card(digits: &str) -> bool {
    Pan::parse(digits).is_ok_and(|pan| pan.brand() != Brand::Unknown)
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
