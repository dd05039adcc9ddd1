//! Accepting events: routed, written and (where there is room) leased in one transaction.

mod steps;

use std::sync::Arc;

use jiff::Timestamp;
use posthorn_core::delivery::{Claim, ParkedWhy, State};
use posthorn_core::endpoint::Endpoint;
use posthorn_core::event::{Event, Mode, NewEvent};
use posthorn_core::id::{DeliveryId, EndpointId, EventId, MerchantId};
use posthorn_core::merchant::Merchant;
use posthorn_core::route;
use posthorn_store::{Accept, Accepted, DeliveryQuery, NewDelivery, Page};

use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::directory::Entry;
use crate::error::EngineError;
use crate::memory::Holder;
use crate::metrics::ByContract;
use crate::order::Order;
use crate::sending::lease_end;
use crate::shared::Shared;

pub(crate) use steps::Drafts;

/// What came of accepting one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The event.
    pub event: EventId,
    /// The id that stands on the wire: the caller's own, else ours.
    pub wire_id: String,
    /// Its deliveries.
    pub deliveries: Vec<(DeliveryId, EndpointId)>,
    /// Whether it had been accepted before, by the same request.
    pub replayed: bool,
}

/// What came of accepting several: each its own result, in their order.
pub type Receipts = Vec<Result<Receipt, EngineError>>;

/// Whose event it is, and who might want it.
pub(crate) struct Audience {
    pub(crate) merchant: Arc<Merchant>,
    pub(crate) mode: Mode,
    /// The merchant's time.
    pub(crate) now: Timestamp,
    pub(crate) entries: Arc<[Entry]>,
}

/// Whether first tries may be leased in the accept transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leasing {
    /// Where there is room.
    IfRoom,
    /// Never: they are claimed like any other.
    Never,
}

/// An event ready to be written, and the leases that are taken if it is.
pub(crate) struct Composed {
    pub(crate) accept: Accept,
    leases: Vec<(NewDelivery, Entry, Timestamp)>,
    waiting: Vec<Entry>,
}

/// Who gets an event, in the order of the entries: the endpoints that want it, and where it goes besides.
fn wanted<'a>(
    audience: &'a Audience,
    new: &NewEvent,
    only: Option<EndpointId>,
) -> Vec<&'a Endpoint> {
    let all = || audience.entries.iter().map(|entry| &*entry.endpoint);
    let mut wanted = route::route(all(), &new.kind, &new.parsed, only);
    let callback = new.about.as_ref().and_then(|about| about.callback.as_deref());
    let callback = callback.and_then(|callback| url::Url::parse(callback).ok());
    // A fragment is never sent: without it, it is the same URL.
    let callback = callback.map(|mut callback| {
        callback.set_fragment(None);
        callback
    });
    if let Some(callback) = callback.filter(|_| only.is_none())
        && !wanted.iter().any(|endpoint| endpoint.settings.url == callback)
        && let Some(own) = all().find(|one| one.settings.takes_callbacks_of(&callback))
    {
        wanted.push(own);
        wanted.sort_by_key(|endpoint| endpoint.id);
    }
    wanted
}

impl Shared {
    pub(crate) fn audience(&self, merchant: MerchantId, mode: Mode) -> Option<Audience> {
        let (merchant, entries) = self.directory.audience(merchant, mode)?;
        let now = merchant.now(mode, self.clock.now());
        Some(Audience { merchant, mode, now, entries })
    }

    /// Routes an event and decides the first state of each delivery.
    pub(crate) fn compose(
        &self,
        audience: &Audience,
        new: NewEvent,
        only: Option<EndpointId>,
        leasing: Leasing,
    ) -> Composed {
        let real = self.clock.now();
        let now = audience.now;
        let id = self.next_event_id(real);
        let wanted = wanted(audience, &new, only);
        let bytes = new.data.as_bytes().len();
        let event = Event {
            id,
            merchant: audience.merchant.id,
            mode: audience.mode,
            kind: new.kind,
            at: now,
            reference: new.reference,
            only,
            about: new.about,
            data: new.data,
        };
        let mut composed = Composed {
            accept: Accept { event, deliveries: Vec::with_capacity(wanted.len()), once: None },
            leases: Vec::new(),
            waiting: Vec::new(),
        };
        let mut entries = audience.entries.iter();
        for (ordinal, endpoint) in (1u16..).zip(wanted) {
            let delivery = id.delivery(ordinal);
            // Who is wanted stands in the order of the entries.
            let Some(entry) = entries.find(|entry| entry.endpoint.id == endpoint.id) else {
                continue;
            };
            let holder = Holder { merchant: endpoint.merchant, endpoint: endpoint.id };
            let state = if endpoint.status.parks() && only.is_none() {
                State::Parked { since: now, why: ParkedWhy::EndpointAtRest }
            } else if leasing == Leasing::IfRoom && self.try_lease(entry, holder, bytes) {
                State::Leased { until: lease_end(self.contract_of(endpoint), real) }
            } else {
                composed.waiting.push(entry.clone());
                State::Due { at: now }
            };
            let new = NewDelivery { id: delivery, endpoint: endpoint.id, state };
            if let State::Leased { until } = state {
                composed.leases.push((new, entry.clone(), until));
            }
            composed.accept.deliveries.push(new);
        }
        composed
    }

    /// Takes a place of an endpoint, and room for its event, if there are both.
    fn try_lease(&self, entry: &Entry, holder: Holder, bytes: usize) -> bool {
        if !entry.gauge.try_lease() {
            return false;
        }
        let has_room = self.memory.try_hold(holder, bytes);
        if !has_room {
            entry.gauge.give_back();
            self.metrics.bound_met("payload_memory");
        }
        has_room
    }

    /// Hands an accepted event's leases to the dispatcher, or gives their places back.
    pub(crate) fn hand_over(&self, composed: Vec<(Composed, bool)>) {
        let mut claims = Vec::new();
        let mut waiting = Vec::new();
        let mut unsure = Vec::new();
        for (composed, written) in composed {
            let bytes = composed.accept.event.data.as_bytes().len();
            let event = Arc::new(composed.accept.event);
            let parked = |new: &&NewDelivery| matches!(new.state, State::Parked { .. });
            if written {
                // One that was parked is due if its endpoint was enabled in the meantime.
                unsure.extend(composed.accept.deliveries.iter().filter(parked).map(|d| d.endpoint));
            }
            for (delivery, entry, until) in composed.leases {
                if !written {
                    entry.gauge.give_back();
                    let endpoint = delivery.endpoint;
                    self.memory.free(Holder { merchant: event.merchant, endpoint }, bytes);
                    unsure.push(delivery.endpoint);
                    continue;
                }
                claims.push(Claim {
                    delivery: delivery.id,
                    endpoint: delivery.endpoint,
                    event: Arc::clone(&event),
                    attempts: 0,
                    base: 0,
                    run: 1,
                    claim: 1,
                    due: event.at,
                    until,
                });
            }
            if written {
                for entry in composed.waiting {
                    entry.gauge.set_behind(true);
                    waiting.push((entry.endpoint.id, event.at));
                }
            }
        }
        if !claims.is_empty() {
            self.order(Order::Claims(claims));
        }
        if !waiting.is_empty() {
            self.order(Order::Due(waiting));
        }
        if !unsure.is_empty() {
            self.order(Order::Look(unsure));
        }
    }

    /// Refuses types outside the catalogue for merchants that asked for it.
    pub(crate) fn check_catalogue(
        &self,
        merchant: &Merchant,
        event: &NewEvent,
    ) -> Result<(), EngineError> {
        if !merchant.strict_catalogue {
            return Ok(());
        }
        let Some(in_force) = self.contracts.get(&merchant.contract) else { return Ok(()) };
        let kind = event.kind.as_str();
        if in_force.contract.event(kind).is_some() {
            return Ok(());
        }
        let nearest = in_force.contract.nearest_event(kind);
        let hint = nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let contract = merchant.contract.clone();
        Err(EngineError::NotInCatalogue { kind: kind.to_owned(), contract, hint })
    }
}

impl Engine {
    /// Accepts one event for a merchant; when this answers `Ok`, it is on disk.
    pub async fn accept(
        &self,
        caller: Caller,
        place: (MerchantId, Mode),
        event: NewEvent,
        request: Option<&RequestKey>,
    ) -> Result<Receipt, EngineError> {
        let receipts = self.accept_for(caller, place, Drafts::one(event, None), request).await?;
        receipts.into_iter().next().unwrap_or(Err(EngineError::Missing { what: "event" }))
    }

    /// Accepts several events; what was unacceptable on its way in keeps its error, and costs the
    /// others nothing.
    pub async fn accept_batch(
        &self,
        caller: Caller,
        place: (MerchantId, Mode),
        events: Vec<Result<NewEvent, EngineError>>,
        request: Option<&RequestKey>,
    ) -> Result<Receipts, EngineError> {
        let drafts = Drafts { events, only: None, first_part: 1 };
        self.accept_for(caller, place, drafts, request).await
    }
}

impl Shared {
    /// Turns the store's answers into receipts and sets the leases going.
    pub(crate) async fn finish(
        &self,
        audience: &Audience,
        composed: Vec<Composed>,
        answers: Vec<Accepted>,
    ) -> Result<Receipts, EngineError> {
        let contract = ByContract::named(&audience.merchant.contract);
        let mut receipts = Vec::with_capacity(answers.len());
        let mut handing = Vec::with_capacity(answers.len());
        let mut before = Vec::new();
        for (next, answer) in composed.into_iter().zip(answers) {
            let written = matches!(answer, Accepted::Now(_));
            receipts.push(match answer {
                Accepted::Now(event) => {
                    self.metrics.accepted.get_or_create(&contract).inc();
                    Ok(Receipt {
                        event,
                        wire_id: next.accept.event.wire_id(),
                        deliveries: pairs(&next.accept.deliveries),
                        replayed: false,
                    })
                }
                Accepted::Before(event) => {
                    before.push((receipts.len(), event));
                    Err(EngineError::Missing { what: "event" })
                }
                Accepted::KeyReused => Err(EngineError::KeyReused),
                Accepted::IdTaken(_) => Err(EngineError::IdTaken),
            });
            handing.push((next, written));
        }
        self.hand_over(handing);
        for (index, event) in before {
            let receipt = self.receipt_of(audience, event).await;
            if let Some(place) = receipts.get_mut(index) {
                *place = receipt;
            }
        }
        let accepted = receipts.iter().filter_map(|receipt| receipt.as_ref().ok());
        if let Some(last) = accepted.map(|receipt| receipt.event).max()
            && self.followers.tell(audience.merchant.id, audience.mode, last)
        {
            self.others.bell.notify_one();
        }
        Ok(receipts)
    }

    /// The receipt of an event that was accepted before.
    async fn receipt_of(&self, audience: &Audience, id: EventId) -> Result<Receipt, EngineError> {
        let event = self.store.event(id).await?.ok_or(EngineError::Missing { what: "event" })?;
        let query = DeliveryQuery {
            merchant: audience.merchant.id,
            mode: audience.mode,
            endpoint: None,
            event: Some(id),
            state: None,
        };
        let page = Page { after: None, limit: 1024 };
        let mut deliveries = self.store.deliveries(query, page).await?;
        deliveries.sort_by_key(|delivery| delivery.id);
        Ok(Receipt {
            event: id,
            wire_id: event.wire_id(),
            deliveries: deliveries.iter().map(|d| (d.id, d.endpoint)).collect(),
            replayed: true,
        })
    }
}

fn pairs(deliveries: &[NewDelivery]) -> Vec<(DeliveryId, EndpointId)> {
    deliveries.iter().map(|delivery| (delivery.id, delivery.endpoint)).collect()
}
