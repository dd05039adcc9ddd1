//! Reading secrets: what stands where one should is not repeated.

use posthorn_core::secret::Secret;
use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

/// A secret.
pub(super) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    text(from).map(Secret::new)
}

/// A secret's text.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    String::deserialize(from).map_err(|_| D::Error::custom("it must be a text in quotes"))
}
