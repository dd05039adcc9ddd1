//! The printers: what `JSON.stringify`, `json.dumps` and `json_encode` print by default.
//!
//! Python and PHP are not given the value but what JavaScript prints of it: that is the body they
//! will receive when an endpoint does not choose, and so an endpoint that does choose changes only
//! the spelling.

use super::{Json, Members, number};
use serde::{Deserialize, Serialize};

/// The language whose printer a body must agree with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// `JSON.stringify(value)` (ECMA-262).
    #[default]
    Js,
    /// `json.dumps(value)`: spaces after `,` and `:`, ASCII only.
    Python,
    /// `json_encode($value)` of `json_decode($text, true)`: ASCII only, `/` escaped, and no
    /// objects that look like lists: `{}` is printed as `[]`, `{"0":true}` as `[true]`.
    Php,
}

impl Style {
    /// Every style, the default first.
    pub const ALL: [Style; 3] = [Style::Js, Style::Python, Style::Php];

    /// Its name in settings: `js`, `python`, `php`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Style::Js => "js",
            Style::Python => "python",
            Style::Php => "php",
        }
    }

    /// The style of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Style> {
        Style::ALL.into_iter().find(|style| style.name() == name)
    }
}

impl Json {
    /// Appends the value as the style's language prints it.
    ///
    /// The text is a fixed point: that language reads and prints it unchanged, and so do
    /// [`parse`](super::parse) and this.
    pub fn write(&self, style: Style, out: &mut Vec<u8>) {
        match self {
            Json::Null => out.extend_from_slice(b"null"),
            Json::Bool(true) => out.extend_from_slice(b"true"),
            Json::Bool(false) => out.extend_from_slice(b"false"),
            Json::Number(value) => number::write(*value, style, out),
            Json::String(text) => string(text, style, out),
            Json::Array(items) => list(items.iter(), style, out),
            Json::Object(members) if style == Style::Php && members.is_list() => {
                list(members.iter().map(|(_, value)| value), style, out);
            }
            Json::Object(members) => object(members, style, out),
        }
    }

    /// The value as the style's language prints it.
    #[must_use]
    pub fn to_vec(&self, style: Style) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        self.write(style, &mut out);
        out
    }
}

fn list<'a>(items: impl Iterator<Item = &'a Json>, style: Style, out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.extend_from_slice(comma(style));
        }
        item.write(style, out);
    }
    out.push(b']');
}

fn object(members: &Members, style: Style, out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, (name, value)) in members.iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(comma(style));
        }
        string(name, style, out);
        out.extend_from_slice(colon(style));
        value.write(style, out);
    }
    out.push(b'}');
}

fn comma(style: Style) -> &'static [u8] {
    match style {
        Style::Js | Style::Php => b",",
        Style::Python => b", ",
    }
}

fn colon(style: Style) -> &'static [u8] {
    match style {
        Style::Js | Style::Php => b":",
        Style::Python => b": ",
    }
}

// === strings ===

/// Whether a language escapes the character that starts with a byte, for each byte.
type Specials = [bool; 256];

const JS_SPECIALS: Specials = specials(Style::Js);
const PYTHON_SPECIALS: Specials = specials(Style::Python);
const PHP_SPECIALS: Specials = specials(Style::Php);

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks it")]
const fn specials(style: Style) -> Specials {
    let mut specials = [false; 256];
    let mut byte = 0_u8;
    loop {
        specials[byte as usize] = match byte {
            b'"' | b'\\' | 0..=0x1f => true,
            b'/' => matches!(style, Style::Php),
            0x7f => matches!(style, Style::Python),
            0x80.. => !matches!(style, Style::Js),
            b' '..=b'~' => false,
        };
        if byte == u8::MAX {
            return specials;
        }
        byte += 1;
    }
}

/// Appends a string in quotes: runs of characters that stand for themselves, and escapes between.
fn string(text: &str, style: Style, out: &mut Vec<u8>) {
    let specials = match style {
        Style::Js => &JS_SPECIALS,
        Style::Python => &PYTHON_SPECIALS,
        Style::Php => &PHP_SPECIALS,
    };
    let is_special = |byte| specials.get(usize::from(byte)) == Some(&true);
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_special) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain.as_bytes());
        let mut chars = special.chars();
        escape(chars.next().expect("a special byte starts a character"), out);
        rest = chars.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
    out.push(b'"');
}

fn escape(special: char, out: &mut Vec<u8>) {
    let short = match special {
        '"' => b'"',
        '\\' => b'\\',
        '/' => b'/',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        _ => {
            for unit in special.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;
    use proptest::prelude::*;

    fn printed(text: &str, style: Style) -> String {
        String::from_utf8(parse(text.as_bytes()).unwrap().to_vec(style)).unwrap()
    }

    #[test]
    fn a_body_is_printed_as_each_language_prints_it() {
        let text = r#"{ "url": "https://x/y", "nome": "João \ud83d\ude00", "list": [1, 2.50, {}], "2": true }"#;
        assert_eq!(
            printed(text, Style::Js),
            r#"{"2":true,"url":"https://x/y","nome":"João 😀","list":[1,2.5,{}]}"#
        );
        assert_eq!(
            printed(text, Style::Python),
            r#"{"2": true, "url": "https://x/y", "nome": "Jo\u00e3o \ud83d\ude00", "list": [1, 2.5, {}]}"#
        );
        assert_eq!(
            printed(text, Style::Php),
            r#"{"2":true,"url":"https:\/\/x\/y","nome":"Jo\u00e3o \ud83d\ude00","list":[1,2.5,[]]}"#
        );
    }

    #[test]
    fn control_characters_are_escaped_the_shortest_way() {
        let text = r#""\b\f\n\r\t\u0000\u001f\u007f\u2028\/\"\\""#;
        assert_eq!(
            printed(text, Style::Js),
            "\"\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}\u{2028}/\\\"\\\\\""
        );
        assert_eq!(printed(text, Style::Python), r#""\b\f\n\r\t\u0000\u001f\u007f\u2028/\"\\""#);
        assert_eq!(
            printed(text, Style::Php),
            "\"\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}\\u2028\\/\\\"\\\\\""
        );
    }

    #[test]
    fn names_are_escaped_like_strings() {
        assert_eq!(printed(r#"{"é/\n":1}"#, Style::Js), r#"{"é/\n":1}"#);
        assert_eq!(printed(r#"{"é/\n":1}"#, Style::Python), r#"{"\u00e9/\n": 1}"#);
        assert_eq!(printed(r#"{"é/\n":1}"#, Style::Php), r#"{"\u00e9\/\n":1}"#);
    }

    #[test]
    fn php_takes_an_object_that_counts_from_zero_for_a_list() {
        assert_eq!(printed(r#"{"1":"b","0":"a"}"#, Style::Php), r#"["a","b"]"#);
        assert_eq!(printed(r#"{"1":"b","2":"a"}"#, Style::Php), r#"{"1":"b","2":"a"}"#);
        assert_eq!(printed(r#"{"0":"b","x":"a"}"#, Style::Php), r#"{"0":"b","x":"a"}"#);
        assert_eq!(printed("{}", Style::Php), "[]");
    }

    #[test]
    fn a_style_is_known_by_its_name() {
        for style in Style::ALL {
            assert_eq!(Style::from_name(style.name()), Some(style));
            assert_eq!(serde_json::to_string(&style).unwrap(), format!("\"{}\"", style.name()));
        }
        assert_eq!(Style::from_name("ruby"), None);
        assert_eq!(Style::default(), Style::Js);
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Json::Number),
            any::<i32>().prop_map(Json::from),
            any::<String>().prop_map(Json::String),
        ];
        let name = prop_oneof![any::<String>(), "[0-9]{1,11}", "[a-c]"];
        leaf.prop_recursive(5, 64, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Json::Array),
                prop::collection::vec((name.clone(), inner), 0..8).prop_map(Json::object),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back_and_prints_the_same(value in any_json()) {
            for style in Style::ALL {
                let once = value.to_vec(style);
                let again = parse(&once).unwrap().to_vec(style);
                prop_assert_eq!(String::from_utf8(once), String::from_utf8(again));
            }
        }

        #[test]
        fn python_and_php_print_what_they_read_of_javascripts_text(value in any_json()) {
            let js = parse(&value.to_vec(Style::Js)).unwrap();
            prop_assert_eq!(js.to_vec(Style::Python), value.to_vec(Style::Python));
            prop_assert_eq!(js.to_vec(Style::Php), value.to_vec(Style::Php));
        }

        #[test]
        fn nothing_that_is_read_can_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(value) = parse(&bytes) {
                prop_assert_eq!(parse(&value.to_vec(Style::Js)), Ok(value));
            }
        }
    }
}
