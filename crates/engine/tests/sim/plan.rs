//! What will happen in one seed: who wants what when, drawn before anything runs.

use jiff::{SignedDuration, Timestamp};
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;

use crate::chance::Chance;
use crate::facts::Wanted;

/// Something that happens.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// A client does something.
    Client(Act),
    /// The process dies at once.
    Crash,
    /// The process dies after so many fault points.
    CrashAt(u64),
    /// The operator stops and starts it.
    Stop,
}

/// What clients do.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Accept { events: Vec<Wanted>, key: Option<String> },
    Create,
    Change,
    Rotate,
    Disable,
    Enable,
    Delete,
    Test,
    Resend,
    Recover,
    Cancel,
    Advance,
}

/// Everything that will happen, in order, and when writes will fail.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) deeds: Vec<(Timestamp, Deed)>,
    pub(crate) failing: Vec<(Timestamp, Timestamp, u64)>,
    pub(crate) end: Timestamp,
}

pub(crate) const KINDS: [&str; 5] =
    ["payment.created", "payment.refund.requested", "order.paid", "invoice.sent", "payment.paid"];

struct Drawing<'a> {
    chance: &'a mut Chance,
    start: Timestamp,
    /// Times at which much happens at once.
    busy: Vec<Timestamp>,
    days: u64,
    merchants: &'a [MerchantId],
    last: u64,
}

impl Drawing<'_> {
    fn some_time(&mut self) -> Timestamp {
        let us = self.chance.below(self.days * 86_400_000_000);
        self.start + SignedDuration::from_micros(i64::try_from(us).unwrap())
    }

    fn busy_time(&mut self, within_ms: u64) -> Timestamp {
        let busy = self.busy.clone();
        let us = self.chance.below(within_ms * 1000);
        *self.chance.pick(&busy) + SignedDuration::from_micros(i64::try_from(us).unwrap())
    }

    fn time(&mut self) -> Timestamp {
        if self.chance.percent(60) { self.busy_time(3_000) } else { self.some_time() }
    }

    fn event(&mut self, merchant: MerchantId, mode: Mode) -> Wanted {
        self.last += 1;
        let number = self.last;
        Wanted {
            merchant,
            mode,
            kind: (*self.chance.pick(&KINDS)).to_owned(),
            number,
            amount: self.chance.below(1000),
            tag: *self.chance.pick(&['a', 'b', 'c']),
            reference: self.chance.percent(25).then(|| format!("own-{number}")),
        }
    }

    fn accept(&mut self) -> Act {
        let merchant = *self.chance.pick(self.merchants);
        let mode = if self.chance.percent(70) { Mode::Test } else { Mode::Live };
        let count = if self.chance.percent(12) { self.chance.between(2, 24) } else { 1 };
        let events = (0..count).map(|_| self.event(merchant, mode)).collect();
        let key = self.chance.percent(45).then(|| format!("key-{}", self.last));
        Act::Accept { events, key }
    }
}

/// Draws a plan: at least 200 events, at least two crashes and two stops.
pub(crate) fn draw(start: Timestamp, merchants: &[MerchantId], chance: &mut Chance) -> Plan {
    let days = chance.between(8, 24);
    let mut drawing = Drawing { chance, start, busy: vec![start], days, merchants, last: 0 };
    let moments = drawing.chance.between(3, 10);
    drawing.busy = (0..moments).map(|_| drawing.some_time()).collect();
    let mut deeds = Vec::new();
    while drawing.last < 200 {
        let at = drawing.time();
        let act = drawing.accept();
        deeds.push((at, Deed::Client(act)));
    }
    for act in others(drawing.chance) {
        let at = drawing.time();
        deeds.push((at, Deed::Client(act)));
    }
    deeds.push((drawing.some_time(), Deed::Stop));
    for _ in 0..drawing.chance.between(2, 4) {
        let at = drawing.busy_time(4_000);
        let points = drawing.chance.below(60);
        let deed = if drawing.chance.percent(30) { Deed::Crash } else { Deed::CrashAt(points) };
        deeds.push((at, deed));
    }
    let failing = (0..drawing.chance.between(2, 6)).map(|_| {
        let from = drawing.busy_time(3_000);
        let ms = i64::try_from(drawing.chance.between(5, 4_000)).unwrap();
        (from, from + SignedDuration::from_millis(ms), drawing.chance.between(20, 100))
    });
    let failing = failing.collect();
    // One in the midst of it, which cuts tries off.
    deeds.push((drawing.busy_time(4_000), Deed::Stop));
    deeds.sort_by_key(|(at, _)| *at);
    let end = start + SignedDuration::from_hours(24 * i64::try_from(days).unwrap());
    Plan { deeds, failing, end }
}

fn others(chance: &mut Chance) -> Vec<Act> {
    let kinds: [(Act, u64); 11] = [
        (Act::Create, 4),
        (Act::Change, 8),
        (Act::Rotate, 4),
        (Act::Disable, 5),
        (Act::Enable, 9),
        (Act::Delete, 3),
        (Act::Test, 5),
        (Act::Resend, 8),
        (Act::Recover, 5),
        (Act::Cancel, 2),
        (Act::Advance, 2),
    ];
    let mut acts = Vec::new();
    for (act, most) in kinds {
        for _ in 0..chance.between(0, most) {
            acts.push(act.clone());
        }
    }
    acts
}
