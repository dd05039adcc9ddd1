//! `/status`: how well it all works, for whoever wants to know. No key.
//!
//! A page in Portuguese and English for people, the same as JSON for programs (`/status.json`, or `Accept: application/json`). The page
//! loads, runs and embeds nothing, and looks again by itself.

mod page;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use posthorn_core::incident::{Component, Standing};
use posthorn_engine::StatusNow;
use serde::Serialize;
use utoipa::ToSchema;

use super::incidents::IncidentOut;
use crate::answer::Answer;
use crate::app::App;
use crate::time::Timestamp;

/// One part of it.
#[derive(Serialize, ToSchema)]
#[schema(as = StatusComponent)]
struct ComponentOut {
    /// `api`, `database`, `deliveries` or `payments`.
    #[schema(value_type = String)]
    name: Component,
    /// `operational`, `maintenance`, `degraded` or `outage`.
    #[schema(value_type = String)]
    status: Standing,
}

/// What waits to go out.
#[derive(Serialize, ToSchema)]
#[schema(as = StatusQueue)]
struct QueueOut {
    /// Deliveries that are due, now or later; counted to a million.
    waiting: u64,
    /// Since how many seconds the oldest of their events waits: a receiver that fails makes its own wait.
    oldest_seconds: u64,
}

/// How well it all works.
#[derive(Serialize, ToSchema)]
#[schema(as = Status)]
pub(super) struct StatusOut {
    /// The worst of all components.
    #[schema(value_type = String)]
    status: Standing,
    /// Each component.
    components: Vec<ComponentOut>,
    /// What waits to go out, as this server counted it last.
    queue: QueueOut,
    /// Incidents that are not over, or were not a week ago; newest first.
    incidents: Vec<IncidentOut>,
    /// When that was seen.
    at: Timestamp,
}

impl From<StatusNow> for StatusOut {
    fn from(now: StatusNow) -> Self {
        let component = |(name, status)| ComponentOut { name, status };
        Self {
            status: now.standing,
            components: now.components.into_iter().map(component).collect(),
            queue: QueueOut { waiting: now.waiting, oldest_seconds: now.oldest.as_secs() },
            incidents: now.incidents.iter().cloned().map(Into::into).collect(),
            at: now.at.into(),
        }
    }
}

/// How well it all works, as a page; as JSON for who accepts that.
#[utoipa::path(get, path = "/status", tag = "operations",
    responses((status = 200, description = "A page, or the same as `/status.json`", body = String,
        content_type = "text/html; charset=utf-8")))]
pub(super) async fn status_page(State(app): State<App>, headers: HeaderMap) -> Response {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let accepted = text(header::ACCEPT).unwrap_or_default();
    let seen = StatusOut::from(app.engine().status().await);
    let mut response = if accepted.contains("json") && !accepted.contains("text/html") {
        Answer::ok(seen).into_response()
    } else {
        page::of(&seen, text(header::ACCEPT_LANGUAGE))
    };
    let varies = HeaderValue::from_static("accept, accept-language");
    response.headers_mut().insert(header::VARY, varies);
    open(response)
}

/// How well it all works, as JSON.
#[utoipa::path(get, path = "/status.json", tag = "operations",
    responses((status = 200, description = "How well", body = StatusOut)))]
pub(super) async fn status_json(State(app): State<App>) -> Response {
    open(Answer::ok(StatusOut::from(app.engine().status().await)).into_response())
}

/// Pages of others may show it, and nobody keeps it.
fn open(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
