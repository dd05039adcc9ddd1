//! What the rig notes of endpoints and clocks while the engine works.

use jiff::SignedDuration;
use posthorn_core::delivery::StateKind;
use posthorn_core::endpoint::{Endpoint, Status};
use posthorn_core::id::{DeliveryId, EndpointId, JobId};
use posthorn_engine::clock::Clock;
use posthorn_store::{DeliveryQuery, Page, Servers, Store};

use crate::facts::Drain;
use crate::rig::Rig;

impl Rig {
    /// Notes whether an endpoint rests, if that has changed.
    pub(crate) async fn note_rest(&self, id: EndpointId) {
        if let Ok(Some(endpoint)) = self.inner.endpoint(id).await {
            self.note_status(&endpoint);
        }
    }

    /// Notes what is parked at an endpoint that has just been enabled.
    pub(crate) async fn note_drain(&self, id: EndpointId) {
        let Ok(Some(endpoint)) = self.inner.endpoint(id).await else { return };
        let query = DeliveryQuery {
            merchant: endpoint.merchant,
            mode: endpoint.mode,
            endpoint: Some(id),
            event: None,
            state: Some(StateKind::Parked),
        };
        let page = Page { after: None, limit: 100_000 };
        let Ok(parked) = self.inner.deliveries(query, page).await else { return };
        let mut parked: Vec<DeliveryId> = parked.iter().map(|delivery| delivery.id).collect();
        parked.sort();
        let mut facts = self.book.open();
        facts.count("drains");
        let life = facts.lives.len() - 1;
        facts.drains.push(Drain { at: self.clock.now(), life, endpoint: id, parked });
    }

    pub(crate) fn note_status(&self, endpoint: &Endpoint) {
        let rests = matches!(endpoint.status, Status::Paused { .. } | Status::Disabled { .. });
        let now = self.clock.now();
        let mut facts = self.book.open();
        let known = facts.rests.get(&endpoint.id).and_then(|log| log.last());
        if known.is_some_and(|(_, rests)| *rests) != rests {
            facts.rests.entry(endpoint.id).or_default().push((now, rests));
        }
    }

    pub(crate) fn note_advanced(&self, id: JobId, within: SignedDuration) {
        if let Some((_, _, to)) = self.book.open().advances.get_mut(&id) {
            *to = to.or(Some(self.clock.now() + within));
        }
    }
}

/// It has its database for itself.
impl Servers for Rig {}
