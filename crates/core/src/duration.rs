//! Durations as people write them: `90s`, `15m`, `6h`, `10d`.
//!
//! One number and one unit, wherever a duration is read or shown (contracts, config, the sandbox
//! clock), so that a wait reads the same in every place. `ms` is there for timeouts.

use std::fmt;

use jiff::SignedDuration;

/// The longest duration that is read: a hundred years, far beyond any schedule.
pub const DAYS_MAX: i64 = 36_500;

const UNITS: [(&str, i64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDuration {
    /// It is not a whole number followed by a unit.
    #[error(
        "`{0}` is not a duration; write a whole number and a unit, like `90s`, `15m`, `6h` or `10d`"
    )]
    Unreadable(String),
    /// It is longer than [`DAYS_MAX`].
    #[error("`{0}` is too long; a duration is at most {DAYS_MAX}d")]
    TooLong(String),
}

/// Reads `250ms`, `90s`, `15m`, `6h` or `10d`.
///
/// ```
/// use jiff::SignedDuration;
/// assert_eq!(posthorn_core::duration::parse("15m"), Ok(SignedDuration::from_mins(15)));
/// assert!(posthorn_core::duration::parse("15").is_err());
/// ```
pub fn parse(text: &str) -> Result<SignedDuration, BadDuration> {
    let shown = || text.chars().take(40).collect::<String>();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit_ms = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, ms)| *ms);
    let Some(unit_ms) = unit_ms.filter(|_| !number.is_empty()) else {
        return Err(BadDuration::Unreadable(shown()));
    };
    let limit_ms = DAYS_MAX * 86_400_000;
    let total_ms = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit_ms));
    match total_ms.filter(|total_ms| *total_ms <= limit_ms) {
        Some(total_ms) => Ok(SignedDuration::from_millis(total_ms)),
        None => Err(BadDuration::TooLong(shown())),
    }
}

/// Writes a duration in the largest unit that holds it whole, so that [`parse`] reads it back.
/// What is finer than a millisecond is cut off.
///
/// ```
/// assert_eq!(posthorn_core::duration::print(jiff::SignedDuration::from_secs(90)), "90s");
/// assert_eq!(posthorn_core::duration::print(jiff::SignedDuration::from_hours(24)), "1d");
/// ```
#[must_use]
pub fn print(duration: SignedDuration) -> String {
    Printed(duration).to_string()
}

struct Printed(SignedDuration);

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total_ms = self.0.as_millis();
        if total_ms == 0 {
            return f.write_str("0s");
        }
        let whole = UNITS.iter().rev().find(|(_, ms)| total_ms % i128::from(*ms) == 0);
        let (unit, unit_ms) = whole.expect("every count of milliseconds is whole in milliseconds");
        write!(f, "{}{unit}", total_ms / i128::from(*unit_ms))
    }
}

/// For `#[serde(with = "posthorn_core::duration::text")]`: a duration field as its text.
pub mod text {
    use jiff::SignedDuration;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the field as [`super::print`] does.
    pub fn serialize<S: Serializer>(value: &SignedDuration, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&super::Printed(*value))
    }

    /// Reads the field as [`super::parse`] does.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SignedDuration, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        super::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_is_read() {
        assert_eq!(parse("250ms"), Ok(SignedDuration::from_millis(250)));
        assert_eq!(parse("90s"), Ok(SignedDuration::from_secs(90)));
        assert_eq!(parse("15m"), Ok(SignedDuration::from_mins(15)));
        assert_eq!(parse("6h"), Ok(SignedDuration::from_hours(6)));
        assert_eq!(parse("10d"), Ok(SignedDuration::from_hours(240)));
    }

    #[test]
    fn a_number_alone_a_unit_alone_a_fraction_and_a_sign_are_refused() {
        for text in ["", "15", "m", "1.5h", "-5s", "+5s", "5 s", "5S", "1h30m", "٣s"] {
            assert_eq!(parse(text), Err(BadDuration::Unreadable(text.into())), "{text}");
        }
    }

    #[test]
    fn a_duration_beyond_a_century_is_refused_and_so_is_one_that_overflows() {
        assert_eq!(parse("36501d"), Err(BadDuration::TooLong("36501d".into())));
        let long = "99999999999999999999d";
        assert_eq!(parse(long), Err(BadDuration::TooLong(long.into())));
        assert!(parse("36500d").is_ok());
    }

    #[test]
    fn the_largest_whole_unit_is_printed() {
        assert_eq!(print(SignedDuration::from_hours(96)), "4d");
        assert_eq!(print(SignedDuration::from_mins(90)), "90m");
        assert_eq!(print(SignedDuration::from_millis(1500)), "1500ms");
        assert_eq!(print(SignedDuration::ZERO), "0s");
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_is_read_back(total_ms in 0_i64..3_000_000_000_000) {
            let duration = SignedDuration::from_millis(total_ms);
            proptest::prop_assert_eq!(parse(&print(duration)), Ok(duration));
        }
    }
}
