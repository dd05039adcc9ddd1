//! docs/conformance.md names the test that proves each statement of the guides: they all exist.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders of a test's first segment.
fn folders(binary: &str) -> Option<&'static [&'static str]> {
    match binary {
        "e2e" => Some(&["crates/posthorn/tests/e2e"]),
        "receivers" => Some(&["crates/posthorn/tests/receivers"]),
        "core" => Some(&["crates/core"]),
        "store" => Some(&["crates/store"]),
        "engine" => Some(&["crates/engine"]),
        "server" => Some(&["crates/server"]),
        _ => None,
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn exists(root: &Path, folders: &[&str], name: &str) -> bool {
    let mut files = Vec::new();
    for folder in folders {
        sources(&root.join(folder), &mut files);
    }
    let definition = format!("fn {name}(");
    files.iter().any(|file| fs::read_to_string(file).is_ok_and(|text| text.contains(&definition)))
}

#[test]
fn every_test_that_the_conformance_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/conformance.md")).expect("the page");
    let mut named = 0;
    for quoted in page.split('`').skip(1).step_by(2) {
        let Some((binary, rest)) = quoted.split_once("::") else { continue };
        let Some(folders) = folders(binary) else { continue };
        let name = rest.rsplit("::").next().expect("a last segment");
        assert!(exists(&root, folders, name), "docs/conformance.md names `{quoted}`: no such test");
        named += 1;
    }
    assert!(named > 30, "the page names only {named} tests");
}
