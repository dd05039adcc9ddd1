//! Whom a PIX code names: a name and a city that fit its fields.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Invalid;

/// Characters of a name.
pub(super) const NAME_MAX: usize = 25;
/// Characters of a city.
pub(super) const CITY_MAX: usize = 15;

/// Name and city as a code carries them: ASCII, 1 to 25 and 1 to 15 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    name: String,
    city: String,
}

impl Payee {
    /// Fits a name and a city in: accents are stripped, what ASCII lacks is left out, white space is
    /// made one space, and the rest is cut off. A merchant's name is never a reason to refuse a
    /// payment, unless nothing is left of it.
    pub fn new(name: &str, city: &str) -> Result<Self, Invalid> {
        Ok(Self { name: fitted("name", name, NAME_MAX)?, city: fitted("city", city, CITY_MAX)? })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The city.
    #[must_use]
    pub fn city(&self) -> &str {
        &self.city
    }
}

fn fitted(what: &'static str, text: &str, most: usize) -> Result<String, Invalid> {
    let plain: String = text
        .nfkd()
        .filter(|letter| !is_combining_mark(*letter))
        .map(|letter| if letter.is_whitespace() { ' ' } else { letter })
        .filter(|letter| letter.is_ascii_graphic() || *letter == ' ')
        .collect();
    let words: Vec<&str> = plain.split_ascii_whitespace().collect();
    let short: String = words.join(" ").chars().take(most).collect();
    let fitted = short.trim_end();
    let says_something = fitted.bytes().any(|byte| byte.is_ascii_alphanumeric());
    says_something.then(|| fitted.to_owned()).ok_or(Invalid::Unprintable(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accents_go_and_letters_stay() {
        let payee = Payee::new("Padaria São João & Irmãos", "Florianópolis").unwrap();
        assert_eq!((payee.name(), payee.city()), ("Padaria Sao Joao & Irmaos", "Florianopolis"));
    }

    #[test]
    fn what_is_too_long_is_cut_and_never_ends_in_a_space() {
        let payee =
            Payee::new("Clínica Odontológica da Vila Mariana", "São José do Rio Preto").unwrap();
        assert_eq!((payee.name(), payee.city()), ("Clinica Odontologica da V", "Sao Jose do Rio"));
        assert_eq!(Payee::new("x", "Sao Jose do Ri  o").unwrap().city(), "Sao Jose do Ri");
    }

    #[test]
    fn a_name_that_ascii_cannot_write_is_refused_by_its_name() {
        assert_eq!(Payee::new("北京", "Sao Paulo"), Err(Invalid::Unprintable("name")));
        assert_eq!(Payee::new("Ana", "  --"), Err(Invalid::Unprintable("city")));
    }

    proptest! {
        #[test]
        fn what_fits_once_fits_unchanged(name in "\\PC{1,60}", city in "\\PC{1,40}") {
            if let Ok(payee) = Payee::new(&name, &city) {
                prop_assert!((1..=NAME_MAX).contains(&payee.name().len()));
                prop_assert!((1..=CITY_MAX).contains(&payee.city().len()));
                prop_assert!(payee.name().is_ascii() && payee.city().is_ascii());
                prop_assert_eq!(Payee::new(payee.name(), payee.city()), Ok(payee.clone()));
            }
        }
    }
}
