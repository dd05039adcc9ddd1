//! Money: a whole number of an asset's smallest units. No float comes near it.
//!
//! An asset is a code with an exponent (`BRL/2`, `XRP/6`): how many decimals its major unit has (ISO 4217; for XRP one drop is
//! a millionth, xrpl.org "Currency Formats"). What a caller writes is read from the text of its JSON, digit by digit, and
//! what is printed is printed from the digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The largest amount, in minor units: fifteen digits, which every JSON reader holds exactly, with decimals or without.
pub const AMOUNT_MAX: i64 = 999_999_999_999_999;

/// What can be paid: a code and its exponent.
const ASSETS: [(&str, u8); 20] = [
    ("AUD", 2),
    ("BRL", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CLP", 0),
    ("CNY", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("GHS", 2),
    ("INR", 2),
    ("JPY", 0),
    ("KES", 2),
    ("KWD", 3),
    ("MXN", 2),
    ("NGN", 2),
    ("TZS", 2),
    ("UGX", 0),
    ("USD", 2),
    ("XRP", 6),
    ("ZAR", 2),
];

/// A currency, or another thing that is counted: its code and the decimals of its major unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Asset {
    code: &'static str,
    exponent: u8,
}

/// A code that is no asset's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{code}` is no currency that is known here; there are {}", codes())]
pub struct UnknownAsset {
    code: String,
}

fn codes() -> String {
    ASSETS.map(|(code, _)| code).join(" ")
}

impl Asset {
    /// Brazilian real, in centavos.
    pub const BRL: Self = Self { code: "BRL", exponent: 2 };
    /// Kenyan shilling, in cents.
    pub const KES: Self = Self { code: "KES", exponent: 2 };
    /// US dollar, in cents.
    pub const USD: Self = Self { code: "USD", exponent: 2 };
    /// XRP, in drops.
    pub const XRP: Self = Self { code: "XRP", exponent: 6 };

    /// Its code: three capital letters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// Decimals of its major unit.
    #[must_use]
    pub const fn exponent(self) -> u8 {
        self.exponent
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.code, self.exponent)
    }
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Asset {
    type Err = UnknownAsset;

    /// Reads a code (`BRL`), or a code with its exponent (`BRL/2`).
    fn from_str(text: &str) -> Result<Self, UnknownAsset> {
        let found = ASSETS.iter().find(|(code, exponent)| {
            text == *code
                || text.strip_prefix(code).and_then(|rest| rest.strip_prefix('/'))
                    == Some(&exponent.to_string())
        });
        found
            .map(|(code, exponent)| Self { code, exponent: *exponent })
            .ok_or_else(|| UnknownAsset { code: text.chars().take(20).collect() })
    }
}

impl Serialize for Asset {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Asset {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount of an asset, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: cents, drops.
    pub minor: i64,
    /// Of what.
    pub asset: Asset,
}

/// Why a text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAmount {
    /// Not digits.
    #[error("it must be a number in plain digits")]
    Malformed,
    /// Nothing, or less than nothing.
    #[error("it must be greater than zero")]
    NotPositive,
    /// More decimals than the asset has.
    #[error("{asset} has {} decimals at most", asset.exponent())]
    TooFine {
        /// The asset.
        asset: Asset,
    },
    /// A fraction of a minor unit.
    #[error("it must be a whole number of minor units (10000 is 100.00)")]
    Fraction,
    /// Too large to be true.
    #[error("it must be at most {AMOUNT_MAX} minor units")]
    TooLarge,
}

/// In which units an amount stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    /// A whole number of minor units: `10000`.
    Minor,
    /// Major units with decimals: `100.5`.
    Major,
}

impl Money {
    /// Reads a positive amount from the text of a JSON number (RFC 8259, section 6).
    pub fn parse(text: &str, asset: Asset, units: Units) -> Result<Self, BadAmount> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                (mantissa, exponent.parse::<i32>().map_err(|_| BadAmount::Malformed)?)
            }
            None => (text, 0),
        };
        let (negative, mantissa) =
            mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        let sound = !whole.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !sound || (mantissa.contains('.') && fraction.is_empty()) {
            return Err(BadAmount::Malformed);
        }
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() || negative {
            return Err(BadAmount::NotPositive);
        }
        let own = match units {
            Units::Minor => 0,
            Units::Major => i32::from(asset.exponent),
        };
        let decimals = i32::try_from(fraction.len()).map_err(|_| BadAmount::TooLarge)?;
        let shift = own.saturating_add(exponent).saturating_sub(decimals);
        let minor = shifted(digits, shift).ok_or(match units {
            _ if shift >= 0 => BadAmount::TooLarge,
            Units::Minor => BadAmount::Fraction,
            Units::Major => BadAmount::TooFine { asset },
        })?;
        if minor > AMOUNT_MAX { Err(BadAmount::TooLarge) } else { Ok(Self { minor, asset }) }
    }

    /// The same asset, another amount.
    #[must_use]
    pub const fn with(self, minor: i64) -> Self {
        Self { minor, asset: self.asset }
    }

    /// As it stands on the wire: `10000`, or `100.50` with all the asset's decimals.
    #[must_use]
    pub fn print(self, units: Units) -> String {
        match units {
            Units::Minor => self.minor.to_string(),
            Units::Major => self.major(),
        }
    }

    fn major(self) -> String {
        let places = usize::from(self.asset.exponent);
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>1$}", self.minor.unsigned_abs(), places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.major(), self.asset.code)
    }
}

/// Digits times a power of ten; `None` when that is no whole number, or too large for one.
fn shifted(digits: &str, shift: i32) -> Option<i64> {
    let places = usize::try_from(shift.unsigned_abs()).ok()?;
    if shift >= 0 {
        let more = (digits.len() + places <= 18).then(|| "0".repeat(places))?;
        return [digits, &more].concat().parse().ok();
    }
    let zeros = digits.bytes().rev().take_while(|byte| *byte == b'0').count();
    let kept = digits.len().checked_sub(places).filter(|kept| zeros >= places && *kept > 0)?;
    digits.get(..kept)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, asset: Asset, units: Units) -> Result<i64, BadAmount> {
        Money::parse(text, asset, units).map(|money| money.minor)
    }

    #[test]
    fn an_amount_is_read_from_its_digits() {
        assert_eq!(read("100.50", Asset::BRL, Units::Major), Ok(10_050));
        assert_eq!(read("10.00", Asset::XRP, Units::Major), Ok(10_000_000));
        assert_eq!(read("0.000001", Asset::XRP, Units::Major), Ok(1));
        assert_eq!(read("1e2", Asset::BRL, Units::Major), Ok(10_000));
        assert_eq!(read("10000", Asset::KES, Units::Minor), Ok(10_000));
        assert_eq!(read("1010.0", Asset::KES, Units::Minor), Ok(1010), "integral all the same");
        assert_eq!(read("0.1", Asset::BRL, Units::Major), Ok(10), "which no double holds");
    }

    #[test]
    fn what_is_no_amount_is_refused_with_its_reason() {
        let minor = |text| read(text, Asset::KES, Units::Minor);
        let major = |text| read(text, Asset::BRL, Units::Major);
        assert_eq!(minor("1010.0000000000001"), Err(BadAmount::Fraction));
        assert_eq!(minor("0"), Err(BadAmount::NotPositive));
        assert_eq!(minor("-5"), Err(BadAmount::NotPositive));
        assert_eq!(minor("1e400"), Err(BadAmount::TooLarge));
        assert_eq!(minor("1e-400"), Err(BadAmount::Fraction));
        assert_eq!(minor("1000000000000000"), Err(BadAmount::TooLarge));
        assert_eq!(major("1.005"), Err(BadAmount::TooFine { asset: Asset::BRL }));
        for text in ["", "NaN", "1.", ".5", "1,5", "0x10", "1e", "--1", "+1"] {
            assert_eq!(major(text), Err(BadAmount::Malformed), "{text}");
        }
    }

    #[test]
    fn an_asset_is_its_code_and_its_exponent() {
        assert_eq!("XRP".parse::<Asset>(), Ok(Asset::XRP));
        assert_eq!("XRP/6".parse::<Asset>(), Ok(Asset::XRP));
        assert!("XRP/2".parse::<Asset>().is_err());
        assert!("xrp".parse::<Asset>().is_err());
        assert_eq!(Asset::BRL.to_string(), "BRL/2");
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(minor in 1..=AMOUNT_MAX, at in 0..ASSETS.len()) {
            let (code, exponent) = ASSETS[at];
            let money = Money { minor, asset: Asset { code, exponent } };
            for units in [Units::Minor, Units::Major] {
                prop_assert_eq!(Money::parse(&money.print(units), money.asset, units), Ok(money));
            }
        }

        #[test]
        fn reading_never_panics(text in "[-+0-9.eE]{0,24}", at in 0..ASSETS.len()) {
            let (code, exponent) = ASSETS[at];
            let _ = Money::parse(&text, Asset { code, exponent }, Units::Major);
        }
    }
}
