//! The end of a seed: everything on record is held against everything that was seen.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use posthorn_core::delivery::{Ending, State};
use posthorn_core::id::DeliveryId;

use crate::facts::{Facts, Promised, Seen};
use crate::followers;
use crate::history::{self, Evidence};
use crate::ledger::{Ledger, wants};
use crate::seeds::Sums;
use crate::world::World;

/// How long after a change was written it may take until everything knows of it.
pub(crate) const KNOWN_WITHIN: SignedDuration = SignedDuration::from_secs(15);

pub(crate) fn judge(world: &World) -> Sums {
    let ledger = Ledger::read(world);
    let mut facts = std::mem::take(&mut *world.book.open());
    promises(&ledger, &mut facts);
    if !facts.clock_was_set {
        audiences(&ledger, &mut facts);
    }
    states(&ledger, &mut facts);
    followers::judge(world, &ledger, &mut facts);
    let mut by_delivery: BTreeMap<DeliveryId, Vec<&Seen>> = BTreeMap::new();
    for seen in &facts.seen {
        by_delivery.entry(seen.delivery).or_default().push(seen);
    }
    let mut found = Vec::new();
    for (delivery, seen) in &by_delivery {
        if !ledger.records.contains_key(delivery) {
            found.push(format!("{delivery} was sent to {} but never written", seen[0].host));
        }
    }
    let evidence = Evidence { world, ledger: &ledger, facts: &facts };
    for (id, record) in &ledger.records {
        let seen = by_delivery.get(id).map(Vec::as_slice).unwrap_or_default();
        found.extend(history::judge(&evidence, record, seen));
    }
    if !facts.clock_was_set {
        rates(&facts, &mut found);
        drains(&ledger, &facts, &by_delivery, &mut found);
    }
    for what in found {
        facts.violated(what);
    }
    let days = world.plan_days();
    let sums = Sums {
        events: ledger.events.len() as u64,
        deliveries: ledger.records.len() as u64,
        attempts: facts.seen.len() as u64,
        crashes: u64::from(world.crashes),
        virtual_days: days,
        counts: facts.counts.clone(),
    };
    *world.book.open() = facts;
    sums
}

/// Accepted means on disk, once, as it was sent.
fn promises(ledger: &Ledger, facts: &mut Facts) {
    let mut found = Vec::new();
    for promised in &facts.promised {
        let Promised { wanted, event: id, .. } = promised;
        let Some(event) = ledger.events.get(id) else {
            found.push(format!("event {} was accepted as {id} and is lost", wanted.number));
            continue;
        };
        let data = format!(
            "{{\"sim\":{},\"amount\":{},\"tag\":\"{}\",\"mode\":\"{}\",\"texto\":\"ação/€\",\
             \"n\":1.5}}",
            wanted.number,
            wanted.amount,
            wanted.tag,
            wanted.mode.name()
        );
        let same = event.merchant == wanted.merchant
            && event.mode == wanted.mode
            && event.kind.as_str() == wanted.kind
            && event.reference == wanted.reference
            && event.data.as_bytes() == data.as_bytes();
        if !same {
            found.push(format!("event {} is not on record as it was sent", wanted.number));
        }
        let (low, high) = id.delivery_range();
        let on_record: BTreeSet<_> = ledger
            .records
            .range(low..=high)
            .map(|(id, record)| (*id, record.delivery.endpoint))
            .collect();
        if promised.deliveries.iter().copied().collect::<BTreeSet<_>>() != on_record {
            found.push(format!("event {} has other deliveries than its receipt", wanted.number));
        }
    }
    let mut once: BTreeMap<u64, BTreeSet<_>> = BTreeMap::new();
    for promised in &facts.promised {
        once.entry(promised.wanted.number).or_default().insert(promised.event);
    }
    for (number, events) in once {
        if events.len() > 1 {
            found.push(format!("event {number} was accepted as {events:?}"));
        }
    }
    let mut highest = None;
    let risen: Vec<_> = facts
        .promised
        .iter()
        .map(|promised| {
            highest = highest.max(Some(promised.event));
            highest
        })
        .collect();
    for Promised { wanted, event, before, .. } in &facts.promised {
        if before.checked_sub(1).is_some_and(|last| risen[last] >= Some(*event)) {
            found.push(format!("event {} has a lower id than one before it", wanted.number));
        }
    }
    for what in found {
        facts.violated(what);
    }
}

/// Who wants an event gets it, and nobody else.
fn audiences(ledger: &Ledger, facts: &mut Facts) {
    let mut found = Vec::new();
    for promised in &facts.promised {
        let (from, to) = promised.between;
        for (id, endpoint) in &ledger.endpoints {
            let Some(host) = facts.hosts.get(&endpoint.host) else { continue };
            let gets = promised.deliveries.iter().any(|(_, other)| other == id);
            let place = (host.merchant, host.mode);
            let says = |what: &str| {
                let number = promised.wanted.number;
                format!("event {number} and {id} ({}): {what}", endpoint.host)
            };
            if place != (promised.wanted.merchant, promised.wanted.mode) {
                if gets {
                    found.push(says("it belongs to another merchant or mode"));
                }
                continue;
            }
            let versions = &endpoint.versions;
            let possible: BTreeSet<bool> = versions
                .iter()
                .enumerate()
                .filter(|(index, (at, _))| {
                    let next = versions.get(index + 1);
                    *at <= to && next.is_none_or(|(next, _)| facts.by(*next, KNOWN_WITHIN) > from)
                })
                .map(|(_, (_, settings))| wants(settings, &promised.wanted))
                .collect();
            let there = versions.first().is_some_and(|(at, _)| facts.by(*at, KNOWN_WITHIN) < from)
                && host.deleting.is_none_or(|at| at > to);
            let gone = versions.first().is_none_or(|(at, _)| *at > to)
                || host.deleted.is_some_and(|at| facts.by(at, KNOWN_WITHIN) < from);
            if gets && gone {
                found.push(says("it got it while it was not there"));
            }
            if gets && !possible.contains(&true) {
                found.push(says("it got it and does not want it"));
            }
            if !gets && there && !possible.contains(&false) {
                let at = host.deleting;
                let when: Vec<_> = versions.iter().map(|(at, _)| *at).collect();
                found.push(says(&format!("it wants it and did not get it; accepted {from} to {to}, versions {when:?}, deleted {at:?}")));
            }
        }
    }
    for what in found {
        facts.violated(what);
    }
}

/// Everything has come to rest, and for a reason.
fn states(ledger: &Ledger, facts: &mut Facts) {
    let mut found = Vec::new();
    for (id, record) in &ledger.records {
        let host = facts.host_of(record.delivery.endpoint).map(|(_, host)| host);
        let deleted = host.is_some_and(|host| host.deleting.is_some());
        match record.delivery.state {
            State::Delivered { .. } | State::Exhausted { why: Ending::Schedule, .. } => {}
            State::WillNotSend { .. } if deleted => {}
            State::Due { .. }
            | State::Leased { .. }
            | State::Parked { .. }
            | State::WillNotSend { .. }
            | State::Exhausted {
                why: Ending::TooLarge | Ending::Unsendable | Ending::Retention,
                ..
            } => {
                found.push(format!("{id} ended as {:?}", record.delivery.state));
            }
        }
    }
    for what in found {
        facts.violated(what);
    }
}

/// What was parked goes out in its order, first to first. Test events go out even to an endpoint
/// that was put to rest again.
fn drains(
    ledger: &Ledger,
    facts: &Facts,
    seen: &BTreeMap<DeliveryId, Vec<&Seen>>,
    found: &mut Vec<String>,
) {
    // What another server freed is due from then on.
    let freed: BTreeSet<DeliveryId> = facts.freed.iter().map(|(id, _)| *id).collect();
    for drain in &facts.drains {
        let day = SignedDuration::from_hours(24);
        let recovered = facts.recovered.iter().any(|(endpoint, at)| {
            *endpoint == drain.endpoint && at.duration_since(drain.at).abs() < day
        });
        if recovered {
            continue;
        }
        let starts: Vec<_> = drain
            .parked
            .iter()
            .filter(|id| !facts.resent.contains(id) && !freed.contains(id))
            .filter(|id| ledger.events.get(&id.event()).is_some_and(|event| event.only.is_none()))
            .filter_map(|id| {
                let first = seen.get(id)?.iter().find(|seen| seen.at >= drain.at)?;
                (first.life == drain.life).then_some((first.at, *id))
            })
            .collect();
        if let Some(pair) = starts.windows(2).find(|pair| pair[0].0 > pair[1].0) {
            let (endpoint, at) = (drain.endpoint, drain.at);
            found.push(format!("drained out of order, {endpoint} at {at}: {pair:?}"));
        }
    }
}

/// A rate limit that was never changed is kept over any ten seconds.
fn rates(facts: &Facts, found: &mut Vec<String>) {
    for (name, host) in &facts.hosts {
        let [Some(rate)] = host.rate[..] else { continue };
        let seen: Vec<&Seen> = facts.seen.iter().filter(|seen| &seen.host == name).collect();
        let most = (rate * 10 + rate / 10 + 1) as usize;
        for window in seen.windows(most + 1) {
            let (first, last) = (window[0], window[most]);
            let span = last.at.duration_since(first.at);
            if first.life == last.life && span < SignedDuration::from_secs(10) {
                found.push(format!("{name}: {} sends in {span} at {rate}/s", most + 1));
                break;
            }
        }
    }
}
