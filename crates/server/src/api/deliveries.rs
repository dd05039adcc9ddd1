//! Deliveries: where they stand, every attempt, and a second chance.

use axum::extract::State;
use posthorn_core::attempt::Attempt;
use posthorn_core::delivery::{Delivery, State as Stands, StateKind};
use posthorn_core::id::{DeliveryId, EndpointId, EventId};
use posthorn_store::{DeliveryQuery, DeliveryRecord};
use serde::Serialize;
use utoipa::ToSchema;

use super::attempts::{AttemptOut, LastAttemptOut};
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params, refuse};
use crate::problem::Problem;
use crate::time::Timestamp;

/// One event on its way to one endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(super) struct DeliveryOut {
    /// Its id.
    #[schema(value_type = String, example = "dlv_01h2x4")]
    id: DeliveryId,
    /// Its event (Posthorn's id of it).
    #[schema(value_type = String, example = "evt_01h2x3")]
    event: EventId,
    /// Its endpoint.
    #[schema(value_type = String, example = "ep_1")]
    endpoint: EndpointId,
    /// One of `due`, `leased`, `delivered`, `exhausted`, `parked`, `will_not_send`.
    #[schema(example = "delivered")]
    state: &'static str,
    /// Why it is exhausted (`schedule`, `too_large`, `unsendable`; `retention`: its event is about to be
    /// forgotten), parked (`endpoint_at_rest`, `gone`) or not to be sent (`endpoint_deleted`).
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    /// When it is due, on the merchant's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<Timestamp>,
    /// Since when it rests, on the merchant's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// The round of the schedule: 1, and one more with each resend.
    run: u32,
    /// Tries made, over all runs.
    attempts_made: u32,
}

impl From<Delivery> for DeliveryOut {
    fn from(delivery: Delivery) -> Self {
        let (next_at, since) = match delivery.state {
            Stands::Due { at } => (Some(at), None),
            Stands::Leased { .. } => (None, None),
            Stands::Delivered { at } | Stands::Exhausted { at, .. } => (None, Some(at)),
            Stands::Parked { since, .. } | Stands::WillNotSend { since, .. } => (None, Some(since)),
        };
        Self {
            id: delivery.id,
            event: delivery.id.event(),
            endpoint: delivery.endpoint,
            state: delivery.state.kind().name(),
            why: delivery.state.why(),
            next_at: next_at.map(Timestamp),
            since: since.map(Timestamp),
            run: delivery.run,
            attempts_made: delivery.attempts,
        }
    }
}

/// A delivery as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedDelivery)]
pub(super) struct ListedOut {
    /// The delivery.
    #[serde(flatten)]
    delivery: DeliveryOut,
    /// Its last try: status, duration, what came back, or the error. Only where `attempts=last` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_attempt: Option<LastAttemptOut>,
}

impl From<(Delivery, Option<Attempt>)> for ListedOut {
    fn from((delivery, last): (Delivery, Option<Attempt>)) -> Self {
        Self { delivery: delivery.into(), last_attempt: last.map(LastAttemptOut::from) }
    }
}

/// A delivery with its attempts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryDetail {
    /// The delivery.
    #[serde(flatten)]
    delivery: DeliveryOut,
    /// Its event's type.
    #[serde(rename = "type")]
    kind: String,
    /// Every try, oldest first.
    attempts: Vec<AttemptOut>,
}

impl From<DeliveryRecord> for DeliveryDetail {
    fn from(record: DeliveryRecord) -> Self {
        let attempts = (1..).zip(record.attempts);
        Self {
            kind: record.event.kind.to_string(),
            delivery: record.delivery.into(),
            attempts: attempts.map(|(n, attempt)| AttemptOut::of(n, attempt)).collect(),
        }
    }
}

/// List deliveries, newest first.
///
/// With `attempts=last` each has its last try: an endpoint's log of the last 100 deliveries is
/// `?endpoint=…&attempts=last&limit=100`.
#[utoipa::path(get, path = "/v1/deliveries", tag = "deliveries",
    params(
        ("endpoint" = Option<String>, Query, description = "To this endpoint"),
        ("event" = Option<String>, Query, description = "Of this event, by Posthorn's id or by yours"),
        ("state" = Option<String>, Query, description = "In this state"),
        ("attempts" = Option<String>, Query, description = "`last`: each with its last try; `none` when left out")),
    responses((status = 200, description = "A page", body = Listed<ListedOut>)))]
pub(super) async fn list_deliveries(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<ListedOut>> {
    let params = params.only(&["endpoint", "event", "state", "attempts", "limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("deliveries {id} {}", mode.name()))?;
    let event = match params.text("event").map(|text| (text, text.parse::<EventId>())) {
        None => None,
        Some((_, Ok(event))) => Some(event),
        Some((text, Err(_))) => Some(app.engine().event(id, mode, text).await?.id),
    };
    let state = params.text("state").map(state_named).transpose()?;
    let endpoint = params.get("endpoint")?;
    let query = DeliveryQuery { merchant: id, mode, endpoint, event, state };
    let page = asked.page(DeliveryId::from_i64);
    let rows = if with_last(&params)? {
        app.engine().delivery_log(query, page).await?
    } else {
        let rows = app.engine().deliveries(query, page).await?;
        rows.into_iter().map(|delivery| (delivery, None)).collect()
    };
    let listed = asked.answer(&app, rows, |(delivery, _)| delivery.id.as_i64(), ListedOut::from);
    Ok(Answer::ok(listed))
}

/// Whether each row is to have its last attempt.
fn with_last(params: &Params) -> Result<bool, Problem> {
    match params.text("attempts") {
        None | Some("none") => Ok(false),
        Some("last") => Ok(true),
        Some(_) => Err(refuse("attempts", "must be `last` or `none`")),
    }
}

fn state_named(name: &str) -> Result<StateKind, Problem> {
    StateKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
        let names: Vec<_> = StateKind::ALL.iter().map(|kind| kind.name()).collect();
        refuse("state", &format!("must be one of {}", crate::decode::listed(&names)))
    })
}

/// Read one delivery with every attempt.
#[utoipa::path(get, path = "/v1/deliveries/{id}", tag = "deliveries",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 200, description = "The delivery", body = DeliveryDetail)))]
pub(super) async fn get_delivery(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<DeliveryId>,
) -> Answered<DeliveryDetail> {
    let record = app.engine().delivery(merchant.id, merchant.mode, id).await?;
    Ok(Answer::ok(record.into()))
}

/// Send a delivery again, now: a new run of its whole schedule.
///
/// The event id stays the same; the attempt number on the wire begins at 1 again. At an endpoint
/// that is paused or disabled it is parked until that is enabled.
#[utoipa::path(post, path = "/v1/deliveries/{id}/resend", tag = "deliveries",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 202, description = "It is due, or parked", body = DeliveryDetail)))]
pub(super) async fn resend_delivery(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<DeliveryId>,
    sent: Sent,
) -> Answered<DeliveryDetail> {
    sent.decode::<super::Nothing>()?;
    let place = (merchant.id, merchant.mode, id);
    let done = app.engine().resend(merchant.caller, place, sent.key.as_ref()).await?;
    Ok(Answer::accepted_once(done, DeliveryDetail::from))
}
