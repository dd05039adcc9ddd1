//! Numbers of cards as the history looks for them: of any brand, in any groups, and in the midst of other digits.
//!
//! That is wider than what refuses somebody's order (`rails::cards`): a number that is hidden for nothing costs a reader little. What
//! is a time, a CNPJ or a transfer's id by its form, and no card of a known brand, stays.

use std::borrow::Cow;

use jiff::civil::DateTime;
use posthorn_core::json::Json;
use posthorn_rails::cards::{Brand, Pan};
use posthorn_rails::pix::{Key, KeyKind};

use super::text::masked;

/// Digits of a card's number.
const DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// Digits of a group from which on some groups of a row may be a number; where they are smaller, only the whole row is one.
const GROUP_DIGITS_MIN: usize = 3;
/// Digits before the point of a fraction, at most: what follows it is no number of its own.
const WHOLE_DIGITS_MAX: usize = 3;
/// 2001-09-09 to the end of 2099, in Unix milliseconds.
const TIMES_MS: std::ops::Range<i64> = 1_000_000_000_000..4_102_444_800_000;
/// The same in years.
const YEARS: std::ops::Range<i16> = 2001..2100;
/// Digits of the bank and of the minute in a PIX transfer's id: `E`, or `D`, and these.
const TRANSFER_BANK_DIGITS: usize = 8;
const TRANSFER_DIGITS: usize = 20;

/// A text as the history keeps it: without what [`masked`] takes out, and without what may be a card's number in any other way.
pub(crate) fn hidden(text: &str) -> Cow<'_, str> {
    let kept = masked(text);
    let without = without_numbers(&kept);
    without.map_or(kept, Cow::Owned)
}

/// Digits with nothing between them.
#[derive(Clone, Copy)]
struct Group<'a> {
    text: &'a str,
    /// Where it begins.
    at: usize,
    /// What stands right before it.
    before: Option<char>,
    /// The one sign between it and the group before.
    joint: Option<char>,
    /// Whether it is the digits behind a point.
    is_fraction: bool,
}

/// A text with stars for the digits of what may be a card's number; `None` where there is none.
fn without_numbers(text: &str) -> Option<String> {
    // Most texts have too few digits for one.
    if text.bytes().filter(u8::is_ascii_digit).count() < *DIGITS.start() {
        return None;
    }
    let groups = groups(text);
    let mut hidden = Vec::new();
    let mut left = &groups[..];
    while !left.is_empty() {
        let row = row(left);
        if has_number(row) {
            hidden.extend(row.iter().map(|group| group.at..group.at + group.text.len()));
        }
        // A row's last group may be the first of another.
        left = left.get((row.len() - 1).max(1)..).unwrap_or_default();
    }
    if hidden.is_empty() {
        return None;
    }
    let is_hidden = |at: usize| {
        let until = hidden.partition_point(|range| range.start <= at);
        // A group may have been hidden twice.
        hidden.get(..until).and_then(<[_]>::last).is_some_and(|range| range.contains(&at))
    };
    Some(text.char_indices().map(|(at, sign)| if is_hidden(at) { '*' } else { sign }).collect())
}

fn groups(text: &str) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|left| left.find(digit)) {
        let at = from + start;
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find(|sign| !digit(sign)).unwrap_or(rest.len());
        let between = text.get(from..at).unwrap_or_default();
        let before = between.chars().next_back();
        let is_alone = before.is_some_and(|sign| sign.len_utf8() == between.len());
        let joint = before.filter(|sign| is_alone && from > 0 && is_joint(*sign));
        let whole = groups.last_mut().filter(|_| joint == Some('.'));
        let is_fraction = whole.is_some_and(|whole| {
            let is_one = whole.joint != Some('.') && whole.text.len() <= WHOLE_DIGITS_MAX;
            // With a second point it is none: `1.234.567`.
            whole.is_fraction = false;
            is_one
        });
        let text = rest.get(..end).unwrap_or_default();
        groups.push(Group { text, at, before, joint, is_fraction });
        from = at + end;
    }
    groups
}

fn digit(sign: char) -> bool {
    sign.is_ascii_digit()
}

fn is_joint(sign: char) -> bool {
    sign.is_whitespace() || "-._/".contains(sign) || ('\u{2010}'..='\u{2015}').contains(&sign)
}

/// As many groups as the same sign joins.
fn row<'g, 'a>(groups: &'g [Group<'a>]) -> &'g [Group<'a>] {
    let joint = groups.get(1).and_then(|second| second.joint);
    let joined = groups.iter().skip(1);
    let joined = joined.take_while(|group| joint.is_some() && group.joint == joint).count();
    groups.get(..=joined).unwrap_or(groups)
}

/// Whether a row has a number in it, in one of its groups or in several.
fn has_number(row: &[Group<'_>]) -> bool {
    let alone = row.iter().any(|group| {
        let is_transfer = matches!(group.before, Some('E' | 'D')) && is_transfer(group.text);
        !is_transfer && !group.is_fraction && is_number(group.text)
    });
    if row.iter().any(|group| group.is_fraction) {
        return alone;
    }
    let texts: Vec<&str> = row.iter().map(|group| group.text).collect();
    alone || is_in_groups(&texts, is_any)
}

/// Whether some groups, one after the other, are a number: all of them, those that are no smaller than a card's, or any of a known
/// brand's.
fn is_in_groups(groups: &[&str], is_whole: fn(&str) -> bool) -> bool {
    let is_all = groups.len() > 1 && is_whole(&bounded(groups));
    is_all
        || (0..groups.len()).any(|from| {
            let mut digits = String::new();
            let mut are_large = true;
            let rest = groups.iter().skip(from).enumerate();
            let mut rest = rest.take_while(|(at, _)| *at < *DIGITS.end());
            rest.any(|(at, group)| {
                are_large &= group.len() >= GROUP_DIGITS_MIN;
                if digits.len() <= *DIGITS.end() {
                    digits.push_str(group);
                }
                at > 0 && (is_known(&digits) || (are_large && is_whole(&digits)))
            })
        })
}

/// Groups in one, as far as they may be one number.
fn bounded(groups: &[&str]) -> String {
    groups.iter().copied().take(*DIGITS.end() + 1).collect()
}

/// Whether a run of digits is a number, or has one of a known brand in it.
fn is_number(run: &str) -> bool {
    let has_known = || {
        let ends = |from: usize| DIGITS.map(move |length| from + length);
        (0..run.len()).any(|from| ends(from).any(|end| run.get(from..end).is_some_and(is_known)))
    };
    is_any(run) || (run.len() > *DIGITS.start() && !is_boleto(run) && has_known())
}

/// A boleto's bar code, or the line that is typed for it: most have a row of digits that a card could have.
fn is_boleto(run: &str) -> bool {
    matches!(run.len(), 44 | 47 | 48)
}

/// Whether digits are a card's of whatever brand, by their check digit.
fn is_any(digits: &str) -> bool {
    let Some(brand) = brand(digits) else { return false };
    brand != Brand::Unknown || !(is_time(digits) || is_company(digits))
}

/// Whether digits are a card's of a known brand and as long as its numbers are.
fn is_known(digits: &str) -> bool {
    let fits = |brand| match brand {
        Brand::Visa => matches!(digits.len(), 16 | 19),
        Brand::Amex => digits.len() == 15,
        Brand::Diners => matches!(digits.len(), 14 | 16),
        Brand::Mastercard | Brand::Elo | Brand::Hipercard | Brand::Discover | Brand::Jcb => {
            digits.len() == 16
        }
        Brand::Unknown => false,
    };
    matches!(digits.len(), 14 | 15 | 16 | 19) && brand(digits).is_some_and(fits)
}

fn brand(digits: &str) -> Option<Brand> {
    let pan = DIGITS.contains(&digits.len()).then(|| Pan::parse(digits).ok());
    pan.flatten().map(|pan| pan.brand())
}

/// A Unix time in milliseconds, or a date and a time as `20261123144058`.
fn is_time(digits: &str) -> bool {
    match digits.len() {
        13 => digits.parse().is_ok_and(|ms| TIMES_MS.contains(&ms)),
        14 => DateTime::strptime("%Y%m%d%H%M%S", digits)
            .is_ok_and(|time| YEARS.contains(&time.year())),
        0.. => false,
    }
}

fn is_company(digits: &str) -> bool {
    Key::parse(digits).is_ok_and(|key| key.kind() == KeyKind::Cnpj)
}

/// A bank's eight digits and a minute, and what is too short for a number.
fn is_transfer(digits: &str) -> bool {
    let minute = digits.get(TRANSFER_BANK_DIGITS..TRANSFER_DIGITS);
    let time = minute.and_then(|minute| DateTime::strptime("%Y%m%d%H%M", minute).ok());
    time.is_some_and(|time| YEARS.contains(&time.year()))
        && digits.len() < TRANSFER_DIGITS + DIGITS.start()
}

/// Whether a list has a card's number in pieces: `["4242", "4242", …]`, `[4, 2, 4, 2, …]`.
///
/// Amounts are numbers, too: of numbers of more than one digit only those of a known brand count.
pub(super) fn is_in_list(values: &[Json]) -> bool {
    let pieces: Option<Vec<String>> = values.iter().map(piece).collect();
    // A longer list is one of amounts, or of marks: nearly each of those has a row that a card could have.
    let fits = |pieces: &Vec<String>| (2..=*DIGITS.end()).contains(&pieces.len());
    let Some(pieces) = pieces.filter(fits) else { return false };
    let are_texts = values.iter().all(|value| value.as_str().is_some());
    let are_digits = pieces.iter().all(|piece| piece.len() == 1);
    let is_whole = if are_texts || are_digits { is_any } else { is_known };
    let groups: Vec<&str> = pieces.iter().map(String::as_str).collect();
    // A number of four digits that begins with zeros has lost them.
    let padded: Vec<String> = pieces.iter().map(|piece| format!("{piece:0>4}")).collect();
    let padded: Vec<&str> = padded.iter().map(String::as_str).collect();
    is_in_groups(&groups, is_whole) || (!are_texts && is_in_groups(&padded, is_known))
}

fn piece(value: &Json) -> Option<String> {
    let text = match value {
        Json::String(text) => text.trim().to_owned(),
        Json::Number(_) => value.as_u64()?.to_string(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    };
    (1..=*DIGITS.end()).contains(&text.len()).then_some(text).filter(|text| text.chars().all(digit))
}
