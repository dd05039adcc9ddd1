//! Reading: events, deliveries, and old requests as they were sent, byte for byte.

use std::collections::HashMap;

use posthorn_core::attempt::Attempt;
use posthorn_core::contract::SigningKey;
use posthorn_core::delivery::Delivery;
use posthorn_core::event::{Event, Mode};
use posthorn_core::id::{DeliveryId, EventId, MerchantId};
use posthorn_store::{DeliveryQuery, DeliveryRecord, Done, EventQuery, Page};

use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::order::Order;
use crate::sending::{Subject, url_for};
use crate::shared::Shared;

/// A request as it was sent, rendered again from what the attempt was rendered from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRequest {
    /// Where it went.
    pub url: String,
    /// Its headers, in order; HTTP's own (`Host`, `Content-Length`) left out.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// A header's name as it stands on the wire: hyper writes every one in title case.
#[must_use]
pub fn wire_name(name: &str) -> String {
    let mut begins = true;
    let cased = name.chars().map(|c| {
        let upper = std::mem::replace(&mut begins, c == '-');
        if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
    });
    cased.collect()
}

impl SentRequest {
    pub(crate) fn new(url: &url::Url, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        let wire = |(name, value): (String, String)| (wire_name(&name), value);
        let headers = headers.into_iter().map(wire).collect();
        Self { url: url.to_string(), headers, body }
    }

    /// The same request as a command for a shell; brackets and braces in its URL stand for themselves.
    #[must_use]
    pub fn curl(&self) -> String {
        use std::fmt::Write;
        let quote = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let mut command = format!("curl -g -i -X POST {}", quote(&self.url));
        for (name, value) in &self.headers {
            let _infallible = write!(command, " \\\n  -H {}", quote(&format!("{name}: {value}")));
        }
        let body = String::from_utf8_lossy(&self.body);
        let _infallible = write!(command, " \\\n  --data-binary {}", quote(&body));
        command
    }
}

impl Engine {
    /// An event, by our id or by the caller's own.
    pub async fn event(
        &self,
        merchant: MerchantId,
        mode: Mode,
        id: &str,
    ) -> Result<Event, EngineError> {
        let store = &self.shared.store;
        if let Ok(id) = id.parse::<EventId>() {
            let event = store.event(id).await?;
            let own = event.filter(|event| event.merchant == merchant && event.mode == mode);
            if let Some(event) = own {
                return Ok(event);
            }
        }
        let event = store.event_by_reference(merchant, mode, id.to_owned()).await?;
        event.ok_or_else(|| match id.parse() {
            Ok(id) => self.shared.not_on_record(merchant, "event", id),
            Err(_) => EngineError::Missing { what: "event" },
        })
    }

    /// Events, newest first; the query's times are the merchant's.
    pub async fn events(
        &self,
        query: EventQuery,
        page: Page<EventId>,
    ) -> Result<Vec<Event>, EngineError> {
        let place = (query.merchant, query.mode);
        let mut real = query;
        for bound in [&mut real.since, &mut real.until].into_iter().flatten() {
            *bound = self.shared.real(place, *bound).await?;
        }
        Ok(self.shared.store.events(real, page).await?)
    }

    /// Deliveries, newest first.
    pub async fn deliveries(
        &self,
        query: DeliveryQuery,
        page: Page<DeliveryId>,
    ) -> Result<Vec<Delivery>, EngineError> {
        Ok(self.shared.store.deliveries(query, page).await?)
    }

    /// Deliveries, newest first, each with its last attempt: a log in one reading.
    pub async fn delivery_log(
        &self,
        query: DeliveryQuery,
        page: Page<DeliveryId>,
    ) -> Result<Vec<(Delivery, Option<Attempt>)>, EngineError> {
        let deliveries = self.shared.store.deliveries(query, page).await?;
        let ids = deliveries.iter().map(|delivery| delivery.id).collect();
        let attempts = self.shared.store.last_attempts(ids).await?;
        let mut attempts: HashMap<_, _> = attempts.into_iter().collect();
        let with = |delivery: Delivery| {
            let last = attempts.remove(&delivery.id);
            (delivery, last)
        };
        Ok(deliveries.into_iter().map(with).collect())
    }

    /// One delivery with its event and attempts.
    pub async fn delivery(
        &self,
        merchant: MerchantId,
        mode: Mode,
        id: DeliveryId,
    ) -> Result<DeliveryRecord, EngineError> {
        let record = self.shared.store.delivery(id).await?;
        record
            .filter(|record| record.event.merchant == merchant && record.event.mode == mode)
            .ok_or_else(|| self.shared.not_on_record(merchant, "delivery", id.event()))
    }

    /// Opens a new run of a delivery's whole schedule, now: same event id, attempt 1 again.
    pub async fn resend(
        &self,
        caller: Caller,
        (merchant, mode, id): (MerchantId, Mode, DeliveryId),
        request: Option<&RequestKey>,
    ) -> Result<Done<DeliveryRecord>, EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            let before = shared.used(once).await?;
            let record = engine.delivery(merchant, mode, id).await?;
            if before.is_some() {
                return Ok(Done::Before(record));
            }
            let endpoint = record.delivery.endpoint;
            if shared.owned(merchant, mode, endpoint).await.is_err() {
                let what = "the endpoint was deleted; nothing can be sent to it".to_owned();
                return Err(EngineError::Conflict { what });
            }
            let now = shared.time_of(merchant, mode).await?;
            let done = shared.store.resend(id, now, once).await?;
            shared.order(Order::Due(vec![(endpoint, now)]));
            let record = engine.delivery(merchant, mode, id).await?;
            Ok(done.map(|_| record))
        };
        self.through(work).await
    }

    /// The request of one attempt as it was sent, rendered again. `attempt` counts from 0 in the
    /// record's list.
    pub async fn sent_request(
        &self,
        record: &DeliveryRecord,
        attempt: usize,
    ) -> Result<SentRequest, EngineError> {
        let shared = &self.shared;
        let attempt =
            record.attempts.get(attempt).ok_or(EngineError::Missing { what: "attempt" })?;
        let rendering = &attempt.rendering;
        let endpoint = record.delivery.endpoint;
        let versions = shared.store.versions(endpoint).await?;
        let settings = versions
            .into_iter()
            .find(|(version, _, _)| *version == rendering.endpoint_version)
            .map(|(_, _, settings)| settings)
            .ok_or(EngineError::Missing { what: "version of the endpoint's settings" })?;
        let contract = shared.contracts.version(&*shared.store, rendering.contract).await?;
        let secrets = shared.store.secrets(endpoint).await?;
        let mut keys = Vec::with_capacity(rendering.secrets.len());
        for id in &rendering.secrets {
            let secret = secrets.iter().find(|secret| secret.id == *id);
            let secret = secret.ok_or(EngineError::Missing { what: "secret" })?;
            keys.push(shared.open_key(secret, &contract)?);
        }
        let subject = Subject {
            event: &record.event,
            delivery: record.delivery.id,
            number: attempt.number,
            signed_at: rendering.signed_at,
            style: settings.json,
        };
        let signed = shared.render(&subject, &contract, &keys);
        let signed = signed.map_err(|error| EngineError::Broken { what: error.to_string() })?;
        let url = url_for(&settings, &record.event);
        let mut headers = signed.headers;
        headers.extend(settings.headers);
        Ok(SentRequest::new(&url, headers, signed.body))
    }
}

impl Shared {
    fn open_key(
        &self,
        secret: &posthorn_core::endpoint::EndpointSecret,
        contract: &posthorn_core::contract::Contract,
    ) -> Result<SigningKey, EngineError> {
        let broken = |what: String| EngineError::Broken { what };
        let text = self.keyring.open(&secret.sealed, crate::keyring::Place::Endpoint);
        let text = text.map_err(|error| broken(error.to_string()))?;
        contract.key(text.expose()).map_err(|error| broken(error.to_string()))
    }
}
