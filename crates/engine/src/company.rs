//! Servers that share a database: signs of life, what the others changed, work that was left behind.
//!
//! Nobody leads. Each server says several times a second that it lives, hears what changed since, and
//! now and then looks for deliveries whose leases ran out or whose server is gone.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use posthorn_core::id::{EventId, IdSequence, MerchantId};
use posthorn_store::{Beat, Change, Company, StoreError};

use crate::error::EngineError;
use crate::order::Order;
use crate::others::News;
use crate::shared::Shared;
use crate::start::now_of;

/// How often a server says that it lives and hears what changed.
const BEAT_EVERY: Duration = Duration::from_millis(400);
/// The shortest time between two signs of life, however much there is to hear.
const BEAT_APART: Duration = Duration::from_millis(50);
/// How often leases that ran out are looked for, and how many are freed in one go.
const FREE_EVERY: Duration = Duration::from_secs(1);
const FREED_AT_ONCE: u32 = 500;
/// How often what every server was told is forgotten: once a minute.
const FORGET_EVERY_ROUNDS: u64 = 60;

/// How long to leave a database alone that could not tell what changed.
const FOLLOW_AGAIN: Duration = Duration::from_millis(200);

/// Keeps in touch for as long as it is polled; ends at once where a server has its database for itself.
pub(crate) async fn keep_in_touch(shared: Arc<Shared>) {
    if shared.store.is_shared() {
        // Nothing that can take its time keeps a sign of life waiting.
        futures::join!(give_signs(&shared), follow_news(&shared), do_rounds(&shared));
    }
}

async fn give_signs(shared: &Shared) {
    let mut silent = false;
    loop {
        // However the wall clock is set: who is silent for 15 s writes nothing any more.
        let (soon, late) = (shared.clock.sleep(BEAT_APART), shared.clock.sleep(BEAT_EVERY));
        let beaten = beat(shared).await;
        match &beaten {
            Ok(()) if silent => tracing::info!("this server is heard again"),
            Ok(()) => {}
            Err(error) if silent => tracing::debug!(%error, "still no sign of life"),
            Err(error) => tracing::warn!(%error, "no sign of life can be given"),
        }
        silent = beaten.is_err();
        tokio::select! {
            biased;
            () = shared.others.bell.notified() => {}
            () = shared.store.told() => {}
            () = late => {}
        }
        soon.await;
    }
}

/// Takes in what changed. What cannot be read now is read a little later: nothing that was told is
/// forgotten.
async fn follow_news(shared: &Shared) {
    loop {
        let news = shared.others.news.next().await;
        let followed = match news {
            News::All => reload_all(shared).await,
            News::One(change) => shared.follow(change).await,
        };
        if let Err(error) = followed {
            tracing::warn!(%error, "what changed cannot be read yet");
            shared.others.news.put(news);
            shared.clock.sleep(FOLLOW_AGAIN).await;
        }
    }
}

/// What is done more rarely.
async fn do_rounds(shared: &Shared) {
    for round in 0_u64.. {
        if let Err(error) = free_expired(shared).await {
            tracing::warn!(%error, "leases that ran out could not be freed");
        }
        if round % FORGET_EVERY_ROUNDS == 0
            && let Err(error) = shared.store.forget_changes().await
        {
            tracing::warn!(%error, "what every server was told could not be forgotten");
        }
        shared.clock.sleep(FREE_EVERY).await;
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
    let beat = Beat { now: now_of(&shared.clock), floor };
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
    shared.others.news.tell(changes);
    Ok(())
}

/// This server was away for so long that the others went on without it: it takes a new place.
async fn join_again(shared: &Shared) -> Result<(), EngineError> {
    let place = shared.store.join(now_of(&shared.clock)).await?;
    {
        // No id is given twice: it may have made some under the new place already.
        let mut ids = shared.ids.lock().unwrap_or_else(PoisonError::into_inner);
        *ids = IdSequence::new(place.node, Some(place.after.max(ids.last())));
    }
    tracing::warn!(node = place.node, "this server was away for long, and begins anew");
    shared.others.news.tell(None);
    Ok(())
}

/// Anything may have changed.
async fn reload_all(shared: &Shared) -> Result<(), EngineError> {
    shared.keys.forget();
    let standing = shared.store.directory().await?;
    let merchants = standing.merchants.iter().map(|merchant| Change::Merchant(merchant.id));
    let endpoints = standing.endpoints.iter().map(|endpoint| endpoint.id);
    let endpoints = endpoints.chain(shared.directory.endpoint_ids()).map(Change::Endpoint);
    shared.others.news.tell(Some(merchants.chain(endpoints).collect()));
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
            Change::Endpoint(id) => match self.reload_endpoint(id).await {
                Err(EngineError::Store(error @ StoreError::Corrupt { .. })) => {
                    tracing::error!(%error, endpoint.id = %id, "what changed makes no sense here");
                }
                followed => followed?,
            },
            Change::Key => self.keys.forget(),
        }
        Ok(())
    }
}
