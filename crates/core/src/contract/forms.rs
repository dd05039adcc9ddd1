//! What a platform calls payments: a contract's `[payment]`, and how its templates are filled.

use super::Contract;
use super::catalogue::CatalogueEvent;
use super::fault::{Flaw, Page};
use super::field::{About, Field};
use super::fill::Told;
use super::read::{Section, Text};
use super::shape::Shape;
use super::signature::one_of;
use super::wire_id::{IdForms, Kind};
use crate::event::EventType;
use crate::json::Style;
use crate::money::Units;
use crate::order;
use crate::payment::{Facts, LegState, Method, State};
use crate::transition::Transition;

/// Words for canonical names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Words(Vec<(&'static str, String)>);

impl Words {
    fn of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, word)| word.as_str())
    }
}

/// A contract's `[payment]`; canonical words, where it says nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Forms {
    /// In which units amounts stand.
    units: Units,
    /// What a payment is.
    data: Option<Shape>,
    status: Words,
    status_v2: Words,
    leg_status: Words,
    order_status: Words,
    product_status: Words,
    method: Words,
    ids: IdForms,
}

impl Default for Forms {
    fn default() -> Self {
        let (status, ids) = (Words::default(), IdForms::default());
        Self {
            units: Units::Minor,
            data: None,
            status_v2: status.clone(),
            leg_status: status.clone(),
            order_status: status.clone(),
            product_status: status.clone(),
            method: status.clone(),
            status,
            ids,
        }
    }
}

const FIELDS: [&str; 9] = [
    "units",
    "data",
    "status",
    "status_v2",
    "leg_status",
    "order_status",
    "product_status",
    "method",
    "id",
];
/// Where a product stands: on sale, or not.
const PRODUCT_STATES: [&str; 2] = ["active", "inactive"];
const UNITS: [(&str, Units); 2] = [("minor", Units::Minor), ("major", Units::Major)];

impl Forms {
    /// Reads `[payment]`, which may be left out.
    pub(super) fn read(page: &mut Page<'_>, root: &Section<'_>) -> Self {
        let Some(table) = root.table(page, "payment") else { return Self::default() };
        let section = Section::open(page, "[payment]", table, &FIELDS);
        let units = one_of(page, &section, "units", &UNITS).unwrap_or(Units::Minor);
        let data = section.need_text(page, "data");
        let states = State::ALL.map(State::name);
        if !section.has("status") {
            section.miss(page, "status");
        }
        let status = read_words(page, &section, ("status", &states), true);
        let status_v2 = read_words(page, &section, ("status_v2", &states), true);
        let leg_status = read_words(page, &section, ("leg_status", &LegState::NAMES), true);
        let order_states = order::State::ALL.map(order::State::name);
        let order_status = read_words(page, &section, ("order_status", &order_states), true);
        let product_status = read_words(page, &section, ("product_status", &PRODUCT_STATES), true);
        let method = read_words(page, &section, ("method", &Method::NAMES), false);
        let ids = section.table(page, "id").map_or_else(IdForms::default, |table| {
            let kinds = Kind::ALL.map(Kind::name);
            let section = Section::open(page, "[payment.id]", table, &kinds);
            IdForms::read(page, &section)
        });
        let mut forms = Self {
            units,
            data: None,
            status,
            status_v2,
            leg_status,
            order_status,
            product_status,
            method,
            ids,
        };
        forms.data = data.and_then(|text| forms.read_shape(page, &text));
        forms
    }

    /// What an event's data is made by, where Posthorn makes it.
    pub(super) fn shape<'a>(&'a self, event: &'a CatalogueEvent) -> Option<&'a Shape> {
        let of_payment = event.on.iter().any(|transition| transition.is_of_payment());
        event.data.as_ref().or_else(|| self.data.as_ref().filter(|_| of_payment))
    }

    /// Reads a template of data, which may use only what these forms have.
    pub(super) fn read_shape(&self, page: &mut Page<'_>, text: &Text<'_>) -> Option<Shape> {
        let shape = match Shape::parse("data", text.value) {
            Ok(shape) => shape,
            Err(flaws) => {
                for flaw in flaws {
                    page.blame(text.span.clone(), text.value, flaw);
                }
                return None;
            }
        };
        if shape.has(Field::Payment(About::StatusV2)) && self.status_v2.0.is_empty() {
            let at = text.value.find("$status_v2").unwrap_or(0);
            let flaw = Flaw::new(at, "`$status_v2` has no words");
            page.blame(text.span.clone(), text.value, flaw.hint("add a table [payment.status_v2]"));
        }
        Some(shape)
    }
}

/// Reads a table of words for these names: for all of them, or for some.
fn read_words(
    page: &mut Page<'_>,
    parent: &Section<'_>,
    (key, names): (&str, &[&'static str]),
    all: bool,
) -> Words {
    let Some(table) = parent.table(page, key) else { return Words::default() };
    let section = Section::open(page, &format!("[payment.{key}]"), table, names);
    let mut words = Vec::new();
    for name in names {
        let text = if all { section.need_text(page, name) } else { section.text(page, name) };
        let Some(text) = text else { continue };
        if text.value.is_empty() {
            let what = format!("`{name}` in [payment.{key}] must not be empty");
            page.note(Flaw::new(text.span.start, what));
        }
        words.push((*name, text.value.to_owned()));
    }
    Words(words)
}

// === what contracts say ===

impl Contract {
    /// In which units amounts stand on its wire.
    #[must_use]
    pub fn units(&self) -> Units {
        self.forms.units
    }

    /// Its word for where a payment stands.
    #[must_use]
    pub fn status(&self, state: State) -> &str {
        self.forms.status.of(state.name()).unwrap_or(state.name())
    }

    /// Its second word for it, where it has two.
    #[must_use]
    pub fn status_v2(&self, state: State) -> Option<&str> {
        self.forms.status_v2.of(state.name())
    }

    /// Its word for where a leg of a split stands.
    #[must_use]
    pub fn leg_status(&self, state: &LegState) -> &str {
        let name = state.name();
        self.forms.leg_status.of(name).unwrap_or(name)
    }

    /// Its word for where an order stands, by the canonical name.
    #[must_use]
    pub fn order_status<'a>(&'a self, name: &'a str) -> &'a str {
        self.forms.order_status.of(name).unwrap_or(name)
    }

    /// Where an order stands that it says this word of.
    #[must_use]
    pub fn order_state(&self, word: &str) -> Option<order::State> {
        order::State::ALL.into_iter().find(|state| self.order_status(state.name()) == word)
    }

    /// Its word for a product that is on sale, or is not.
    #[must_use]
    pub fn product_status(&self, active: bool) -> &str {
        let name = if active { "active" } else { "inactive" };
        self.forms.product_status.of(name).unwrap_or(name)
    }

    /// Its word for a way to pay, by the canonical name.
    #[must_use]
    pub fn method_word<'a>(&'a self, method: &'a str) -> &'a str {
        self.forms.method.of(method).unwrap_or(method)
    }

    /// The canonical name of the way to pay that it calls so.
    #[must_use]
    pub fn method_of(&self, word: &str) -> Option<&'static str> {
        Method::NAMES.into_iter().find(|name| self.method_word(name) == word)
    }

    /// A stored number as an id of its wire.
    #[must_use]
    pub fn wire_id(&self, kind: Kind, id: i64) -> String {
        self.forms.ids.write(kind, id)
    }

    /// The stored number of an id of its wire; `None` for what [`Contract::wire_id`] would not write.
    #[must_use]
    pub fn read_id(&self, kind: Kind, text: &str) -> Option<i64> {
        self.forms.ids.read_id(kind, text)
    }

    /// The events that stand for a transition, in the file's order.
    pub fn events_on(&self, transition: Transition) -> impl Iterator<Item = &CatalogueEvent> {
        self.events.iter().filter(move |event| event.on.contains(&transition))
    }

    /// What a payment is on its wire: a JSON object in canonical bytes. `None` when it has no `[payment]`.
    #[must_use]
    pub fn payment_data(&self, facts: &Facts<'_>) -> Option<Vec<u8>> {
        self.forms.data.as_ref().map(|shape| self.filled(shape, facts))
    }

    /// What an event's data is: a JSON object in canonical bytes. `None` when only a caller can tell: the event is not in the
    /// catalogue, or not about a payment and without `data` of its own.
    #[must_use]
    pub fn event_data(&self, kind: &EventType, facts: &Facts<'_>) -> Option<Vec<u8>> {
        let shape = self.forms.shape(self.event(kind.as_str())?)?;
        Some(self.filled(shape, facts))
    }

    fn filled(&self, shape: &Shape, facts: &Facts<'_>) -> Vec<u8> {
        shape.fill(&Told { contract: self, facts }).to_vec(Style::Js)
    }
}
