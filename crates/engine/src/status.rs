//! How well it all works: what this server sees of it, and what operators say.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use posthorn_core::id::IncidentId;
use posthorn_core::incident::{Component, Incident, Notice, Progress, Report, Standing, said};
use posthorn_store::NewIncident;

use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::settings::refuse;

/// How long after it was over an incident is still shown.
const SHOWN_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long what operators say is remembered: the page is for everybody, and asked often when it matters.
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_secs(2);
/// How often a notice is written anew that another server's came before.
const TRIES_MAX: u32 = 5;

/// How well it all works.
#[derive(Debug, Clone)]
pub struct StatusNow {
    /// When that was seen.
    pub at: Timestamp,
    /// The worst of all components.
    pub standing: Standing,
    /// Each component.
    pub components: Vec<(Component, Standing)>,
    /// Deliveries that wait to go out, now or later (counted to a million).
    pub waiting: u64,
    /// For how long the oldest of them has waited.
    pub oldest: Duration,
    /// Incidents that are not over, or were not a week ago; newest first.
    pub incidents: Arc<[Incident]>,
}

/// What operators have said, as it was last read.
#[derive(Default)]
pub(crate) struct Remembered(tokio::sync::Mutex<Known>);

#[derive(Default)]
struct Known {
    /// When it was read; `None` where it has changed since.
    at: Option<Timestamp>,
    incidents: Arc<[Incident]>,
}

impl Engine {
    /// How well it all works. It always answers: without its database with what it knew.
    pub async fn status(&self) -> StatusNow {
        let shared = &self.shared;
        let is_ready = self.ready().await.is_ok();
        let incidents = self.remembered_incidents(is_ready).await;
        // Nothing works without its database: neither is a request taken, nor a delivery or a payment made.
        let seen = if is_ready { Standing::Operational } else { Standing::Outage };
        let standing = |component| (component, seen.max(said(&incidents, component)));
        let components = Component::ALL.map(standing).to_vec();
        let count = |gauge: i64| u64::try_from(gauge).unwrap_or_default();
        let metrics = &shared.metrics;
        StatusNow {
            at: shared.clock.now(),
            standing: components.iter().map(|(_, standing)| *standing).max().unwrap_or_default(),
            components,
            waiting: count(metrics.due.get()) + count(metrics.leased.get()),
            oldest: Duration::from_secs(count(metrics.oldest_seconds.get())),
            incidents,
        }
    }

    /// One reads for all who ask at the same time; nobody does while the database is away.
    async fn remembered_incidents(&self, is_ready: bool) -> Arc<[Incident]> {
        let shared = &self.shared;
        let mut known = shared.incidents.0.lock().await;
        let fresh = |at: Timestamp| shared.clock.now().duration_since(at).abs() < REMEMBERED_FOR;
        if known.at.is_some_and(fresh) || !is_ready {
            return Arc::clone(&known.incidents);
        }
        match shared.store.incidents().await {
            Ok(all) => {
                let since = shared.clock.now().saturating_sub(SHOWN_FOR).unwrap_or(Timestamp::MIN);
                let is_shown = |one: &Incident| one.resolved.is_none_or(|over| over > since);
                known.incidents = all.into_iter().filter(is_shown).collect();
            }
            Err(error) => {
                tracing::warn!(%error, "incidents could not be read; those known are shown");
            }
        }
        known.at = Some(shared.clock.now());
        Arc::clone(&known.incidents)
    }

    /// What was read is no longer all.
    async fn forget_incidents(&self) {
        self.shared.incidents.0.lock().await.at = None;
    }

    /// The last hundred incidents and all that are not over, newest first.
    pub async fn incidents(&self) -> Result<Vec<Incident>, EngineError> {
        Ok(self.shared.store.incidents().await?)
    }

    /// Writes an incident down. The answer says whether the same request had done so before.
    pub async fn open_incident(
        &self,
        (title, impact, components): (String, Standing, Vec<Component>),
        (progress, text): (Progress, String),
        request: Option<&RequestKey>,
    ) -> Result<(Incident, bool), EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(Caller::Operator, request.as_ref())?;
            if let Some(id) = shared.used(once).await? {
                return Ok((engine.incident(IncidentId::from_i64(id)).await?, true));
            }
            let opened = shared.clock.now();
            let notice = Notice { at: opened, progress, text };
            let report = match Report::open(title, impact, components, notice) {
                Ok(report) => report,
                Err(bad) => return refuse(bad.field(), bad.to_string()),
            };
            let new = NewIncident { report, opened };
            let done = shared.store.open_incident(new, once).await?;
            engine.forget_incidents().await;
            let before = done.is_before();
            Ok((engine.incident(done.get()).await?, before))
        };
        self.through(work).await
    }

    /// Writes down what is told next of an incident.
    pub async fn tell_incident(
        &self,
        id: IncidentId,
        (progress, text): (Progress, String),
        request: Option<&RequestKey>,
    ) -> Result<Incident, EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(Caller::Operator, request.as_ref())?;
            if shared.used(once).await?.is_some() {
                return engine.incident(id).await;
            }
            for _ in 0..TRIES_MAX {
                let before = engine.incident(id).await?;
                let notice = Notice { at: shared.clock.now(), progress, text: text.clone() };
                let after = match before.report.clone().tell(notice) {
                    Ok(report) => Incident { resolved: report.over_since(), report, ..before },
                    Err(bad) => return refuse(bad.field(), bad.to_string()),
                };
                if shared.store.tell_incident(after, once).await? {
                    engine.forget_incidents().await;
                    return engine.incident(id).await;
                }
            }
            Err(EngineError::Busy { retry_after_s: 1 })
        };
        self.through(work).await
    }

    async fn incident(&self, id: IncidentId) -> Result<Incident, EngineError> {
        let found = self.shared.store.incident(id).await?;
        found.ok_or(EngineError::Missing { what: "incident" })
    }
}
