//! The strict reader: what it accepts, every language reads alike.

use super::members::Gathering;
use super::{Fault, Json, Malformed};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;

/// How many arrays and objects may stand inside each other; deeper texts are refused.
pub const DEPTH_MAX: usize = 64;

/// How much of a duplicate name a message shows, in characters.
const NAME_SHOWN_MAX: usize = 64;

/// Reads a JSON text (RFC 8259).
///
/// # Errors
/// [`Malformed`] with line, column and what to mend: a text that is no JSON, and the texts that
/// languages read differently: duplicate names, half surrogate pairs, numbers beyond a double, more
/// than [`DEPTH_MAX`] arrays and objects inside each other.
pub fn parse(bytes: &[u8]) -> Result<Json, Malformed> {
    let text = str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    if text.starts_with('\u{feff}') {
        return Err(Malformed { fault: Fault::ByteOrderMark, line: 1, column: 1 });
    }
    let refused = Cell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Reader { depth: 0, refused: &refused }.deserialize(&mut reader);
    read.and_then(|value| reader.end().map(|()| value)).map_err(|error| {
        let fault = refused.take().unwrap_or_else(|| Fault::of(&error));
        Malformed::at(fault, text, error.line(), error.column())
    })
}

/// Where the bytes stop being UTF-8.
fn not_utf8(bytes: &[u8], valid: usize) -> Malformed {
    let text = bytes.get(..valid).and_then(|valid| str::from_utf8(valid).ok()).unwrap_or_default();
    let last = text.rsplit('\n').next().unwrap_or_default();
    let line = 1 + text.matches('\n').count();
    Malformed { fault: Fault::NotUtf8, line, column: 1 + last.chars().count() }
}

/// The strict reader as serde's: for JSON inside other documents. [`parse`] gives better errors.
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reader { depth: 0, refused: &Cell::new(None) }.deserialize(deserializer)
    }
}

/// Builds a value at some depth, and leaves what it refused beside the error that serde carries.
#[derive(Clone, Copy)]
struct Reader<'a> {
    depth: usize,
    refused: &'a Cell<Option<Fault>>,
}

impl Reader<'_> {
    fn refuse<E: Error>(self, fault: Fault) -> E {
        let error = E::custom(&fault);
        self.refused.set(Some(fault));
        error
    }

    /// The reader for what an array or object contains.
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(self.refuse(Fault::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Json, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json, E> {
        Ok(Json::from(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        Ok(Json::from(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        if !number.is_finite() {
            return Err(self.refuse(Fault::NumberOutOfRange));
        }
        Ok(Json::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::from(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let inside = self.inside()?;
        let mut items = Vec::new();
        while let Some(item) = elements.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let inside = self.inside()?;
        let mut gathering = Gathering::default();
        while let Some(name) = map.next_key::<String>()? {
            if gathering.holds(&name) {
                let name = name.chars().take(NAME_SHOWN_MAX).collect();
                return Err(self.refuse(Fault::DuplicateName { name }));
            }
            let value = map.next_value_seed(inside)?;
            gathering.push(name, value);
        }
        Ok(Json::Object(gathering.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Style;

    fn complaint(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().to_string()
    }

    fn fault(bytes: &[u8]) -> (Fault, usize, usize) {
        let Malformed { fault, line, column } = parse(bytes).unwrap_err();
        (fault, line, column)
    }

    #[test]
    fn numbers_become_the_doubles_that_javascript_reads() {
        let read = |text: &str| parse(text.as_bytes()).unwrap().as_f64().unwrap();
        assert_eq!(read("1.0").to_bits(), 1.0_f64.to_bits());
        assert_eq!(read("9007199254740993").to_bits(), 9_007_199_254_740_992.0_f64.to_bits());
        assert_eq!(
            read("18446744073709551615").to_bits(),
            18_446_744_073_709_552_000.0_f64.to_bits()
        );
        assert_eq!(
            read("-9223372036854775809").to_bits(),
            (-9.223_372_036_854_776e18_f64).to_bits()
        );
        assert_eq!(read("5e-324").to_bits(), 5e-324_f64.to_bits());
        assert_eq!(read("-1e-400").to_bits(), (-0.0_f64).to_bits());
        assert_eq!(read("0.1e1").to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn a_duplicate_name_is_refused_and_named_where_it_stands() {
        assert_eq!(
            complaint("{\n  \"é\": {\"amount\": 1,\n \"x\": 0, \"amount\": 2}}"),
            "duplicate name \"amount\" in one object: keep one of the two, at line 3, column 17"
        );
        assert_eq!(
            complaint(r#"{"a":1,"\u0061":2}"#),
            "duplicate name \"a\" in one object: keep one of the two, at line 1, column 15"
        );
    }

    #[test]
    fn the_same_name_in_two_objects_is_no_duplicate() {
        assert!(parse(br#"[{"a":{"a":1}},{"a":2}]"#).is_ok());
    }

    #[test]
    fn a_duplicate_among_a_hundred_thousand_names_is_found() {
        use std::fmt::Write;
        let mut text = String::from("{");
        for at in 0..100_000 {
            write!(text, "\"name{at}\":{at},").unwrap();
        }
        let whole = format!("{}}}", text.trim_end_matches(','));
        assert_eq!(parse(whole.as_bytes()).unwrap().as_object().unwrap().len(), 100_000);
        let doubled = format!("{text}\"name99998\":1}}");
        assert_eq!(
            fault(doubled.as_bytes()).0,
            Fault::DuplicateName { name: "name99998".to_owned() }
        );
    }

    #[test]
    fn sixty_four_levels_are_read_and_the_next_is_refused() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(
            complaint(&nested(DEPTH_MAX + 1)),
            "more than 64 arrays and objects inside each other: make the value flatter, \
             at line 1, column 66"
        );
        assert_eq!(fault("{\"a\":".repeat(100_000).as_bytes()).0, Fault::TooDeep);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_located() {
        assert_eq!(fault(b"{\n\"\xc3\xa9\xff\":1}"), (Fault::NotUtf8, 2, 3));
        assert_eq!(fault(b"\"\xed\xa0\x80\""), (Fault::NotUtf8, 1, 2));
    }

    #[test]
    fn half_a_surrogate_pair_is_refused() {
        for text in
            [r#""\ud83d""#, r#""\ude00""#, r#""\ud83d\u0041""#, r#""\ud83dx""#, r#"{"\ud83d":1}"#]
        {
            assert_eq!(fault(text.as_bytes()).0, Fault::LoneSurrogate, "{text}");
        }
        assert_eq!(parse(br#""\ud83d\ude00""#).unwrap(), Json::from("😀"));
    }

    #[test]
    fn a_number_beyond_a_double_is_refused() {
        assert_eq!(
            complaint("[1e400]"),
            "a number beyond the range of a double: send it as a string, at line 1, column 6"
        );
        assert_eq!(fault(format!("-{}", "9".repeat(400)).as_bytes()).0, Fault::NumberOutOfRange);
        assert!(parse(b"1.7976931348623157e308").is_ok());
    }

    #[test]
    fn every_slip_of_the_pen_gets_its_own_advice() {
        use Fault::{
            BadEscape, BadNumber, ByteOrderMark, ControlCharacter, NameNotString, NoValue,
            TrailingComma, TrailingText, Truncated,
        };
        assert_eq!(fault(b""), (Truncated, 1, 1));
        assert_eq!(fault(b" "), (Truncated, 1, 1));
        assert_eq!(fault(b"{\"a\":[1"), (Truncated, 1, 7));
        assert_eq!(fault(b"\"abc"), (Truncated, 1, 4));
        assert_eq!(fault(b"tru"), (Truncated, 1, 3));
        assert_eq!(fault(b"{} x"), (TrailingText, 1, 4));
        assert_eq!(fault(b"01"), (BadNumber, 1, 2));
        assert_eq!(fault(b"[1.]"), (BadNumber, 1, 4));
        assert_eq!(fault(br#""\x41""#), (BadEscape, 1, 3));
        assert_eq!(fault(br#""\u00zz""#).0, BadEscape);
        assert_eq!(fault(b"\"a\tb\"").0, ControlCharacter);
        assert_eq!(fault(b"[1,]"), (TrailingComma, 1, 4));
        assert_eq!(fault(b"{\"a\":1,}"), (TrailingComma, 1, 8));
        assert_eq!(fault(b"{a:1}"), (NameNotString, 1, 2));
        assert_eq!(fault(b"{'a':1}"), (NameNotString, 1, 2));
        assert_eq!(fault(b"NaN"), (NoValue, 1, 1));
        assert_eq!(fault(b"nuul").0, NoValue);
        assert_eq!(fault("\u{feff}{}".as_bytes()), (ByteOrderMark, 1, 1));
        assert_eq!(
            complaint(r#"{"a" 1}"#),
            "expected `:`: separate members and elements with commas, name and value with a colon, \
             at line 1, column 6"
        );
        assert_eq!(
            fault(b"[1 2]").0,
            Fault::Separator { wanted: "expected `,` or `]`".to_owned() }
        );
        assert_eq!(
            fault(br#"{"a":1 "b":2}"#).0,
            Fault::Separator { wanted: "expected `,` or `}`".to_owned() }
        );
    }

    #[test]
    fn serde_reads_it_as_strictly() {
        let strict = serde_json::from_str::<Json>(r#"{"a":1,"a":2}"#).unwrap_err();
        assert!(strict.to_string().starts_with("duplicate name \"a\""), "{strict}");
        let value: Json = serde_json::from_str(r#"{"a":[null,1.5]}"#).unwrap();
        assert_eq!(value.to_vec(Style::Js), br#"{"a":[null,1.5]}"#);
    }
}
