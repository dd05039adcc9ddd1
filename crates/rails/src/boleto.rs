//! Boletos: a bank slip as the 44 digits of its barcode and as the 47 of the linha digitável, which
//! a payer types (FEBRABAN's layout; rails.md 4.2).
//!
//! The due date is a number of days with four digits. It ran out on 2025-02-21 (9999) and began again
//! at 1000 the next day, so whoever reads a slip needs a date to read it near. Utility bills
//! (48 digits, beginning with 8) are another system and are refused.

use std::fmt;

use jiff::civil::{Date, date};
use jiff::tz::{Offset, offset};
use jiff::{Timestamp, ToSpan as _};

/// The most a slip can ask for, in centavos: ten digits.
pub const CENTAVOS_MAX: i64 = 9_999_999_999;
/// Digits that are the bank's own.
pub const FREE_DIGITS: usize = 25;
/// Days until a slip is due that nobody gave a day (rails.md, section 0).
pub const DUE_DAYS: u8 = 3;

/// São Paulo has had no summer time since 2019.
const SAO_PAULO: Offset = offset(-3);
/// Where the days are counted from.
const DAY_ZERO: Date = date(1997, 10, 7);
const FACTOR_MIN: i64 = 1000;
/// Days until a factor means another day.
const FACTORS: i64 = 9000;
const REAL: char = '9';

/// The day that it is in São Paulo.
#[must_use]
pub fn day_of(at: Timestamp) -> Date {
    SAO_PAULO.to_datetime(at).date()
}

/// The last second of a slip that is due so many days from now: it is paid on that day, too.
#[must_use]
pub fn due_in(now: Timestamp, days: u8) -> Option<Timestamp> {
    let after = day_of(now).checked_add((i64::from(days) + 1).days()).ok()?;
    let midnight = SAO_PAULO.to_timestamp(after.to_datetime(jiff::civil::Time::midnight())).ok()?;
    midnight.checked_sub(1.second()).ok()
}

/// A bank slip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boleto {
    bank: u16,
    due: Date,
    centavos: i64,
    free: String,
}

/// What cannot stand on a slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Zero, over three digits, or one that reads as a utility bill.
    #[error("a bank's code is 1 to 799 or 900 to 999")]
    Bank,
    /// Before the first factor of four digits.
    #[error("a boleto is due on 2000-07-03 or later")]
    Due,
    /// Less than nothing, or over ten digits.
    #[error("a boleto's amount is 0 to {CENTAVOS_MAX} centavos")]
    Amount,
    /// Not 25 digits.
    #[error("a boleto's free field is {FREE_DIGITS} digits")]
    Free,
}

/// Why digits are no slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Too few, too many, or something else than digits.
    #[error("a linha digitável is 47 digits, a barcode 44")]
    Length,
    /// Water, power, taxes: another layout.
    #[error("this is a utility bill (it begins with 8), not a bank's boleto")]
    UtilityBill,
    /// A field of the linha digitável, 1 to 3, and its check digit.
    #[error("field {0} does not match its check digit")]
    Field(u8),
    /// The check digit of the whole.
    #[error("the digits do not match their general check digit")]
    Check,
    /// Not reais.
    #[error("the currency digit is not 9")]
    Currency,
    /// No due date is stated, or one that cannot be.
    #[error("the due date's factor is under 1000")]
    Factor,
    /// A bank that cannot be.
    #[error("the bank's code is 000")]
    Bank,
}

impl Boleto {
    /// A slip: the bank's code, the day it is due in São Paulo, centavos (0: the payer says how
    /// much), and the bank's own 25 digits.
    pub fn new(bank: u16, due: Date, centavos: i64, free: &str) -> Result<Self, Invalid> {
        if !matches!(bank, 1..=799 | 900..=999) {
            return Err(Invalid::Bank);
        }
        if days(due) < FACTOR_MIN {
            return Err(Invalid::Due);
        }
        if !(0..=CENTAVOS_MAX).contains(&centavos) {
            return Err(Invalid::Amount);
        }
        if free.len() != FREE_DIGITS || !all_digits(free) {
            return Err(Invalid::Free);
        }
        Ok(Self { bank, due, centavos, free: free.to_owned() })
    }

    /// The bank's code.
    #[must_use]
    pub const fn bank(&self) -> u16 {
        self.bank
    }

    /// The day it is due.
    #[must_use]
    pub const fn due(&self) -> Date {
        self.due
    }

    /// Centavos; 0 leaves it to the payer.
    #[must_use]
    pub const fn centavos(&self) -> i64 {
        self.centavos
    }

    /// The bank's own digits.
    #[must_use]
    pub fn free(&self) -> &str {
        &self.free
    }

    /// The barcode's 44 digits.
    #[must_use]
    pub fn barcode(&self) -> String {
        let (head, tail) = (self.head(), format!("{}{}", self.factor_and_amount(), self.free));
        let check = modulo_11(&format!("{head}{tail}"));
        format!("{head}{check}{tail}")
    }

    /// The linha digitável as a person reads it:
    /// `23793.38128 60007.827136 69600.014042 1 16450000029990`. Without dots and spaces it is 47
    /// digits ([`Boleto::digits`]).
    #[must_use]
    pub fn line(&self) -> String {
        let digits = self.digits();
        let mut line = String::with_capacity(digits.len() + 7);
        for (at, digit) in digits.char_indices() {
            match at {
                5 | 15 | 26 => line.push('.'),
                10 | 21 | 32 | 33 => line.push(' '),
                _ => {}
            }
            line.push(digit);
        }
        line
    }

    /// The linha digitável's 47 digits alone.
    #[must_use]
    pub fn digits(&self) -> String {
        let (first, rest) = self.free.split_at(5);
        let (second, third) = rest.split_at(10);
        let head = self.head();
        let tail = self.factor_and_amount();
        let check = modulo_11(&format!("{head}{tail}{}", self.free));
        let with_check = |field: &str| format!("{field}{}", modulo_10(field));
        let fields = [with_check(&format!("{head}{first}")), with_check(second), with_check(third)];
        format!("{}{check}{tail}", fields.concat())
    }

    /// Reads a linha digitável, with or without dots and spaces. Of the days that its factor can
    /// mean, the one nearest to `near` is meant; the later of two equally near.
    pub fn from_line(text: &str, near: Date) -> Result<Self, Unreadable> {
        let digits: String = text.chars().filter(|c| !matches!(c, '.' | ' ')).collect();
        if !all_digits(&digits) {
            return Err(Unreadable::Length);
        }
        if digits.starts_with('8') && matches!(digits.len(), 47 | 48) {
            return Err(Unreadable::UtilityBill);
        }
        let mut rest = digits.as_str();
        let mut take = |count| {
            let (part, after) = rest.split_at_checked(count).ok_or(Unreadable::Length)?;
            rest = after;
            Ok(part)
        };
        let fields = [take(10)?, take(11)?, take(11)?];
        let (check, tail) = (take(1)?, take(14)?);
        if !rest.is_empty() {
            return Err(Unreadable::Length);
        }
        let mut bodies = Vec::with_capacity(fields.len());
        for (number, field) in (1..).zip(fields) {
            let (body, stated) = field.split_at(field.len() - 1);
            if modulo_10(body).to_string() != stated {
                return Err(Unreadable::Field(number));
            }
            bodies.push(body);
        }
        let body = bodies.concat();
        let (head, free) = body.split_at(4);
        Self::from_barcode(&format!("{head}{check}{tail}{free}"), near)
    }

    /// Reads a barcode's 44 digits; `near` as for [`Boleto::from_line`].
    pub fn from_barcode(text: &str, near: Date) -> Result<Self, Unreadable> {
        if text.len() != 44 || !all_digits(text) {
            return Err(Unreadable::Length);
        }
        if text.starts_with('8') {
            return Err(Unreadable::UtilityBill);
        }
        let (head, rest) = text.split_at(4);
        let (check, tail) = rest.split_at(1);
        if modulo_11(&format!("{head}{tail}")).to_string() != check {
            return Err(Unreadable::Check);
        }
        let bank = head.strip_suffix(REAL).ok_or(Unreadable::Currency)?;
        let (factor, tail) = tail.split_at(4);
        let (amount, free) = tail.split_at(10);
        let due = nearest(number(factor), near).ok_or(Unreadable::Factor)?;
        let bank = u16::try_from(number(bank)).map_err(|_over| Unreadable::Bank)?;
        Self::new(bank, due, number(amount), free).map_err(|_zero| Unreadable::Bank)
    }

    fn head(&self) -> String {
        format!("{:03}{REAL}", self.bank)
    }

    fn factor_and_amount(&self) -> String {
        let factor = FACTOR_MIN + (days(self.due) - FACTOR_MIN).rem_euclid(FACTORS);
        format!("{factor:04}{:010}", self.centavos)
    }
}

/// The linha digitável, as a person reads it.
impl fmt::Display for Boleto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())
    }
}

fn days(due: Date) -> i64 {
    due.duration_since(DAY_ZERO).as_hours() / 24
}

/// The day that a factor means, nearest to another day.
fn nearest(factor: i64, near: Date) -> Option<Date> {
    if factor < FACTOR_MIN {
        return None;
    }
    // Halfway rounds up, to the later day: a bill that has not lapsed.
    let turns = (days(near) - factor + FACTORS / 2).div_euclid(FACTORS).max(0);
    DAY_ZERO.checked_add((factor + turns * FACTORS).days()).ok()
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// At most fourteen digits, which were seen to be digits.
fn number(digits: &str) -> i64 {
    digits.bytes().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
}

fn values_from_the_right(digits: &str) -> impl Iterator<Item = u32> {
    digits.bytes().rev().map(|digit| u32::from(digit - b'0'))
}

/// A field's check digit: weights 2, 1, 2, … from the right, the digits of each product summed.
fn modulo_10(digits: &str) -> u32 {
    let products = values_from_the_right(digits).zip([2, 1].into_iter().cycle());
    let sum: u32 = products.map(|(digit, weight)| digit * weight).map(|p| p / 10 + p % 10).sum();
    (10 - sum % 10) % 10
}

/// The general check digit: weights 2 to 9 from the right, over and over; never 0, so that 1 stands
/// for three remainders.
fn modulo_11(digits: &str) -> u32 {
    let products = values_from_the_right(digits).zip((2..=9).cycle());
    let sum: u32 = products.map(|(digit, weight)| digit * weight).sum();
    match 11 - sum % 11 {
        10 | 11 => 1,
        check => check,
    }
}

#[cfg(test)]
mod tests;
