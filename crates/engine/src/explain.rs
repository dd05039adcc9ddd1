//! Why an event was, or was not, sent to an endpoint: decided again from the record.
//!
//! Nothing is written for this when an event is accepted. The endpoint's settings as they stood then
//! are taken from its versions; where a later version would decide otherwise, that is named.

use jiff::Timestamp;
use posthorn_core::delivery::Delivery;
use posthorn_core::endpoint::{Endpoint, Settings};
use posthorn_core::event::{Event, Mode};
use posthorn_core::id::{EndpointId, MerchantId};
use posthorn_core::json::Json;
use posthorn_core::route::{Decision, decide};
use posthorn_store::{DeliveryQuery, Page};

use std::sync::Arc;

use crate::Engine;
use crate::error::EngineError;

/// Why an endpoint got an event, or did not.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// What routing decides from the record.
    Routed(Decision),
    /// The endpoint did not exist yet when the event was accepted.
    CreatedLater(Timestamp),
    /// By the record it is sent, and there is no delivery: what routing went by was changing at that
    /// moment.
    ChangedMeanwhile,
    /// There is a delivery although the record would route none: settings changed at that moment.
    Sent,
    /// It was sent, and the endpoint was deleted since.
    Deleted,
}

/// A setting that has changed since the event was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SettingChanged {
    /// The URL.
    Url,
    /// The event patterns.
    Events,
    /// The filter.
    Filter,
    /// The contract.
    Contract,
    /// How bodies are printed.
    Json,
    /// The custom headers.
    Headers,
    /// The description.
    Description,
    /// The rate limit.
    RateLimit,
    /// The concurrency.
    Concurrency,
}

impl SettingChanged {
    /// The name of the setting in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Events => "events",
            Self::Filter => "filter",
            Self::Contract => "contract",
            Self::Json => "json",
            Self::Headers => "headers",
            Self::Description => "description",
            Self::RateLimit => "rate_limit",
            Self::Concurrency => "concurrency",
        }
    }
}

/// Why one endpoint got an event, or did not.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Which endpoint.
    pub endpoint: EndpointId,
    /// Where it is now, or was last.
    pub url: String,
    /// When it was deleted, on the merchant's clock.
    pub deleted: Option<Timestamp>,
    /// Why.
    pub reason: Reason,
    /// The delivery, if there is one.
    pub delivery: Option<Delivery>,
    /// What has changed since.
    pub changed: Vec<SettingChanged>,
    /// What would be decided with the settings of now, where that differs.
    pub now: Option<Decision>,
}

impl Engine {
    /// For each endpoint that the merchant has, or had when the event was accepted: why it was or was
    /// not sent.
    pub async fn explain(
        &self,
        merchant: MerchantId,
        mode: Mode,
        event: &Event,
    ) -> Result<Vec<Explanation>, EngineError> {
        let shared = &self.shared;
        let query =
            DeliveryQuery { merchant, mode, endpoint: None, event: Some(event.id), state: None };
        let deliveries = shared.store.deliveries(query, Page { after: None, limit: 1024 }).await?;
        let data = event.data.to_json();
        let mut all = Vec::new();
        for subject in self.subjects(merchant, mode, event, &deliveries).await? {
            let id = subject.endpoint.id;
            let delivery = deliveries.iter().find(|d| d.endpoint == id).cloned();
            let then = shared.store.version_at(id, event.id.accepted_at()).await?;
            let then = then.map(|(_, _, settings)| settings);
            all.push(explain_one((event, &data), &subject, delivery, then.as_ref()));
        }
        all.sort_by_key(|one| one.endpoint);
        Ok(all)
    }

    /// The endpoints of now, and the deleted ones of the time when an event was accepted.
    async fn subjects(
        &self,
        merchant: MerchantId,
        mode: Mode,
        event: &Event,
        deliveries: &[Delivery],
    ) -> Result<Vec<Subject>, EngineError> {
        let store = &self.shared.store;
        let present = self.endpoints(merchant, mode).into_iter();
        let mut all: Vec<Subject> =
            present.map(|endpoint| Subject { endpoint, deleted: None }).collect();
        let accepted = event.id.accepted_at();
        let gone = store.endpoints_deleted(merchant, mode, accepted, event.at).await?;
        for id in gone.into_iter().chain(deliveries.iter().map(|delivery| delivery.endpoint)) {
            if all.iter().any(|known| known.endpoint.id == id) {
                continue;
            }
            if let Some((endpoint, deleted)) = store.endpoint_on_record(id).await? {
                all.push(Subject { endpoint: Arc::new(endpoint), deleted });
            }
        }
        Ok(all)
    }
}

/// An endpoint to explain.
struct Subject {
    endpoint: Arc<Endpoint>,
    deleted: Option<Timestamp>,
}

fn explain_one(
    (event, data): (&Event, &Json),
    Subject { endpoint, deleted }: &Subject,
    delivery: Option<Delivery>,
    then: Option<&Settings>,
) -> Explanation {
    let with = |settings: &Settings| {
        let then = Endpoint { settings: settings.clone(), ..Endpoint::clone(endpoint) };
        decide(&then, &event.kind, data, event.only)
    };
    let current = with(&endpoint.settings);
    let (reason, changed) = match then {
        None => (Reason::CreatedLater(endpoint.created), Vec::new()),
        Some(then) => (Reason::Routed(with(then)), differences(then, &endpoint.settings)),
    };
    let sent = delivery.is_some();
    let decided_to_send = matches!(&reason, Reason::Routed(decision) if decision.sends());
    let reason = match (decided_to_send, sent) {
        (_, true) if deleted.is_some() => Reason::Deleted,
        (false, true) => Reason::Sent,
        (true, false) => Reason::ChangedMeanwhile,
        (true, true) | (false, false) => reason,
    };
    let as_now = matches!(&reason, Reason::Routed(decision) if *decision == current);
    let now = (deleted.is_none() && !as_now).then_some(current);
    let url = endpoint.settings.url.to_string();
    Explanation { endpoint: endpoint.id, url, deleted: *deleted, reason, delivery, changed, now }
}

fn differences(then: &Settings, now: &Settings) -> Vec<SettingChanged> {
    let named = [
        (then.url != now.url, SettingChanged::Url),
        (then.events != now.events, SettingChanged::Events),
        (then.filter != now.filter, SettingChanged::Filter),
        (then.contract != now.contract, SettingChanged::Contract),
        (then.json != now.json, SettingChanged::Json),
        (then.headers != now.headers, SettingChanged::Headers),
        (then.description != now.description, SettingChanged::Description),
        (then.rate_limit != now.rate_limit, SettingChanged::RateLimit),
        (then.concurrency != now.concurrency, SettingChanged::Concurrency),
    ];
    named.into_iter().filter(|(differs, _)| *differs).map(|(_, which)| which).collect()
}
