//! What can be wrong with a JSON text, where it is, and how to mend it.

use serde_json::error::Category;

/// A text that is not the JSON we accept: what is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}, at line {line}, column {column}")]
pub struct Malformed {
    /// What is wrong.
    pub fault: Fault,
    /// The line where reading stopped, counted from 1.
    pub line: usize,
    /// The character in that line where reading stopped, counted from 1.
    pub column: usize,
}

/// What is wrong with a JSON text; each message says how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Bytes that are not UTF-8 (RFC 8259, section 8.1).
    #[error("not UTF-8: send the text encoded as UTF-8")]
    NotUtf8,
    /// U+FEFF before the value (RFC 8259, section 8.1).
    #[error("a byte order mark before the value: send the text without it")]
    ByteOrderMark,
    /// The text ended inside a value, or before one.
    #[error("the text ends too soon: send one whole value, every string, array and object closed")]
    Truncated,
    /// Something stands after the value.
    #[error("text after the end of the value: send exactly one value")]
    TrailingText,
    /// More arrays and objects inside each other than [`DEPTH_MAX`](super::DEPTH_MAX).
    #[error(
        "more than {} arrays and objects inside each other: make the value flatter",
        super::DEPTH_MAX
    )]
    TooDeep,
    /// A name that its object already has: readers disagree on which one counts.
    #[error("duplicate name {name:?} in one object: keep one of the two")]
    DuplicateName {
        /// The name, cut short when it is long.
        name: String,
    },
    /// A `\u` escape of half a surrogate pair: it stands for no character.
    #[error("half of a surrogate pair: write both \\u escapes, or the character itself")]
    LoneSurrogate,
    /// A number that no double can hold: JavaScript would read it as infinity.
    #[error("a number beyond the range of a double: send it as a string")]
    NumberOutOfRange,
    /// A number that is not written as JSON writes numbers (RFC 8259, section 6).
    #[error("not a JSON number: no plus sign, no leading zeros, digits on both sides of the point")]
    BadNumber,
    /// A backslash before something that it cannot escape (RFC 8259, section 7).
    #[error(
        "an unknown escape: after a backslash write one of \" \\ / b f n r t, \
         or u and four hexadecimal digits"
    )]
    BadEscape,
    /// A raw control character inside a string (RFC 8259, section 7).
    #[error("a control character inside a string: write it as \\n, \\t or \\u00XX")]
    ControlCharacter,
    /// A comma with nothing after it.
    #[error("a comma after the last element: remove it")]
    TrailingComma,
    /// A member name that is not a string.
    #[error("a member name that is not a string: put it in double quotes")]
    NameNotString,
    /// No value where one must be.
    #[error(
        "no value where one is expected: \
         write an object, an array, a string in double quotes, a number, true, false or null"
    )]
    NoValue,
    /// Another separator than the grammar wants.
    #[error("{wanted}: separate members and elements with commas, name and value with a colon")]
    Separator {
        /// What was expected there.
        wanted: String,
    },
}

impl Fault {
    /// The fault that a `serde_json` error stands for; its tests hold the wording together.
    pub(super) fn of(error: &serde_json::Error) -> Fault {
        if error.classify() == Category::Eof {
            return Fault::Truncated;
        }
        let text = error.to_string();
        let what = text.split_once(" at line ").map_or(text.as_str(), |(what, _)| what);
        match what {
            "trailing characters" => Fault::TrailingText,
            "recursion limit exceeded" => Fault::TooDeep,
            "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
                Fault::LoneSurrogate
            }
            "number out of range" => Fault::NumberOutOfRange,
            "invalid number" => Fault::BadNumber,
            "invalid escape" | "invalid unicode code point" => Fault::BadEscape,
            "trailing comma" => Fault::TrailingComma,
            "key must be a string" => Fault::NameNotString,
            "expected value" | "expected ident" => Fault::NoValue,
            _ if what.starts_with("control character") => Fault::ControlCharacter,
            _ => Fault::Separator { wanted: what.to_owned() },
        }
    }
}

impl Malformed {
    /// The fault at a line and a byte of that line, both counted from 1, of the text.
    pub(super) fn at(fault: Fault, text: &str, line: usize, byte: usize) -> Malformed {
        let row = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
        let column = row.char_indices().take_while(|(at, _)| *at < byte).count();
        Malformed { fault, line: line.max(1), column: column.max(1) }
    }
}
