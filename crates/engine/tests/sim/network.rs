//! The network: scripted receivers, and an eye on everything that is sent.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use jiff::{SignedDuration, Timestamp};
use posthorn_core::event::Mode;
use posthorn_core::id::{DeliveryId, MerchantId};
use posthorn_engine::clock::{Clock, later};
use posthorn_engine::transport::{
    Answer, Cut, ErrorClass, Phases, Reach, Request, Transport, Tried, Unreachable,
};

use crate::chance::Chance;
use crate::clock::SimClock;
use crate::facts::{Book, End, Facts, Seen, Verdict};
use crate::receivers::{Mood, Receiver};

/// A bound that may still be in force for this long after it was changed.
const SETTLING: SignedDuration = SignedDuration::from_secs(10);
/// What the engine allows an endpoint that sets no bound.
const CONCURRENCY_DEFAULT: u32 = 64;

/// Bounds that the engine was started with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) all: u32,
    pub(crate) merchant: u32,
}

/// The host that each delivery is on its way to, by its lease.
type UnderWay = Arc<Mutex<BTreeMap<(DeliveryId, u32), String>>>;

pub(crate) struct Network {
    clock: SimClock,
    book: Book,
    bounds: Bounds,
    receivers: Mutex<BTreeMap<String, Receiver>>,
    under_way: UnderWay,
    /// Which life of the process is sending; `None`: it is dead.
    life: Mutex<Option<usize>>,
    /// Cuts this life's tries off.
    cut: Mutex<Cut>,
}

impl Network {
    pub(crate) fn new(clock: SimClock, book: Book, bounds: Bounds) -> Self {
        Self {
            clock,
            book,
            bounds,
            receivers: Mutex::default(),
            under_way: Arc::default(),
            life: Mutex::new(None),
            cut: Mutex::default(),
        }
    }

    pub(crate) fn add(&self, host: String, start: Timestamp, days: u64, chance: Chance) {
        self.receivers.lock().unwrap().insert(host, Receiver::new(start, days, chance));
    }

    /// From now on every receiver is in this mood.
    pub(crate) fn set_mood(&self, mood: Mood) {
        let now = self.clock.now();
        for receiver in self.receivers.lock().unwrap().values_mut() {
            receiver.set_mood(now, mood);
        }
    }

    /// From now on the receivers of one merchant are.
    pub(crate) fn set_mood_of(&self, merchant: MerchantId, mood: Mood) {
        let (now, facts) = (self.clock.now(), self.book.open());
        for (host, receiver) in self.receivers.lock().unwrap().iter_mut() {
            if facts.hosts.get(host).is_some_and(|known| known.merchant == merchant) {
                receiver.set_mood(now, mood);
            }
        }
    }

    pub(crate) fn set_life(&self, life: Option<usize>) {
        *self.life.lock().unwrap() = life;
        *self.cut.lock().unwrap() = Cut::default();
    }

    pub(crate) fn under_way(&self) -> u32 {
        u32::try_from(self.under_way.lock().unwrap().len()).unwrap()
    }

    fn check(&self, host: &str, request: &Request) {
        let mut facts = self.book.open();
        let Some(known) = facts.hosts.get(host).cloned() else {
            facts.violated(format!("something was sent to {host}, where no endpoint is"));
            return;
        };
        let reach = if known.mode == Mode::Test { Reach::Sandbox } else { Reach::Public };
        if request.reach != reach {
            facts.violated(format!("{host} is in {} mode, not {reach:?}", known.mode.name()));
        }
        let of_other_mode = if known.mode == Mode::Test { "live" } else { "test" };
        let body = String::from_utf8_lossy(&request.body);
        if body.contains(&format!("\"mode\":\"{of_other_mode}\"")) {
            facts.violated(format!("an event of {of_other_mode} mode was sent to {host}"));
        }
        let under_way = self.under_way.lock().unwrap();
        let count = |counted: &dyn Fn(&String) -> bool| {
            u32::try_from(under_way.values().filter(|host| counted(host)).count()).unwrap()
        };
        let here = count(&|other| other == host);
        let now = self.clock.now();
        let recent = known.concurrency.iter().rev();
        let in_force = recent.clone().take(1).chain(
            recent
                .clone()
                .zip(recent.skip(1))
                .filter_map(|(newer, older)| (facts.by(newer.0, SETTLING) > now).then_some(older)),
        );
        let bound = in_force.map(|(_, bound)| *bound).max().unwrap_or(CONCURRENCY_DEFAULT);
        if here > bound {
            facts.violated(format!("{here} under way at {host}, which allows {bound}"));
        }
        let all = count(&|_| true);
        let of_merchant = count(&|host| {
            facts.hosts.get(host).is_some_and(|other| other.merchant == known.merchant)
        });
        if all > self.bounds.all {
            facts.violated(format!("{all} under way, of {} allowed", self.bounds.all));
        }
        if of_merchant > self.bounds.merchant {
            let bound = self.bounds.merchant;
            facts.violated(format!("{of_merchant} under way for a merchant, of {bound} allowed"));
        }
    }

    /// Under which lease a delivery is sent: one that is held, and for as long as the try may take.
    fn lease_for(&self, facts: &mut Facts, delivery: DeliveryId, timeout: Duration) -> u32 {
        let now = self.clock.now();
        if let Some((claim, until)) = facts.leases.get(&delivery).copied() {
            if later(now, timeout) > until {
                let what = format!("{delivery} was sent at {now}, with a lease until {until}");
                facts.violated(what);
            }
            return claim;
        }
        // Past its end when it was freed, but not any more: the clock was set back since.
        let freed = facts.freed.range((delivery, 0)..=(delivery, u32::MAX)).next_back();
        let freed = freed.map(|(_, claim)| *claim).filter(|_| facts.clock_was_set);
        freed.unwrap_or_else(|| {
            facts.violated(format!("{delivery} was sent at {now} without a lease"));
            0
        })
    }

    /// A try begins: never two at once of a delivery, unless the first has lost its lease. Which of its leases a try
    /// goes by is told by time alone: where one was freed and the clock was set back since, it may be that one.
    fn begin(&self, index: usize) -> (DeliveryId, u32) {
        let mut facts = self.book.open();
        let seen = &facts.seen[index];
        let (lease, host) = ((seen.delivery, seen.claim), seen.host.clone());
        let mut under_way = self.under_way.lock().unwrap();
        let of_it = under_way.range((lease.0, 0)..=(lease.0, u32::MAX)).map(|(lease, _)| *lease);
        let was_freed = |other: &(DeliveryId, u32)| {
            let first = if facts.clock_was_set { 0 } else { other.1 };
            facts.freed.range((other.0, first)..=*other).next().is_some()
        };
        let others: Vec<_> = of_it.filter(|other| !was_freed(other)).collect();
        if !others.is_empty() {
            facts.violated(format!("two tries at once, {lease:?} beside {others:?}"));
        }
        under_way.insert(lease, host);
        lease
    }

    fn note(&self, host: &str, request: &Request, life: usize) -> usize {
        let mut facts = self.book.open();
        let header = |wanted: &str| {
            let mut found = request.headers.iter();
            let found = found.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.clone()).expect("every contract sends it")
        };
        let merchant = facts.hosts.get(host).map(|host| (host.merchant, host.mode));
        let offset = merchant
            .filter(|(_, mode)| *mode == Mode::Test)
            .and_then(|(merchant, _)| facts.offsets.get(&merchant).copied())
            .unwrap_or_default();
        let delivery = header("X-Delivery-Id").parse().unwrap();
        let claim = self.lease_for(&mut facts, delivery, request.timeout);
        let seen = Seen {
            host: host.to_owned(),
            url: request.url.to_string(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            delivery,
            number: header("X-Delivery-Attempt").parse().unwrap(),
            claim,
            life,
            at: self.clock.now(),
            offset,
            end: None,
        };
        facts.seen.push(seen);
        facts.seen.len() - 1
    }
}

impl Transport for Network {
    fn send(&self, request: Request) -> BoxFuture<'static, Tried> {
        let Some(life) = *self.life.lock().unwrap() else {
            return futures::future::pending().boxed();
        };
        let host = request.url.host_str().unwrap().to_owned();
        let index = self.note(&host, &request, life);
        let lease = self.begin(index);
        self.check(&host, &request);
        let now = self.clock.now();
        let mut receivers = self.receivers.lock().unwrap();
        let reaction = receivers.get_mut(&host).expect("a receiver").react(now, request.timeout);
        drop(receivers);
        let busy = Busy { lease, under_way: Arc::clone(&self.under_way) };
        let (clock, book) = (self.clock.clone(), self.book.clone());
        let cut = self.cut.lock().unwrap().made();
        async move {
            let _busy = busy;
            let result = tokio::select! {
                biased;
                () = clock.sleep(reaction.after) => reaction.result,
                () = cut => Err(Unreachable::new(ErrorClass::Stopped, "stopped")),
            };
            let verdict = verdict(&result, clock.now());
            let mut facts = book.open();
            let merchant = facts.hosts.get(&facts.seen[index].host).map(|h| (h.merchant, h.mode));
            let offset = merchant
                .filter(|(_, mode)| *mode == Mode::Test)
                .and_then(|(merchant, _)| facts.offsets.get(&merchant).copied())
                .unwrap_or_default();
            facts.seen[index].end = Some(End { at: clock.now(), offset, verdict });
            if verdict == Verdict::CutOff {
                facts.count("tries cut off by a stop");
            }
            let total = u32::try_from(reaction.after.as_micros()).unwrap();
            Tried {
                result,
                phases: Phases { headers_us: Some(total), ..Phases::default() },
                peer: Some(IpAddr::from([203, 0, 113, 7])),
            }
        }
        .boxed()
    }

    fn cut_off(&self) {
        self.cut.lock().unwrap().make();
    }
}

struct Busy {
    lease: (DeliveryId, u32),
    under_way: UnderWay,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.under_way.lock().unwrap().remove(&self.lease);
    }
}

/// What an answer means, written anew from the guides and RFC 9110.
fn verdict(result: &Result<Answer, Unreachable>, now: Timestamp) -> Verdict {
    let answer = match result {
        Ok(answer) => answer,
        Err(error) if error.class == ErrorClass::Stopped => return Verdict::CutOff,
        Err(_) => return Verdict::Failure { retry_after: None },
    };
    match answer.status {
        200..=299 => Verdict::Success,
        410 => Verdict::Gone,
        _ => {
            let asked = answer.headers.iter().find(|(name, _)| name == "retry-after");
            let retry_after = asked.and_then(|(_, value)| {
                if let Ok(seconds) = value.parse() {
                    return Some(Duration::from_secs(seconds));
                }
                let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
                Duration::try_from(at.duration_since(now)).ok()
            });
            let day = Duration::from_hours(24);
            Verdict::Failure { retry_after: retry_after.map(|wait| wait.min(day)) }
        }
    }
}
