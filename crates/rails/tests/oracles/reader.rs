//! A reader: a program beside this file that takes a line and answers with one line of JSON, or with
//! `{"refused": "why"}`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use crate::libraries::{beside, missing, node_modules, python};

/// Instruments of each kind.
pub(crate) const INSTRUMENTS: usize = 300;

/// What `python/name.py` or `node/name.js` makes of each line.
pub(crate) fn read(file: &str, lines: &[String]) -> Vec<Value> {
    assert!(lines.iter().all(|line| !line.contains('\n')), "one instrument a line");
    let extension = Path::new(file).extension().and_then(|extension| extension.to_str());
    let interpreter: PathBuf = match extension {
        Some("py") => python().to_owned(),
        Some("js") => "node".into(),
        other => panic!("no interpreter for {other:?}: {file}"),
    };
    let mut child = Command::new(&interpreter)
        .arg(beside("").join(file))
        .env("NODE_PATH", node_modules())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", missing(&interpreter)));
    // The reader takes everything before it answers, so neither side waits for the other.
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all((lines.join("\n") + "\n").as_bytes()).expect("the reader reads");
    drop(stdin);
    let output = child.wait_with_output().expect("the reader ends");
    assert!(output.status.success(), "{file} ended with {}", output.status);
    let answers = String::from_utf8(output.stdout).expect("UTF-8");
    let answers: Vec<Value> =
        answers.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), lines.len(), "{file} answers each line");
    answers
}

/// Whether the reader refused.
pub(crate) fn refused(answer: &Value) -> bool {
    answer.get("refused").is_some()
}

/// Values of a strategy, the same ones every time.
pub(crate) fn samples<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[20; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let sample = |_| strategy.new_tree(&mut runner).expect("a sample").current();
    (0..count).map(sample).collect()
}

/// A text with the character at a place changed into another of the same sort: digits stay digits.
pub(crate) fn tampered(text: &str, at: usize) -> String {
    let next = |letter: char| match letter {
        '9' => '0',
        'z' => 'b',
        'Z' => 'B',
        letter if letter.is_ascii_alphanumeric() => char::from(letter as u8 + 1),
        _ => 'x',
    };
    text.char_indices().map(|(i, letter)| if i == at { next(letter) } else { letter }).collect()
}
