//! What is on record at the end, read from the database itself.

use std::collections::BTreeMap;

use futures::FutureExt;
use jiff::Timestamp;
use posthorn_core::endpoint::{Pattern, Settings};
use posthorn_core::event::{Event, Mode};
use posthorn_core::id::{DeliveryId, EndpointId, EventId};
use posthorn_store::{DeliveryQuery, DeliveryRecord, EventQuery, Page, Store};

use crate::facts::Wanted;
use crate::world::World;

pub(crate) struct Ledger {
    pub(crate) events: BTreeMap<EventId, Event>,
    pub(crate) records: BTreeMap<DeliveryId, DeliveryRecord>,
    pub(crate) endpoints: BTreeMap<EndpointId, OfEndpoint>,
}

/// An endpoint, deleted or not.
pub(crate) struct OfEndpoint {
    pub(crate) host: String,
    pub(crate) versions: Vec<(Timestamp, Settings)>,
}

/// A verb on the inline store, in fair weather.
pub(crate) fn ready<T, E: std::fmt::Debug>(answer: impl Future<Output = Result<T, E>>) -> T {
    answer.now_or_never().expect("the store answers at once").expect("the store answers")
}

impl Ledger {
    pub(crate) fn read(world: &World) -> Self {
        let mut events = BTreeMap::new();
        let mut records = BTreeMap::new();
        for merchant in &world.clients.merchants {
            for mode in [Mode::Test, Mode::Live] {
                let query =
                    EventQuery { merchant: *merchant, mode, kind: None, since: None, until: None };
                let page = Page { after: None, limit: 100_000 };
                for event in ready(world.store.events(query, page)) {
                    let query = DeliveryQuery {
                        merchant: *merchant,
                        mode,
                        endpoint: None,
                        event: Some(event.id),
                        state: None,
                    };
                    let page = Page { after: None, limit: 2000 };
                    for delivery in ready(world.store.deliveries(query, page)) {
                        let record = ready(world.store.delivery(delivery.id)).expect("a record");
                        records.insert(delivery.id, record);
                    }
                    let whole = ready(world.store.event(event.id)).expect("an event");
                    events.insert(event.id, whole);
                }
            }
        }
        let mut ledger = Self { events, records, endpoints: BTreeMap::new() };
        ledger.read_endpoints(world);
        ledger
    }

    fn read_endpoints(&mut self, world: &World) {
        let there = ready(world.store.directory()).endpoints;
        let mut ids: Vec<EndpointId> = there.iter().map(|endpoint| endpoint.id).collect();
        ids.extend(self.records.values().map(|record| record.delivery.endpoint));
        let mut facts = world.book.open();
        ids.extend(facts.hosts.values().filter_map(|host| host.id));
        ids.sort();
        ids.dedup();
        for id in ids {
            let versions = ready(world.store.versions(id));
            let versions: Vec<(Timestamp, Settings)> =
                versions.into_iter().map(|(_, at, settings)| (at, settings)).collect();
            let host = versions.first().and_then(|(_, settings)| settings.url.host_str());
            let host = host.expect("a version with a host").to_owned();
            if let Some(known) = facts.hosts.get_mut(&host) {
                known.id = Some(id);
            }
            self.endpoints.insert(id, OfEndpoint { host, versions });
        }
    }
}

/// Whether settings ask for an event, decided anew and without the engine's code.
pub(crate) fn wants(settings: &Settings, wanted: &Wanted) -> bool {
    let matches = |pattern: &Pattern| {
        let text = pattern.to_string();
        match text.strip_suffix('*') {
            Some(prefix) => wanted.kind.starts_with(prefix),
            None => wanted.kind == text,
        }
    };
    let filter = settings.filter.as_ref().map(|filter| {
        String::from_utf8(filter.as_json().to_vec(posthorn_core::json::Style::Js)).unwrap()
    });
    let passes = match filter.as_deref() {
        None => true,
        Some(r#"{"amount":{"$gte":500}}"#) => wanted.amount >= 500,
        Some(r#"{"tag":"a"}"#) => wanted.tag == 'a',
        Some(r#"{"tag":{"$ne":"b"}}"#) => wanted.tag != 'b',
        Some(other) => panic!("an unknown filter: {other}"),
    };
    settings.events.iter().any(matches) && passes
}
