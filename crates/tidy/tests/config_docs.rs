//! Every config key has its line in `docs/config.md`: an option that nobody can find does not exist.

use std::collections::{BTreeMap, BTreeSet};

use crate::rust::{code_of, identifier_at, item_end, words};
use crate::tree::{File, file, files};
use crate::{assert_complains, assert_tidy};

const DOCS: &str = "docs/config.md";

/// A config struct's fields: the name, and the struct it opens when it is a section.
type Fields = Vec<(String, Option<String>)>;

/// The config structs of a file, by name.
fn structs(text: &str) -> BTreeMap<String, Fields> {
    let code = code_of(text);
    let mut found = BTreeMap::new();
    for at in words(&code, "struct") {
        let head = code[..at].rfind(['}', ';']).map_or(0, |end| end + 1);
        let derives_config =
            code[head..at].contains("derive(") && !words(&code[head..at], "Config").is_empty();
        let item = &code[at..item_end(code.as_bytes(), at)];
        if let (true, Some(open)) = (derives_config, item.find('{')) {
            let name = identifier_at(&code, at + "struct ".len()).to_owned();
            found.insert(name, fields(&item[open + 1..item.len() - 1]));
        }
    }
    found
}

fn fields(body: &str) -> Fields {
    let mut fields = Fields::new();
    for segment in top_level_segments(body) {
        let nested = segment.contains("nested");
        let plain = without_attributes(&segment);
        let Some((name, kind)) = plain.split_once(':') else { continue };
        let name = name.split_whitespace().last().unwrap_or("").to_owned();
        let kind = kind.trim().rsplit("::").next().unwrap_or("").trim().to_owned();
        fields.push((name, nested.then_some(kind)));
    }
    fields
}

fn top_level_segments(body: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut depth = 0_i32;
    for letter in body.chars() {
        match letter {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth -= 1,
            ',' if depth == 0 => {
                segments.push(String::new());
                continue;
            }
            _ => {}
        }
        segments.last_mut().expect("never empty").push(letter);
    }
    segments
}

fn without_attributes(segment: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0_i32;
    for letter in segment.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth -= 1,
            letter if depth == 0 && letter != '#' => plain.push(letter),
            _ => {}
        }
    }
    plain
}

/// Every key as an operator writes it: `section.name`.
fn keys(structs: &BTreeMap<String, Fields>) -> BTreeSet<String> {
    let sections: BTreeSet<&String> =
        structs.values().flatten().filter_map(|(_, section)| section.as_ref()).collect();
    let mut keys = BTreeSet::new();
    let mut waiting: Vec<(String, &Fields)> = structs
        .iter()
        .filter(|(name, _)| !sections.contains(name))
        .map(|(_, fields)| (String::new(), fields))
        .collect();
    while let Some((prefix, fields)) = waiting.pop() {
        for (name, section) in fields {
            let key = format!("{prefix}{name}");
            match section.as_ref().and_then(|section| structs.get(section)) {
                Some(inner) => waiting.push((format!("{key}."), inner)),
                None => drop(keys.insert(key)),
            }
        }
    }
    keys
}

/// Whether the page shows this key, dotted or below its `[section]`.
fn shows(docs: &str, key: &str) -> bool {
    let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut here = "";
    docs.lines().any(|line| {
        let bare = line.trim_start_matches(['#', ' ', '|', '-', '`']);
        if let Some(header) = bare.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            here = header;
        }
        let listed = here == section
            && bare.strip_prefix(name).is_some_and(|rest| {
                rest.trim_start_matches(['`', ' ']).starts_with(['=', '|', ':'])
            });
        listed || line.contains(&format!("`{key}`"))
    })
}

fn undocumented(keys: &BTreeSet<String>, docs: &str) -> Vec<String> {
    keys.iter()
        .filter(|key| !shows(docs, key))
        .map(|key| format!("{DOCS} does not show the key {key}: run ./x gen"))
        .collect()
}

fn config_sources() -> Vec<&'static File> {
    files()
        .iter()
        .filter(|file| {
            file.path == "crates/posthorn/src/config.rs"
                || file.path.starts_with("crates/posthorn/src/config/")
        })
        .collect()
}

#[test]
fn every_config_key_is_documented() {
    let sources = config_sources();
    if sources.is_empty() {
        return;
    }
    let structs = sources.iter().flat_map(|source| structs(&source.text)).collect();
    let keys = keys(&structs);
    assert!(keys.len() > 3, "tidy no longer understands how the config is declared: {keys:?}");
    let docs = file(DOCS).unwrap_or_else(|| panic!("{DOCS} is missing: run ./x gen"));
    assert_tidy(&undocumented(&keys, &docs.text));
}

#[test]
fn an_undocumented_key_is_refused() {
    let source = "//!\n#[derive(Debug, Config)]\npub struct Config {\n/// Where.\n#[config(default = \"a, b\", env = \"X\")]\npub listen: SocketAddr,\n#[config(nested)]\npub limits: Limits,\n}\n#[derive(Config)]\nstruct Limits { body_bytes_max: u64, pairs: BTreeMap<String, u8> }\nstruct Other { not_a_key: u8 }";
    let keys = keys(&structs(source));
    let expected = ["limits.body_bytes_max", "limits.pairs", "listen"];
    assert_eq!(keys.iter().collect::<Vec<_>>(), expected);

    let docs = "# listen = \"a\"\n[limits]\n#body_bytes_max = 5\n";
    assert_complains(&undocumented(&keys, docs), "limits.pairs");
    assert_eq!(undocumented(&keys, docs).len(), 1);
    assert!(undocumented(&keys, &format!("{docs}`limits.pairs`")).is_empty());
}
