//! Incidents: what an operator tells of trouble, on the status page.

use axum::extract::State;
use posthorn_core::id::IncidentId;
use posthorn_core::incident::{Component, Incident, Notice, Progress, Standing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsOperator;
use crate::body::Sent;
use crate::params::Id;
use crate::time::Timestamp;

/// An incident to tell of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IncidentIn {
    /// In one line.
    #[schema(example = "Deliveries are slow")]
    title: String,
    /// How badly: `maintenance`, `degraded` or `outage`.
    #[schema(value_type = String, example = "degraded")]
    impact: Standing,
    /// What: `api`, `database`, `deliveries`, `payments`.
    #[schema(value_type = Vec<String>, example = json!(["deliveries"]))]
    components: Vec<Component>,
    /// How far it has come: `investigating` when left out, `identified`, `monitoring`, `resolved`.
    #[schema(value_type = Option<String>)]
    status: Option<Progress>,
    /// What is told of it.
    #[schema(example = "We look into it.")]
    text: String,
}

/// What is told next.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoticeIn {
    /// How far it has come: `investigating`, `identified`, `monitoring`; `resolved` ends it.
    #[schema(value_type = String, example = "resolved")]
    status: Progress,
    /// What is told.
    text: String,
}

/// What was told at one time.
#[derive(Serialize, ToSchema)]
#[schema(as = IncidentNotice)]
pub(super) struct NoticeOut {
    pub(super) at: Timestamp,
    #[schema(value_type = String)]
    pub(super) status: Progress,
    pub(super) text: String,
}

/// An incident.
#[derive(Serialize, ToSchema)]
#[schema(as = Incident)]
pub(super) struct IncidentOut {
    /// Its id.
    #[schema(value_type = String, example = "inc_1")]
    id: IncidentId,
    pub(super) title: String,
    #[schema(value_type = String)]
    pub(super) impact: Standing,
    #[schema(value_type = Vec<String>)]
    pub(super) components: Vec<Component>,
    /// When it was first told of.
    opened: Timestamp,
    /// When it was over.
    pub(super) resolved: Option<Timestamp>,
    /// What was told, oldest first.
    pub(super) notices: Vec<NoticeOut>,
}

impl From<Incident> for IncidentOut {
    fn from(incident: Incident) -> Self {
        let Incident { id, report, opened, resolved, .. } = incident;
        let notice = |Notice { at, progress, text }: Notice| NoticeOut {
            at: at.into(),
            status: progress,
            text,
        };
        Self {
            id,
            title: report.title,
            impact: report.impact,
            components: report.components,
            opened: opened.into(),
            resolved: resolved.map(Into::into),
            notices: report.notices.into_iter().map(notice).collect(),
        }
    }
}

/// The last incidents.
#[derive(Serialize, ToSchema)]
#[schema(as = Incidents)]
pub(super) struct IncidentsOut {
    data: Vec<IncidentOut>,
}

/// Tell of an incident: it stands on the status page from now on.
#[utoipa::path(post, path = "/v1/incidents", tag = "operations", request_body = IncidentIn,
    responses((status = 201, description = "The incident", body = IncidentOut)))]
pub(super) async fn open_incident(
    State(app): State<App>,
    _: AsOperator,
    sent: Sent,
) -> Answered<IncidentOut> {
    let IncidentIn { title, impact, components, status, text } = sent.decode()?;
    let told = (status.unwrap_or(Progress::Investigating), text);
    let what = (title, impact, components);
    let (incident, existed) = app.engine().open_incident(what, told, sent.key.as_ref()).await?;
    Ok(Answer::created(incident.into()).replayed(existed))
}

/// The last hundred incidents and all that are not over, newest first.
#[utoipa::path(get, path = "/v1/incidents", tag = "operations",
    responses((status = 200, description = "The incidents", body = IncidentsOut)))]
pub(super) async fn list_incidents(
    State(app): State<App>,
    _: AsOperator,
) -> Answered<IncidentsOut> {
    let data = app.engine().incidents().await?.into_iter().map(Into::into).collect();
    Ok(Answer::ok(IncidentsOut { data }))
}

/// Tell what is known next of an incident, or that it is over.
#[utoipa::path(post, path = "/v1/incidents/{id}/notices", tag = "operations", request_body = NoticeIn,
    params(("id" = String, Path, description = "The incident")),
    responses((status = 201, description = "The incident as it is now", body = IncidentOut)))]
pub(super) async fn tell_incident(
    State(app): State<App>,
    _: AsOperator,
    Id(id): Id<IncidentId>,
    sent: Sent,
) -> Answered<IncidentOut> {
    let NoticeIn { status, text } = sent.decode()?;
    let incident = app.engine().tell_incident(id, (status, text), sent.key.as_ref()).await?;
    Ok(Answer::created(incident.into()))
}
