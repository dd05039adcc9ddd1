//! What is sent: every sample of a contract's catalogue, and data that serialisers stumble over.

use posthorn_core::contract::{Contract, embedded};

/// An event to send: its type, and its data as a caller may write it.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    pub(crate) kind: String,
    pub(crate) data: String,
}

/// Data that a receiver which reads and prints it again would easily print differently.
const NASTY: [&str; 12] = [
    // Text beyond ASCII, beyond the first plane, and combining.
    r#"{"name": "João Śmigły 😀 👩‍👩‍👧 Ünïcödé 漢字 e\u0301 \ud83d\ude80"}"#,
    // What PHP escapes, what old JavaScript could not hold, and what HTML pages escape.
    r#"{"url": "https://example.com/a/b?c=d&e=<f>", "script": "</script>", "lines": "\u2028 \u2029"}"#,
    // Every short escape, and control characters that have none.
    r#"{"text": "\"quoted\" back\\slash \/ \b\f\n\r\t \u0000 \u001f \u007f \u0080 \ufeff \uffff"}"#,
    // A float with a zero too many, and numbers that change their notation.
    r#"{"valor": 100.50, "one": 1.0, "big": 1e21, "bigger": 1.5e300, "tiny": 1e-7, "small": 0.000001}"#,
    // The edges of what a double holds exactly.
    r#"{"most": 9007199254740991, "past": 9007199254740993, "wide": 12345678901234567890, "nil": -0, "neg": -0.0}"#,
    // Fractions that only the shortest notation prints alike everywhere.
    r#"{"a": 0.1, "b": 0.30000000000000004, "c": 5e-324, "d": 1.7976931348623157e308, "e": 123456789.987654321}"#,
    // JavaScript puts integer-like keys first, wherever they stand.
    r#"{"b": 1, "12": "twelve", "a": 2, "1": "one", "inner": {"z": 1, "10": {"y": 1, "2": 2, "1": 1}, "9": 0}}"#,
    // PHP reads objects as arrays: counted keys and nothing at all look like lists.
    r#"{"counted": {"0": "a", "1": "b"}, "nothing": {}, "list": [], "deep": [[], {}, [{}], {"x": {}}]}"#,
    // Keys that are not names.
    r#"{"": "empty", " ": "space", "a.b": 1, "a b": 2, "\u00e9": 3, "01": 4, "-1": 5, "__proto__": "own", "constructor": null}"#,
    // The words that are not text, and text that looks like them.
    r#"{"yes": true, "no": false, "nothing": null, "words": ["true", "null", "NaN", "100.50", "1e21"]}"#,
    // White space that means nothing, and white space that does.
    "{\n  \"a\" :\t[ 1 , 2,3 ] ,\r\n \"b\": \"  spaces  \\t \" }",
    // Nothing.
    "{}",
];

/// The embedded contract of this name.
pub(crate) fn contract(name: &str) -> &'static Contract {
    let found = embedded().iter().find(|contract| contract.name == name);
    found.unwrap_or_else(|| panic!("no contract {name}"))
}

/// Every sample of a contract's catalogue, then the nasty data under the catalogue's first type.
pub(crate) fn payloads(name: &str) -> Vec<Payload> {
    let events = &contract(name).events;
    let samples = events.iter().map(|event| Payload {
        kind: event.kind.to_string(),
        data: String::from_utf8(event.sample.clone()).expect("samples are UTF-8"),
    });
    let first = events.first().expect("a catalogue").kind.to_string();
    let nasty = NASTY.iter().map(|data| Payload { kind: first.clone(), data: (*data).to_owned() });
    samples.chain(nasty).collect()
}
