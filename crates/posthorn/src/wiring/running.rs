//! A running server: the engine's runner and the HTTP listener, each a task that is joined here.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use posthorn_core::secret::Secret;
use posthorn_engine::Engine;
use posthorn_server::{App, Hosts, NATIVE, Root, Serving};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::{Wired, WiringError, reachable, wire};
use crate::config::Config;

/// A server at work, until it is stopped.
pub(crate) struct Running {
    /// The engine's handle.
    pub(crate) engine: Engine,
    /// Where the API listens.
    pub(crate) address: SocketAddr,
    /// Whose API is at the root.
    platform: Option<Root>,
    /// The admin key, when this start made one.
    pub(crate) admin_key: Option<Secret>,
    stop: oneshot::Sender<()>,
    tasks: JoinSet<Part>,
}

/// Which part of a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Listener,
    Runner,
}

/// A part of the server ended although nobody asked it to.
#[derive(Debug, thiserror::Error)]
#[error("the server's {part} ended by itself; this is a fault in posthorn, see the log")]
pub(crate) struct Ended {
    part: &'static str,
}

/// A server that has its address and has opened everything, but answers nobody yet.
pub(crate) struct Prepared {
    wired: Wired,
    listener: TcpListener,
    address: SocketAddr,
    grace: Duration,
    root: Option<Root>,
    trusted_proxies: Vec<IpNet>,
    hosts: Hosts,
}

impl Prepared {
    /// Takes the address and opens everything.
    pub(crate) async fn new(config: &Config) -> Result<Self, WiringError> {
        let root = config.contract.as_deref().map(Root::of).transpose()?;
        let hosts = Hosts::new(config.hosts.test.clone(), config.hosts.live.clone())?;
        let listener = listen(config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|source| WiringError::Listen { address: config.listen, source })?;
        let wired = wire(config, address).await?;
        let (grace, proxies) = (config.grace.unsigned_abs(), config.trusted_proxies.clone());
        Ok(Self { wired, listener, address, grace, root, trusted_proxies: proxies, hosts })
    }

    /// The engine's handle.
    pub(crate) fn engine(&self) -> &Engine {
        &self.wired.engine
    }

    /// Sets to work: from here on it answers.
    pub(crate) fn run(self) -> Running {
        let Self { wired, listener, address, grace, root, trusted_proxies, hosts } = self;
        let Wired { engine, runner, registry, admin_key } = wired;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            runner.run().await;
            Part::Runner
        });
        let app = App::new(engine.clone(), registry, env!("CARGO_PKG_VERSION"));
        let app = app.behind(trusted_proxies).bound(hosts);
        let serving = Serving { grace, root, ..Serving::default() };
        let (stop, stopped) = oneshot::channel::<()>();
        tasks.spawn(async move {
            let stopped = async move { drop(stopped.await) };
            posthorn_server::serve(listener, app, serving, stopped).await;
            Part::Listener
        });
        Running { engine, address, platform: root, admin_key, stop, tasks }
    }
}

impl Running {
    /// Listens, opens everything and sets to work.
    pub(crate) async fn start(config: &Config) -> Result<Self, WiringError> {
        Ok(Prepared::new(config).await?.run())
    }

    /// Where the native API is, as a URL.
    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.root(), if self.platform.is_some() { NATIVE } else { "" })
    }

    /// Where a contract's own API is, as a URL: what its guide's programs are given as their base. `None` where its
    /// guide prints none.
    pub(crate) fn platform_url(&self, contract: &str) -> Option<String> {
        let facade = Root::of(contract).ok()?;
        let at_root = self.platform == Some(facade);
        let root = self.root();
        Some(if at_root { root } else { format!("{root}/{contract}") })
    }

    fn root(&self) -> String {
        format!("http://{}", reachable(self.address))
    }

    /// Ready when a part ends by itself, which is a fault.
    pub(crate) async fn fails(&mut self) -> Ended {
        let ended = self.tasks.join_next().await;
        let part = match ended {
            Some(Ok(Part::Listener)) => "listener",
            Some(Ok(Part::Runner)) => "runner",
            Some(Err(_)) | None => "task",
        };
        Ended { part }
    }

    /// Takes no more requests, finishes or gives back what is under way, ends.
    pub(crate) async fn stop(mut self) {
        let _ended_by_itself = self.stop.send(());
        self.engine.stop();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a part of the server broke while stopping");
            }
        }
        // What was answered while the runner stopped.
        self.engine.write_history().await;
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, WiringError> {
    TcpListener::bind(address).await.map_err(|source| {
        if source.kind() == std::io::ErrorKind::AddrInUse {
            WiringError::PortInUse { address }
        } else {
            WiringError::Listen { address, source }
        }
    })
}
