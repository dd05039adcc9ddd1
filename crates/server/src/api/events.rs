//! Events: sent by a merchant, on disk before the 202, and read again.

use std::borrow::Cow;

use axum::extract::State;
use posthorn_core::event::{Event, EventType, Invalid, NewEvent};
use posthorn_core::id::{DeliveryId, EndpointId, EventId};
use posthorn_engine::Receipt;
use posthorn_store::EventQuery;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::decode;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::problem::{Code, Place, Problem};
use crate::time::Timestamp;

/// An event to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an event: an object with `type` and `data`")]
pub(super) struct EventIn<'a> {
    /// What kind of fact, in the contract's own words: dot-separated segments.
    #[serde(rename = "type", borrow)]
    #[schema(value_type = String, example = "payment.confirmed")]
    kind: Cow<'a, str>,
    /// The fact itself: a JSON object of at most 1 MiB.
    #[serde(borrow)]
    #[schema(value_type = Object)]
    data: &'a RawValue,
    /// Your own id for it, which then stands on the wire; the same id with the same content is
    /// accepted once.
    id: Option<String>,
}

/// An event that is on disk.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventAccepted {
    /// Its id on the wire: yours, else the one that was made for it.
    #[schema(example = "evt_01h2x3")]
    pub(super) id: String,
    /// Its deliveries, one for each endpoint that wants it.
    pub(super) deliveries: Vec<DeliveryRef>,
}

/// A delivery and its endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryRef {
    /// The delivery.
    #[schema(value_type = String, example = "dlv_01h2x4")]
    id: DeliveryId,
    /// Its endpoint.
    #[schema(value_type = String, example = "ep_1")]
    endpoint: EndpointId,
}

impl From<Receipt> for EventAccepted {
    fn from(receipt: Receipt) -> Self {
        let refer = |(id, endpoint)| DeliveryRef { id, endpoint };
        Self {
            id: receipt.wire_id,
            deliveries: receipt.deliveries.into_iter().map(refer).collect(),
        }
    }
}

/// An event on record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventOut {
    /// Its id on the wire: the sender's own, else Posthorn's.
    #[schema(example = "evt_01h2x3")]
    id: String,
    /// Posthorn's id of it, as deliveries name it.
    #[schema(value_type = String, example = "evt_01h2x3")]
    event: EventId,
    /// What kind of fact.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "payment.confirmed")]
    kind: EventType,
    /// `test` or `live`.
    mode: &'static str,
    /// When it was accepted, on the merchant's clock.
    created: Timestamp,
    /// The one endpoint it was meant for (a test event).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    only: Option<EndpointId>,
    /// Which of the events of its payment, payout or checkout it is, from 1, as in `X-Event-Sequence`; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u32>,
    /// The fact itself; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    data: Option<Box<RawValue>>,
}

impl EventOut {
    fn without_data(event: Event) -> Self {
        Self {
            id: event.wire_id(),
            event: event.id,
            mode: event.mode.name(),
            created: event.at.into(),
            only: event.only,
            sequence: event.about.as_ref().map(|about| about.sequence),
            kind: event.kind,
            data: None,
        }
    }

    fn whole(event: Event) -> Result<Self, Problem> {
        let data = serde_json::from_slice(event.data.as_bytes());
        let data = data.map_err(|error| Problem::internal(format!("stored data: {error}")))?;
        Ok(Self { data: Some(data), ..Self::without_data(event) })
    }
}

/// Reads one event. Its data goes to the strict reader as it stands in the body, uncopied; what is
/// around it is read once.
pub(super) fn read_event(body: &[u8]) -> Result<NewEvent, Problem> {
    if body.trim_ascii_start().starts_with(b"[") {
        let what = "must be an event: an object with `type` and `data`; this is an array (many \
                    events at once go to `/v1/events/batch`)";
        let place = Place { line: 1, column: 1 };
        let array = || Problem::new(Code::InvalidField, what).placed(place);
        return Err(decode::malformed(body).unwrap_or_else(array));
    }
    let sent: EventIn<'_> = decode::trusting(body)?;
    let data = sent.data.get().as_bytes();
    NewEvent::parse(&sent.kind, data, sent.id).map_err(|invalid| match &invalid {
        Invalid::Data(_) => decode::malformed(body).unwrap_or_else(|| invalid.into()),
        Invalid::Type { .. }
        | Invalid::TypeTooLong { .. }
        | Invalid::Reserved
        | Invalid::DataTooLarge { .. }
        | Invalid::DataNotAnObject
        | Invalid::Reference => invalid.into(),
    })
}

/// Send an event.
///
/// The 202 means that it is on disk, with a delivery for each endpoint that wants it.
#[utoipa::path(post, path = "/v1/events", tag = "events", request_body = EventIn,
    responses((status = 202, description = "On disk", body = EventAccepted)))]
pub(super) async fn create_event(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent,
) -> Answered<EventAccepted> {
    let event = read_event(&sent.body)?;
    let place = merchant.place();
    let receipt = app.engine().accept(merchant.caller, place, event, sent.key.as_ref()).await?;
    sent.is_held_by([receipt.event]);
    let replayed = receipt.replayed;
    Ok(Answer::accepted(receipt.into()).replayed(replayed))
}

/// List events, newest first, without their data.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    params(
        ("type" = Option<String>, Query, description = "Of this type"),
        ("since" = Option<String>, Query, description = "Accepted at or after this time"),
        ("until" = Option<String>, Query, description = "Accepted before this time")),
    responses((status = 200, description = "A page", body = Listed<EventOut>)))]
pub(super) async fn list_events(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<EventOut>> {
    let params = params.only(&["type", "since", "until", "limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("events {id} {}", mode.name()))?;
    let query = EventQuery {
        merchant: id,
        mode,
        kind: params.get("type")?,
        since: params.time("since")?,
        until: params.time("until")?,
    };
    let rows = app.engine().events(query, asked.page(EventId::from_i64)).await?;
    let listed = asked.answer(&app, rows, |event| event.id.as_i64(), EventOut::without_data);
    Ok(Answer::ok(listed))
}

/// Read one event, by Posthorn's id or by yours.
#[utoipa::path(get, path = "/v1/events/{id}", tag = "events",
    params(("id" = String, Path, description = "The event")),
    responses((status = 200, description = "The event", body = EventOut)))]
pub(super) async fn get_event(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
) -> Answered<EventOut> {
    let event = app.engine().event(merchant.id, merchant.mode, &id).await?;
    Ok(Answer::ok(EventOut::whole(event)?))
}
