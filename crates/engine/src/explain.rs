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
    /// Where it is now.
    pub url: String,
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
    /// For each endpoint that the merchant has (or that has a delivery of the event): why it was or
    /// was not sent.
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
        for endpoint in self.endpoints(merchant, mode) {
            let delivery = deliveries.iter().find(|d| d.endpoint == endpoint.id).cloned();
            let then = shared.store.version_at(endpoint.id, event.id.accepted_at()).await?;
            let then = then.map(|(_, _, settings)| settings);
            all.push(explain_one((event, &data), &endpoint, delivery, then.as_ref()));
        }
        for delivery in deliveries {
            if all.iter().any(|known| known.endpoint == delivery.endpoint) {
                continue;
            }
            let last = shared.store.version_at(delivery.endpoint, Timestamp::MAX).await?;
            let url = last.map_or(String::new(), |(_, _, settings)| settings.url.to_string());
            all.push(Explanation {
                endpoint: delivery.endpoint,
                url,
                reason: Reason::Deleted,
                delivery: Some(delivery),
                changed: Vec::new(),
                now: None,
            });
        }
        Ok(all)
    }
}

fn explain_one(
    (event, data): (&Event, &Json),
    endpoint: &Arc<Endpoint>,
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
    let reason = if sent && !decided_to_send { Reason::Sent } else { reason };
    let now = match &reason {
        Reason::Routed(decision) if *decision == current => None,
        Reason::Routed(_) | Reason::CreatedLater(_) | Reason::Sent | Reason::Deleted => {
            Some(current)
        }
    };
    let url = endpoint.settings.url.to_string();
    Explanation { endpoint: endpoint.id, url, reason, delivery, changed, now }
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
