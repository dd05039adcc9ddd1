//! Endpoints: created, listed, read, changed, deleted.

use axum::extract::State;
use http::StatusCode;
use posthorn_core::id::EndpointId;

use super::endpoint_shapes::{EndpointChange, EndpointIn, EndpointOut};
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::problem::Problem;

/// Create an endpoint.
///
/// A secret that Posthorn made is in this answer and never again; one that you set is not repeated.
#[utoipa::path(post, path = "/v1/endpoints", tag = "endpoints", request_body = EndpointIn,
    responses((status = 201, description = "The endpoint", body = EndpointOut)))]
pub(super) async fn create_endpoint(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent,
) -> Answered<EndpointOut> {
    let wire: EndpointIn = sent.decode()?;
    let (engine, place) = (app.engine(), merchant.place());
    let minted =
        engine.create_endpoint(merchant.caller, place, wire.into(), sent.key.as_ref()).await?;
    let replayed = minted.replayed;
    Ok(Answer::created(EndpointOut::minted(&app, minted)).replayed(replayed))
}

/// List endpoints, oldest first.
#[utoipa::path(get, path = "/v1/endpoints", tag = "endpoints",
    responses((status = 200, description = "A page", body = Listed<EndpointOut>)))]
pub(super) async fn list_endpoints(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<EndpointOut>> {
    let params = params.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("endpoints {id} {}", mode.name()))?;
    let rows = app.engine().endpoints(id, mode);
    let show = |endpoint: std::sync::Arc<_>| EndpointOut::of(&app, &endpoint);
    Ok(Answer::ok(asked.answer_from(&app, rows, |endpoint| endpoint.id.as_i64(), show)))
}

/// Read one endpoint.
#[utoipa::path(get, path = "/v1/endpoints/{id}", tag = "endpoints",
    params(("id" = String, Path, description = "The endpoint")),
    responses((status = 200, description = "The endpoint", body = EndpointOut)))]
pub(super) async fn get_endpoint(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<EndpointId>,
) -> Answered<EndpointOut> {
    let endpoint = app.engine().endpoint(merchant.id, merchant.mode, id).await?;
    Ok(Answer::ok(EndpointOut::of(&app, &endpoint)))
}

/// Change an endpoint's settings: a new version of them.
#[utoipa::path(patch, path = "/v1/endpoints/{id}", tag = "endpoints", request_body = EndpointChange,
    params(("id" = String, Path, description = "The endpoint")),
    responses((status = 200, description = "The endpoint as it is now", body = EndpointOut)))]
pub(super) async fn change_endpoint(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<EndpointId>,
    sent: Sent,
) -> Answered<EndpointOut> {
    let change: EndpointChange = sent.decode()?;
    let place = (merchant.id, merchant.mode, id);
    let endpoint = app.engine().change_endpoint(place, change.into()).await?;
    Ok(Answer::ok(EndpointOut::of(&app, &endpoint)))
}

/// Delete an endpoint; what still waits for it ends as `will_not_send`.
#[utoipa::path(delete, path = "/v1/endpoints/{id}", tag = "endpoints",
    params(("id" = String, Path, description = "The endpoint")),
    responses((status = 204, description = "It is gone")))]
pub(super) async fn delete_endpoint(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<EndpointId>,
) -> Result<StatusCode, Problem> {
    app.engine().delete_endpoint((merchant.id, merchant.mode, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
