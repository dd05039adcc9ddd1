//! Names under which secrets stand.

use posthorn_core::json::{Json, Members};

use crate::payments::{is_code, words};

/// Whole names, in small letters without anything between.
const NAMES: [&str; 11] = [
    "key",
    "setcookie",
    "pincode",
    "otpcode",
    "mfacode",
    "authcode",
    "accesscode",
    "logincode",
    "recoverycode",
    "backupcode",
    "smscode",
];
/// What a name has in it.
const PARTS: [&str; 39] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "senha",
    "secret",
    "segredo",
    "token",
    "authorization",
    "signature",
    "privatekey",
    "apikey",
    "accesskey",
    "authkey",
    "encryptionkey",
    "masterkey",
    "sharedkey",
    "signingkey",
    "hmackey",
    "webhookkey",
    "clientkey",
    "serverkey",
    "consumerkey",
    "credential",
    "mnemonic",
    "seedphrase",
    "recoveryphrase",
    "codeverifier",
    "assertion",
    "cardnumber",
    "cardnum",
    "cardno",
    "ccnumber",
    "ccnum",
    "numerocartao",
    "numerodocartao",
    "primaryaccountnumber",
    "trackdata",
    "pinblock",
];
/// The first or the last word of a name.
const WORDS: [&str; 14] = [
    "auth", "pan", "otp", "totp", "hotp", "mfa", "tfa", "2fa", "pin", "pwd", "pass", "passkey",
    "cookie", "jwt",
];
/// The last word where the first is one of these, and what such a name is about is no secret: `otp_length`, `auth_method`.
const ABOUT: [&str; 40] = [
    "app", "at", "attempts", "bin", "brand", "by", "channel", "count", "country", "enabled",
    "expires", "expiry", "fee", "fees", "host", "id", "in", "issuer", "last4", "left", "length",
    "limit", "max", "method", "methods", "min", "mode", "name", "policy", "provider", "required",
    "result", "scheme", "scope", "state", "status", "through", "time", "type", "url",
];
/// What stands before `code` in the name of one that opens something, or that says that it is somebody.
const CODES_OF: [&str; 18] = [
    "2fa",
    "access",
    "activation",
    "auth",
    "backup",
    "device",
    "email",
    "login",
    "mfa",
    "otp",
    "pass",
    "pin",
    "recovery",
    "reset",
    "sms",
    "tfa",
    "unlock",
    "verification",
];
/// What has such a part and is no secret: what a token is, and the id of a card's.
const KEPT: [&str; 3] = ["cardtoken", "tokentype", "grouptoken"];
/// Last words of members that tell the name of the member beside them, and of that one.
const NAMING: [&str; 10] = [
    "name",
    "key",
    "field",
    "id",
    "label",
    "param",
    "parameter",
    "attribute",
    "property",
    "header",
];
const VALUES: [&str; 5] = ["value", "values", "val", "data", "content"];
/// The longest text that is somebody's name for a value, in bytes.
const TOLD_BYTES_MAX: usize = 64;
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
        _ => is_named(&plain, name) || (is_card_id(name) && is_short(text)),
    }
}

/// `cid`, as American Express calls the code on its cards; others call a customer so.
fn is_card_id(name: &str) -> bool {
    words(name).last().is_some_and(|word| word == "cid")
}

fn is_short(text: &str) -> bool {
    let text = text.trim();
    matches!(text.len(), 3 | 4) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_named(plain: &str, name: &str) -> bool {
    let has_part = PARTS.iter().any(|part| plain.contains(part));
    (has_part && !KEPT.contains(&plain))
        || NAMES.contains(&plain)
        || has_secret_word(name)
        || is_code(name, &serde_json::Value::from("123"))
}

/// `x_auth`, `user_pin`, `otp_code`, `pwd2`.
fn has_secret_word(name: &str) -> bool {
    let mut words = words(name);
    words.retain(|word| !word.is_empty());
    let plain =
        |word: &String| word.trim_end_matches(|sign: char| sign.is_ascii_digit()).to_owned();
    let is_one = |word: Option<&String>| {
        word.is_some_and(|word| WORDS.contains(&&**word) || WORDS.contains(&&*plain(word)))
    };
    let last = words.last().map(String::as_str).unwrap_or_default();
    let is_about = words.len() > 1 && ABOUT.contains(&last);
    let of = words.iter().rev().nth(1);
    let is_code = last == "code" && of.is_some_and(|of| CODES_OF.contains(&&**of));
    is_one(words.last()) || (is_one(words.first()) && !is_about) || is_code
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
        Json::Array(values) => told_in_list(values).is_some() || values.iter().any(has_secret_name),
        Json::Object(members) => {
            let is_one =
                |(name, value): (&str, &Json)| may_be_secret(name) || has_secret_name(value);
            !told_beside(members).is_empty() || members.iter().any(is_one)
        }
    }
}

/// Whether the member of a name is a secret, if it looks like one.
fn may_be_secret(name: &str) -> bool {
    let plain = words(name).concat();
    plain == "number" || plain == "code" || is_named(&plain, name) || is_card_id(name)
}

/// Secrets' names that members tell for a value beside them: `{"name": "cvv", "value": "739"}`.
pub(super) fn told_beside(members: &Members) -> Vec<&str> {
    if !members.names().any(is_for_a_value) {
        return Vec::new();
    }
    let naming = members.iter().filter(|(name, _)| ends_with(name, &NAMING));
    naming.filter_map(|(_, value)| told(value)).collect()
}

/// Whether what a member is told to be stands under this name.
pub(super) fn is_for_a_value(name: &str) -> bool {
    ends_with(name, &VALUES)
}

/// A secret's name that the first of two elements tells for the second: `["cvv", "739"]`. A list of two such names is one of names.
pub(super) fn told_in_list(values: &[Json]) -> Option<&str> {
    let [name, value] = values else { return None };
    let is_name = value.as_str().is_some_and(|text| is_word(text) && may_be_secret(text));
    told(name).filter(|_| !is_name)
}

fn told(value: &Json) -> Option<&str> {
    value.as_str().filter(|name| name.len() <= TOLD_BYTES_MAX && may_be_secret(name))
}

fn ends_with(name: &str, last: &[&str]) -> bool {
    words(name).last().is_some_and(|word| last.contains(&&**word))
}
