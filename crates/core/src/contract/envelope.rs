//! The envelope: a JSON document with holes, which becomes the body of a delivery.
//!
//! A string that is exactly a hole (`"$id"`) is replaced by the typed value; everything else stays.
//! It is compiled once into [`Segment`]s, so that a body is: copy a prefix, copy the data, copy a
//! suffix. The document itself is kept too: it is what the other languages' styles are printed from
//! ([`super::render`] does both).

use super::fault::{Flaw, nearest, offset};
use super::members::is_index;
use crate::json::{self, Json, Members, Style};

/// What can stand in an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hole {
    /// `$id`: the event's id.
    Id,
    /// `$type`: the event's type.
    Type,
    /// `$created`: when it happened, RFC 3339 in UTC, whole seconds.
    Created,
    /// `$created_unix`: the same in Unix seconds, a number.
    CreatedUnix,
    /// `$attempt`: the attempt's number in this run, a number from 1.
    Attempt,
    /// `$merchant`: whose event it is.
    Merchant,
    /// `$data`: the whole data.
    Data,
    /// `$data.some.path`: a part of the data; the member is left out when there is none.
    Path(Vec<String>),
    /// `$signature`: the signature over the body without this member.
    Signature,
}

impl Hole {
    const WORDS: [(&'static str, Self); 8] = [
        ("$id", Self::Id),
        ("$type", Self::Type),
        ("$created", Self::Created),
        ("$created_unix", Self::CreatedUnix),
        ("$attempt", Self::Attempt),
        ("$merchant", Self::Merchant),
        ("$data", Self::Data),
        ("$signature", Self::Signature),
    ];

    /// The hole that a string is; `None` when it has nothing of a hole.
    fn of(text: &str) -> Option<Result<Self, Flaw>> {
        let dollar = text.find('$').filter(|at| {
            text.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic()))
        })?;
        if dollar > 0 {
            let flaw = Flaw::new(0, format!("`{text}` mixes text with a hole"));
            return Some(Err(flaw.hint("a hole is the whole of a string")));
        }
        if let Some(path) = text.strip_prefix("$data.") {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            let sound = path.iter().all(|name| !name.is_empty());
            let flaw = || Flaw::new(0, format!("`{text}` has an empty name in its path"));
            return Some(if sound { Ok(Self::Path(path)) } else { Err(flaw()) });
        }
        let word = Self::WORDS.into_iter().find(|(word, _)| *word == text);
        Some(word.map(|(_, hole)| hole).ok_or_else(|| {
            let words = Self::WORDS.iter().map(|(word, _)| *word);
            let hint = nearest(text, words).map_or_else(
                || {
                    format!(
                        "the holes are {} $data.path",
                        Self::WORDS.map(|(word, _)| word).join(" ")
                    )
                },
                |near| format!("did you mean `{near}`?"),
            );
            Flaw::new(0, format!("unknown hole `{text}`")).hint(hint)
        }))
    }
}

/// The member name that spreads the data's members over the object it stands in.
pub(super) const SPREAD: &str = "...";

/// One step of writing a body as `JSON.stringify` would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// Bytes that are the same in every body.
    Text(Vec<u8>),
    /// A comma, unless the object has only just been opened.
    Comma,
    /// A value that is always there.
    Value(Hole),
    /// A member (its name as printed) that is left out when the data has nothing at the path.
    Member { name: Vec<u8>, path: Vec<Box<[u8]>> },
    /// The data's members that are not named here: those that JavaScript prints first, or the rest.
    Spread { named: Vec<Vec<u8>>, indexes: bool },
}

/// A compiled envelope.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Envelope {
    /// The document.
    pub document: Members,
    /// How to write it, without the signature and the closing brace.
    pub segments: Vec<Segment>,
    /// The name of the last member, when that is `$signature`.
    pub signature: Option<String>,
    /// Whether the attempt's number stands in it.
    pub numbers_attempts: bool,
    /// Whether it uses parts of the data.
    pub takes_apart: bool,
}

impl Envelope {
    /// Reads and compiles an envelope; tells all that is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<Flaw>> {
        let document = json::parse(text.as_bytes()).map_err(|malformed| {
            let at = offset(text, malformed.line, malformed.column);
            let what = format!("the envelope is not valid JSON: {}", malformed.fault);
            vec![Flaw::new(at, what)]
        })?;
        let Json::Object(members) = document else {
            let what = format!("the envelope is {}, not an object", document.kind());
            return Err(vec![Flaw::new(0, what)]);
        };
        let signature = last_member(&members, "$signature");
        let mut compiler = Compiler { text, segments: Vec::new(), flaws: Vec::new() };
        compiler.open(&members, signature.as_deref());
        if !compiler.flaws.is_empty() {
            return Err(compiler.flaws);
        }
        let segments = compiler.segments;
        let numbers_attempts = segments.contains(&Segment::Value(Hole::Attempt));
        let takes_apart = segments
            .iter()
            .any(|segment| matches!(segment, Segment::Member { .. } | Segment::Spread { .. }));
        Ok(Self { document: members, segments, signature, numbers_attempts, takes_apart })
    }

    /// What a template string stands for, once the envelope has been compiled.
    pub(super) fn hole(text: &str) -> Option<Hole> {
        Hole::of(text).and_then(Result::ok)
    }
}

struct Compiler<'t> {
    text: &'t str,
    segments: Vec<Segment>,
    flaws: Vec<Flaw>,
}

impl Compiler<'_> {
    fn flaw(&mut self, near: &str, flaw: Flaw) {
        let at = self.text.find(near).unwrap_or(0);
        self.flaws.push(Flaw { at, ..flaw });
    }

    /// Compiles an object but for its closing brace, and but for one member that comes later.
    fn open(&mut self, members: &Members, later: Option<&str>) {
        self.bytes(b"{");
        let named: Vec<_> = members.names().filter(|name| *name != SPREAD).map(printed).collect();
        for name in named.iter().filter(|name| is_index(name)) {
            let name = String::from_utf8_lossy(name);
            let what = format!("member {name} is an index to JavaScript, which prints it first");
            self.flaw(&name, Flaw::new(0, what).hint("give it another name"));
        }
        let spreads = members.get(SPREAD).is_some();
        if spreads {
            self.segments.push(Segment::Spread { named: named.clone(), indexes: true });
        }
        let mut certain = false; // whether a member stands before, whatever the data
        for (at, (name, value)) in members.iter().enumerate() {
            if Some(name) == later {
                continue;
            }
            if name == SPREAD {
                self.spread(value, named.clone());
                continue;
            }
            if let Some(path) = printed_path(value) {
                self.segments.push(Segment::Member { name: printed(name), path });
                continue;
            }
            if certain {
                self.bytes(b",");
            } else if at > 0 || spreads {
                self.segments.push(Segment::Comma);
            }
            certain = true;
            self.bytes(&printed(name));
            self.bytes(b":");
            self.value(value);
        }
    }

    fn spread(&mut self, value: &Json, named: Vec<Vec<u8>>) {
        if value.as_str() != Some("$data") {
            let flaw = Flaw::new(0, "only `$data` can be spread");
            self.flaw("\"...\"", flaw.hint("write `\"...\": \"$data\"`"));
        }
        self.segments.push(Segment::Spread { named, indexes: false });
    }

    fn value(&mut self, value: &Json) {
        match value {
            Json::Object(members) => {
                self.open(members, None);
                self.bytes(b"}");
            }
            Json::Array(items) => {
                self.bytes(b"[");
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.bytes(b",");
                    }
                    self.item(item);
                }
                self.bytes(b"]");
            }
            Json::String(text) => self.string(text),
            Json::Null | Json::Bool(_) | Json::Number(_) => {
                self.bytes(&value.to_vec(Style::Js));
            }
        }
    }

    fn item(&mut self, item: &Json) {
        if printed_path(item).is_some() {
            let text = item.as_str().unwrap_or_default();
            let what = format!("`{text}` stands in a list");
            let hint = "a part of the data is the value of a member, which is left out without it";
            self.flaw(text, Flaw::new(0, what).hint(hint));
        } else {
            self.value(item);
        }
    }

    fn string(&mut self, text: &str) {
        match Hole::of(text) {
            None => self.bytes(&printed(text)),
            Some(Ok(Hole::Signature)) => {
                let flaw = Flaw::new(0, "`$signature` is not the last member of the envelope");
                let hint = "a receiver takes it off the end of the body before it verifies";
                self.flaw("\"$signature\"", flaw.hint(hint));
            }
            Some(Ok(hole)) => self.segments.push(Segment::Value(hole)),
            Some(Err(flaw)) => self.flaw(&printed_text(text), flaw),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        match self.segments.last_mut() {
            Some(Segment::Text(text)) => text.extend_from_slice(bytes),
            _ => self.segments.push(Segment::Text(bytes.to_vec())),
        }
    }
}

/// The path as members are printed, when the value is one.
fn printed_path(value: &Json) -> Option<Vec<Box<[u8]>>> {
    let Some(Ok(Hole::Path(names))) = Hole::of(value.as_str()?) else { return None };
    Some(names.iter().map(|name| printed(name).into_boxed_slice()).collect())
}

/// The name of an object's last member, when it is this text.
fn last_member(members: &Members, text: &str) -> Option<String> {
    let (name, value) = members.iter().last()?;
    (value.as_str() == Some(text)).then(|| name.to_owned())
}

/// A string as JavaScript prints it, quotes included.
pub(super) fn printed(text: &str) -> Vec<u8> {
    Json::from(text).to_vec(Style::Js)
}

fn printed_text(text: &str) -> String {
    String::from_utf8(printed(text)).unwrap_or_default()
}
