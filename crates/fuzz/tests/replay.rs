//! Every property over its whole corpus and some thousand mutations of it: what the fuzzer does for
//! hours, in seconds and without a nightly compiler. An input that ever failed is in the corpus.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use posthorn_fuzz::{TARGETS, target};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// Seeds that a corpus has at least.
const SEEDS_MIN: usize = 24;
const MUTATIONS: u32 = 5_000;
/// A mutation larger than this says no more than a smaller one.
const BYTES_MAX: usize = 16 * 1024;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("corpus").join(name);
    let files = fs::read_dir(folder).expect("a corpus");
    let mut seeds: Vec<(String, Vec<u8>)> = files
        .map(|file| {
            let file = file.expect("a seed");
            let bytes = fs::read(file.path()).expect("a seed that can be read");
            (file.file_name().to_string_lossy().into_owned(), bytes)
        })
        .collect();
    seeds.sort();
    seeds
}

/// One change to an input.
#[derive(Debug, Clone)]
enum Edit {
    /// A byte becomes another.
    Set(Index, u8),
    /// Bytes are taken out.
    Remove(Index, usize),
    /// Bytes are put in.
    Insert(Index, Vec<u8>),
    /// A piece of another seed is put in, which is how grammar gets to new places.
    Splice(Index, Index, Index, usize),
    /// A piece of the input is put in once more.
    Repeat(Index, Index, usize),
}

/// Text that parsers treat apart.
const TOKENS: [&str; 24] = [
    "\"",
    "\\u",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    ".",
    "*",
    "$",
    "$not",
    "-",
    "0",
    "9",
    "e",
    "\n",
    "\n\n",
    "%",
    "@",
    "/",
    "é",
    "\u{ff11}",
    "9223372036854775807",
];

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (at(), 1..8_usize).prop_map(|(at, count)| Edit::Remove(at, count)),
        (at(), prop::sample::select(TOKENS.as_slice()))
            .prop_map(|(at, token)| Edit::Insert(at, token.into())),
        (at(), prop::collection::vec(any::<u8>(), 1..4))
            .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (at(), at(), at(), 1..40_usize)
            .prop_map(|(at, seed, from, count)| Edit::Splice(at, seed, from, count)),
        (at(), at(), 1..20_usize).prop_map(|(at, from, count)| Edit::Repeat(at, from, count)),
    ]
}

fn piece(bytes: &[u8], from: Index, count: usize) -> Vec<u8> {
    bytes.iter().skip(from.index(bytes.len() + 1)).take(count).copied().collect()
}

fn apply(edit: &Edit, input: &mut Vec<u8>, seeds: &[(String, Vec<u8>)]) {
    let (at, new) = match edit {
        Edit::Set(at, byte) => {
            let at = at.index(input.len() + 1);
            return input.iter_mut().skip(at).take(1).for_each(|old| *old = *byte);
        }
        Edit::Remove(at, count) => {
            let from = at.index(input.len() + 1);
            input.drain(from..input.len().min(from + count));
            return;
        }
        Edit::Insert(at, bytes) => (at, bytes.clone()),
        Edit::Splice(at, seed, from, count) => (at, piece(&seed.get(seeds).1, *from, *count)),
        Edit::Repeat(at, from, count) => (at, piece(input, *from, *count)),
    };
    let at = at.index(input.len() + 1);
    input.splice(at..at, new);
}

/// Shown as what can be pasted into a test.
#[derive(Clone)]
struct Input(Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

fn mutated(seeds: Vec<(String, Vec<u8>)>) -> impl Strategy<Value = Input> {
    (any::<Index>(), prop::collection::vec(edit(), 1..6)).prop_map(move |(seed, edits)| {
        let mut input = seed.get(&seeds).1.clone();
        for edit in &edits {
            apply(edit, &mut input, &seeds);
        }
        input.truncate(BYTES_MAX);
        Input(input)
    })
}

fn replays(name: &str) {
    let target = target(name).expect("a target of that name");
    let seeds = corpus(name);
    for (file, seed) in &seeds {
        let held = catch_unwind(|| (target.holds_for)(seed));
        assert!(held.is_ok(), "fuzz/corpus/{name}/{file} fails: {:?}", Input(seed.clone()));
    }
    let config = Config { cases: MUTATIONS, failure_persistence: None, ..Config::default() };
    let ran = TestRunner::new(config).run(&mutated(seeds), |input| {
        (target.holds_for)(&input.0);
        Ok(())
    });
    ran.unwrap_or_else(|failed| panic!("{name}: {failed}"));
}

#[test]
fn answers() {
    replays("answers");
}

#[test]
fn contract() {
    replays("contract");
}

#[test]
fn cursor() {
    replays("cursor");
}

#[test]
fn event() {
    replays("event");
}

#[test]
fn filter() {
    replays("filter");
}

#[test]
fn genuine() {
    replays("genuine");
}

#[test]
fn json() {
    replays("json");
}

#[test]
fn money() {
    replays("money");
}

#[test]
fn names() {
    replays("names");
}

#[test]
fn rails() {
    replays("rails");
}

#[test]
fn request() {
    replays("request");
}

#[test]
fn retry_after() {
    replays("retry_after");
}

#[test]
fn signature() {
    replays("signature");
}

#[test]
fn url() {
    replays("url");
}

#[test]
fn every_target_is_replayed_has_a_corpus_and_can_be_fuzzed() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap().iter();
    let bins: Vec<&str> = bins.map(|bin| bin["name"].as_str().unwrap()).collect();
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(bins, names);
    for name in names {
        assert!(include_str!("replay.rs").contains(&format!("replays(\"{name}\")")), "{name}");
        assert!(corpus(name).len() >= SEEDS_MIN, "{name} has {} seeds", corpus(name).len());
    }
}
