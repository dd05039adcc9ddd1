//! The sandbox clock: ten days of a test merchant's retries, now.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use posthorn_core::duration;
use posthorn_engine::Advanced;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::jobs::JobOut;
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::problem::Problem;
use crate::time::Timestamp;

/// How far to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdvanceIn {
    /// How far: `90s`, `15m`, `6h`, `10d`.
    #[serde(with = "duration::text")]
    #[schema(value_type = String, example = "10d")]
    advance: SignedDuration,
}

/// A test merchant's time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Clock)]
pub(super) struct ClockOut {
    /// The merchant's time.
    now: Timestamp,
    /// How many tries were made on the way there.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempted: Option<u64>,
}

/// An advance that goes on as a job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AdvanceJob {
    /// The job.
    job: JobOut,
}

/// Read a test merchant's time.
#[utoipa::path(get, path = "/v1/sandbox/clock", tag = "sandbox",
    responses((status = 200, description = "The time", body = ClockOut)))]
pub(super) async fn get_clock(State(app): State<App>, merchant: AsMerchant) -> Answered<ClockOut> {
    let now = app.engine().sandbox_now(merchant.id, merchant.mode).await?;
    Ok(Answer::ok(ClockOut { now: now.into(), attempted: None }))
}

/// Take a test merchant's clock forward, through everything that is due on the way.
///
/// Each try happens at its own virtual time and what it schedules is run too. Signatures keep real
/// timestamps. When it takes over 30 s the answer is 202 and a job.
#[utoipa::path(post, path = "/v1/sandbox/clock", tag = "sandbox", request_body = AdvanceIn,
    responses(
        (status = 200, description = "It is that time", body = ClockOut),
        (status = 202, description = "It goes on", body = AdvanceJob)))]
pub(super) async fn advance_clock(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent,
) -> Result<Response, Problem> {
    let AdvanceIn { advance } = sent.decode()?;
    let (place, key) = (merchant.place(), sent.key.as_ref());
    let done = app.engine().advance_clock(merchant.caller, place, advance, key).await?;
    let replayed = done.is_before();
    Ok(match done.get() {
        Advanced::Done { now, attempted } => {
            let clock = ClockOut { now: now.into(), attempted: Some(attempted) };
            Answer::ok(clock).replayed(replayed).into_response()
        }
        Advanced::Running(job) => {
            Answer::accepted(AdvanceJob { job: (*job).into() }).replayed(replayed).into_response()
        }
    })
}
