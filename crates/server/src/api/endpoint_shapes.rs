//! What an endpoint looks like on the wire, coming in and going out.

use std::fmt;

use posthorn_core::endpoint::{DisabledWhy, Endpoint, EndpointSecret, Pattern, Status};
use posthorn_core::filter::Filter;
use posthorn_core::id::{EndpointId, SecretId};
use posthorn_core::json::Style;
use posthorn_core::secret::Secret;
use posthorn_engine::{
    CONCURRENCY_MAX, EndpointDraft, EndpointPatch, Minted, RATE_MAX, SecretWish,
};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::attempts::Headers;
use crate::answer::Shown;
use crate::app::App;
use crate::decode::{Change, Count, never_null, null_is_default};
use crate::time::Timestamp;

/// Headers as an object, in the order in which they stand there.
#[derive(Debug, Default)]
pub(super) struct HeadersIn(Vec<(String, String)>);

impl<'de> Deserialize<'de> for HeadersIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeadersReader)
    }
}

struct HeadersReader;

impl<'de> Visitor<'de> for HeadersReader {
    type Value = HeadersIn;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of header names and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<HeadersIn, A::Error> {
        let mut headers = Vec::new();
        while let Some(header) = map.next_entry()? {
            headers.push(header);
        }
        Ok(HeadersIn(headers))
    }
}

/// An endpoint to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EndpointIn {
    /// Where deliveries go.
    #[schema(example = "https://example.com/webhooks")]
    url: String,
    /// Which event types: whole ones, or with `*` for one or more segments at the end. All when left
    /// out.
    #[serde(default = "every_event")]
    #[schema(value_type = Vec<String>, example = json!(["payment.*"]))]
    events: Vec<Pattern>,
    /// Which of those, by their data.
    #[schema(value_type = Option<Object>, example = json!({"product.id": {"$in": ["prod_1"]}}))]
    filter: Option<Filter>,
    /// For people.
    description: Option<String>,
    /// Sent with every delivery.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    headers: HeadersIn,
    /// The contract it speaks, if not its merchant's.
    contract: Option<String>,
    /// How bodies are printed: `js`, `python` or `php`, for receivers that print what they read
    /// before they verify.
    #[serde(default, deserialize_with = "null_is_default")]
    #[schema(value_type = Option<String>, example = "js")]
    json: Style,
    /// Deliveries a second, at most; no limit when left out. Several servers share it, each with its
    /// part rounded up.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10000)]
    rate_limit: Option<Count<RATE_MAX>>,
    /// Deliveries under way at once, at most. Several servers share it, each with its part rounded up.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    concurrency: Option<Count<CONCURRENCY_MAX>>,
    /// Its signing secret; one is made, and shown in this answer alone, when left out. `null`: none,
    /// where the contract lets an endpoint have none (its deliveries carry no signature then).
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    secret: Change<String>,
}

fn every_event() -> Vec<Pattern> {
    vec![Pattern::Any]
}

impl From<EndpointIn> for EndpointDraft {
    fn from(wire: EndpointIn) -> Self {
        Self {
            url: wire.url,
            events: wire.events,
            filter: wire.filter,
            description: wire.description,
            headers: wire.headers.0,
            contract: wire.contract,
            json: wire.json,
            rate_limit: wire.rate_limit.map(u32::from),
            concurrency: wire.concurrency.map(u32::from),
            secret: match wire.secret {
                Change::Keep => SecretWish::Make,
                Change::Set(secret) => SecretWish::Given(Secret::new(secret)),
                Change::Clear => SecretWish::NoneIfAllowed,
            },
        }
    }
}

/// What to change: a member left out stays as it is, `null` takes it away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EndpointChange {
    /// Where deliveries go; it cannot be taken away.
    #[serde(default, deserialize_with = "never_null")]
    #[schema(value_type = String, required = false)]
    url: Option<String>,
    /// Which event types; `null`: all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    events: Change<Vec<Pattern>>,
    /// Which of those, by their data.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    filter: Change<Filter>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Change<String>,
    /// Sent with every delivery; all of them, not only those that change.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    headers: Change<HeadersIn>,
    /// The contract it speaks.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    contract: Change<String>,
    /// How bodies are printed.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    json: Change<Style>,
    /// Deliveries a second, at most.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10000)]
    rate_limit: Change<Count<RATE_MAX>>,
    /// Deliveries under way at once, at most.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    concurrency: Change<Count<CONCURRENCY_MAX>>,
}

impl From<EndpointChange> for EndpointPatch {
    fn from(wire: EndpointChange) -> Self {
        Self {
            url: wire.url,
            events: wire.events.patch().map(|events| events.unwrap_or_else(every_event)),
            filter: wire.filter.patch(),
            description: wire.description.patch(),
            headers: wire.headers.or_default().map(|headers| headers.0),
            contract: wire.contract.patch(),
            json: wire.json.or_default(),
            rate_limit: wire.rate_limit.patch().map(|most| most.map(u32::from)),
            concurrency: wire.concurrency.patch().map(|most| most.map(u32::from)),
        }
    }
}

/// One of an endpoint's signing secrets: never the secret itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Secret)]
pub(super) struct SecretOut {
    /// Its id.
    #[schema(value_type = String, example = "sec_1")]
    id: SecretId,
    /// When it was made, on the merchant's clock.
    created: Timestamp,
    /// When it stops signing, on the merchant's clock; absent for the current one.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// A URL that wants some events.
#[derive(Serialize, ToSchema)]
#[schema(as = Endpoint)]
pub(super) struct EndpointOut {
    /// Its id.
    #[schema(value_type = String, example = "ep_1")]
    id: EndpointId,
    /// Where deliveries go.
    url: String,
    /// Which event types.
    #[schema(value_type = Vec<String>)]
    events: Vec<Pattern>,
    /// Which of those, by their data.
    #[schema(value_type = Option<Object>)]
    filter: Option<Filter>,
    /// For people.
    description: Option<String>,
    /// Sent with every delivery.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    headers: Headers,
    /// The contract it speaks, if not its merchant's.
    contract: Option<String>,
    /// How bodies are printed.
    json: &'static str,
    /// Deliveries a second, at most.
    rate_limit: Option<u32>,
    /// Deliveries under way at once, at most.
    concurrency: Option<u32>,
    /// `test` or `live`.
    mode: &'static str,
    /// `active`, `draining`, `paused` or `disabled`.
    status: &'static str,
    /// Since when, on the merchant's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_since: Option<Timestamp>,
    /// Why it is paused (`failing`) or disabled (`requested`, `gone`).
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    /// Since when everything has failed, on the merchant's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<Timestamp>,
    /// The version of its settings, 1 first.
    version: u32,
    /// When it was created.
    created: Timestamp,
    /// Its signing secrets; two or more while a rotation overlaps.
    secrets: Vec<SecretOut>,
    /// The secret itself, when it is created or rotated and Posthorn made it: shown in this answer,
    /// and in the answer to a repeat of the same request under its `Idempotency-Key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    secret: Option<Shown>,
}

impl EndpointOut {
    /// An endpoint as its merchant sees it; secrets whose time is over are not shown.
    pub(super) fn of(app: &App, endpoint: &Endpoint) -> Self {
        let real = app.engine().now();
        let owner = app.engine().known_merchant(endpoint.merchant);
        Self::at(endpoint, owner.map_or(real, |owner| owner.now(endpoint.mode, real)))
    }

    /// The same with the secret that was made for it.
    pub(super) fn minted(app: &App, minted: Minted) -> Self {
        Self { secret: minted.secret.map(Shown), ..Self::of(app, &minted.endpoint) }
    }

    fn at(endpoint: &Endpoint, now: jiff::Timestamp) -> Self {
        let (status_since, why) = match endpoint.status {
            Status::Active => (None, None),
            Status::Draining { since } => (Some(since), None),
            Status::Paused { since } => (Some(since), Some("failing")),
            Status::Disabled { since, why: DisabledWhy::Requested } => {
                (Some(since), Some("requested"))
            }
            Status::Disabled { since, why: DisabledWhy::Gone } => (Some(since), Some("gone")),
        };
        let settings = endpoint.settings.clone();
        let signing = |secret: &&EndpointSecret| secret.until.is_none_or(|until| until > now);
        let secrets = endpoint.secrets.iter().filter(signing).map(|secret| SecretOut {
            id: secret.id,
            created: secret.created.into(),
            until: secret.until.map(Timestamp),
        });
        Self {
            id: endpoint.id,
            url: settings.url.into(),
            events: settings.events,
            filter: settings.filter,
            description: settings.description,
            headers: Headers(settings.headers),
            contract: settings.contract,
            json: settings.json.name(),
            rate_limit: settings.rate_limit,
            concurrency: settings.concurrency,
            mode: endpoint.mode.name(),
            status: endpoint.status.name(),
            status_since: status_since.map(Timestamp),
            why,
            failing_since: endpoint.failing_since.map(Timestamp),
            version: endpoint.version,
            created: endpoint.created.into(),
            secrets: secrets.collect(),
            secret: None,
        }
    }
}
