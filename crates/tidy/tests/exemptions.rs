//! The lints are the law and `clippy.toml` lists the banned functions, once. This holds the law itself: no list gets
//! shorter, no threshold rises, and an `#[expect]` stands only in the files that may have one.

use toml::{Table, Value};

use crate::rust::{code_of, item_end, line_of};
use crate::tree::{File, file, files};
use crate::{assert_complains, assert_tidy};

/// The bans that make time, chance and tasks something a simulation can hold.
const BANNED: [&str; 12] = [
    "jiff::Timestamp::now",
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "tokio::time::Instant::now",
    "tokio::time::sleep",
    "std::thread::sleep",
    "rand::rng",
    "rand::random",
    "tokio::spawn",
    "std::env::var",
    "std::env::vars",
    "std::env::set_var",
];

const THRESHOLDS: [(&str, i64); 2] =
    [("too-many-lines-threshold", 60), ("too-many-arguments-threshold", 5)];

/// Lints of the workspace that must stay as strict as this.
const LINTS: [(&str, &str); 16] = [
    ("rust.unsafe_code", "forbid"),
    ("rust.missing_docs", "warn"),
    ("rust.unreachable_pub", "warn"),
    ("clippy.all", "deny"),
    ("clippy.pedantic", "warn"),
    ("clippy.unwrap_used", "deny"),
    ("clippy.indexing_slicing", "warn"),
    ("clippy.dbg_macro", "deny"),
    ("clippy.todo", "deny"),
    ("clippy.unimplemented", "deny"),
    ("clippy.print_stdout", "deny"),
    ("clippy.print_stderr", "deny"),
    ("clippy.allow_attributes", "deny"),
    ("clippy.await_holding_lock", "deny"),
    ("clippy.wildcard_enum_match_arm", "deny"),
    ("clippy.too_many_lines", "deny"),
];

/// Lints that product code may expect only in these files; in tests and benches they are free.
const EXPECTED_ONLY_IN: [(&str, &[&str]); 7] = [
    (
        "clippy::disallowed_methods",
        &[
            "crates/engine/src/clock.rs",
            "crates/engine/src/entropy.rs",
            // The real Transport: sockets live in real time, beneath every Clock.
            "crates/engine/src/http/",
            // A person at a terminal waits in real time.
            "crates/posthorn/src/cli/",
        ],
    ),
    ("clippy::print_stdout", &["crates/posthorn/src/cli", "crates/posthorn/src/main.rs"]),
    ("clippy::print_stderr", &["crates/posthorn/src/cli", "crates/posthorn/src/main.rs"]),
    ("clippy::too_many_lines", &[]),
    ("clippy::too_many_arguments", &[]),
    ("clippy::unwrap_used", &[]),
    ("clippy::await_holding_lock", &[]),
];

fn parsed(text: &str) -> Table {
    text.parse().expect("TOML")
}

fn shortened(clippy: &Table) -> Vec<String> {
    let bans: Vec<&Value> =
        clippy.get("disallowed-methods").and_then(Value::as_array).into_iter().flatten().collect();
    let path = |ban: &Value| ban.get("path").and_then(Value::as_str).unwrap_or("").to_owned();
    let reason = |ban: &Value| ban.get("reason").and_then(Value::as_str).unwrap_or("").len();
    let missing = BANNED
        .iter()
        .filter(|banned| !bans.iter().any(|ban| path(ban) == **banned))
        .map(|banned| format!("clippy.toml no longer bans {banned}: put it back"));
    let bare = bans
        .iter()
        .filter(|ban| reason(ban) < 10)
        .map(|ban| format!("clippy.toml bans {} without saying what to do instead", path(ban)));
    let loose = THRESHOLDS
        .iter()
        .filter(|(name, most)| {
            clippy.get(*name).and_then(Value::as_integer).is_none_or(|n| n > *most)
        })
        .map(|(name, most)| format!("clippy.toml: {name} must be at most {most}"));
    missing.chain(bare).chain(loose).collect()
}

fn weakened(workspace: &Table) -> Vec<String> {
    let level = |name: &str| {
        let (tool, lint) = name.split_once('.')?;
        let lint = workspace.get("workspace")?.get("lints")?.get(tool)?.get(lint)?;
        lint.as_str().or_else(|| lint.get("level")?.as_str())
    };
    let strength =
        |level: &str| ["allow", "warn", "deny", "forbid"].iter().position(|l| *l == level);
    LINTS
        .iter()
        .filter(|(name, least)| level(name).and_then(strength) < strength(least))
        .map(|(name, least)| format!("Cargo.toml: lint {name} must be at least {least}"))
        .collect()
}

fn outside_the_law(manifest: &File) -> Vec<String> {
    let table = parsed(&manifest.text);
    let obeys =
        table.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool);
    let complaint = format!("{} needs [lints] workspace = true", manifest.path);
    if obeys == Some(true) { Vec::new() } else { vec![complaint] }
}

fn misplaced(file: &File) -> Vec<String> {
    let code = code_of(&file.text);
    let mut complaints = Vec::new();
    for opening in ["#[expect(", "#![expect("] {
        for (at, _) in code.match_indices(opening) {
            let inside =
                &code[at..item_end(code.as_bytes(), at + opening.len() - 1).min(code.len())];
            let inside = inside.split(']').next().unwrap_or("");
            for (lint, allowed) in EXPECTED_ONLY_IN {
                if inside.contains(lint) && !allowed.iter().any(|path| file.path.starts_with(path))
                {
                    complaints.push(format!(
                        "{}:{} expects {lint}, which may only be expected in {allowed:?}: see clippy.toml for what to do instead",
                        file.path,
                        line_of(&code, at)
                    ));
                }
            }
        }
    }
    complaints
}

#[test]
fn the_list_of_bans_is_never_shortened() {
    assert_tidy(&shortened(&parsed(&file("clippy.toml").expect("clippy.toml").text)));
}

#[test]
fn the_lints_are_never_weakened_and_every_crate_obeys_them() {
    assert_tidy(&weakened(&parsed(&file("Cargo.toml").expect("Cargo.toml").text)));
    let manifests = files()
        .iter()
        .filter(|file| file.path.starts_with("crates/") && file.path.ends_with("/Cargo.toml"));
    assert_tidy(&manifests.flat_map(outside_the_law).collect::<Vec<_>>());
}

#[test]
fn exemptions_stay_in_the_files_that_may_have_them() {
    let product = files()
        .iter()
        .filter(|file| file.is_rust() && file.path.starts_with("crates/") && !file.is_test_only());
    assert_tidy(&product.flat_map(misplaced).collect::<Vec<_>>());
}

#[test]
fn a_missing_ban_a_bare_one_and_a_loose_threshold_are_refused() {
    let clippy = parsed(
        "too-many-lines-threshold = 61\ndisallowed-methods = [{ path = \"rand::rng\", reason = \"\" }]",
    );
    let complaints = shortened(&clippy);
    assert_complains(&complaints, "no longer bans tokio::spawn");
    assert_complains(&complaints, "rand::rng without saying");
    assert_complains(&complaints, "too-many-lines-threshold");
    assert_complains(&complaints, "too-many-arguments-threshold");
}

#[test]
fn a_weaker_lint_and_a_crate_without_lints_are_refused() {
    let cargo =
        parsed("[workspace.lints.clippy]\nunwrap_used = \"warn\"\nall = { level = \"deny\" }");
    let complaints = weakened(&cargo);
    assert_complains(&complaints, "clippy.unwrap_used");
    assert_complains(&complaints, "rust.unsafe_code");
    assert!(!complaints.iter().any(|complaint| complaint.contains("clippy.all ")));
    assert_complains(
        &outside_the_law(&File::sample("crates/a/Cargo.toml", "[package]")),
        "crates/a",
    );
}

#[test]
fn a_clock_read_in_the_store_is_refused() {
    let text =
        "//!\n#[expect(clippy::disallowed_methods, reason = \"just once\")]\nfn f() { g(); }";
    assert_complains(&misplaced(&File::sample("crates/store/src/a.rs", text)), "a.rs:2 expects");
    assert!(misplaced(&File::sample("crates/engine/src/clock.rs", text)).is_empty());
}
