//! From a claim to a request, and from what came back to a settlement: first try, retry, resend.
//!
//! There is one path. The attempt number is data.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use posthorn_core::attempt::{
    Attempt, FAILURE_BODY_BYTES_MAX, Rendering, SUCCESS_BODY_BYTES_MAX, Tried,
};
use posthorn_core::contract::{Contract, Sending, Signed, SigningKey, Unsendable};
use posthorn_core::delivery::{Claim, Ending, ParkedWhy, State, WillNotSendWhy, settle};
use posthorn_core::endpoint::{DisabledWhy, Endpoint, Settings, Status};
use posthorn_core::event::{Event, Mode};
use posthorn_core::health;
use posthorn_core::json::Style;
use posthorn_core::outcome::{Outcome, judge};
use posthorn_store::{Accept, Effect, Settlement};

use crate::clock::later;
use crate::contracts::InForce;
use crate::directory::Entry;
use crate::keyring::Unready;
use crate::notices::Notice;
use crate::shared::Shared;
use crate::transport::{Reach, Request};

/// How long a leased delivery may wait in memory for its turn.
pub(crate) const QUEUE_WAIT: Duration = Duration::from_secs(2);
/// What is left of a lease when everything took as long as it may: time to record it.
pub(crate) const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// A claim, ready to go.
pub(crate) struct Prepared {
    pub(crate) request: Request,
    pub(crate) rendering: Rendering,
    pub(crate) in_force: InForce,
}

/// What a try changes about its endpoint.
struct Changes {
    effects: Vec<Effect>,
    /// What to tell if it puts the endpoint to rest.
    notices: Vec<Accept>,
}

/// What becomes of a claim before anything is sent.
pub(crate) enum Ready {
    /// It is sent.
    Send(Box<Prepared>),
    /// It comes to rest unsent.
    Rest(Box<Settlement>),
}

impl Shared {
    /// The contract an endpoint speaks.
    pub(crate) fn contract_of(&self, endpoint: &Endpoint) -> Option<&InForce> {
        if let Some(name) = &endpoint.settings.contract {
            return self.contracts.get(name);
        }
        let merchant = self.directory.merchant(endpoint.merchant)?;
        self.contracts.get(&merchant.contract)
    }

    /// Makes a claim ready to go.
    pub(crate) fn prepare(&self, claim: &Claim) -> Ready {
        let real = self.clock.now();
        let event = &claim.event;
        let now = self.directory.now(event.merchant, event.mode, real);
        let Some(Entry { endpoint, .. }) = self.directory.endpoint(claim.endpoint) else {
            let why = WillNotSendWhy::EndpointDeleted;
            return rest(claim, State::WillNotSend { since: now, why }, Vec::new());
        };
        let untried = claim.attempts == claim.base;
        if endpoint.status.rests() && untried && event.only.is_none() {
            let why = ParkedWhy::EndpointAtRest;
            return rest(claim, State::Parked { since: now, why }, Vec::new());
        }
        let (in_force, signers) = match self.signers(&endpoint, now) {
            Ok(ready) => ready,
            Err(Unready::Operator(what)) => {
                return self.wait_for_operator(claim, now, real, &what);
            }
            Err(Unready::Unfit(what)) => return self.unsendable(claim, &endpoint, now, &what),
        };
        let rendering = Rendering {
            signed_at: real.as_second(),
            endpoint_version: endpoint.version,
            contract: in_force.id,
            secrets: signers.secrets,
        };
        let subject = Subject {
            event,
            delivery: claim.delivery,
            number: claim.number(),
            signed_at: rendering.signed_at,
            style: endpoint.settings.json,
        };
        let signed = self.render(&subject, &in_force.contract, &signers.keys);
        match signed {
            Ok(signed) => Ready::Send(Box::new(Prepared {
                request: self.request(signed, &endpoint.settings, event, in_force),
                rendering,
                in_force: in_force.clone(),
            })),
            Err(Unsendable::TooLarge { bytes, limit }) => {
                let notice = Notice::TooLarge { claim, bytes, limit };
                self.give_up(claim, Ending::TooLarge, now, &notice)
            }
        }
    }

    /// The bytes of one try, from nothing but its record: also how old tries are shown again.
    pub(crate) fn render(
        &self,
        subject: &Subject<'_>,
        contract: &Contract,
        keys: &[SigningKey],
    ) -> Result<Signed, Unsendable> {
        let event = subject.event;
        let (id, delivery) = (event.wire_id(), subject.delivery.to_string());
        let merchant = self
            .directory
            .merchant(event.merchant)
            .map_or_else(|| event.merchant.to_string(), |merchant| merchant.wire_id());
        let sending = Sending {
            id: &id,
            kind: event.kind.as_str(),
            created: event.at,
            merchant: &merchant,
            delivery: &delivery,
            attempt: subject.number,
            sequence: event.about.as_ref().map(|about| about.sequence),
            timestamp: subject.signed_at,
            data: event.data.as_bytes(),
            style: subject.style,
        };
        contract.sign(&sending, keys)
    }

    /// The request that carries signed bytes.
    pub(crate) fn request(
        &self,
        mut signed: Signed,
        settings: &Settings,
        event: &Event,
        in_force: &InForce,
    ) -> Request {
        signed.headers.extend(settings.headers.iter().cloned());
        Request {
            url: url_for(settings, event),
            headers: signed.headers,
            body: Bytes::from(signed.body),
            timeout: in_force.contract.retry.timeout,
            reach: self.reach(event.mode),
        }
    }

    /// What a mode may reach: only test mode of a sandbox may reach this machine and its network.
    pub(crate) fn reach(&self, mode: Mode) -> Reach {
        match mode {
            Mode::Test if self.options.sandbox => Reach::Sandbox,
            Mode::Test | Mode::Live => Reach::Public,
        }
    }

    /// What a try leads to. `started` is the merchant's time when it began.
    pub(crate) fn judge(
        &self,
        claim: &Claim,
        prepared: &Prepared,
        tried: Tried,
        started: Timestamp,
    ) -> (Outcome, Settlement) {
        let real = self.clock.now();
        let event = &claim.event;
        let now = self.directory.now(event.merchant, event.mode, real);
        let entry = self.directory.endpoint(claim.endpoint);
        let takes = |entry: &Entry| entry.endpoint.settings.takes_callbacks();
        let calls_back = entry.as_ref().is_some_and(takes);
        let outcome = judge(&tried.result, real);
        let outcome = if calls_back { outcome.of_callback() } else { outcome };
        let schedule = &prepared.in_force.contract.retry;
        let number = claim.number();
        let state = settle(outcome, number, schedule, now);
        let attempt = attempt(claim, prepared.rendering.clone(), clip(tried, outcome), started);
        // Nor do failures of some payments' URLs pause what is sent to others' there.
        let pause_after = schedule.pause_after.filter(|_| !calls_back);
        let changes = self.effects(entry, outcome, pause_after, now);
        let mut notices = Vec::new();
        if let State::Exhausted { .. } = state {
            let notice = Notice::Exhausted { claim, called: &schedule.exhausted };
            notices.extend(self.notice(event.merchant, event.mode, now, &notice));
        }
        let settlement = Settlement {
            delivery: claim.delivery,
            endpoint: claim.endpoint,
            claim: claim.claim,
            state,
            attempt: Some(attempt),
            effects: changes.effects,
            notices,
            notices_if_rested: changes.notices,
        };
        (outcome, settlement)
    }

    /// What a try changes about its endpoint, which may be gone. Its health is judged by what tries before it have shown,
    /// recorded or not.
    fn effects(
        &self,
        entry: Option<Entry>,
        outcome: Outcome,
        pause_after: Option<jiff::SignedDuration>,
        now: Timestamp,
    ) -> Changes {
        let Some(Entry { endpoint, gauge }) = entry else {
            return Changes { effects: Vec::new(), notices: Vec::new() };
        };
        let failing_since = gauge.failing_since(&endpoint);
        let (merchant, mode) = (endpoint.merchant, endpoint.mode);
        let disabled = Status::Disabled { since: now, why: DisabledWhy::Gone };
        let paused = Status::Paused { since: now };
        let gone = outcome == Outcome::Gone;
        let change = health::judge(failing_since, outcome == Outcome::Success, pause_after, now);
        let mut effects = Vec::new();
        match change {
            health::Change::Failing { since } => effects.push(Effect::FailingSince(Some(since))),
            health::Change::Recovered => effects.push(Effect::FailingSince(None)),
            health::Change::None | health::Change::Pause { .. } => {}
        }
        // One notice at most is made: each that is made must be written.
        let told = match change {
            _ if gone && endpoint.status.gives_way_to(disabled) => {
                effects.push(Effect::Rest(disabled));
                Some(Notice::Disabled { endpoint: &endpoint, why: DisabledWhy::Gone })
            }
            health::Change::Pause { failing_since } if endpoint.status.gives_way_to(paused) => {
                effects.push(Effect::Rest(paused));
                Some(Notice::Paused { endpoint: &endpoint, failing_since })
            }
            health::Change::None
            | health::Change::Failing { .. }
            | health::Change::Recovered
            | health::Change::Pause { .. } => None,
        };
        let notices = told.map_or_else(Vec::new, |told| self.notice(merchant, mode, now, &told));
        gauge.note_effects(&effects);
        Changes { effects, notices }
    }

    fn unsendable(&self, claim: &Claim, endpoint: &Endpoint, now: Timestamp, what: &str) -> Ready {
        tracing::error!(delivery.id = %claim.delivery, endpoint.id = %endpoint.id, what, "delivery cannot be rendered");
        self.give_up(claim, Ending::Unsendable, now, &Notice::Unsendable { claim, what })
    }

    fn give_up(&self, claim: &Claim, why: Ending, now: Timestamp, notice: &Notice<'_>) -> Ready {
        let notices = self.notice(claim.event.merchant, claim.event.mode, now, notice);
        rest(claim, State::Exhausted { at: now, why }, notices)
    }
}

/// Until when a lease must last that begins at `now`.
pub(crate) fn lease_end(in_force: Option<&InForce>, now: Timestamp) -> Timestamp {
    let timeout = in_force.map_or(Duration::from_secs(30), |entry| entry.contract.retry.timeout);
    later(now, timeout + QUEUE_WAIT + LEASE_MARGIN)
}

/// Where an event goes at an endpoint: to its URL; at one for callbacks to the event's own, on the same host.
pub(crate) fn url_for(settings: &Settings, event: &Event) -> url::Url {
    let callback = event.about.as_ref().and_then(|about| about.callback.as_deref());
    let callback = callback.filter(|_| settings.takes_callbacks());
    let callback = callback.and_then(|callback| url::Url::parse(callback).ok());
    let on_this_host = |callback: &url::Url| callback.origin() == settings.url.origin();
    callback.filter(on_this_host).unwrap_or_else(|| settings.url.clone())
}

/// What a body is rendered for.
pub(crate) struct Subject<'a> {
    pub(crate) event: &'a Event,
    pub(crate) delivery: posthorn_core::id::DeliveryId,
    pub(crate) number: u32,
    /// The signature's timestamp, Unix seconds.
    pub(crate) signed_at: i64,
    pub(crate) style: Style,
}

pub(crate) fn rest(claim: &Claim, state: State, notices: Vec<Accept>) -> Ready {
    Ready::Rest(Box::new(Settlement {
        delivery: claim.delivery,
        endpoint: claim.endpoint,
        claim: claim.claim,
        state,
        attempt: None,
        effects: Vec::new(),
        notices,
        notices_if_rested: Vec::new(),
    }))
}

/// A try as it goes on record. `started` is the merchant's time when it began.
pub(crate) fn attempt(
    claim: &Claim,
    rendering: Rendering,
    tried: Tried,
    started: Timestamp,
) -> Attempt {
    let (number, late) = (claim.number(), false);
    Attempt { claim: claim.claim, run: claim.run, number, at: started, late, tried, rendering }
}

/// Keeps as much of an answer as its outcome deserves.
fn clip(mut tried: Tried, outcome: Outcome) -> Tried {
    let bytes_max = match outcome {
        Outcome::Success => SUCCESS_BODY_BYTES_MAX,
        Outcome::Gone | Outcome::Slow { .. } | Outcome::Failure { .. } => FAILURE_BODY_BYTES_MAX,
    };
    if let Ok(answer) = &mut tried.result
        && answer.body.len() > bytes_max
    {
        answer.body.truncate(bytes_max);
        answer.truncated = true;
    }
    tried
}
