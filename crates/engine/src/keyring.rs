//! Keys in memory: the master keys, opened signing secrets, and which API keys were used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use posthorn_core::contract::SigningKey;
use posthorn_core::endpoint::EndpointSecret;
use posthorn_core::id::{CardTokenId, ContractId, EndpointId, KeyId, SecretId};
use posthorn_core::merchant::Key;
use posthorn_core::secret::{MasterKeys, Sealed, Secret, Unopenable};

use crate::contracts::InForce;
use crate::entropy::Entropy;

/// API keys remembered at most; past it the memory starts anew.
const KEYS_REMEMBERED_MAX: usize = 100_000;
/// Endpoints whose opened secrets are remembered, at most; past it the memory starts anew.
const ENDPOINTS_REMEMBERED_MAX: usize = 100_000;

/// Where a sealed value stands: part of its seal, so that values cannot be swapped.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Endpoint,
    Merchant,
    Key,
}

impl Place {
    pub(crate) fn context(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint secret",
            Self::Merchant => "merchant webhook secret",
            Self::Key => "sandbox key",
        }
    }
}

/// Opens what the database keeps sealed, and remembers the signing keys it opened.
pub(crate) struct Keyring {
    master: MasterKeys,
    /// Card numbers have a key of their own: what opens secrets opens no card.
    cards: MasterKeys,
    /// Hashes what callers sent: a body may be short but for what must not be known of it.
    requests: MasterKeys,
    opened: RwLock<HashMap<(EndpointId, ContractId), Opened>>,
}

impl Keyring {
    pub(crate) fn new(master: MasterKeys) -> Self {
        let [cards, requests] =
            ["card numbers", "request fingerprints"].map(|purpose| master.for_purpose(purpose));
        Self { cards, requests, master, opened: RwLock::default() }
    }

    /// What is kept of a request, to know it again: a card's number is not found by trying all of them.
    pub(crate) fn fingerprint(&self, plain: [u8; 16]) -> [u8; 16] {
        let hash = self.requests.hash(&HEXLOWER.encode(&plain));
        hash.first_chunk().copied().unwrap_or_default()
    }

    /// Seals a card's number for one token, and no other.
    pub(crate) fn seal_card(&self, number: &str, token: CardTokenId, entropy: &Entropy) -> Sealed {
        self.cards.seal(number, &token.to_string(), entropy.nonce())
    }

    pub(crate) fn open_card(
        &self,
        sealed: &Sealed,
        token: CardTokenId,
    ) -> Result<Secret, Unopenable> {
        self.cards.open(sealed, &token.to_string())
    }

    pub(crate) fn seal(&self, text: &str, place: Place, entropy: &Entropy) -> Sealed {
        self.master.seal(text, place.context(), entropy.nonce())
    }

    pub(crate) fn open(&self, sealed: &Sealed, place: Place) -> Result<Secret, Unopenable> {
        self.master.open(sealed, place.context())
    }

    /// What signs an endpoint's deliveries under a contract: its secrets in their order. One that a
    /// rotation replaced is passed over if the contract cannot use it; the current one is needed.
    pub(crate) fn signers(
        &self,
        endpoint: EndpointId,
        secrets: &[&EndpointSecret],
        contract: &InForce,
    ) -> Result<Signers, Unready> {
        let name = (endpoint, contract.id);
        let ids = || secrets.iter().map(|secret| secret.id);
        let remembered = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = remembered.get(&name)
            && opened.asked.iter().copied().eq(ids())
        {
            return Ok(opened.signers.clone());
        }
        drop(remembered);
        let mut used = Vec::with_capacity(secrets.len());
        let mut keys = Vec::with_capacity(secrets.len());
        for secret in secrets {
            let text = self.open(&secret.sealed, Place::Endpoint);
            let text = text.map_err(|error| Unready::Operator(error.to_string()))?;
            match contract.contract.key(text.expose()) {
                Ok(key) => {
                    used.push(secret.id);
                    keys.push(key);
                }
                Err(_) if secret.until.is_some() => {}
                Err(error) => return Err(Unready::Unfit(error.to_string())),
            }
        }
        if keys.is_empty() && !contract.contract.secret.optional {
            let what =
                format!("contract `{}` signs, and there is no secret", contract.contract.name);
            return Err(Unready::Unfit(what));
        }
        let signers = Signers { secrets: used, keys: keys.into() };
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if opened.len() >= ENDPOINTS_REMEMBERED_MAX {
            opened.clear();
        }
        opened.insert(name, Opened { asked: ids().collect(), signers: signers.clone() });
        Ok(signers)
    }
}

/// What signs an endpoint's deliveries.
#[derive(Clone)]
pub(crate) struct Signers {
    /// The secrets that sign, as an attempt records them.
    pub(crate) secrets: Vec<SecretId>,
    /// Their keys, in the same order.
    pub(crate) keys: Arc<[SigningKey]>,
}

/// Why a delivery cannot be signed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unready {
    /// The server was started wrongly: it is put right by the operator, and the delivery waits.
    Operator(String),
    /// The endpoint is set up so that no delivery can be made for it.
    Unfit(String),
}

/// The opened secrets of one endpoint.
struct Opened {
    asked: Vec<SecretId>,
    signers: Signers,
}

/// API keys that were looked up before, and when each was last used.
#[derive(Default)]
pub(crate) struct KnownKeys {
    known: RwLock<Known>,
    used: Mutex<HashMap<KeyId, Timestamp>>,
}

#[derive(Default)]
struct Known {
    by_hash: HashMap<[u8; 32], Key>,
    /// How often all was forgotten.
    generation: u64,
}

impl KnownKeys {
    pub(crate) fn get(&self, hash: &[u8; 32]) -> Option<Key> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).by_hash.get(hash).cloned()
    }

    /// To be asked before a key is looked up in the database.
    pub(crate) fn generation(&self) -> u64 {
        self.known.read().unwrap_or_else(PoisonError::into_inner).generation
    }

    /// Remembers a key as it was looked up after `generation`; not if keys were forgotten since, for
    /// then it may have been revoked meanwhile.
    pub(crate) fn put(&self, hash: [u8; 32], key: Key, generation: u64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.generation != generation {
            return;
        }
        if known.by_hash.len() >= KEYS_REMEMBERED_MAX {
            known.by_hash.clear();
        }
        known.by_hash.insert(hash, key);
    }

    /// Forgets everything, so that a revoked key is looked up again.
    pub(crate) fn forget(&self) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.by_hash.clear();
        known.generation += 1;
    }

    pub(crate) fn used(&self, key: KeyId, at: Timestamp) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(key, at);
    }

    /// What was used could not be written: it is known again, unless a key was used since.
    pub(crate) fn put_used_back(&self, back: Vec<(KeyId, Timestamp)>) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, at) in back {
            used.entry(key).and_modify(|known| *known = at.max(*known)).or_insert(at);
        }
    }

    /// What was used since the last call.
    pub(crate) fn take_used(&self) -> Vec<(KeyId, Timestamp)> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        // In one order for all: servers that write the same keys do not wait for each other in a ring.
        let mut used: Vec<_> = std::mem::take(&mut *used).into_iter().collect();
        used.sort_unstable();
        used
    }
}

#[cfg(test)]
mod tests {
    use posthorn_core::event::Mode;
    use posthorn_core::id::MerchantId;
    use posthorn_core::merchant::KeyKind;

    use super::*;

    #[test]
    fn a_use_that_is_put_back_does_not_take_the_place_of_a_later_one() {
        let (one, other) = (KeyId::from_i64(1), KeyId::from_i64(2));
        let at = |second| Timestamp::from_second(second).unwrap();
        let keys = KnownKeys::default();
        keys.used(one, at(1));
        keys.used(other, at(2));
        let taken = keys.take_used();
        keys.used(one, at(3));
        keys.put_used_back(taken);
        let mut all = keys.take_used();
        all.sort_unstable();
        assert_eq!(all, [(one, at(3)), (other, at(2))]);
    }

    #[test]
    fn a_key_that_was_looked_up_before_a_revocation_is_not_remembered_after_it() {
        let key = Key {
            id: KeyId::from_i64(1),
            merchant: MerchantId::from_i64(1),
            mode: Mode::Test,
            kind: KeyKind::ApiKey,
            hint: String::new(),
            hash: [1; 32],
            shown: None,
            created: Timestamp::UNIX_EPOCH,
            last_used: None,
            revoked: None,
        };
        let keys = KnownKeys::default();
        let before = keys.generation();
        keys.forget();
        keys.put([1; 32], key.clone(), before);
        assert!(keys.get(&[1; 32]).is_none(), "it may be the revoked one");
        keys.put([1; 32], key, keys.generation());
        assert!(keys.get(&[1; 32]).is_some());
    }

    #[test]
    fn what_is_kept_of_a_request_is_known_by_the_master_key_alone() {
        let kept = |master, plain| Keyring::new(MasterKeys::new(master, &[])).fingerprint(plain);
        assert_eq!(kept([1; 32], [7; 16]), kept([1; 32], [7; 16]));
        assert_ne!(kept([1; 32], [7; 16]), kept([2; 32], [7; 16]), "another deployment's");
        assert_ne!(kept([1; 32], [7; 16]), kept([1; 32], [8; 16]), "another request's");
        assert_ne!(kept([1; 32], [7; 16]), [7; 16], "nobody reckons it from the request");
    }
}
