//! From settings to a running server: opens the data directory, the keys, the database and the
//! network, and joins them into an engine.

mod commits;
pub(crate) mod contracts;
mod keys;
pub(crate) mod master_key;
mod running;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use posthorn_core::secret::{Fingerprint, Secret};
use posthorn_engine::clock::RealClock;
use posthorn_engine::entropy::Entropy;
use posthorn_engine::guard::Guard;
use posthorn_engine::http::{
    BadEgress, BadPem, BadRoot, Egress, HttpSettings, HttpTransport, Root, roots_from_pem,
};
use posthorn_engine::metrics::ByBound;
use posthorn_engine::postgres_tls::postgres_tls;
use posthorn_engine::{Engine, EngineError, Options, Parts, Runner};
use posthorn_server::{BoundTwice, NoFacade};
use posthorn_store::Store;
use posthorn_store::postgres::{self, Postgres};
use posthorn_store::sqlite::{self, OpenError, Sqlite};
use prometheus_client::registry::Registry;

use crate::config::{self, Config, Pooler, TooShort};
use contracts::ContractsError;
pub(crate) use keys::keyring;
use master_key::KeyFileError;
pub(crate) use running::{Prepared, Running};

/// Characters of an admin key that an operator presets, at least; a sandbox takes any.
const ADMIN_KEY_CHARS_MIN: usize = 16;

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WiringError {
    /// Another program listens there.
    #[error("{address} is in use by another program; stop it, or listen elsewhere with `--listen`")]
    PortInUse {
        /// Where.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another address with `--listen`")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The preset admin key is easy to guess.
    #[error(
        "`admin_key` has {chars} characters; outside of a sandbox it needs at least \
         {ADMIN_KEY_CHARS_MIN}: preset a longer one, or leave it out to have one made"
    )]
    WeakAdminKey {
        /// How many it has.
        chars: usize,
    },
    /// The data directory cannot be made.
    #[error("cannot make the data directory {}: {source}; choose another with `--data`", path.display())]
    Directory {
        /// The data directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The PostgreSQL database cannot be opened.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
    /// The master key cannot be read.
    #[error(transparent)]
    MasterKey(#[from] KeyFileError),
    /// There is no master key, but there are secrets that one sealed.
    #[error(
        "{} is missing, and secrets in the database were sealed with it; restore it from your copy \
         (or set `master_key`)",
        path.display()
    )]
    MasterKeyLost {
        /// The key file.
        path: PathBuf,
    },
    /// The other servers have another master key.
    #[error(
        "the servers of this database have master key {theirs}, and this one has {ours}; copy \
         `master.key` from one of them to {} (mode 0600), or set `master_key` to theirs",
        path.display()
    )]
    OtherMasterKey {
        /// The one of this server.
        ours: Fingerprint,
        /// The one of the database.
        theirs: Fingerprint,
        /// Where the key file is.
        path: PathBuf,
    },
    /// The other servers have a master key, and this one has none.
    #[error(
        "the servers of this database have master key {theirs}, and this one has none; copy \
         `master.key` from one of them to {} (mode 0600), or set `master_key` to theirs",
        path.display()
    )]
    NoMasterKey {
        /// The one of the database.
        theirs: Fingerprint,
        /// Where the key file should be.
        path: PathBuf,
    },
    /// There is no such API to put at the root.
    #[error("`--contract`: {0}")]
    Facade(#[from] NoFacade),
    /// A host name is bound to both modes.
    #[error(transparent)]
    Hosts(#[from] BoundTwice),
    /// The contracts cannot be read.
    #[error(transparent)]
    Contracts(#[from] ContractsError),
    /// Events would be forgotten while they may still be tried.
    #[error(transparent)]
    Retention(#[from] TooShort),
    /// The extra certificate authorities cannot be read.
    #[error("cannot read `extra_ca` {}: {source}", path.display())]
    ExtraCa {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The extra certificate authorities are none.
    #[error("`extra_ca` {}: {source}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: BadPem,
    },
    /// Deliveries cannot leave from there.
    #[error("`egress.addresses`: {0}")]
    Egress(#[from] BadEgress),
    /// An extra certificate authority cannot be trusted.
    #[error(transparent)]
    Root(#[from] BadRoot),
    /// The engine could not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A server's engine, ready to run.
pub(crate) struct Wired {
    /// The handle.
    pub(crate) engine: Engine,
    /// The future that does the work.
    pub(crate) runner: Runner,
    /// What `/metrics` prints.
    pub(crate) registry: Registry,
    /// The admin key, when this start made one.
    pub(crate) admin_key: Option<Secret>,
}

/// Opens everything that the settings name.
pub(crate) async fn wire(config: &Config, listens: SocketAddr) -> Result<Wired, WiringError> {
    check_admin_key(config)?;
    let unmade = |source| WiringError::Directory { path: config.data.clone(), source };
    sqlite::make_directory(&config.data).map_err(unmade)?;
    let contracts = contracts::all(config.contracts.as_deref())?;
    config.retention.check(&contracts)?;
    let guard = Guard::new(config.allow_cidrs.clone(), config.allow_http);
    let transport = transport(&guard, config)?;
    // The database first: its lock keeps two first starts from making two master keys.
    let database = Database::open(config)?;
    let store = database.store();
    let entropy = Arc::new(Entropy::system());
    let master = keys::master_keys(config, &*store, &entropy).await?;
    let mut registry = Registry::default();
    database.count_commits(&mut registry);
    let parts = Parts {
        store,
        clock: Arc::new(RealClock::new()),
        entropy,
        transport: Arc::new(transport),
        guard: Arc::new(guard),
        contracts,
        master,
        admin_key: config.admin_key.as_ref().map(|key| Secret::new(key.expose().to_owned())),
        options: options(config, listens),
    };
    let (engine, runner, admin_key) = Engine::start(parts, &mut registry).await?;
    database.count_bounds(&engine);
    Ok(Wired { engine, runner, registry, admin_key })
}

/// An address that can be connected to from this machine.
pub(crate) fn reachable(listens: SocketAddr) -> SocketAddr {
    if listens.ip().is_unspecified() {
        return SocketAddr::from(([127, 0, 0, 1], listens.port()));
    }
    listens
}

/// The database that the settings name.
pub(crate) enum Database {
    /// The one in the data directory.
    Embedded(Arc<Sqlite>),
    /// One that servers share.
    Postgres(Arc<Postgres>),
}

impl Database {
    /// Opens it, and brings it up to date.
    pub(crate) fn open(config: &Config) -> Result<Self, WiringError> {
        Ok(match &config.database {
            None => Self::Embedded(Arc::new(open_store(&config.data)?)),
            Some(url) => {
                let options = postgres_options(config, url)?;
                Self::Postgres(Arc::new(Postgres::open(&options)?))
            }
        })
    }

    /// Its verbs.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Embedded(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    fn count_commits(&self, registry: &mut Registry) {
        match self {
            Self::Embedded(store) => {
                registry.register_collector(Box::new(commits::CommitSizes(Arc::clone(store))));
            }
            Self::Postgres(_) => {}
        }
    }

    /// The database's bounds count where the engine's do, from zero on.
    fn count_bounds(&self, engine: &Engine) {
        let reached = engine.bounds_reached();
        let bounds = match self {
            Self::Embedded(_) => sqlite::BOUNDS.as_slice(),
            Self::Postgres(_) => postgres::BOUNDS.as_slice(),
        };
        for bound in bounds {
            drop(reached.get_or_create(&ByBound { bound }));
        }
        let met = move |bound| {
            reached.get_or_create(&ByBound { bound }).inc();
        };
        match self {
            Self::Embedded(store) => store.tell_bounds(met),
            Self::Postgres(store) => store.tell_bounds(met),
        }
    }
}

/// How to reach a PostgreSQL, and how much of it to use.
pub(crate) fn postgres_options(
    config: &Config,
    url: &Secret,
) -> Result<postgres::Options, WiringError> {
    let tls = postgres_tls(&extra_roots(config)?)?;
    let settings = &config.postgres;
    let connections = usize::try_from(settings.connections).unwrap_or(usize::MAX);
    Ok(postgres::Options {
        connections,
        part_days: postgres::width(config.retention.days()),
        write_within: settings.write_timeout.unsigned_abs(),
        read_within: settings.read_timeout.unsigned_abs(),
        pooler: match settings.pooler {
            Pooler::None => postgres::Pooler::None,
            Pooler::Transaction => postgres::Pooler::Transaction,
        },
        direct: settings.direct.as_ref().map(|url| url.expose().to_owned()),
        tls: Some(tls),
        ..postgres::Options::new(url.expose())
    })
}

/// A server that others can reach needs an admin key that nobody guesses.
fn check_admin_key(config: &Config) -> Result<(), WiringError> {
    let chars = config.admin_key.as_ref().map(|key| key.expose().chars().count());
    match chars {
        Some(chars) if chars < ADMIN_KEY_CHARS_MIN && !config.sandbox => {
            Err(WiringError::WeakAdminKey { chars })
        }
        Some(_) | None => Ok(()),
    }
}

/// Opens the embedded database.
fn open_store(data: &Path) -> Result<Sqlite, OpenError> {
    Sqlite::open(data, &sqlite::Options::default())
}

fn transport(guard: &Guard, config: &Config) -> Result<HttpTransport, WiringError> {
    let extra_roots = extra_roots(config)?;
    let egress = Egress::new(config.egress.addresses.clone())?;
    let settings = HttpSettings { extra_roots, egress, ..HttpSettings::new(guard.clone()) };
    Ok(HttpTransport::new(settings)?)
}

/// The certificate authorities that are trusted beside Mozilla's.
fn extra_roots(config: &Config) -> Result<Vec<Root>, WiringError> {
    let Some(path) = config.extra_ca.clone() else { return Ok(Vec::new()) };
    let pem = std::fs::read(&path)
        .map_err(|source| WiringError::ExtraCa { path: path.clone(), source })?;
    roots_from_pem(&pem).map_err(|source| WiringError::Pem { path, source })
}

fn options(config: &Config, listens: SocketAddr) -> Options {
    Options {
        sandbox: config.sandbox,
        in_flight_max: config.limits.in_flight_max,
        merchant_in_flight_max: config.limits.merchant_in_flight_max,
        drain_per_second: config.limits.drain_per_second,
        grace: config.grace.unsigned_abs(),
        retention: config.retention.0,
        requests: Some(config.request_retention).filter(jiff::SignedDuration::is_positive),
        public_url: public_url(config, listens),
        egress: announced(&config.egress),
        ..Options::default()
    }
}

/// The addresses that receivers see.
fn announced(egress: &config::Egress) -> Vec<IpAddr> {
    let all = if egress.announced.is_empty() { &egress.addresses } else { &egress.announced };
    all.clone()
}

/// Where payers reach this server, as far as that is known. A sandbox that only its own machine reaches is looked at from there;
/// who reaches any other knows where it is asked, and is told that.
fn public_url(config: &Config, listens: SocketAddr) -> Option<String> {
    let local = config.sandbox && listens.ip().to_canonical().is_loopback();
    let configured = config.public_url.as_ref().map(|url| url.0.clone());
    configured.or_else(|| local.then(|| format!("http://{listens}")))
}

#[cfg(test)]
mod tests {
    use confique::Config as _;

    use super::*;

    #[test]
    fn only_a_sandbox_that_nobody_else_reaches_takes_its_own_address_for_links() {
        let of = |config: &Config, listens: &str| public_url(config, listens.parse().unwrap());
        let mut config = Config::builder().load().unwrap();
        assert_eq!(of(&config, "127.0.0.1:80"), None, "no sandbox");
        config.sandbox = true;
        assert_eq!(of(&config, "127.0.0.1:8080").as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(of(&config, "[::1]:8080").as_deref(), Some("http://[::1]:8080"));
        for public in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080"] {
            assert_eq!(of(&config, public), None, "{public}");
        }
        config.public_url = Some("https://pay.example".to_owned().try_into().unwrap());
        assert_eq!(of(&config, "0.0.0.0:80").as_deref(), Some("https://pay.example"));
    }
}
