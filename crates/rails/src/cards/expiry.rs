//! A card's expiry: a month, good to its last day.

use jiff::civil::Date;

const CENTURY: i16 = 2000;

/// The month a card expires with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry {
    year: i16,
    month: i8,
}

/// A text or numbers that are no such month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an expiry is a month and a year of two or four digits, like `12/27` or `12/2027`")]
pub struct BadExpiry;

impl Expiry {
    /// A month, 1 to 12, and a year: 0 to 99 is 2000 to 2099, else 2000 to 2999.
    pub fn new(month: i64, year: i64) -> Result<Self, BadExpiry> {
        let month = i8::try_from(month).ok().filter(|month| (1..=12).contains(month));
        let year = i16::try_from(year).ok().and_then(|year| match year {
            0..=99 => Some(CENTURY + year),
            2000..=2999 => Some(year),
            _ => None,
        });
        Ok(Self { month: month.ok_or(BadExpiry)?, year: year.ok_or(BadExpiry)? })
    }

    /// Reads `12/25`, `1/25` or `12/2025`, with spaces around the stroke or without.
    pub fn parse(text: &str) -> Result<Self, BadExpiry> {
        let (month, year) = text.split_once('/').ok_or(BadExpiry)?;
        let (month, year) = (month.trim(), year.trim());
        if !matches!(month.len(), 1..=2) || !matches!(year.len(), 2 | 4) {
            return Err(BadExpiry);
        }
        let number = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten().ok_or(BadExpiry)
        };
        let year_number = number(year)?;
        if year.len() == 4 && year_number < CENTURY.into() {
            return Err(BadExpiry);
        }
        Self::new(number(month)?, year_number)
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> i8 {
        self.month
    }

    /// The year, all four digits.
    #[must_use]
    pub const fn year(self) -> i16 {
        self.year
    }

    /// Whether the month is over.
    #[must_use]
    pub fn is_past(self, today: Date) -> bool {
        (today.year(), today.month()) > (self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn the_three_forms_are_one_month() {
        let december = Expiry::new(12, 2025);
        assert_eq!(Expiry::parse("12/25"), december);
        assert_eq!(Expiry::parse("12 / 2025"), december);
        assert_eq!(Expiry::new(12, 25), december);
        assert_eq!(Expiry::parse("1/30"), Expiry::new(1, 2030));
    }

    #[test]
    fn what_is_no_month_is_refused() {
        let texts =
            ["13/25", "00/25", "12/225", "12/1925", "12/0025", "12-25", "12/", "/25", "+1/25", ""];
        assert_eq!(texts.map(|text| Expiry::parse(text).is_ok()), [false; 10]);
        assert_eq!(Expiry::new(0, 2025), Err(BadExpiry));
        assert_eq!(Expiry::new(12, -1), Err(BadExpiry));
        assert_eq!(Expiry::new(i64::MAX, i64::MIN), Err(BadExpiry));
    }

    #[test]
    fn a_card_is_good_to_the_last_day_of_its_month() {
        let november = Expiry::parse("11/26").unwrap();
        assert!(!november.is_past(date(2026, 11, 30)));
        assert!(november.is_past(date(2026, 12, 1)));
        assert!(!november.is_past(date(2025, 12, 31)));
        assert!(november.is_past(date(2027, 1, 1)));
    }

    proptest! {
        #[test]
        fn any_text_and_numbers_are_read_or_refused(text in "\\PC{0,10}", month: i64, year: i64) {
            let _whatever = Expiry::parse(&text);
            let _whatever = Expiry::new(month, year);
        }
    }
}
