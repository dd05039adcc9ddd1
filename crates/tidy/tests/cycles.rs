//! No two modules of a crate use each other. Between crates cargo sees to it; inside one, nobody does but this.

use std::collections::{BTreeMap, BTreeSet};

use crate::rust::{code_without_tests, identifier_at};
use crate::tree::{File, files};
use crate::{assert_complains, assert_tidy};

/// Which top-level modules of a crate each of its top-level modules names.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// The crate's folder and the top-level module a file belongs to; crate roots belong to none.
fn module_of(path: &str) -> Option<(&str, &str)> {
    let (folder, inside) = path.split_once("/src/")?;
    let top = inside.split('/').next()?;
    let module = top.strip_suffix(".rs").unwrap_or(top);
    (!["lib", "main", "bin"].contains(&module)).then_some((folder, module))
}

/// The names that follow `crate::` (or `super::`, in a file directly below the root), groups opened.
fn names_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let from = at + prefix.len();
        if !code[from..].starts_with('{') {
            names.insert(identifier_at(code, from).to_owned());
            continue;
        }
        let (mut depth, mut expects) = (0_usize, false);
        for (offset, letter) in code[from..].char_indices() {
            match letter {
                '{' => (depth, expects) = (depth + 1, depth == 0),
                '}' if depth == 1 => break,
                '}' => depth -= 1,
                ',' => expects = depth == 1,
                letter if letter.is_whitespace() => {}
                _ if expects => {
                    names.insert(identifier_at(code, from + offset).to_owned());
                    expects = false;
                }
                _ => {}
            }
        }
    }
    names
}

fn uses(files: &[&File]) -> BTreeMap<String, Uses> {
    let mut crates: BTreeMap<String, Uses> = BTreeMap::new();
    for file in files {
        let Some((folder, module)) = module_of(&file.path) else { continue };
        let code = code_without_tests(&file.text);
        let mut names = names_after(&code, "crate::");
        let below_root = file.path.ends_with(&format!("/src/{module}.rs"))
            || file.path.ends_with(&format!("/src/{module}/mod.rs"));
        if below_root {
            names.extend(names_after(&code, "super::"));
        }
        names.remove(module);
        crates
            .entry(folder.to_owned())
            .or_default()
            .entry(module.to_owned())
            .or_default()
            .extend(names);
    }
    crates
}

fn two_way(files: &[&File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (folder, modules) in uses(files) {
        for (one, names) in &modules {
            for other in names.iter().filter(|other| one < *other) {
                if modules.get(other).is_some_and(|back| back.contains(one)) {
                    complaints.push(format!(
                        "{folder}: `{one}` and `{other}` use each other: move what both need below both"
                    ));
                }
            }
        }
    }
    complaints
}

#[test]
fn no_two_modules_use_each_other() {
    let sources: Vec<&File> = files()
        .iter()
        .filter(|file| file.is_rust() && file.path.starts_with("crates/") && !file.is_test_only())
        .collect();
    assert_tidy(&two_way(&sources));
}

#[test]
fn two_modules_that_use_each_other_are_refused() {
    let event =
        File::sample("crates/core/src/event.rs", "//!\nuse crate::{id::Id,\n route::{a, b}};");
    let route =
        File::sample("crates/core/src/route/mod.rs", "//!\nfn f(e: crate::event::Event) {}");
    assert_complains(
        &two_way(&[&event, &route]),
        "crates/core: `event` and `route` use each other",
    );

    let sideways = File::sample("crates/core/src/route.rs", "//!\nuse super::event::Event;");
    assert_complains(&two_way(&[&event, &sideways]), "use each other");
}

#[test]
fn one_way_use_and_use_in_tests_are_fine() {
    let event = File::sample("crates/core/src/event.rs", "//! crate::route\nuse crate::id::Id;");
    let id = File::sample(
        "crates/core/src/id.rs",
        "//!\n#[cfg(test)]\nmod tests { use crate::event::Event; }",
    );
    let other = File::sample("crates/store/src/id.rs", "//!\nuse crate::event::Event;");
    assert!(two_way(&[&event, &id, &other]).is_empty());
}
