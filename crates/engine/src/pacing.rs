//! How much is asked of one endpoint at once: a window that adapts, a rate that is kept, a hold.
//!
//! Pure: a [`Lane`] is told what happened and when, and says what may start. The window doubles
//! while an endpoint answers well, halves when there is no answer or a busy one (additive increase
//! after that), and never leaves 1 to the endpoint's own bound.

mod answers;
mod finished;
mod rate;

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use posthorn_core::delivery::Claim;
use posthorn_core::id::MerchantId;
use posthorn_core::outcome::Outcome;

use crate::clock::later;
use answers::Answers;
pub(crate) use answers::Heard;
use finished::Finished;
pub(crate) use rate::Rate;

/// Tries under way at once for an endpoint that sets no bound of its own.
pub(crate) const WINDOW_MAX: u32 = 64;
/// Where a window starts.
const WINDOW_START: u32 = 16;
/// The longest that a busy answer's `Retry-After` holds back an endpoint's other deliveries.
const HOLD_MAX: Duration = Duration::from_mins(1);
/// Claims kept in memory beyond the window, at most: about a second's worth.
const QUEUE_MAX: u32 = 4096;
/// Claims kept in memory beyond the window of an endpoint that is idle, before anything is known of
/// its speed.
const QUEUE_IDLE: u32 = 64;
/// The longest that an endpoint is left alone whose rows cannot be read.
const UNREADABLE_WAIT_MAX: Duration = Duration::from_mins(1);
/// An answer that takes so long is a slow one.
pub(crate) const SLOW: Duration = Duration::from_secs(2);
/// Seconds' worth of claims kept in memory for an endpoint with a rate limit.
const QUEUE_SECONDS: u32 = 2;

/// One endpoint's pace and its claims in memory.
#[derive(Debug)]
pub(crate) struct Lane {
    /// Whose it is.
    pub(crate) merchant: MerchantId,
    window: u32,
    threshold: u32,
    grown: u32,
    window_max: u32,
    in_flight: u32,
    answers: Answers,
    /// What came back from the last try.
    heard: Option<Heard>,
    rate: Option<Rate>,
    hold: Option<Timestamp>,
    finished: Finished,
    /// Claims that wait for their start, oldest first.
    pub(crate) queue: VecDeque<Claim>,
    /// The earliest due time in the database, on the merchant's clock, as far as is known.
    pub(crate) next_due: Option<Timestamp>,
    /// The earliest real time for which a timer is set.
    pub(crate) timer: Option<Timestamp>,
    /// Whether it stands in the dispatcher's list of lanes to start from.
    pub(crate) listed: bool,
    /// The merchant that keeps a place for it among its tries.
    pub(crate) turn: Option<MerchantId>,
    /// Whether a claim for it is under way.
    pub(crate) asking: bool,
    /// Leases on their way back to the database: until they are there nothing is claimed, or it would
    /// overtake them.
    pub(crate) returning: u32,
    /// How often in a row its rows could not be read, and until when it is left alone for that.
    pub(crate) unreadable: u32,
    pub(crate) left_alone: Option<Timestamp>,
    /// One at a time, for a sandbox clock that is being advanced.
    pub(crate) single: bool,
}

/// Whether a lane may start a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Yes.
    Now,
    /// When one of those under way is over.
    WhenOneEnds,
    /// Not before this real time.
    At(Timestamp),
}

/// Why tries to an endpoint begin spread out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Of the last try came no answer at all; or none came yet of the first, and it is under way.
    Silent,
    /// The last answer took seconds.
    Slow,
}

impl Lane {
    /// Of an endpoint that is not known (any more), it is nobody's.
    pub(crate) fn of(
        merchant: Option<MerchantId>,
        concurrency: Option<u32>,
        rate_limit: Option<u32>,
    ) -> Self {
        let window_max = concurrency.unwrap_or(WINDOW_MAX).max(1);
        Self {
            merchant: merchant.unwrap_or(MerchantId::from_i64(0)),
            window: WINDOW_START.min(window_max),
            threshold: window_max,
            grown: 0,
            window_max,
            in_flight: 0,
            answers: Answers::NotYet,
            heard: None,
            rate: rate_limit.map(Rate::new),
            hold: None,
            finished: Finished::default(),
            queue: VecDeque::new(),
            next_due: None,
            timer: None,
            listed: false,
            turn: None,
            asking: false,
            returning: 0,
            unreadable: 0,
            left_alone: None,
            single: false,
        }
    }

    /// Follows changed settings.
    pub(crate) fn configure(
        &mut self,
        merchant: MerchantId,
        concurrency: Option<u32>,
        rate_limit: Option<u32>,
    ) {
        self.merchant = merchant;
        self.window_max = concurrency.unwrap_or(WINDOW_MAX).max(1);
        self.window = self.window.min(self.window_max);
        if self.rate.as_ref().map(Rate::per_second) != rate_limit {
            self.rate = rate_limit.map(Rate::new);
        }
    }

    fn window(&self) -> u32 {
        if self.single { 1 } else { self.window }
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// The most that may ever be under way at once.
    pub(crate) fn window_max(&self) -> u32 {
        self.window_max
    }

    /// Whether it has not answered in time lately, or not yet.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.answers.is_doubtful()
    }

    /// With whom its next try is spread out, if it is.
    pub(crate) fn pace(&self) -> Option<Pace> {
        if self.answers.is_silent() {
            return Some(Pace::Silent);
        }
        match self.heard {
            Some(Heard::SlowAnswer) => Some(Pace::Slow),
            None if self.in_flight > 0 => Some(Pace::Silent),
            Some(Heard::Answer | Heard::Nothing | Heard::NothingInTime) | None => None,
        }
    }

    /// Whether nothing of it is under way, and nothing waits in memory.
    pub(crate) fn is_idle(&self) -> bool {
        let at_work = self.asking || self.listed || self.returning > 0 || self.in_flight > 0;
        !at_work && self.queue.is_empty()
    }

    /// How many leases this process may hold for the endpoint at `now` (real time): what may be under
    /// way, and what it finishes in a second. More would grow too old while they wait.
    pub(crate) fn room(&self, now: Timestamp) -> u32 {
        if self.held_until(now).is_some() {
            return 0;
        }
        if self.single {
            return 1;
        }
        let finished = self.finished.in_a_second(now);
        let idle = self.in_flight == 0 && finished == 0;
        let queue = match (self.answers.is_silent(), idle) {
            (true, _) => 0,
            (false, true) => QUEUE_IDLE,
            (false, false) => finished.min(QUEUE_MAX),
        };
        let mut room = self.window + queue;
        if self.heard == Some(Heard::SlowAnswer) {
            room = room.min(self.in_flight + 1 + 2 * finished);
        }
        self.rate.as_ref().map_or(room, |rate| room.min(rate.per_second() * QUEUE_SECONDS).max(1))
    }

    /// Its rows cannot be read: it is left alone for a second at first and a minute at last.
    pub(crate) fn leave_alone(&mut self, now: Timestamp) -> Timestamp {
        let wait = Duration::from_secs(1 << self.unreadable.min(6));
        self.unreadable = self.unreadable.saturating_add(1);
        let at = later(now, wait.min(UNREADABLE_WAIT_MAX));
        self.left_alone = Some(at);
        at
    }

    /// Until when a busy answer holds it back. A time that is further off than any hold is of a clock that was
    /// set back since.
    pub(crate) fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        let longest = later(now, HOLD_MAX);
        self.hold.filter(|until| *until > now && *until <= longest && !self.single)
    }

    /// Whether a try may start at `now` (real time).
    pub(crate) fn may_start(&mut self, now: Timestamp) -> Start {
        if let Some(until) = self.held_until(now) {
            return Start::At(until);
        }
        if self.in_flight >= self.window() {
            return Start::WhenOneEnds;
        }
        match self.rate.as_mut().map(|rate| rate.free_at(now)) {
            Some(at) if at > now => Start::At(at),
            Some(_) | None => Start::Now,
        }
    }

    /// A try starts.
    pub(crate) fn started(&mut self, now: Timestamp) {
        self.in_flight += 1;
        if let Some(rate) = &mut self.rate {
            rate.take(now);
        }
    }

    /// A try ended. Who was not there is asked less too: when it comes back it is not flooded.
    pub(crate) fn ended(&mut self, outcome: Outcome, heard: Heard, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.finished.count(now);
        self.answers = self.answers.after(outcome, heard);
        self.heard = Some(heard);
        match outcome {
            Outcome::Success => self.grow(),
            Outcome::Slow { retry_after } => {
                self.shrink();
                if let Some(wait) = retry_after.filter(|wait| !wait.is_zero()) {
                    self.hold = Some(later(now, wait.min(HOLD_MAX)));
                }
            }
            Outcome::Failure { .. } if !heard.is_answer() => self.shrink(),
            Outcome::Failure { .. } | Outcome::Gone => {}
        }
    }

    fn grow(&mut self) {
        if self.window < self.threshold {
            self.window = (self.window + 1).min(self.window_max);
            return;
        }
        self.grown += 1;
        if self.grown >= self.window {
            self.grown = 0;
            self.window = (self.window + 1).min(self.window_max);
        }
    }

    fn shrink(&mut self) {
        self.window = (self.window / 2).max(1);
        self.threshold = self.window;
        self.grown = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Lane {
        pub(crate) fn new(concurrency: Option<u32>, rate_limit: Option<u32>) -> Self {
            Self::of(None, concurrency, rate_limit)
        }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap()
    }

    fn starts(lane: &mut Lane, now: Timestamp) -> u32 {
        let mut count = 0;
        while lane.may_start(now) == Start::Now {
            lane.started(now);
            count += 1;
        }
        count
    }

    #[test]
    fn a_busy_receiver_is_asked_less_and_a_well_one_more_up_to_its_bound() {
        let mut lane = Lane::new(Some(20), None);
        assert_eq!(starts(&mut lane, at(0)), WINDOW_START);
        for _ in 0..WINDOW_START {
            lane.ended(Outcome::Success, Heard::Answer, at(1));
        }
        assert_eq!(starts(&mut lane, at(1)), 20);
        for _ in 0..20 {
            lane.ended(Outcome::Slow { retry_after: None }, Heard::Answer, at(2));
        }
        assert_eq!(starts(&mut lane, at(2)), 1);
    }

    #[test]
    fn who_comes_back_is_asked_more_little_by_little() {
        let mut lane = Lane::new(None, None);
        for _ in 0..starts(&mut lane, at(0)) {
            lane.ended(Outcome::Failure { retry_after: None }, Heard::Nothing, at(1));
        }
        let mut at_once = Vec::new();
        for round in 2..6 {
            let count = starts(&mut lane, at(round));
            for _ in 0..count {
                lane.ended(Outcome::Success, Heard::Answer, at(round));
            }
            at_once.push(count);
        }
        assert_eq!(at_once, [1, 2, 3, 4]);
    }

    #[test]
    fn tries_to_who_is_silent_slow_or_not_known_yet_are_spread_out() {
        let mut lane = Lane::new(None, None);
        assert_eq!(lane.pace(), None);
        lane.started(at(0));
        assert_eq!(lane.pace(), Some(Pace::Silent), "nobody knows whether an answer comes");
        lane.ended(Outcome::Success, Heard::Answer, at(10));
        lane.started(at(10));
        assert_eq!(lane.pace(), None);
        lane.ended(Outcome::Success, Heard::SlowAnswer, at(4_500));
        assert_eq!(lane.pace(), Some(Pace::Slow));
        lane.ended(Outcome::Failure { retry_after: None }, Heard::Nothing, at(9_000));
        assert_eq!(lane.pace(), Some(Pace::Silent));
        lane.ended(Outcome::Success, Heard::Answer, at(9_001));
        assert_eq!(lane.pace(), None);
    }

    #[test]
    fn retry_after_holds_the_others_back_for_a_minute_at_most() {
        let mut lane = Lane::new(None, None);
        lane.started(at(0));
        let hour = Some(Duration::from_hours(1));
        lane.ended(Outcome::Slow { retry_after: hour }, Heard::Answer, at(0));
        assert_eq!(lane.may_start(at(59_999)), Start::At(at(60_000)));
        assert_eq!(lane.may_start(at(60_000)), Start::Now);
    }

    #[test]
    fn a_slow_or_limited_endpoint_is_leased_no_more_than_it_can_take_soon() {
        let mut idle = Lane::new(Some(4), None);
        assert_eq!(idle.room(at(0)), 4 + QUEUE_IDLE);
        idle.started(at(0));
        assert_eq!(idle.room(at(20_000)), 4);
        let mut quick = Lane::new(Some(4), None);
        for _ in 0..300 {
            quick.started(at(100));
            quick.ended(Outcome::Success, Heard::Answer, at(100));
        }
        assert_eq!(quick.room(at(900)), 4 + 300);
        assert_eq!(quick.room(at(1_100)), 4 + 300);
        assert_eq!(quick.room(at(60_000)), 4 + QUEUE_IDLE);
        let mut limited = Lane::new(Some(1000), Some(3));
        assert_eq!(limited.room(at(0)), 6);
        let mut slow = Lane::new(None, None);
        for lane in [&mut slow, &mut limited] {
            (0..10).for_each(|_| lane.started(at(0)));
            lane.ended(Outcome::Success, Heard::SlowAnswer, at(4_500));
        }
        assert_eq!(
            slow.room(at(4_500)),
            9 + 1 + 2,
            "what is under way, and what ends in two seconds"
        );
        assert_eq!(limited.room(at(4_500)), 6);
    }

    #[test]
    fn while_a_clock_is_advanced_one_goes_at_a_time() {
        let mut lane = Lane::new(None, None);
        lane.single = true;
        assert_eq!(starts(&mut lane, at(0)), 1);
    }
}
