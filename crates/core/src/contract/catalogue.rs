//! A contract's catalogue: the events a platform has promised, and when they happen.

use super::fault::{Flaw, Page, nearest, offset};
use super::forms::Forms;
use super::read::{Section, Text};
use super::shape::Shape;
use crate::event::EventType;
use crate::json::{self, Style};
use crate::transition::Transition;

/// One event of a contract's catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogueEvent {
    /// Its type, in the contract's own words.
    pub kind: EventType,
    /// What it means, in the language of the platform's guide.
    pub description: String,
    /// The transitions that it stands for; empty when only a caller can make it.
    pub on: Vec<Transition>,
    /// Data for tests and documentation: a JSON object as `JSON.stringify` prints it.
    pub sample: Vec<u8>,
    /// What its data is, where that is not what a payment is.
    pub(super) data: Option<Shape>,
}

const FIELDS: [&str; 5] = ["type", "description", "on", "data", "sample"];

/// Reads every `[[event]]`.
pub(super) fn read(page: &mut Page<'_>, root: &Section<'_>, forms: &Forms) -> Vec<CatalogueEvent> {
    let mut events: Vec<CatalogueEvent> = Vec::new();
    if !root.has("event") {
        root.miss(page, "event");
    }
    for table in root.tables(page, "event") {
        let section = Section::open(page, "[[event]]", table, &FIELDS);
        let Some(event) = read_one(page, &section, forms) else { continue };
        check_sample(page, &section, (&event, forms));
        if events.iter().any(|other| other.kind == event.kind) {
            let what = format!("event `{}` stands in the catalogue twice", event.kind);
            page.note(Flaw::new(section.span.start, what).hint("remove one of them"));
        }
        events.push(event);
    }
    events
}

fn read_one(page: &mut Page<'_>, section: &Section<'_>, forms: &Forms) -> Option<CatalogueEvent> {
    let kind = section.need_text(page, "type").and_then(|text| {
        let kind = text.value.parse::<EventType>();
        kind.map_err(|bad| page.note(Flaw::new(text.span.start, bad.to_string()))).ok()
    });
    let description = section.need_text(page, "description");
    let on = section.texts(page, "on");
    let on = on.iter().filter_map(|text| read_transition(page, text)).collect();
    let data = section.text(page, "data").and_then(|text| forms.read_shape(page, &text));
    let sample = section.need_text(page, "sample");
    let sample = sample.and_then(|text| read_object(page, &text, "sample"));
    Some(CatalogueEvent {
        kind: kind?,
        description: description?.value.to_owned(),
        on,
        sample: sample?,
        data,
    })
}

/// A sample shows what is really sent: it has no member that the event's data never has.
fn check_sample(
    page: &mut Page<'_>,
    section: &Section<'_>,
    (event, forms): (&CatalogueEvent, &Forms),
) {
    let sample = json::parse(&event.sample).unwrap_or_default();
    let stranger = forms.shape(event).and_then(|shape| shape.stranger(&sample));
    if let (Some(stranger), Some(text)) = (stranger, section.text(page, "sample")) {
        let what = format!("`sample` has `{stranger}`, which the event's data never has");
        page.note(Flaw::new(text.span.start, what).hint("take it out, or add it to `data`"));
    }
}

fn read_transition(page: &mut Page<'_>, text: &Text<'_>) -> Option<Transition> {
    let found = Transition::ALL.iter().find(|transition| transition.name() == text.value);
    if found.is_none() {
        let names = Transition::ALL.iter().map(|transition| transition.name());
        let flaw = Flaw::new(text.span.start, format!("unknown transition `{}`", text.value));
        page.note(
            flaw.maybe_hint(
                nearest(text.value, names).map(|near| format!("did you mean `{near}`?")),
            ),
        );
    }
    found.copied()
}

/// A JSON object of the file, in canonical bytes.
pub(super) fn read_object(page: &mut Page<'_>, text: &Text<'_>, name: &str) -> Option<Vec<u8>> {
    let flaw = match json::parse(text.value.as_bytes()) {
        Ok(value) if value.as_object().is_some() => return Some(value.to_vec(Style::Js)),
        Ok(value) => Flaw::new(0, format!("`{name}` is {}, not a JSON object", value.kind())),
        Err(malformed) => {
            let what = format!("`{name}` is not valid JSON: {}", malformed.fault);
            Flaw::new(offset(text.value, malformed.line, malformed.column), what)
        }
    };
    page.blame(text.span.clone(), text.value, flaw);
    None
}
