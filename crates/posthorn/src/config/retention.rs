//! How long events are kept, as operators write it: `90d`, or `forever`.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use posthorn_core::contract::Contract;
use posthorn_core::duration;
use serde::{Deserialize, Deserializer};

/// Days that an event is kept beyond the longest schedule, at least: what was given up can still be
/// looked into, and sent again.
const MARGIN: SignedDuration = SignedDuration::from_hours(5 * 24);
const DAY_MS: i128 = 86_400_000;
const FOREVER: &str = "forever";

/// How long events are kept; `None`: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention(pub(crate) Option<SignedDuration>);

/// A retention that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`retention` is {given}, and contract `{contract}` goes on trying for up to {schedule}: keep events for \
     `{least}` at least, or `forever`"
)]
pub(crate) struct TooShort {
    given: Retention,
    contract: String,
    schedule: String,
    least: String,
}

impl Retention {
    /// Whole days; `None`: for ever.
    pub(crate) fn days(self) -> Option<i64> {
        self.0.map(|kept| kept.as_hours() / 24)
    }

    /// Refuses one that would forget events while they may still be tried, or soon after.
    pub(crate) fn check(self, contracts: &[Contract]) -> Result<(), TooShort> {
        let longest = contracts.iter().max_by_key(|contract| contract.retry.length());
        let (Some(longest), Some(kept)) = (longest, self.0) else { return Ok(()) };
        let least = whole_days(longest.retry.length().saturating_add(MARGIN));
        if kept >= least {
            return Ok(());
        }
        Err(TooShort {
            given: self,
            contract: longest.name.clone(),
            schedule: duration::print(whole_days(longest.retry.length())),
            least: duration::print(least),
        })
    }
}

/// The same or a little longer.
fn whole_days(length: SignedDuration) -> SignedDuration {
    let days = (length.as_millis() + DAY_MS - 1) / DAY_MS;
    SignedDuration::from_hours(i64::try_from(days).unwrap_or(duration::DAYS_MAX) * 24)
}

impl FromStr for Retention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == FOREVER {
            return Ok(Self(None));
        }
        let length = duration::parse(text);
        length.map(|length| Self(Some(length))).map_err(|bad| format!("{bad}, or `{FOREVER}`"))
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.map_or_else(|| FOREVER.to_owned(), duration::print))
    }
}

impl<'de> Deserialize<'de> for Retention {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use posthorn_core::contract::embedded;

    #[test]
    fn events_outlive_the_longest_schedule_by_days() {
        let contracts: Vec<Contract> = embedded().iter().map(|one| (**one).clone()).collect();
        let check = |text: &str| text.parse::<Retention>().unwrap().check(&contracts);
        assert_eq!((check("16d"), check("forever")), (Ok(()), Ok(())));
        insta::assert_snapshot!(check("383h").unwrap_err(), @"`retention` is 383h, and contract `krxscale` goes on trying for up to 11d: keep events for `16d` at least, or `forever`");
    }

    #[test]
    fn a_retention_is_printed_as_it_is_written() {
        for text in ["90d", "forever", "400h"] {
            assert_eq!(text.parse::<Retention>().unwrap().to_string(), text);
        }
        insta::assert_snapshot!("90".parse::<Retention>().unwrap_err(), @"`90` is not a duration; write a whole number and a unit, like `90s`, `15m`, `6h` or `10d`, or `forever`");
    }
}
