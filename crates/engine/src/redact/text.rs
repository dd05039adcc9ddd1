//! What is a secret by its looks: card numbers, and the keys and tokens that we make.

use std::borrow::Cow;
use std::sync::LazyLock;

use posthorn_core::event::Mode;
use posthorn_core::merchant::KeyKind;
use posthorn_core::oauth::TokenKind;
use posthorn_rails::cards::{Brand, Pan, has_card_number};

use super::REDACTED;

/// What keys and tokens begin with that open something.
static PREFIXES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let modes = [Mode::Test, Mode::Live];
    let keys = [KeyKind::ApiKey, KeyKind::ApiSecret];
    let keys = keys.iter().flat_map(|kind| modes.map(|mode| kind.prefix(mode)));
    let tokens =
        TokenKind::ALL.iter().flat_map(|kind| modes.map(|mode| kind.prefix(mode).to_owned()));
    let others = ["cs_test_", "cs_live_", "whsec_", "Bearer ", "bearer ", "Basic ", "basic "];
    keys.chain(tokens).chain(others.map(str::to_owned)).collect()
});
/// One of these is in every prefix: most texts have none.
const SIGNS: [&str; 6] = ["_test_", "_live_", "whsec_", ADMIN, "earer ", "asic "];
/// What an admin key begins with that we made; hexadecimal digits follow, as many as these at least.
const ADMIN: &str = "admin_";
const ADMIN_DIGITS_MIN: usize = 32;
/// What follows a prefix, at least: shorter ones are words about keys.
const KEY_CHARS_MIN: usize = 8;
/// Digits of a card's number, with nothing between them.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// A text without card numbers, keys and tokens: all digits of one that has a card's number are stars.
///
/// ```
/// use posthorn_engine::masked;
///
/// assert_eq!(masked("paid with 4242 4242 4242 4242"), "paid with **** **** **** ****");
/// assert_eq!(masked("use sk_test_0123456789abcdef"), "use sk_test_[redacted]");
/// assert_eq!(masked("order 4711"), "order 4711");
/// ```
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut kept = Cow::Borrowed(text);
    if SIGNS.iter().any(|sign| text.contains(sign)) {
        for prefix in PREFIXES.iter() {
            if let Some(without) = without_keys(&kept, prefix, KEY_CHARS_MIN, is_key_char) {
                kept = Cow::Owned(without);
            }
        }
        let admin =
            without_keys(&kept, ADMIN, ADMIN_DIGITS_MIN, |letter| letter.is_ascii_hexdigit());
        kept = admin.map_or(kept, Cow::Owned);
    }
    if has_number(&kept) {
        let stars = kept.chars().map(|sign| if sign.is_numeric() { '*' } else { sign });
        kept = Cow::Owned(stars.collect());
    }
    kept
}

fn is_key_char(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-_+/=.~".contains(letter)
}

/// A text without what follows a prefix, where so many such letters do; `None` where it has none.
fn without_keys(
    text: &str,
    prefix: &str,
    chars_min: usize,
    is_char: fn(char) -> bool,
) -> Option<String> {
    let (mut kept, mut left) = (String::new(), text);
    let mut found = false;
    while let Some((before, after)) = left.split_once(prefix) {
        let end = after.find(|letter| !is_char(letter)).unwrap_or(after.len());
        let is_one = end >= chars_min;
        let (key, rest) = after.split_at(end);
        kept.push_str(before);
        kept.push_str(prefix);
        // A word that is none may have one behind it.
        left = if is_one { rest } else { after };
        if is_one {
            kept.push_str(REDACTED);
            found = true;
        } else if key.is_empty() {
            left = rest;
        }
    }
    kept.push_str(left);
    found.then_some(kept)
}

/// Whether a text has a card's number, also one that letters stand next to: that refuses nobody's order here.
fn has_number(text: &str) -> bool {
    // Most texts have too few digits for one.
    let digits = text.chars().filter(|sign| sign.is_numeric()).count();
    if digits < *CARD_DIGITS.start() {
        return false;
    }
    let mut runs = text.split(|sign: char| !sign.is_ascii_digit());
    runs.any(|run| CARD_DIGITS.contains(&run.len()) && is_card(run)) || has_card_number(text)
}

fn is_card(digits: &str) -> bool {
    Pan::parse(digits).is_ok_and(|pan| pan.brand() != Brand::Unknown)
}
