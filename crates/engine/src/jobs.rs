//! Durable jobs: drain, recover, sweep, advance. Each is a row; a restart takes it up where it was.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::delivery::StateKind;
use posthorn_core::event::{EventType, Mode};
use posthorn_core::id::{EndpointId, JobId, MerchantId};
use posthorn_store::{Done, Job, JobKind, JobState, NewJob, Page, Step};

use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::order::Order;
use crate::sandbox::advance;
use crate::shared::Shared;
use crate::{Engine, clock::later};

/// How long a job rests that the database would not let go on.
const ROUND: Duration = Duration::from_secs(1);
/// Deliveries moved in one step, at most.
const ROWS_MAX: u32 = 500;

/// What to recover.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovery {
    /// Events accepted at or after this time of the merchant.
    pub since: Timestamp,
    /// Events accepted before this time of the merchant; now when `None`.
    pub until: Option<Timestamp>,
    /// Deliveries in these states; `Exhausted` when empty.
    pub states: Vec<StateKind>,
    /// Events of these types; of every type when empty.
    pub types: Vec<EventType>,
}

fn check_recoverable(states: &[StateKind]) -> Result<(), EngineError> {
    for state in states {
        match state {
            StateKind::Delivered | StateKind::Exhausted | StateKind::Parked => {}
            StateKind::Due | StateKind::Leased | StateKind::WillNotSend => {
                let what = format!(
                    "deliveries that are `{}` cannot be recovered; choose from `delivered`, \
                     `exhausted`, `parked`",
                    state.name()
                );
                return Err(EngineError::Setting { field: "states", what });
            }
        }
    }
    Ok(())
}

impl Engine {
    /// Opens a new run of deliveries of an endpoint that ended, as a durable job.
    pub async fn recover(
        &self,
        caller: Caller,
        (merchant, mode, endpoint): (MerchantId, Mode, EndpointId),
        recovery: Recovery,
        request: Option<&RequestKey>,
    ) -> Result<Done<Job>, EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            if let Some(job) = shared.used(once).await? {
                let job = engine.job(merchant, mode, JobId::from_i64(job)).await?;
                return Ok(Done::Before(job));
            }
            shared.owned(merchant, mode, endpoint).await?;
            let now = shared.time_of(merchant, mode).await?;
            let states = if recovery.states.is_empty() {
                vec![StateKind::Exhausted]
            } else {
                recovery.states
            };
            check_recoverable(&states)?;
            let until = recovery.until.unwrap_or(now).min(now);
            if until <= recovery.since {
                let what = "must lie before `until` and before now".to_owned();
                return Err(EngineError::Setting { field: "since", what });
            }
            let Recovery { since, types, .. } = recovery;
            let place = (merchant, mode);
            let accepted = (shared.real(place, since).await?, shared.real(place, until).await?);
            let kind = JobKind::Recover { endpoint, since, until, accepted, states, types };
            let job = NewJob { merchant, mode, kind, created: now };
            let done = shared.store.create_job(job, once).await?;
            shared.job_bell.notify_one();
            let job = engine.job(merchant, mode, done.get()).await?;
            Ok(done.map(|_| job))
        };
        self.through(work).await
    }

    /// One job of a merchant.
    pub async fn job(
        &self,
        merchant: MerchantId,
        mode: Mode,
        id: JobId,
    ) -> Result<Job, EngineError> {
        let job = self.shared.store.job(id).await?;
        job.filter(|job| job.merchant == merchant && job.mode == mode)
            .ok_or(EngineError::Missing { what: "job" })
    }

    /// A merchant's jobs, newest first.
    pub async fn jobs(
        &self,
        merchant: MerchantId,
        mode: Mode,
        page: Page<JobId>,
    ) -> Result<Vec<Job>, EngineError> {
        Ok(self.shared.store.jobs(merchant, mode, page).await?)
    }

    /// Stops a job; what it has moved stays moved. One that is cancelled already is answered as it is.
    pub async fn cancel_job(
        &self,
        merchant: MerchantId,
        mode: Mode,
        id: JobId,
    ) -> Result<Job, EngineError> {
        let job = self.job(merchant, mode, id).await?;
        if let JobKind::Drain { .. } | JobKind::Sweep { .. } = job.kind {
            let what = "this job keeps deliveries in order and cannot be cancelled; pause or \
                        disable the endpoint to stop a drain"
                .to_owned();
            return Err(EngineError::Conflict { what });
        }
        if let JobState::Cancelled { .. } = job.state {
            return Ok(job);
        }
        let now = self.shared.time_of(merchant, mode).await?;
        if !self.shared.store.cancel_job(id, now).await? {
            return Err(EngineError::Conflict { what: "the job has ended already".into() });
        }
        self.job(merchant, mode, id).await
    }
}

/// Takes up every job that runs, each at its own pace.
pub(crate) async fn run_jobs(shared: Arc<Shared>) {
    let mut under_way: FuturesUnordered<BoxFuture<'static, JobId>> = FuturesUnordered::new();
    let mut taken: HashSet<JobId> = HashSet::new();
    loop {
        let bell = shared.job_bell.notified();
        match shared.store.running_jobs().await {
            Ok(jobs) => {
                let new: Vec<Job> =
                    jobs.into_iter().filter(|job| !taken.contains(&job.id)).collect();
                for job in free(&shared, new).await {
                    taken.insert(job.id);
                    under_way.push(run(Arc::clone(&shared), job).boxed());
                }
            }
            Err(error) => tracing::warn!(%error, "jobs could not be read"),
        }
        let round = shared.clock.sleep(shared.options.job_round.unsigned_abs());
        tokio::select! {
            biased;
            Some(ended) = under_way.next(), if !under_way.is_empty() => {
                taken.remove(&ended);
            }
            () = bell => {}
            () = round => {}
        }
    }
}

/// Of these jobs, those that no other server is at; they are this one's from now on.
async fn free(shared: &Shared, mut jobs: Vec<Job>) -> Vec<Job> {
    if jobs.is_empty() {
        return jobs;
    }
    match shared.store.take_jobs(jobs.iter().map(|job| job.id).collect()).await {
        Ok(free) => jobs.retain(|job| free.contains(&job.id)),
        Err(error) => {
            tracing::warn!(%error, "jobs could not be taken");
            jobs.clear();
        }
    }
    jobs
}

/// Runs one job until it ends, is cancelled, or the database cannot go on (then a later round takes
/// it up again).
async fn run(shared: Arc<Shared>, job: Job) -> JobId {
    let id = job.id;
    let result = match job.kind {
        JobKind::Advance { target } => advance(&shared, &job, target).await,
        JobKind::Drain { endpoint }
        | JobKind::Recover { endpoint, .. }
        | JobKind::Sweep { endpoint } => move_rows(&shared, &job, endpoint).await,
    };
    if let Err(error) = result {
        tracing::warn!(job.id = %id, %error, "the job could not go on; it is taken up again");
        shared.clock.sleep(ROUND).await;
    }
    id
}

async fn move_rows(shared: &Shared, job: &Job, endpoint: EndpointId) -> Result<(), EngineError> {
    let gentle = !matches!(job.kind, JobKind::Sweep { .. });
    let per_second = shared.options.drain_per_second.max(1);
    let spacing = if gentle {
        SignedDuration::from_nanos(1_000_000_000 / i64::from(per_second))
    } else {
        SignedDuration::ZERO
    };
    let rows = if gentle { per_second.min(ROWS_MAX) } else { ROWS_MAX };
    // The job can be found before whoever enabled the endpoint has told memory: what is drained would
    // be parked again, behind the others.
    shared.reload_endpoint(endpoint).await?;
    loop {
        let all = spacing.unsigned_abs() * rows;
        let turn = shared.paces.turn(&*shared.clock, endpoint, all).await;
        let now = turn.begins;
        let at = shared.directory.now(job.merchant, job.mode, now);
        let step = shared.store.step_job(job.id, Step { rows, at, spacing }).await?;
        let wait = spacing.unsigned_abs() * step.moved;
        shared.paces.free(endpoint, turn, later(now, wait));
        if step.moved > 0 {
            shared.order(Order::Look(vec![endpoint]));
        }
        if step.job.state != JobState::Running {
            shared.reload_endpoint(endpoint).await?;
            return Ok(());
        }
    }
}
