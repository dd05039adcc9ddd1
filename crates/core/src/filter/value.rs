//! The plain values that a filter compares with, and how a reason shows a value.

use crate::json::{Json, Style};
use std::cmp::Ordering;
use std::fmt;

/// How many characters of a string a reason shows.
const SHOWN_CHARS_MAX: usize = 60;
/// How many values of a list a reason shows.
const LISTED_MAX: usize = 10;

/// A plain value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

impl Scalar {
    /// The plain value, unless it is an array or an object.
    pub(super) fn of(value: &Json) -> Option<Scalar> {
        match value {
            Json::Null => Some(Scalar::Null),
            Json::Bool(truth) => Some(Scalar::Bool(*truth)),
            Json::Number(number) => Some(Scalar::Number(*number)),
            Json::String(text) => Some(Scalar::Text(text.clone())),
            Json::Array(_) | Json::Object(_) => None,
        }
    }

    /// Whether the data holds this very value.
    pub(super) fn equals(&self, found: &Json) -> bool {
        self.against(found) == Some(Ordering::Equal)
    }

    /// How this compares with what the data holds; `None` when the types differ.
    pub(super) fn against(&self, found: &Json) -> Option<Ordering> {
        match (self, found) {
            (Scalar::Null, Json::Null) => Some(Ordering::Equal),
            (Scalar::Bool(ours), Json::Bool(theirs)) => Some(ours.cmp(theirs)),
            (Scalar::Number(ours), Json::Number(theirs)) => ours.partial_cmp(theirs),
            (Scalar::Text(ours), Json::String(theirs)) => Some(ours.as_str().cmp(theirs)),
            (Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) | Scalar::Text(_), _) => None,
        }
    }

    /// An order of types, for lists that are searched.
    fn rank(&self) -> u8 {
        match self {
            Scalar::Null => 0,
            Scalar::Bool(_) => 1,
            Scalar::Number(_) => 2,
            Scalar::Text(_) => 3,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Null => f.write_str("null"),
            Scalar::Bool(truth) => truth.fmt(f),
            Scalar::Number(number) => f.write_str(&shown(&Json::Number(*number))),
            Scalar::Text(text) => f.write_str(&quoted(text)),
        }
    }
}

/// The values of `$in` or `$nin`: sorted, so that a list of hundreds costs a long array little.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OneOf(Vec<Scalar>);

impl OneOf {
    pub(super) fn new(mut values: Vec<Scalar>) -> OneOf {
        values.sort_by(|a, b| match (a, b) {
            (Scalar::Number(a), Scalar::Number(b)) => a.total_cmp(b),
            (Scalar::Text(a), Scalar::Text(b)) => a.cmp(b),
            (Scalar::Bool(a), Scalar::Bool(b)) => a.cmp(b),
            (Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) | Scalar::Text(_), _) => {
                a.rank().cmp(&b.rank())
            }
        });
        values.dedup();
        OneOf(values)
    }

    /// Whether the data holds one of them.
    pub(super) fn contains(&self, found: &Json) -> bool {
        let Some(rank) = Scalar::of_kind(found) else { return false };
        let by = |value: &Scalar| value.against(found).unwrap_or_else(|| value.rank().cmp(&rank));
        self.0.binary_search_by(by).is_ok()
    }
}

impl Scalar {
    /// The rank of the scalar that this value would be.
    fn of_kind(found: &Json) -> Option<u8> {
        match found {
            Json::Null => Some(0),
            Json::Bool(_) => Some(1),
            Json::Number(_) => Some(2),
            Json::String(_) => Some(3),
            Json::Array(_) | Json::Object(_) => None,
        }
    }
}

impl fmt::Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.0.iter().take(LISTED_MAX).map(ToString::to_string);
        f.write_str(&listed(&values.collect::<Vec<_>>(), self.0.len()))
    }
}

/// The first of `count` values, and how many there are besides.
pub(super) fn listed(first: &[String], count: usize) -> String {
    match count.saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// A value of the data, as a reason shows it.
pub(super) fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => quoted(text),
        Json::Array(_) | Json::Object(_) => value.kind().to_owned(),
        Json::Null | Json::Bool(_) | Json::Number(_) => {
            String::from_utf8(value.to_vec(Style::Js)).expect("JSON is printed as UTF-8")
        }
    }
}

fn quoted(text: &str) -> String {
    let cut = text.char_indices().nth(SHOWN_CHARS_MAX).map(|(at, _)| text.split_at(at).0);
    let shown = cut.map_or_else(|| text.to_owned(), |start| format!("{start}…"));
    String::from_utf8(Json::String(shown).to_vec(Style::Js)).expect("JSON is printed as UTF-8")
}
