//! The sandbox clock: ten days of a test merchant's retries, now, in order.
//!
//! A merchant's test time is real time and an offset that is kept. Advancing steps it from due time
//! to due time: each attempt happens at its own virtual time, and what it schedules is run too. The
//! advance is a durable job; leases and signatures stay in real time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::channel::oneshot;
use jiff::{RoundMode, SignedDuration, SignedDurationRound, Timestamp, TimestampRound, Unit};
use posthorn_core::delivery::StateKind;
use posthorn_core::event::Mode;
use posthorn_core::id::{EventId, JobId, MerchantId};
use posthorn_store::{DeliveryQuery, Done, Job, JobKind, JobState, NewJob, Once, Page};

use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::clock::later;
use crate::error::EngineError;
use crate::order::Order;
use crate::payments::settle_records;
use crate::shared::Shared;

/// How long a caller waits for an advance before it is given the job instead.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How often the waiting caller looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long to wait for a try of another server.
const ELSEWHERE: Duration = Duration::from_millis(50);
/// The furthest a clock may be ahead of real time.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24 * 366 * 10);

/// What came of an advance.
#[derive(Debug, Clone, PartialEq)]
pub enum Advanced {
    /// It is done.
    Done {
        /// The merchant's time when it was.
        now: Timestamp,
        /// Tries that were made on the way.
        attempted: u64,
    },
    /// It goes on as this job.
    Running(Box<Job>),
}

impl Engine {
    /// A test merchant's time.
    pub async fn sandbox_now(
        &self,
        merchant: MerchantId,
        mode: Mode,
    ) -> Result<Timestamp, EngineError> {
        only_test(mode)?;
        self.shared.time_of(merchant, mode).await
    }

    /// Takes a test merchant's clock forward, through everything that is due on the way.
    pub async fn advance_clock(
        &self,
        caller: Caller,
        (merchant, mode): (MerchantId, Mode),
        by: SignedDuration,
        request: Option<&RequestKey>,
    ) -> Result<Done<Advanced>, EngineError> {
        only_test(mode)?;
        let shared = &self.shared;
        let (once, _held) = shared.once(caller, request)?;
        let done = match shared.used(once).await? {
            Some(job) => Done::Before(JobId::from_i64(job)),
            None => shared.begin_advance((merchant, mode), by, once).await?,
        };
        shared.job_bell.notify_one();
        let give_up = later(shared.clock.now(), ANSWER_WITHIN);
        loop {
            let job = self.job(merchant, mode, done.get()).await?;
            if let JobState::Ended { at: now } | JobState::Cancelled { at: now } = job.state {
                return Ok(done.map(|_| Advanced::Done { now, attempted: job.done }));
            }
            let stopping = shared.stopping.load(Ordering::Relaxed);
            if stopping || shared.clock.now() >= give_up {
                return Ok(done.map(|_| Advanced::Running(Box::new(job))));
            }
            shared.clock.sleep(LOOK_EVERY).await;
        }
    }
}

impl Shared {
    /// Writes an advance down as a job.
    async fn begin_advance(
        &self,
        (merchant, mode): (MerchantId, Mode),
        by: SignedDuration,
        once: Option<Once>,
    ) -> Result<Done<JobId>, EngineError> {
        let _writing = self.advances.writing.lock().await;
        // What is under way first: one that ends meanwhile is then found in the clock.
        let under_way = self.advancing_to(merchant).await?;
        let now = self.time_of(merchant, mode).await?;
        let real = self.clock.now();
        let from = under_way.map_or(now, |target| target.max(now));
        let target = from.checked_add(by).map_or(Timestamp::MAX, whole_millisecond);
        if by.is_negative() || target.duration_since(real) > AHEAD_MAX {
            let what = "a clock goes forward only, at most ten years ahead of real time".to_owned();
            return Err(EngineError::Setting { field: "advance", what });
        }
        let kind = JobKind::Advance { target };
        let job = NewJob { merchant, mode, kind, created: now };
        Ok(self.store.create_job(job, once).await?)
    }

    /// Where the advances of a merchant's clock that are under way end.
    async fn advancing_to(&self, merchant: MerchantId) -> Result<Option<Timestamp>, EngineError> {
        let jobs = self.store.running_jobs().await?.into_iter();
        let own = jobs.filter(|job| job.merchant == merchant);
        Ok(own.filter_map(|job| job.kind.target()).max())
    }

    /// The real time from which on events were accepted at `at` or later on their merchant's clock.
    /// Of a clock that was advanced the events themselves tell it, by halving: their ids are of real
    /// time, and neither time ever goes back.
    pub(crate) async fn real(
        &self,
        (merchant, mode): (MerchantId, Mode),
        at: Timestamp,
    ) -> Result<Timestamp, EngineError> {
        self.hear_clock(merchant, mode).await?;
        let real = self.clock.now();
        let ahead = self.directory.now(merchant, mode, real).duration_since(real);
        if ahead.is_zero() {
            return Ok(at);
        }
        let mut low = at.saturating_sub(ahead).unwrap_or(Timestamp::MIN).as_millisecond();
        let mut high = at.min(real).as_millisecond() + 1;
        while low < high {
            let middle = low + (high - low) / 2;
            let first = EventId::first_at(Timestamp::from_millisecond(middle).unwrap_or(real));
            let before = EventId::from_i64(first.as_i64() - 1);
            let next = self.store.events_after(merchant, mode, before, 1).await?;
            match next.first() {
                Some(event) if event.at < at => low = event.id.accepted_at().as_millisecond() + 1,
                Some(_) | None => high = middle,
            }
        }
        Ok(Timestamp::from_millisecond(low).unwrap_or(at))
    }
}

/// The time on record that is not before this one: what is due by then has its time on record too.
fn whole_millisecond(at: Timestamp) -> Timestamp {
    let up = TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Ceil);
    at.round(up).unwrap_or(at)
}

fn only_test(mode: Mode) -> Result<(), EngineError> {
    match mode {
        Mode::Test => Ok(()),
        Mode::Live => Err(EngineError::WrongMode {
            what: "live mode has no sandbox clock; use a test key (`sk_test_…`)",
        }),
    }
}

/// Steps a merchant's clock to `target`, when no other advance is stepping it.
pub(crate) async fn advance(
    shared: &Shared,
    job: &Job,
    target: Timestamp,
) -> Result<(), EngineError> {
    let turn = shared.advances.of(job.merchant);
    let _turn = turn.lock().await;
    let mut attempted = job.done;
    let result = step_through(shared, job, target, &mut attempted).await;
    shared.order(Order::Unstep(job.merchant));
    result?;
    let ended = Some(shared.directory.now(job.merchant, job.mode, shared.clock.now()));
    shared.store.progress_job(job.id, attempted, ended).await?;
    Ok(())
}

async fn step_through(
    shared: &Shared,
    job: &Job,
    target: Timestamp,
    attempted: &mut u64,
) -> Result<(), EngineError> {
    let merchant = job.merchant;
    loop {
        // Real time passes meanwhile: what comes due by itself is leased, and then no longer found
        // in the database. Only what is next both before and after a moment of quiet in which
        // nothing was tried is next.
        let before = next_due(shared, merchant).await?;
        let tried = quiet(shared, merchant).await?;
        *attempted += tried;
        shared.store.progress_job(job.id, *attempted, None).await?;
        let stands = shared.store.job(job.id).await?;
        if stands.is_none_or(|job| job.state != JobState::Running) {
            return Ok(());
        }
        let next = next_due(shared, merchant).await?;
        if tried > 0 || next != before {
            continue;
        }
        if tries_elsewhere(shared, merchant).await? {
            shared.clock.sleep(ELSEWHERE).await;
            continue;
        }
        match next {
            Some(at) if at <= target => move_clock(shared, merchant, at).await?,
            Some(_) | None => break,
        }
    }
    move_clock(shared, merchant, target).await?;
    *attempted += quiet(shared, merchant).await?;
    Ok(())
}

/// Waits until nothing is due or under way for a merchant; answers how many tries were made.
async fn quiet(shared: &Shared, merchant: MerchantId) -> Result<u64, EngineError> {
    settle_records(shared, merchant).await?;
    let (reply, answer) = oneshot::channel();
    shared.order(Order::Step(merchant, reply));
    let stopping = |_| EngineError::Conflict { what: "the server is stopping".into() };
    answer.await.map_err(stopping)
}

async fn next_due(shared: &Shared, merchant: MerchantId) -> Result<Option<Timestamp>, EngineError> {
    let entries = shared.directory.endpoints(merchant, Mode::Test);
    let ids = entries.iter().map(|entry| entry.endpoint.id).collect();
    let due = shared.store.next_due(Some(ids)).await?;
    let wake = shared.store.next_wake(Some((merchant, Mode::Test))).await?;
    Ok(due.into_iter().map(|(_, at)| at).chain(wake).min())
}

/// Whether another server is trying something for a merchant: nothing is under way here.
async fn tries_elsewhere(shared: &Shared, merchant: MerchantId) -> Result<bool, EngineError> {
    if !shared.store.is_shared() {
        return Ok(false);
    }
    let (endpoint, event, state) = (None, None, Some(StateKind::Leased));
    let query = DeliveryQuery { merchant, mode: Mode::Test, endpoint, event, state };
    let leased = shared.store.deliveries(query, Page { after: None, limit: 1 }).await?;
    Ok(!leased.is_empty())
}

/// Sets the clock to `at`, unless it is there already.
async fn move_clock(
    shared: &Shared,
    merchant: MerchantId,
    at: Timestamp,
) -> Result<(), EngineError> {
    let real = shared.clock.now();
    if shared.directory.now(merchant, Mode::Test, real) >= at {
        return Ok(());
    }
    let up = SignedDurationRound::new().smallest(Unit::Millisecond).mode(RoundMode::Ceil);
    let offset = at.duration_since(real);
    let offset = offset.round(up).unwrap_or(offset);
    shared.store.set_clock(merchant, offset).await?;
    shared.directory.set_clock(merchant, offset);
    shared.order(Order::ClockMoved(merchant));
    Ok(())
}
