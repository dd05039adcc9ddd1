//! Sixty lines a function, four hundred a file: half of all good functions are ten lines; it is the tail that rots.

use std::collections::BTreeMap;

use crate::rust::{code_without_tests, identifier_at, item_end, line_of, words};
use crate::tree::{File, file, files, git};
use crate::{assert_complains, assert_tidy};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 60;
const ENTRY_POINT_LINES_MAX: usize = 100;
const RATCHET: &str = "crates/tidy/ratchet.txt";

/// Files that may be longer for now, with the exact length they have.
type Ratchet = BTreeMap<String, usize>;

fn parse(ratchet: &str) -> Ratchet {
    ratchet
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let (path, lines) = line.rsplit_once(' ').expect("PATH LINES");
            (path.to_owned(), lines.parse().expect("a number of lines"))
        })
        .collect()
}

fn long_files(files: &[File], ratchet: &Ratchet) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let lines = file.text.lines().count();
        match ratchet.get(&file.path) {
            None if lines > FILE_LINES_MAX => complaints.push(format!(
                "{} has {lines} lines, over {FILE_LINES_MAX}: what is the second thing in it?",
                file.path
            )),
            Some(&kept) if lines > kept => {
                complaints.push(format!("{} grew from {kept} to {lines} lines", file.path));
            }
            Some(&kept) if lines < kept => complaints.push(format!(
                "{} shrank to {lines} lines, well done: say so in {RATCHET} (or delete its line)",
                file.path
            )),
            None | Some(_) => {}
        }
    }
    let gone = ratchet.keys().filter(|path| !files.iter().any(|file| file.path == **path));
    complaints.extend(gone.map(|path| format!("{RATCHET} names {path}, which is gone")));
    complaints
}

fn loosened(now: &Ratchet, before: &Ratchet) -> Vec<String> {
    now.iter()
        .filter(|(path, lines)| before.get(*path).is_none_or(|kept| *lines > kept))
        .map(|(path, _)| format!("{RATCHET} may only shrink: split {path} instead"))
        .collect()
}

fn long_functions(file: &File) -> Vec<String> {
    let code = code_without_tests(&file.text);
    let mut complaints = Vec::new();
    for at in words(&code, "fn") {
        let name = identifier_at(&code, (at + 3).min(code.len()));
        let lines = code[at..item_end(code.as_bytes(), at)].lines().count();
        if !name.is_empty() && lines > FUNCTION_LINES_MAX {
            complaints.push(format!(
                "{}:{} `{name}` has {lines} lines, over {FUNCTION_LINES_MAX}: one parent decides, leaves compute",
                file.path,
                line_of(&code, at)
            ));
        }
    }
    complaints
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let ratchet = parse(&file(RATCHET).expect("the ratchet list").text);
    assert_tidy(&long_files(files(), &ratchet));
}

#[test]
fn the_ratchet_only_shrinks() {
    let now = parse(&file(RATCHET).expect("the ratchet list").text);
    for revision in ["HEAD", "HEAD^"] {
        if let Some(before) = git(&["show", &format!("{revision}:{RATCHET}")]) {
            assert_tidy(&loosened(&now, &parse(&before)));
        }
    }
}

#[test]
fn no_function_is_longer_than_sixty_lines() {
    let sources = files().iter().filter(|file| file.is_rust() && !file.is_test_only());
    assert_tidy(&sources.flat_map(long_functions).collect::<Vec<_>>());
}

#[test]
fn the_entry_point_only_dispatches() {
    let lines = file("x").expect("./x").text.lines().count();
    assert!(lines < ENTRY_POINT_LINES_MAX, "./x has {lines} lines: move work to scripts/");
}

#[test]
fn a_file_of_four_hundred_and_one_lines_is_refused() {
    let long = [File::sample("crates/core/src/long.rs", &"//! x\n".repeat(401))];
    assert_complains(&long_files(&long, &Ratchet::new()), "long.rs has 401 lines");
    assert_complains(&long_files(&long, &parse("crates/core/src/long.rs 500")), "shrank");
    assert_complains(&long_files(&long, &parse("crates/core/src/long.rs 400")), "grew");
    assert_complains(&long_files(&[], &parse("crates/core/src/long.rs 400")), "gone");
    assert!(long_files(&long, &parse("# why\ncrates/core/src/long.rs 401")).is_empty());
}

#[test]
fn a_new_or_larger_debt_is_refused() {
    assert_complains(&loosened(&parse("a.rs 401"), &parse("")), "split a.rs");
    assert_complains(&loosened(&parse("a.rs 402"), &parse("a.rs 401")), "split a.rs");
    assert!(loosened(&parse("a.rs 400"), &parse("a.rs 401\nb.rs 500")).is_empty());
}

#[test]
fn a_function_of_sixty_one_lines_is_refused_wherever_it_hides() {
    let body = "    a();\n".repeat(59);
    let method = format!("impl A {{\nfn long(a: [u8; 3]) -> u8 {{\n{body}}}\n}}");
    assert_complains(&long_functions(&File::sample("a.rs", &method)), "a.rs:2 `long` has 61 lines");
    let test = format!("#[cfg(test)]\nmod tests {{\nfn long() {{\n{body}}}\n}}");
    assert!(long_functions(&File::sample("a.rs", &test)).is_empty());
    let signature = format!("trait A {{ fn short(a: [u8; 3]);\n}}\nmod b {{ {body} }}");
    assert!(long_functions(&File::sample("a.rs", &signature)).is_empty());
}
