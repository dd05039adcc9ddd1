//! What is wrong with a contract file, and where: one line that a person can act on.

use std::fmt;
use std::ops::Range;

/// One thing wrong with a contract file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// The file's name, as it was given.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// How to mend it, when that can be said.
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// Something wrong at a byte of a piece of text; [`Page::blame`] makes a [`Fault`] of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flaw {
    /// Where in that piece.
    pub at: usize,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Flaw {
    pub(super) fn new(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn maybe_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }
}

/// A contract file under the reader's eyes, and all that was found wrong with it so far.
pub(super) struct Page<'s> {
    file: &'s str,
    source: &'s str,
    faults: Vec<Fault>,
}

impl<'s> Page<'s> {
    pub(super) fn new(file: &'s str, source: &'s str) -> Self {
        Self { file, source, faults: Vec::new() }
    }

    /// Notes a flaw at a byte of the file.
    pub(super) fn note(&mut self, flaw: Flaw) {
        self.faults.push(place(self.file, self.source, flaw));
    }

    /// Notes a flaw of a string's text; `span` is the string with its quotes. The exact place is
    /// found when the text stands in the file as it is, without escapes.
    pub(super) fn blame(&mut self, span: Range<usize>, text: &str, flaw: Flaw) {
        let quoted = self.source.get(span.clone()).unwrap_or_default();
        let inner = quoted.find(text).map_or(0, |start| start + flaw.at);
        self.note(Flaw { at: span.start + inner, ..flaw });
    }

    /// All that was found, in the order of the file.
    pub(super) fn into_faults(mut self) -> Vec<Fault> {
        self.faults.sort_by_key(|fault| (fault.line, fault.column));
        self.faults
    }

    pub(super) fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }
}

/// A flaw with its line and column.
pub(super) fn place(file: &str, source: &str, flaw: Flaw) -> Fault {
    let before = source.get(..flaw.at).unwrap_or(source);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Fault {
        file: file.to_owned(),
        line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        what: flaw.what,
        hint: flaw.hint,
    }
}

/// The byte at a line and a column, both from 1.
pub(super) fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let row = text.get(start..).unwrap_or_default();
    start + row.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>()
}

/// The name nearest to what was written, when one is near enough to be meant.
pub fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(written, name), name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_as_one_line_with_its_place_and_its_remedy() {
        let flaw = Flaw::new(6, "unknown hole `$atempt`").hint("did you mean `$attempt`?");
        let fault = place("krxscale.toml", "a = 1\né = 2", flaw);
        assert_eq!(
            fault.to_string(),
            "krxscale.toml:2:1: unknown hole `$atempt`; did you mean `$attempt`?"
        );
    }

    #[test]
    fn columns_count_characters_and_a_text_is_found_behind_its_quotes() {
        let source = "é = '''\nab$c'''";
        let mut page = Page::new("x.toml", source);
        page.blame(5..source.len(), "ab$c", Flaw::new(2, "no"));
        let faults = page.into_faults();
        assert_eq!((faults[0].line, faults[0].column), (2, 3));
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        let names = ["$attempt", "$created", "$id"];
        assert_eq!(nearest("$atempt", names), Some("$attempt"));
        assert_eq!(nearest("$customer_name", names), None);
    }
}
