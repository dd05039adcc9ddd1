//! What the simulation saw with its own eyes: what the engine is later held against.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::event::Mode;
use posthorn_core::id::{DeliveryId, EndpointId, EventId, JobId, MerchantId};

/// One request as it arrived at a receiver.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) delivery: DeliveryId,
    pub(crate) number: u32,
    /// Under which lease.
    pub(crate) claim: u32,
    /// Which life of the process sent it.
    pub(crate) life: usize,
    /// Real time.
    pub(crate) at: Timestamp,
    /// How far the merchant's clock was ahead.
    pub(crate) offset: SignedDuration,
    /// What the sender learnt, and when; `None` when its process was killed.
    pub(crate) end: Option<End>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) at: Timestamp,
    pub(crate) offset: SignedDuration,
    pub(crate) verdict: Verdict,
}

/// What a request came to, judged by the simulation itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Success,
    Gone,
    Failure {
        retry_after: Option<Duration>,
    },
    /// The process was stopped before the answer came.
    CutOff,
}

impl Seen {
    /// When it began, on the merchant's clock.
    pub(crate) fn began(&self) -> Timestamp {
        self.at + self.offset
    }

    /// When it was over, on the merchant's clock.
    pub(crate) fn ended(&self) -> Option<Timestamp> {
        self.end.map(|end| end.at + end.offset)
    }
}

/// A receiver's host, and what is known of the endpoint behind it.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) merchant: MerchantId,
    pub(crate) mode: Mode,
    pub(crate) contract: String,
    pub(crate) id: Option<EndpointId>,
    /// Bounds that were asked for, with when: the first at creation.
    pub(crate) concurrency: Vec<(Timestamp, u32)>,
    pub(crate) rate: Vec<Option<u32>>,
    /// Secrets it may have signed with: from when, and until when it may sign where that is sure.
    pub(crate) secrets: Vec<(Timestamp, Option<Timestamp>, String)>,
    /// When it was certainly deleted.
    pub(crate) deleted: Option<Timestamp>,
    pub(crate) deleting: Option<Timestamp>,
}

/// An event that a client wants accepted.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) merchant: MerchantId,
    pub(crate) mode: Mode,
    pub(crate) kind: String,
    pub(crate) number: u64,
    pub(crate) amount: u64,
    pub(crate) tag: char,
    pub(crate) reference: Option<String>,
}

impl Wanted {
    /// Its data, as a client would write it.
    pub(crate) fn data(&self) -> String {
        format!(
            "{{\"sim\": {}, \"amount\": {}, \"tag\": \"{}\", \"mode\": \"{}\", \"texto\": \
             \"ação/€\", \"n\": 1.50}}",
            self.number,
            self.amount,
            self.tag,
            self.mode.name()
        )
    }
}

/// An event that was answered `Ok`: from then on it may not be lost.
#[derive(Debug, Clone)]
pub(crate) struct Promised {
    pub(crate) wanted: Wanted,
    pub(crate) event: EventId,
    pub(crate) deliveries: Vec<(DeliveryId, EndpointId)>,
    /// How many had been promised when it was first asked for.
    pub(crate) before: usize,
    /// Real time of the call and of its answer.
    pub(crate) between: (Timestamp, Timestamp),
}

/// What was parked at an endpoint when it was enabled, in order.
#[derive(Debug)]
pub(crate) struct Drain {
    pub(crate) at: Timestamp,
    pub(crate) life: usize,
    pub(crate) endpoint: EndpointId,
    pub(crate) parked: Vec<DeliveryId>,
}

#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) seen: Vec<Seen>,
    pub(crate) hosts: BTreeMap<String, Host>,
    /// When each event was first asked for, in real time, and how many had been promised by then.
    pub(crate) wanted: BTreeMap<u64, (Timestamp, usize)>,
    pub(crate) promised: Vec<Promised>,
    pub(crate) offsets: BTreeMap<MerchantId, SignedDuration>,
    /// What was parked at an endpoint when it was enabled.
    pub(crate) drains: Vec<Drain>,
    /// Deliveries that somebody sent again by hand, and endpoints to which somebody recovered, when.
    pub(crate) resent: BTreeSet<DeliveryId>,
    pub(crate) recovered: Vec<(EndpointId, Timestamp)>,
    /// How often things happened that the simulation must not forget to make happen.
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// Whether each endpoint rests, with when that was committed.
    pub(crate) rests: BTreeMap<EndpointId, Vec<(Timestamp, bool)>>,
    /// When a test merchant's clock was being advanced: since when, and until when.
    pub(crate) advances: BTreeMap<JobId, (MerchantId, Timestamp, Option<Timestamp>)>,
    /// When each life of the process began and ended.
    pub(crate) lives: Vec<(Timestamp, Option<Timestamp>)>,
    /// Lives that ended as they should: with all that was begun recorded or given back.
    pub(crate) orderly: BTreeSet<usize>,
    /// Deliveries that are leased to the process: with which fence, until when.
    pub(crate) leases: BTreeMap<DeliveryId, (u32, Timestamp)>,
    /// Leases that ran out and that another server freed.
    pub(crate) freed: BTreeSet<(DeliveryId, u32)>,
    /// When the process got no turn: from when until when.
    pub(crate) freezes: Vec<(Timestamp, Timestamp)>,
    /// Whether somebody set the clock: then its times cannot be held against each other.
    pub(crate) clock_was_set: bool,
    /// Times at which the database could not write, roughly.
    pub(crate) failures: Vec<Timestamp>,
    pub(crate) violations: Vec<String>,
}

/// The facts, shared by everything that sees some.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<Mutex<Facts>>);

impl Book {
    pub(crate) fn open(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap()
    }
}

impl Facts {
    pub(crate) fn violated(&mut self, what: String) {
        if self.violations.len() < 20 {
            self.violations.push(what);
        }
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// A delivery was leased: never one twice.
    pub(crate) fn leased(&mut self, delivery: DeliveryId, claim: u32, until: Timestamp) {
        if let Some((before, _)) = self.leases.insert(delivery, (claim, until)) {
            self.violated(format!("{delivery} was leased as {claim} while lease {before} lived"));
        }
    }

    /// A lease ended, if it still lived.
    pub(crate) fn ended(&mut self, delivery: DeliveryId, claim: u32) {
        if self.holds(delivery, claim) {
            self.leases.remove(&delivery);
        }
    }

    pub(crate) fn holds(&self, delivery: DeliveryId, claim: u32) -> bool {
        self.leases.get(&delivery).is_some_and(|(held, _)| *held == claim)
    }

    /// Counts what is written for a lease that ended while its process got no turn.
    pub(crate) fn note_past_end(&mut self, delivery: DeliveryId, claim: u32) {
        let Some((_, until)) = self.leases.get(&delivery).filter(|held| held.0 == claim) else {
            return;
        };
        if self.freezes.iter().any(|(from, to)| from < until && until <= to) {
            self.count("leases that ended in a freeze");
        }
    }

    /// By when the process has done what takes it so long from `at` on: while it is frozen it does nothing.
    pub(crate) fn by(&self, at: Timestamp, within: SignedDuration) -> Timestamp {
        let mut by = at + within;
        for (from, to) in &self.freezes {
            if *from < by && at < *to {
                by += to.duration_since(at.max(*from));
            }
        }
        by
    }

    pub(crate) fn host_of(&self, id: EndpointId) -> Option<(&String, &Host)> {
        self.hosts.iter().find(|(_, host)| host.id == Some(id))
    }

    /// Whether a merchant's clock was being advanced at `at`, real time.
    pub(crate) fn advancing(&self, merchant: MerchantId, at: Timestamp) -> bool {
        self.advances.values().any(|(whose, from, to)| {
            *whose == merchant && *from <= at && to.is_none_or(|to| at <= to)
        })
    }

    /// Whether an endpoint has been at rest for `grace` at `at` without a break.
    pub(crate) fn rested(&self, id: EndpointId, at: Timestamp, grace: SignedDuration) -> bool {
        let Some(log) = self.rests.get(&id) else { return false };
        let last = log.iter().rev().find(|(since, _)| *since <= at);
        last.is_some_and(|(since, rests)| *rests && at > self.by(*since, grace))
    }
}
