//! Connections that are kept alive between tries, by origin and reach.
//!
//! The key is the URL's own origin text (`https://host:port`, which the URL parser has already
//! normalised), so that finding a connection allocates nothing. The newest connection is taken
//! first: the fewest stay warm, and the rest expire.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::link::Link;
use super::watch::now;
use crate::transport::Reach;

/// How many connections may wait for their next try, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleLimits {
    /// Waiting connections per origin.
    pub per_origin: usize,
    /// Waiting connections in all.
    pub total: usize,
    /// How long one waits before it is closed; shorter than the usual 60 to 75 seconds of servers
    /// and balancers, so that we close first and no request meets a closing connection.
    pub age: Duration,
}

impl Default for IdleLimits {
    fn default() -> Self {
        Self { per_origin: 64, total: 1_024, age: Duration::from_secs(30) }
    }
}

/// The waiting connections.
#[derive(Debug)]
pub(super) struct Pool {
    limits: IdleLimits,
    shelves: Mutex<Shelves>,
}

#[derive(Debug)]
struct Shelves {
    public: HashMap<Box<str>, Shelf>,
    sandbox: HashMap<Box<str>, Shelf>,
    total: usize,
    swept: Instant,
}

/// Oldest first.
type Shelf = VecDeque<(Instant, Box<Link>)>;

impl Pool {
    pub(super) fn new(limits: IdleLimits) -> Self {
        let shelves =
            Shelves { public: HashMap::new(), sandbox: HashMap::new(), total: 0, swept: now() };
        Self { limits, shelves: Mutex::new(shelves) }
    }

    /// The newest connection to `origin` that has not expired; it may have been closed meanwhile.
    pub(super) fn take(&self, reach: Reach, origin: &str) -> Option<Box<Link>> {
        let mut shelves = self.lock();
        let (since, link) = shelves.of(reach).get_mut(origin)?.pop_back()?;
        shelves.total -= 1;
        drop(shelves);
        (since.elapsed() < self.limits.age).then_some(link)
    }

    /// Keeps `link` for the next try, unless there are enough. Now and then it also closes what
    /// has expired.
    pub(super) fn keep(&self, reach: Reach, origin: &str, link: Box<Link>) {
        let at = now();
        let mut shelves = self.lock();
        let is_due = at.duration_since(shelves.swept) >= self.limits.age / 4;
        let expired = if is_due { shelves.sweep(at, self.limits.age) } else { Shelf::new() };
        let surplus = if shelves.total >= self.limits.total {
            Some(link)
        } else {
            shelves.shelve(reach, origin, (at, link), self.limits.per_origin)
        };
        drop(shelves);
        // Sockets are closed without holding the lock.
        drop((expired, surplus));
    }

    /// Closes every connection that has waited too long.
    pub(super) fn expire(&self) {
        let expired = self.lock().sweep(now(), self.limits.age);
        drop(expired);
    }

    /// How many connections wait.
    pub(super) fn len(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shelves> {
        // A panic cannot leave the shelves half changed in a way that matters: at worst the count
        // is off by one connection.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelves {
    fn of(&mut self, reach: Reach) -> &mut HashMap<Box<str>, Shelf> {
        match reach {
            Reach::Public => &mut self.public,
            Reach::Sandbox => &mut self.sandbox,
        }
    }

    /// Returns the link if the origin's shelf is full.
    fn shelve(
        &mut self,
        reach: Reach,
        origin: &str,
        link: (Instant, Box<Link>),
        per_origin: usize,
    ) -> Option<Box<Link>> {
        let shelves = self.of(reach);
        let waiting = match shelves.get_mut(origin) {
            Some(waiting) => waiting,
            None => shelves.entry(origin.into()).or_default(),
        };
        if waiting.len() >= per_origin {
            return Some(link.1);
        }
        waiting.push_back(link);
        self.total += 1;
        None
    }

    fn sweep(&mut self, at: Instant, age: Duration) -> Shelf {
        self.swept = at;
        let mut expired = Shelf::new();
        for shelves in [&mut self.public, &mut self.sandbox] {
            shelves.retain(|_, shelf| {
                while shelf.front().is_some_and(|(since, _)| at.duration_since(*since) >= age) {
                    expired.extend(shelf.pop_front());
                }
                !shelf.is_empty()
            });
        }
        self.total -= expired.len();
        expired
    }
}
