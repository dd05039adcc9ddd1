//! What must hold for any bytes that come from outside: one property for each parser.
//!
//! The same functions are called by the fuzzer (`fuzz/`, `./x fuzz TARGET`) and by an ordinary test
//! (`tests/replay.rs`), which replays `fuzz/corpus/` and many mutations of it on every run. A
//! property asserts more than that nothing panics: what was read is printed and read again, and
//! where it can be, the verdict is compared with one that was written apart.

mod contract;
mod cursor;
mod event;
mod filter;
mod genuine;
mod json;
mod money;
mod names;
#[path = "../../engine/tests/guard/public.rs"]
mod public;
mod rails;
mod request;
mod retry_after;
mod served;
mod signature;
mod url;

/// A parser's property.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What `./x fuzz` and the folder of its corpus call it.
    pub name: &'static str,
    /// Panics if the bytes are read wrongly.
    pub holds_for: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "answers", holds_for: url::answers },
    Target { name: "contract", holds_for: contract::contract },
    Target { name: "cursor", holds_for: cursor::cursor },
    Target { name: "event", holds_for: event::event },
    Target { name: "filter", holds_for: filter::filter },
    Target { name: "genuine", holds_for: genuine::genuine },
    Target { name: "json", holds_for: json::json },
    Target { name: "money", holds_for: money::money },
    Target { name: "names", holds_for: names::names },
    Target { name: "rails", holds_for: rails::rails },
    Target { name: "request", holds_for: request::request },
    Target { name: "retry_after", holds_for: retry_after::retry_after },
    Target { name: "signature", holds_for: signature::signature },
    Target { name: "url", holds_for: url::url },
];

/// The target of that name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// The first line as text, and what stands behind it; the parts of an input that has several.
fn line(bytes: &[u8]) -> (&str, &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at(end);
    (str::from_utf8(line).unwrap_or_default(), rest.get(1..).unwrap_or_default())
}
