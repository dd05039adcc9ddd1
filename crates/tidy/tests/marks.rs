//! What may not stand in a source: unfinished marks without an issue, prints outside the terminal's files, and a
//! comparison with a contract's name.

use crate::rust::{code_without_tests, line_of, words};
use crate::tree::{File, files};
use crate::{assert_complains, assert_tidy};

/// Written apart, so that this file does not complain about itself.
const NEVER: [&str; 2] = [concat!("FIX", "ME"), concat!("XX", "X")];
const WITH_AN_ISSUE: &str = concat!("TO", "DO");

const SOURCES: [&str; 6] = ["rs", "toml", "sql", "sh", "py", "js"];

/// A person reads these files' output; everything else speaks through tracing or an answer.
const MAY_PRINT: [&str; 3] =
    ["crates/posthorn/src/cli/", "crates/posthorn/src/cli.rs", "crates/posthorn/src/main.rs"];
const PRINTS: [&str; 4] = ["println", "eprintln", "print", "eprint"];

fn unfinished(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let place = format!("{}:{}", file.path, number + 1);
        for mark in NEVER.iter().filter(|mark| !words(line, mark).is_empty()) {
            complaints.push(format!("{place} says {mark}: do it, or open an issue and name it"));
        }
        for at in words(line, WITH_AN_ISSUE) {
            let rest = &line[at + WITH_AN_ISSUE.len()..];
            let named = rest.strip_prefix("(#").and_then(|rest| rest.split(')').next());
            if named.is_none_or(|issue| issue.parse::<u32>().is_err()) {
                complaints.push(format!(
                    "{place} says {WITH_AN_ISSUE} without an issue: {WITH_AN_ISSUE}(#12)"
                ));
            }
        }
    }
    complaints
}

fn prints(file: &File) -> Vec<String> {
    if file.is_test_only() || MAY_PRINT.iter().any(|path| file.path.starts_with(path)) {
        return Vec::new();
    }
    let code = code_without_tests(&file.text);
    let mut complaints = Vec::new();
    for print in PRINTS {
        let calls = words(&code, print);
        for at in calls.into_iter().filter(|at| code[at + print.len()..].starts_with('!')) {
            complaints.push(format!(
                "{}:{} prints: answer, return or trace it; only posthorn/src/cli speaks to a terminal",
                file.path,
                line_of(&code, at)
            ));
        }
    }
    complaints
}

/// Where product code compares something with a contract's name, either way round or in a match.
fn dialects(file: &File, contracts: &[&str]) -> Vec<String> {
    let code = code_without_tests(&file.text);
    let mut complaints = Vec::new();
    for operator in ["==", "!=", "=>"] {
        for (at, _) in code.match_indices(operator) {
            let before = file.text[..at].trim_end();
            let after = file.text[at + operator.len()..].trim_start();
            let name = contracts.iter().find(|name| {
                let quoted = format!("\"{name}\"");
                before.ends_with(&quoted) || (operator != "=>" && after.starts_with(&quoted))
            });
            if let Some(name) = name {
                complaints.push(format!(
                    "{}:{} decides by the name of {name}: a dialect is a file, so make it a field, a hole or a variant, with a vector",
                    file.path,
                    line_of(&code, at)
                ));
            }
        }
    }
    complaints
}

fn product() -> impl Iterator<Item = &'static File> {
    files()
        .iter()
        .filter(|file| file.is_rust() && file.path.starts_with("crates/") && !file.is_test_only())
}

#[test]
fn nothing_is_marked_unfinished() {
    let sources =
        files().iter().filter(|file| SOURCES.contains(&file.extension()) || file.path == "x");
    assert_tidy(&sources.flat_map(unfinished).collect::<Vec<_>>());
}

#[test]
fn only_the_terminal_prints() {
    assert_tidy(&product().flat_map(prints).collect::<Vec<_>>());
}

#[test]
fn no_code_decides_by_a_contracts_name() {
    let contracts: Vec<&str> = files()
        .iter()
        .filter_map(|file| file.path.strip_prefix("contracts/")?.strip_suffix(".toml"))
        .collect();
    assert!(contracts.contains(&"krxscale"), "the contracts have moved: {contracts:?}");
    let complaints = product().flat_map(|file| dialects(file, &contracts));
    assert_tidy(&complaints.collect::<Vec<_>>());
}

#[test]
fn a_mark_without_an_issue_is_refused() {
    for mark in NEVER {
        assert_complains(
            &unfinished(&File::sample("a.sql", &format!("-- {mark}: later"))),
            "a.sql:1",
        );
    }
    let todo =
        |rest: &str| unfinished(&File::sample("a.rs", &format!("//!\n// {WITH_AN_ISSUE}{rest}")));
    assert_complains(&todo(": later"), "a.rs:2");
    assert_complains(&todo("(#soon)"), "a.rs:2");
    assert!(todo("(#12): later").is_empty());
}

#[test]
fn a_print_in_the_engine_is_refused() {
    let text =
        "//!\nfn f() { println!(\"x\"); }\n#[cfg(test)]\nmod tests { fn g() { print!(\"\"); } }";
    assert_complains(&prints(&File::sample("crates/engine/src/a.rs", text)), "a.rs:2 prints");
    assert_eq!(prints(&File::sample("crates/engine/src/a.rs", text)).len(), 1);
    assert!(prints(&File::sample("crates/posthorn/src/cli/a.rs", text)).is_empty());
}

#[test]
fn a_decision_by_name_is_refused_in_every_shape() {
    let decides = |body: &str| {
        dialects(&File::sample("crates/core/src/a.rs", &format!("//!\n{body}")), &["krxscale"])
    };
    assert_complains(&decides("if contract.name == \"krxscale\" {}"), "a.rs:2");
    assert_complains(&decides("if \"krxscale\" != contract.name() {}"), "a.rs:2");
    assert_complains(&decides("match name { \"krxscale\" => 1 }"), "a.rs:2");
    assert!(decides("const NAME: &str = \"krxscale\"; if name == other {}").is_empty());
    assert!(decides("#[cfg(test)]\nmod t { fn f() { assert!(a == \"krxscale\"); } }").is_empty());
}
