//! Servers that share a database: signs of life, what the others changed, work that was left behind.
//!
//! Nobody leads. Each server says several times a second that it lives, hears what changed since, and
//! now and then looks for deliveries whose leases ran out or whose server is gone.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use posthorn_core::id::{EventId, IdSequence, MerchantId};
use posthorn_store::{Beat, Change, Company, StoreError};

use crate::clock::later;
use crate::error::EngineError;
use crate::order::Order;
use crate::shared::Shared;

/// How often a server says that it lives and hears what changed.
const BEAT_EVERY: Duration = Duration::from_millis(400);
/// The shortest time between two signs of life, however much there is to hear.
const BEAT_APART: Duration = Duration::from_millis(50);
/// How often leases that ran out are looked for, and how many are freed in one go.
const FREE_EVERY: Duration = Duration::from_secs(1);
const FREED_AT_ONCE: u32 = 500;
/// How often what every server was told is forgotten.
const FORGET_EVERY: Duration = Duration::from_mins(1);

/// Keeps in touch for as long as it is polled; ends at once where a server has its database for itself.
pub(crate) async fn keep_in_touch(shared: Arc<Shared>) {
    if !shared.store.is_shared() {
        return;
    }
    let mut rounds = Rounds::begin(shared.clock.now());
    let mut silent = false;
    loop {
        let began = shared.clock.now();
        let beaten = beat(&shared).await;
        match &beaten {
            Ok(()) if silent => tracing::info!("this server is heard again"),
            Ok(()) => {}
            Err(error) if silent => tracing::debug!(%error, "still no sign of life"),
            Err(error) => tracing::warn!(%error, "no sign of life can be given"),
        }
        silent = beaten.is_err();
        rounds.take(&shared).await;
        let (soon, late) = (later(began, BEAT_APART), later(began, BEAT_EVERY));
        tokio::select! {
            biased;
            () = shared.others.bell.notified() => {}
            () = shared.store.told() => {}
            () = shared.clock.sleep_until(late) => {}
        }
        shared.clock.sleep_until(soon).await;
    }
}

/// What is done more rarely.
struct Rounds {
    free_at: Timestamp,
    forget_at: Timestamp,
}

impl Rounds {
    fn begin(now: Timestamp) -> Self {
        Self { free_at: now, forget_at: now }
    }

    async fn take(&mut self, shared: &Shared) {
        let now = shared.clock.now();
        if now >= self.free_at {
            self.free_at = later(now, FREE_EVERY);
            if let Err(error) = free_expired(shared).await {
                tracing::warn!(%error, "leases that ran out could not be freed");
            }
        }
        if now >= self.forget_at {
            self.forget_at = later(now, FORGET_EVERY);
            if let Err(error) = shared.store.forget_changes().await {
                tracing::warn!(%error, "what every server was told could not be forgotten");
            }
        }
    }
}

/// Frees leases that ran out, and claims what they held if there is room.
async fn free_expired(shared: &Shared) -> Result<(), StoreError> {
    loop {
        let freed = shared.store.release_expired(shared.clock.now(), FREED_AT_ONCE).await?;
        let count = freed.len();
        if count > 0 {
            tracing::warn!(count, "leases ran out; their deliveries are due again");
            shared.metrics.leases_expired.inc_by(count as u64);
            shared.order(Order::Look(freed));
        }
        if count < FREED_AT_ONCE as usize {
            return Ok(());
        }
    }
}

/// Gives a sign of life and takes in what is heard.
pub(crate) async fn beat(shared: &Shared) -> Result<(), EngineError> {
    let floor = shared.floor();
    let beat = Beat { now: shared.clock.now(), floor };
    let company = shared.store.beat(beat).await?;
    if company.replaced {
        return join_again(shared).await;
    }
    let Company { others, horizon, changes, .. } = company;
    shared.others.set_horizon(horizon.map_or(floor, |others| others.min(floor)));
    shared.followers.tell_all(floor);
    let servers = others.saturating_add(1);
    if shared.others.set_servers(servers) {
        tracing::info!(servers, "servers at work on this database");
        shared.metrics.servers.set(i64::from(servers));
        shared.order(Order::Share);
    }
    match changes {
        Some(changes) => {
            for change in changes {
                shared.follow(change).await?;
            }
            Ok(())
        }
        None => reload_all(shared).await,
    }
}

/// This server was away for so long that its place is another's: it takes a new one.
async fn join_again(shared: &Shared) -> Result<(), EngineError> {
    let place = shared.store.join(shared.clock.now()).await?;
    let last = shared.store.last_event().await?.map_or(place.after, |last| last.max(place.after));
    *shared.ids.lock().unwrap_or_else(PoisonError::into_inner) =
        IdSequence::new(place.node, Some(last));
    tracing::warn!(node = place.node, "this server was away for long, and begins anew");
    reload_all(shared).await
}

/// Anything may have changed.
async fn reload_all(shared: &Shared) -> Result<(), EngineError> {
    shared.keys.forget();
    let standing = shared.store.directory().await?;
    for merchant in standing.merchants {
        shared.follow(Change::Merchant(merchant.id)).await?;
    }
    let mut endpoints: Vec<_> = standing.endpoints.iter().map(|endpoint| endpoint.id).collect();
    endpoints.extend(shared.directory.endpoint_ids());
    endpoints.sort_unstable();
    endpoints.dedup();
    for id in endpoints {
        shared.follow(Change::Endpoint(id)).await?;
    }
    Ok(())
}

impl Shared {
    /// Every event that is still to be written here has a higher id than this.
    fn floor(&self) -> EventId {
        let now = self.clock.now();
        let last = self.ids.lock().unwrap_or_else(PoisonError::into_inner).rise(now);
        self.followers.floor(last)
    }

    /// An id below which nothing of a merchant is still to be committed, by any server.
    pub(crate) fn horizon(&self, merchant: MerchantId) -> EventId {
        let own = self.followers.horizon(merchant, self.last_event_id());
        self.others.horizon().map_or(own, |others| others.min(own))
    }

    /// Takes in what another server, or this one, changed.
    async fn follow(&self, change: Change) -> Result<(), EngineError> {
        match change {
            Change::Merchant(id) => match self.reload_merchant(id).await {
                Ok(_) => self.order(Order::ClockMoved(id)),
                Err(EngineError::Missing { .. }) => {}
                Err(error) => return Err(error),
            },
            Change::Endpoint(id) => self.reload_endpoint(id).await?,
            Change::Key => self.keys.forget(),
        }
        Ok(())
    }
}
