//! A setting that counts something: a whole number within bounds, told in a caller's words.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A whole number from 1 to `MAX`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count<const MAX: u32>(u32);

impl<const MAX: u32> From<Count<MAX>> for u32 {
    fn from(count: Count<MAX>) -> Self {
        count.0
    }
}

impl<'de, const MAX: u32> Deserialize<'de> for Count<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u32(Reader)
    }
}

struct Reader<const MAX: u32>;

impl<const MAX: u32> Visitor<'_> for Reader<MAX> {
    type Value = Count<MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from 1 to {MAX}, or `null` for no limit of its own")
    }

    fn visit_u64<E: Error>(self, given: u64) -> Result<Count<MAX>, E> {
        let sound = u32::try_from(given).ok().filter(|count| (1..=MAX).contains(count));
        sound.map(Count).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(given), &self))
    }
}
