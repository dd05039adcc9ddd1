//! From JSON to typed requests, with errors that say where and what was meant.
//!
//! `posthorn_core::json` refuses what two languages would read differently; serde then refuses what
//! the request has no place for, and this file turns its words into a field and the nearest right
//! name.

mod change;
mod count;
mod names;
mod words;

use std::collections::BTreeMap;

use posthorn_core::json::{self, Json, Malformed};
use posthorn_engine::names_a_secret;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::problem::{Code, Place, Problem, characters};

pub(crate) use change::Change;
pub(crate) use count::Count;
use names::names_of;
pub(crate) use names::nearest;

/// Reads a body that is an object; an empty body counts as `{}`.
pub(crate) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    match json::parse(body) {
        Err(malformed) => return Err(of_malformed(&malformed)),
        Ok(Json::Object(_)) => {}
        Ok(
            other @ (Json::Null
            | Json::Bool(_)
            | Json::Number(_)
            | Json::String(_)
            | Json::Array(_)),
        ) => {
            let detail = format!("the body must be a JSON object; this is {}", other.kind());
            return Err(Problem::new(Code::InvalidField, detail));
        }
    }
    serde_json::from_slice(body).map_err(|error| blame::<T>(body, &error))
}

/// Reads a body in one pass, trusting that its parts are read strictly afterwards; only when it
/// fails is the whole looked at again, to say where.
pub(crate) fn trusting<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| malformed(body).unwrap_or_else(|| blame::<T>(body, &error)))
}

/// What is wrong with a body as JSON, if anything is.
pub(crate) fn malformed(body: &[u8]) -> Option<Problem> {
    json::parse(body).err().map(|malformed| of_malformed(&malformed))
}

fn of_malformed(malformed: &Malformed) -> Problem {
    let detail = format!("malformed body: {}", malformed.fault);
    let place = Place { line: malformed.line, column: malformed.column };
    Problem::new(Code::MalformedJson, detail).placed(place)
}

/// What serde refused about a request `T`, as a problem that names the field.
fn blame<'a, T: Deserialize<'a>>(body: &[u8], error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    if let Some(name) = quoted(what, "unknown field `") {
        return unknown_field(name, names_of::<T>());
    }
    if let Some(name) = quoted(what, "missing field `") {
        let detail = format!("`{name}` is missing");
        return Problem::new(Code::MissingField, detail).at(name.to_owned());
    }
    // What was sent in place of a secret is one, as often as not.
    let is_secret = names_a_secret(body);
    let what = if is_secret { words::without_value(what) } else { words::plain(what) };
    let (line, column) = (error.line(), error.column());
    let row = body.split(|byte| *byte == b'\n').nth(line - 1).unwrap_or_default();
    let place = Place { line, column: characters(row.get(..column).unwrap_or(row)).max(1) };
    let field = member_at(body, line, column);
    let detail = match &field {
        Some(name) => format!("`{name}`: {what}"),
        None => what,
    };
    let problem = Problem::new(Code::InvalidField, detail).placed(place);
    match field {
        Some(field) => problem.at(field),
        None => problem,
    }
}

fn unknown_field(name: &str, known: &[&'static str]) -> Problem {
    let shown: String = name.chars().take(80).collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "this request has no fields".to_owned(),
        None => format!("the fields are {}", listed(known)),
    };
    Problem::new(Code::UnknownField, format!("there is no field `{shown}` here; {hint}")).at(shown)
}

/// Names in backticks with commas between them.
pub(crate) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The name in backticks after `prefix`, which serde writes so.
fn quoted<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let rest = text.strip_prefix(prefix)?;
    rest.split_once("`, ").or_else(|| rest.rsplit_once('`')).map(|(name, _)| name)
}

/// The last member of the body's object that has begun at a position: serde stops right after the
/// value that it refuses, or right before it.
fn member_at(body: &[u8], line: usize, column: usize) -> Option<String> {
    let before: usize =
        body.split_inclusive(|byte| *byte == b'\n').take(line - 1).map(<[u8]>::len).sum();
    let at = body.as_ptr().addr() + before + column;
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let begun = members.into_iter().map(|(name, raw)| (raw.get().as_ptr().addr(), name));
    begun.filter(|(from, _)| *from <= at).max().map(|(_, name)| name)
}

/// `null` says no more than leaving a member out.
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A member that may be left out and cannot be `null`.
pub(crate) fn never_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shop {
        name: String,
        #[expect(dead_code, reason = "only its type matters")]
        open: Option<bool>,
    }

    fn refused(body: &str) -> (&'static str, String) {
        let problem = object::<Shop>(body.as_bytes()).unwrap_err();
        (problem.code.about().name, problem.document(None).detail)
    }

    #[test]
    fn a_misspelt_field_is_told_its_right_name() {
        let (code, detail) = refused(r#"{"nmae":"x"}"#);
        assert_eq!(code, "unknown_field");
        assert_eq!(detail, "there is no field `nmae` here; did you mean `name`?");
        let (_, detail) = refused(r#"{"zzz":"x"}"#);
        assert_eq!(detail, "there is no field `zzz` here; the fields are `name`, `open`");
    }

    #[test]
    fn a_wrong_type_is_blamed_on_its_member_by_line_and_column() {
        let problem = object::<Shop>(b"{\"name\": \"x\",\n \"open\": 5}").unwrap_err();
        assert_eq!(problem.field.as_deref(), Some("open"));
        let detail =
            "`open`: must be `true` or `false`; this is the number `5`, at line 2, column 10";
        assert_eq!(problem.document(None).detail, detail);
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(refused("{}"), ("missing_field", "`name` is missing".into()));
        assert_eq!(refused(" "), ("missing_field", "`name` is missing".into()));
    }

    #[test]
    fn json_that_languages_read_differently_is_refused_before_anything_else() {
        let (code, detail) = refused(r#"{"name":"x","name":"y"}"#);
        assert_eq!(code, "malformed_json");
        assert!(detail.contains("duplicate name \"name\""), "{detail}");
        assert!(refused(&"[".repeat(100_000)).1.contains("more than 64 arrays and objects"));
        assert_eq!(refused("[]").1, "the body must be a JSON object; this is an array");
    }

    #[test]
    fn a_sound_body_is_read() {
        assert_eq!(object::<Shop>(br#"{"name":"x"}"#).unwrap().name, "x");
    }
}
