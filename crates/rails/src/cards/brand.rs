//! Brands, by the ranges of the first six digits that each network gives out.
//!
//! Elo's lie inside those of Visa and Discover, so they are asked first. A range that is in nobody's
//! list is [`Brand::Unknown`], which is no reason to decline. `tests/oracles/brand.rs` holds every
//! range against a list that others keep.

use std::ops::RangeInclusive;

/// A card's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brand {
    /// Visa.
    Visa,
    /// Mastercard.
    Mastercard,
    /// American Express.
    Amex,
    /// Elo, Brazil.
    Elo,
    /// Hipercard, Brazil.
    Hipercard,
    /// Discover.
    Discover,
    /// Diners Club.
    Diners,
    /// JCB.
    Jcb,
    /// Another network.
    Unknown,
}

/// Ranges of six digits, in the order in which they are asked.
const RANGES: [(Brand, &[RangeInclusive<u32>]); 8] = [
    (
        Brand::Elo,
        &[
            401_178..=401_179,
            431_274..=431_274,
            438_935..=438_935,
            451_416..=451_416,
            457_393..=457_393,
            457_631..=457_632,
            504_175..=504_175,
            506_699..=506_778,
            509_000..=509_999,
            627_780..=627_780,
            636_297..=636_297,
            636_368..=636_368,
            650_031..=650_033,
            650_035..=650_051,
            650_405..=650_439,
            650_485..=650_538,
            650_541..=650_598,
            650_700..=650_718,
            650_720..=650_727,
            650_901..=650_978,
            651_652..=651_679,
            655_000..=655_019,
            655_021..=655_058,
        ],
    ),
    (Brand::Hipercard, &[606_282..=606_282]),
    (Brand::Amex, &[340_000..=349_999, 370_000..=379_999]),
    (Brand::Diners, &[300_000..=305_999, 360_000..=369_999, 380_000..=399_999]),
    (Brand::Jcb, &[180_000..=180_099, 213_100..=213_199, 352_800..=358_999]),
    (Brand::Discover, &[601_100..=601_199, 644_000..=659_999]),
    (Brand::Mastercard, &[510_000..=559_999, 222_100..=272_099]),
    (Brand::Visa, &[400_000..=499_999]),
];

impl Brand {
    /// The brand of a number that begins with these six digits.
    #[must_use]
    pub fn of_bin(bin6: &str) -> Self {
        let Ok(bin) = bin6.parse::<u32>() else { return Self::Unknown };
        let has = |ranges: &[RangeInclusive<u32>]| ranges.iter().any(|range| range.contains(&bin));
        RANGES.iter().find(|(_, ranges)| has(ranges)).map_or(Self::Unknown, |(brand, _)| *brand)
    }

    /// What an answer calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visa => "visa",
            Self::Mastercard => "mastercard",
            Self::Amex => "amex",
            Self::Elo => "elo",
            Self::Hipercard => "hipercard",
            Self::Discover => "discover",
            Self::Diners => "diners",
            Self::Jcb => "jcb",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a verification code has this brand's form: four digits for American Express, three
    /// for others, either where the brand is unknown.
    #[must_use]
    pub fn takes_cvv(self, cvv: &str) -> bool {
        let lengths = match self {
            Self::Amex => 4..=4,
            Self::Unknown => 3..=4,
            Self::Visa
            | Self::Mastercard
            | Self::Elo
            | Self::Hipercard
            | Self::Discover
            | Self::Diners
            | Self::Jcb => 3..=3,
        };
        lengths.contains(&cvv.len()) && cvv.bytes().all(|byte| byte.is_ascii_digit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_digits_name_the_brand() {
        let brand = |bin6| Brand::of_bin(bin6).as_str();
        assert_eq!(brand("411111"), "visa");
        assert_eq!(brand("555555"), "mastercard");
        assert_eq!(brand("222100"), "mastercard");
        assert_eq!(brand("272100"), "unknown");
        assert_eq!(brand("378282"), "amex");
        assert_eq!(brand("601111"), "discover");
        assert_eq!(brand("305693"), "diners");
        assert_eq!(brand("356600"), "jcb");
        assert_eq!(brand("900000"), "unknown");
        assert_eq!(brand(""), "unknown");
    }

    #[test]
    fn brazils_brands_are_found_inside_the_ranges_of_others() {
        assert_eq!(Brand::of_bin("401178"), Brand::Elo);
        assert_eq!(Brand::of_bin("401180"), Brand::Visa);
        assert_eq!(Brand::of_bin("650485"), Brand::Elo);
        assert_eq!(Brand::of_bin("650539"), Brand::Discover);
        assert_eq!(Brand::of_bin("606282"), Brand::Hipercard);
    }

    #[test]
    fn american_express_alone_has_four_digits_on_the_front() {
        assert!(Brand::Amex.takes_cvv("1234") && !Brand::Amex.takes_cvv("123"));
        assert!(Brand::Visa.takes_cvv("123") && !Brand::Visa.takes_cvv("1234"));
        assert!(Brand::Unknown.takes_cvv("123") && Brand::Unknown.takes_cvv("1234"));
        assert!(!Brand::Visa.takes_cvv("12x") && !Brand::Visa.takes_cvv(""));
    }
}
