//! Who is calling, and what makes a repeated request the same request.

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::history::{self, Owner};
use posthorn_core::id::{ApplicationId, KeyId, MerchantId};
use posthorn_core::merchant::{Key, KeyKind};
use posthorn_core::secret::{constant_time_eq, keyed_hash};
use posthorn_store::Once;
use sha2::{Digest, Sha256};

use crate::Engine;
use crate::error::EngineError;
use crate::in_flight::Held;
use crate::shared::Shared;

/// Who is calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// The operator, with the admin key.
    Operator,
    /// A merchant, or whoever acts on its account.
    Merchant {
        /// Which.
        id: MerchantId,
        /// In which mode: the key says, or what was granted.
        mode: Mode,
        /// With what.
        by: By,
    },
}

/// What somebody acts with on a merchant's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// One of its keys.
    Key(KeyId),
    /// A program that was granted access.
    Program(ApplicationId),
}

impl Caller {
    /// Whose calls it makes, and who it is, as the request history has it.
    #[must_use]
    pub fn told(self) -> (Owner, history::By) {
        match self {
            Self::Operator => (None, history::By::Operator),
            Self::Merchant { id, mode, by: By::Key(key) } => {
                (Some((id, mode)), history::By::Key(key))
            }
            Self::Merchant { id, mode, by: By::Program(application) } => {
                (Some((id, mode)), history::By::Program(application))
            }
        }
    }
}

/// A key that is not good here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorized {
    /// Nobody has this key.
    #[error(
        "this key is not known; send `Authorization: Bearer <key>` with a key such as `sk_test_…` \
         (see `posthorn merchant list --show-keys` in a sandbox)"
    )]
    Unknown,
    /// The key was revoked.
    #[error("this key was revoked on {0}; use another, or create one")]
    Revoked(Timestamp),
    /// A key of a kind that is not for the API.
    #[error("a {0} key is not for this API; use the API key (`sk_test_…` or `sk_live_…`)")]
    WrongKind(&'static str),
    /// The keys could not be read.
    #[error("the keys cannot be read at the moment; try again")]
    Unavailable,
}

/// An idempotency key as a caller sent it, and the fingerprint of the request it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// The key.
    pub key: String,
    /// Of method, path and body.
    pub fingerprint: [u8; 16],
    /// Which part of the request: 0 is all of it, those of a batch count from 1.
    pub part: u32,
}

impl RequestKey {
    /// The key of a request; the fingerprint covers method, path and body.
    #[must_use]
    pub fn new(key: String, method: &str, path: &str, body: &[u8]) -> Self {
        let digest = Sha256::new()
            .chain_update(method)
            .chain_update([0])
            .chain_update(path)
            .chain_update([0])
            .chain_update(body)
            .finalize();
        Self { key, fingerprint: digest.first_chunk().copied().unwrap_or_default(), part: 0 }
    }

    /// The same key for one part of the request, counted from 1.
    #[must_use]
    pub fn of_part(&self, part: u32) -> Self {
        Self { part, ..self.clone() }
    }

    /// The same key of a request with a secret that is easy to guess, of which nothing may be on record: its fingerprint is a keyed
    /// one, of `what` alone.
    pub(crate) fn about(&self, pepper: &[u8], what: &str) -> Self {
        let digest = keyed_hash(pepper, what);
        let fingerprint = digest.first_chunk().copied().unwrap_or_default();
        Self { fingerprint, ..self.clone() }
    }
}

impl Shared {
    /// The store's form of a caller's idempotency key, held in flight meanwhile.
    pub(crate) fn once(
        &self,
        caller: Caller,
        request: Option<&RequestKey>,
    ) -> Result<(Option<Once>, Option<Held<'_>>), EngineError> {
        let Some(request) = request else { return Ok((None, None)) };
        let (scope, mode) = match caller {
            Caller::Operator => (0, "admin"),
            Caller::Merchant { id, mode, .. } => (id.as_i64(), mode.name()),
        };
        let digest = Sha256::new()
            .chain_update(mode)
            .chain_update([0])
            .chain_update(&request.key)
            .finalize();
        let key = digest.first_chunk().copied().unwrap_or_default();
        // A part is carried out while the whole is held.
        let is_whole = request.part == 0;
        let held = is_whole.then(|| self.in_flight_keys.hold((scope, key))).transpose()?;
        let at = self.clock.now();
        let part = request.part;
        let request = self.keyring.fingerprint(request.fingerprint);
        let once = Once { scope, key, part, request, at };
        Ok((Some(once), held))
    }
}

impl Shared {
    /// What came of the same request under its key before. A repeat is answered from that, so this
    /// is asked before anything is looked at that may have changed since.
    pub(crate) async fn used(&self, once: Option<Once>) -> Result<Option<i64>, EngineError> {
        let Some(once) = once else { return Ok(None) };
        Ok(self.store.used(once).await?)
    }
}

/// The key of a request of many parts, held in flight while they are carried out.
pub struct Batch<'a> {
    _held: Option<Held<'a>>,
}

impl Engine {
    /// Begins a request of many parts, each of which has the same key for itself ([`RequestKey::of_part`]): nobody begins another under
    /// this key, neither now nor later.
    pub async fn begin_batch(
        &self,
        caller: Caller,
        request: Option<&RequestKey>,
    ) -> Result<Batch<'_>, EngineError> {
        let (once, held) = self.shared.once(caller, request)?;
        if self.shared.used(once).await?.is_none() {
            self.shared.remember(0, once).await?;
        }
        Ok(Batch { _held: held })
    }

    /// Whose keys these are: an API key and the API secret that goes with it, of one merchant and mode.
    pub async fn authenticate_pair(&self, key: &str, secret: &str) -> Result<Caller, Unauthorized> {
        let caller = self.authenticate(key).await?;
        let Caller::Merchant { id, mode, .. } = caller else { return Err(Unauthorized::Unknown) };
        let secret = self.shared.known_key(secret).await?;
        let fits = (secret.merchant, secret.mode, secret.kind) == (id, mode, KeyKind::ApiSecret);
        if !fits {
            return Err(Unauthorized::Unknown);
        }
        self.shared.keys.used(secret.id, self.shared.clock.now());
        Ok(caller)
    }

    /// Whose key this is. Known keys are remembered; each use is noted, to be written later.
    pub async fn authenticate(&self, key: &str) -> Result<Caller, Unauthorized> {
        self.authenticated(key, false).await
    }

    /// The same where pages call, too: a publishable key is good here, and nowhere else.
    pub async fn authenticate_page(&self, key: &str) -> Result<Caller, Unauthorized> {
        self.authenticated(key, true).await
    }

    async fn authenticated(&self, key: &str, is_page: bool) -> Result<Caller, Unauthorized> {
        let shared = &self.shared;
        if constant_time_eq(&keyed_hash(&shared.pepper, key), &shared.admin_hash) {
            return Ok(Caller::Operator);
        }
        let found = shared.known_key(key).await?;
        match found.kind {
            KeyKind::ApiKey => {}
            KeyKind::Publishable if is_page => {}
            KeyKind::ApiSecret => return Err(Unauthorized::WrongKind("secret")),
            KeyKind::Publishable => return Err(Unauthorized::WrongKind("publishable")),
        }
        shared.meet_merchant(found.merchant).await.map_err(|_| Unauthorized::Unavailable)?;
        shared.keys.used(found.id, shared.clock.now());
        Ok(Caller::Merchant { id: found.merchant, mode: found.mode, by: By::Key(found.id) })
    }
}

impl Shared {
    /// A key that was not revoked.
    async fn known_key(&self, key: &str) -> Result<Key, Unauthorized> {
        let hash = keyed_hash(&self.pepper, key);
        let found = if let Some(found) = self.keys.get(&hash) {
            found
        } else {
            let generation = self.keys.generation();
            let found = self.store.key_by_hash(hash).await;
            let found = found.map_err(|_| Unauthorized::Unavailable)?;
            let found = found.ok_or(Unauthorized::Unknown)?;
            self.keys.put(hash, found.clone(), generation);
            found
        };
        match found.revoked {
            Some(at) => Err(Unauthorized::Revoked(at)),
            None => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_request_with_a_secret_nothing_is_kept_that_could_be_guessed_without_the_pepper() {
        let sent = |password: &str| {
            let body = format!("{{\"email\":\"a@b.example\",\"password\":\"{password}\"}}");
            RequestKey::new("k".into(), "POST", "/v1/logins", body.as_bytes())
        };
        let kept = |pepper: &[u8], password| sent(password).about(pepper, "login a@b.example");
        assert_eq!(kept(b"pepper", "dez letras"), kept(b"pepper", "dez letraz"));
        assert_ne!(kept(b"pepper", "dez letras"), kept(b"other", "dez letras"));
        let other = sent("dez letras").about(b"pepper", "login c@b.example");
        assert_ne!(kept(b"pepper", "dez letras"), other);
    }
}
