//! How each language spells a double.
//!
//! All three print the shortest digits that read back as the same double; they differ in when they
//! turn to an exponent, and in what they take for an integer. Python and PHP are given what
//! JavaScript prints: digits alone they read as an integer and print as they are (PHP only while
//! it fits 64 bits).

use super::{INTEGER_MAX, Style};

/// Appends the number as the language prints it. One that is not finite prints as `null`.
pub(super) fn write(number: f64, style: Style, out: &mut Vec<u8>) {
    if !number.is_finite() {
        out.extend_from_slice(b"null");
        return;
    }
    if number.abs() <= INTEGER_MAX && number.fract() == 0.0 {
        #[expect(clippy::cast_possible_truncation, reason = "integral and within 2^53")]
        return write_integer(number as i64, out);
    }
    let mut buffer = ryu_js::Buffer::new();
    let js = buffer.format_finite(number);
    match style {
        Style::Js => out.extend_from_slice(js.as_bytes()),
        Style::Python if is_integer(js) => out.extend_from_slice(js.as_bytes()),
        Style::Python => Decimal::of(js).python(out),
        Style::Php if is_integer(js) && js.parse::<i64>().is_ok() => {
            out.extend_from_slice(js.as_bytes());
        }
        Style::Php => Decimal::of(js).php(out),
    }
}

/// Appends an integer's digits: nearly every number is one, and this is several times faster.
fn write_integer(integer: i64, out: &mut Vec<u8>) {
    if integer < 0 {
        out.push(b'-');
    }
    let start = out.len();
    let mut rest = integer.unsigned_abs();
    loop {
        out.push(b'0' + u8::try_from(rest % 10).expect("a digit"));
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// Whether Python and PHP read this spelling as an integer.
fn is_integer(js: &str) -> bool {
    !js.bytes().any(|byte| matches!(byte, b'.' | b'e'))
}

/// A number as 0.DIGITS × 10^point: the terms in which C's `dtoa`, and so both languages, decide.
struct Decimal {
    negative: bool,
    /// Without zeros at either end.
    digits: Vec<u8>,
    point: i32,
}

impl Decimal {
    /// Takes ECMAScript's spelling apart.
    fn of(js: &str) -> Decimal {
        let (negative, js) = js.strip_prefix('-').map_or((false, js), |js| (true, js));
        let (mantissa, exponent) = js.split_once('e').unwrap_or((js, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i32 = exponent.parse().expect("ECMAScript's exponents have three digits");
        let whole_len = i32::try_from(whole.len()).expect("ECMAScript's numbers are short");
        let all = [whole, fraction].concat();
        let digits = all.trim_start_matches('0');
        let zeros =
            i32::try_from(all.len() - digits.len()).expect("ECMAScript's numbers are short");
        let digits = digits.trim_end_matches('0').as_bytes().to_vec();
        Decimal { negative, digits, point: whole_len + exponent - zeros }
    }

    /// As Python's `repr`: positional from 1e-4 up to 1e16, exponents of two digits or more.
    fn python(&self, out: &mut Vec<u8>) {
        if (-3..=16).contains(&self.point) {
            return self.positional(out);
        }
        self.sign(out);
        let (first, rest) = self.digits.split_at(1.min(self.digits.len()));
        out.extend_from_slice(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
        let exponent = self.point - 1;
        let sign = if exponent < 0 { '-' } else { '+' };
        out.extend_from_slice(format!("e{sign}{:02}", exponent.abs()).as_bytes());
    }

    /// As PHP's `json_encode` with `serialize_precision = -1`: positional from 1e-4 up to 1e17,
    /// mantissas with a point, exponents without padding.
    fn php(&self, out: &mut Vec<u8>) {
        if (-3..=17).contains(&self.point) {
            return self.positional(out);
        }
        self.sign(out);
        let (first, rest) = self.digits.split_at(1.min(self.digits.len()));
        out.extend_from_slice(first);
        out.push(b'.');
        out.extend_from_slice(if rest.is_empty() { b"0" } else { rest });
        out.extend_from_slice(format!("e{:+}", self.point - 1).as_bytes());
    }

    /// Digits with a point among or before them. (Integers never come here.)
    fn positional(&self, out: &mut Vec<u8>) {
        self.sign(out);
        let whole = usize::try_from(self.point).unwrap_or(0).min(self.digits.len());
        let (before, after) = self.digits.split_at(whole);
        out.extend_from_slice(if before.is_empty() { b"0" } else { before });
        out.push(b'.');
        out.extend((self.point..0).map(|_| b'0'));
        out.extend_from_slice(after);
    }

    fn sign(&self, out: &mut Vec<u8>) {
        if self.negative {
            out.push(b'-');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(number: f64) -> [String; 3] {
        [Style::Js, Style::Python, Style::Php].map(|style| {
            let mut out = Vec::new();
            write(number, style, &mut out);
            String::from_utf8(out).unwrap()
        })
    }

    #[test]
    fn each_language_spells_a_number_its_own_way() {
        assert_eq!(spelt(0.0), ["0", "0", "0"]);
        assert_eq!(spelt(-0.0), ["0", "0", "0"]);
        assert_eq!(spelt(1.0), ["1", "1", "1"]);
        assert_eq!(spelt(-12.5), ["-12.5", "-12.5", "-12.5"]);
        assert_eq!(spelt(0.1 + 0.2), ["0.30000000000000004"; 3]);
        assert_eq!(spelt(0.0001), ["0.0001", "0.0001", "0.0001"]);
        assert_eq!(spelt(0.000_01), ["0.00001", "1e-05", "1.0e-5"]);
        assert_eq!(spelt(-0.000_001_5), ["-0.0000015", "-1.5e-06", "-1.5e-6"]);
        assert_eq!(spelt(1e-7), ["1e-7", "1e-07", "1.0e-7"]);
        assert_eq!(spelt(5e-324), ["5e-324", "5e-324", "5.0e-324"]);
    }

    #[test]
    fn an_integer_is_one_until_the_language_says_otherwise() {
        assert_eq!(spelt(9_007_199_254_740_992.0), ["9007199254740992"; 3]);
        assert_eq!(spelt(2.0_f64.powi(63) - 1024.0), ["9223372036854775000"; 3]);
        assert_eq!(
            spelt(2.0_f64.powi(63)),
            ["9223372036854776000", "9223372036854776000", "9.223372036854776e+18"]
        );
        assert_eq!(spelt(1e20), ["100000000000000000000", "100000000000000000000", "1.0e+20"]);
        assert_eq!(spelt(1e21), ["1e+21", "1e+21", "1.0e+21"]);
        assert_eq!(spelt(-1.25e100), ["-1.25e+100"; 3]);
    }

    #[test]
    fn what_is_not_finite_is_null() {
        assert_eq!(spelt(f64::NAN), ["null"; 3]);
        assert_eq!(spelt(f64::NEG_INFINITY), ["null"; 3]);
    }
}
