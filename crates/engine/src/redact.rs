//! What is taken out of a call before it is kept: secrets by their names and by their looks, and card numbers in any text.
//!
//! Which names are a card's security code is told by what refuses them elsewhere (`payments::card`), and what is a card's number by
//! `rails::cards`. A body that cannot be read is not kept, since nobody can say what is in it.

#[cfg(test)]
mod laws;
mod names;
mod text;

use std::borrow::Cow;

use posthorn_core::history::Kept;
use posthorn_core::json::{self, Json, Style};
use url::form_urlencoded;

pub use names::names_a_secret;
use names::{is_secret, is_secret_name};
pub use text::masked;

/// What stands where something was taken out.
const REDACTED: &str = "[redacted]";
/// The largest number that is kept: larger ones lose digits as they are read, and card numbers are among them.
const NUMBER_MAX: f64 = 1e14;
/// How deep JSON may stand in strings of JSON.
const NESTED_MAX: usize = 4;
/// The longest name of a pair that is kept: longer ones are no names.
const PAIR_NAME_BYTES_MAX: usize = 128;

/// What is kept of a body: of JSON and of forms all that is no secret, of anything else nothing.
///
/// What looks like JSON is read as that, whatever it is said to be: `curl -d` calls all of it a form.
pub(crate) fn body(bytes: &[u8], content_type: &str) -> Kept {
    if bytes.is_empty() {
        return Kept::Nothing;
    }
    let kind = content_type.trim_start().to_ascii_lowercase();
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let looks_like_json = matches!(first, Some(b'{' | b'['));
    if kind.starts_with("application/x-www-form-urlencoded") && !looks_like_json {
        return Kept::of(&pairs(bytes));
    }
    match json::parse(bytes) {
        Ok(value) => {
            let printed = value_of("", value, 0).to_vec(Style::Js);
            String::from_utf8(printed).map_or(Kept::Nothing, |text| Kept::of(&text))
        }
        Err(_) => Kept::Nothing,
    }
}

/// What is kept of a path with its query.
pub(crate) fn path(text: &str) -> Cow<'_, str> {
    let (path, query) =
        text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    let plain = decoded(path);
    let path = match masked(&plain) {
        Cow::Borrowed(_) => Cow::Borrowed(path),
        Cow::Owned(masked) => Cow::Owned(masked),
    };
    match query {
        None => path,
        Some(query) => Cow::Owned(format!("{path}?{}", pairs(query.as_bytes()))),
    }
}

/// A form, or a query: what is taken out of none of its pairs stands as it stood.
///
/// A name that no form has is taken out with its value; where it is of JSON, the `&` in its texts part it anywhere, so all that
/// follows goes with it.
fn pairs(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut kept = Vec::new();
    for pair in text.split('&') {
        let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else { continue };
        let is_json = name.contains(['{', '"']);
        let is_foreign = is_json || name.contains('[') || name.len() > PAIR_NAME_BYTES_MAX;
        kept.push(if is_foreign { REDACTED.to_owned() } else { pair_of(pair, &name, &value) });
        if is_json {
            break;
        }
    }
    kept.join("&")
}

fn pair_of(pair: &str, name: &str, value: &str) -> String {
    let shown = masked(name);
    let kept = string_of(name, value, 0);
    if kept == value && shown == name {
        return pair.to_owned();
    }
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let kept = if kept == REDACTED { kept } else { encode(&kept) };
    format!("{}={kept}", encode(&shown))
}

/// The member of a name, or an element of it.
fn value_of(name: &str, value: Json, depth: usize) -> Json {
    if is_secret(name, &value) {
        return Json::from(REDACTED);
    }
    match value {
        Json::Null | Json::Bool(_) => value,
        Json::Number(number) => {
            let text = value.to_vec(Style::Js);
            let sound = number.abs() < NUMBER_MAX
                && matches!(masked(&String::from_utf8_lossy(&text)), Cow::Borrowed(_));
            if sound { value } else { Json::from(REDACTED) }
        }
        Json::String(text) => Json::from(string_of(name, &text, depth).as_str()),
        Json::Array(values) => {
            Json::Array(values.into_iter().map(|value| value_of(name, value, depth)).collect())
        }
        Json::Object(members) => Json::object(members.iter().map(|(name, value)| {
            (masked(name).into_owned(), value_of(name, value.clone(), depth))
        })),
    }
}

/// A string; JSON and URLs in it are looked through as what they are.
fn string_of(name: &str, text: &str, depth: usize) -> String {
    if is_secret_name(name, text) {
        return REDACTED.to_owned();
    }
    let begins = text.trim_start();
    if begins.starts_with(['{', '[']) {
        let nested = json::parse(text.as_bytes()).ok().filter(|_| depth < NESTED_MAX);
        let nested = nested.map(|nested| value_of("", nested, depth + 1).to_vec(Style::Js));
        return match nested.map(String::from_utf8) {
            Some(Ok(kept)) => kept,
            // What looks like JSON and is none may have anything in it.
            Some(Err(_)) | None => REDACTED.to_owned(),
        };
    }
    if begins.contains("://") && begins.contains('?') {
        return masked(&path(text)).into_owned();
    }
    masked(text).into_owned()
}

/// A path with what was written by its number in it.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.as_bytes();
    while let Some((first, rest)) = left.split_first() {
        let digits = rest.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits
            .filter(|two| *first == b'%' && two.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = byte.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        left = if byte.is_some() { rest.get(2..).unwrap_or_default() } else { rest };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
