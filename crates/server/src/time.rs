//! The one form of a time in the API: RFC 3339, UTC, three decimals.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::{Serialize, Serializer};

/// What is said where a time was wanted.
pub(crate) const WANTED: &str = "a time as in RFC 3339, such as `2026-11-22T00:00:00Z`";

/// A time on the wire. It has the name of what it wraps, by which its schema is known to be a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timestamp(pub(crate) jiff::Timestamp);

impl From<jiff::Timestamp> for Timestamp {
    fn from(time: jiff::Timestamp) -> Self {
        Self(time)
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> Self {
        time.0
    }
}

/// Cut to milliseconds, so that no time is told before it has come.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.3}", self.0))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Reader)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WANTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        let unfit = |_| E::invalid_value(Unexpected::Str(text), &self);
        read(text).map(Timestamp).map_err(unfit)
    }
}

/// The time that a text of RFC 3339 names. The first and the last hours of the calendar lie beyond
/// the times that we can hold, and are the first and the last of these.
pub(crate) fn read(text: &str) -> Result<jiff::Timestamp, jiff::Error> {
    text.parse().or_else(|error: jiff::Error| {
        // The same clock on a day that has every offset: what is no time then is none at all.
        let (date, clock) = text.split_at_checked(10).ok_or_else(|| error.clone())?;
        let beyond = match date.get(..4) {
            Some("9999") => jiff::Timestamp::MAX,
            Some("0000") => jiff::Timestamp::MIN,
            Some(_) | None => return Err(error),
        };
        date.parse::<jiff::civil::Date>()?;
        format!("2000-01-01{clock}").parse::<jiff::Timestamp>().map(|_| beyond)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> String {
        serde_json::to_string(&Timestamp(text.parse().unwrap())).unwrap()
    }

    #[test]
    fn a_time_beyond_those_that_can_be_held_is_the_last_or_the_first() {
        for text in ["9999-12-31T23:59:59Z", "9999-12-31t23:59:59.999-05:00"] {
            assert_eq!(read(text).unwrap(), jiff::Timestamp::MAX, "{text}");
        }
        for text in ["9999-12-32T23:59:59Z", "9999-12-31T24:59:59Z", "9999-12-31", "9999-12-31T1"] {
            assert!(read(text).is_err(), "{text}");
        }
        let ordinary = "9999-01-01T00:00:00Z";
        assert_eq!(read(ordinary).unwrap(), ordinary.parse().unwrap());
    }

    #[test]
    fn a_time_has_three_decimals_and_is_never_rounded_up() {
        assert_eq!(printed("2026-11-22T06:42:03Z"), "\"2026-11-22T06:42:03.000Z\"");
        assert_eq!(printed("2026-11-22T06:42:03.1Z"), "\"2026-11-22T06:42:03.100Z\"");
        assert_eq!(printed("2026-11-22T06:42:03.9999999Z"), "\"2026-11-22T06:42:03.999Z\"");
        assert_eq!(printed("2026-11-22T06:42:03+03:00"), "\"2026-11-22T03:42:03.000Z\"");
    }
}
