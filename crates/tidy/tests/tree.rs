//! The repository as the rules see it: every file that git tracks or would track, read once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::assert_tidy;

/// More than this is not source: put it where it is made, or make it in the test.
const BLOB_BYTES_MAX: usize = 100 * 1024;

/// Larger files that may be, each with its reason.
const BLOBS: [(&str, &str); 2] = [
    ("Cargo.lock", "written by cargo"),
    ("docs/openapi.json", "written by ./x gen; its diff is how an API change is seen"),
];

/// One file: its path from the root with forward slashes, its size, and its text unless it is binary.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) bytes: usize,
    pub(crate) text: String,
    /// Its parent declares it behind `#[cfg(test)]`.
    pub(crate) behind_cfg_test: bool,
}

impl File {
    /// A file that only a test's fixture knows.
    pub(crate) fn sample(path: &str, text: &str) -> Self {
        let (path, text) = (path.to_owned(), text.to_owned());
        Self { path, bytes: text.len(), text, behind_cfg_test: false }
    }

    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }

    /// What stands after the last dot.
    pub(crate) fn extension(&self) -> &str {
        Path::new(&self.path).extension().and_then(|name| name.to_str()).unwrap_or("")
    }

    /// Whether it exists for tests and measurements alone, where lengths and prints are free.
    pub(crate) fn is_test_only(&self) -> bool {
        self.behind_cfg_test
            || ["/tests/", "/benches/", "/examples/", "/conformance/", "/fuzz/"]
                .iter()
                .any(|folder| format!("/{}", self.path).contains(folder))
    }
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(read);

/// Every file of the repository.
pub(crate) fn files() -> &'static [File] {
    &FILES
}

/// One file of the repository, by its path from the root.
pub(crate) fn file(path: &str) -> Option<&'static File> {
    files().iter().find(|file| file.path == path)
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/tidy").to_owned()
}

/// What git prints, or nothing when it refuses. A checkout made by another user is still ours to read.
pub(crate) fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("git is installed");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn read() -> Vec<File> {
    let listed = git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .expect("tidy reads what git tracks: run it in a clone");
    let mut paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut files: Vec<File> = paths
        .into_iter()
        .filter_map(|path| {
            let content = std::fs::read(root().join(path)).ok()?;
            let bytes = content.len();
            let text = String::from_utf8(content).unwrap_or_default();
            Some(File { path: path.to_owned(), bytes, text, behind_cfg_test: false })
        })
        .collect();
    let test_modules: Vec<String> = files.iter().flat_map(test_modules).collect();
    for file in &mut files {
        file.behind_cfg_test = test_modules.iter().any(|module| file.path.starts_with(module));
    }
    files
}

/// The paths, without `.rs`, of the modules that this file declares for tests alone.
fn test_modules(file: &File) -> Vec<String> {
    const GATE: &str = "#[cfg(test)]";
    let Some(stem) = file.path.strip_suffix(".rs") else { return Vec::new() };
    let folder = match stem.rsplit_once('/') {
        Some((folder, "lib" | "main" | "mod")) => folder,
        _ => stem,
    };
    let declared = file.text.split(GATE).skip(1).filter_map(|after| {
        let name = after.trim_start().strip_prefix("mod ")?;
        name.split(['\n', ' ']).next()?.strip_suffix(';')
    });
    declared.flat_map(|name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/")]).collect()
}

fn blobs(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.bytes > BLOB_BYTES_MAX)
        .filter(|file| !BLOBS.iter().any(|(path, _)| *path == file.path))
        .map(|file| {
            format!(
                "{} has {} bytes, over {BLOB_BYTES_MAX}: make it where it is needed",
                file.path, file.bytes
            )
        })
        .collect()
}

/// A crate's file that says nothing about itself costs its next reader the most.
fn without_a_first_line(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.is_rust() && !file.text.starts_with("//!"))
        .map(|file| format!("{} must begin with `//!`: what it is, then why it is so", file.path))
        .collect()
}

/// The code map is only worth having while it is true.
fn dead_paths(map: &File, exists: impl Fn(&str) -> bool) -> Vec<String> {
    map.text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| {
            ["crates/", "contracts/", "docs/", "scripts/", ".ci/"]
                .iter()
                .any(|folder| quoted.starts_with(folder))
                && !quoted.contains(['*', '<', ' ', '{'])
        })
        .filter(|path| !exists(path))
        .map(|path| format!("{} names `{path}`, which does not exist", map.path))
        .collect()
}

#[test]
fn the_repository_holds_no_blobs() {
    assert_tidy(&blobs(files()));
}

#[test]
fn every_source_file_says_what_it_is() {
    assert!(files().iter().filter(|file| file.is_rust()).count() > 20, "tidy sees too few files");
    assert_tidy(&without_a_first_line(files()));
}

#[test]
fn the_code_map_names_only_what_exists() {
    let map = file("ARCHITECTURE.md").expect("ARCHITECTURE.md");
    assert_tidy(&dead_paths(map, |path| root().join(path).exists()));
}

mod can_fail {
    use super::{BLOB_BYTES_MAX, File, blobs, dead_paths, test_modules, without_a_first_line};
    use crate::assert_complains;

    #[test]
    fn a_recording_of_a_hundred_kilobytes_is_a_blob() {
        let text = "x".repeat(BLOB_BYTES_MAX + 1);
        assert_complains(&blobs(&[File::sample("fixtures/tape.txt", &text)]), "fixtures/tape.txt");
        assert!(blobs(&[File::sample("Cargo.lock", &text)]).is_empty());
    }

    #[test]
    fn a_file_that_begins_with_a_use_is_refused() {
        let bad = [File::sample("crates/core/src/id.rs", "use std::fmt;\n//! late\n")];
        assert_complains(&without_a_first_line(&bad), "id.rs must begin with `//!`");
    }

    #[test]
    fn a_module_behind_cfg_test_is_known_as_one() {
        let parent =
            File::sample("crates/core/src/filter.rs", "//!\n#[cfg(test)]\nmod laws;\nmod value;");
        assert_eq!(
            test_modules(&parent),
            ["crates/core/src/filter/laws.rs", "crates/core/src/filter/laws/"]
        );
        let root = File::sample("crates/core/src/lib.rs", "//!\n#[cfg(test)]\nmod laws;");
        assert_eq!(test_modules(&root)[0], "crates/core/src/laws.rs");
    }

    #[test]
    fn a_map_that_names_a_moved_file_is_refused() {
        let map = File::sample("ARCHITECTURE.md", "see `crates/core/src/gone.rs` and `crates/*`");
        let complaints = dead_paths(&map, |_| false);
        assert_complains(&complaints, "gone.rs");
        assert_eq!(complaints.len(), 1);
    }
}
