//! What can be done to an endpoint: rotate, enable, disable, test, recover.

use axum::extract::State;
use jiff::SignedDuration;
use posthorn_core::delivery::StateKind;
use posthorn_core::duration;
use posthorn_core::event::EventType;
use posthorn_core::id::EndpointId;
use posthorn_core::secret::Secret;
use posthorn_engine::Recovery;
use serde::Deserialize;
use utoipa::ToSchema;

use super::endpoint_shapes::EndpointOut;
use super::events::EventAccepted;
use super::jobs::JobOut;
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::params::Id;
use crate::time::Timestamp;

/// A rotation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RotateIn {
    /// The new secret; one of the same scheme as the one before is made, and shown in this answer,
    /// when left out.
    secret: Option<String>,
    /// How long the old secret goes on signing, at most `30d`; `24h` when left out.
    #[schema(value_type = Option<String>, example = "24h")]
    overlap: Option<Span>,
}

/// How long a replaced secret goes on signing when nobody says.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// A length of time as text, like `90s` or `24h`.
#[derive(Deserialize)]
#[serde(transparent)]
struct Span(#[serde(with = "duration::text")] SignedDuration);

/// A test event.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TestIn {
    /// A type of the contract's catalogue; its sample data is sent.
    #[serde(rename = "type")]
    #[schema(example = "payment.confirmed")]
    kind: String,
}

/// What to send again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecoverIn {
    /// Events accepted at or after this time.
    since: Timestamp,
    /// Events accepted before this time; now when left out.
    until: Option<Timestamp>,
    /// Deliveries in these states, of `delivered`, `exhausted` and `parked`; `exhausted` when left
    /// out.
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["exhausted"]))]
    states: Vec<StateKind>,
    /// Events of these types; of every type when left out.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    types: Vec<EventType>,
}

/// Rotate an endpoint's secret.
///
/// Until the overlap ends both secrets sign; where the contract has room for one signature, the old
/// one signs until then. At most five secrets sign at once: a rotation with an overlap beyond that is
/// refused until the first of them stops; one with `0s` ends them all.
#[utoipa::path(post, path = "/v1/endpoints/{id}/rotate", tag = "endpoints", request_body = RotateIn,
    params(("id" = String, Path, description = "The endpoint")),
    responses((status = 200, description = "The endpoint", body = EndpointOut)))]
pub(super) async fn rotate_secret(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<EndpointId>,
    sent: Sent,
) -> Answered<EndpointOut> {
    let wire: RotateIn = sent.decode()?;
    let place = (merchant.id, merchant.mode, id);
    let overlap = wire.overlap.map_or(OVERLAP, |span| span.0);
    let new = (wire.secret.map(Secret::new), overlap);
    let minted = app.engine().rotate_secret(merchant.caller, place, new, sent.key.as_ref()).await?;
    let replayed = minted.replayed;
    Ok(Answer::ok(EndpointOut::minted(&app, minted)).replayed(replayed))
}

/// Enable an endpoint.
///
/// What was parked goes out first, in order and gently; `draining` until that is done.
///
/// Done twice it does no more than once, so an `Idempotency-Key` is not kept.
#[utoipa::path(post, path = "/v1/endpoints/{id}/enable", tag = "endpoints",
    params(("id" = String, Path, description = "The endpoint")),
    responses((status = 200, description = "The endpoint", body = EndpointOut)))]
pub(super) async fn enable_endpoint(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<EndpointId>,
    sent: Sent,
) -> Answered<EndpointOut> {
    sent.decode::<super::Nothing>()?;
    let endpoint = app.engine().enable_endpoint((merchant.id, merchant.mode, id)).await?;
    Ok(Answer::ok(EndpointOut::of(&app, &endpoint)))
}

/// Disable an endpoint.
///
/// What arrives from now on is parked; schedules that run already run on.
///
/// Done twice it does no more than once, so an `Idempotency-Key` is not kept.
#[utoipa::path(post, path = "/v1/endpoints/{id}/disable", tag = "endpoints",
    params(("id" = String, Path, description = "The endpoint")),
    responses((status = 200, description = "The endpoint", body = EndpointOut)))]
pub(super) async fn disable_endpoint(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<EndpointId>,
    sent: Sent,
) -> Answered<EndpointOut> {
    sent.decode::<super::Nothing>()?;
    let endpoint = app.engine().disable_endpoint((merchant.id, merchant.mode, id)).await?;
    Ok(Answer::ok(EndpointOut::of(&app, &endpoint)))
}

/// Send a test event to an endpoint, whatever it subscribes to.
///
/// It is an event like any other, meant for this endpoint alone: on disk, retried and logged. It is
/// sent at once, also to one that is paused or disabled.
#[utoipa::path(post, path = "/v1/endpoints/{id}/test", tag = "endpoints", request_body = TestIn,
    params(("id" = String, Path, description = "The endpoint")),
    responses((status = 202, description = "On disk", body = EventAccepted)))]
pub(super) async fn test_endpoint(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<EndpointId>,
    sent: Sent,
) -> Answered<EventAccepted> {
    let wire: TestIn = sent.decode()?;
    let place = (merchant.id, merchant.mode, id);
    let (engine, key) = (app.engine(), sent.key.as_ref());
    let receipt = engine.test_endpoint(merchant.caller, place, &wire.kind, key).await?;
    let replayed = receipt.replayed;
    Ok(Answer::accepted(receipt.into()).replayed(replayed))
}

/// Send many deliveries of an endpoint again, as a job.
///
/// At one that is paused or disabled they are parked until it is enabled.
#[utoipa::path(post, path = "/v1/endpoints/{id}/recover", tag = "endpoints",
    request_body = RecoverIn,
    params(("id" = String, Path, description = "The endpoint")),
    responses((status = 202, description = "The job", body = JobOut)))]
pub(super) async fn recover_endpoint(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<EndpointId>,
    sent: Sent,
) -> Answered<JobOut> {
    let wire: RecoverIn = sent.decode()?;
    let place = (merchant.id, merchant.mode, id);
    let RecoverIn { since, until, states, types } = wire;
    let recovery = Recovery { since: since.into(), until: until.map(Into::into), states, types };
    let done = app.engine().recover(merchant.caller, place, recovery, sent.key.as_ref()).await?;
    Ok(Answer::accepted_once(done, JobOut::from))
}
