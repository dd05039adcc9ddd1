//! What operators tell of trouble.

use posthorn_core::id::IncidentId;
use posthorn_core::incident::{Incident, Report};

use super::once;
use crate::db::{Columns, Db, values};
use crate::rows::{Place, ms};
use crate::statements;
use crate::{Done, NewIncident, Once, StoreError};

/// Writes an incident down.
pub(crate) async fn open<D: Db>(
    db: &D,
    new: &NewIncident,
    once: Option<&Once>,
) -> Result<Done<IncidentId>, D::Trouble> {
    if let Some(before) = once::before(db, once).await? {
        return Ok(Done::Before(IncidentId::from_i64(before)));
    }
    let row = values![written(&new.report), ms(new.opened), new.report.over_since().map(ms)];
    let id = IncidentId::from_i64(db.insert(statements::INCIDENT_OPEN, row).await?);
    once::keep(db, once, id.as_i64()).await?;
    Ok(Done::Now(id))
}

/// Writes down what is told next; `false` where somebody else did so first.
pub(crate) async fn tell<D: Db>(
    db: &D,
    after: &Incident,
    once: Option<&Once>,
) -> Result<bool, D::Trouble> {
    if once::before(db, once).await?.is_some() {
        return Ok(true);
    }
    let Incident { id, report, resolved, version, .. } = after;
    let row = values![id.as_i64(), written(report), resolved.map(ms), i64::from(*version)];
    let written = db.run(statements::INCIDENT_TELL, row).await? == 1;
    if written {
        once::keep(db, once, id.as_i64()).await?;
    }
    Ok(written)
}

/// One incident.
pub(crate) async fn one<D: Db>(db: &D, id: IncidentId) -> Result<Option<Incident>, D::Trouble> {
    db.one(statements::INCIDENT, values![id.as_i64()], read).await
}

/// The last hundred and all that are not over, newest first.
pub(crate) async fn list<D: Db>(db: &D) -> Result<Vec<Incident>, D::Trouble> {
    db.many(statements::INCIDENTS, values![], read).await
}

fn written(report: &Report) -> String {
    serde_json::to_string(report).expect("a report can be written as JSON")
}

fn read(row: &dyn Columns) -> Result<Incident, StoreError> {
    let id: i64 = row.get(0)?;
    let place = Place { table: "incidents", row: id };
    let (report, version): (String, i64) = (row.get(1)?, row.get(4)?);
    Ok(Incident {
        id: IncidentId::from_i64(id),
        report: serde_json::from_str(&report).map_err(|_| place.corrupt("report"))?,
        opened: place.time("opened", row.get(2)?)?,
        resolved: place.maybe_time("resolved", row.get(3)?)?,
        version: u32::try_from(version).map_err(|_| place.corrupt("version"))?,
    })
}
