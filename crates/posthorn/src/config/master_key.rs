//! A master key as operators write it: 32 bytes in hex or base64.

use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use posthorn_core::secret::MASTER_KEY_BYTES;

/// The key that seals secrets at rest. It has no `Debug`, so that no log can hold it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct MasterKey(pub(crate) [u8; MASTER_KEY_BYTES]);

/// A text that is no master key; the text itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a master key is {MASTER_KEY_BYTES} bytes as 64 hex digits or 44 characters of base64; \
     `openssl rand -hex 32` makes one"
)]
pub(crate) struct BadMasterKey;

impl MasterKey {
    /// As it is written to a key file.
    pub(crate) fn to_hex(self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

impl FromStr for MasterKey {
    type Err = BadMasterKey;

    fn from_str(text: &str) -> Result<Self, BadMasterKey> {
        let text = text.trim().as_bytes();
        let decoded = HEXLOWER_PERMISSIVE.decode(text).or_else(|_| BASE64.decode(text));
        let bytes = decoded.map_err(|_| BadMasterKey)?;
        bytes.try_into().map(Self).map_err(|_| BadMasterKey)
    }
}

impl<'de> serde::Deserialize<'de> for MasterKey {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        super::secret::text(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_base64_are_the_same_key() {
        let hex = "01".repeat(32);
        let base64 = BASE64.encode(&[1; 32]);
        assert!(hex.parse::<MasterKey>().unwrap() == base64.parse().unwrap());
        assert_eq!(hex.parse::<MasterKey>().unwrap().to_hex(), hex);
    }

    #[test]
    fn a_short_key_and_a_passphrase_are_refused_without_repeating_them() {
        for text in ["", "0102", "correct horse battery staple", &"01".repeat(33)] {
            let error = text.parse::<MasterKey>().err().unwrap();
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
    }
}
