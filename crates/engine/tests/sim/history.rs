//! One delivery's attempts on record, held against what its receiver saw.

use std::time::Duration;

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::attempt::Attempt;
use posthorn_core::contract::{Contract, Tolerance, embedded};
use posthorn_core::delivery::{Ending, State};
use posthorn_engine::wire_name;
use posthorn_store::DeliveryRecord;

use crate::facts::{Facts, Host, Seen, Verdict};
use crate::ledger::Ledger;
use crate::verdict::KNOWN_WITHIN;
use crate::world::World;

/// Times on record are whole milliseconds.
const ROUNDING: SignedDuration = SignedDuration::from_millis(1);
/// What came back just before a crash may not have been recorded in time.
const RECORDED_WITHIN: SignedDuration = SignedDuration::from_secs(30);
/// A busy receiver is asked about once a minute: later than this after its time nothing goes out.
const LATE: SignedDuration = SignedDuration::from_hours(4);

/// One try: what is on record, and what was seen.
#[derive(Clone, Copy)]
struct Try<'a> {
    attempt: &'a Attempt,
    seen: &'a Seen,
}

struct Judged<'a> {
    record: &'a DeliveryRecord,
    contract: &'a Contract,
    host: &'a Host,
    facts: &'a Facts,
    tries: Vec<Try<'a>>,
    /// Tries that a stop cut off, or whose lease was lost.
    cut_off: Vec<Try<'a>>,
    found: Vec<String>,
}

/// All that is known at the end.
pub(crate) struct Evidence<'a> {
    pub(crate) world: &'a World,
    pub(crate) ledger: &'a Ledger,
    pub(crate) facts: &'a Facts,
}

/// What is wrong with one delivery.
pub(crate) fn judge(
    evidence: &Evidence<'_>,
    record: &DeliveryRecord,
    seen: &[&Seen],
) -> Vec<String> {
    let Evidence { world, ledger, facts } = *evidence;
    let host = &ledger.endpoints[&record.delivery.endpoint].host;
    let host = &facts.hosts[host];
    let contract = embedded().iter().find(|known| known.name == host.contract).unwrap();
    let (tries, cut_off, found) = (Vec::new(), Vec::new(), Vec::new());
    let mut judged = Judged { record, contract, host, facts, tries, cut_off, found };
    let lost = judged.pair(seen);
    judged.lost(&lost);
    judged.cut_off();
    judged.runs();
    judged.ending();
    for seen in seen {
        if !facts.clock_was_set {
            judged.rest(seen);
        }
        judged.wire(seen);
    }
    judged.bytes(world);
    let id = record.delivery.id;
    judged.found.into_iter().map(|what| format!("{id} ({}): {what}", host.contract)).collect()
}

/// Whether a try that was seen has an attempt's number and began when it did.
fn is_of(attempt: &Attempt, seen: &Seen) -> bool {
    seen.number == attempt.number && seen.began().as_millisecond() == attempt.at.as_millisecond()
}

impl<'a> Judged<'a> {
    fn say(&mut self, what: String) {
        self.found.push(what);
    }

    /// Pairs what is on record with what was seen; answers what was seen and is not on record.
    fn pair(&mut self, seen: &[&'a Seen]) -> Vec<&'a Seen> {
        let mut left: Vec<&Seen> = seen.to_vec();
        let mut unmatched = Vec::new();
        for attempt in &self.record.attempts {
            if !attempt.late && self.was_freed(attempt.claim) {
                self.say(format!("{attempt:?} is on record as if its lease had held"));
            }
            let of_it = |seen: &&Seen| seen.claim == attempt.claim && is_of(attempt, seen);
            match left.iter().position(of_it) {
                Some(index) => self.tried(attempt, left.remove(index)),
                None => unmatched.push(attempt),
            }
        }
        for attempt in unmatched {
            // Which lease a try went by was told by time alone: where one was freed and the clock was set, it may be that one,
            // though another held by then.
            let is_unsure =
                attempt.late && self.facts.clock_was_set && self.was_freed(attempt.claim);
            let of_it = |seen: &&Seen| is_unsure && is_of(attempt, seen);
            if let Some(index) = left.iter().position(of_it) {
                self.tried(attempt, left.remove(index));
            } else {
                let when: Vec<_> = left.iter().map(|seen| (seen.claim, seen.began())).collect();
                self.say(format!(
                    "attempt {attempt:?} is on record and was never made; {when:?} were"
                ));
            }
        }
        left
    }

    fn tried(&mut self, attempt: &'a Attempt, seen: &'a Seen) {
        let tries = if attempt.late { &mut self.cut_off } else { &mut self.tries };
        tries.push(Try { attempt, seen });
    }

    /// Whether the lease of a try ran out and was freed.
    fn was_freed(&self, claim: u32) -> bool {
        self.facts.freed.contains(&(self.record.delivery.id, claim))
    }

    /// Only what was under way when its process was killed may be missing on record.
    fn lost(&mut self, lost: &[&Seen]) {
        for seen in lost {
            let over = self.facts.lives[seen.life].1;
            let excused = !self.facts.orderly.contains(&seen.life)
                && over.is_some_and(|over| {
                    self.facts.clock_was_set
                        || seen.end.is_none_or(|end| over < self.facts.by(end.at, RECORDED_WITHIN))
                });
            if !excused {
                self.say(format!("the try at {} is not on record", seen.at));
            }
            self.uses_up_nothing(seen);
        }
    }

    /// What a stop cut off is on record as that, what lost its lease as late, and nothing else.
    fn cut_off(&mut self) {
        for index in 0..self.cut_off.len() {
            let Try { attempt, seen } = self.cut_off[index];
            let verdict = seen.end.map(|end| end.verdict);
            let was_cut_off = attempt.tried.is_cut_off() && verdict == Some(Verdict::CutOff);
            if !was_cut_off && !self.was_freed(attempt.claim) {
                self.say(format!("{attempt:?} is on record as late, after {verdict:?}"));
            }
            self.uses_up_nothing(seen);
        }
    }

    /// A try of which nobody knows what came has the number of the one that follows it, and is made
    /// no earlier.
    fn uses_up_nothing(&mut self, seen: &Seen) {
        if self.facts.clock_was_set {
            return;
        }
        let before = self.tries.iter().rev().find(|tried| tried.seen.at < seen.at);
        let after = self.tries.iter().find(|tried| tried.seen.at >= seen.at);
        let (Some(before), Some(after)) = (before, after) else { return };
        if before.attempt.run != after.attempt.run {
            return;
        }
        if seen.number != after.attempt.number {
            let what =
                format!("a lost try had number {}, not {}", seen.number, after.attempt.number);
            self.say(what);
        } else if let Some(due) = self.due_after(before)
            && seen.began() + ROUNDING < due
        {
            self.say(format!("a lost try was made at {}, due at {due}", seen.began()));
        }
    }

    /// When a failed try is due again, if ever.
    fn due_after(&self, tried: &Try<'_>) -> Option<Timestamp> {
        let Some(Verdict::Failure { retry_after }) = tried.seen.end.map(|end| end.verdict) else {
            return None;
        };
        let index = usize::try_from(tried.attempt.number).unwrap() - 1;
        let wait = *self.contract.retry.waits.get(index)?;
        let asked = retry_after.unwrap_or(Duration::ZERO);
        let asked = SignedDuration::try_from(asked).unwrap();
        Some(tried.seen.ended()? + wait.max(asked))
    }

    /// Each run goes by the schedule: in its order, not too early, not too late, not too often.
    fn runs(&mut self) {
        let mut found = Vec::new();
        let tries = self.contract.retry.tries();
        for (index, tried) in self.tries.iter().enumerate() {
            let Attempt { run, number, .. } = *tried.attempt;
            if number as usize > tries {
                found.push(format!("attempt {number} of {tries}"));
            }
            let before = index.checked_sub(1).map(|before| &self.tries[before]);
            let same_run = before.filter(|before| before.attempt.run == run);
            match same_run {
                None if number != 1 => found.push(format!("run {run} begins with {number}")),
                None => {
                    if before.is_some_and(|before| before.attempt.run > run) {
                        found.push(format!("run {run} comes after a later one"));
                    }
                }
                Some(before) => found.extend(self.follows(before, tried)),
            }
        }
        let timely = self.never_rested() && !self.facts.clock_was_set;
        if let (Some(first), true) = (self.tries.first(), timely) {
            let due = self.record.event.at;
            if first.attempt.run == 1 && self.is_late(first.seen, due) {
                found.push(format!("accepted at {due}, first sent at {}", first.seen.began()));
            }
        }
        self.found.extend(found);
    }

    fn follows(&self, before: &Try<'_>, tried: &Try<'_>) -> Option<String> {
        let (run, number) = (tried.attempt.run, tried.attempt.number);
        if number != before.attempt.number + 1 {
            return Some(format!("run {run}: {number} follows {}", before.attempt.number));
        }
        let Some(due) = self.due_after(before) else {
            let verdict = before.seen.end.map(|end| end.verdict);
            return Some(format!("run {run}: {number} follows {verdict:?}"));
        };
        if self.facts.clock_was_set {
            return None;
        }
        if tried.seen.began() + ROUNDING < due {
            return Some(format!("run {run}: {number} at {}, due at {due}", tried.seen.began()));
        }
        self.is_late(tried.seen, due)
            .then(|| format!("run {run}: {number} only at {}, due at {due}", tried.seen.began()))
    }

    /// What comes up while a sandbox clock is being advanced belongs to the time before it or to the
    /// time after it: only what was there before is stepped through.
    fn is_late(&self, seen: &Seen, due: Timestamp) -> bool {
        let run = self.tries.iter().find(|tried| std::ptr::eq(tried.seen, seen));
        let run = run.map(|tried| tried.attempt.run);
        let first = self.tries.iter().find(|tried| Some(tried.attempt.run) == run);
        let came_up = match run {
            Some(1) | None => self.record.event.id.accepted_at(),
            Some(_) => first.map_or(seen.at, |first| first.seen.at),
        };
        if self.facts.advancing(self.host.merchant, came_up) {
            return false;
        }
        let since_start = seen.at.duration_since(self.facts.lives[seen.life].0);
        let could = due.max(seen.began() - since_start);
        seen.began().duration_since(could) > LATE
    }

    fn never_rested(&self) -> bool {
        !self.facts.rests.contains_key(&self.record.delivery.endpoint)
    }

    /// What is delivered was delivered; what is exhausted had all its tries.
    fn ending(&mut self) {
        let last = self.tries.last();
        let verdict = last.and_then(|last| last.seen.end).map(|end| end.verdict);
        let run = last.map(|last| last.attempt.run);
        let count = self.tries.iter().filter(|tried| Some(tried.attempt.run) == run).count();
        let tries = self.contract.retry.tries();
        match self.record.delivery.state {
            State::Delivered { .. } if verdict != Some(Verdict::Success) => {
                self.say(format!("delivered, after {verdict:?}"));
            }
            State::Exhausted { why: Ending::Schedule, .. } if count != tries => {
                self.say(format!("exhausted after {count} of {tries} tries"));
            }
            State::Exhausted { .. } if !matches!(verdict, Some(Verdict::Failure { .. })) => {
                self.say(format!("exhausted, after {verdict:?}"));
            }
            State::Due { .. }
            | State::Leased { .. }
            | State::Delivered { .. }
            | State::Exhausted { .. }
            | State::Parked { .. }
            | State::WillNotSend { .. } => {}
        }
    }

    /// An endpoint at rest gets nothing new, a deleted one nothing at all.
    fn rest(&mut self, seen: &Seen) {
        let endpoint = self.record.delivery.endpoint;
        if seen.number == 1
            && self.record.event.only.is_none()
            && self.facts.rested(endpoint, seen.at, KNOWN_WITHIN)
        {
            let rests = self.facts.rests.get(&endpoint);
            self.say(format!("sent at {} to {endpoint}, at rest: {rests:?}", seen.at));
        }
        if self.host.deleted.is_some_and(|at| seen.at > self.facts.by(at, KNOWN_WITHIN)) {
            self.say(format!("sent at {} to a deleted endpoint", seen.at));
        }
    }

    /// What arrives is genuine, and carries the same id every time.
    fn wire(&mut self, seen: &Seen) {
        let event = &self.record.event;
        let id = event.reference.clone().unwrap_or_else(|| event.id.to_string());
        let carried = seen.headers.iter().find(|(name, _)| name == "X-Event-Id");
        if carried.map(|(_, value)| value) != Some(&id) {
            self.say(format!("the wire says {carried:?}, not {id}"));
        }
        let clock = Tolerance::new(seen.at.as_second(), 300);
        let genuine = self.host.secrets.iter().any(|(from, until, secret)| {
            let in_force = *from <= seen.at
                && until.is_none_or(|until| seen.at < self.facts.by(until, KNOWN_WITHIN));
            (in_force || self.facts.clock_was_set)
                && self.contract.verify(&seen.headers, &seen.body, secret, clock).is_ok()
        });
        if !genuine {
            self.say(format!("the request at {} is not genuine", seen.at));
        }
    }

    /// What was sent can be shown again, byte for byte.
    fn bytes(&mut self, world: &World) {
        let engine = world.engine();
        for index in 0..self.record.attempts.len() {
            let attempt = &self.record.attempts[index];
            let mut tries = self.tries.iter().chain(&self.cut_off);
            let Some(tried) = tries.find(|t| t.attempt.claim == attempt.claim) else {
                continue;
            };
            let again = engine.sent_request(self.record, index).now_or_never().unwrap();
            let what = match again {
                Err(error) => format!("attempt {index} cannot be shown again: {error}"),
                Ok(again) => {
                    let seen = tried.seen;
                    let wire = seen.headers.iter();
                    let wire = wire.map(|(name, value)| (wire_name(name), value.clone()));
                    let same = again.url == seen.url
                        && again.headers.iter().cloned().eq(wire)
                        && again.body == seen.body;
                    if same {
                        continue;
                    }
                    format!("attempt {index} is shown as {again:?}, but was {seen:?}")
                }
            };
            self.say(what);
        }
    }
}
