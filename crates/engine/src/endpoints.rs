//! Endpoints: created, changed, rotated, put to rest and woken again.

use std::sync::Arc;

use jiff::SignedDuration;
use posthorn_core::contract::Contract;
use posthorn_core::endpoint::{DisabledWhy, Endpoint, Pattern, Settings, Status};
use posthorn_core::event::Mode;
use posthorn_core::filter::Filter;
use posthorn_core::id::{EndpointId, MerchantId, SecretId};
use posthorn_core::json::Style;
use posthorn_core::merchant::Merchant;
use posthorn_core::secret::Secret;
use posthorn_store::{Done, NewEndpoint, NewSecret, StoreError};

use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::keyring::Place;
use crate::notices::Notice;
use crate::order::Order;
use crate::settings::{check_secret, refuse, too_many_secrets};
use crate::shared::Shared;

/// The longest overlap of a rotation.
pub const OVERLAP_MAX: SignedDuration = SignedDuration::from_hours(24 * 30);

/// An endpoint to create.
pub struct EndpointDraft {
    /// Where deliveries go.
    pub url: String,
    /// Which event types; at least one pattern.
    pub events: Vec<Pattern>,
    /// Which of those, by their data.
    pub filter: Option<Filter>,
    /// For people.
    pub description: Option<String>,
    /// Sent with every delivery.
    pub headers: Vec<(String, String)>,
    /// The contract it speaks, if not its merchant's.
    pub contract: Option<String>,
    /// How bodies are printed.
    pub json: Style,
    /// Deliveries a second, at most.
    pub rate_limit: Option<u32>,
    /// Deliveries under way at once, at most.
    pub concurrency: Option<u32>,
    /// What its deliveries are signed with.
    pub secret: SecretWish,
}

/// What an endpoint's deliveries are to be signed with.
pub enum SecretWish {
    /// A secret that Posthorn makes, shown once.
    Make,
    /// The caller's own.
    Given(Secret),
    /// Nothing, where the contract lets an endpoint have no secret; else one is made.
    NoneIfAllowed,
}

/// What to change about an endpoint; `None` leaves a thing as it is, `Some(None)` takes it away.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EndpointPatch {
    /// Where deliveries go.
    pub url: Option<String>,
    /// Which event types.
    pub events: Option<Vec<Pattern>>,
    /// Which of those, by their data.
    pub filter: Option<Option<Filter>>,
    /// For people.
    pub description: Option<Option<String>>,
    /// Sent with every delivery.
    pub headers: Option<Vec<(String, String)>>,
    /// The contract it speaks.
    pub contract: Option<Option<String>>,
    /// How bodies are printed.
    pub json: Option<Style>,
    /// Deliveries a second, at most.
    pub rate_limit: Option<Option<u32>>,
    /// Deliveries under way at once, at most.
    pub concurrency: Option<Option<u32>>,
}

/// An endpoint, with the secret that was made for it: shown once.
pub struct Minted {
    /// The endpoint.
    pub endpoint: Arc<Endpoint>,
    /// Its secret, if Posthorn made it.
    pub secret: Option<Secret>,
    /// Whether the same request had done this before.
    pub replayed: bool,
}

/// Whether a secret is made for an endpoint that wishes for this one under its contract.
fn makes_secret(wish: &SecretWish, contract: Option<&Contract>) -> bool {
    match wish {
        SecretWish::Make => true,
        SecretWish::Given(_) => false,
        SecretWish::NoneIfAllowed => contract.is_some_and(|contract| !contract.secret.optional),
    }
}

impl Shared {
    fn contract_for(
        &self,
        merchant: &Merchant,
        own: Option<&str>,
    ) -> Result<Arc<Contract>, EngineError> {
        self.contract_named(own.unwrap_or(&merchant.contract))
    }
}

impl Engine {
    /// Creates an endpoint. A secret that was made for it is shown this once; the same request again
    /// answers the same endpoint and secret.
    pub async fn create_endpoint(
        &self,
        caller: Caller,
        (merchant, mode): (MerchantId, Mode),
        draft: EndpointDraft,
        request: Option<&RequestKey>,
    ) -> Result<Minted, EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let owner = engine.merchant(merchant).await?;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            let contract = shared.contract_for(&owner, draft.contract.as_deref());
            if let Some(id) = shared.used(once).await? {
                let made = makes_secret(&draft.secret, contract.ok().as_deref());
                return shared.created_before(EndpointId::from_i64(id), made).await;
            }
            let contract = contract?;
            let url = shared.check_url(&draft.url, mode, &contract)?;
            let settings = Settings {
                url,
                events: draft.events,
                filter: draft.filter,
                description: draft.description,
                headers: draft.headers,
                contract: draft.contract,
                json: draft.json,
                rate_limit: draft.rate_limit,
                concurrency: draft.concurrency,
            };
            shared.check_settings(&settings, mode, &contract)?;
            let makes = makes_secret(&draft.secret, Some(&contract));
            let made = makes.then(|| shared.make_secret(&contract));
            let given = match &draft.secret {
                SecretWish::Given(given) => check_secret(&contract, given).map(|()| Some(given))?,
                SecretWish::Make | SecretWish::NoneIfAllowed => None,
            };
            let sealed = made
                .as_ref()
                .or(given)
                .map(|text| shared.keyring.seal(text.expose(), Place::Endpoint, &shared.entropy));
            let created = shared.clock.now();
            let since = shared.directory.now(merchant, mode, created);
            let secret = sealed.map(|sealed| NewSecret { sealed, created: since });
            let new = NewEndpoint { merchant, mode, settings, secret, created };
            let id = match shared.store.create_endpoint(new, once).await? {
                Done::Now(id) => id,
                Done::Before(id) => return shared.created_before(id, makes).await,
            };
            shared.reload_endpoint(id).await?;
            let endpoint = shared.owned(merchant, mode, id).await?.endpoint;
            Ok(Minted { endpoint, secret: made, replayed: false })
        };
        self.through(work).await
    }

    /// A merchant's endpoints in a mode, by id.
    #[must_use]
    pub fn endpoints(&self, merchant: MerchantId, mode: Mode) -> Vec<Arc<Endpoint>> {
        let entries = self.shared.directory.endpoints(merchant, mode);
        entries.iter().map(|entry| Arc::clone(&entry.endpoint)).collect()
    }

    /// One endpoint.
    pub async fn endpoint(
        &self,
        merchant: MerchantId,
        mode: Mode,
        id: EndpointId,
    ) -> Result<Arc<Endpoint>, EngineError> {
        Ok(self.shared.owned(merchant, mode, id).await?.endpoint)
    }

    /// Changes an endpoint's settings: a new version. Where somebody else changed it a moment ago, the
    /// change is made to what stands then.
    pub async fn change_endpoint(
        &self,
        place: (MerchantId, Mode, EndpointId),
        patch: EndpointPatch,
    ) -> Result<Arc<Endpoint>, EngineError> {
        let engine = self.clone();
        let work = async move {
            if let Some(changed) = engine.change_known(place, patch.clone()).await? {
                return Ok(changed);
            }
            engine.shared.reload_endpoint(place.2).await?;
            let changed = engine.change_known(place, patch).await?;
            let what = "it was changed in the meantime; read it again and repeat the change";
            changed.ok_or_else(|| EngineError::Conflict { what: what.into() })
        };
        self.through(work).await
    }

    /// Changes the settings that are known; `None` where others stand by now.
    async fn change_known(
        &self,
        (merchant, mode, id): (MerchantId, Mode, EndpointId),
        patch: EndpointPatch,
    ) -> Result<Option<Arc<Endpoint>>, EngineError> {
        let shared = &self.shared;
        let old = shared.owned(merchant, mode, id).await?.endpoint;
        let owner = self.merchant(merchant).await?;
        let mut settings = old.settings.clone();
        if let Some(url) = patch.url {
            let own = patch.contract.as_ref().unwrap_or(&settings.contract);
            let contract = shared.contract_for(&owner, own.as_deref())?;
            settings.url = shared.check_url(&url, mode, &contract)?;
        }
        settings.events = patch.events.unwrap_or(settings.events);
        settings.filter = patch.filter.unwrap_or(settings.filter);
        settings.description = patch.description.unwrap_or(settings.description);
        settings.headers = patch.headers.unwrap_or(settings.headers);
        settings.contract = patch.contract.unwrap_or(settings.contract);
        settings.json = patch.json.unwrap_or(settings.json);
        settings.rate_limit = patch.rate_limit.unwrap_or(settings.rate_limit);
        settings.concurrency = patch.concurrency.unwrap_or(settings.concurrency);
        let contract = shared.contract_for(&owner, settings.contract.as_deref())?;
        shared.check_settings(&settings, mode, &contract)?;
        if settings.contract != old.settings.contract {
            shared.check_secrets_fit(&old, &contract)?;
        }
        if settings == old.settings {
            return self.endpoint(merchant, mode, id).await.map(Some);
        }
        let now = shared.clock.now();
        match shared.store.change_endpoint(id, old.version, settings, now).await {
            Err(StoreError::Stale { .. }) => return Ok(None),
            changed => changed?,
        };
        shared.reload_endpoint(id).await?;
        self.endpoint(merchant, mode, id).await.map(Some)
    }

    /// Enables an endpoint; what was parked drains first, in order.
    pub async fn enable_endpoint(
        &self,
        place: (MerchantId, Mode, EndpointId),
    ) -> Result<Arc<Endpoint>, EngineError> {
        self.set_status(place, Status::Active).await
    }

    /// Disables an endpoint: what arrives is parked, running schedules run on.
    pub async fn disable_endpoint(
        &self,
        place: (MerchantId, Mode, EndpointId),
    ) -> Result<Arc<Endpoint>, EngineError> {
        let since = self.shared.clock.now();
        let since = self.shared.directory.now(place.0, place.1, since);
        let status = Status::Disabled { since, why: DisabledWhy::Requested };
        self.set_status(place, status).await
    }

    async fn set_status(
        &self,
        (merchant, mode, id): (MerchantId, Mode, EndpointId),
        status: Status,
    ) -> Result<Arc<Endpoint>, EngineError> {
        let engine = self.clone();
        let work = async move {
            let shared = &engine.shared;
            let endpoint = shared.owned(merchant, mode, id).await?.endpoint;
            let at = shared.directory.now(merchant, mode, shared.clock.now());
            let notice = if status == Status::Active {
                Notice::Enabled { endpoint: &endpoint }
            } else {
                Notice::Disabled { endpoint: &endpoint, why: DisabledWhy::Requested }
            };
            // They are written only if something changes.
            let notices = shared.notice(merchant, mode, at, &notice);
            let told = notices.iter().flat_map(|notice| &notice.deliveries).map(|d| d.endpoint);
            let told: Vec<EndpointId> = told.collect();
            let set = shared.store.set_status(id, status, at, notices.clone()).await;
            shared.followers.written(&notices);
            set?;
            shared.reload_endpoint(id).await?;
            shared.order(Order::Look(told));
            shared.job_bell.notify_one();
            engine.endpoint(merchant, mode, id).await
        };
        self.through(work).await
    }

    /// Deletes an endpoint; what still waits for it ends as `will_not_send`.
    pub async fn delete_endpoint(
        &self,
        (merchant, mode, id): (MerchantId, Mode, EndpointId),
    ) -> Result<(), EngineError> {
        let engine = self.clone();
        let work = async move {
            let shared = &engine.shared;
            shared.owned(merchant, mode, id).await?;
            let at = shared.directory.now(merchant, mode, shared.clock.now());
            shared.store.delete_endpoint(id, at).await?;
            shared.directory.remove_endpoint(id);
            shared.order(Order::Look(vec![id]));
            shared.job_bell.notify_one();
            Ok(())
        };
        self.through(work).await
    }

    /// Makes a new secret the current one. Those before it go on signing for `overlap`.
    pub async fn rotate_secret(
        &self,
        caller: Caller,
        (merchant, mode, id): (MerchantId, Mode, EndpointId),
        (secret, overlap): (Option<Secret>, SignedDuration),
        request: Option<&RequestKey>,
    ) -> Result<Minted, EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            if let Some(new) = shared.used(once).await? {
                return shared.rotated_before(id, SecretId::from_i64(new), secret.is_none()).await;
            }
            if overlap.is_negative() || overlap > OVERLAP_MAX {
                return refuse("overlap", "must be 0s to 30d");
            }
            let endpoint = shared.owned(merchant, mode, id).await?.endpoint;
            let owner = engine.merchant(merchant).await?;
            let contract = shared.contract_for(&owner, endpoint.settings.contract.as_deref())?;
            let made = match &secret {
                Some(given) => check_secret(&contract, given).map(|()| None)?,
                None => Some(shared.next_secret(&endpoint, &contract)),
            };
            let Some(text) = made.as_ref().or(secret.as_ref()) else {
                return refuse("secret", "is missing");
            };
            let sealed = shared.keyring.seal(text.expose(), Place::Endpoint, &shared.entropy);
            let created = shared.directory.now(merchant, mode, shared.clock.now());
            let until = created.checked_add(overlap).unwrap_or(created);
            let new = NewSecret { sealed, created };
            let done = match shared.store.rotate_secret(id, new, until, once).await {
                Err(StoreError::TooMany { .. }) => {
                    return Err(too_many_secrets(&endpoint, created));
                }
                done => done?,
            };
            shared.reload_endpoint(id).await?;
            if let Done::Before(new) = done {
                return shared.rotated_before(id, new, made.is_some()).await;
            }
            let endpoint = shared.owned(merchant, mode, id).await?.endpoint;
            Ok(Minted { endpoint, secret: made, replayed: false })
        };
        self.through(work).await
    }
}
