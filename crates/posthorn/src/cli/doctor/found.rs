//! What came of the doctor's looks, and how it is told.

use serde_json::{Value, json};

use crate::cli::out::{Ink, ink, say};

/// What came of one look.
pub(super) enum Found {
    /// All is well.
    Good(String),
    /// It works, but should be known.
    Note(String),
    /// It is wrong; the text says how to mend it.
    Bad(String),
}

use Found::{Bad, Good, Note};

/// What was looked at, and what was found.
pub(super) type Finding = (&'static str, Found);

impl Found {
    /// Whether it is wrong.
    pub(super) fn is_bad(&self) -> bool {
        matches!(self, Bad(_))
    }
}

/// For people.
pub(super) fn show((what, found): &Finding) {
    let (mark, text) = match found {
        Good(text) => (ink(Ink::Good, "ok  "), text),
        Note(text) => (ink(Ink::Wait, "note"), text),
        Bad(text) => (ink(Ink::Bad, "bad "), text),
    };
    say(format_args!("{mark}  {what:<16}{text}"));
}

/// For programs.
pub(super) fn as_json(findings: &[Finding]) -> Value {
    let one = |(what, found): &Finding| {
        let (state, text) = match found {
            Good(text) => ("ok", text),
            Note(text) => ("note", text),
            Bad(text) => ("bad", text),
        };
        json!({"what": what, "state": state, "text": text})
    };
    let sound = !findings.iter().any(|(_, found)| found.is_bad());
    json!({"sound": sound, "findings": findings.iter().map(one).collect::<Vec<_>>()})
}
