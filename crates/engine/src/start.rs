//! Starting: what the engine is made of, and what it does before it serves.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::contract::Contract;
use posthorn_core::id::IdSequence;
use posthorn_core::secret::{MasterKeys, Secret, keyed_hash};
use posthorn_store::{Now, Place, Store, StoreError};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tokio::sync::mpsc;

use crate::Engine;
use crate::advances::Advances;
use crate::clock::Clock;
use crate::contracts::Contracts;
use crate::deployment_key::check_master_key;
use crate::directory::Directory;
use crate::entropy::Entropy;
use crate::error::EngineError;
use crate::follow::Followers;
use crate::guard::Guard;
use crate::in_flight::InFlight;
use crate::keyring::{Keyring, KnownKeys};
use crate::memory::Memory;
use crate::metrics::{ByBound, Metrics};
use crate::order::Order;
use crate::others::Others;
use crate::paces::Paces;
use crate::passwords::Passwords;
use crate::runner::Runner;
use crate::shared::{Options, Shared};
use crate::told::Told;
use crate::transport::Transport;
use crate::trial::Trials;

/// The touching points with the world, and the data the engine works from.
pub struct Parts {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<Entropy>,
    /// The network.
    pub transport: Arc<dyn Transport>,
    /// What may be connected to; the transport asks it on every connect, the engine when an
    /// endpoint is created.
    pub guard: Arc<Guard>,
    /// The contracts: the embedded ones first, an operator's own after them.
    pub contracts: Vec<Contract>,
    /// What seals secrets.
    pub master: MasterKeys,
    /// An admin key that the operator presets.
    pub admin_key: Option<Secret>,
    /// The rest.
    pub options: Options,
}

/// How long a verdict about the database stands.
const READY_FOR: SignedDuration = SignedDuration::from_secs(1);
/// How long the database may take to answer a probe.
const READY_WITHIN: Duration = Duration::from_secs(1);

/// What a process holds for tries that are under way or about to begin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Leases of endpoints that are there.
    pub leases: u64,
    /// Bytes of their events' data.
    pub payload_bytes: usize,
}

impl Engine {
    /// Starts: contracts are kept, dead leases freed, the directory loaded. Answers the handle, the
    /// future that does the work, and the admin key when this start made one.
    pub async fn start(
        parts: Parts,
        registry: &mut Registry,
    ) -> Result<(Self, Runner, Option<Secret>), EngineError> {
        let store = Arc::clone(&parts.store);
        let place = store.join(now_of(&parts.clock)).await?;
        let started = Self::start_at(place, parts, registry).await;
        if started.is_err() {
            // Nobody counts a server that was refused; one that cannot even say so is missed in a while.
            let _not_told = store.leave().await;
        }
        started
    }

    /// Starts with a place among the servers. What may be refused is looked at before anything is changed.
    async fn start_at(
        place: Place,
        parts: Parts,
        registry: &mut Registry,
    ) -> Result<(Self, Runner, Option<Secret>), EngineError> {
        let Parts { store, clock, entropy, transport, guard, contracts, master, .. } = parts;
        let standing = store.directory().await?;
        check_contracts(&contracts, &standing)?;
        check_master_key(&*store, &master).await?;
        if place.alone {
            store.release_all(clock.now()).await?;
        }
        let contracts = Contracts::register(&*store, contracts).await?;
        let pepper = store.value("pepper").await?;
        let pepper = match pepper {
            Some(pepper) => pepper,
            None => store.put_value("pepper", entropy.bytes::<32>().to_vec(), false).await?,
        };
        let (admin_hash, made) = admin(&*store, &entropy, &pepper, parts.admin_key).await?;
        let directory = Directory::load(standing);
        let last = store.last_event().await?.map_or(place.after, |last| last.max(place.after));
        let ids = IdSequence::new(place.node, Some(last));
        let (orders, inbox) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            store,
            clock,
            entropy,
            transport,
            guard,
            contracts,
            directory,
            keyring: Keyring::new(master),
            keys: KnownKeys::default(),
            told: Told::default(),
            trials: Trials::default(),
            paces: Paces::default(),
            incidents: crate::status::Remembered::default(),
            probed: tokio::sync::Mutex::default(),
            pepper,
            callbacks: tokio::sync::Mutex::default(),
            admin_hash,
            passwords: Passwords::default(),
            in_flight_keys: InFlight::default(),
            advances: Advances::default(),
            followers: Followers::default(),
            others: Others::default(),
            metrics: Metrics::new(registry),
            memory: Memory::default(),
            calls: crate::calls::Calls::default(),
            writing: crate::calls::Writing::default(),
            stopping: AtomicBool::new(false),
            options: parts.options,
            job_bell: tokio::sync::Notify::new(),
            wake_bell: tokio::sync::Notify::new(),
            moods: crate::moods::Moods::default(),
            ids: Mutex::new(ids),
            orders,
        });
        Ok((Self { shared: Arc::clone(&shared) }, Runner::new(shared, inbox), made))
    }

    /// Real time, as the engine sees it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// A number by chance, which tells this process from others.
    #[must_use]
    pub fn chance(&self) -> u32 {
        u32::from_be_bytes(self.shared.entropy.bytes())
    }

    /// Ready when this much real time has passed.
    #[must_use]
    pub fn wait(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.shared.clock.sleep(time)
    }

    /// The contracts in force.
    #[must_use]
    pub fn contracts(&self) -> Vec<Arc<Contract>> {
        self.shared.contracts.all().cloned().collect()
    }

    /// A contract by its name.
    #[must_use]
    pub fn contract_called(&self, name: &str) -> Option<Arc<Contract>> {
        self.shared.contract_named(name).ok()
    }

    /// The addresses that deliveries come from, as receivers see them; none: nobody promises any.
    #[must_use]
    pub fn egress_addresses(&self) -> &[IpAddr] {
        &self.shared.options.egress
    }

    /// Whether test mode may reach this machine.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.shared.options.sandbox
    }

    /// What this process holds for tries; nothing while nothing is under way.
    #[must_use]
    pub fn held(&self) -> Held {
        let payload_bytes = self.shared.memory.held();
        Held { leases: self.shared.directory.leased(), payload_bytes }
    }

    /// Where bounds that were met are counted, for those who keep one without a handle of the engine.
    #[must_use]
    pub fn bounds_reached(&self) -> Family<ByBound, Counter> {
        self.shared.metrics.bounds_reached.clone()
    }

    /// Counts that a bound was met which is kept outside the engine.
    pub fn bound_met(&self, bound: &'static str) {
        self.shared.metrics.bound_met(bound);
    }

    /// Whether the database answers, and soon: the bytes of its write-ahead log. It is asked once a
    /// second at most, for asking is a write.
    pub async fn ready(&self) -> Result<u64, EngineError> {
        let mut probed = self.shared.probed.lock().await;
        let now = self.shared.clock.now();
        let fresh = |at: Timestamp| now.duration_since(at).abs() < READY_FOR;
        let health = match &*probed {
            Some((at, health)) if fresh(*at) => health.clone(),
            Some(_) | None => {
                let health = tokio::select! {
                    biased;
                    health = self.shared.store.health() => health,
                    () = self.wait(READY_WITHIN) => {
                        let detail = "a probe was not written within a second".to_owned();
                        Err(StoreError::Unavailable { detail })
                    }
                };
                *probed = Some((self.shared.clock.now(), health.clone()));
                health
            }
        };
        let wal_bytes = health?;
        self.shared.metrics.wal_bytes.set(i64::try_from(wal_bytes).unwrap_or(i64::MAX));
        Ok(wal_bytes)
    }

    /// Asks the runner to stop: nothing new is started, what is under way has a grace period, the
    /// rest is given back. The runner's future ends when that is done.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.shared.order(Order::Stop);
    }
}

/// A clock, as the store asks it.
pub(crate) fn now_of(clock: &Arc<dyn Clock>) -> Now {
    let clock = Arc::clone(clock);
    Arc::new(move || clock.now())
}

/// Whoever names a contract must find it, or its deliveries could not be made.
fn check_contracts(
    contracts: &[Contract],
    standing: &posthorn_store::Directory,
) -> Result<(), EngineError> {
    let missing = |name: &str, whose: String| {
        let what = format!(
            "{whose} speaks contract `{name}`, which is not loaded; start with the `--contracts` that \
             has its file"
        );
        Err(EngineError::Broken { what })
    };
    let is_missing = |name: &str| contracts.iter().all(|contract| &*contract.name != name);
    for merchant in &standing.merchants {
        if is_missing(&merchant.contract) {
            return missing(&merchant.contract, format!("merchant {}", merchant.id));
        }
    }
    for endpoint in &standing.endpoints {
        let name = endpoint.settings.contract.as_deref();
        if let Some(name) = name.filter(|name| is_missing(name)) {
            return missing(name, format!("endpoint {}", endpoint.id));
        }
    }
    Ok(())
}

/// The hash of the admin key: a preset one replaces what is stored; without one the stored hash
/// stands; on a first start one is made.
async fn admin(
    store: &dyn Store,
    entropy: &Entropy,
    pepper: &[u8],
    preset: Option<Secret>,
) -> Result<([u8; 32], Option<Secret>), EngineError> {
    const NAME: &str = "admin_key_hash";
    let broken = || EngineError::Broken { what: "the stored admin key hash is damaged".into() };
    if let Some(key) = preset {
        let hash = keyed_hash(pepper, key.expose());
        store.put_value(NAME, hash.to_vec(), true).await?;
        return Ok((hash, None));
    }
    if let Some(stored) = store.value(NAME).await? {
        return Ok((stored.try_into().map_err(|_| broken())?, None));
    }
    let key = entropy.admin_key();
    let hash = keyed_hash(pepper, key.expose());
    // Another server may be making one at this moment: the first that is written stands.
    let stands = store.put_value(NAME, hash.to_vec(), false).await?;
    let made = (stands == hash).then_some(key);
    Ok((stands.try_into().map_err(|_| broken())?, made))
}
