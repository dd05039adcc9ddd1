//! Jobs as rows.

use posthorn_core::id::{EndpointId, JobId, MerchantId};

use super::{Place, mode};
use crate::{Job, JobKind, JobState, StoreError};

/// A row of `jobs`.
#[derive(Debug)]
pub(crate) struct JobRow {
    pub(crate) id: i64,
    pub(crate) merchant: i64,
    pub(crate) mode: i64,
    pub(crate) kind: String,
    pub(crate) state: i64,
    pub(crate) over: Option<i64>,
    pub(crate) total: Option<i64>,
    pub(crate) done: i64,
    pub(crate) cursor: i64,
    pub(crate) created: i64,
}

impl JobRow {
    pub(crate) fn read(self) -> Result<Job, StoreError> {
        let place = Place { table: "jobs", row: self.id };
        let over = || {
            let ms = self.over.ok_or_else(|| place.corrupt("over"))?;
            place.time("over", ms)
        };
        let state = match self.state {
            0 => JobState::Running,
            1 => JobState::Ended { at: over()? },
            2 => JobState::Cancelled { at: over()? },
            _ => return Err(place.corrupt("state")),
        };
        let total = self.total.map(u64::try_from).transpose();
        Ok(Job {
            id: JobId::from_i64(self.id),
            merchant: MerchantId::from_i64(self.merchant),
            mode: mode(place, self.mode)?,
            kind: serde_json::from_str(&self.kind).map_err(|_| place.corrupt("kind"))?,
            state,
            total: total.map_err(|_| place.corrupt("total"))?,
            done: u64::try_from(self.done).map_err(|_| place.corrupt("done"))?,
            cursor: self.cursor,
            created: place.time("created", self.created)?,
        })
    }
}

/// The endpoint that a job works on.
pub(crate) fn job_endpoint(kind: &JobKind) -> Option<EndpointId> {
    match kind {
        JobKind::Drain { endpoint }
        | JobKind::Recover { endpoint, .. }
        | JobKind::Sweep { endpoint } => Some(*endpoint),
        JobKind::Advance { .. } => None,
    }
}
