//! Look-ups of the system's resolver, which block a thread each and cannot be called off.
//!
//! A name whose servers do not answer holds its thread until the resolver gives up, long after the
//! try that asked has timed out. So that such names do not starve the others, all tries for one name
//! share one look-up, and a name that hangs is refused at once: while its look-up is still running,
//! and for a little while after it failed.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt as _, Shared};
use tokio::sync::Semaphore;

use super::watch::now;

/// Look-ups that may run at once: each blocks a thread.
const RUNNING_MAX: usize = 256;
/// A look-up that runs for longer hangs.
const HANGS_AFTER: Duration = Duration::from_secs(5);
/// How long a name whose look-up hung and failed is not asked for again.
const REMEMBERED: Duration = Duration::from_secs(5);
/// Addresses of one answer that are looked at; a longer answer is cut off here.
const ADDRESSES_MAX: usize = 64;

type Found = Result<Vec<IpAddr>, Arc<io::Error>>;
type Ask = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// The look-ups that are running, by name.
pub struct Lookups {
    ask: Arc<Ask>,
    known: Arc<Mutex<HashMap<String, Known>>>,
    places: Arc<Semaphore>,
    hangs_after: Duration,
    remembered: Duration,
}

enum Known {
    Running { since: Instant, answer: Shared<BoxFuture<'static, Found>> },
    Hung { until: Instant },
}

impl Lookups {
    pub(super) fn system() -> Self {
        Self::asking(RUNNING_MAX, |name| {
            let found = (name, 0).to_socket_addrs()?;
            Ok(found.map(|one| one.ip()).take(ADDRESSES_MAX).collect())
        })
    }

    fn asking(
        places: usize,
        ask: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            ask: Arc::new(ask),
            known: Arc::default(),
            places: Arc::new(Semaphore::new(places)),
            hangs_after: HANGS_AFTER,
            remembered: REMEMBERED,
        }
    }

    /// The addresses of `name`; who asks for a name that is being looked up gets that answer.
    pub(super) async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let under_way = self.under_way(&lock(&self.known), name)?;
        let answer = match under_way {
            Some(answer) => answer,
            None => self.begin(name).await?,
        };
        answer.await.map_err(|error| io::Error::new(error.kind(), error.to_string()))
    }

    fn under_way(
        &self,
        known: &HashMap<String, Known>,
        name: &str,
    ) -> io::Result<Option<Shared<BoxFuture<'static, Found>>>> {
        let hangs = match known.get(name) {
            None => return Ok(None),
            Some(Known::Running { since, answer }) if now() < *since + self.hangs_after => {
                return Ok(Some(answer.clone()));
            }
            Some(Known::Hung { until }) if now() >= *until => return Ok(None),
            Some(Known::Running { .. }) => "its look-up is still waiting for an answer",
            Some(Known::Hung { .. }) => "its last look-up had no answer in time",
        };
        Err(io::Error::new(io::ErrorKind::TimedOut, hangs))
    }

    /// Begins a look-up as soon as there is a place; somebody else may have begun it meanwhile.
    async fn begin(&self, name: &str) -> io::Result<Shared<BoxFuture<'static, Found>>> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        let mut known = lock(&self.known);
        if let Some(answer) = self.under_way(&known, name)? {
            return Ok(answer);
        }
        let since = now();
        known.retain(|_, one| !matches!(one, Known::Hung { until } if *until <= since));
        let (ask, table, key) = (Arc::clone(&self.ask), Arc::clone(&self.known), name.to_owned());
        let (hangs_after, remembered) = (self.hangs_after, self.remembered);
        let lookup = tokio::task::spawn_blocking(move || {
            let found = ask(&key);
            let ended = now();
            let mut known = lock(&table);
            known.remove(&key);
            if found.is_err() && ended >= since + hangs_after {
                known.insert(key, Known::Hung { until: ended + remembered });
            }
            drop(place);
            found
        });
        let answer = lookup.map(|joined| joined.map_err(io::Error::other).flatten());
        let answer = answer.map(|found| found.map_err(Arc::new)).boxed().shared();
        known.insert(name.to_owned(), Known::Running { since, answer: answer.clone() });
        Ok(answer)
    }
}

fn lock(known: &Mutex<HashMap<String, Known>>) -> MutexGuard<'_, HashMap<String, Known>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Sender, channel};

    use futures::future::{join, join3};

    use super::*;

    /// A resolver that answers each question only when it is told what.
    fn slow() -> (Lookups, Sender<io::Result<Vec<IpAddr>>>, Arc<AtomicUsize>) {
        let (tell, told) = channel();
        let (told, asked) = (Mutex::new(told), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&asked);
        let lookups = Lookups::asking(2, move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            told.lock().unwrap().recv().unwrap()
        });
        (lookups, tell, asked)
    }

    fn home() -> Vec<IpAddr> {
        vec![Ipv4Addr::LOCALHOST.into()]
    }

    #[tokio::test]
    async fn tries_for_one_name_share_one_lookup() {
        let (lookups, tell, asked) = slow();
        let ask = || lookups.addresses("a.example");
        let (one, two, ()) = join3(ask(), ask(), async { tell.send(Ok(home())).unwrap() }).await;
        assert_eq!((one.unwrap(), two.unwrap()), (home(), home()));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        tell.send(Ok(Vec::new())).unwrap();
        assert_eq!(ask().await.unwrap(), Vec::<IpAddr>::new(), "an answer is not kept");
    }

    #[tokio::test]
    async fn a_name_whose_lookup_hangs_is_refused_at_once_and_takes_no_second_place() {
        let (mut lookups, tell, asked) = slow();
        lookups.hangs_after = Duration::ZERO;
        let first = lookups.addresses("dead.example");
        let second = async {
            let refused = lookups.addresses("dead.example").await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
            assert_eq!(lookups.places.available_permits(), 1);
            tell.send(Err(io::Error::other("no servers"))).unwrap();
        };
        let (first, ()) = join(first, second).await;
        assert_eq!(first.unwrap_err().to_string(), "no servers");
        let after = lookups.addresses("dead.example").await.unwrap_err();
        assert_eq!(after.to_string(), "its last look-up had no answer in time");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        tell.send(Ok(home())).unwrap();
        assert_eq!(lookups.addresses("b.example").await.unwrap(), home(), "others are looked up");
    }

    #[tokio::test]
    async fn a_name_that_hung_is_looked_up_again_after_a_while() {
        let (mut lookups, tell, _) = slow();
        (lookups.hangs_after, lookups.remembered) = (Duration::ZERO, Duration::ZERO);
        tell.send(Err(io::Error::other("no servers"))).unwrap();
        lookups.addresses("slow.example").await.unwrap_err();
        tell.send(Ok(home())).unwrap();
        assert_eq!(lookups.addresses("slow.example").await.unwrap(), home());
    }
}
