//! What a server knows of the others on its database: how many they are, and how far they have written.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use posthorn_core::id::EventId;
use posthorn_store::Change;
use tokio::sync::Notify;

use crate::pacing::WINDOW_MAX;

/// What a server knows of the others.
pub(crate) struct Others {
    servers: AtomicU32,
    /// Every event that is still to be written has a higher id, here and elsewhere; below zero where the
    /// database is not shared.
    horizon: AtomicI64,
    pub(crate) bell: Notify,
    pub(crate) news: Unfollowed,
}

/// What changed, and is not followed yet.
#[derive(Default)]
pub(crate) struct Unfollowed {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

#[derive(Default)]
struct Waiting {
    all: bool,
    changes: HashSet<Change>,
}

/// Something to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// Anything may have changed.
    All,
    /// This.
    One(Change),
}

impl Unfollowed {
    /// Something changed; `None`: nobody knows what.
    pub(crate) fn tell(&self, changes: Option<Vec<Change>>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match changes {
            Some(changes) => waiting.changes.extend(changes),
            None => waiting.all = true,
        }
        self.bell.notify_one();
    }

    /// It could not be followed yet.
    pub(crate) fn put(&self, news: News) {
        self.tell(match news {
            News::All => None,
            News::One(change) => Some(vec![change]),
        });
    }

    /// The next to follow, when there is one.
    pub(crate) async fn next(&self) -> News {
        loop {
            if let Some(news) = self.take() {
                return news;
            }
            self.bell.notified().await;
        }
    }

    fn take(&self) -> Option<News> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut waiting.all) {
            return Some(News::All);
        }
        let next = waiting.changes.iter().next().copied()?;
        waiting.changes.remove(&next);
        Some(News::One(next))
    }
}

impl Default for Others {
    fn default() -> Self {
        let (servers, horizon) = (AtomicU32::new(1), AtomicI64::new(NOT_SHARED));
        Self { servers, horizon, bell: Notify::new(), news: Unfollowed::default() }
    }
}

const NOT_SHARED: i64 = -1;

impl Others {
    /// Servers at work, this one among them.
    fn servers(&self) -> u32 {
        self.servers.load(Ordering::Relaxed)
    }

    /// Answers whether that is news.
    pub(crate) fn set_servers(&self, servers: u32) -> bool {
        self.servers.swap(servers, Ordering::Relaxed) != servers
    }

    /// An id below which no server will write an event; `None` where the database is not shared.
    pub(crate) fn horizon(&self) -> Option<EventId> {
        let horizon = self.horizon.load(Ordering::Acquire);
        (horizon > NOT_SHARED).then(|| EventId::from_i64(horizon))
    }

    pub(crate) fn set_horizon(&self, horizon: EventId) {
        self.horizon.fetch_max(horizon.as_i64(), Ordering::AcqRel);
    }

    /// This server's share of what may be done at once for an endpoint, or in a second.
    pub(crate) fn share(&self, of: Option<u32>) -> Option<u32> {
        of.map(|whole| whole.div_ceil(self.servers()).max(1))
    }

    /// The same of tries under way, which have a bound in any case.
    pub(crate) fn share_of_window(&self, concurrency: Option<u32>) -> Option<u32> {
        if self.servers() == 1 { concurrency } else { self.share(concurrency.or(Some(WINDOW_MAX))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_at_once_is_shared_and_nobody_is_left_without() {
        let others = Others::default();
        assert_eq!((others.share(Some(5)), others.share(None)), (Some(5), None));
        assert_eq!(others.share_of_window(None), None, "alone there is a bound already");
        assert!(others.set_servers(3));
        assert_eq!((others.share(Some(5)), others.share(Some(1))), (Some(2), Some(1)));
        assert_eq!(others.share_of_window(None), Some(22));
    }

    #[test]
    fn the_horizon_never_goes_back() {
        let others = Others::default();
        assert_eq!(others.horizon(), None);
        others.set_horizon(EventId::from_i64(2048));
        others.set_horizon(EventId::from_i64(1024));
        assert_eq!(others.horizon(), Some(EventId::from_i64(2048)));
    }
}
