//! What every handler is given: the engine, what is counted, and whether the server is stopping.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::request::Parts;
use ipnet::IpNet;
use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::history::MadeId;
use posthorn_core::id::MerchantId;
use posthorn_engine::Engine;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use crate::hosts::Hosts;
use crate::metrics::HttpMetrics;
use crate::problem::Problem;
use crate::ratelimit::RateLimits;
use crate::room::{BODIES_BYTES_MAX, Bodies, STRANGERS_BYTES_MAX};
use crate::tries::Tries;

/// The server's side of a running Posthorn; cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
    trusted_proxies: Arc<[IpNet]>,
    hosts: Arc<Hosts>,
}

struct Inner {
    engine: Engine,
    registry: Registry,
    metrics: HttpMetrics,
    version: String,
    stopping: watch::Sender<bool>,
    /// What tells the ids of this process from those of others.
    process: u32,
    requests: AtomicU64,
    bodies: Bodies,
    strangers: Bodies,
    rate_limits: RateLimits,
    tries: Tries,
    /// Streams of `/v1/listen` that are open, by merchant.
    streams: Mutex<HashMap<MerchantId, usize>>,
}

impl App {
    /// An app over an engine. `registry` holds what the engine counts; what HTTP counts is added to
    /// it here. `version` is the program's.
    #[must_use]
    pub fn new(engine: Engine, mut registry: Registry, version: impl Into<String>) -> Self {
        let metrics = HttpMetrics::new(&mut registry);
        let process = engine.chance();
        let tries = Tries::new(&engine);
        let inner = Inner {
            engine,
            registry,
            metrics,
            version: version.into(),
            stopping: watch::channel(false).0,
            process,
            requests: AtomicU64::new(0),
            bodies: Bodies::of(BODIES_BYTES_MAX),
            strangers: Bodies::of(STRANGERS_BYTES_MAX),
            rate_limits: RateLimits::default(),
            tries,
            streams: Mutex::default(),
        };
        let (trusted_proxies, hosts) = (Arc::default(), Arc::default());
        Self { inner: Arc::new(inner), trusted_proxies, hosts }
    }

    /// The same behind these proxies, whose word is taken for whom they ask for.
    #[must_use]
    pub fn behind(self, trusted_proxies: Vec<IpNet>) -> Self {
        Self { trusted_proxies: trusted_proxies.into(), ..self }
    }

    /// The same at these names, which are bound to a mode.
    #[must_use]
    pub fn bound(self, hosts: Hosts) -> Self {
        Self { hosts: Arc::new(hosts), ..self }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// The program's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.inner.version
    }

    /// Everything that is counted.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// Ends what would go on forever (the streams of `/v1/listen`) and makes `/readyz` say no, so
    /// that the server can stop.
    pub fn stop(&self) {
        self.inner.stopping.send_replace(true);
    }

    /// Turns true when the server is stopping.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.inner.stopping.subscribe()
    }

    /// A place for one more stream of a merchant, unless `max` are open.
    pub(crate) fn open_stream(&self, merchant: MerchantId, max: usize) -> Option<OpenStream> {
        let mut streams = self.inner.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let open = streams.entry(merchant).or_default();
        if *open >= max {
            return None;
        }
        *open += 1;
        Some(OpenStream { app: self.clone(), merchant })
    }

    /// What requests may hold of their bodies.
    pub(crate) fn bodies(&self) -> &Bodies {
        &self.inner.bodies
    }

    /// What requests of those without a key may hold of their bodies.
    pub(crate) fn strangers(&self) -> &Bodies {
        &self.inner.strangers
    }

    /// The proxies that are believed.
    pub(crate) fn trusted_proxies(&self) -> &[IpNet] {
        &self.trusted_proxies
    }

    /// The names that are bound to a mode.
    pub(crate) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Lets a caller of a mode in, unless it asks at a name that is the other mode's.
    pub(crate) fn admit(&self, parts: &Parts, mode: Mode) -> Result<(), Problem> {
        self.hosts.admit(parts, &self.trusted_proxies, mode)
    }

    /// How often each has tried passwords.
    pub(crate) fn tries(&self) -> &Tries {
        &self.inner.tries
    }

    /// How often each key has called.
    pub(crate) fn rate_limits(&self) -> &RateLimits {
        &self.inner.rate_limits
    }

    pub(crate) fn metrics(&self) -> &HttpMetrics {
        &self.inner.metrics
    }

    /// An id for a request that brought none: it tells when, and is unique over all servers of a database.
    pub(crate) fn next_request_id(&self, now: Timestamp) -> MadeId {
        let number = self.inner.requests.fetch_add(1, Ordering::Relaxed);
        MadeId { ms: now.as_millisecond(), process: self.inner.process, number }
    }
}

/// An open stream: its place is free again when this is dropped.
pub(crate) struct OpenStream {
    app: App,
    merchant: MerchantId,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let streams = &self.app.inner.streams;
        let mut streams = streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = streams.get_mut(&self.merchant) {
            *open -= 1;
            if *open == 0 {
                streams.remove(&self.merchant);
            }
        }
    }
}
