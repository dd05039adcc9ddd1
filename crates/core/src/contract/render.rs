//! Fills an envelope: the bytes of a body, for one attempt.
//!
//! JavaScript's style is copied together from segments and the data's own canonical bytes. The
//! other styles are printed from the document, since every string and number may change. A property
//! test holds the two against each other.

use jiff::Timestamp;

use super::Sending;
use super::envelope::{Envelope, Hole, SPREAD, Segment, printed};
use super::members::{self, Member, Members, is_index};
use crate::json::{self, Json, Style};

impl Envelope {
    /// The body without its signature member. `data` must be canonical (see [`Sending`]).
    pub(super) fn render(&self, sending: &Sending<'_>) -> Vec<u8> {
        match sending.style {
            Style::Js => self.copy(sending),
            Style::Python | Style::Php => self.print(sending, None),
        }
    }

    /// The body with its signature member, if the envelope has one; it stands last.
    pub(super) fn seal(&self, mut unsigned: Vec<u8>, sending: &Sending<'_>, mac: &str) -> Vec<u8> {
        let Some(name) = &self.signature else { return unsigned };
        match sending.style {
            Style::Js => {
                unsigned.pop();
                comma(&mut unsigned);
                unsigned.extend_from_slice(&printed(name));
                unsigned.push(b':');
                write_string(mac, &mut unsigned);
                unsigned.push(b'}');
                unsigned
            }
            Style::Python | Style::Php => self.print(sending, Some(mac)),
        }
    }

    /// Copies the body together, as JavaScript prints it.
    fn copy(&self, sending: &Sending<'_>) -> Vec<u8> {
        let mut body = Vec::with_capacity(sending.data.len() + 512);
        let members: Vec<Member<'_>> =
            if self.takes_apart { Members::of(sending.data).collect() } else { Vec::new() };
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => body.extend_from_slice(text),
                Segment::Comma => comma(&mut body),
                Segment::Value(hole) => write_value(hole, sending, &mut body),
                Segment::Member { name, path } => {
                    if let Some(value) = members::find(&members, path) {
                        write_member((name, value), &mut body);
                    }
                }
                Segment::Spread { named, indexes } => {
                    for member in &members {
                        if is_index(member.0) == *indexes && !named.iter().any(|n| n == member.0) {
                            write_member(*member, &mut body);
                        }
                    }
                }
            }
        }
        body.push(b'}');
        body
    }

    /// Prints the body from the filled document, in any style.
    fn print(&self, sending: &Sending<'_>, mac: Option<&str>) -> Vec<u8> {
        let data = json::parse(sending.data).unwrap_or_default();
        let members = Filler { data: &data, sending, mac }.members(&self.document);
        let mut body = Vec::with_capacity(sending.data.len() * 2 + 512);
        Json::Object(members).write(sending.style, &mut body);
        body
    }
}

/// A comma, unless the object has only just been opened.
fn comma(body: &mut Vec<u8>) {
    if body.last() != Some(&b'{') {
        body.push(b',');
    }
}

fn write_member((name, value): Member<'_>, body: &mut Vec<u8>) {
    comma(body);
    body.extend_from_slice(name);
    body.push(b':');
    body.extend_from_slice(value);
}

fn write_value(hole: &Hole, sending: &Sending<'_>, body: &mut Vec<u8>) {
    match hole {
        Hole::Data => body.extend_from_slice(sending.data),
        Hole::Id => write_string(sending.id, body),
        Hole::Type => write_string(sending.kind, body),
        Hole::Merchant => write_string(sending.merchant, body),
        Hole::Created => write_string(&whole_seconds(sending.created), body),
        Hole::CreatedUnix => {
            body.extend_from_slice(sending.created.as_second().to_string().as_bytes());
        }
        Hole::Attempt => body.extend_from_slice(sending.attempt.to_string().as_bytes()),
        // Both are taken out when the envelope is compiled.
        Hole::Path(_) | Hole::Signature => {}
    }
}

/// A string as JavaScript prints it; ids and types need no escapes and are only copied.
fn write_string(text: &str, body: &mut Vec<u8>) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        body.push(b'"');
        body.extend_from_slice(text.as_bytes());
        body.push(b'"');
    } else {
        body.extend_from_slice(&printed(text));
    }
}

/// RFC 3339 in UTC, to the second, as the guides print times.
pub(super) fn whole_seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// What fills the document's holes.
struct Filler<'a> {
    data: &'a Json,
    sending: &'a Sending<'a>,
    mac: Option<&'a str>,
}

impl Filler<'_> {
    fn members(&self, template: &json::Members) -> json::Members {
        let mut filled = json::Members::new();
        for (name, value) in template.iter() {
            if name == SPREAD {
                let members = self.data.as_object().into_iter().flat_map(json::Members::iter);
                for (name, value) in members.filter(|(name, _)| is_spread(template, name)) {
                    filled.insert(name, value.clone());
                }
            } else if let Some(value) = self.value(value) {
                filled.insert(name, value);
            }
        }
        filled
    }

    /// The value a template stands for; `None` for a path that leads nowhere.
    fn value(&self, template: &Json) -> Option<Json> {
        match template {
            Json::Object(members) => Some(Json::Object(self.members(members))),
            Json::Array(items) => {
                Some(Json::Array(items.iter().filter_map(|item| self.value(item)).collect()))
            }
            Json::String(text) => match Envelope::hole(text) {
                Some(hole) => self.hole(&hole),
                None => Some(template.clone()),
            },
            Json::Null | Json::Bool(_) | Json::Number(_) => Some(template.clone()),
        }
    }

    fn hole(&self, hole: &Hole) -> Option<Json> {
        Some(match hole {
            Hole::Id => self.sending.id.into(),
            Hole::Type => self.sending.kind.into(),
            Hole::Merchant => self.sending.merchant.into(),
            Hole::Created => whole_seconds(self.sending.created).into(),
            Hole::CreatedUnix => self.sending.created.as_second().into(),
            Hole::Attempt => self.sending.attempt.into(),
            Hole::Data => self.data.clone(),
            Hole::Path(path) => {
                let found = path.iter().try_fold(self.data, |at, name| at.as_object()?.get(name));
                found?.clone()
            }
            Hole::Signature => self.mac?.into(),
        })
    }
}

/// Whether the data's member is spread over an object: unless the object names it itself.
fn is_spread(template: &json::Members, name: &str) -> bool {
    name == SPREAD || template.get(name).is_none()
}
