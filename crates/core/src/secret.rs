//! Secrets: sealed at rest, hashed where a hash is enough, compared in constant time, never printed.
//!
//! One master key seals everything; every sealed value names the key that sealed it, so that a new
//! master key can take over while old values are still read (`posthorn master-key rotate`).

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes of a master key.
pub const MASTER_KEY_BYTES: usize = 32;
/// Bytes of the nonce each seal needs; random, never used twice.
pub const NONCE_BYTES: usize = 24;

/// A secret in the clear: no `Debug`, no `Clone`, wiped when dropped.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A secret at rest: which master key sealed it, the nonce, and the ciphertext.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The id of the master key.
    pub key: [u8; 4],
    /// Nonce and ciphertext.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.bytes.len())
    }
}

/// A sealed value that cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unopenable {
    /// The master key that sealed it is not among those given.
    #[error(
        "a secret was sealed with master key {key}, which is not configured; add that key to \
         `master_keys_old`"
    )]
    UnknownKey {
        /// Its id, in hex.
        key: String,
    },
    /// The bytes were changed, or belong to something else.
    #[error("a sealed secret does not open: its bytes were changed")]
    Damaged,
}

/// Bytes of a master key's fingerprint.
pub const FINGERPRINT_BYTES: usize = 36;

/// What a master key is known by without being told: its id and a keyed hash, by which only the same
/// key is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; FINGERPRINT_BYTES]);

impl Fingerprint {
    fn of(key: &[u8; MASTER_KEY_BYTES]) -> Self {
        let mut bytes = [0; FINGERPRINT_BYTES];
        let (id, hash) = bytes.split_at_mut(4);
        id.copy_from_slice(&key_id(key));
        hash.copy_from_slice(&keyed_hash(key, "posthorn master key fingerprint"));
        Self(bytes)
    }

    /// The key's id, as sealed values name it.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.0.first_chunk().copied().unwrap_or_default()
    }
}

/// The id, in hex: for people to compare.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.id()))
    }
}

/// The master keys: the first seals, all open.
pub struct MasterKeys {
    keys: Vec<([u8; 4], Zeroizing<[u8; MASTER_KEY_BYTES]>)>,
}

impl MasterKeys {
    /// The current key and those before it.
    #[must_use]
    pub fn new(current: [u8; MASTER_KEY_BYTES], old: &[[u8; MASTER_KEY_BYTES]]) -> Self {
        let keys = std::iter::once(&current).chain(old);
        Self { keys: keys.map(|key| (key_id(key), Zeroizing::new(*key))).collect() }
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn current(&self) -> [u8; 4] {
        self.keys.first().map(|(id, _)| *id).unwrap_or_default()
    }

    /// The fingerprint of the key that seals.
    ///
    /// # Panics
    /// Never: there is a key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let current = self.keys.first().expect("a master key is given at construction");
        Fingerprint::of(&current.1)
    }

    /// Whether one of the keys has this fingerprint.
    #[must_use]
    pub fn has(&self, fingerprint: &Fingerprint) -> bool {
        self.keys.iter().any(|(_, key)| Fingerprint::of(key) == *fingerprint)
    }

    /// Seals a text. `context` binds it to its place, so that sealed values cannot be swapped.
    ///
    /// # Panics
    /// Never in practice: sealing fails only for texts of many gibibytes.
    #[must_use]
    pub fn seal(&self, text: &str, context: &str, nonce: [u8; NONCE_BYTES]) -> Sealed {
        let (id, key) = self.keys.first().expect("a master key is given at construction");
        let nonce = XNonce::from(nonce);
        let payload =
            chacha20poly1305::aead::Payload { msg: text.as_bytes(), aad: context.as_bytes() };
        let mut bytes = nonce.to_vec();
        let cipher = XChaCha20Poly1305::new((&**key).into());
        bytes.extend(cipher.encrypt(&nonce, payload).expect("a short text can be sealed"));
        Sealed { key: *id, bytes }
    }

    /// Keys for one purpose alone, made of these and under their ids: what they seal, none of these opens.
    #[must_use]
    pub fn for_purpose(&self, purpose: &str) -> Self {
        let made = |(id, key): &([u8; 4], Zeroizing<[u8; MASTER_KEY_BYTES]>)| {
            (*id, Zeroizing::new(keyed_hash(&**key, &format!("posthorn key for {purpose}"))))
        };
        Self { keys: self.keys.iter().map(made).collect() }
    }

    /// A hash that nobody can reckon who has not the current key: of what could be guessed from its plain one.
    #[must_use]
    pub fn hash(&self, text: &str) -> [u8; 32] {
        let current: &[u8] = self.keys.first().map_or(&[], |(_, key)| &key[..]);
        keyed_hash(current, text)
    }

    /// Whether what the key with this id sealed can be opened; else [`Unopenable::UnknownKey`].
    pub fn knows(&self, id: [u8; 4]) -> Result<(), Unopenable> {
        self.key(id).map(drop)
    }

    fn key(&self, id: [u8; 4]) -> Result<&[u8; MASTER_KEY_BYTES], Unopenable> {
        let found = self.keys.iter().find(|(known, _)| *known == id);
        let unknown = || Unopenable::UnknownKey { key: data_encoding::HEXLOWER.encode(&id) };
        found.map(|(_, key)| &**key).ok_or_else(unknown)
    }

    /// Opens what was sealed for `context`.
    pub fn open(&self, sealed: &Sealed, context: &str) -> Result<Secret, Unopenable> {
        let key = self.key(sealed.key)?;
        let (nonce, msg) =
            sealed.bytes.split_first_chunk::<NONCE_BYTES>().ok_or(Unopenable::Damaged)?;
        let cipher = XChaCha20Poly1305::new(key.into());
        let payload = chacha20poly1305::aead::Payload { msg, aad: context.as_bytes() };
        let text =
            cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| Unopenable::Damaged)?;
        String::from_utf8(text).map(Secret::new).map_err(|_| Unopenable::Damaged)
    }
}

fn key_id(key: &[u8; MASTER_KEY_BYTES]) -> [u8; 4] {
    let digest = Sha256::new().chain_update(b"posthorn master key id").chain_update(key).finalize();
    digest.first_chunk().copied().unwrap_or_default()
}

/// The keyed hash under which an API key is kept: HMAC-SHA-256 under the deployment's pepper.
///
/// # Panics
/// Never: HMAC takes keys of any length.
#[must_use]
pub fn keyed_hash(pepper: &[u8], key: &str) -> [u8; 32] {
    let mut mac = <Hmac<Sha256>>::new_from_slice(pepper).expect("HMAC takes keys of any length");
    mac.update(key.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Whether two byte strings are equal, in time that does not depend on where they differ.
#[must_use]
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: [u8; NONCE_BYTES] = [7; NONCE_BYTES];

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let keys = MasterKeys::new([1; 32], &[]);
        let sealed = keys.seal("whsec_fake", "endpoint 1", NONCE);
        assert_eq!(keys.open(&sealed, "endpoint 1").unwrap().expose(), "whsec_fake");
        assert_eq!(keys.open(&sealed, "endpoint 2").err(), Some(Unopenable::Damaged));
    }

    #[test]
    fn a_new_master_key_takes_over_while_the_old_one_still_opens() {
        let sealed = MasterKeys::new([1; 32], &[]).seal("whsec_fake", "x", NONCE);
        let rotated = MasterKeys::new([2; 32], &[[1; 32]]);
        assert_eq!(rotated.open(&sealed, "x").unwrap().expose(), "whsec_fake");
        assert_ne!(rotated.seal("whsec_fake", "x", NONCE).key, sealed.key);
        let forgotten = MasterKeys::new([2; 32], &[]).open(&sealed, "x");
        assert!(matches!(forgotten, Err(Unopenable::UnknownKey { .. })));
    }

    #[test]
    fn a_purpose_has_a_key_of_its_own_that_follows_a_rotation() {
        let (old, rotated) = (MasterKeys::new([1; 32], &[]), MasterKeys::new([2; 32], &[[1; 32]]));
        let sealed = old.for_purpose("cards").seal("4242", "tok_1", NONCE);
        assert_eq!(sealed.key, old.current());
        assert_eq!(old.open(&sealed, "tok_1").err(), Some(Unopenable::Damaged));
        let other = old.for_purpose("other things").open(&sealed, "tok_1");
        assert_eq!(other.err(), Some(Unopenable::Damaged));
        let opened = rotated.for_purpose("cards").open(&sealed, "tok_1");
        assert_eq!(opened.unwrap().expose(), "4242");
    }

    #[test]
    fn a_fingerprint_is_that_of_one_key_and_names_it_as_seals_do() {
        let keys = MasterKeys::new([1; 32], &[[2; 32]]);
        let (first, second) = (keys.fingerprint(), MasterKeys::new([2; 32], &[]).fingerprint());
        assert_ne!(first, second);
        assert_eq!(first.id(), keys.seal("x", "x", NONCE).key);
        assert!(keys.has(&first) && keys.has(&second));
        assert!(!keys.has(&MasterKeys::new([3; 32], &[]).fingerprint()));
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let keys = MasterKeys::new([1; 32], &[]);
        let mut sealed = keys.seal("whsec_fake", "x", NONCE);
        *sealed.bytes.last_mut().unwrap() ^= 1;
        assert_eq!(keys.open(&sealed, "x").err(), Some(Unopenable::Damaged));
    }
}
