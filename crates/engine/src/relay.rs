//! The outbox: what the operator's own programs said inside their transactions becomes events.
//!
//! `posthorn.emit` looks at what can be looked at in SQL, so that a program learns of its mistakes at
//! once. What is found to be wrong here stays in the outbox with the reason, in nobody's way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use posthorn_core::event::{Mode, NewEvent};
use posthorn_core::id::MerchantId;
use posthorn_store::{Accepted, Relay, Said};

use crate::accept::{Composed, Leasing};
use crate::error::EngineError;
use crate::shared::Shared;

/// How often the outbox is looked into while nothing is there.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a database is left alone that could not be read.
const PAUSE: Duration = Duration::from_secs(1);
/// What is relayed at once, at most.
const RELAYED_AT_ONCE: u32 = 128;

/// Relays for as long as it is polled; ends at once where there is no outbox.
pub(crate) async fn relay_outbox(shared: Arc<Shared>) {
    if !shared.store.is_shared() {
        return;
    }
    loop {
        let wait = match relay(&shared).await {
            Ok(count) if count >= RELAYED_AT_ONCE as usize => continue,
            Ok(_) => LOOK_EVERY,
            Err(error) => {
                tracing::warn!(%error, "the outbox could not be relayed");
                PAUSE
            }
        };
        shared.clock.sleep(wait).await;
    }
}

/// Relays the oldest; answers how many were looked at.
async fn relay(shared: &Shared) -> Result<usize, EngineError> {
    let said = shared.store.outbox(RELAYED_AT_ONCE).await?;
    let count = said.len();
    let mut by_place: BTreeMap<(MerchantId, Mode), Vec<(i64, NewEvent)>> = BTreeMap::new();
    for said in said {
        let place = said.place;
        match NewEvent::parse(&said.kind, said.data.as_bytes(), said.reference.clone()) {
            Ok(event) => by_place.entry(owner(&said)).or_default().push((place, event)),
            Err(why) => shared.refuse(place, why.to_string()).await?,
        }
    }
    // Whoever's events cannot be written keeps nobody else's waiting.
    let mut went = Ok(count);
    for (owner, events) in by_place {
        if let Err(error) = shared.relay_for(owner, events).await {
            went = Err(error);
        }
    }
    went
}

fn owner(said: &Said) -> (MerchantId, Mode) {
    (said.merchant, said.mode)
}

impl Shared {
    /// Puts something aside that cannot become an event.
    async fn refuse(&self, place: i64, why: String) -> Result<(), EngineError> {
        if self.store.refuse(place, why.clone()).await? {
            tracing::error!(place, why, "something in the outbox cannot become an event");
            self.metrics.outbox_refused.inc();
        }
        Ok(())
    }

    async fn relay_for(
        &self,
        (merchant, mode): (MerchantId, Mode),
        events: Vec<(i64, NewEvent)>,
    ) -> Result<(), EngineError> {
        self.meet_merchant(merchant).await?;
        let missing = EngineError::Missing { what: "merchant" };
        let audience = self.audience(merchant, mode).ok_or(missing)?;
        let _running = self.followers.begin(merchant, self.last_event_id());
        let mut composed: Vec<Composed> = Vec::with_capacity(events.len());
        let mut places = Vec::with_capacity(events.len());
        let mut refused = Vec::new();
        for (place, event) in events {
            if let Err(why) = self.check_catalogue(&audience.merchant, &event) {
                refused.push((place, why));
                continue;
            }
            places.push(place);
            composed.push(self.compose(&audience, event, None, Leasing::IfRoom));
        }
        let relays = places.iter().zip(&composed);
        let relays =
            relays.map(|(place, next)| Relay { place: *place, accept: next.accept.clone() });
        let answers = match self.store.relay(relays.collect()).await {
            Ok(answers) => answers,
            Err(error) => {
                self.hand_over(composed.into_iter().map(|next| (next, false)).collect());
                return Err(error.into());
            }
        };
        let mut ours = Vec::new();
        let mut accepted: Vec<Accepted> = Vec::new();
        let mut others = Vec::new();
        for ((next, place), answer) in composed.into_iter().zip(places).zip(answers) {
            match answer {
                Some(answer) => {
                    if let Accepted::IdTaken(_) | Accepted::KeyReused = answer {
                        refused.push((place, EngineError::IdTaken));
                    }
                    ours.push(next);
                    accepted.push(answer);
                }
                None => others.push((next, false)),
            }
        }
        self.hand_over(others);
        self.finish(&audience, ours, accepted).await?;
        for (place, why) in refused {
            self.refuse(place, why.to_string()).await?;
        }
        Ok(())
    }
}
