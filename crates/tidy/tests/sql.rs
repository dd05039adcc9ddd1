//! SQL lives in named files: each is a verb's, migrations count without gaps, and one that has shipped never changes.

use sha2::{Digest, Sha256};

use crate::tree::{File, file, files};
use crate::{assert_complains, assert_tidy};

const VERBS: &str = "crates/store/sql/";
const MIGRATIONS: &str = "crates/store/migrations/";
const RELEASED: &str = "crates/store/migrations/RELEASED";

fn below<'a>(files: &'a [File], folder: &str, suffix: &str) -> Vec<(&'a str, &'a File)> {
    files
        .iter()
        .filter_map(|file| {
            let name = file.path.strip_prefix(folder)?.strip_suffix(suffix)?;
            Some((name, file))
        })
        .collect()
}

fn unused(files: &[File]) -> Vec<String> {
    let sources: Vec<&File> =
        files.iter().filter(|f| f.is_rust() && f.path.starts_with("crates/store/src/")).collect();
    below(files, VERBS, ".sqlite.sql")
        .into_iter()
        .filter(|(verb, _)| {
            let names = [format!("\"{verb}\""), format!("{verb}.sqlite.sql\"")];
            !sources.iter().any(|source| names.iter().any(|name| source.text.contains(name)))
        })
        .map(|(_, file)| {
            format!("{} is named by no verb in crates/store/src: delete it", file.path)
        })
        .collect()
}

fn without_a_twin(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (one, other) in [(".sqlite.sql", ".postgres.sql"), (".postgres.sql", ".sqlite.sql")] {
        let twins = below(files, VERBS, other);
        for (verb, file) in below(files, VERBS, one) {
            if !twins.iter().any(|(name, _)| *name == verb) {
                complaints.push(format!("{} needs {VERBS}{verb}{other} beside it", file.path));
            }
        }
    }
    let numbers = |folder| -> Vec<&str> {
        let migrations = below(files, &format!("{MIGRATIONS}{folder}/"), ".sql");
        migrations.into_iter().map(|(name, _)| name).collect()
    };
    if numbers("sqlite") != numbers("postgres") {
        complaints.push(format!("{MIGRATIONS}sqlite and postgres must hold the same names"));
    }
    complaints
}

fn gaps(files: &[File], folder: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (index, (name, file)) in
        below(files, &format!("{MIGRATIONS}{folder}/"), ".sql").iter().enumerate()
    {
        let expected = format!("{:04}_", index + 1);
        if !name.starts_with(&expected) {
            complaints.push(format!(
                "{} must begin with {expected}: migrations count without gaps",
                file.path
            ));
        }
    }
    complaints
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// What `sha256sum` printed when each migration shipped, against what stands there now.
fn rewritten(released: &str, files: &[File]) -> Vec<String> {
    let lines = released.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .filter_map(|line| {
            let (hash, name) = line.split_once("  ").expect("HASH, two spaces, FILE");
            let path = format!("{MIGRATIONS}{name}");
            match files.iter().find(|file| file.path == path) {
                None => {
                    Some(format!("{path} has shipped and is gone: put it back, write a new one"))
                }
                Some(file) if digest(&file.text) != hash => Some(format!(
                    "{path} has shipped and was changed: put it back, write a new one"
                )),
                Some(_) => None,
            }
        })
        .collect()
}

#[test]
fn every_statement_file_is_some_verbs() {
    assert!(!below(files(), VERBS, ".sqlite.sql").is_empty(), "no statements below {VERBS}");
    assert_tidy(&unused(files()));
}

#[test]
fn statements_and_migrations_come_in_pairs() {
    assert_tidy(&without_a_twin(files()));
}

#[test]
fn migrations_count_without_gaps() {
    let first = below(files(), &format!("{MIGRATIONS}sqlite/"), ".sql");
    assert!(!first.is_empty(), "no migrations below {MIGRATIONS}sqlite/");
    assert_tidy(&gaps(files(), "sqlite"));
    assert_tidy(&gaps(files(), "postgres"));
}

#[test]
fn a_released_migration_never_changes() {
    let released = file(RELEASED).expect("the list of released migrations");
    assert_tidy(&rewritten(&released.text, files()));
}

#[test]
fn a_statement_nobody_names_is_refused() {
    let verb = |text: &str| {
        [
            File::sample("crates/store/sql/claim.sqlite.sql", "update"),
            File::sample("crates/store/src/lib.rs", text),
        ]
    };
    assert_complains(&unused(&verb("//! claim")), "claim.sqlite.sql is named by no verb");
    assert!(unused(&verb("include_str!(\"../sql/claim.sqlite.sql\")")).is_empty());
}

#[test]
fn a_statement_in_one_dialect_is_refused() {
    let lonely = [
        File::sample("crates/store/sql/claim.sqlite.sql", ""),
        File::sample("crates/store/sql/settle.postgres.sql", ""),
        File::sample("crates/store/migrations/sqlite/0001_start.sql", ""),
    ];
    let complaints = without_a_twin(&lonely);
    assert_complains(&complaints, "needs crates/store/sql/claim.postgres.sql");
    assert_complains(&complaints, "needs crates/store/sql/settle.sqlite.sql");
    assert_complains(&complaints, "must hold the same names");
}

#[test]
fn a_skipped_number_and_a_rewritten_migration_are_refused() {
    let files = [
        File::sample("crates/store/migrations/sqlite/0001_start.sql", "create"),
        File::sample("crates/store/migrations/sqlite/0003_more.sql", "alter"),
    ];
    assert_complains(&gaps(&files, "sqlite"), "must begin with 0002_");

    let shipped = format!("# sha256sum\n{}  sqlite/0001_start.sql\n", digest("create"));
    assert!(rewritten(&shipped, &files).is_empty());
    assert_complains(
        &rewritten(&shipped.replace("0001_start", "0003_more"), &files),
        "was changed",
    );
    assert_complains(&rewritten(&shipped, &[]), "is gone");
}
