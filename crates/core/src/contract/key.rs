//! Secrets as signing keys: what an endpoint's secret means to its contract.

use data_encoding::BASE64;
use ed25519_dalek::{Signer as _, VerifyingKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// What a secret's text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// The HMAC key is the text's own UTF-8 bytes, prefix and all, as the five guides use it.
    Utf8,
    /// Standard Webhooks 1.0.0: `whsec_` and base64 of an HMAC key, or `whsk_` and base64 of an
    /// Ed25519 secret key.
    Standard,
}

impl KeyForm {
    /// As a contract writes it.
    pub(super) const NAMES: [(&'static str, Self); 2] =
        [("utf8", Self::Utf8), ("standard", Self::Standard)];
}

const HMAC_PREFIX: &str = "whsec_";
const SECRET_PREFIX: &str = "whsk_";
const PUBLIC_PREFIX: &str = "whpk_";

/// Bytes of an HMAC key by Standard Webhooks 1.0.0, "Signature scheme": 192 to 512 bits.
pub(super) const STANDARD_KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that its contract cannot sign with. The messages never hold the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// Nothing at all.
    #[error("the secret is empty; give one, or leave it out to have one made")]
    Empty,
    /// Not base64 behind its prefix.
    #[error(
        "the secret is not base64 behind its prefix; this contract takes `whsec_` or `whsk_` and \
         standard base64 with padding (Standard Webhooks 1.0.0)"
    )]
    NotBase64,
    /// An HMAC key of a length that the standard does not allow.
    #[error("the secret holds {bytes} bytes; Standard Webhooks 1.0.0 asks for 24 to 64")]
    Length {
        /// Its bytes, decoded.
        bytes: usize,
    },
    /// Not an Ed25519 secret key.
    #[error(
        "the secret is no Ed25519 key; behind `whsk_` stand the 32 bytes of the seed in base64, or \
         64 with the public key that belongs to it"
    )]
    NotEd25519,
    /// A public key cannot sign.
    #[error("a `whpk_` key only verifies; to sign, give the `whsk_` key that belongs to it")]
    PublicKey,
}

/// A secret that is ready to sign: no `Debug`, no `Clone`, wiped when dropped.
pub struct SigningKey(Key);

enum Key {
    Hmac(Zeroizing<Vec<u8>>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// A signature's bytes, and by which scheme they were made.
pub(super) enum Mac {
    Hmac([u8; 32]),
    Ed25519([u8; 64]),
}

impl SigningKey {
    /// Reads a secret in the form that its contract gives it.
    pub fn parse(secret: &str, form: KeyForm) -> Result<Self, BadSecret> {
        if secret.is_empty() {
            return Err(BadSecret::Empty);
        }
        match form {
            KeyForm::Utf8 => Ok(Self(Key::Hmac(Zeroizing::new(secret.as_bytes().to_vec())))),
            KeyForm::Standard => Self::standard(secret),
        }
    }

    fn standard(secret: &str) -> Result<Self, BadSecret> {
        if secret.starts_with(PUBLIC_PREFIX) {
            return Err(BadSecret::PublicKey);
        }
        if let Some(text) = secret.strip_prefix(SECRET_PREFIX) {
            return ed25519(&decode(text)?).map(|key| Self(Key::Ed25519(Box::new(key))));
        }
        let key = decode(secret.strip_prefix(HMAC_PREFIX).unwrap_or(secret))?;
        if !STANDARD_KEY_BYTES.contains(&key.len()) {
            return Err(BadSecret::Length { bytes: key.len() });
        }
        Ok(Self(Key::Hmac(key)))
    }

    /// A new secret of the same scheme as this one's, of random bytes, where it is not the one that
    /// contracts prefer.
    #[must_use]
    pub fn successor(&self, seed: [u8; 32]) -> Option<Secret> {
        let seed = Zeroizing::new(seed);
        match &self.0 {
            Key::Hmac(_) => None,
            Key::Ed25519(_) => {
                let text = Zeroizing::new(BASE64.encode(&*seed));
                Some(Secret::new(format!("{SECRET_PREFIX}{}", *text)))
            }
        }
    }

    /// The public key that verifies, as `whpk_…`; `None` when the key is shared (HMAC).
    #[must_use]
    pub fn public(&self) -> Option<String> {
        match &self.0 {
            Key::Hmac(_) => None,
            Key::Ed25519(key) => {
                Some(format!("{PUBLIC_PREFIX}{}", BASE64.encode(key.verifying_key().as_bytes())))
            }
        }
    }

    /// Signs a message that comes in pieces.
    pub(super) fn sign<'p>(&self, pieces: impl Iterator<Item = &'p [u8]>) -> Mac {
        match &self.0 {
            Key::Hmac(key) => Mac::Hmac(hmac(key, pieces).finalize().into_bytes().into()),
            Key::Ed25519(key) => {
                Mac::Ed25519(key.sign(&pieces.collect::<Vec<_>>().concat()).to_bytes())
            }
        }
    }
}

/// What a receiver holds: a shared secret, or a public key.
pub(super) enum CheckingKey {
    Hmac(Zeroizing<Vec<u8>>),
    Ed25519(Box<VerifyingKey>),
}

impl CheckingKey {
    /// Reads what can verify: any secret that can sign, or a `whpk_` key.
    pub(super) fn parse(secret: &str, form: KeyForm) -> Result<Self, BadSecret> {
        let public = secret.strip_prefix(PUBLIC_PREFIX).filter(|_| form == KeyForm::Standard);
        if let Some(text) = public {
            let bytes = decode(text)?;
            let bytes = <&[u8; 32]>::try_from(&**bytes).map_err(|_| BadSecret::NotEd25519)?;
            let key = VerifyingKey::from_bytes(bytes).map_err(|_| BadSecret::NotEd25519)?;
            return Ok(Self::Ed25519(Box::new(key)));
        }
        Ok(match SigningKey::parse(secret, form)?.0 {
            Key::Hmac(key) => Self::Hmac(key),
            Key::Ed25519(key) => Self::Ed25519(Box::new(key.verifying_key())),
        })
    }

    /// Whether the signature belongs to the message; for a shared secret in constant time.
    pub(super) fn fits<'p>(&self, mac: &[u8], pieces: impl Iterator<Item = &'p [u8]>) -> bool {
        match self {
            Self::Hmac(key) => {
                let expected = hmac(key, pieces).finalize().into_bytes();
                expected.as_slice().ct_eq(mac).into()
            }
            Self::Ed25519(key) => {
                let message = pieces.collect::<Vec<_>>().concat();
                ed25519_dalek::Signature::from_slice(mac)
                    .is_ok_and(|signature| key.verify_strict(&message, &signature).is_ok())
            }
        }
    }
}

fn hmac<'p>(key: &[u8], pieces: impl Iterator<Item = &'p [u8]>) -> Hmac<Sha256> {
    let mut hmac = <Hmac<Sha256>>::new_from_slice(key).expect("HMAC takes keys of any length");
    pieces.for_each(|piece| hmac.update(piece));
    hmac
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, BadSecret> {
    BASE64.decode(text.as_bytes()).map(Zeroizing::new).map_err(|_| BadSecret::NotBase64)
}

fn ed25519(bytes: &[u8]) -> Result<ed25519_dalek::SigningKey, BadSecret> {
    if let Ok(seed) = <&[u8; 32]>::try_from(bytes) {
        return Ok(ed25519_dalek::SigningKey::from_bytes(seed));
    }
    let pair = <&[u8; 64]>::try_from(bytes).map_err(|_| BadSecret::NotEd25519)?;
    ed25519_dalek::SigningKey::from_keypair_bytes(pair).map_err(|_| BadSecret::NotEd25519)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard(secret: &str) -> Result<SigningKey, BadSecret> {
        SigningKey::parse(secret, KeyForm::Standard)
    }

    #[test]
    fn in_a_guides_contract_the_whole_text_is_the_key() {
        let key = SigningKey::parse("whsec_é", KeyForm::Utf8).unwrap();
        let Key::Hmac(bytes) = &key.0 else { panic!("not an HMAC key") };
        assert_eq!(bytes.as_slice(), "whsec_é".as_bytes());
        assert_eq!(SigningKey::parse("", KeyForm::Utf8).err(), Some(BadSecret::Empty));
    }

    #[test]
    fn a_standard_secret_is_base64_with_or_without_its_prefix() {
        let bare = BASE64.encode(&[7; 24]);
        assert!(standard(&bare).is_ok());
        assert!(standard(&format!("whsec_{bare}")).is_ok());
        assert_eq!(standard("whsec_not base64").err(), Some(BadSecret::NotBase64));
        let short = format!("whsec_{}", BASE64.encode(&[7; 23]));
        assert_eq!(standard(&short).err(), Some(BadSecret::Length { bytes: 23 }));
        let long = format!("whsec_{}", BASE64.encode(&[7; 65]));
        assert_eq!(standard(&long).err(), Some(BadSecret::Length { bytes: 65 }));
    }

    #[test]
    fn an_ed25519_secret_is_a_seed_alone_or_with_its_public_key() {
        let pair = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
        let seed = standard(&format!("whsk_{}", BASE64.encode(&[9; 32]))).unwrap();
        let both = standard(&format!("whsk_{}", BASE64.encode(&pair.to_keypair_bytes()))).unwrap();
        assert_eq!(seed.public(), both.public());
        assert!(seed.public().unwrap().starts_with("whpk_"));
        let mut strange = pair.to_keypair_bytes();
        strange[63] ^= 1;
        let strange = standard(&format!("whsk_{}", BASE64.encode(&strange)));
        assert_eq!(strange.err(), Some(BadSecret::NotEd25519));
        assert_eq!(standard("whsk_AAAA").err(), Some(BadSecret::NotEd25519));
    }

    #[test]
    fn a_public_key_verifies_and_does_not_sign() {
        let key = standard(&format!("whsk_{}", BASE64.encode(&[9; 32]))).unwrap();
        let public = key.public().unwrap();
        assert_eq!(standard(&public).err(), Some(BadSecret::PublicKey));
        let Mac::Ed25519(mac) = key.sign([&b"a"[..], b"b"].into_iter()) else { panic!("HMAC") };
        let checking = CheckingKey::parse(&public, KeyForm::Standard).unwrap();
        assert!(checking.fits(&mac, std::iter::once(&b"ab"[..])));
        assert!(!checking.fits(&mac, std::iter::once(&b"ac"[..])));
        assert!(!checking.fits(&mac[..63], std::iter::once(&b"ab"[..])));
    }

    #[test]
    fn a_message_may_come_in_pieces() {
        let key = SigningKey::parse("k", KeyForm::Utf8).unwrap();
        let Mac::Hmac(whole) = key.sign(std::iter::once(&b"abc"[..])) else { panic!("Ed25519") };
        let Mac::Hmac(pieces) = key.sign([&b"a"[..], b"", b"bc"].into_iter()) else { panic!() };
        assert_eq!(whole, pieces);
    }
}
