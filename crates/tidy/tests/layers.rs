//! Each crate exists because it enforces an absence; here the absences are checked, as cargo resolves them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::assert_tidy;
use crate::tree::{File, files, root};

/// A crate may use those to its right, and nothing else of ours.
const LAYERS: [(&str, &[&str]); 8] = [
    ("posthorn-core", &[]),
    ("posthorn-store", &["posthorn-core"]),
    ("posthorn-rails", &["posthorn-core"]),
    ("posthorn-engine", &["posthorn-core", "posthorn-store", "posthorn-rails"]),
    ("posthorn-server", &["posthorn-core", "posthorn-store", "posthorn-engine"]),
    (
        "posthorn",
        &[
            "posthorn-core",
            "posthorn-store",
            "posthorn-rails",
            "posthorn-engine",
            "posthorn-server",
        ],
    ),
    ("posthorn-tidy", &[]),
    (
        "posthorn-fuzz",
        &[
            "posthorn-core",
            "posthorn-store",
            "posthorn-rails",
            "posthorn-engine",
            "posthorn-server",
        ],
    ),
];

/// The decisions take values and return values, and so do the rails.
const PURE: [&str; 2] = ["posthorn-core", "posthorn-rails"];

/// What the pure must not see: not even through a friend of a friend.
const PURE_MUST_NOT_SEE: [&str; 8] =
    ["tokio", "hyper", "axum", "ureq", "rusqlite", "tokio-postgres", "tracing", "rand"];

/// Who may name these directly: the rest of the program goes through the owner.
const CONFINED: [(&str, &[&str]); 12] = [
    ("rusqlite", &["posthorn-store"]),
    ("tokio-postgres", &["posthorn-store"]),
    ("rand", &["posthorn-engine", "posthorn"]),
    // The engine is TLS's client; `posthorn receiver` is a server that does TLS wrong.
    ("tokio-rustls", &["posthorn-engine", "posthorn"]),
    ("rustls", &["posthorn-engine", "posthorn"]),
    ("rcgen", &["posthorn"]),
    ("webpki-roots", &["posthorn-engine"]),
    ("utoipa", &["posthorn-server"]),
    ("anyhow", &["posthorn"]),
    ("clap", &["posthorn"]),
    ("confique", &["posthorn"]),
    ("ureq", &["posthorn"]),
];

/// What each package uses to build and run; tests' own dependencies are not in it.
type Graph = BTreeMap<String, BTreeSet<String>>;

static METADATA: LazyLock<Value> = LazyLock::new(|| {
    // Without the network first: a build has already fetched what it needs, and this is the fast way.
    metadata(&["--offline"]).or_else(|| metadata(&[])).expect("cargo metadata")
});

fn metadata(extra: &[&str]) -> Option<Value> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1"])
        .args(extra)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    output.status.success().then(|| serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Our own packages with their declared dependencies of every kind, optional ones and tests' included.
fn declared(metadata: &Value, counts: impl Fn(&Value) -> bool) -> Graph {
    let ours = list(metadata, "workspace_members");
    list(metadata, "packages")
        .iter()
        .filter(|package| ours.contains(&package["id"]))
        .map(|package| {
            let names =
                list(package, "dependencies").iter().filter(|dependency| counts(dependency));
            (
                text(package, "name").to_owned(),
                names.map(|name| text(name, "name").to_owned()).collect(),
            )
        })
        .collect()
}

/// Every package with what it really links: cargo's answer, features and all.
fn resolved(metadata: &Value) -> Graph {
    let names: BTreeMap<&str, &str> = list(metadata, "packages")
        .iter()
        .map(|package| (text(package, "id"), text(package, "name")))
        .collect();
    let name = |id: &str| names.get(id).copied().unwrap_or_default().to_owned();
    let linked = |dependency: &&Value| {
        list(dependency, "dep_kinds").iter().any(|kind| kind["kind"].is_null())
    };
    let mut graph = Graph::new();
    for node in list(&metadata["resolve"], "nodes") {
        let dependencies = list(node, "deps").iter().filter(linked);
        let used = graph.entry(name(text(node, "id"))).or_default();
        used.extend(dependencies.map(|dependency| name(text(dependency, "pkg"))));
    }
    graph
}

fn against_the_layers(graph: &Graph) -> Vec<String> {
    let mut complaints = Vec::new();
    for (package, uses) in graph {
        let Some((_, may)) = LAYERS.iter().find(|(name, _)| name == package) else {
            complaints
                .push(format!("{package} is in no layer: say in tidy's LAYERS what it may use"));
            continue;
        };
        let ours = uses.iter().filter(|used| LAYERS.iter().any(|(name, _)| name == used));
        complaints.extend(ours.filter(|used| !may.contains(&used.as_str())).map(|used| {
            format!("{package} uses {used}, which stands to its left: move the shared part right")
        }));
    }
    complaints
}

fn reaches(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![from.to_owned()];
    while let Some(package) = waiting.pop() {
        if seen.insert(package.clone()) {
            waiting.extend(graph.get(&package).into_iter().flatten().cloned());
        }
    }
    seen
}

fn impurities(graph: &Graph) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in PURE {
        let seen = reaches(graph, package);
        complaints.extend(PURE_MUST_NOT_SEE.iter().filter(|banned| seen.contains(**banned)).map(
            |banned| {
                format!(
                    "{package} sees {banned}: pass the value in (cargo tree -i {banned} shows how)"
                )
            },
        ));
    }
    complaints
}

fn out_of_bounds(graph: &Graph) -> Vec<String> {
    let mut complaints = Vec::new();
    for (package, uses) in graph {
        for (owned, owners) in CONFINED {
            if uses.contains(owned) && !owners.contains(&package.as_str()) {
                complaints.push(format!(
                    "{package} uses {owned}, which belongs to {}",
                    owners.join(", ")
                ));
            }
        }
    }
    complaints
}

/// The blocking client is for a terminal; in a server it would hold a thread.
fn blocking_clients(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.is_rust() && file.path.starts_with("crates/posthorn/src/"))
        .filter(|file| !file.path.starts_with("crates/posthorn/src/cli/"))
        .filter(|file| crate::rust::code_of(&file.text).contains("ureq::"))
        .map(|file| format!("{} uses ureq outside cli/: the engine has its own client", file.path))
        .collect()
}

#[test]
fn crates_use_only_what_stands_to_their_right() {
    let graph = declared(&METADATA, |_| true);
    assert!(graph.len() >= 6, "cargo metadata lists too few packages: {graph:?}");
    assert_tidy(&against_the_layers(&graph));
}

#[test]
fn core_and_the_rails_are_pure_even_transitively() {
    let graph = resolved(&METADATA);
    for package in PURE {
        assert!(reaches(&graph, package).contains("serde"), "the graph does not reach far");
    }
    assert_tidy(&impurities(&graph));
}

#[test]
fn the_database_and_the_terminal_have_one_owner_each() {
    assert_tidy(&out_of_bounds(&declared(&METADATA, |dependency| dependency["kind"].is_null())));
    assert_tidy(&blocking_clients(files()));
}

mod can_fail {
    use super::{Graph, against_the_layers, blocking_clients, impurities, out_of_bounds};
    use crate::{assert_complains, tree::File};

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    }

    #[test]
    fn a_store_that_knows_the_engine_is_refused() {
        let wrong = graph(&[("posthorn-store", "posthorn-engine"), ("posthorn-store", "serde")]);
        let complaints = against_the_layers(&wrong);
        assert_complains(&complaints, "posthorn-store uses posthorn-engine");
        assert_eq!(complaints.len(), 1);
        assert_complains(&against_the_layers(&graph(&[("posthorn-utils", "serde")])), "no layer");
    }

    #[test]
    fn a_runtime_two_steps_away_from_core_and_a_client_in_the_rails_are_found() {
        let wrong = graph(&[("posthorn-core", "url"), ("url", "idna"), ("idna", "tokio")]);
        assert_complains(&impurities(&wrong), "posthorn-core sees tokio");
        let wrong = graph(&[("posthorn-rails", "ureq")]);
        assert_complains(&impurities(&wrong), "posthorn-rails sees ureq");
        assert!(impurities(&graph(&[("posthorn-core", "url"), ("other", "tokio")])).is_empty());
    }

    #[test]
    fn a_server_with_its_own_database_is_refused() {
        assert_complains(&out_of_bounds(&graph(&[("posthorn-server", "rusqlite")])), "rusqlite");
        assert!(out_of_bounds(&graph(&[("posthorn-store", "rusqlite")])).is_empty());
    }

    #[test]
    fn a_blocking_client_in_the_wiring_is_refused() {
        let text = "//!\nfn f() { ureq::get(\"x\"); }";
        let wiring = File::sample("crates/posthorn/src/wiring.rs", text);
        let command = File::sample("crates/posthorn/src/cli/event.rs", text);
        let complaints = blocking_clients(&[wiring, command]);
        assert_complains(&complaints, "wiring.rs");
        assert_eq!(complaints.len(), 1);
    }
}
