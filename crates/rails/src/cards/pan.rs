//! A card's number (ISO/IEC 7812): its length and its check digit, and who may see how much of it.

use posthorn_core::secret::Secret;

use super::Brand;

/// Digits of a number.
const DIGITS: std::ops::RangeInclusive<usize> = 12..=19;
/// What a form may carry besides, so that a text of any length is not walked for long.
const TEXT_BYTES_MAX: usize = 64;

/// A card's number, its check digit right: 12 to 19 digits. No `Debug`, no `Clone`, wiped when dropped.
///
/// ```
/// let pan = posthorn_rails::cards::Pan::parse("4242 4242 4242 4242")?;
/// assert_eq!(format!("{}…{}", pan.bin6(), pan.last4()), "424242…4242");
/// # Ok::<(), posthorn_rails::cards::InvalidNumber>(())
/// ```
///
/// ```compile_fail,E0277
/// let pan = posthorn_rails::cards::Pan::parse("4242 4242 4242 4242")?;
/// format!("{pan:?}");
/// # Ok::<(), posthorn_rails::cards::InvalidNumber>(())
/// ```
pub struct Pan(Secret);

/// Why a text is no card number. It never says the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNumber {
    /// Something besides digits, spaces and dashes.
    #[error("a card number has digits, spaces and dashes only")]
    NotDigits,
    /// Too few or too many.
    #[error("a card number has 12 to 19 digits")]
    Length,
    /// Mistyped.
    #[error("the card number does not match its check digit")]
    CheckDigit,
}

impl InvalidNumber {
    /// What an answer calls it.
    pub const CODE: &'static str = "invalid_number";
}

impl Pan {
    /// Reads a number; spaces and dashes are stripped.
    pub fn parse(text: &str) -> Result<Self, InvalidNumber> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(InvalidNumber::Length);
        }
        let kept = || text.chars().filter(|letter| !matches!(letter, ' ' | '-'));
        if kept().any(|letter| !letter.is_ascii_digit()) {
            return Err(InvalidNumber::NotDigits);
        }
        if !DIGITS.contains(&kept().count()) {
            return Err(InvalidNumber::Length);
        }
        // Whole at once: a text that grows leaves copies of itself behind.
        let mut digits = String::with_capacity(*DIGITS.end());
        digits.extend(kept());
        let pan = Self(Secret::new(digits));
        if luhn(pan.expose()) { Ok(pan) } else { Err(InvalidNumber::CheckDigit) }
    }

    /// The digits, for the one place that needs them.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The first six digits, which name the issuer and may be shown.
    #[must_use]
    pub fn bin6(&self) -> &str {
        self.expose().get(..6).unwrap_or_default()
    }

    /// The last four digits, which may be shown.
    #[must_use]
    pub fn last4(&self) -> &str {
        let digits = self.expose();
        digits.get(digits.len().saturating_sub(4)..).unwrap_or_default()
    }

    /// The brand, by the first digits.
    #[must_use]
    pub fn brand(&self) -> Brand {
        Brand::of_bin(self.bin6())
    }
}

/// Whether the last digit is the check digit: every second from the right doubled, the digits of all
/// products summed, the sum a multiple of ten.
fn luhn(digits: &str) -> bool {
    let values = digits.bytes().rev().map(|digit| u32::from(digit.saturating_sub(b'0')));
    let products = values.zip([1, 2].into_iter().cycle()).map(|(digit, weight)| digit * weight);
    let sum: u32 = products.map(|product| product / 10 + product % 10).sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(text: &str) -> Option<InvalidNumber> {
        Pan::parse(text).err()
    }

    #[test]
    fn spaces_and_dashes_are_stripped() {
        let pan = Pan::parse("4242 4242-4242 4242").unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(pan.expose(), "4242424242424242");
        assert_eq!((pan.bin6(), pan.last4()), ("424242", "4242"));
    }

    #[test]
    fn a_wrong_number_is_refused_and_never_repeated() {
        assert_eq!(fault("4242424242424241"), Some(InvalidNumber::CheckDigit));
        assert_eq!(fault("42424242424"), Some(InvalidNumber::Length));
        assert_eq!(fault("42424242424242424242"), Some(InvalidNumber::Length));
        assert_eq!(fault(""), Some(InvalidNumber::Length));
        assert_eq!(fault("4242x42424242424"), Some(InvalidNumber::NotDigits));
        assert_eq!(fault("٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"), Some(InvalidNumber::NotDigits));
        assert_eq!(fault(&" ".repeat(100)), Some(InvalidNumber::Length));
        assert!(!InvalidNumber::CheckDigit.to_string().contains("42"));
    }

    proptest! {
        #[test]
        fn one_mistyped_digit_is_noticed(at in 0_usize..16, to in b'0'..=b'9') {
            let mut digits = *b"5555555555554444";
            prop_assume!(digits[at] != to);
            digits[at] = to;
            let text = std::str::from_utf8(&digits).unwrap();
            prop_assert_eq!(fault(text), Some(InvalidNumber::CheckDigit));
        }

        #[test]
        fn exactly_one_last_digit_completes_a_number(body in "[0-9]{11,18}") {
            let fits = (0..10).filter(|digit| fault(&format!("{body}{digit}")).is_none());
            prop_assert_eq!(fits.count(), 1);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
            let _whatever = fault(&text);
        }
    }
}
