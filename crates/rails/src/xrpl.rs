//! The XRP Ledger: addresses, destination tags, transaction hashes and drops (rails.md 3.8 and 4.4).
//!
//! An address is money's destination and has a checksum; a tag says whose the money is, and has none.
//! An X-address packs both, and the network, under one checksum (XLS-5).

mod address;
mod drops;

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXUPPER;

pub use address::{AccountId, BadAddress, Network, XAddress};
pub use drops::{BadDrops, DROPS_MAX, Drops};

/// A destination tag: any number of 32 bits. 0 is a tag; having none is `Option::None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub u32);

/// A text that is not a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a destination tag is a whole number from 0 to 4294967295")]
pub struct BadTag;

/// A transaction's hash; printed as 64 capital hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TxHash(pub [u8; 32]);

/// Decimal, as PayQI's bodies carry it in a string.
impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Tag {
    type Err = BadTag;

    /// Reads decimal digits: no sign, no zero before another digit.
    fn from_str(text: &str) -> Result<Self, BadTag> {
        let tag = Self(text.parse().map_err(|_not_a_number| BadTag)?);
        if tag.to_string() == text { Ok(tag) } else { Err(BadTag) }
    }
}

impl fmt::Display for TxHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXUPPER.encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_a_tag_and_so_is_the_last_number_of_32_bits() {
        assert_eq!("0".parse(), Ok(Tag(0)));
        assert_eq!("123456".parse(), Ok(Tag(123_456)));
        assert_eq!("4294967295".parse(), Ok(Tag(u32::MAX)));
        let others = ["", "-1", "+1", "01", "4294967296", "1.0", " 1"];
        assert_eq!(others.map(|text| text.parse::<Tag>().is_ok()), [false; 7]);
    }

    #[test]
    fn a_hash_is_64_capital_hex_digits() {
        let printed = TxHash([0xab; 32]).to_string();
        assert_eq!(printed, "AB".repeat(32));
    }
}
