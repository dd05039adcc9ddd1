//! Card numbers where none belong: typed into a description, or left in notes.

use super::{Brand, Pan};

/// Digits of a number in one run that is looked for. Shorter ones are as often telephones, dates and tax numbers.
const DIGITS: std::ops::RangeInclusive<usize> = 15..=19;
/// How cards have their numbers in groups. Boletos, accounts and tax numbers have others.
const GROUPS: [&[usize]; 5] =
    [&[4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3]];
/// What may stand between groups, the same between all of them; spaces beside it are none, and any spaces are one.
const BETWEEN: [&str; 5] = [" ", "-", ".", "_", "/"];
/// Groups of four in a row that may be a card and what was written behind or before it. Access keys of invoices are longer.
const FOURS_MAX: usize = 6;
/// Letters and digits of the longest IBAN, and of the shortest (ISO 13616).
const IBAN: std::ops::RangeInclusive<usize> = 15..=34;

/// A word, and the marks before it.
struct Word<'a> {
    marks: &'a str,
    text: &'a str,
}

impl Word<'_> {
    fn is_number(&self) -> bool {
        self.text.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// What stands before it, as rows are told apart by it.
    fn joined_by(&self) -> &str {
        match self.marks.trim() {
            "" if self.marks.is_empty() => "",
            "" => " ",
            mark => mark,
        }
    }
}

/// Whether a text has a card's number in it: of a known brand and its length, the check digit right, in one run of digits or in the
/// groups that cards have, and no letter or digit next to it. Access keys of invoices are longer rows of groups, IBANs have a check of
/// their own, and neither the digits of a fraction nor a time of day are a number.
///
/// ```
/// use posthorn_rails::cards::has_card_number;
///
/// assert!(has_card_number("paid with 4242 4242 4242 4242, thanks"));
/// assert!(!has_card_number("order 4242424242424241 of 2026-11-23"));
/// ```
#[must_use]
pub fn has_card_number(text: &str) -> bool {
    let plain: String = text.chars().filter_map(plain).collect();
    let words = words(&plain);
    let mut rest = &words[..];
    while let Some(word) = rest.first() {
        let run = rest.iter().take_while(|word| word.is_number()).count();
        let taken = if word.is_number() { run } else { words_of_iban(rest).max(1) };
        let (taken, after) = rest.split_at(taken);
        if word.is_number() && is_in(taken) {
            return true;
        }
        rest = after;
    }
    false
}

/// A sign as ASCII has it: digits that were typed full-width, dashes and spaces of any kind. What has no width is left out.
fn plain(sign: char) -> Option<char> {
    let wide = u32::from(sign).checked_sub(u32::from('０')).filter(|digit| *digit < 10);
    match sign {
        '\u{200b}' | '\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => None,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        'º' | 'ª' => Some('#'),
        space if space.is_whitespace() => Some(' '),
        other => Some(wide.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(other)),
    }
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(char::is_alphanumeric) {
        let (marks, from) = rest.split_at(start);
        let end = from.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(from.len());
        let (text, after) = from.split_at(end);
        words.push(Word { marks, text });
        rest = after;
    }
    words
}

/// How many of these words are an IBAN in groups, as in `DE89 3704 0044 …`: two letters and two digits, and its check right.
fn words_of_iban(words: &[Word<'_>]) -> usize {
    let first = words.first().map_or("", |word| word.text).as_bytes();
    let begins = matches!(first, [a, b, c, d] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit());
    if !begins {
        return 0;
    }
    let after = words.iter().skip(1).take(*IBAN.end());
    let grouped = after.take_while(|word| word.marks == " ").count() + 1;
    let is_iban = |count: &usize| {
        let text: String = words.iter().take(*count).map(|word| word.text).collect();
        IBAN.contains(&text.len()) && has_iban_check(&text)
    };
    (1..=grouped).rev().find(is_iban).unwrap_or(0)
}

/// ISO 13616: the country and the check digits last, letters as two digits, and one left over by 97.
fn has_iban_check(text: &str) -> bool {
    let (country, account) = text.split_at_checked(4).unwrap_or_default();
    let left = account.chars().chain(country.chars()).try_fold(0, |left, letter| {
        let value = letter.to_digit(36)?;
        Some((left * if value < 10 { 10 } else { 100 } + value) % 97)
    });
    left == Some(1)
}

/// Whether one of these numbers, or some of them one after the other, are a card's.
fn is_in(run: &[Word<'_>]) -> bool {
    let alone = run.iter().enumerate().any(|(at, word)| {
        let whole = at.checked_sub(1).and_then(|before| run.get(before));
        let is_fraction = word.marks == "." && whole.is_some_and(|whole| whole.text.len() <= 3);
        let is_number = DIGITS.contains(&word.text.len()) && !is_fraction && !is_time(word.text);
        is_number && is_card(word.text)
    });
    alone || rows(run).any(|row| GROUPS.iter().any(|form| is_grouped(row, form)))
}

/// Sixteen digits that are a time of this decade and four more, as orders are numbered: `26` `11` `23`, `14` `40` `58`, `0007`. One
/// Mastercard of the 2-series in three hundred looks like that.
fn is_time(text: &str) -> bool {
    let two = |at: usize| text.get(at..at + 2).and_then(|two| two.parse::<u8>().ok());
    let parts = [(0, 22..=29), (2, 1..=12), (4, 1..=31), (6, 0..=23), (8, 0..=59), (10, 0..=59)];
    let fits = |(at, range): (usize, std::ops::RangeInclusive<u8>)| {
        two(at).is_some_and(|part| range.contains(&part))
    };
    text.len() == 16 && parts.into_iter().all(fits)
}

/// Numbers one after the other with the same marks between them.
fn rows<'a>(run: &'a [Word<'a>]) -> impl Iterator<Item = &'a [Word<'a>]> {
    (0..run.len()).filter_map(|from| {
        let row = run.get(from..)?;
        let mark = row.get(1)?.joined_by();
        if from > 0 && row.first()?.joined_by() == mark || !BETWEEN.contains(&mark) {
            return None;
        }
        let count = row.iter().skip(1).take_while(|word| word.joined_by() == mark).count() + 1;
        row.get(..count)
    })
}

/// Whether some of a row's numbers are a card's in groups of these lengths. Of a long row of fours it is only cards and nothing else.
fn is_grouped(row: &[Word<'_>], form: &[usize]) -> bool {
    let fits = |window: &[Word<'_>]| {
        window.len() == form.len()
            && window.iter().zip(form).all(|(word, digits)| word.text.len() == *digits)
            && is_card(&window.iter().map(|word| word.text).collect::<String>())
    };
    let fours = row.iter().filter(|word| word.text.len() == 4).count();
    if fours > FOURS_MAX {
        return row.chunks(form.len()).all(fits);
    }
    row.windows(form.len()).any(fits)
}

fn is_card(digits: &str) -> bool {
    Pan::parse(digits).is_ok_and(|pan| has_length(pan.brand(), digits))
}

/// Whether a brand's numbers are so long.
fn has_length(brand: Brand, digits: &str) -> bool {
    match brand {
        Brand::Visa => matches!(digits.len(), 16 | 19),
        Brand::Discover => (16..=19).contains(&digits.len()),
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
            "Pago em 23/11/2026 - 4242 4242 4242 4242",
            "Pedido 1234: 4242-4242-4242-4242",
            "Pedido 1234 4242 4242 4242 4242",
            "4242 4242 4242 4242, 1226, 123",
            "4242 4242 4242 4242 1226 123",
            "4242-4242-4242-4242 (2030)",
            "4242 4242 4242 4242 / 5555 5555 5555 4444",
            "4242 4242 4242 4242 5555 5555 5555 4444",
            "NF12: 4242 4242 4242 4242",
            "NF12 4242 4242 4242 4242",
            "AB12 4242424242424242",
            "DE44 5001 0517 5407 3249 31; 4242 4242 4242 4242",
            "nº4242424242424242",
            "cartão nº4242 4242 4242 4242",
            "4242 - 4242 - 4242 - 4242",
            "4242–4242–4242–4242",
            "4242\t4242\n4242\u{2009}4242",
            "42\u{200b}42424242424242",
            "no 12. 4242424242424242",
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
            "DE65 4242 4242 4242 4242 00",
            "3526 1112 3456 7800 0190 5500 1000 0042 4210 0000 0012",
            "2611231440580007",
            "441234567890120001",
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
