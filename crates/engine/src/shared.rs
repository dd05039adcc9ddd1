//! What the engine's handles and its runner share, and how they behave.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use posthorn_core::id::{EventId, IdSequence};
use posthorn_store::{Store, StoreError};
use tokio::sync::mpsc;

use crate::advances::Advances;
use crate::calls::{Calls, Writing};
use crate::clock::Clock;
use crate::contracts::Contracts;
use crate::directory::Directory;
use crate::entropy::Entropy;
use crate::follow::Followers;
use crate::guard::Guard;
use crate::in_flight::InFlight;
use crate::keyring::{Keyring, KnownKeys};
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::moods::Moods;
use crate::order::Order;
use crate::others::Others;
use crate::paces::Paces;
use crate::passwords::Passwords;
use crate::told::Told;
use crate::transport::Transport;
use crate::trial::Trials;

/// How the engine behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Test mode may reach this machine and its network, over http too.
    pub sandbox: bool,
    /// Tries under way at once, over all endpoints. Those that have not answered in time lately, or
    /// not yet, share half of it.
    pub in_flight_max: u32,
    /// Tries under way at once for one merchant.
    pub merchant_in_flight_max: u32,
    /// Parked deliveries set going a second when an endpoint drains, and recovered ones.
    pub drain_per_second: u32,
    /// How long a stopping engine waits for tries under way.
    pub grace: std::time::Duration,
    /// How often what was gathered in memory is written, and what is waiting counted.
    pub house_round: SignedDuration,
    /// How long events are kept; `None`: for ever.
    pub retention: Option<SignedDuration>,
    /// How often what is older is looked for.
    pub retention_round: SignedDuration,
    /// How long calls of the API are kept; `None`: none is.
    pub requests: Option<SignedDuration>,
    /// Where the world reaches this server: what links to its own pages begin with.
    pub public_url: Option<String>,
    /// The addresses that deliveries come from, as receivers see them; none: nobody promises any.
    pub egress: Vec<std::net::IpAddr>,
    /// How often to look for jobs that nobody told of.
    pub job_round: SignedDuration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sandbox: false,
            in_flight_max: 4096,
            merchant_in_flight_max: 1024,
            drain_per_second: 100,
            grace: std::time::Duration::from_secs(20),
            house_round: SignedDuration::from_secs(5),
            retention: None,
            requests: None,
            public_url: None,
            egress: Vec::new(),
            retention_round: SignedDuration::from_mins(10),
            job_round: SignedDuration::from_secs(1),
        }
    }
}

/// What the engine's handles and its runner share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<Entropy>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) guard: Arc<Guard>,
    pub(crate) contracts: Contracts,
    pub(crate) directory: Directory,
    pub(crate) keyring: Keyring,
    pub(crate) keys: KnownKeys,
    pub(crate) told: Told,
    pub(crate) trials: Trials,
    pub(crate) paces: Paces,
    /// When the database was last seen to answer or not, and the bytes of its write-ahead log.
    /// What operators have said of trouble, as it was last read.
    pub(crate) incidents: crate::status::Remembered,
    pub(crate) probed: tokio::sync::Mutex<Option<(Timestamp, Result<u64, StoreError>)>>,
    pub(crate) pepper: Vec<u8>,
    /// Held by whoever makes an endpoint for callbacks, so that a host gets one.
    pub(crate) callbacks: tokio::sync::Mutex<()>,
    pub(crate) admin_hash: [u8; 32],
    pub(crate) passwords: Passwords,
    pub(crate) in_flight_keys: InFlight,
    pub(crate) advances: Advances,
    pub(crate) followers: Followers,
    pub(crate) others: Others,
    pub(crate) metrics: Metrics,
    pub(crate) memory: Memory,
    /// Calls that are not yet in the request history, and whoever writes them.
    pub(crate) calls: Calls,
    pub(crate) writing: Writing,
    /// Whether the engine was told to stop.
    pub(crate) stopping: AtomicBool,
    pub(crate) options: Options,
    /// Rings when a job was created.
    pub(crate) job_bell: tokio::sync::Notify,
    /// How merchants' simulated providers are made to behave, where not as they should.
    pub(crate) moods: Moods,
    /// Rings when a record was written that may have to be looked after soon.
    pub(crate) wake_bell: tokio::sync::Notify,
    pub(crate) ids: Mutex<IdSequence>,
    pub(crate) orders: mpsc::UnboundedSender<Order>,
}

impl Shared {
    pub(crate) fn next_event_id(&self, now: Timestamp) -> EventId {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).next(now)
    }

    pub(crate) fn last_event_id(&self) -> EventId {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).last()
    }

    /// Tells the dispatcher; a dispatcher that is gone needs to know nothing.
    pub(crate) fn order(&self, order: Order) {
        let _gone = self.orders.send(order);
    }
}
