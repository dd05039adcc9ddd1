//! From a host name to addresses: the system's resolver, or a scripted one.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::Semaphore;

/// Lookups of the system's resolver that may run at once. Each blocks a thread, and one that
/// outlives its try's deadline keeps its place until the resolver gives up.
const LOOKUPS_MAX: usize = 64;
/// Addresses of one answer that are looked at; a longer answer is cut off here.
const ADDRESSES_MAX: usize = 64;

/// A scripted resolver: the host name, without a final dot, to its addresses.
pub type Script = dyn Fn(&str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync;

/// Where addresses come from. Nothing is cached: kept-alive connections make lookups rare, and a
/// moved receiver is found at once.
#[derive(Clone)]
pub enum Resolve {
    /// The operating system's resolver, hosts file included.
    System {
        /// Bounds the lookups that run at once.
        places: Arc<Semaphore>,
    },
    /// Answers given by a test.
    Scripted(Arc<Script>),
}

impl Resolve {
    /// The operating system's resolver.
    #[must_use]
    pub fn system() -> Self {
        Self::System { places: Arc::new(Semaphore::new(LOOKUPS_MAX)) }
    }

    /// The addresses of `name`, in the resolver's order of preference; not vetted.
    pub(super) async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let name = name.strip_suffix('.').unwrap_or(name);
        match self {
            Self::Scripted(script) => script(name).await,
            Self::System { places } => {
                let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
                let name = name.to_owned();
                let lookup = tokio::task::spawn_blocking(move || {
                    let found = (name.as_str(), 0).to_socket_addrs();
                    drop(place);
                    found.map(|all| all.map(|one| one.ip()).take(ADDRESSES_MAX).collect())
                });
                lookup.await.map_err(io::Error::other)?
            }
        }
    }
}

impl std::fmt::Debug for Resolve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System { .. } => "System",
            Self::Scripted(_) => "Scripted",
        })
    }
}
