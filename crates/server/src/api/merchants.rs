//! Merchants: the operator's side.

use std::num::NonZeroU32;

use axum::extract::State;
use jiff::SignedDuration;
use posthorn_core::contract::{Limits, PER_MINUTE_MAX};
use posthorn_core::duration;
use posthorn_core::id::MerchantId;
use posthorn_core::merchant::Merchant;
use posthorn_engine::{MerchantDraft, MerchantKeys, ModeKeys};
use posthorn_store::MerchantChange;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::unfit;
use crate::answer::{Answer, Answered, Shown};
use crate::app::App;
use crate::auth::{AsMerchant, AsOperator};
use crate::body::Sent;
use crate::decode::Change;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::problem::Problem;
use crate::time::Timestamp;

/// A merchant to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MerchantIn {
    /// What people call it.
    #[schema(example = "Loja do Bairro")]
    name: String,
    /// The contract it speaks.
    #[schema(example = "krxscale")]
    contract: String,
    /// Your own id for it: unique, and on the wire where the contract has a member for it.
    reference: Option<String>,
    /// Whether event types outside the contract's catalogue are refused.
    #[serde(default)]
    strict_catalogue: bool,
    /// How long its events are kept, like `365d`, where that is longer than the deployment keeps them.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "365d")]
    retention: Option<Span>,
    /// Whether nothing of it is forgotten, however old, until this is taken back.
    #[serde(default)]
    legal_hold: bool,
}

/// What to change: a member left out stays as it is, `null` takes it away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MerchantPatch {
    /// What people call it.
    name: Option<String>,
    /// The contract it speaks.
    contract: Option<String>,
    /// Your own id for it; it cannot be changed once there are events, which carry it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    reference: Change<String>,
    /// Whether event types outside the contract's catalogue are refused.
    strict_catalogue: Option<bool>,
    /// How long its events are kept, like `365d`, where that is longer than the deployment keeps them;
    /// `null`: as long as those of all others.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "365d")]
    retention: Change<Span>,
    /// Whether nothing of it is forgotten, however old, until this is taken back.
    legal_hold: Option<bool>,
    /// How many requests a minute its platform's own API takes of it, where that is not what its contract says; all of them
    /// together. `null`: what the contract says.
    #[serde(default)]
    #[schema(value_type = Option<RateLimits>)]
    rate_limits: Change<RateLimits>,
}

/// Requests a minute; what is left out is as the contract says.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RateLimits {
    /// All of them.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    #[serde(rename = "requests_per_minute")]
    requests: Option<NonZeroU32>,
    /// Those that search.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    #[serde(rename = "searches_per_minute")]
    searches: Option<NonZeroU32>,
    /// Those that change something.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    #[serde(rename = "writes_per_minute")]
    writes: Option<NonZeroU32>,
}

impl RateLimits {
    fn read(self) -> Result<Limits, Problem> {
        let Self { requests, searches, writes } = self;
        if [requests, searches, writes].into_iter().flatten().any(|one| one.get() > PER_MINUTE_MAX)
        {
            return Err(unfit("rate_limits", format!("must be at most {PER_MINUTE_MAX}")));
        }
        Ok(Limits {
            requests_per_minute: requests,
            searches_per_minute: searches,
            writes_per_minute: writes,
            ..Limits::default()
        })
    }

    fn of(limits: Limits) -> Option<Self> {
        let own = Self {
            requests: limits.requests_per_minute,
            searches: limits.searches_per_minute,
            writes: limits.writes_per_minute,
        };
        Some(own).filter(|_| limits != Limits::default())
    }
}

/// A length of time: `90s`, `15m`, `6h`, `10d`.
#[derive(Deserialize)]
struct Span(#[serde(with = "duration::text")] SignedDuration);

/// A mode's keys, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = ModeKeys)]
struct ModeKeysOut {
    /// For this API.
    #[schema(value_type = String, example = "sk_test_…")]
    api_key: Shown,
    /// The second header of guides that ask for two.
    #[schema(value_type = String, example = "secret_test_…")]
    api_secret: Shown,
    /// Signs deliveries to a payment's own address, and what `posthorn listen` forwards.
    #[schema(value_type = String, example = "whsec_…")]
    webhook_secret: Shown,
    /// May stand in a page.
    #[schema(value_type = String, example = "pk_test_…")]
    publishable_key: Shown,
}

impl From<ModeKeys> for ModeKeysOut {
    fn from(keys: ModeKeys) -> Self {
        Self {
            api_key: Shown(keys.api_key),
            api_secret: Shown(keys.api_secret),
            webhook_secret: Shown(keys.webhook_secret),
            publishable_key: Shown(keys.publishable_key),
        }
    }
}

/// A merchant's keys, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = MerchantKeys)]
struct MerchantKeysOut {
    /// For the sandbox.
    test: ModeKeysOut,
    /// For the real thing; never shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<ModeKeysOut>,
}

impl From<MerchantKeys> for MerchantKeysOut {
    fn from(keys: MerchantKeys) -> Self {
        Self { test: keys.test.into(), live: Some(keys.live.into()) }
    }
}

/// An integrator's account.
#[derive(Serialize, ToSchema)]
#[schema(as = Merchant)]
pub(super) struct MerchantOut {
    /// Its id.
    #[schema(value_type = String, example = "mer_1")]
    id: MerchantId,
    /// What people call it.
    name: String,
    /// The contract it speaks.
    contract: String,
    /// The operator's own id for it.
    reference: Option<String>,
    /// Whether event types outside the contract's catalogue are refused.
    strict_catalogue: bool,
    /// How long its events are kept, where it has a time of its own; the deployment's counts where that
    /// is longer.
    #[schema(example = "365d")]
    retention: Option<String>,
    /// Whether nothing of it is forgotten.
    legal_hold: bool,
    /// How many requests a minute its platform's own API takes of it, where that is not what its contract says.
    rate_limits: Option<RateLimits>,
    /// When it was created.
    created: Timestamp,
    /// Its keys: in the answer to its creation, and the test keys with `show_keys`.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<MerchantKeysOut>,
}

impl From<&Merchant> for MerchantOut {
    fn from(merchant: &Merchant) -> Self {
        Self {
            id: merchant.id,
            name: merchant.name.clone(),
            contract: merchant.contract.clone(),
            reference: merchant.reference.clone(),
            strict_catalogue: merchant.strict_catalogue,
            retention: merchant.retention.map(duration::print),
            legal_hold: merchant.legal_hold,
            rate_limits: RateLimits::of(merchant.rate_limits),
            created: merchant.created.into(),
            keys: None,
        }
    }
}

/// Create a merchant with its keys, which are shown this once.
///
/// A repeated request with the same `Idempotency-Key` answers the same merchant without keys: they
/// are kept as hashes. Create others, if this answer was lost.
#[utoipa::path(post, path = "/v1/merchants", tag = "merchants", request_body = MerchantIn,
    responses((status = 201, description = "The merchant and its keys", body = MerchantOut)))]
pub(super) async fn create_merchant(
    State(app): State<App>,
    _: AsOperator,
    sent: Sent,
) -> Answered<MerchantOut> {
    let wire: MerchantIn = sent.decode()?;
    let draft = MerchantDraft {
        name: wire.name,
        contract: wire.contract,
        reference: wire.reference,
        strict_catalogue: wire.strict_catalogue,
        retention: wire.retention.map(|Span(span)| span),
        legal_hold: wire.legal_hold,
        keep_test_keys: false,
    };
    let (merchant, keys) = app.engine().create_merchant(draft, sent.key.as_ref()).await?;
    let replayed = keys.is_none();
    let keys = keys.map(MerchantKeysOut::from);
    let shown = MerchantOut { keys, ..MerchantOut::from(&merchant) };
    Ok(Answer::created(shown).replayed(replayed))
}

/// List merchants, oldest first.
#[utoipa::path(get, path = "/v1/merchants", tag = "merchants",
    params(("show_keys" = Option<bool>, Query, description =
        "`true`: with the test keys of the merchants that `serve --sandbox` made, while it is one")),
    responses((status = 200, description = "A page", body = Listed<MerchantOut>)))]
pub(super) async fn list_merchants(
    State(app): State<App>,
    _: AsOperator,
    params: Params,
) -> Answered<Listed<MerchantOut>> {
    let params = params.only(&["limit", "cursor", "show_keys"])?;
    let asked = Asked::read(&app, &params, "merchants")?;
    let rows = app.engine().merchants();
    let show = |merchant: std::sync::Arc<_>| MerchantOut::from(&*merchant);
    let mut listed = asked.answer_from(&app, rows, |merchant| merchant.id.as_i64(), show);
    if params.get("show_keys")?.unwrap_or(false) {
        for merchant in &mut listed.data {
            let keys = app.engine().shown_keys(merchant.id).await?;
            merchant.keys = keys.map(|test| MerchantKeysOut { test: test.into(), live: None });
        }
    }
    Ok(Answer::ok(listed))
}

/// Read the merchant whose key this is.
#[utoipa::path(get, path = "/v1/merchant", tag = "merchants",
    responses((status = 200, description = "The merchant", body = MerchantOut)))]
pub(super) async fn get_own_merchant(
    State(app): State<App>,
    merchant: AsMerchant,
) -> Answered<MerchantOut> {
    Ok(Answer::ok((&*app.engine().merchant(merchant.id).await?).into()))
}

/// Read one merchant.
#[utoipa::path(get, path = "/v1/merchants/{id}", tag = "merchants",
    params(("id" = String, Path, description = "The merchant")),
    responses((status = 200, description = "The merchant", body = MerchantOut)))]
pub(super) async fn get_merchant(
    State(app): State<App>,
    _: AsOperator,
    Id(id): Id<MerchantId>,
) -> Answered<MerchantOut> {
    Ok(Answer::ok((&*app.engine().merchant(id).await?).into()))
}

/// Change a merchant.
#[utoipa::path(patch, path = "/v1/merchants/{id}", tag = "merchants", request_body = MerchantPatch,
    params(("id" = String, Path, description = "The merchant")),
    responses((status = 200, description = "The merchant as it is now", body = MerchantOut)))]
pub(super) async fn change_merchant(
    State(app): State<App>,
    _: AsOperator,
    Id(id): Id<MerchantId>,
    sent: Sent,
) -> Answered<MerchantOut> {
    let wire: MerchantPatch = sent.decode()?;
    let rate_limits = match wire.rate_limits.patch() {
        None => None,
        Some(None) => Some(Limits::default()),
        Some(Some(own)) => Some(own.read()?),
    };
    let change = MerchantChange {
        name: wire.name,
        contract: wire.contract,
        reference: wire.reference.patch(),
        strict_catalogue: wire.strict_catalogue,
        retention: wire.retention.patch().map(|own| own.map(|Span(span)| span)),
        legal_hold: wire.legal_hold,
        rate_limits,
    };
    let merchant = app.engine().change_merchant(id, change).await?;
    Ok(Answer::ok((&merchant).into()))
}
