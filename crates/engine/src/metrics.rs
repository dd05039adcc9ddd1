//! What the engine counts: a Prometheus registry that the server prints at `/metrics`.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// By contract.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByContract {
    /// The contract's name.
    pub contract: String,
}

impl ByContract {
    /// The label of a contract.
    #[must_use]
    pub fn named(contract: &str) -> Self {
        Self { contract: contract.to_owned() }
    }
}

/// By the bound that was met.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByBound {
    /// Which one.
    pub bound: &'static str,
}

/// Everything the engine counts.
pub struct Metrics {
    /// Events accepted.
    pub accepted: Family<ByContract, Counter>,
    /// Deliveries that a receiver answered with 2xx.
    pub delivered: Family<ByContract, Counter>,
    /// Deliveries given up, also those of which nothing could be sent.
    pub exhausted: Family<ByContract, Counter>,
    /// Tries that failed, whatever came after.
    pub failed: Family<ByContract, Counter>,
    /// Tries after the first of a run.
    pub retried: Family<ByContract, Counter>,
    /// How long tries took.
    pub attempt_seconds: Family<ByContract, Histogram>,
    /// Tries whose lease was lost before they were recorded.
    pub lease_lost: Counter,
    /// Leases of servers that are gone, or were away, that ran out and were freed.
    pub leases_expired: Counter,
    /// What the operator's programs said and cannot become an event.
    pub outbox_refused: Counter,
    /// Servers at work on the database, this one among them.
    pub servers: Gauge,
    /// Leases given back unsent.
    pub released: Counter,
    /// Times that a delivery could not be made ready and waits for the operator.
    pub waiting_for_operator: Counter,
    /// Requests that were refused and deliveries that were put off because a bound was met; counted
    /// by [`Metrics::bound_met`].
    pub bounds_reached: Family<ByBound, Counter>,
    /// Deliveries that are due, now or later (counted to a million).
    pub due: Gauge,
    /// Deliveries that are leased.
    pub leased: Gauge,
    /// Deliveries that are parked (counted to a million).
    pub parked: Gauge,
    /// Age of the oldest event that is still due or leased.
    pub oldest_seconds: Gauge,
    /// Tries under way.
    pub in_flight: Gauge,
    /// Settlements recorded in one transaction.
    pub settle_batch: Histogram,
    /// Events forgotten because they were older than is kept (of whole parts: roughly).
    pub events_forgotten: Counter,
    /// Deliveries given up because their events were about to be forgotten.
    pub ended_by_retention: Counter,
    /// Age of the oldest event on record.
    pub oldest_event_seconds: Gauge,
    /// Parts of the record that have tables of their own; 0 where there are none.
    pub parts: Gauge,
    /// Calls that are missing from the request history: there was no room for them.
    pub requests_dropped: Counter,
    /// Bytes of the database's write-ahead log.
    pub wal_bytes: Gauge,
}

impl Metrics {
    /// Counters at zero, registered under `posthorn_`.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let latency = || Histogram::new(exponential_buckets(0.001, 2.0, 16));
        let metrics = Self {
            accepted: Family::default(),
            delivered: Family::default(),
            exhausted: Family::default(),
            failed: Family::default(),
            retried: Family::default(),
            attempt_seconds: Family::new_with_constructor(latency),
            lease_lost: Counter::default(),
            leases_expired: Counter::default(),
            outbox_refused: Counter::default(),
            servers: Gauge::default(),
            released: Counter::default(),
            waiting_for_operator: Counter::default(),
            bounds_reached: Family::default(),
            due: Gauge::default(),
            leased: Gauge::default(),
            parked: Gauge::default(),
            oldest_seconds: Gauge::default(),
            in_flight: Gauge::default(),
            settle_batch: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            events_forgotten: Counter::default(),
            ended_by_retention: Counter::default(),
            oldest_event_seconds: Gauge::default(),
            parts: Gauge::default(),
            requests_dropped: Counter::default(),
            wal_bytes: Gauge::default(),
        };
        metrics.servers.set(1);
        metrics.register(registry);
        metrics
    }

    fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("posthorn");
        let r = registry;
        r.register("events_accepted", "Events accepted", self.accepted.clone());
        r.register("deliveries_delivered", "Deliveries answered with 2xx", self.delivered.clone());
        r.register("deliveries_exhausted", "Deliveries given up", self.exhausted.clone());
        r.register("attempts_failed", "Tries that failed", self.failed.clone());
        r.register("attempts_retried", "Tries after the first of a run", self.retried.clone());
        let help = "How long tries took";
        r.register_with_unit("attempt", help, Unit::Seconds, self.attempt_seconds.clone());
        r.register("leases_lost", "Tries recorded after their lease", self.lease_lost.clone());
        r.register("leases_released", "Leases given back unsent", self.released.clone());
        let help = "Leases that ran out and were freed";
        r.register("leases_expired", help, self.leases_expired.clone());
        let help = "Events of the outbox that were put aside for the operator";
        r.register("outbox_refused", help, self.outbox_refused.clone());
        r.register("servers", "Servers at work on the database", self.servers.clone());
        let help = "Deliveries put off: a master key or a contract is missing";
        r.register("waiting_for_operator", help, self.waiting_for_operator.clone());
        r.register(
            "bounds_reached",
            "Requests refused and deliveries put off because a bound was met",
            self.bounds_reached.clone(),
        );
        r.register("deliveries_due", "Deliveries due now or later", self.due.clone());
        r.register("deliveries_leased", "Deliveries being tried", self.leased.clone());
        r.register("deliveries_parked", "Deliveries of endpoints at rest", self.parked.clone());
        let help = "Age of the oldest undelivered event";
        let oldest = self.oldest_seconds.clone();
        r.register_with_unit("oldest_undelivered", help, Unit::Seconds, oldest);
        r.register("attempts_in_flight", "Tries under way", self.in_flight.clone());
        r.register("settle_batch", "Settlements in one transaction", self.settle_batch.clone());
        self.register_retention(r);
        r.register_with_unit("wal", "Write-ahead log", Unit::Bytes, self.wal_bytes.clone());
    }

    fn register_retention(&self, r: &mut Registry) {
        let forgotten = self.events_forgotten.clone();
        r.register("events_forgotten", "Events older than is kept that were forgotten", forgotten);
        let help = "Deliveries given up: their events were about to be forgotten";
        r.register("deliveries_ended_by_retention", help, self.ended_by_retention.clone());
        let oldest = self.oldest_event_seconds.clone();
        r.register_with_unit("oldest_event", "Age of the oldest event", Unit::Seconds, oldest);
        let help = "Calls that are missing from the request history";
        r.register("request_history_dropped", help, self.requests_dropped.clone());
        r.register("parts", "Parts of the record with tables of their own", self.parts.clone());
    }

    /// Notes that a bound was met, by its name.
    pub fn bound_met(&self, bound: &'static str) {
        self.bounds_reached.get_or_create(&ByBound { bound }).inc();
    }

    /// Notes how long a try took.
    pub fn attempt_took(&self, contract: &ByContract, took: Duration) {
        self.attempt_seconds.get_or_create(contract).observe(took.as_secs_f64());
    }
}
