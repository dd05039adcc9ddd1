//! Durable jobs: how far they are, and how to stop one.

use axum::extract::State;
use posthorn_core::delivery::StateKind;
use posthorn_core::event::EventType;
use posthorn_core::id::{EndpointId, JobId};
use posthorn_store::{Job, JobKind, JobState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::time::Timestamp;

/// A durable job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(super) struct JobOut {
    /// Its id.
    #[schema(value_type = String, example = "job_1")]
    id: JobId,
    /// `recover`, `drain` (an endpoint that was enabled), `sweep` (one that was deleted) or
    /// `advance` (the sandbox clock).
    kind: &'static str,
    /// `running`, `ended` or `cancelled`.
    state: &'static str,
    /// How many deliveries there were when it was created, where they were counted.
    total: Option<u64>,
    /// How many it has moved; for `advance`, how many tries were made.
    done: u64,
    /// When it was created.
    created: Timestamp,
    /// When it ended or was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Timestamp>,
    /// What it is to do.
    #[serde(flatten)]
    wish: JobWish,
}

/// What a job is to do: the members that its kind has.
#[derive(Debug, Default, Serialize, ToSchema)]
struct JobWish {
    /// The endpoint whose deliveries it moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    endpoint: Option<EndpointId>,
    /// Of events accepted at or after this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// Of events accepted before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// In these states.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    states: Option<Vec<StateKind>>,
    /// Of these event types; empty: of every type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    types: Option<Vec<EventType>>,
    /// The time that a sandbox clock is to reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Timestamp>,
}

impl From<JobKind> for JobWish {
    fn from(kind: JobKind) -> Self {
        match kind {
            JobKind::Drain { endpoint } | JobKind::Sweep { endpoint } => {
                Self { endpoint: Some(endpoint), ..Self::default() }
            }
            JobKind::Recover { endpoint, since, until, states, types, .. } => Self {
                endpoint: Some(endpoint),
                since: Some(Timestamp(since)),
                until: Some(Timestamp(until)),
                states: Some(states),
                types: Some(types),
                target: None,
            },
            JobKind::Advance { target } => {
                Self { target: Some(Timestamp(target)), ..Self::default() }
            }
        }
    }
}

impl From<Job> for JobOut {
    fn from(job: Job) -> Self {
        let (state, ended) = match job.state {
            JobState::Running => ("running", None),
            JobState::Ended { at } => ("ended", Some(at)),
            JobState::Cancelled { at } => ("cancelled", Some(at)),
        };
        let kind = match &job.kind {
            JobKind::Drain { .. } => "drain",
            JobKind::Recover { .. } => "recover",
            JobKind::Sweep { .. } => "sweep",
            JobKind::Advance { .. } => "advance",
        };
        Self {
            id: job.id,
            kind,
            state,
            total: job.total,
            done: job.done,
            created: job.created.into(),
            ended: ended.map(Timestamp),
            wish: job.kind.into(),
        }
    }
}

/// List jobs, newest first.
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs",
    responses((status = 200, description = "A page", body = Listed<JobOut>)))]
pub(super) async fn list_jobs(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<JobOut>> {
    let params = params.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("jobs {id} {}", mode.name()))?;
    let rows = app.engine().jobs(id, mode, asked.page(JobId::from_i64)).await?;
    Ok(Answer::ok(asked.answer(&app, rows, |job| job.id.as_i64(), JobOut::from)))
}

/// Read one job.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "The job", body = JobOut)))]
pub(super) async fn get_job(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<JobId>,
) -> Answered<JobOut> {
    Ok(Answer::ok(app.engine().job(merchant.id, merchant.mode, id).await?.into()))
}

/// Stop a job; what it has moved stays moved.
///
/// Done twice it does no more than once, so an `Idempotency-Key` is not kept.
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "The job", body = JobOut)))]
pub(super) async fn cancel_job(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<JobId>,
    sent: Sent,
) -> Answered<JobOut> {
    sent.decode::<super::Nothing>()?;
    Ok(Answer::ok(app.engine().cancel_job(merchant.id, merchant.mode, id).await?.into()))
}
