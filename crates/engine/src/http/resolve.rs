//! From a host name to addresses: the system's resolver, or a scripted one.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::lookups::Lookups;

/// A scripted resolver: the host name, without a final dot, to its addresses.
pub type Script = dyn Fn(&str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync;

/// Where addresses come from. No address is cached: kept-alive connections make lookups rare, and a
/// moved receiver is found at once.
#[derive(Clone)]
pub enum Resolve {
    /// The operating system's resolver, hosts file included.
    System(Arc<Lookups>),
    /// Answers given by a test.
    Scripted(Arc<Script>),
}

impl Resolve {
    /// The operating system's resolver.
    #[must_use]
    pub fn system() -> Self {
        Self::System(Arc::new(Lookups::system()))
    }

    /// The addresses of `name`, in the resolver's order of preference; not vetted.
    pub(super) async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let name = name.strip_suffix('.').unwrap_or(name);
        match self {
            Self::Scripted(script) => script(name).await,
            Self::System(lookups) => lookups.addresses(name).await,
        }
    }
}

impl std::fmt::Debug for Resolve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System(_) => "System",
            Self::Scripted(_) => "Scripted",
        })
    }
}
