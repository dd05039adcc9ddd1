//! The printers against the languages themselves: Node, Python and PHP read what JavaScript prints
//! and print it again, and must agree with us byte for byte.
//!
//! Documents are generated from a fixed seed, written as sloppily as JSON allows (white space,
//! escapes, odd numbers, any order of names), and sent to one interpreter per test, one a line.
//! An interpreter that is missing fails the test: a promise that was not checked is not kept.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::format_collect,
    clippy::cast_precision_loss,
    reason = "a test may stop at what cannot happen, and need not be fast"
)]

use posthorn_core::json::{Fault, Style, parse};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::io::Write;
use std::process::{Command, Stdio};

const DOCUMENTS: usize = 3_000;

/// Reads lines of JSON; prints each again, or `!` for what it refuses.
const NODE: &str = r"
const lines = require('fs').readFileSync(0, 'utf8').split('\n').slice(0, -1);
const print = (line) => { try { return JSON.stringify(JSON.parse(line)); } catch { return '!'; } };
process.stdout.write(lines.map((line) => print(line) + '\n').join(''));
";
const PYTHON: &str = r"
import json, sys
for line in sys.stdin.buffer.read().split(b'\n')[:-1]:
    sys.stdout.write(json.dumps(json.loads(line)) + '\n')
";
const PHP: &str = r"
$lines = explode(chr(10), stream_get_contents(STDIN));
array_pop($lines);
foreach ($lines as $line) { echo json_encode(json_decode($line, true)), chr(10); }
";

// === documents ===

/// A number as somebody might write it.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
        2 => any::<i64>().prop_map(|n| n.to_string()),
        2 => (-1_000_000_i64..1_000_000, 1..7_i32)
            .prop_map(|(n, places)| format!("{:.*}", places.unsigned_abs() as usize, n as f64 / 10_f64.powi(places))),
        2 => (1_u64..1000, -25..25_i32).prop_map(|(n, exponent)| format!("{n}E{exponent:+}")),
        1 => "-?[1-9][0-9]{14,30}",
        1 => "-?0\\.0{0,9}[0-9]{1,20}",
        1 => prop::sample::select(vec![
            "0", "-0", "-0.0", "0e5", "-1e-400", "1.0", "5e-324", "1.7976931348623157e308",
            "9007199254740993", "9223372036854775807", "9223372036854775808",
            "-9223372036854775808", "-9223372036854775809", "9223372036854774784",
            "18446744073709551615", "1e15", "1e16", "1e17", "1e18", "1e19", "1e20", "1e21",
            "999999999999999900000", "0.0001", "0.00001", "0.000001", "0.0000001",
            "1234567890.12345678", "123456789012345.68", "0.1e1", "4503599627370496.5",
        ]).prop_map(str::to_owned),
    ]
}

/// One character of a string, raw or escaped.
fn character() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[ -!#-\\[\\]-~]",
        2 => any::<char>().prop_filter("raw", |c| *c >= ' ' && *c != '"' && *c != '\\')
            .prop_map(|c| c.to_string()),
        1 => any::<char>().prop_map(|c| {
            c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect()
        }),
        1 => prop::sample::select(vec![
            "\\n", "\\t", "\\r", "\\b", "\\f", "\\\"", "\\\\", "\\/", "/", "\\u0000", "\\u001f",
            "\u{7f}", "\\u2028", "\u{2028}", "\u{2029}", "é", "ção", "€", "😀", "\\ud83d\\uDE00", "<", "&",
        ]).prop_map(str::to_owned),
    ]
}

fn string() -> impl Strategy<Value = String> {
    prop::collection::vec(character(), 0..8).prop_map(|chars| format!("\"{}\"", chars.concat()))
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => string(),
        3 => "\"[0-4]\"",
        1 => "\"-?[0-9]{1,20}\"",
        2 => "\"[a-z_]{1,6}\"",
        1 => prop::sample::select(vec![
            "\"\"", "\"__proto__\"", "\"toString\"", "\"toJSON\"", "\"length\"", "\"01\"", "\"-0\"", "\"-1\"",
            "\"1.5\"", "\"1e3\"", "\"4294967294\"", "\"4294967295\"", "\"4294967296\"",
            "\"9223372036854775807\"", "\"9223372036854775808\"", "\"\\u0000a\"",
        ]).prop_map(str::to_owned),
    ]
}

/// A document that nobody refuses except for duplicate names, as a text without line breaks.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => number(),
        3 => string(),
        1 => prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let space = prop::sample::select(vec!["", "", " ", "\t", "  "]);
        let member =
            (name(), space.clone(), inner.clone()).prop_map(|(n, s, v)| format!("{n}{s}:{s}{v}"));
        let listed = |open: &'static str, close: &'static str| {
            move |(items, space): (Vec<String>, &str)| {
                format!("{open}{space}{}{space}{close}", items.join(&format!("{space},{space}")))
            }
        };
        prop_oneof![
            2 => (prop::collection::vec(inner, 0..6), space.clone()).prop_map(listed("[", "]")),
            3 => (prop::collection::vec(member, 0..6), space).prop_map(listed("{", "}")),
        ]
    })
}

fn drawn<S: Strategy<Value = String>>(strategy: &S, count: usize) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Documents at the edges that chance does not find.
const EDGES: [&str; 7] = [
    r#"{"a":1,"4294967295":2,"4294967294":3,"0":4}"#,
    r#"{"4294967296":1,"4294967295":2,"10":3,"9":4}"#,
    r#"{"-1":1,"01":2,"1":3,"9223372036854775808":4,"9223372036854775807":5}"#,
    r#"{"2":[],"1":{},"0":{"0":{},"1":{}}}"#,
    r#"{"__proto__":{"a":1},"constructor":2,"toJSON":3,"":4}"#,
    r"[9223372036854774784,9223372036854775295,9223372036854775808,-9223372036854775808]",
    r"[0.0001,0.00001,1e15,1e16,1e17,1e20,1e21,123456789012345680000,-0,-0.0]",
];

/// Documents that we read: those with duplicate names are left to their own test.
fn readable() -> Vec<String> {
    let drawn = drawn(&document(), DOCUMENTS).into_iter();
    let all = EDGES.into_iter().map(str::to_owned).chain(drawn);
    let readable: Vec<_> = all.filter(|text| parse(text.as_bytes()).is_ok()).collect();
    assert!(readable.len() > DOCUMENTS / 2, "only {} documents are left", readable.len());
    readable
}

fn printed(texts: &[String], style: Style) -> Vec<String> {
    let print = |text: &String| parse(text.as_bytes()).unwrap().to_vec(style);
    texts.iter().map(|text| String::from_utf8(print(text)).unwrap()).collect()
}

// === interpreters ===

/// What the interpreter prints for each line.
fn oracle(program: &str, arguments: &[&str], install: &str, lines: &[String]) -> Vec<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("cannot run {program} ({error}): install it with `{install}`")
        });
    let mut stdin = child.stdin.take().unwrap();
    let input = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    // Each script reads everything before it prints, so the pipe cannot fill up both ways.
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} failed: {}", output.status);
    let printed = String::from_utf8(output.stdout).unwrap();
    let printed: Vec<_> = printed.split_terminator('\n').map(str::to_owned).collect();
    assert_eq!(printed.len(), lines.len(), "{program} answers every line");
    printed
}

fn node(lines: &[String]) -> Vec<String> {
    oracle("node", &["-e", NODE], "apt-get install -y nodejs", lines)
}

fn python(lines: &[String]) -> Vec<String> {
    oracle("python3", &["-c", PYTHON], "apt-get install -y python3", lines)
}

fn php(lines: &[String]) -> Vec<String> {
    oracle("php", &["-n", "-r", PHP], "apt-get install -y php-cli", lines)
}

/// Fails with the shortest line on which the two disagree.
fn assert_agree(read: &[String], ours: &[String], theirs: &[String]) {
    let differs = |at: &usize| ours.get(*at) != theirs.get(*at);
    let shortest = (0..read.len()).filter(differs).min_by_key(|at| read[*at].len());
    if let Some(at) = shortest {
        panic!("they read {}\nthey print {}\nwe print   {}", read[at], theirs[at], ours[at]);
    }
}

// === the promises ===

#[test]
fn we_print_what_node_prints_of_any_text() {
    let texts = readable();
    assert_agree(&texts, &printed(&texts, Style::Js), &node(&texts));
}

#[test]
fn we_print_what_python_prints_of_javascripts_text() {
    let js = printed(&readable(), Style::Js);
    assert_agree(&js, &printed(&js, Style::Python), &python(&js));
}

#[test]
fn we_print_what_php_prints_of_javascripts_text() {
    let js = printed(&readable(), Style::Js);
    assert_agree(&js, &printed(&js, Style::Php), &php(&js));
}

#[test]
fn each_language_prints_its_own_body_unchanged() {
    let texts = readable();
    let [js, py, ph] = Style::ALL.map(|style| printed(&texts, style));
    assert_agree(&js, &js, &node(&js));
    assert_agree(&py, &py, &python(&py));
    assert_agree(&ph, &ph, &php(&ph));
}

/// Documents with one character taken out, doubled or replaced.
fn damaged() -> Vec<String> {
    let slip = (document(), any::<prop::sample::Index>(), 0..3, "[\\]\\[{}\",:0-9.eE+\\\\ue -]");
    let damage = slip.prop_map(|(text, at, kind, other)| {
        let mut chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        match kind {
            0 => drop(chars.remove(at)),
            1 => chars.insert(at, chars[at]),
            _ => chars[at] = other.chars().next().unwrap(),
        }
        chars.into_iter().collect()
    });
    drawn(&damage, DOCUMENTS)
}

#[test]
fn we_refuse_what_node_refuses_and_what_languages_read_differently() {
    let texts = damaged();
    let theirs = node(&texts);
    let refused = theirs.iter().filter(|line| *line == "!").count();
    assert!(refused > DOCUMENTS / 4, "only {refused} documents are broken");
    for (text, theirs) in texts.iter().zip(&theirs) {
        match parse(text.as_bytes()) {
            Ok(ours) => {
                assert_eq!(&String::from_utf8(ours.to_vec(Style::Js)).unwrap(), theirs, "{text}");
            }
            Err(malformed) => {
                let stricter = matches!(
                    malformed.fault,
                    Fault::DuplicateName { .. } | Fault::LoneSurrogate | Fault::NumberOutOfRange
                );
                assert!(stricter || theirs == "!", "node reads {text}, we say: {malformed}");
            }
        }
    }
}
