//! Our nouns only. A vague word hides that nobody decided what the thing is; a second word for one thing makes two.

use std::path::Path;

use crate::rust::{code_of, identifier_at, line_of, words};
use crate::tree::{File, files};
use crate::{assert_complains, assert_tidy};

/// Words that no name may contain, each with what to write instead.
const BANNED: [(&str, &str); 14] = [
    ("util", "name the module for what it does"),
    ("utils", "name the module for what it does"),
    ("helper", "name it for what it does, or put it beside its only caller"),
    ("helpers", "name the module for what it does"),
    ("manager", "name the verb: who accepts, claims, settles?"),
    ("handler2", "say how it differs from the first"),
    ("info", "say which facts: Reply, Phases, Progress"),
    ("tenant", "merchant"),
    ("tenants", "merchants"),
    ("subscription", "endpoint"),
    ("subscriptions", "endpoints"),
    ("hook", "endpoint (or delivery, when it is one event on its way)"),
    ("hooks", "endpoints"),
    ("misc", "name it for what it does"),
];

/// Names that say nothing when they stand alone for a type or a module.
const EMPTY_ALONE: [&str; 2] = ["data", "process"];

const DEFINES: [&str; 9] =
    ["fn", "struct", "enum", "union", "trait", "type", "mod", "const", "static"];

/// `HandlerTwo`, `handler_two` and `HANDLER_TWO` are the same two words.
fn split(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before_was_lower = false;
    for letter in name.chars() {
        if letter == '_' || (letter.is_uppercase() && before_was_lower) {
            parts.push(String::new());
        }
        before_was_lower = letter.is_lowercase() || letter.is_ascii_digit();
        if letter != '_' {
            parts.last_mut().expect("never empty").extend(letter.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn fault(keyword: &str, name: &str) -> Option<String> {
    let parts = split(name);
    for (word, instead) in BANNED {
        if parts.iter().any(|part| part == word) {
            return Some(format!("`{name}` says {word}: {instead}"));
        }
    }
    if keyword == "fn" && parts.len() > 1 && parts[0] == "process" {
        return Some(format!(
            "`{name}` says process: name the verb (accept, claim, sign, settle, record)"
        ));
    }
    let alone = ["struct", "enum", "type", "mod", "trait"].contains(&keyword)
        && parts.len() == 1
        && EMPTY_ALONE.contains(&parts[0].as_str());
    alone.then(|| format!("`{name}` alone says nothing: name what it holds"))
}

fn bad_names(file: &File) -> Vec<String> {
    let code = code_of(&file.text);
    let mut complaints = Vec::new();
    for keyword in DEFINES {
        for at in words(&code, keyword) {
            let from = at + keyword.len() + 1;
            let name = if from < code.len() { identifier_at(&code, from) } else { "" };
            if let Some(fault) = fault(keyword, name) {
                complaints.push(format!("{}:{} {fault}", file.path, line_of(&code, at)));
            }
        }
    }
    let stem = Path::new(&file.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
    complaints.extend(fault("mod", stem).map(|fault| format!("{}: {fault}", file.path)));
    complaints
}

#[test]
fn names_use_our_nouns() {
    let sources = files().iter().filter(|file| file.is_rust() && file.path.starts_with("crates/"));
    assert_tidy(&sources.flat_map(bad_names).collect::<Vec<_>>());
}

#[test]
fn a_vague_or_foreign_name_is_refused_with_a_better_one() {
    let names = |text: &str| bad_names(&File::sample("crates/core/src/a.rs", text));
    assert_complains(&names("//!\nstruct TenantId;"), "a.rs:2 `TenantId` says tenant: merchant");
    assert_complains(&names("//!\nmod string_utils;"), "utils");
    assert_complains(&names("//!\nfn process_event() {}"), "name the verb");
    assert_complains(&names("//!\nconst HOOKS_MAX: u8 = 1;"), "endpoints");
    assert_complains(&names("//!\nstruct Data;"), "name what it holds");
    assert_complains(&bad_names(&File::sample("crates/core/src/helpers.rs", "//!")), "helpers.rs");
}

#[test]
fn a_word_inside_another_is_another_word() {
    let text = "//! utils\nstruct WebhookSecret; fn information() {} fn data() {} fn process() {}";
    assert!(bad_names(&File::sample("crates/core/src/a.rs", text)).is_empty());
    assert_eq!(split("HTTPServer_v2Name"), ["httpserver", "v2", "name"]);
}
