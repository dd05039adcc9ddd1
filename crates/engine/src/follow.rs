//! Following a merchant's events as they are accepted: what `posthorn listen` reads.
//!
//! Nothing is kept per follower but its cursor, the id of the last event it was given, so a
//! follower that comes back (after its own restart or ours) misses nothing. Ids are handed out
//! before they are committed, so followers see only what is below every accept under way.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use posthorn_core::event::Mode;
use posthorn_core::id::{DeliveryId, EventId, MerchantId};
use posthorn_core::json::Style;
use posthorn_store::{Accept, FOLLOWED_BYTES_MAX};
use tokio::sync::watch;

use crate::Engine;
use crate::error::EngineError;
use crate::keyring::Place;
use crate::sending::Subject;

/// Who waits for which merchant's events, and the accepts under way.
#[derive(Default)]
pub(crate) struct Followers {
    waiting: Mutex<HashMap<MerchantId, watch::Sender<EventId>>>,
    /// Of each merchant by itself: whoever writes much keeps nobody else's followers waiting.
    running: Mutex<HashMap<MerchantId, BTreeMap<EventId, u32>>>,
}

/// An accept under way, until it is dropped.
pub(crate) struct Running<'a> {
    all: &'a Followers,
    merchant: MerchantId,
    floor: EventId,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.all.end(self.merchant, self.floor);
    }
}

impl Followers {
    /// An accept of a merchant begins whose ids are all above `floor`.
    pub(crate) fn begin(&self, merchant: MerchantId, floor: EventId) -> Running<'_> {
        self.start(merchant, floor);
        Running { all: self, merchant, floor }
    }

    /// A notice was made, within an accept that began: it is still to be written, with what it tells
    /// of, and until [`Followers::written`] nobody is taken past it.
    pub(crate) fn await_notice(&self, merchant: MerchantId, notice: EventId) {
        self.start(merchant, before(notice));
    }

    /// Notices were written, or never will be; wakes those who follow.
    pub(crate) fn written<'a>(&self, notices: impl IntoIterator<Item = &'a Accept>) {
        for Accept { event, .. } in notices {
            self.end(event.merchant, before(event.id));
            self.tell(event.merchant, event.mode, event.id);
        }
    }

    fn start(&self, merchant: MerchantId, floor: EventId) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        *running.entry(merchant).or_default().entry(floor).or_default() += 1;
    }

    fn end(&self, merchant: MerchantId, floor: EventId) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(own) = running.get_mut(&merchant) else { return };
        if let Some(count) = own.get_mut(&floor) {
            *count -= 1;
            if *count == 0 {
                own.remove(&floor);
            }
        }
        if own.is_empty() {
            running.remove(&merchant);
        }
    }

    /// An id below which nothing of anybody is still to be committed here; `last`: the last that was made.
    pub(crate) fn floor(&self, last: EventId) -> EventId {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running
            .values()
            .filter_map(|own| own.keys().next())
            .fold(last, |floor, own| floor.min(*own))
    }

    /// Wakes everybody who follows: something may have been written elsewhere, up to `last`.
    pub(crate) fn tell_all(&self, last: EventId) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for sender in waiting.values().filter(|sender| sender.receiver_count() > 0) {
            sender.send_modify(|told| *told = last.max(*told));
        }
    }

    /// An id below which nothing of a merchant is still to be committed.
    pub(crate) fn horizon(&self, merchant: MerchantId, last: EventId) -> EventId {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let own = running.get(&merchant).and_then(|own| own.keys().next());
        own.copied().unwrap_or(last)
    }

    /// Wakes the followers of a merchant, whose test events go up to `last` now. Live events are
    /// not followed.
    /// Answers whether somebody follows.
    pub(crate) fn tell(&self, merchant: MerchantId, mode: Mode, last: EventId) -> bool {
        if mode == Mode::Live {
            return false;
        }
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = waiting.get(&merchant) {
            sender.send_modify(|told| *told = last.max(*told));
            return sender.receiver_count() > 0;
        }
        false
    }

    fn watch(&self, merchant: MerchantId) -> watch::Receiver<EventId> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let sender =
            waiting.entry(merchant).or_insert_with(|| watch::channel(EventId::from_i64(0)).0);
        sender.subscribe()
    }
}

fn before(notice: EventId) -> EventId {
    EventId::from_i64(notice.as_i64() - 1)
}

/// An event as its contract would send it, for a program that is not an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The event: the cursor.
    pub id: EventId,
    /// Its type.
    pub kind: String,
    /// The headers, signed with the merchant's webhook secret.
    pub headers: Vec<(String, String)>,
    /// The body; contracts are JSON, so it is text.
    pub body: String,
}

/// What a follower is brought, and where it stands then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Following {
    /// The events, oldest first.
    pub events: Vec<Followed>,
    /// Where to go on: the last event that was looked at.
    pub cursor: EventId,
    /// Up to where all that there is was read. It may lie beyond every event on record, so it is no
    /// cursor to come back with.
    pub read_to: EventId,
    /// Whether there was more than is brought at once.
    pub more: bool,
}

impl Following {
    /// Whether to read again, when this is what was said of the merchant's events.
    #[must_use]
    pub fn is_behind(&self, told: EventId) -> bool {
        self.more || told > self.read_to
    }
}

impl Engine {
    /// Wakes when a merchant's test events have grown, and says up to where. Subscribe before
    /// reading, so that none is missed; while [`Following::is_behind`], there is more, or an older
    /// accept is still under way: read again, if nothing came a little later.
    #[must_use]
    pub fn follow(&self, merchant: MerchantId) -> watch::Receiver<EventId> {
        self.shared.followers.watch(merchant)
    }

    /// The cursor of a merchant's follower that wants only what is still to come. It is an id on record: one that
    /// was made and not written may be made again after a restart.
    pub async fn newest_event(&self, merchant: MerchantId) -> Result<EventId, EngineError> {
        let horizon = self.shared.horizon(merchant);
        let last = self.shared.store.last_event().await?;
        Ok(last.map_or(EventId::from_i64(0), |last| last.min(horizon)))
    }

    /// Events of a merchant after `after`, oldest first, rendered and signed as its contract has it.
    /// An event that cannot be rendered is passed over.
    pub async fn followed(
        &self,
        (merchant, mode): (MerchantId, Mode),
        after: EventId,
        limit: u32,
    ) -> Result<Following, EngineError> {
        let shared = &self.shared;
        let found =
            shared.directory.merchant(merchant).ok_or(EngineError::Missing { what: "merchant" })?;
        let horizon = shared.horizon(merchant);
        let events = shared.store.events_after(merchant, mode, after, limit).await?;
        let in_force = shared.contracts.get(&found.contract).ok_or_else(|| {
            EngineError::Broken { what: format!("contract `{}` is not loaded", found.contract) }
        })?;
        let broken = |what: String| EngineError::Broken { what };
        let secret = shared.keyring.open(found.webhook_secret(mode), Place::Merchant);
        let secret = secret.map_err(|error| broken(error.to_string()))?;
        let key = in_force.contract.key(secret.expose());
        let keys = [key.map_err(|error| broken(error.to_string()))?];
        let signed_at = shared.clock.now().as_second();
        let mut followed = Vec::with_capacity(events.len());
        let mut cursor = after;
        for event in events.iter().take_while(|event| event.id <= horizon) {
            cursor = event.id;
            let delivery = DeliveryId::from_i64(event.id.as_i64());
            let subject = Subject { event, delivery, number: 1, signed_at, style: Style::Js };
            let signed = shared.render(&subject, &in_force.contract, &keys);
            let Ok(signed) = signed else { continue };
            followed.push(Followed {
                id: event.id,
                kind: event.kind.to_string(),
                headers: signed.headers,
                body: String::from_utf8_lossy(&signed.body).into_owned(),
            });
        }
        // Where neither bound was met, all that there is up to the horizon was read, and nothing more
        // will come below it.
        let bytes: usize = events.iter().map(|event| event.data.as_bytes().len()).sum();
        let all = bytes < FOLLOWED_BYTES_MAX
            && u32::try_from(events.len()).is_ok_and(|read| read < limit);
        let read_to = if all { cursor.max(horizon) } else { cursor };
        Ok(Following { events: followed, cursor, read_to, more: !all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accept_under_way_keeps_only_its_own_merchants_followers_waiting() {
        let (busy, quiet) = (MerchantId::from_i64(1), MerchantId::from_i64(2));
        let at = |id| EventId::from_i64(id);
        let followers = Followers::default();
        let running = followers.begin(busy, at(1024));
        let later = followers.begin(busy, at(4096));
        assert_eq!(followers.horizon(busy, at(9216)), at(1024));
        assert_eq!(followers.horizon(quiet, at(9216)), at(9216));
        drop(running);
        assert_eq!(followers.horizon(busy, at(9216)), at(4096));
        drop(later);
        assert_eq!(followers.horizon(busy, at(9216)), at(9216));
    }
}
