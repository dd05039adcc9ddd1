//! What HTTP counts: requests by route and status class, how long they took, and problems by code.

use jiff::SignedDuration;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::problem::Code;

/// A route as it is written in the documentation; never a path with ids in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByRoute {
    method: String,
    route: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByCode {
    code: &'static str,
}

/// Everything that HTTP counts.
pub(crate) struct HttpMetrics {
    requests: Family<ByRoute, Counter>,
    seconds: Family<ByRoute, Histogram>,
    problems: Family<ByCode, Counter>,
}

impl HttpMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let latency = || Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        let metrics = Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(latency),
            problems: Family::default(),
        };
        let http = registry.sub_registry_with_prefix("posthorn_http");
        http.register("requests", "Requests answered", metrics.requests.clone());
        let help = "How long requests took";
        http.register_with_unit("request", help, Unit::Seconds, metrics.seconds.clone());
        http.register("problems", "Problems answered", metrics.problems.clone());
        metrics
    }

    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, took: SignedDuration) {
        let labels =
            ByRoute { method: method.to_owned(), route: route.to_owned(), status: class(status) };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&labels).observe(took.as_secs_f64().max(0.0));
    }

    pub(crate) fn problem(&self, code: Code) {
        self.problems.get_or_create(&ByCode { code: code.about().name }).inc();
    }
}

fn class(status: u16) -> &'static str {
    match status {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}
