//! PIX keys: a CPF, a CNPJ, a phone, an e-mail address or a random key, in the DICT's own form.
//!
//! The form decides the kind, so a key that is off by one digit must be refused: it could be
//! somebody else's.

use std::fmt;

const EMAIL_BYTES_MAX: usize = 77;
const PHONE_DIGITS_MAX: usize = 15;
/// Where the hyphens of a random key stand.
const UUID_HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// What a key is; no kind can be taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A person's tax number: 11 digits, the last two of them check digits.
    Cpf,
    /// A company's tax number: 12 digits or capital letters and two check digits.
    Cnpj,
    /// A phone number in E.164: `+` and at most 15 digits.
    Phone,
    /// An e-mail address in lower case, at most 77 bytes.
    Email,
    /// A random key (EVP): a UUID in lower case, with hyphens.
    Random,
}

/// A PIX key of a form that the DICT takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    text: String,
    kind: KeyKind,
}

/// A text that is not a PIX key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a PIX key; one is a CPF (11 digits) or CNPJ (14) with right check digits and no \
     punctuation, a phone like `+5561988880000`, an e-mail address in lower case of at most 77 \
     bytes, or a UUID"
)]
pub struct BadKey;

impl Key {
    /// Reads a key as the DICT writes it: nothing is stripped and nothing put right.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let kind = kind_of(text).ok_or(BadKey)?;
        Ok(Self { text: text.to_owned(), kind })
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key as it stands in a code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

type Form = (KeyKind, fn(&str) -> bool);

fn kind_of(text: &str) -> Option<KeyKind> {
    const FORMS: [Form; 5] = [
        (KeyKind::Cpf, is_cpf),
        (KeyKind::Cnpj, is_cnpj),
        (KeyKind::Phone, is_phone),
        (KeyKind::Email, is_email),
        (KeyKind::Random, is_random),
    ];
    FORMS.into_iter().find(|(_, is)| is(text)).map(|(kind, _)| kind)
}

fn is_cpf(text: &str) -> bool {
    let digits = text.as_bytes();
    let same = digits.iter().all(|digit| Some(digit) == digits.first());
    text.len() == 11 && digits.iter().all(u8::is_ascii_digit) && !same && ends_checked(digits, 11)
}

fn is_cnpj(text: &str) -> bool {
    let letters = text.as_bytes();
    let known = |letter: &u8| letter.is_ascii_digit() || letter.is_ascii_uppercase();
    let checks = letters.iter().rev().take(2).all(u8::is_ascii_digit);
    let same = letters.iter().all(|letter| Some(letter) == letters.first());
    text.len() == 14 && letters.iter().all(known) && checks && !same && ends_checked(letters, 9)
}

/// Whether the last two are the check digits of what stands before them: modulo 11, weights from the
/// right beginning at 2, and beginning again after `heaviest`. A letter counts as its distance from
/// `0` in ASCII (Receita Federal, alphanumeric CNPJ).
fn ends_checked(letters: &[u8], heaviest: u32) -> bool {
    let check = |before: &[u8]| {
        let weights = (2..=heaviest).cycle();
        let values = before.iter().rev().map(|letter| u32::from(letter.saturating_sub(b'0')));
        let sum: u32 = values.zip(weights).map(|(value, weight)| value * weight).sum();
        match sum % 11 {
            0 | 1 => 0,
            rest => 11 - rest,
        }
    };
    let stated = |letter: Option<&u8>| letter.map(|letter| u32::from(letter.saturating_sub(b'0')));
    let Some((last, before_last)) = letters.split_last() else { return false };
    let Some((first, body)) = before_last.split_last() else { return false };
    stated(Some(first)) == Some(check(body)) && stated(Some(last)) == Some(check(before_last))
}

fn is_phone(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    (2..=PHONE_DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
}

/// The expression in the DICT's API, as code.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let local_byte = |byte: u8| lower(byte) || b".!#$'*+/=?^_`{|}~-".contains(&byte);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| lower(byte) || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= EMAIL_BYTES_MAX
        && !local.is_empty()
        && local.bytes().all(local_byte)
        && domain.split('.').all(label)
}

fn is_random(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| {
        if UUID_HYPHENS.contains(&at) {
            byte == b'-'
        } else {
            byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
        }
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kind(text: &str) -> Option<KeyKind> {
        Key::parse(text).ok().map(|key| key.kind())
    }

    #[test]
    fn the_form_of_a_key_says_what_it_is() {
        assert_eq!(kind("52998224725"), Some(KeyKind::Cpf));
        assert_eq!(kind("00038166000105"), Some(KeyKind::Cnpj));
        assert_eq!(kind("+5561988880000"), Some(KeyKind::Phone));
        assert_eq!(kind("joao@exemplo.com"), Some(KeyKind::Email));
        assert_eq!(kind("123e4567-e12b-12d1-a456-426655440000"), Some(KeyKind::Random));
    }

    #[test]
    fn a_companys_number_may_have_letters() {
        assert_eq!(kind("12ABC34501DE35"), Some(KeyKind::Cnpj));
        assert_eq!(kind("12ABC34501DE36"), None);
        assert_eq!(kind("12abc34501de35"), None);
    }

    #[test]
    fn punctuation_capitals_and_repeated_digits_are_refused() {
        assert_eq!(kind("529.982.247-25"), None);
        assert_eq!(kind("11111111111"), None);
        assert_eq!(kind("Joao@exemplo.com"), None);
        assert_eq!(kind("joao@exemplo..com"), None);
        assert_eq!(kind("61988880000"), None);
        assert_eq!(kind("123E4567-e12b-12d1-a456-426655440000"), None);
        assert_eq!(kind(&format!("{}@exemplo.com", "a".repeat(66))), None);
        assert_eq!(kind(""), None);
    }

    proptest! {
        #[test]
        fn one_changed_digit_of_a_cpf_is_noticed(at in 0_usize..11, digit in 0_u8..10) {
            let mut digits = *b"52998224725";
            prop_assume!(digits[at] != b'0' + digit);
            digits[at] = b'0' + digit;
            let changed = std::str::from_utf8(&digits).expect("digits");
            prop_assert_eq!(kind(changed), None);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,90}") {
            if let Ok(key) = Key::parse(&text) {
                prop_assert_eq!(key.as_str(), text);
            }
        }
    }
}
