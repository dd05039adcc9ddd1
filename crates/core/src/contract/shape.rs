//! Shapes: JSON templates of what an event's data is, with holes ([`Field`]).
//!
//! A string that is exactly a hole is replaced by its value, of whatever type. What has no value is left out: a member, an
//! item, and an object or a list of whose holes none has one. A list of exactly one object with `$leg.…` holes stands once
//! for each leg of the split, one with `$item.…` holes for each item of the order.

use super::envelope::SPREAD;
use super::fault::{Flaw, offset};
use super::field::{About, Each, Field};
use crate::json::{self, Json, Members};

/// A compiled template.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape(Vec<(String, Part)>);

#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// What is the same every time.
    Text(Json),
    Hole(Field),
    /// The members of the merchant's notes that the object does not name itself.
    Notes,
    Object(Vec<(String, Part)>),
    List(Vec<Part>),
    /// An object for each leg, or each item.
    Repeated(Each, Vec<(String, Part)>),
}

/// What fills a shape's holes.
pub(super) trait Source {
    /// What a hole stands for, if it has a value; `at` is the position of the leg or the item that is
    /// told of.
    fn value(&self, field: Field, at: Option<usize>) -> Option<Json>;
    /// How many of them there are.
    fn count(&self, each: Each) -> usize;
}

impl Shape {
    /// Reads a template; tells all that is wrong with it, `name` being what it is called.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, Vec<Flaw>> {
        let document = json::parse(text.as_bytes()).map_err(|malformed| {
            let at = offset(text, malformed.line, malformed.column);
            vec![Flaw::new(at, format!("`{name}` is not valid JSON: {}", malformed.fault))]
        })?;
        let Some(members) = document.as_object() else {
            let what = format!("`{name}` is {}, not a JSON object", document.kind());
            return Err(vec![Flaw::new(0, what)]);
        };
        let mut compiler = Compiler { text, flaws: Vec::new() };
        let shape = Self(compiler.members(members, None));
        if compiler.flaws.is_empty() { Ok(shape) } else { Err(compiler.flaws) }
    }

    /// The filled object.
    pub(super) fn fill(&self, source: &impl Source) -> Json {
        Json::Object(fill_members(&self.0, source, None).0)
    }

    /// The path of the first member of `sample` that no filled object has.
    pub(super) fn stranger(&self, sample: &Json) -> Option<String> {
        sample.as_object().and_then(|sample| stranger(&self.0, sample))
    }

    /// Whether it has this hole.
    pub(super) fn has(&self, field: Field) -> bool {
        self.0.iter().any(|(_, part)| part.has(field))
    }
}

impl Part {
    fn has(&self, field: Field) -> bool {
        match self {
            Self::Text(_) | Self::Notes => false,
            Self::Hole(hole) => *hole == field,
            Self::Object(members) | Self::Repeated(_, members) => {
                members.iter().any(|(_, part)| part.has(field))
            }
            Self::List(parts) => parts.iter().any(|part| part.has(field)),
        }
    }

    /// Its value, and whether it is there for more than its own sake: a text fills no object.
    fn fill(&self, source: &impl Source, at: Option<usize>) -> Option<(Json, bool)> {
        match self {
            Self::Text(value) => Some((value.clone(), false)),
            Self::Hole(field) => source.value(*field, at).map(|value| (value, true)),
            Self::Notes => None,
            Self::Object(members) => {
                let (filled, told) = fill_members(members, source, at);
                (told || !has_holes(members)).then_some((Json::Object(filled), told))
            }
            Self::List(parts) => {
                let filled: Vec<_> =
                    parts.iter().filter_map(|part| part.fill(source, at)).collect();
                let told = filled.iter().any(|(_, told)| *told);
                let fixed = parts.iter().all(|part| !part.is_open());
                let items = filled.into_iter().map(|(item, _)| item).collect();
                (told || fixed).then_some((Json::Array(items), told))
            }
            Self::Repeated(each, members) => {
                let one = |at| Json::Object(fill_members(members, source, Some(at)).0);
                let all: Vec<_> = (0..source.count(*each)).map(one).collect();
                (!all.is_empty()).then_some((Json::Array(all), true))
            }
        }
    }

    /// Whether it has a hole of any kind.
    fn is_open(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::Hole(_) | Self::Notes | Self::Repeated(..) => true,
            Self::Object(members) => has_holes(members),
            Self::List(parts) => parts.iter().any(Self::is_open),
        }
    }
}

fn stranger(members: &[(String, Part)], sample: &Members) -> Option<String> {
    let anything = members.iter().any(|(_, part)| *part == Part::Notes);
    let within = |name: &str, members, value: &Json| {
        let inner = value.as_object().and_then(|sample| stranger(members, sample))?;
        Some(format!("{name}.{inner}"))
    };
    sample.iter().find_map(|(name, value)| {
        match members.iter().find(|(own, _)| own == name).map(|(_, part)| part) {
            None => (!anything).then(|| name.to_owned()),
            Some(Part::Object(members)) => within(name, members, value),
            Some(Part::Repeated(_, members)) => {
                value.as_array()?.iter().find_map(|one| within(name, members, one))
            }
            Some(Part::Text(_) | Part::Hole(_) | Part::Notes | Part::List(_)) => None,
        }
    })
}

fn has_holes(members: &[(String, Part)]) -> bool {
    members.iter().any(|(_, part)| part.is_open())
}

/// The members that have values, and whether a hole was among them.
fn fill_members(
    members: &[(String, Part)],
    source: &impl Source,
    at: Option<usize>,
) -> (Members, bool) {
    let mut filled = Members::new();
    let mut told = false;
    for (name, part) in members {
        if *part == Part::Notes {
            let notes = source.value(Field::Payment(About::Metadata), at).unwrap_or_default();
            let notes = notes.as_object().into_iter().flat_map(Members::iter);
            let named = |name: &str| members.iter().any(|(own, _)| own == name && name != SPREAD);
            for (name, value) in notes.filter(|(name, _)| !named(name)) {
                filled.insert(name, value.clone());
            }
            told = true;
        } else if let Some((value, of_hole)) = part.fill(source, at) {
            filled.insert(name.as_str(), value);
            told |= of_hole;
        }
    }
    (filled, told)
}

struct Compiler<'t> {
    text: &'t str,
    flaws: Vec<Flaw>,
}

impl Compiler<'_> {
    fn members(&mut self, members: &Members, of: Option<Each>) -> Vec<(String, Part)> {
        let compile = |(name, value): (&str, &Json)| {
            let part = match name {
                SPREAD => self.notes(value),
                _ => self.part(value, of),
            };
            Some((name.to_owned(), part?))
        };
        members.iter().filter_map(compile).collect()
    }

    fn part(&mut self, value: &Json, of: Option<Each>) -> Option<Part> {
        match value {
            Json::Object(members) => Some(Part::Object(self.members(members, of))),
            Json::Array(items) => match items.as_slice() {
                [Json::Object(members)] if let (None, Some(each)) = (of, names_each(members)) => {
                    Some(Part::Repeated(each, self.members(members, Some(each))))
                }
                items => {
                    let parts = items.iter().filter_map(|item| self.part(item, of));
                    Some(Part::List(parts.collect()))
                }
            },
            Json::String(text) => self.string(text, of),
            Json::Null | Json::Bool(_) | Json::Number(_) => Some(Part::Text(value.clone())),
        }
    }

    fn string(&mut self, text: &str, of: Option<Each>) -> Option<Part> {
        match Field::of(text) {
            None => Some(Part::Text(text.into())),
            Some(Ok(Field::Leg(_))) if of != Some(Each::Leg) => {
                let what = format!("`{text}` stands outside a leg");
                let hint = "a list of exactly one object is repeated for each leg of a split";
                self.flaw(text, Flaw::new(0, what).hint(hint));
                None
            }
            Some(Ok(Field::Item(_))) if of != Some(Each::Item) => {
                let what = format!("`{text}` stands outside an item");
                let hint = "a list of exactly one object is repeated for each item of an order";
                self.flaw(text, Flaw::new(0, what).hint(hint));
                None
            }
            Some(Ok(field)) => Some(Part::Hole(field)),
            Some(Err(flaw)) => {
                self.flaw(text, flaw);
                None
            }
        }
    }

    fn notes(&mut self, value: &Json) -> Option<Part> {
        if value.as_str() == Some("$metadata") {
            return Some(Part::Notes);
        }
        let flaw = Flaw::new(0, "only `$metadata` can be spread here");
        self.flaw(SPREAD, flaw.hint("write `\"...\": \"$metadata\"`"));
        None
    }

    /// Notes what is wrong with a string of the template, at its place.
    fn flaw(&mut self, string: &str, flaw: Flaw) {
        let at = self.text.find(&format!("\"{string}\"")).unwrap_or(0);
        self.flaws.push(Flaw { at, ..flaw });
    }
}

/// What an object tells of one of many of, at whatever depth.
fn names_each(members: &Members) -> Option<Each> {
    members.iter().find_map(|(_, value)| match value {
        Json::String(text) => Field::of(text)?.ok()?.each(),
        Json::Object(members) => names_each(members),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Style;

    /// A source that has an id and notes, and as many legs as it says.
    struct Known(usize);

    impl Source for Known {
        fn value(&self, field: Field, leg: Option<usize>) -> Option<Json> {
            match (Field::of("$id")?.ok()?, Field::of("$metadata")?.ok()?, leg) {
                (id, _, _) if field == id => Some("pay_1".into()),
                (_, notes, _) if field == notes => {
                    Some(Json::object([("a", Json::from(1)), ("kind", Json::from("theirs"))]))
                }
                (_, _, Some(leg)) => Some(format!("leg {leg}").into()),
                (_, _, None) => None,
            }
        }

        fn count(&self, _: Each) -> usize {
            self.0
        }
    }

    fn filled(template: &str, legs: usize) -> String {
        let shape = Shape::parse("data", template).unwrap();
        String::from_utf8(shape.fill(&Known(legs)).to_vec(Style::Js)).unwrap()
    }

    #[test]
    fn what_has_no_value_is_left_out_with_what_it_would_stand_in() {
        assert_eq!(filled(r#"{"id": "$id", "due": "$due"}"#, 0), r#"{"id":"pay_1"}"#);
        assert_eq!(filled(r#"{"boleto": {"due": "$due", "kind": "slip"}}"#, 0), "{}");
        assert_eq!(filled(r#"{"list": ["$due", {"x": ["$paid"]}]}"#, 0), "{}");
        assert_eq!(filled(r#"{"list": ["$due", "$id"]}"#, 0), r#"{"list":["pay_1"]}"#);
    }

    #[test]
    fn what_has_no_holes_stays_as_it_is() {
        let fixed = r#"{"a":{},"b":[],"c":{"d":[1,null,true,"US$ 1"]}}"#;
        assert_eq!(filled(fixed, 0), fixed);
    }

    #[test]
    fn a_list_of_one_object_stands_for_each_leg() {
        let template = r#"{"legs": [{"to": {"name": "$leg.name"}, "of": "$id"}]}"#;
        assert_eq!(
            filled(template, 2),
            r#"{"legs":[{"to":{"name":"leg 0"},"of":"pay_1"},{"to":{"name":"leg 1"},"of":"pay_1"}]}"#
        );
        assert_eq!(filled(template, 0), "{}");
    }

    #[test]
    fn notes_are_spread_but_for_what_the_object_names_itself() {
        let template = r#"{"notes": {"...": "$metadata", "kind": "ours", "due": "$due"}}"#;
        assert_eq!(filled(template, 0), r#"{"notes":{"a":1,"kind":"ours"}}"#);
    }

    #[test]
    fn a_sample_is_held_against_the_shape_at_every_depth() {
        let shape = Shape::parse(
            "data",
            r#"{"id": "$id", "legs": [{"name": "$leg.name"}], "m": "$metadata"}"#,
        )
        .unwrap();
        let stranger = |sample: &str| shape.stranger(&json::parse(sample.as_bytes()).unwrap());
        assert_eq!(stranger(r#"{"id": 1, "m": {"x": 1}, "legs": [{"name": 1}]}"#), None);
        assert_eq!(stranger(r#"{"legs": [{"name": 1}, {"sum": 1}]}"#).as_deref(), Some("legs.sum"));
        assert_eq!(stranger(r#"{"no": 1}"#).as_deref(), Some("no"));
    }

    #[test]
    fn a_template_is_a_json_object() {
        let flaw = |text| Shape::parse("data", text).unwrap_err().remove(0).what;
        assert_eq!(flaw("[]"), "`data` is an array, not a JSON object");
        assert!(flaw("{\"a\":}").starts_with("`data` is not valid JSON"));
    }
}
