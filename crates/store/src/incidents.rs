//! What operators tell of trouble: written down, and shown to whoever asks.

use jiff::Timestamp;
use posthorn_core::id::IncidentId;
use posthorn_core::incident::{Incident, Report};

use crate::backend::Backend;
use crate::backend::Lane::Ordinary;
use crate::verbs::incidents;
use crate::weight::SMALL;
use crate::{Answer, Done, Once};

/// An incident to write down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIncident {
    /// What is told of it.
    pub report: Report,
    /// When.
    pub opened: Timestamp,
}

/// Incidents, as verbs.
pub trait Incidents: Send + Sync {
    /// Writes an incident down.
    fn open_incident(&self, new: NewIncident, once: Option<Once>) -> Answer<'_, Done<IncidentId>>;

    /// Writes an incident as it is now, if it still has the version that this one was read with; `false` where not.
    fn tell_incident(&self, after: Incident, once: Option<Once>) -> Answer<'_, bool>;

    /// One incident.
    fn incident(&self, id: IncidentId) -> Answer<'_, Option<Incident>>;

    /// The last hundred and all that are not over, newest first.
    fn incidents(&self) -> Answer<'_, Vec<Incident>>;
}

impl<B: Backend> Incidents for B {
    fn open_incident(&self, new: NewIncident, once: Option<Once>) -> Answer<'_, Done<IncidentId>> {
        self.write(Ordinary, SMALL, async move |db| incidents::open(db, &new, once.as_ref()).await)
    }

    fn tell_incident(&self, after: Incident, once: Option<Once>) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, async move |db| {
            incidents::tell(db, &after, once.as_ref()).await
        })
    }

    fn incident(&self, id: IncidentId) -> Answer<'_, Option<Incident>> {
        self.read(async move |db| incidents::one(db, id).await)
    }

    fn incidents(&self) -> Answer<'_, Vec<Incident>> {
        self.read(async move |db| incidents::list(db).await)
    }
}
