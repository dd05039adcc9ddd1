//! Batches: the items of one body, read one by one, so that one which is wrong is wrong alone.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::problem::Place;

/// The texts of the items, in their order; at most `MAX`.
pub(crate) struct Items<'a, const MAX: usize>(pub(crate) Vec<&'a RawValue>);

impl<'de: 'a, 'a, const MAX: usize> Deserialize<'de> for Items<'a, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Reader::<MAX>).map(Self)
    }
}

struct Reader<const MAX: usize>;

impl<'de, const MAX: usize> Visitor<'de> for Reader<MAX> {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of at most {MAX} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element()? {
            if texts.len() == MAX {
                let what = format!("more than {MAX} items; send them in two batches");
                return Err(A::Error::custom(what));
            }
            texts.push(text);
        }
        Ok(texts)
    }
}

/// How far places have been counted in a batch: once through it, however many items are refused.
pub(crate) struct Reached<'a> {
    /// What is left of the body.
    body: &'a [u8],
    /// Where that begins.
    place: Place,
}

impl<'a> Reached<'a> {
    /// Nothing of a body yet.
    pub(crate) fn of(body: &'a [u8]) -> Self {
        Self { body, place: Place::START }
    }

    /// Where a text of the body that lies further on begins.
    pub(crate) fn go_to(&mut self, text: &RawValue) -> Place {
        let bytes = text.get().as_ptr().addr() - self.body.as_ptr().addr();
        let (before, left) = self.body.split_at(bytes);
        *self = Reached { body: left, place: self.place.after(before) };
        self.place
    }
}

/// Whether a body is an array and nothing around it.
pub(crate) fn is_bare(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'[')
}
