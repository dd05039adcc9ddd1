//! The flags of a server: the keys that one wants to set by hand.

use std::net::SocketAddr;
use std::path::PathBuf;

use confique::Layer as _;
use posthorn_core::secret::Secret;

use super::Layer;

/// Flags that set config keys; every other key has a file and an environment form.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Flags {
    /// Where the HTTP API listens [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,

    /// The data directory [default: ./posthorn-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// A postgres:// URL instead of the embedded database
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,

    /// Test mode may use http and local receivers; merchants are made on first start
    #[arg(long)]
    pub(crate) sandbox: bool,

    /// A TOML file with settings (see `posthorn config docs`)
    #[arg(long, value_name = "FILE", env = "POSTHORN_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,

    /// Serve this contract's own API at the root, and the native one below /native
    #[arg(long, value_name = "NAME")]
    pub(crate) contract: Option<String>,

    /// A directory with your own contracts, read after the embedded ones
    #[arg(long, value_name = "DIR")]
    pub(crate) contracts: Option<PathBuf>,

    /// The admin key; better given as `POSTHORN_ADMIN_KEY`, which other users cannot list
    #[arg(long, value_name = "KEY")]
    pub(crate) admin_key: Option<String>,
}

impl Flags {
    /// The flags as the first layer of settings.
    pub(super) fn into_layer(self) -> Layer {
        let mut layer = Layer::empty();
        layer.listen = self.listen;
        layer.data = self.data;
        layer.database = self.database.map(Secret::new);
        layer.sandbox = self.sandbox.then_some(true);
        layer.contract = self.contract;
        layer.contracts = self.contracts;
        layer.admin_key = self.admin_key.map(Secret::new);
        layer
    }
}
