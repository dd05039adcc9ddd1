//! Receivers as they are: mostly well, sometimes slow, busy, broken, silent or gone.

use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use posthorn_engine::transport::{Answer, ErrorClass, Unreachable};

use crate::chance::Chance;

/// How a receiver feels for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    Sluggish,
    Flaky,
    Down,
    Busy,
    Silent,
    Broken,
    /// Nobody listens there: it is known at once.
    Absent,
    Endless,
    Late,
    Gone,
}

const MOODS: [Mood; 15] = [
    Mood::Well,
    Mood::Well,
    Mood::Well,
    Mood::Well,
    Mood::Sluggish,
    Mood::Flaky,
    Mood::Flaky,
    Mood::Down,
    Mood::Busy,
    Mood::Silent,
    Mood::Broken,
    Mood::Absent,
    Mood::Endless,
    Mood::Late,
    Mood::Gone,
];

/// A receiver's moods over time, the latest last.
#[derive(Debug)]
pub(crate) struct Receiver {
    moods: Vec<(Timestamp, Mood)>,
    chance: Chance,
}

/// What a receiver does with one request.
pub(crate) struct Reaction {
    pub(crate) after: Duration,
    pub(crate) result: Result<Answer, Unreachable>,
}

impl Receiver {
    /// A receiver's life from `start` on: some are nearly always well, some change every few hours,
    /// some are dead for a week.
    pub(crate) fn new(start: Timestamp, days: u64, mut chance: Chance) -> Self {
        let mut moods = vec![(start, Mood::Well)];
        let mut at = start;
        let end = start + SignedDuration::from_hours(24 * i64::try_from(days).unwrap());
        let steady = chance.percent(30);
        if chance.percent(15) {
            let dies = start + hours(&mut chance, 1, 100);
            let lives = dies + hours(&mut chance, 130, 300);
            moods.extend([(dies, Mood::Down), (lives, Mood::Well)]);
            at = lives;
        }
        loop {
            at += hours(&mut chance, 1, if steady { 400 } else { 90 });
            if at >= end {
                break;
            }
            moods.push((at, *chance.pick(&MOODS)));
        }
        Self { moods, chance }
    }

    /// From now on it is in this mood and stays so.
    pub(crate) fn set_mood(&mut self, now: Timestamp, mood: Mood) {
        self.moods.retain(|(at, _)| *at < now);
        self.moods.push((now, mood));
    }

    pub(crate) fn react(&mut self, now: Timestamp, timeout: Duration) -> Reaction {
        let mood = self.moods.iter().rev().find(|(at, _)| *at <= now).map_or(Mood::Well, |m| m.1);
        let chance = &mut self.chance;
        match mood {
            Mood::Well => answer(chance, (1, 200), 200),
            Mood::Sluggish => answer(chance, (1000, timeout_ms(timeout)), 204),
            Mood::Flaky if chance.percent(50) => answer(chance, (1, 900), 200),
            Mood::Down => {
                let status = *chance.pick(&[500, 404, 301, 502, 400]);
                answer(chance, (1, 500), status)
            }
            Mood::Busy => busy(chance, now),
            Mood::Silent => unreachable(timeout, ErrorClass::TimeoutHeaders),
            Mood::Flaky | Mood::Broken => broken(chance, timeout),
            Mood::Absent => unreachable(Duration::from_millis(1), ErrorClass::Connect),
            Mood::Endless => endless(chance, timeout),
            Mood::Late => late(chance, timeout),
            Mood::Gone => answer(chance, (1, 100), 410),
        }
    }
}

fn hours(chance: &mut Chance, low: u64, high: u64) -> SignedDuration {
    SignedDuration::from_mins(i64::try_from(chance.between(low * 60, high * 60)).unwrap())
}

fn timeout_ms(timeout: Duration) -> u64 {
    u64::try_from(timeout.as_millis()).unwrap() - 1
}

fn answer(chance: &mut Chance, (low, high): (u64, u64), status: u16) -> Reaction {
    let after = Duration::from_millis(chance.between(low, high));
    let answer = Answer { status, headers: Vec::new(), body: Bytes::new(), truncated: false };
    Reaction { after, result: Ok(answer) }
}

fn unreachable(after: Duration, class: ErrorClass) -> Reaction {
    let detail = format!("simulated: {}", class.name());
    Reaction { after, result: Err(Unreachable::new(class, detail)) }
}

fn broken(chance: &mut Chance, timeout: Duration) -> Reaction {
    let after = Duration::from_millis(chance.between(0, 300));
    match chance.below(5) {
        0 => unreachable(after, ErrorClass::Reset),
        1 => unreachable(after, ErrorClass::Connect),
        2 => unreachable(after, ErrorClass::Protocol),
        // A slow drip: the headers come, the body never ends in time.
        3 => unreachable(timeout, ErrorClass::TimeoutBody),
        _ => unreachable(after, ErrorClass::Dns),
    }
}

fn busy(chance: &mut Chance, now: Timestamp) -> Reaction {
    let status = *chance.pick(&[429, 503, 429, 504]);
    let mut reaction = answer(chance, (1, 300), status);
    let seconds: i64 = *chance.pick(&[0, 1, 30, 120, 4000, 90_000, 200_000]);
    let value = match chance.below(4) {
        0 => None,
        1 => {
            let at = now + SignedDuration::from_secs(seconds);
            Some(jiff::fmt::rfc2822::to_string(&at.to_zoned(jiff::tz::TimeZone::UTC)).unwrap())
        }
        2 => Some("soon".to_owned()),
        _ => Some(seconds.to_string()),
    };
    if let (Ok(answer), Some(value)) = (&mut reaction.result, value) {
        answer.headers.push(("retry-after".to_owned(), value));
    }
    reaction
}

fn endless(chance: &mut Chance, timeout: Duration) -> Reaction {
    let status = *chance.pick(&[200, 500]);
    let mut reaction = answer(chance, (10, timeout_ms(timeout)), status);
    if let Ok(answer) = &mut reaction.result {
        answer.body = Bytes::from(vec![b'x'; 16 * 1024]);
        answer.truncated = true;
    }
    reaction
}

/// An answer long after the timeout, and after the lease: no transport should, but see that nothing
/// breaks when one does.
fn late(chance: &mut Chance, timeout: Duration) -> Reaction {
    let status = *chance.pick(&[200, 500, 200, 500, 503]);
    let mut reaction = answer(chance, (1, 20_000), status);
    reaction.after += timeout;
    reaction
}
