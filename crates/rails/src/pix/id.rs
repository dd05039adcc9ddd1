//! Transaction ids (txid) and end-to-end ids of PIX.
//!
//! A static code's txid and a dynamic charge's are two kinds: the first is at most 25 characters,
//! the second at least 26, so neither can stand in the other's place (rails.md 3.7, trap 44).

use std::fmt;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::tz::Offset;

const ALPHANUMERICS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters after the minute in an end-to-end id.
const END_TO_END_TAIL: usize = 11;

/// A text that is not an id of the kind that was wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPixId {
    /// For a static code.
    #[error("a static PIX code's txid is 1 to 25 letters and digits")]
    Static,
    /// For a dynamic charge.
    #[error("a dynamic PIX charge's txid is 26 to 35 letters and digits")]
    Dynamic,
    /// An institution's number.
    #[error("an ISPB is 8 digits")]
    Ispb,
}

/// A static code's transaction id: 1 to 25 letters and digits. Not unique: the code may be paid often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticTxid(String);

/// A dynamic charge's transaction id: 26 to 35 letters and digits, unique per payee.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DynamicTxid(String);

/// The number of an institution in Brazil's payment system: 8 digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ispb(String);

impl StaticTxid {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, BadPixId> {
        let fits = (1..=25).contains(&text.len()) && all_alphanumeric(text);
        fits.then(|| Self(text.to_owned())).ok_or(BadPixId::Static)
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DynamicTxid {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, BadPixId> {
        let fits = (26..=35).contains(&text.len()) && all_alphanumeric(text);
        fits.then(|| Self(text.to_owned())).ok_or(BadPixId::Dynamic)
    }

    /// One from sixteen random bytes: 32 characters of lower-case hex.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 16]) -> Self {
        Self(HEXLOWER.encode(&entropy))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ispb {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, BadPixId> {
        let fits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(text.to_owned())).ok_or(BadPixId::Ispb)
    }
}

impl fmt::Display for StaticTxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for DynamicTxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id a payment has across both banks: `E`, the payer's institution, the minute in UTC as
/// `yyyymmddHHMM`, and eleven letters and digits from the entropy; 32 characters in all.
#[must_use]
pub fn end_to_end_id(payer: &Ispb, at: Timestamp, entropy: u64) -> String {
    across_banks('E', payer, at, entropy)
}

/// The id that money has which goes back (devolução): as [`end_to_end_id`], with `D` and the
/// institution that sends it back.
#[must_use]
pub fn return_id(sender: &Ispb, at: Timestamp, entropy: u64) -> String {
    across_banks('D', sender, at, entropy)
}

fn across_banks(kind: char, sender: &Ispb, at: Timestamp, entropy: u64) -> String {
    let minute = Offset::UTC.to_datetime(at).strftime("%Y%m%d%H%M").to_string();
    let mut rest = entropy;
    let tail: String = std::iter::repeat_with(|| {
        let digit = usize::try_from(rest % 62).ok().and_then(|at| ALPHANUMERICS.get(at));
        rest /= 62;
        digit.map_or('0', |digit| char::from(*digit))
    })
    .take(END_TO_END_TAIL)
    .collect();
    format!("{kind}{}{minute}{tail}", sender.0)
}

fn all_alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_two_kinds_of_transaction_id_never_fit_each_other() {
        let (short, long) = ("a".repeat(25), "a".repeat(26));
        assert!(StaticTxid::parse(&short).is_ok());
        assert_eq!(StaticTxid::parse(&long), Err(BadPixId::Static));
        assert!(DynamicTxid::parse(&long).is_ok());
        assert_eq!(DynamicTxid::parse(&short), Err(BadPixId::Dynamic));
        assert_eq!(DynamicTxid::parse(&"a".repeat(36)), Err(BadPixId::Dynamic));
        assert_eq!(StaticTxid::parse("PEDIDO-1"), Err(BadPixId::Static));
        assert_eq!(StaticTxid::parse(""), Err(BadPixId::Static));
        assert_eq!(DynamicTxid::parse("txid-da-gerencianet-000000001"), Err(BadPixId::Dynamic));
    }

    #[test]
    fn an_end_to_end_id_tells_the_institution_and_the_minute_in_utc() {
        let payer = Ispb::parse("09089356").unwrap();
        let at: Timestamp = "2026-11-22T23:59:30-03:00".parse().unwrap();
        assert_eq!(end_to_end_id(&payer, at, 0), "E0908935620261123025900000000000");
        assert_eq!(return_id(&payer, at, 62), "D0908935620261123025901000000000");
        assert_eq!(Ispb::parse("9089356"), Err(BadPixId::Ispb));
    }

    proptest! {
        #[test]
        fn ids_from_entropy_have_the_documented_form(a: [u8; 16], b: u64, second in 0_i64..4_000_000_000) {
            let txid = DynamicTxid::from_entropy(a);
            prop_assert_eq!(DynamicTxid::parse(txid.as_str()), Ok(txid));
            let payer = Ispb::parse("09089356").expect("eight digits");
            let at = Timestamp::from_second(second).expect("in range");
            let id = end_to_end_id(&payer, at, b);
            prop_assert_eq!(id.len(), 32);
            prop_assert!(all_alphanumeric(&id));
        }
    }
}
