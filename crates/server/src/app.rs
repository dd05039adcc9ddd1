//! What every handler is given: the engine, what is counted, and whether the server is stopping.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use posthorn_engine::Engine;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use crate::metrics::HttpMetrics;

/// The server's side of a running Posthorn; cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    registry: Registry,
    metrics: HttpMetrics,
    version: String,
    stopping: watch::Sender<bool>,
    started_ms: i64,
    requests: AtomicU64,
}

impl App {
    /// An app over an engine. `registry` holds what the engine counts; what HTTP counts is added to
    /// it here. `version` is the program's.
    #[must_use]
    pub fn new(engine: Engine, mut registry: Registry, version: impl Into<String>) -> Self {
        let metrics = HttpMetrics::new(&mut registry);
        let started_ms = engine.now().as_millisecond();
        let inner = Inner {
            engine,
            registry,
            metrics,
            version: version.into(),
            stopping: watch::channel(false).0,
            started_ms,
            requests: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
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

    pub(crate) fn metrics(&self) -> &HttpMetrics {
        &self.inner.metrics
    }

    /// An id for a request that brought none: unique in this process and, by its start, beyond.
    pub(crate) fn next_request_id(&self) -> String {
        let number = self.inner.requests.fetch_add(1, Ordering::Relaxed);
        format!("req_{:x}_{number:x}", self.inner.started_ms)
    }
}
