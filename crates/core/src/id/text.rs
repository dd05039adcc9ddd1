//! Numbers as text: Crockford's base 32, in small letters.

use std::fmt;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// An id's number as it stands behind a prefix.
pub(crate) struct Base32(pub(crate) i64);

impl fmt::Display for Base32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_base32(self.0, f)
    }
}

/// Writes a number in as few digits as it has.
pub(super) fn write_base32(value: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut digits = [b'0'; 13];
    let mut rest = value.cast_unsigned();
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get((rest & 31) as usize).copied().unwrap_or(b'0');
        rest >>= 5;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    let text = digits.get(13 - used..).unwrap_or_default();
    f.write_str(std::str::from_utf8(text).unwrap_or_default())
}

/// The number that stands behind a prefix, if it is one.
pub(crate) fn read_base32(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 13 {
        return None;
    }
    let mut value: u64 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        value = value.checked_mul(32)?.checked_add(digit as u64)?;
    }
    i64::try_from(value).ok()
}
