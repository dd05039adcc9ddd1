//! The JSON reader and its three printers, against a reader that was written apart.

mod plain;

use posthorn_core::json::{Json, Style, parse};

use plain::Plain;

/// Both readers agree on what is JSON and on what it says; what is printed is read again as the
/// same value, and printing that changes nothing.
pub(crate) fn json(bytes: &[u8]) {
    let plain = plain::read(bytes);
    match parse(bytes) {
        Err(malformed) => {
            assert!(plain.is_none(), "refused: {malformed}");
            let lines = bytes.split(|byte| *byte == b'\n').count();
            assert!((1..=lines).contains(&malformed.line), "{malformed}");
            assert!((1..=bytes.len() + 1).contains(&malformed.column), "{malformed}");
        }
        Ok(value) => {
            let plain = plain.expect("what is accepted is JSON to the other reader too");
            assert!(plain.is(&value), "{plain:?} was read as {value:?}");
            for style in Style::ALL {
                is_a_fixed_point(&value, style);
            }
        }
    }
}

/// A value's print is JSON, printed again the same, and read as that value. PHP alone has one word
/// for two things: what it read as an empty object it prints as an empty array.
pub(crate) fn is_a_fixed_point(value: &Json, style: Style) {
    let printed = value.to_vec(style);
    let again = parse(&printed).expect("what we print is JSON");
    assert_eq!(again.to_vec(style), printed, "as {}", style.name());
    assert!(plain::read(&printed).is_some_and(|plain: Plain| plain.is(&again)));
    if style != Style::Php {
        assert_eq!(&again, value, "as {}", style.name());
    }
}
