//! Every setting of a server: in a TOML file, in the environment, or as a flag; the flag wins, then
//! the environment, then the file, then the default.
//!
//! The doc comments here are the documentation: `posthorn config docs` prints them.

mod environment;
mod flags;
mod master_key;
mod postgres;
mod public_url;
mod retention;
mod secret;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use confique::meta::{FieldKind, Meta};
use confique::{Config as _, File, FileFormat, Layer as _};
use ipnet::IpNet;
use jiff::SignedDuration;
use posthorn_core::secret::Secret;
use posthorn_server::HostName;

pub(crate) use flags::Flags;
pub(crate) use master_key::{BadMasterKey, MasterKey};
pub(crate) use postgres::{Pooler, Postgres};
pub(crate) use public_url::PublicUrl;
pub(crate) use retention::{Retention, TooShort};

/// The settings of one server.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Config {
    /// Where the HTTP API listens: address and port. Port 0 takes a free one.
    /// Put a reverse proxy with TLS in front of it before you listen beyond this machine.
    #[config(env = "POSTHORN_LISTEN", default = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// The data directory: database, master key, lock. Created on first start with mode 0700.
    #[config(env = "POSTHORN_DATA", default = "./posthorn-data")]
    pub(crate) data: PathBuf,

    /// A `postgres://` URL instead of the embedded database: PostgreSQL 15 or newer. Its schema
    /// `posthorn` is made on first start. Any number of servers share it; all of them need the same
    /// master key and admin key. It may hold a password, so it is better given in the environment than
    /// as a flag, which other users can list; it is never logged. `sslmode` is as libpq has it, but certificates
    /// are checked against Mozilla's authorities and `extra_ca`: beyond a private network use
    /// `?sslmode=verify-full`.
    #[config(env = "POSTHORN_DATABASE", deserialize_with = secret::secret)]
    pub(crate) database: Option<Secret>,

    /// Sandbox: test mode may use http and loopback or private receivers, and one merchant per
    /// contract is created on first start, its test keys printed.
    #[config(env = "POSTHORN_SANDBOX", default = false)]
    pub(crate) sandbox: bool,

    /// A contract whose own API is served at the root, as its guide prints it
    /// (`http://host:3000/api/payments/create`); the native API is then below `/native`. Left out, the native API is at
    /// the root and each platform's below its contract's name (`/sentinelgate/api/…`).
    #[config(env = "POSTHORN_CONTRACT")]
    pub(crate) contract: Option<String>,

    /// Where payers reach this server, as in `https://pay.example.com`: what links to payments begin with.
    /// Left out, a sandbox that listens on a loopback address takes that. Anything else then knows of no address of its own: events
    /// carry no links, and the answers of platforms' APIs have links to where the request was sent (`Host`, `X-Forwarded-Host` of a trusted proxy, `X-Forwarded-Proto`).
    #[config(env = "POSTHORN_PUBLIC_URL")]
    pub(crate) public_url: Option<PublicUrl>,

    /// A directory with an operator's own contracts (`*.toml`), read after the six embedded ones;
    /// one with the same name takes the place of an embedded one.
    #[config(env = "POSTHORN_CONTRACTS")]
    pub(crate) contracts: Option<PathBuf>,

    /// The admin key: at least 16 characters, unless it is for a sandbox. Without it one is made and
    /// shown once on first start.
    #[config(
        env = "POSTHORN_ADMIN_KEY",
        deserialize_with = secret::secret,
        validate(!admin_key.expose().is_empty(), "admin_key is empty; leave it out to have one made")
    )]
    pub(crate) admin_key: Option<Secret>,

    /// The master key that seals secrets in the database: 32 bytes in hex or base64. Without it the
    /// file `master.key` in the data directory is used, which is made on first start.
    #[config(env = "POSTHORN_MASTER_KEY")]
    pub(crate) master_key: Option<MasterKey>,

    /// Master keys that sealed before, so that what they sealed still opens. In the environment:
    /// separated by commas.
    #[config(
        env = "POSTHORN_MASTER_KEYS_OLD",
        default = [],
        parse_env = confique::env::parse::list_by_comma
    )]
    pub(crate) master_keys_old: Vec<MasterKey>,

    /// Networks (CIDR) that deliveries may reach although they are not public, as in
    /// `["10.20.0.0/16"]`. A cloud metadata address opens only by an entry for that very address. In
    /// the environment: separated by commas.
    #[config(
        env = "POSTHORN_ALLOW_CIDRS",
        default = [],
        parse_env = confique::env::parse::list_by_comma
    )]
    pub(crate) allow_cidrs: Vec<IpNet>,

    /// Proxies (CIDR) in front of this server, as in `["10.0.0.0/8"]`: where a request comes from one of them, it counts as coming from the
    /// right-most address in `X-Forwarded-For` that is not one of them, and as sent to the last name in `X-Forwarded-Host`. Without it everybody behind a proxy is counted as one where
    /// calls are counted by address (tries at passwords). In the environment: separated by commas.
    #[config(
        env = "POSTHORN_TRUSTED_PROXIES",
        default = [],
        parse_env = confique::env::parse::list_by_comma
    )]
    pub(crate) trusted_proxies: Vec<IpNet>,

    /// Whether live endpoints may use plain http (where their contract does not insist on https).
    #[config(env = "POSTHORN_ALLOW_HTTP", default = false)]
    pub(crate) allow_http: bool,

    /// A PEM file of certificate authorities that are trusted beside Mozilla's: when
    /// delivering, and by a PostgreSQL whose URL asks for it (`sslmode=verify-full`, `verify-ca`).
    #[config(env = "POSTHORN_EXTRA_CA")]
    pub(crate) extra_ca: Option<PathBuf>,

    /// How long a stopping server waits for tries under way, e.g. `20s`; what is not finished by then
    /// is given back and sent again after the next start.
    #[config(
        env = "POSTHORN_GRACE",
        default = "20s",
        deserialize_with = posthorn_core::duration::text::deserialize
    )]
    pub(crate) grace: SignedDuration,

    /// How long events are kept, with their deliveries and attempts: `90d`, or `forever`. It must outlast
    /// the longest schedule of the contracts by five days. A merchant may have a longer time of its own,
    /// or a legal hold.
    #[config(env = "POSTHORN_RETENTION", default = "90d")]
    pub(crate) retention: Retention,

    /// How long calls of the API are kept in the request history, without secrets and card numbers: `7d`. `0s` keeps none.
    #[config(
        env = "POSTHORN_REQUEST_RETENTION",
        default = "7d",
        deserialize_with = posthorn_core::duration::text::deserialize
    )]
    pub(crate) request_retention: SignedDuration,

    /// Bounds. Reaching one makes work wait; nothing is dropped.
    #[config(nested)]
    pub(crate) limits: Limits,

    /// Host names that are bound to a mode, for a platform whose sandbox and production are two bases. Keys, tokens and applications of
    /// the other mode are refused there (403); a name in neither list takes both. A request's name is its `Host`, whatever the port.
    #[config(nested)]
    pub(crate) hosts: Hosts,

    /// Where deliveries come from.
    #[config(nested)]
    pub(crate) egress: Egress,

    /// How a PostgreSQL is used, where `database` names one.
    #[config(nested)]
    pub(crate) postgres: Postgres,

    /// What is logged, on standard error.
    #[config(nested)]
    pub(crate) log: Log,
}

/// Bounds. Reaching one makes work wait; nothing is dropped.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Limits {
    /// Tries under way at once, over all endpoints. Those that have not answered in time lately, or
    /// not yet, share half of it.
    #[config(
        env = "POSTHORN_IN_FLIGHT_MAX",
        default = 4096,
        validate(*in_flight_max >= 1, "limits.in_flight_max must be at least 1")
    )]
    pub(crate) in_flight_max: u32,

    /// Tries under way at once for one merchant.
    #[config(
        env = "POSTHORN_MERCHANT_IN_FLIGHT_MAX",
        default = 1024,
        validate(*merchant_in_flight_max >= 1, "limits.merchant_in_flight_max must be at least 1")
    )]
    pub(crate) merchant_in_flight_max: u32,

    /// Deliveries set going a second when an endpoint is enabled or recovered.
    #[config(
        env = "POSTHORN_DRAIN_PER_SECOND",
        default = 100,
        validate(*drain_per_second >= 1, "limits.drain_per_second must be at least 1")
    )]
    pub(crate) drain_per_second: u32,
}

/// Host names that are bound to a mode.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Hosts {
    /// Names for test mode alone, as in `["api.sandbox.example.com"]`. In the environment: separated by commas.
    #[config(
        env = "POSTHORN_HOSTS_TEST",
        default = [],
        parse_env = confique::env::parse::list_by_comma
    )]
    pub(crate) test: Vec<HostName>,

    /// Names for live mode alone, as in `["api.example.com"]`. In the environment: separated by commas.
    #[config(
        env = "POSTHORN_HOSTS_LIVE",
        default = [],
        parse_env = confique::env::parse::list_by_comma
    )]
    pub(crate) live: Vec<HostName>,
}

/// Where deliveries come from, for receivers that let only known addresses in. `GET /v1/webhooks/addresses` tells them.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Egress {
    /// Addresses of this machine that deliveries leave from, in turn, as in `["54.123.45.67"]`; left out: whichever the system
    /// takes. With IPv4 addresses alone no receiver is reached over IPv6. In the environment: separated by commas.
    #[config(
        env = "POSTHORN_EGRESS_ADDRESSES",
        default = [],
        parse_env = confique::env::parse::list_by_comma
    )]
    pub(crate) addresses: Vec<IpAddr>,

    /// What receivers see instead, where those addresses are translated (NAT) or other servers have others: all that are to
    /// be told. In the environment: separated by commas.
    #[config(
        env = "POSTHORN_EGRESS_ANNOUNCED",
        default = [],
        parse_env = confique::env::parse::list_by_comma
    )]
    pub(crate) announced: Vec<IpAddr>,
}

/// What is logged, on standard error.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Log {
    /// `text` for people, `json` for machines.
    #[config(env = "POSTHORN_LOG_FORMAT", default = "text")]
    pub(crate) format: LogFormat,

    /// `error`, `warn`, `info`, `debug` or `trace`; or by part, as in
    /// `info,posthorn_engine=debug`.
    #[config(env = "POSTHORN_LOG", default = "info")]
    pub(crate) level: String,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A value, or the file as a whole, cannot be read.
    #[error("{what}; `posthorn config docs` lists every key")]
    Unreadable {
        /// What is wrong, and where.
        what: String,
    },
}

type Layer = <Config as confique::Config>::Layer;

/// Reads the settings: flags, then environment, then file, then defaults.
pub(crate) fn load(flags: Flags) -> Result<Config, ConfigError> {
    let unreadable = |error: confique::Error| ConfigError::Unreadable { what: in_full(&error) };
    let file = match &flags.config {
        Some(path) => File::with_format(path, FileFormat::Toml).required().load::<Layer>(),
        None => Ok(Layer::empty()),
    };
    let file = file.map_err(unreadable)?;
    let given = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into(), value.to_string_lossy().into()));
    if let Some(what) = environment::mistaken(given) {
        return Err(ConfigError::Unreadable { what });
    }
    let env = Layer::from_env().map_err(unreadable)?;
    let layer = flags.into_layer().with_fallback(env).with_fallback(file);
    let config = Config::from_layer(layer.with_fallback(Layer::default_values()));
    let config = config.map_err(unreadable)?;
    Ok(config)
}

/// The settings of a server that lives for one demonstration: the defaults, whatever the environment
/// says, on a free port of this machine.
pub(crate) fn for_a_demo(data: PathBuf) -> Result<Config, ConfigError> {
    let mut layer = Layer::default_values();
    layer.listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    layer.data = Some(data);
    layer.sandbox = Some(true);
    Config::from_layer(layer).map_err(|error| ConfigError::Unreadable { what: in_full(&error) })
}

/// An error with everything that caused it, on one line.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = without_excerpt(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {}", without_excerpt(&error.to_string()));
        cause = error.source();
    }
    in_words(&text)
}

/// What the TOML parser says; of the line of the file that it quotes, which may hold a secret, the
/// setting's name alone.
fn without_excerpt(said: &str) -> String {
    let number = |c: char| c.is_ascii_digit() || c.is_whitespace();
    let told = said.trim_end().lines().filter_map(|line| {
        let Some(quoted) = line.trim_start_matches(number).strip_prefix('|') else {
            return Some(line.to_owned());
        };
        let (key, _) = quoted.split_once('=')?;
        is_setting(&Config::META, key.trim()).then(|| format!("`{}`", key.trim()))
    });
    told.collect::<Vec<_>>().join(": ")
}

fn is_setting(all: &Meta, name: &str) -> bool {
    all.fields.iter().any(|field| match field.kind {
        FieldKind::Leaf { .. } => field.name == name,
        FieldKind::Nested { meta } => is_setting(meta, name),
    })
}

/// The keys as they stand in a file, instead of the types that they are read into.
fn in_words(text: &str) -> String {
    let kinds = [
        ("Config::", ""),
        ("Limits::", "limits."),
        ("Hosts::", "hosts."),
        ("Egress::", "egress."),
        ("Postgres::", "postgres."),
        ("Log::", "log."),
    ];
    kinds.iter().fold(text.to_owned(), |text, (kind, section)| {
        let (typed, key) = (format!("failed to deserialize value `{kind}"), format!("`{section}"));
        let (field, text) =
            (format!("field `{kind}"), text.replace(&typed, &format!("cannot read {key}")));
        text.replace(&field, &key)
    })
}
