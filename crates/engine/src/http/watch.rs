//! What one try is doing and since when, so that a deadline can name the phase it struck in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::wire::Meter;
use crate::transport::{Answer, ErrorClass, Phases, Unreachable};

/// The phases of a try, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Dns,
    Connect,
    Tls,
    Headers,
    Body,
}

impl Phase {
    fn doing(self) -> &'static str {
        match self {
            Self::Dns => "resolving the host name",
            Self::Connect => "connecting",
            Self::Tls => "in the TLS handshake",
            Self::Headers => "waiting for the response headers",
            Self::Body => "reading the response body",
        }
    }
}

/// The record of one try while it runs. It outlives the try's own future, which a deadline drops.
#[derive(Debug)]
pub(super) struct Watch {
    started: Instant,
    timeout: Duration,
    running: Option<(Phase, Instant)>,
    phases: Phases,
    /// The address connected to, or the one tried last.
    pub(super) peer: Option<IpAddr>,
    /// What was read of the answer, once the request is on its way.
    pub(super) meter: Option<Arc<Meter>>,
    /// The status, once the answer's head is read.
    pub(super) status: Option<u16>,
    /// The answer as far as it has come, once its head is read and within bounds.
    head: Option<(u16, Vec<(String, String)>)>,
    body: Vec<u8>,
}

impl Watch {
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            started: now(),
            timeout,
            running: None,
            phases: Phases::default(),
            peer: None,
            meter: None,
            status: None,
            head: None,
            body: Vec::new(),
        }
    }

    /// The head of the answer is here.
    pub(super) fn answered(&mut self, status: u16, headers: Vec<(String, String)>) {
        self.head = Some((status, headers));
    }

    /// The body of the answer, to which what comes is added.
    pub(super) fn body(&mut self) -> &mut Vec<u8> {
        &mut self.body
    }

    /// The answer as far as it has come, if its head has; it is whole unless `truncated`.
    pub(super) fn take_answer(&mut self, truncated: bool) -> Option<Answer> {
        let (status, headers) = self.head.take()?;
        let body = Bytes::from(std::mem::take(&mut self.body));
        Some(Answer { status, headers, body, truncated })
    }

    /// Ends the running phase and begins the next.
    pub(super) fn enter(&mut self, phase: Phase) {
        let at = now();
        self.end(at);
        self.running = Some((phase, at));
    }

    /// Ends the running phase and returns how long each took.
    pub(super) fn stop(&mut self) -> Phases {
        self.end(now());
        self.phases
    }

    /// What is left until the deadline.
    pub(super) fn remaining(&self) -> Duration {
        self.timeout.saturating_sub(now().duration_since(self.started))
    }

    /// The deadline struck: says where.
    pub(super) fn timed_out(&self) -> Unreachable {
        let phase = self.running.map_or(Phase::Connect, |(phase, _)| phase);
        let class = match phase {
            Phase::Dns => ErrorClass::TimeoutDns,
            Phase::Connect => ErrorClass::TimeoutConnect,
            Phase::Tls => ErrorClass::TimeoutTls,
            Phase::Headers => ErrorClass::TimeoutHeaders,
            Phase::Body => ErrorClass::TimeoutBody,
        };
        let doing = self.doing(phase);
        let detail = format!("no complete answer within {:?}: time ran out {doing}", self.timeout);
        self.unreachable(class, detail)
    }

    /// The server was stopped meanwhile: says where.
    pub(super) fn cut_off(&self) -> Unreachable {
        let doing = self.running.map(|(phase, _)| self.doing(phase));
        let doing = doing.unwrap_or_else(|| "before anything was sent".to_owned());
        self.unreachable(ErrorClass::Stopped, format!("the server was stopped {doing}"))
    }

    /// What is being done, and how far it has come where that tells something.
    fn doing(&self, phase: Phase) -> String {
        let how_far = match (phase, &self.meter) {
            (Phase::Headers, Some(meter)) if meter.read() == 0 => " (not a byte of them came)",
            (Phase::Headers, Some(_)) => " (only a part of them came)",
            (Phase::Dns | Phase::Connect | Phase::Tls | Phase::Headers | Phase::Body, _) => "",
        };
        format!("{}{how_far}", phase.doing())
    }

    fn unreachable(&self, class: ErrorClass, mut detail: String) -> Unreachable {
        if let Some(status) = self.status {
            detail = format!("{detail} (status {status})");
        }
        Unreachable::new(class, detail)
    }

    fn end(&mut self, at: Instant) {
        let Some((phase, since)) = self.running.take() else { return };
        let took = u32::try_from(at.duration_since(since).as_micros()).unwrap_or(u32::MAX);
        let slot = match phase {
            Phase::Dns => &mut self.phases.dns_us,
            Phase::Connect => &mut self.phases.connect_us,
            Phase::Tls => &mut self.phases.tls_us,
            Phase::Headers => &mut self.phases.headers_us,
            Phase::Body => &mut self.phases.body_us,
        };
        *slot = Some(took);
    }
}

/// Monotonic real time: the network's own, which no simulation moves.
#[expect(clippy::disallowed_methods, reason = "sockets live in real time, beneath every Clock")]
pub(super) fn now() -> Instant {
    Instant::now()
}
