//! Vectors: a contract file's own proof, made by another program than this one.

use jiff::Timestamp;

use super::catalogue::read_object;
use super::fault::{Fault, Flaw, Page, place};
use super::read::{Section, Text};
use super::{Contract, Sending, Signed, SigningKey, Tolerance};
use crate::json::Style;

/// How many vectors a contract needs to be proved.
const VECTORS_MIN: usize = 2;
/// How much of a body is shown around the first difference, in characters.
const SHOWN: usize = 24;

/// What goes in, and exactly what must come out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vector {
    name: String,
    secrets: Vec<String>,
    id: String,
    kind: String,
    created: Timestamp,
    merchant: String,
    delivery: String,
    attempt: u32,
    sequence: Option<u32>,
    now: i64,
    data: Vec<u8>,
    style: Style,
    headers: Vec<(String, String)>,
    body: String,
    at: usize,
}

const FIELDS: [&str; 10] = [
    "name",
    "secret",
    "new_secret",
    "now",
    "attempt",
    "delivery",
    "json",
    "event",
    "headers",
    "body",
];
const EVENT_FIELDS: [&str; 6] = ["id", "type", "created", "merchant", "sequence", "data"];

/// Reads every `[[vector]]`.
pub(super) fn read(page: &mut Page<'_>, root: &Section<'_>) -> Vec<Vector> {
    let mut vectors = Vec::new();
    for table in root.tables(page, "vector") {
        let section = Section::open(page, "[[vector]]", table, &FIELDS);
        vectors.extend(read_one(page, &section));
    }
    vectors
}

fn read_one(page: &mut Page<'_>, section: &Section<'_>) -> Option<Vector> {
    let owned = |text: Text<'_>| text.value.to_owned();
    let name = section.need_text(page, "name").map(owned);
    let secret = section.text(page, "secret").map(owned);
    let new_secret = section.text(page, "new_secret").map(owned);
    let now = section.need_number(page, "now", 0..=i64::MAX);
    let attempt = section.need_number(page, "attempt", 1..=1000);
    let delivery = section.need_text(page, "delivery").map(owned);
    let style = match section.text(page, "json") {
        None => Some(Style::default()),
        Some(text) => read_style(page, &text),
    };
    let headers = section.pairs(page, "headers").into_iter();
    let headers = headers.map(|(name, value)| (owned(name), owned(value))).collect();
    let body = section.need_text(page, "body").map(owned);
    let event = section.need_table(page, "event")?;
    let event = Section::open(page, "[vector.event]", event, &EVENT_FIELDS);
    let id = event.need_text(page, "id").map(owned);
    let kind = event.need_text(page, "type").map(owned);
    let merchant = event.need_text(page, "merchant").map(owned);
    let created = event.need_text(page, "created").and_then(|text| {
        let flaw = || Flaw::new(text.span.start, format!("`{}` is no RFC 3339 time", text.value));
        text.value.parse::<Timestamp>().map_err(|_| page.note(flaw())).ok()
    });
    let sequence = event.number(page, "sequence", 1..=i64::from(u32::MAX));
    let data = event.need_text(page, "data");
    let data = data.and_then(|text| read_object(page, &text, "data"));
    Some(Vector {
        name: name?,
        secrets: secret.into_iter().chain(new_secret).collect(),
        id: id?,
        kind: kind?,
        created: created?,
        merchant: merchant?,
        delivery: delivery?,
        attempt: u32::try_from(attempt?).ok()?,
        sequence: sequence.and_then(|sequence| u32::try_from(sequence).ok()),
        now: now?,
        data: data?,
        style: style?,
        headers,
        body: body?,
        at: section.span.start,
    })
}

fn read_style(page: &mut Page<'_>, text: &Text<'_>) -> Option<Style> {
    let style = Style::from_name(text.value);
    if style.is_none() {
        let names = Style::ALL.map(Style::name).join(", ");
        let flaw = Flaw::new(text.span.start, format!("unknown json style \"{}\"", text.value));
        page.note(flaw.hint(format!("it is one of {names}")));
    }
    style
}

impl Vector {
    fn sending(&self) -> Sending<'_> {
        Sending {
            id: &self.id,
            kind: &self.kind,
            created: self.created,
            merchant: &self.merchant,
            delivery: &self.delivery,
            attempt: self.attempt,
            sequence: self.sequence,
            timestamp: self.now,
            data: &self.data,
            style: self.style,
        }
    }

    /// What is wrong when the contract signs it; empty when it comes out as it must.
    fn prove(&self, contract: &Contract) -> Vec<String> {
        let keys: Result<Vec<SigningKey>, _> =
            self.secrets.iter().map(|secret| contract.key(secret)).collect();
        let keys = match keys {
            Ok(keys) => keys,
            Err(bad) => return vec![bad.to_string()],
        };
        let signed = match contract.sign(&self.sending(), &keys) {
            Ok(signed) => signed,
            Err(unsendable) => return vec![unsendable.to_string()],
        };
        let mut wrong = self.compare(&signed);
        if let Some(secret) = self.secrets.first() {
            let genuine =
                contract.verify(&signed.headers, &signed.body, secret, Tolerance::new(self.now, 0));
            wrong
                .extend(genuine.err().map(|not| format!("what was signed does not verify: {not}")));
        }
        wrong
    }

    fn compare(&self, signed: &Signed) -> Vec<String> {
        let mut wrong = Vec::new();
        let body = String::from_utf8_lossy(&signed.body);
        wrong.extend(difference(&self.body, &body).map(|what| format!("the body {what}")));
        for (name, value) in &signed.headers {
            match self.headers.iter().find(|(other, _)| other == name) {
                None => wrong.push(format!("header `{name}: {value}` is not expected")),
                Some((_, expected)) => wrong.extend(
                    difference(expected, value).map(|what| format!("header `{name}` {what}")),
                ),
            }
        }
        let made = |name| signed.headers.iter().any(|(other, _)| other == name);
        let missing = self.headers.iter().filter(|(name, _)| !made(name));
        wrong.extend(missing.map(|(name, _)| format!("header `{name}` is expected and not made")));
        wrong
    }
}

/// Where two texts part, for people; `None` when they are equal.
fn difference(expected: &str, made: &str) -> Option<String> {
    if expected == made {
        return None;
    }
    let at = expected.chars().zip(made.chars()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| -> String {
        text.chars().skip(at.saturating_sub(SHOWN / 2)).take(SHOWN).collect()
    };
    let (expected, made) = (around(expected), around(made));
    Some(format!("differs at character {}: expected `{expected}`, made `{made}`", at + 1))
}

impl Contract {
    /// Runs the file's own vectors. Empty when it has at least two, one of them with text that is
    /// not ASCII, and every body and header comes out byte for byte.
    #[must_use]
    pub fn prove(&self) -> Vec<Fault> {
        let mut flaws = Vec::new();
        if self.vectors.len() < VECTORS_MIN {
            let what = format!("{} vectors prove too little", self.vectors.len());
            flaws.push(Flaw::new(0, what).hint("a contract needs at least two"));
        }
        if self.vectors.iter().all(|vector| vector.data.is_ascii()) {
            let flaw = Flaw::new(0, "no vector has data with a character that is not ASCII");
            flaws.push(flaw.hint("encoding faults show only there: add one"));
        }
        for vector in &self.vectors {
            let wrong = vector.prove(self).into_iter();
            flaws.extend(
                wrong.map(|wrong| {
                    Flaw::new(vector.at, format!("vector \"{}\": {wrong}", vector.name))
                }),
            );
        }
        flaws.into_iter().map(|flaw| place(&self.file, &self.source, flaw)).collect()
    }
}
