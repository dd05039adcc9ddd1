//! A member of a PATCH: left out, taken away with `null`, or set.

use serde::{Deserialize, Deserializer};

/// What a PATCH says about one setting.
#[derive(Debug, Default)]
pub(crate) enum Change<T> {
    /// It is left out: the setting stays.
    #[default]
    Keep,
    /// `null`: the setting is taken away.
    Clear,
    /// A new value.
    Set(T),
}

impl<T> Change<T> {
    /// As the engine takes it.
    #[expect(clippy::option_option, reason = "the engine's patches are written so")]
    pub(crate) fn patch(self) -> Option<Option<T>> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }

    /// The new value; its default where it is taken away.
    pub(crate) fn or_default(self) -> Option<T>
    where
        T: Default,
    {
        self.patch().map(Option::unwrap_or_default)
    }
}

/// Only asked when the member is there; `#[serde(default)]` makes an absent one [`Change::Keep`].
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}
