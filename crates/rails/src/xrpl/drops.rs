//! Drops, the ledger's smallest unit: a million to one XRP. Integers all the way, never a float.

use std::fmt;
use std::str::FromStr;

/// The most a payment can move: every XRP there is.
pub const DROPS_MAX: i64 = 100_000_000_000_000_000;

const DROPS_PER_XRP: i64 = 1_000_000;
const FRACTION_DIGITS: usize = 6;

/// An amount of 1 to [`DROPS_MAX`] drops. On the ledger's wire it is a string of the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Drops(i64);

/// A number that is no amount of drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDrops {
    /// Nothing, less, or more than there is.
    #[error("an amount is 0.000001 to 100000000000 XRP")]
    Range,
    /// Not plain digits with at most one dot and six digits after it.
    #[error("an amount of XRP is a plain number with at most six decimals")]
    Form,
}

impl Drops {
    /// So many drops.
    pub fn new(drops: i64) -> Result<Self, BadDrops> {
        (1..=DROPS_MAX).contains(&drops).then_some(Self(drops)).ok_or(BadDrops::Range)
    }

    /// The number of drops.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Reads XRP as a JSON number or string states it, by its text: `10`, `10.00`, `10.5`.
    pub fn from_xrp(text: &str) -> Result<Self, BadDrops> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(BadDrops::Form),
            Some(parts) => parts,
            None => (text, ""),
        };
        let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(fraction) {
            return Err(BadDrops::Form);
        }
        if fraction.len() > FRACTION_DIGITS {
            return Err(BadDrops::Form);
        }
        // Only too many digits are left to fail.
        let number: i64 =
            format!("{whole}{fraction:0<FRACTION_DIGITS$}").parse().map_err(|_| BadDrops::Range)?;
        Self::new(number)
    }

    /// XRP in its shortest form, as `JSON.stringify` prints it: `10`, `10.5`, `0.000001`.
    #[must_use]
    pub fn xrp(self) -> String {
        let (whole, fraction) = (self.0 / DROPS_PER_XRP, self.0 % DROPS_PER_XRP);
        let text = format!("{whole}.{fraction:0FRACTION_DIGITS$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// The number of drops in decimal.
impl fmt::Display for Drops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Drops {
    type Err = BadDrops;

    /// Reads the number of drops that the ledger's wire carries as a string.
    fn from_str(text: &str) -> Result<Self, BadDrops> {
        if text.is_empty() || text.bytes().any(|byte| !byte.is_ascii_digit()) {
            return Err(BadDrops::Form);
        }
        Self::new(text.parse().map_err(|_too_many_digits| BadDrops::Range)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drops(xrp: &str) -> Result<i64, BadDrops> {
        Drops::from_xrp(xrp).map(Drops::get)
    }

    #[test]
    fn xrp_is_read_by_its_text_and_never_as_a_float() {
        assert_eq!(drops("10.00"), Ok(10_000_000));
        assert_eq!(drops("10"), Ok(10_000_000));
        assert_eq!(drops("0.000001"), Ok(1));
        assert_eq!(drops("100000000000"), Ok(DROPS_MAX));
        assert_eq!(drops("100000000000.000001"), Err(BadDrops::Range));
        assert_eq!(drops("0.0000001"), Err(BadDrops::Form));
        assert_eq!(drops("0"), Err(BadDrops::Range));
        assert_eq!(drops(&"9".repeat(40)), Err(BadDrops::Range));
        let others = ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", " 1", "1.2.3", "NaN"];
        assert_eq!(others.map(drops), [Err(BadDrops::Form); 11]);
    }

    #[test]
    fn xrp_is_printed_as_javascript_does() {
        let xrp = |drops| Drops::new(drops).unwrap().xrp();
        assert_eq!(xrp(10_000_000), "10");
        assert_eq!(xrp(10_500_000), "10.5");
        assert_eq!(xrp(1), "0.000001");
        assert_eq!(xrp(DROPS_MAX), "100000000000");
    }

    #[test]
    fn the_wire_carries_drops_as_a_string() {
        assert_eq!(Drops::new(25).unwrap().to_string(), "25");
        assert_eq!("25".parse(), Drops::new(25));
        assert_eq!("-25".parse::<Drops>(), Err(BadDrops::Form));
        assert_eq!("0".parse::<Drops>(), Err(BadDrops::Range));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(number in 1..=DROPS_MAX) {
            let drops = Drops::new(number).unwrap();
            prop_assert_eq!(Drops::from_xrp(&drops.xrp()), Ok(drops));
            prop_assert_eq!(drops.to_string().parse(), Ok(drops));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _whatever = Drops::from_xrp(&text);
        }
    }
}
