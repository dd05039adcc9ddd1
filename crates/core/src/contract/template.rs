//! Lines of text with holes: header values, the content that is signed, how a signature is written.
//!
//! A closed set of holes and nothing else: no expressions, so that a contract can be read, proved
//! and verified by anything that can replace text. The same template writes a value and, on the
//! receiving side, takes it apart again.

use super::fault::{Flaw, nearest};

/// What can stand in a line of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hole {
    /// The event's id on the wire.
    Id,
    /// The event's type.
    Type,
    /// The attempt's number in this run, from 1.
    Attempt,
    /// When this attempt is signed, in Unix seconds.
    Timestamp,
    /// The whole signature, as the contract writes it.
    Signature,
    /// The delivery's id.
    Delivery,
    /// The body's bytes.
    Body,
    /// One signature's bytes, encoded.
    Mac,
    /// Which of its record's events this is, from 1.
    Sequence,
    /// A day, `20260207`: always as long, so that another hole may follow at once.
    Date,
    /// Digits that no other record has.
    Digits,
}

impl Hole {
    /// What a header may hold.
    pub(super) const HEADER: &'static [Self] = &[
        Self::Id,
        Self::Type,
        Self::Attempt,
        Self::Timestamp,
        Self::Signature,
        Self::Delivery,
        Self::Sequence,
    ];
    /// What the signed content may hold.
    pub(super) const CONTENT: &'static [Self] = &[Self::Id, Self::Timestamp, Self::Body];
    /// What one written signature may hold.
    pub(super) const WRITTEN: &'static [Self] = &[Self::Mac];
    /// What a provider's reference may hold.
    pub(super) const REFERENCE: &'static [Self] = &[Self::Date, Self::Digits];

    /// As it is written in a contract.
    pub(super) const fn written(self) -> &'static str {
        match self {
            Self::Id => "{id}",
            Self::Type => "{type}",
            Self::Attempt => "{attempt}",
            Self::Timestamp => "{timestamp}",
            Self::Signature => "{signature}",
            Self::Delivery => "{delivery}",
            Self::Body => "{body}",
            Self::Mac => "{mac}",
            Self::Sequence => "{sequence}",
            Self::Date => "{date}",
            Self::Digits => "{digits}",
        }
    }
}

/// What fills the holes.
#[derive(Default, Clone, Copy)]
pub(super) struct Filling<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    pub attempt: &'a str,
    pub timestamp: &'a str,
    pub signature: &'a str,
    pub delivery: &'a str,
    pub body: &'a [u8],
    pub mac: &'a str,
    pub sequence: &'a str,
    pub date: &'a str,
    pub digits: &'a str,
}

impl<'a> Filling<'a> {
    fn of(&self, hole: Hole) -> &'a [u8] {
        match hole {
            Hole::Id => self.id.as_bytes(),
            Hole::Type => self.kind.as_bytes(),
            Hole::Attempt => self.attempt.as_bytes(),
            Hole::Timestamp => self.timestamp.as_bytes(),
            Hole::Signature => self.signature.as_bytes(),
            Hole::Delivery => self.delivery.as_bytes(),
            Hole::Body => self.body,
            Hole::Mac => self.mac.as_bytes(),
            Hole::Sequence => self.sequence.as_bytes(),
            Hole::Date => self.date.as_bytes(),
            Hole::Digits => self.digits.as_bytes(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(Hole),
}

/// A line of text with holes, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// Reads a template that may have these holes; tells all that is wrong with it.
    pub(super) fn parse(text: &str, allowed: &[Hole]) -> Result<Self, Vec<Flaw>> {
        let mut parts = Vec::new();
        let mut flaws = Vec::new();
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let open = rest.find('{').unwrap_or(rest.len());
            if open > 0 {
                parts.push(Part::Text(rest.get(..open).unwrap_or_default().to_owned()));
                at += open;
                continue;
            }
            let Some(close) = rest.find('}') else {
                flaws.push(Flaw::new(at, "`{` opens a hole that nothing closes").hint("add `}`"));
                break;
            };
            let written = rest.get(..=close).unwrap_or_default();
            match allowed.iter().find(|hole| hole.written() == written) {
                Some(_) if matches!(parts.last(), Some(Part::Hole(hole)) if *hole != Hole::Date) => {
                    let what = format!("{written} follows another hole at once");
                    flaws.push(Flaw::new(at, what).hint("put a separator between them"));
                }
                Some(hole) => parts.push(Part::Hole(*hole)),
                None => flaws.push(unknown(at, written, allowed)),
            }
            at += close + 1;
        }
        if flaws.is_empty() { Ok(Self { parts }) } else { Err(flaws) }
    }

    /// Whether it has this hole.
    pub(super) fn has(&self, hole: Hole) -> bool {
        self.parts.contains(&Part::Hole(hole))
    }

    /// The filled text, piece by piece and uncopied.
    pub(super) fn pieces<'a>(&'a self, filling: Filling<'a>) -> impl Iterator<Item = &'a [u8]> {
        self.parts.iter().map(move |part| match part {
            Part::Text(text) => text.as_bytes(),
            Part::Hole(hole) => filling.of(*hole),
        })
    }

    /// The filled text.
    pub(super) fn fill(&self, filling: Filling<'_>) -> String {
        let mut bytes = Vec::with_capacity(64);
        self.pieces(filling).for_each(|piece| bytes.extend_from_slice(piece));
        String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into())
    }

    /// Takes a text apart: what stands in each hole, or `None` when the text has another shape.
    pub(super) fn read<'v>(&self, text: &'v str) -> Option<Vec<(Hole, &'v str)>> {
        let (mut rest, mut found) = (text, Vec::new());
        let mut parts = &self.parts[..];
        while let [part, after @ ..] = parts {
            match part {
                Part::Text(literal) => rest = rest.strip_prefix(literal.as_str())?,
                Part::Hole(hole) => {
                    let end = match after {
                        // What the value may have in it too (`{signature}0`) ends it only at the end.
                        [Part::Text(last)] => rest.strip_suffix(last.as_str())?.len(),
                        [Part::Text(literal), ..] => rest.find(literal.as_str())?,
                        [Part::Hole(_), ..] | [] => rest.len(),
                    };
                    let (value, behind) = rest.split_at_checked(end)?;
                    found.push((*hole, value));
                    rest = behind;
                }
            }
            parts = after;
        }
        rest.is_empty().then_some(found)
    }
}

fn unknown(at: usize, written: &str, allowed: &[Hole]) -> Flaw {
    let names = || allowed.iter().map(|hole| hole.written());
    let hint = nearest(written, names()).map_or_else(
        || format!("the holes here are {}", names().collect::<Vec<_>>().join(" ")),
        |near| format!("did you mean `{near}`?"),
    );
    Flaw::new(at, format!("unknown hole `{written}`")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Template {
        Template::parse(text, Hole::HEADER).unwrap()
    }

    fn flaw(text: &str) -> String {
        let flaws = Template::parse(text, Hole::HEADER).unwrap_err();
        let Flaw { at, what, hint } = &flaws[0];
        format!("{at} {what} {hint:?}")
    }

    #[test]
    fn holes_are_filled_and_the_rest_stays() {
        let filling = Filling { timestamp: "7", signature: "ab", ..Filling::default() };
        assert_eq!(header("t={timestamp},v1={signature}").fill(filling), "t=7,v1=ab");
        assert_eq!(header("application/json").fill(filling), "application/json");
    }

    #[test]
    fn what_stands_at_the_end_is_found_there_though_the_value_has_it_too() {
        let read = header("v1={signature}0").read("v1=ab0cd00").unwrap();
        assert_eq!(read, [(Hole::Signature, "ab0cd0")]);
        assert_eq!(header("v1={signature}0").read("v1=ab0cd"), None);
    }

    #[test]
    fn a_filled_text_is_taken_apart_again() {
        let found = header("t={timestamp},v1={signature}").read("t=7,v1=ab,cd");
        assert_eq!(found, Some(vec![(Hole::Timestamp, "7"), (Hole::Signature, "ab,cd")]));
        assert_eq!(header("t={timestamp},v1={signature}").read("v1=ab,t=7"), None);
        assert_eq!(header("v{attempt}").read("v1"), Some(vec![(Hole::Attempt, "1")]));
        assert_eq!(header("a").read("ab"), None);
    }

    #[test]
    fn a_misspelt_hole_is_refused_with_the_nearest_right_name() {
        let said = flaw("v1={signatur}");
        assert_eq!(said, r#"3 unknown hole `{signatur}` Some("did you mean `{signature}`?")"#);
    }

    #[test]
    fn a_hole_of_another_place_is_refused() {
        assert!(flaw("{body}").starts_with("0 unknown hole `{body}`"));
    }

    #[test]
    fn an_unclosed_hole_and_two_holes_without_a_separator_are_refused() {
        assert!(flaw("t={timestamp").starts_with("2 `{` opens a hole that nothing closes"));
        assert!(flaw("{id}{type}").starts_with("4 {type} follows another hole at once"));
    }
}
