//! Webhook endpoints, and the guide's `webhooks.test_send(endpoint_id='wh_123', event_type='payment.completed')`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use posthorn_core::endpoint::{Endpoint, Pattern, Status};
use posthorn_core::id::EndpointId;
use posthorn_core::json::{Json, Style};
use posthorn_engine::{EndpointDraft, EngineError, SecretWish};
use serde::Deserialize;

use super::fault::Fault;
use super::{Keyed, answer, page_of, text, unix};
use crate::app::App;
use crate::body::Sent;
use crate::list::Asked;
use crate::params::{Id, Params};
use crate::problem::Problem;

/// What PayQI's ids of endpoints begin with.
const PREFIX: &str = "wh_";

/// An endpoint's id in PayQI's form: the same number behind another prefix.
pub(super) struct WebhookId(EndpointId);

/// A text that is no such id.
pub(super) struct NoWebhook;

impl fmt::Display for NoWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no such webhook; an id looks like `{PREFIX}123`")
    }
}

impl FromStr for WebhookId {
    type Err = NoWebhook;

    fn from_str(text: &str) -> Result<Self, NoWebhook> {
        let number = text.strip_prefix(PREFIX).ok_or(NoWebhook)?;
        let id = format!("{}{number}", EndpointId::PREFIX).parse();
        id.map(Self).map_err(|_| NoWebhook)
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ours = self.0.to_string();
        let number = ours.strip_prefix(EndpointId::PREFIX).unwrap_or_default();
        write!(f, "{PREFIX}{number}")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookIn {
    url: String,
    events: Option<Vec<Pattern>>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestIn {
    event_type: String,
}

/// Makes an endpoint; its secret is in this answer alone.
pub(super) async fn create(
    State(app): State<App>,
    Keyed(merchant): Keyed,
    sent: Result<Sent, Problem>,
) -> Result<Response, Fault> {
    let sent = sent?;
    let WebhookIn { url, events, description } = sent.decode()?;
    let draft = EndpointDraft {
        url,
        events: events.unwrap_or_else(|| vec![Pattern::Any]),
        filter: None,
        description,
        headers: Vec::new(),
        contract: None,
        json: Style::default(),
        rate_limit: None,
        concurrency: None,
        secret: SecretWish::Make,
    };
    let (engine, place, key) = (app.engine(), merchant.place(), sent.key.as_ref());
    let minted = engine.create_endpoint(merchant.caller, place, draft, key).await?;
    let status = if minted.replayed { StatusCode::OK } else { StatusCode::CREATED };
    let secret = minted.secret.as_ref().map(|secret| Json::from(secret.expose()));
    let secret = secret.map(|secret| ("secret", secret));
    Ok(answer(status, shown(&minted.endpoint).into_iter().chain(secret)))
}

/// Endpoints, oldest first, a page at a time.
pub(super) async fn list(
    State(app): State<App>,
    Keyed(merchant): Keyed,
    params: Result<Params, Problem>,
) -> Result<Response, Fault> {
    let params = params?.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("payqi webhooks {id} {}", mode.name()))?;
    let rows = app.engine().endpoints(id, mode);
    let show = |endpoint: Arc<Endpoint>| Json::object(shown(&endpoint));
    Ok(page_of(asked.answer_from(&app, rows, |endpoint| endpoint.id.as_i64(), show)))
}

pub(super) async fn read(
    State(app): State<App>,
    Keyed(merchant): Keyed,
    id: Result<Id<WebhookId>, Problem>,
) -> Result<Response, Fault> {
    let Id(WebhookId(id)) = id?;
    let endpoint = app.engine().endpoint(merchant.id, merchant.mode, id).await?;
    Ok(answer(StatusCode::OK, shown(&endpoint)))
}

pub(super) async fn delete(
    State(app): State<App>,
    Keyed(merchant): Keyed,
    id: Result<Id<WebhookId>, Problem>,
) -> Result<Response, Fault> {
    let Id(WebhookId(id)) = id?;
    app.engine().delete_endpoint((merchant.id, merchant.mode, id)).await?;
    let id = Json::from(WebhookId(id).to_string());
    Ok(answer(StatusCode::OK, [("id", id), ("deleted", Json::Bool(true))]))
}

/// Sends the catalogue's sample of a type to one endpoint, signed like any other event.
pub(super) async fn test_send(
    State(app): State<App>,
    Keyed(merchant): Keyed,
    id: Result<Id<WebhookId>, Problem>,
    sent: Result<Sent, Problem>,
) -> Result<Response, Fault> {
    let (Id(WebhookId(id)), sent) = (id?, sent?);
    let TestIn { event_type } = sent.decode()?;
    let (place, key) = ((merchant.id, merchant.mode, id), sent.key.as_ref());
    let sent = app.engine().test_endpoint(merchant.caller, place, &event_type, key).await;
    let receipt = match sent {
        Err(EngineError::Setting { field: "type", what }) => {
            return Err(Fault::invalid("event_type", what));
        }
        sent => sent?,
    };
    let mut members = vec![
        ("event_id", Json::from(receipt.wire_id)),
        ("event_type", Json::from(event_type)),
        ("webhook_id", Json::from(WebhookId(id).to_string())),
    ];
    if let Some((delivery, _)) = receipt.deliveries.first() {
        members.push(("delivery_id", Json::from(delivery.to_string())));
    }
    Ok(answer(StatusCode::ACCEPTED, members))
}

fn shown(endpoint: &Endpoint) -> Vec<(&'static str, Json)> {
    let enabled = match endpoint.status {
        Status::Active | Status::Draining { .. } => true,
        Status::Paused { .. } | Status::Disabled { .. } => false,
    };
    let settings = &endpoint.settings;
    let events = settings.events.iter().map(|pattern| Json::from(pattern.to_string()));
    let url: String = settings.url.clone().into();
    vec![
        ("id", Json::from(WebhookId(endpoint.id).to_string())),
        ("url", Json::from(url)),
        ("events", Json::Array(events.collect())),
        ("description", text(settings.description.as_deref())),
        ("enabled", Json::Bool(enabled)),
        ("created", unix(endpoint.created)),
    ]
}
