//! Merchants and their keys: made here, shown once, kept as hashes.

use jiff::SignedDuration;
use posthorn_core::contract::Contract;
use posthorn_core::event::Mode;
use posthorn_core::id::{KeyId, MerchantId};
use posthorn_core::merchant::{Key, KeyKind, Merchant};
use posthorn_core::secret::{Sealed, Secret, keyed_hash};
use posthorn_store::{Done, EventQuery, MerchantChange, NewKey, NewMerchant, Page};

use std::collections::HashMap;
use std::sync::Arc;

use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::keyring::Place;
use crate::settings::refuse;
use crate::shared::Shared;

/// Characters a name may have.
const NAME_CHARS_MAX: usize = 200;
/// Characters a reference may have.
const REFERENCE_CHARS_MAX: usize = 128;

/// A merchant to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantDraft {
    /// What people call it.
    pub name: String,
    /// The contract it speaks.
    pub contract: String,
    /// The operator's own id for it.
    pub reference: Option<String>,
    /// Whether event types outside the catalogue are refused.
    pub strict_catalogue: bool,
    /// How long its events are kept, where that is longer than the deployment keeps them.
    pub retention: Option<SignedDuration>,
    /// Whether nothing of it is forgotten.
    pub legal_hold: bool,
    /// Whether the test keys can be shown again: only what `serve --sandbox` makes.
    pub keep_test_keys: bool,
}

/// A mode's keys, shown once.
pub struct ModeKeys {
    /// `sk_…`.
    pub api_key: Secret,
    /// `secret_…`.
    pub api_secret: Secret,
    /// Signs deliveries to a payment's `callback_url`, and what `listen` forwards.
    pub webhook_secret: Secret,
    /// `pk_…`.
    pub publishable_key: Secret,
}

/// A merchant's keys, shown once.
pub struct MerchantKeys {
    /// For the sandbox.
    pub test: ModeKeys,
    /// For the real thing.
    pub live: ModeKeys,
}

/// A key that was made, shown once.
pub struct NewKeyMade {
    /// What is on record of it.
    pub key: Key,
    /// The key itself; `None` when the same request had made it before.
    pub secret: Option<Secret>,
}

impl Shared {
    fn new_key(&self, kind: KeyKind, mode: Mode, keep: bool) -> (Secret, NewKey) {
        let secret = self.entropy.api_key(kind, mode);
        let text = secret.expose();
        let tail = text.get(text.len().saturating_sub(4)..).unwrap_or_default();
        let shown = keep.then(|| self.keyring.seal(text, Place::Key, &self.entropy));
        let new = NewKey {
            merchant: MerchantId::from_i64(0),
            mode,
            kind,
            hint: format!("{}…{tail}", kind.prefix(mode)),
            hash: keyed_hash(&self.pepper, text),
            shown,
            created: self.clock.now(),
        };
        (secret, new)
    }

    fn mode_keys(&self, contract: &Contract, mode: Mode, keep: bool) -> (ModeKeys, Vec<NewKey>) {
        let keep = keep && mode == Mode::Test;
        let (api_key, first) = self.new_key(KeyKind::ApiKey, mode, keep);
        let (api_secret, second) = self.new_key(KeyKind::ApiSecret, mode, keep);
        let (publishable_key, third) = self.new_key(KeyKind::Publishable, mode, keep);
        let webhook_secret = self.make_secret(contract);
        let keys = ModeKeys { api_key, api_secret, webhook_secret, publishable_key };
        (keys, vec![first, second, third])
    }

    /// A new signing secret in the form that a contract prefers.
    pub(crate) fn make_secret(&self, contract: &Contract) -> Secret {
        let random: [u8; 64] = self.entropy.bytes();
        contract.secret.make(random.get(..contract.secret.bytes).unwrap_or(&random))
    }

    pub(crate) fn contract_named(&self, name: &str) -> Result<Arc<Contract>, EngineError> {
        if let Some(in_force) = self.contracts.get(name) {
            return Ok(Arc::clone(&in_force.contract));
        }
        let known: Vec<&str> = self.contracts.all().map(|known| known.name.as_str()).collect();
        let what = format!("`{name}` is not a contract here; choose from {}", known.join(", "));
        Err(EngineError::Setting { field: "contract", what })
    }
}

impl Shared {
    /// A merchant that is to speak another contract takes its endpoints along that name none of their
    /// own: everything they have must fit, or their deliveries would die.
    fn check_merchant_fits(
        &self,
        merchant: &Merchant,
        contract: &Contract,
    ) -> Result<(), EngineError> {
        for mode in [Mode::Test, Mode::Live] {
            let secret = self.keyring.open(merchant.webhook_secret(mode), Place::Merchant);
            let secret = secret.map_err(|error| EngineError::Broken { what: error.to_string() })?;
            if let Err(error) = contract.key(secret.expose()) {
                let (mode, name) = (mode.name(), &contract.name);
                let what = format!(
                    "the merchant's webhook secret ({mode}) cannot sign under `{name}`: {error}; \
                     create a new merchant with that contract"
                );
                return refuse("contract", what);
            }
            for entry in self.directory.endpoints(merchant.id, mode).iter() {
                let endpoint = &entry.endpoint;
                if endpoint.settings.contract.is_some() {
                    continue;
                }
                if let Err(error) = self.check_contract_fits(endpoint, contract) {
                    let EngineError::Setting { field, what } = error else { return Err(error) };
                    let (id, mode) = (endpoint.id, mode.name());
                    let what = format!("endpoint {id} ({mode}): `{field}`: {what}");
                    return refuse("contract", what);
                }
            }
        }
        Ok(())
    }
}

impl Shared {
    /// A merchant's reference is on the wire: what was sent could not be shown again under another.
    async fn refuse_with_events(&self, merchant: MerchantId) -> Result<(), EngineError> {
        for mode in [Mode::Test, Mode::Live] {
            let query = EventQuery { merchant, mode, kind: None, since: None, until: None };
            let first = self.store.events(query, Page { after: None, limit: 1 }).await?;
            if !first.is_empty() {
                let what = "a merchant's `reference` is part of what was sent for it, so it cannot be \
                            changed once there are events; create another merchant";
                return Err(EngineError::Conflict { what: what.into() });
            }
        }
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), EngineError> {
    if name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX {
        let what = format!("must have 1 to {NAME_CHARS_MAX} characters");
        return Err(EngineError::Setting { field: "name", what });
    }
    if name.chars().any(char::is_control) {
        let what = "must have no line breaks or other control characters".to_owned();
        return Err(EngineError::Setting { field: "name", what });
    }
    Ok(())
}

fn check_reference(reference: Option<&str>) -> Result<(), EngineError> {
    let sound = |text: &str| {
        !text.is_empty()
            && text.chars().count() <= REFERENCE_CHARS_MAX
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if reference.is_some_and(|text| text.starts_with("mer_")) {
        let what = "must not begin with `mer_`, as ids of merchants do".to_owned();
        return Err(EngineError::Setting { field: "reference", what });
    }
    if reference.is_none_or(sound) {
        return Ok(());
    }
    let what = format!("must be 1 to {REFERENCE_CHARS_MAX} visible ASCII characters, no spaces");
    Err(EngineError::Setting { field: "reference", what })
}

impl Engine {
    /// Creates a merchant with its keys, which are shown this once (`None`: the same request had
    /// created it before).
    pub async fn create_merchant(
        &self,
        draft: MerchantDraft,
        request: Option<&RequestKey>,
    ) -> Result<(Merchant, Option<MerchantKeys>), EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(Caller::Operator, request.as_ref())?;
            if let Some(id) = shared.used(once).await? {
                return Ok((shared.reload_merchant(MerchantId::from_i64(id)).await?, None));
            }
            check_name(&draft.name)?;
            check_reference(draft.reference.as_deref())?;
            let contract = shared.contract_named(&draft.contract)?;
            let (test, mut keys) = shared.mode_keys(&contract, Mode::Test, draft.keep_test_keys);
            let (live, more) = shared.mode_keys(&contract, Mode::Live, false);
            keys.extend(more);
            let seal = |secret: &Secret| {
                shared.keyring.seal(secret.expose(), Place::Merchant, &shared.entropy)
            };
            let new = NewMerchant {
                name: draft.name,
                contract: draft.contract,
                reference: draft.reference,
                strict_catalogue: draft.strict_catalogue,
                retention: draft.retention,
                legal_hold: draft.legal_hold,
                webhook_secret_test: seal(&test.webhook_secret),
                webhook_secret_live: seal(&live.webhook_secret),
                keys,
                created: shared.clock.now(),
            };
            let done = shared.store.create_merchant(new, once).await?;
            let merchant = shared.reload_merchant(done.get()).await?;
            let keys = match done {
                Done::Now(_) => Some(MerchantKeys { test, live }),
                Done::Before(_) => None,
            };
            Ok((merchant, keys))
        };
        self.through(work).await
    }

    /// All merchants, by id.
    #[must_use]
    pub fn merchants(&self) -> Vec<Arc<Merchant>> {
        self.shared.directory.merchants()
    }

    /// One merchant, if this server has heard of it.
    #[must_use]
    pub fn known_merchant(&self, id: MerchantId) -> Option<Arc<Merchant>> {
        self.shared.directory.merchant(id)
    }

    /// One merchant.
    pub async fn merchant(&self, id: MerchantId) -> Result<Arc<Merchant>, EngineError> {
        self.shared.meet_merchant(id).await?;
        self.shared.directory.merchant(id).ok_or(EngineError::Missing { what: "merchant" })
    }

    /// Changes a merchant. Its reference stands in what its contract signed, so it stays as it is
    /// once there are events.
    pub async fn change_merchant(
        &self,
        id: MerchantId,
        change: MerchantChange,
    ) -> Result<Merchant, EngineError> {
        let engine = self.clone();
        let work = async move {
            if let Some(name) = &change.name {
                check_name(name)?;
            }
            if let Some(reference) = &change.reference {
                check_reference(reference.as_deref())?;
            }
            let merchant = engine.merchant(id).await?;
            if change.reference.as_ref().is_some_and(|new| *new != merchant.reference) {
                engine.shared.refuse_with_events(id).await?;
            }
            if let Some(name) = &change.contract {
                let contract = engine.shared.contract_named(name)?;
                if *name != merchant.contract {
                    engine.shared.check_merchant_fits(&merchant, &contract)?;
                }
            }
            engine.shared.store.change_merchant(id, change).await?;
            engine.shared.reload_merchant(id).await
        };
        self.through(work).await
    }

    /// A merchant's keys, revoked ones too.
    pub async fn keys(&self, merchant: MerchantId) -> Result<Vec<Key>, EngineError> {
        self.merchant(merchant).await?;
        Ok(self.shared.store.keys(merchant).await?)
    }

    /// The test keys once more, of a merchant that `serve --sandbox` made; `None` for all others, and
    /// when one of them was revoked.
    pub async fn shown_keys(&self, id: MerchantId) -> Result<Option<ModeKeys>, EngineError> {
        let merchant = self.merchant(id).await?;
        if !self.is_sandbox() {
            return Ok(None);
        }
        let open = |sealed: &Sealed, place| {
            let opened = self.shared.keyring.open(sealed, place);
            opened.map_err(|error| EngineError::Broken { what: error.to_string() })
        };
        let mut shown: HashMap<KeyKind, Secret> = HashMap::new();
        for key in self.keys(id).await?.iter().filter(|key| key.revoked.is_none()) {
            if let Some(sealed) = &key.shown {
                shown.insert(key.kind, open(sealed, Place::Key)?);
            }
        }
        let mut take = |kind| shown.remove(&kind);
        let keys = (take(KeyKind::ApiKey), take(KeyKind::ApiSecret), take(KeyKind::Publishable));
        let (Some(api_key), Some(api_secret), Some(publishable_key)) = keys else {
            return Ok(None);
        };
        let webhook_secret = open(merchant.webhook_secret(Mode::Test), Place::Merchant)?;
        Ok(Some(ModeKeys { api_key, api_secret, webhook_secret, publishable_key }))
    }

    /// Creates a key, shown this once.
    pub async fn create_key(
        &self,
        caller: Caller,
        (merchant, mode): (MerchantId, Mode),
        kind: KeyKind,
        request: Option<&RequestKey>,
    ) -> Result<NewKeyMade, EngineError> {
        self.merchant(merchant).await?;
        let (once, _held) = self.shared.once(caller, request)?;
        let (secret, new) = self.shared.new_key(kind, mode, false);
        let done = self.shared.store.create_key(NewKey { merchant, ..new }, once).await?;
        let id = done.get();
        let keys = self.keys(merchant).await?;
        let key = keys.into_iter().find(|key| key.id == id);
        let key = key.ok_or(EngineError::Missing { what: "key" })?;
        let secret = matches!(done, Done::Now(_)).then_some(secret);
        Ok(NewKeyMade { key, secret })
    }

    /// Revokes a key: from now on it is refused.
    pub async fn revoke_key(&self, merchant: MerchantId, id: KeyId) -> Result<(), EngineError> {
        let engine = self.clone();
        let work = async move {
            let at = engine.shared.clock.now();
            let revoked = engine.shared.store.revoke_key(merchant, id, at).await?;
            engine.shared.keys.forget();
            if revoked {
                Ok(())
            } else {
                Err(EngineError::Missing { what: "key that is in force" })
            }
        };
        self.through(work).await
    }
}
