//! JSON as receivers read and print it: one value type, one strict reader, three printers.
//!
//! The receivers in the platforms' guides read a body, print it again and verify the signature over
//! what they printed. So a body must be a *fixed point* of its reader's language: exactly what
//! `JSON.stringify` (or `json.dumps`, or `json_encode`) prints after reading it. [`Style`] names the
//! language, [`Json::write`] prints, and [`parse`] refuses every text that two languages would read
//! differently (duplicate names, half surrogate pairs, numbers beyond a double).
//!
//! ```
//! use posthorn_core::json::{Style, parse};
//!
//! let body = parse(br#"{"name": "Caf\u00e9", "9": 1.0, "total": 1e21}"#)?;
//! assert_eq!(body.to_vec(Style::Js), r#"{"9":1,"name":"Café","total":1e+21}"#.as_bytes());
//! assert_eq!(body.to_vec(Style::Python), br#"{"9": 1, "name": "Caf\u00e9", "total": 1e+21}"#);
//! assert_eq!(body.to_vec(Style::Php), br#"{"9":1,"name":"Caf\u00e9","total":1.0e+21}"#);
//! # Ok::<(), posthorn_core::json::Malformed>(())
//! ```

mod fault;
mod members;
mod number;
mod read;
mod serial;
mod write;

pub use fault::{Fault, Malformed};
pub use members::Members;
pub use read::{DEPTH_MAX, parse};
pub use write::Style;

/// The largest integer that a double holds without gaps below it, 2^53 - 1
/// (ECMA-262, `Number.MAX_SAFE_INTEGER`).
const INTEGER_MAX: f64 = 9_007_199_254_740_991.0;

/// A JSON value (RFC 8259), as JavaScript would hold it.
///
/// Numbers are doubles and an object's members stand in ECMAScript's property order, so two values
/// are equal exactly when `JSON.stringify` prints them alike (except that it prints -0 as 0).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Json {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as the double that JavaScript reads. One that is not finite prints as `null`.
    Number(f64),
    /// A string of Unicode scalar values.
    String(String),
    /// An array, in order.
    Array(Vec<Json>),
    /// An object, in ECMAScript's property order.
    Object(Members),
}

// === reading ===

impl Json {
    /// An object's member of that name; `None` for a stranger or a value that is no object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.as_object()?.get(name)
    }

    /// The value at a dot-separated path of member names and array positions: `a.b.0.c`.
    ///
    /// A name that itself contains a dot cannot be reached this way.
    #[must_use]
    pub fn path(&self, path: &str) -> Option<&Json> {
        path.split('.').try_fold(self, Json::step)
    }

    /// One step of a path: a member by name, or an array's element by its position in digits.
    pub(crate) fn step(&self, segment: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.get(segment),
            Json::Array(items) => {
                let at = members::array_index(segment)?;
                items.get(usize::try_from(at).ok()?)
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
        }
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    /// The string, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Json::String(text) = self { Some(text) } else { None }
    }

    /// The number, if this is one.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        if let Json::Number(number) = self { Some(*number) } else { None }
    }

    /// The number as an integer, if it is one and no larger than 2^53 - 1 either way: beyond that a
    /// double may stand for an integer that nobody wrote.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        let number = self.as_f64()?;
        #[expect(clippy::cast_possible_truncation, reason = "integral and within 2^53")]
        (number.fract() == 0.0 && number.abs() <= INTEGER_MAX).then_some(number as i64)
    }

    /// The number as an unsigned integer, within the same bounds as [`Json::as_i64`].
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        u64::try_from(self.as_i64()?).ok()
    }

    /// The boolean, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Json::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The elements, if this is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Json]> {
        if let Json::Array(items) = self { Some(items) } else { None }
    }

    /// The members, if this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Members> {
        if let Json::Object(members) = self { Some(members) } else { None }
    }

    /// The members to change, if this is an object.
    #[must_use]
    pub fn as_object_mut(&mut self) -> Option<&mut Members> {
        if let Json::Object(members) = self { Some(members) } else { None }
    }

    /// What kind of value this is, with its article, for messages: `a string`, `an object`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

// === making ===

impl Json {
    /// An object of these members; of two with one name the last counts, as in JavaScript.
    pub fn object<N: Into<String>>(members: impl IntoIterator<Item = (N, Json)>) -> Json {
        Json::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl From<bool> for Json {
    fn from(truth: bool) -> Self {
        Json::Bool(truth)
    }
}

impl From<f64> for Json {
    fn from(number: f64) -> Self {
        Json::Number(number)
    }
}

impl From<i32> for Json {
    fn from(number: i32) -> Self {
        Json::Number(number.into())
    }
}

impl From<u32> for Json {
    fn from(number: u32) -> Self {
        Json::Number(number.into())
    }
}

/// Beyond 2^53 this is the nearest double, which is what JavaScript reads from the same digits.
impl From<i64> for Json {
    #[expect(clippy::cast_precision_loss, reason = "JavaScript rounds the same way")]
    fn from(number: i64) -> Self {
        Json::Number(number as f64)
    }
}

/// Beyond 2^53 this is the nearest double, which is what JavaScript reads from the same digits.
impl From<u64> for Json {
    #[expect(clippy::cast_precision_loss, reason = "JavaScript rounds the same way")]
    fn from(number: u64) -> Self {
        Json::Number(number as f64)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Json::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Json::String(text)
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Self {
        Json::Array(items)
    }
}

impl From<Members> for Json {
    fn from(members: Members) -> Self {
        Json::Object(members)
    }
}

/// `None` is `null`.
impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Json::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Json {
        parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_path_walks_members_and_positions() {
        let body = read(r#"{"a":{"b":[10,{"c":"here"}],"0":"member"}}"#);
        assert_eq!(body.path("a.b.1.c"), Some(&Json::from("here")));
        assert_eq!(body.path("a.0"), Some(&Json::from("member")));
        assert_eq!(body.path("a.b.01"), None, "a position is written without leading zeros");
        assert_eq!(body.path("a.b.2"), None);
        assert_eq!(body.path("a.b.1.c.d"), None);
        assert_eq!(body.path(""), None);
    }

    #[test]
    fn an_integer_is_read_only_where_doubles_have_no_gaps() {
        assert_eq!(read("9007199254740991").as_i64(), Some(9_007_199_254_740_991));
        assert_eq!(read("9007199254740992").as_i64(), None);
        assert_eq!(read("1.5").as_i64(), None);
        assert_eq!(read("-1").as_i64(), Some(-1));
        assert_eq!(read("-1").as_u64(), None);
        assert_eq!(read("\"1\"").as_i64(), None);
    }

    #[test]
    fn values_are_made_as_simply_as_they_are_written() {
        let made = Json::object([
            ("b", Json::from("x")),
            ("1", Json::from(true)),
            ("a", Json::from(None::<i64>)),
            ("b", Json::from(vec![Json::from(2_u32)])),
        ]);
        assert_eq!(made, read(r#"{"1":true,"b":[2],"a":null}"#));
    }
}
