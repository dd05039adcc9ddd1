//! API keys: listed with their last use, created, revoked; by the operator or the merchant itself.

use axum::extract::State;
use http::StatusCode;
use posthorn_core::event::Mode;
use posthorn_core::id::{KeyId, MerchantId};
use posthorn_core::merchant::{Key, KeyKind};
use posthorn_engine::{Caller, NewKeyMade};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, Answered, Shown};
use crate::app::App;
use crate::auth::{AsMerchant, AsOperator};
use crate::body::Sent;
use crate::list::{Asked, Listed};
use crate::params::{Id, Ids, Params};
use crate::problem::{Code, Problem};
use crate::time::Timestamp;

/// A key to create for a merchant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MerchantKeyIn {
    /// `test` or `live`.
    #[schema(value_type = String, example = "test")]
    mode: Mode,
    /// `api_key`, `api_secret` or `publishable`; `api_key` when left out.
    #[schema(value_type = Option<String>, example = "api_key")]
    kind: Option<KeyKind>,
}

/// A key to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyIn {
    /// The mode of the key that asks, if given: a test key cannot make a live one.
    #[schema(value_type = Option<String>, example = "test")]
    mode: Option<Mode>,
    /// `api_key`, `api_secret` or `publishable`; `api_key` when left out.
    #[schema(value_type = Option<String>, example = "api_key")]
    kind: Option<KeyKind>,
}

/// A key on record: never the key itself.
#[derive(Serialize, ToSchema)]
#[schema(as = Key)]
pub(super) struct KeyOut {
    /// Its id.
    #[schema(value_type = String, example = "key_1")]
    id: KeyId,
    /// `api_key`, `api_secret` or `publishable`.
    #[schema(value_type = String)]
    kind: KeyKind,
    /// `test` or `live`.
    mode: &'static str,
    /// What it begins with, and its last four characters.
    #[schema(example = "sk_test_…3f0a")]
    hint: String,
    /// When it was made.
    created: Timestamp,
    /// When it was last used, to the minute or so.
    last_used: Option<Timestamp>,
    /// When it was revoked.
    revoked: Option<Timestamp>,
    /// The key itself, in the answer to its creation alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    key: Option<Shown>,
}

impl From<Key> for KeyOut {
    fn from(key: Key) -> Self {
        Self {
            id: key.id,
            kind: key.kind,
            mode: key.mode.name(),
            hint: key.hint,
            created: key.created.into(),
            last_used: key.last_used.map(Timestamp),
            revoked: key.revoked.map(Timestamp),
            key: None,
        }
    }
}

fn made(made: NewKeyMade) -> Answer<KeyOut> {
    let replayed = made.secret.is_none();
    let shown = KeyOut { key: made.secret.map(Shown), ..KeyOut::from(made.key) };
    Answer::created(shown).replayed(replayed)
}

/// List a merchant's keys, oldest first, revoked ones too.
#[utoipa::path(get, path = "/v1/merchants/{id}/keys", tag = "keys",
    params(("id" = String, Path, description = "The merchant")),
    responses((status = 200, description = "A page", body = Listed<KeyOut>)))]
pub(super) async fn list_merchant_keys(
    State(app): State<App>,
    _: AsOperator,
    Id(id): Id<MerchantId>,
    params: Params,
) -> Answered<Listed<KeyOut>> {
    let params = params.only(&["limit", "cursor"])?;
    let asked = Asked::read(&app, &params, &format!("keys {id}"))?;
    let rows = app.engine().keys(id).await?;
    Ok(Answer::ok(asked.answer_from(&app, rows, |key| key.id.as_i64(), KeyOut::from)))
}

/// Create a key for a merchant, shown this once.
#[utoipa::path(post, path = "/v1/merchants/{id}/keys", tag = "keys", request_body = MerchantKeyIn,
    params(("id" = String, Path, description = "The merchant")),
    responses((status = 201, description = "The key", body = KeyOut)))]
pub(super) async fn create_merchant_key(
    State(app): State<App>,
    _: AsOperator,
    Id(id): Id<MerchantId>,
    sent: Sent,
) -> Answered<KeyOut> {
    let wire: MerchantKeyIn = sent.decode()?;
    let (place, key) = ((id, wire.mode), sent.key.as_ref());
    Ok(made(
        app.engine()
            .create_key(Caller::Operator, place, wire.kind.unwrap_or(KeyKind::ApiKey), key)
            .await?,
    ))
}

/// Revoke a merchant's key: from now on it is refused.
#[utoipa::path(delete, path = "/v1/merchants/{id}/keys/{key}", tag = "keys",
    params(
        ("id" = String, Path, description = "The merchant"),
        ("key" = String, Path, description = "The key's id")),
    responses((status = 204, description = "It is refused from now on")))]
pub(super) async fn revoke_merchant_key(
    State(app): State<App>,
    _: AsOperator,
    Ids(id, key): Ids<MerchantId, KeyId>,
) -> Result<StatusCode, Problem> {
    app.engine().revoke_key(id, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List your keys of this mode, oldest first, revoked ones too.
#[utoipa::path(get, path = "/v1/keys", tag = "keys",
    responses((status = 200, description = "A page", body = Listed<KeyOut>)))]
pub(super) async fn list_keys(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<KeyOut>> {
    let params = params.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("keys {id} {}", mode.name()))?;
    let rows = app.engine().keys(id).await?.into_iter().filter(|key| key.mode == mode);
    Ok(Answer::ok(asked.answer_from(&app, rows, |key| key.id.as_i64(), KeyOut::from)))
}

/// Create another key of this mode, shown this once.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", request_body = KeyIn,
    responses((status = 201, description = "The key", body = KeyOut)))]
pub(super) async fn create_key(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent,
) -> Answered<KeyOut> {
    let wire: KeyIn = sent.decode()?;
    if wire.mode.is_some_and(|mode| mode != merchant.mode) {
        let own = merchant.mode.name();
        let detail = format!("a {own} key makes {own} keys only; use a key of the other mode");
        return Err(Problem::new(Code::WrongMode, detail).at("mode"));
    }
    let (place, key) = (merchant.place(), sent.key.as_ref());
    Ok(made(
        app.engine()
            .create_key(merchant.caller, place, wire.kind.unwrap_or(KeyKind::ApiKey), key)
            .await?,
    ))
}

/// Revoke one of your keys of this mode: from now on it is refused.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "keys",
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 204, description = "It is refused from now on")))]
pub(super) async fn revoke_key(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<KeyId>,
) -> Result<StatusCode, Problem> {
    let keys = app.engine().keys(merchant.id).await?;
    if !keys.iter().any(|key| key.id == id && key.mode == merchant.mode) {
        return Err(Problem::new(Code::NotFound, "there is no such key in this mode"));
    }
    app.engine().revoke_key(merchant.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
