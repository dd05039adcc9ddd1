//! Keys in memory: the master keys, opened signing secrets, and which API keys were used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::Timestamp;
use posthorn_core::contract::SigningKey;
use posthorn_core::endpoint::EndpointSecret;
use posthorn_core::id::{ContractId, EndpointId, KeyId, SecretId};
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
    opened: RwLock<HashMap<(EndpointId, ContractId), Opened>>,
}

impl Keyring {
    pub(crate) fn new(master: MasterKeys) -> Self {
        Self { master, opened: RwLock::default() }
    }

    pub(crate) fn seal(&self, text: &str, place: Place, entropy: &Entropy) -> Sealed {
        self.master.seal(text, place.context(), entropy.nonce())
    }

    pub(crate) fn open(&self, sealed: &Sealed, place: Place) -> Result<Secret, Unopenable> {
        self.master.open(sealed, place.context())
    }

    /// The signing keys of an endpoint's secrets under a contract, in their order.
    pub(crate) fn signing_keys(
        &self,
        endpoint: EndpointId,
        secrets: &[&EndpointSecret],
        contract: &InForce,
    ) -> Result<Arc<[SigningKey]>, String> {
        let name = (endpoint, contract.id);
        let ids = || secrets.iter().map(|secret| secret.id);
        let remembered = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = remembered.get(&name)
            && opened.ids.iter().copied().eq(ids())
        {
            return Ok(Arc::clone(&opened.keys));
        }
        drop(remembered);
        let keys: Result<Vec<SigningKey>, String> = secrets
            .iter()
            .map(|secret| {
                let text = self.open(&secret.sealed, Place::Endpoint).map_err(|e| e.to_string())?;
                contract.contract.key(text.expose()).map_err(|e| e.to_string())
            })
            .collect();
        let keys: Arc<[SigningKey]> = keys?.into();
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if opened.len() >= ENDPOINTS_REMEMBERED_MAX {
            opened.clear();
        }
        opened.insert(name, Opened { ids: ids().collect(), keys: Arc::clone(&keys) });
        Ok(keys)
    }
}

/// The opened secrets of one endpoint.
struct Opened {
    ids: Vec<SecretId>,
    keys: Arc<[SigningKey]>,
}

/// API keys that were looked up before, and when each was last used.
#[derive(Default)]
pub(crate) struct KnownKeys {
    by_hash: RwLock<HashMap<[u8; 32], Key>>,
    used: Mutex<HashMap<KeyId, Timestamp>>,
}

impl KnownKeys {
    pub(crate) fn get(&self, hash: &[u8; 32]) -> Option<Key> {
        self.by_hash.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    pub(crate) fn put(&self, hash: [u8; 32], key: Key) {
        let mut known = self.by_hash.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEYS_REMEMBERED_MAX {
            known.clear();
        }
        known.insert(hash, key);
    }

    /// Forgets everything, so that a revoked key is looked up again.
    pub(crate) fn forget(&self) {
        self.by_hash.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn used(&self, key: KeyId, at: Timestamp) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(key, at);
    }

    /// What was used since the last call.
    pub(crate) fn take_used(&self) -> Vec<(KeyId, Timestamp)> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *used).into_iter().collect()
    }
}
