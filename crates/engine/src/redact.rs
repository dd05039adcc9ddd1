//! What is taken out of a call before it is kept: secrets by their names and by their looks, and card numbers in any text.
//!
//! Which names are a card's security code is told by what refuses them elsewhere (`payments::card`), and what is a card's number by
//! `rails::cards`, and wider than there by `numbers`. A body that cannot be read is not kept, since nobody can say what is in it.

#[cfg(test)]
mod laws;
mod names;
mod numbers;
mod text;
mod urls;

use std::borrow::Cow;

use posthorn_core::history::Kept;
use posthorn_core::json::{self, Json, Members, Style};
use url::form_urlencoded;

pub use names::names_a_secret;
use names::{is_secret, is_secret_name};
pub(crate) use numbers::hidden;
pub use text::masked;

/// What stands where something was taken out.
const REDACTED: &str = "[redacted]";
/// The largest number that is kept: larger ones lose digits as they are read, and card numbers are among them.
const NUMBER_MAX: f64 = 1e14;
/// How deep JSON may stand in strings of JSON.
const NESTED_MAX: usize = 4;
/// How many secrets' names may be told in one object; where there are more, no value beside them is kept.
const TOLD_MAX: usize = 4;
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
        return Kept::of(&pairs(bytes, 0));
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
    let is_plain = !text.contains(['%', '?', '#', ':']) && matches!(hidden(text), Cow::Borrowed(_));
    if is_plain { Cow::Borrowed(text) } else { Cow::Owned(path_of(text, 0)) }
}

fn path_of(text: &str, depth: usize) -> String {
    let (path, query) =
        text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    let plain = decoded(path);
    let kept = text_of(&urls::without_fragments(&plain), depth);
    let path = if kept == plain { path.to_owned() } else { kept };
    match query {
        None => path,
        Some(query) => {
            let query = urls::without_fragments(query);
            format!("{path}?{}", pairs(query.as_bytes(), depth))
        }
    }
}

/// A form, or a query: what is taken out of none of its pairs stands as it stood.
///
/// A name that no form has is taken out with its value; where it is of JSON, the `&` in its texts part it anywhere, so all that
/// follows goes with it.
fn pairs(bytes: &[u8], depth: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut kept = Vec::new();
    for pair in text.split('&') {
        let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else { continue };
        let is_json = name.contains(['{', '"']);
        let is_foreign = is_json || name.contains('[') || name.len() > PAIR_NAME_BYTES_MAX;
        kept.push(if is_foreign {
            REDACTED.to_owned()
        } else {
            pair_of(pair, (&name, &value), depth)
        });
        if is_json {
            break;
        }
    }
    kept.join("&")
}

fn pair_of(pair: &str, (name, value): (&str, &str), depth: usize) -> String {
    let shown = hidden(name);
    let kept = string_of(name, value, depth);
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
            let text = String::from_utf8_lossy(&text);
            let shown = if number.fract() == 0.0 { hidden(&text) } else { masked(&text) };
            let sound = number.abs() < NUMBER_MAX && matches!(shown, Cow::Borrowed(_));
            if sound { value } else { Json::from(REDACTED) }
        }
        Json::String(text) => Json::from(string_of(name, &text, depth).as_str()),
        Json::Array(values) => list_of(name, values, depth),
        Json::Object(members) => members_of(&members, depth),
    }
}

/// The elements of a list; two of them may be a name and its value.
fn list_of(name: &str, values: Vec<Json>, depth: usize) -> Json {
    if numbers::is_in_list(&values) {
        return Json::from(REDACTED);
    }
    let told = names::told_in_list(&values).map(ToOwned::to_owned);
    let name_at = |at: usize| told.as_deref().filter(|_| at == 1).unwrap_or(name);
    let values = values.into_iter().enumerate();
    Json::Array(values.map(|(at, value)| value_of(name_at(at), value, depth)).collect())
}

/// The members of an object; one of them may tell the name of another.
fn members_of(members: &Members, depth: usize) -> Json {
    let mut told = names::told_beside(members);
    told.sort_unstable();
    told.dedup();
    Json::object(members.iter().map(|(name, value)| {
        let kept = if !names::is_for_a_value(name) || is_secret(name, value) {
            value_of(name, value.clone(), depth)
        } else if told.len() > TOLD_MAX {
            // Each value beside each name would be more work than a body is worth.
            Json::from(REDACTED)
        } else {
            let named = told.iter().find(|told| is_secret(told, value)).or(told.first());
            value_of(named.copied().unwrap_or(name), value.clone(), depth)
        };
        (hidden(name).into_owned(), kept)
    }))
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
        if let Some(Ok(kept)) = nested.map(String::from_utf8) {
            return kept;
        }
        // What looks like JSON and is none may have anything in it; `[New] Keyboard` does not. Nor is anything followed further.
        if depth >= NESTED_MAX || begins.contains(['{', '"']) {
            return REDACTED.to_owned();
        }
    }
    let is_path = begins.starts_with('/') && begins.contains(['?', '#']);
    if is_path && depth < NESTED_MAX { path_of(text, depth + 1) } else { text_of(text, depth) }
}

/// A text with URLs in it, and URLs in those: they are followed so far and no further.
fn text_of(text: &str, depth: usize) -> String {
    if !urls::has_url(text) {
        return hidden(text).into_owned();
    }
    if depth >= NESTED_MAX {
        return REDACTED.to_owned();
    }
    hidden(&urls::kept(text, |tail| path_of(tail, depth + 1))).into_owned()
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
