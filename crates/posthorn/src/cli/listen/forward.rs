//! One event to the local program, and what it answered.

use std::time::Duration;

use jiff::SignedDuration;
use posthorn_engine::clock::{Clock, RealClock};
use url::Url;

use super::stream::Entry;

/// How long the local program may take: twice what any contract allows.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// Sends events to one URL.
pub(super) struct Forwarder {
    agent: ureq::Agent,
    url: Url,
    clock: RealClock,
}

/// What the local program answered, and how long it took.
pub(super) struct Answered {
    /// The status, or why there was none.
    pub(super) result: Result<u16, String>,
    /// From connect to the answer's headers.
    pub(super) took: SignedDuration,
}

impl Forwarder {
    /// A forwarder; nothing is connected yet.
    pub(super) fn new(url: Url) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(ANSWER_WITHIN))
            .build();
        Self { agent: config.into(), url, clock: RealClock::new() }
    }

    /// POSTs the event as an endpoint would get it.
    pub(super) fn send(&self, entry: &Entry) -> Answered {
        let started = self.clock.now();
        let mut request = self.agent.post(self.url.as_str());
        for (name, value) in &entry.headers {
            request = request.header(name, value);
        }
        let result = match request.send(entry.body.as_bytes()) {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) => Err(format!("no answer: {error}")),
        };
        Answered { result, took: self.clock.now().duration_since(started) }
    }
}
