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
    /// The process gets no turn for so long; another server may free the leases that run out meanwhile.
    Freeze { length: SignedDuration, freed: bool },
    /// Another server frees the leases that ran out.
    FreeExpired,
    /// Somebody sets the clock by so much.
    SetClock(SignedDuration),
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

/// How a plan is drawn.
pub(crate) type Draw = fn(Timestamp, &[MerchantId], &mut Chance) -> Plan;

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

    /// So many events, or a few more.
    fn accepts(&mut self, events: u64) -> Vec<(Timestamp, Deed)> {
        let mut deeds = Vec::new();
        while self.last < events {
            let at = self.time();
            deeds.push((at, Deed::Client(self.accept())));
        }
        deeds
    }

    fn crashes(&mut self) -> Vec<(Timestamp, Deed)> {
        let mut deeds = Vec::new();
        for _ in 0..self.chance.between(2, 4) {
            let at = self.busy_time(4_000);
            let points = self.chance.below(60);
            let deed = if self.chance.percent(30) { Deed::Crash } else { Deed::CrashAt(points) };
            deeds.push((at, deed));
        }
        deeds
    }

    fn failing(&mut self) -> Vec<(Timestamp, Timestamp, u64)> {
        let mut failing = Vec::new();
        for _ in 0..self.chance.between(2, 6) {
            let from = self.busy_time(3_000);
            let ms = i64::try_from(self.chance.between(5, 4_000)).unwrap();
            let percent = self.chance.between(20, 100);
            failing.push((from, from + SignedDuration::from_millis(ms), percent));
        }
        failing
    }

    /// From far less than a lease to far more; after some of them leases that ran out are freed.
    fn freezes(&mut self) -> Vec<(Timestamp, Deed)> {
        let mut deeds = Vec::new();
        for _ in 0..self.chance.between(1, 3) {
            let at = self.busy_time(4_000);
            let (least, most) =
                *self.chance.pick(&[(50, 10_000), (10_000, 45_000), (45_000, 300_000)]);
            let ms = i64::try_from(self.chance.between(least, most)).unwrap();
            let length = SignedDuration::from_millis(ms);
            let freed = self.chance.percent(40);
            deeds.push((at, Deed::Freeze { length, freed }));
            deeds.extend(self.frees(at + length));
        }
        deeds
    }

    /// From a time on another server may look for leases that ran out: at once, or while they are settled.
    fn frees(&mut self, from: Timestamp) -> Option<(Timestamp, Deed)> {
        let ms = *self.chance.pick(&[0, 50, 500]);
        let after = SignedDuration::from_millis(i64::try_from(self.chance.below(ms + 1)).unwrap());
        self.chance.percent(60).then_some((from + after, Deed::FreeExpired))
    }

    fn finish(
        self,
        mut deeds: Vec<(Timestamp, Deed)>,
        failing: Vec<(Timestamp, Timestamp, u64)>,
    ) -> Plan {
        deeds.sort_by_key(|(at, _)| *at);
        let days = i64::try_from(self.days).unwrap();
        Plan { deeds, failing, end: self.start + SignedDuration::from_hours(24 * days) }
    }
}

/// Draws a plan: at least 200 events, at least two crashes, two stops and a freeze.
pub(crate) fn draw(start: Timestamp, merchants: &[MerchantId], chance: &mut Chance) -> Plan {
    let days = chance.between(8, 24);
    let mut drawing = Drawing { chance, start, busy: vec![start], days, merchants, last: 0 };
    let moments = drawing.chance.between(3, 10);
    drawing.busy = (0..moments).map(|_| drawing.some_time()).collect();
    let mut deeds = drawing.accepts(200);
    for act in others(drawing.chance) {
        let at = drawing.time();
        deeds.push((at, Deed::Client(act)));
    }
    deeds.push((drawing.some_time(), Deed::Stop));
    deeds.extend(drawing.crashes());
    let failing = drawing.failing();
    // One in the midst of it, which cuts tries off.
    deeds.push((drawing.busy_time(4_000), Deed::Stop));
    deeds.extend(drawing.freezes());
    drawing.finish(deeds, failing)
}

/// Draws a plan in which somebody sets the clock, again and again.
pub(crate) fn draw_jumps(start: Timestamp, merchants: &[MerchantId], chance: &mut Chance) -> Plan {
    let days = chance.between(1, 3);
    let mut drawing = Drawing { chance, start, busy: vec![start], days, merchants, last: 0 };
    let moments = drawing.chance.between(2, 5);
    drawing.busy = (0..moments).map(|_| drawing.some_time()).collect();
    let mut deeds = drawing.accepts(60);
    for (act, most) in [(Act::Resend, 4), (Act::Disable, 2), (Act::Enable, 3), (Act::Test, 3)] {
        for _ in 0..drawing.chance.between(0, most) {
            deeds.push((drawing.time(), Deed::Client(act.clone())));
        }
    }
    for _ in 0..drawing.chance.between(3, 8) {
        let at = drawing.busy_time(6_000);
        let most_s = *drawing.chance.pick(&[60, 3_600]);
        let seconds = i64::try_from(drawing.chance.between(1, most_s)).unwrap();
        let back = drawing.chance.percent(50);
        let by = SignedDuration::from_secs(if back { -seconds } else { seconds });
        deeds.push((at, Deed::SetClock(by)));
        deeds.extend(drawing.frees(at));
    }
    deeds.extend(drawing.crashes());
    let failing = drawing.failing();
    deeds.push((drawing.busy_time(4_000), Deed::Stop));
    deeds.extend(drawing.freezes());
    drawing.finish(deeds, failing)
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
