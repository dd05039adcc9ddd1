//! Names under which secrets stand.

use posthorn_core::json::Json;

use crate::payments::{is_code, words};

/// Whole names, in small letters without anything between.
const NAMES: [&str; 7] = ["key", "pin", "otp", "auth", "pan", "cookie", "setcookie"];
/// What a name has in it.
const PARTS: [&str; 22] = [
    "password",
    "passwd",
    "passphrase",
    "senha",
    "secret",
    "token",
    "authorization",
    "signature",
    "privatekey",
    "apikey",
    "accesskey",
    "credential",
    "mnemonic",
    "seedphrase",
    "recoveryphrase",
    "codeverifier",
    "assertion",
    "cardnumber",
    "cardno",
    "ccnumber",
    "numerocartao",
    "numerodocartao",
];
/// What has such a part and is no secret: what a token is, and the id of a card's.
const KEPT: [&str; 3] = ["cardtoken", "tokentype", "grouptoken"];
/// Digits from which on a `number` may be a card's, mistyped as it may be.
const NUMBER_DIGITS_MIN: usize = 8;

/// Whether the member of a name is a secret, whatever it looks like.
pub(super) fn is_secret(name: &str, value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(_) => false,
        Json::Number(_) => {
            let text = value.to_vec(posthorn_core::json::Style::Js);
            is_secret_name(name, &String::from_utf8_lossy(&text))
        }
        Json::String(text) => is_secret_name(name, text),
        // Whatever is below it is of it; but of a list of them each is looked at.
        Json::Array(_) | Json::Object(_) => {
            let plain = words(name).concat();
            plain != "code" && plain != "number" && is_named(&plain, name)
        }
    }
}

/// Whether the text under a name is a secret.
pub(super) fn is_secret_name(name: &str, text: &str) -> bool {
    if text.is_empty() || name.is_empty() {
        return false;
    }
    let plain = words(name).concat();
    match &*plain {
        // An error's is a word; what opens something, or stands on a card, is not.
        "code" => !is_word(text),
        "number" => text.bytes().filter(u8::is_ascii_digit).count() >= NUMBER_DIGITS_MIN,
        _ => is_named(&plain, name),
    }
}

fn is_named(plain: &str, name: &str) -> bool {
    let has_part = PARTS.iter().any(|part| plain.contains(part));
    (has_part && !KEPT.contains(&plain))
        || NAMES.contains(&plain)
        || is_code(name, &serde_json::Value::from("123"))
}

/// `not_found`, `INVALID_REQUEST`.
fn is_word(text: &str) -> bool {
    let all = |of: fn(&u8) -> bool| text.bytes().all(|byte| byte == b'_' || of(&byte));
    all(u8::is_ascii_lowercase) || all(u8::is_ascii_uppercase)
}

/// Whether something in a JSON body has a name under which secrets or cards stand: what is wrong with such a body is told without its
/// values. A body that cannot be read may have one.
#[must_use]
pub fn names_a_secret(body: &[u8]) -> bool {
    posthorn_core::json::parse(body).map_or(true, |value| has_secret_name(&value))
}

fn has_secret_name(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
        Json::Array(values) => values.iter().any(has_secret_name),
        Json::Object(members) => members.iter().any(|(name, value)| {
            let plain = words(name).concat();
            plain == "number" || plain == "code" || is_named(&plain, name) || has_secret_name(value)
        }),
    }
}
