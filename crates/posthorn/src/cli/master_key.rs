//! `posthorn master-key`: another key takes over sealing the secrets in the database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use posthorn_core::secret::MASTER_KEY_BYTES;
use posthorn_engine::entropy::Entropy;
use posthorn_engine::{deployment_key, reseal, set_deployment_key};
use posthorn_store::Store;

use super::out::{Ink, ink, say};
use crate::config::{self, Config, Flags, MasterKey};
use crate::wiring::{Database, keyring, master_key};

/// Rotate the key that seals secrets in the database
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Seal every secret anew with a new key; all servers must be stopped
    #[command(
        long_about = "Seal every secret in the database anew with a new master key. The server must be \
                      stopped; of those on one PostgreSQL all of them, and each gets the new key before it \
                      starts again. It may be interrupted at any point and run again: until it is done the \
                      key file holds both keys.\n\nWhere the key is a setting (POSTHORN_MASTER_KEY), set \
                      the new one there and the old one in POSTHORN_MASTER_KEYS_OLD, and run this \
                      without --new-key-file; the old one can be forgotten when it is done.",
        after_help = "Examples:\n  posthorn master-key rotate --data /var/lib/posthorn\n  \
                      posthorn master-key rotate --new-key-file /run/keys/new --data /var/lib/posthorn"
    )]
    Rotate {
        /// A file with the new key, in hex or base64, mode 0600 [default: one is made]
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,

        #[command(flatten)]
        flags: Box<Flags>,
    },
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let What::Rotate { new_key_file, flags } = args.what;
    let config = config::load(*flags)?;
    let in_settings = config.database.is_some() && config.master_key.is_some();
    ensure!(
        in_settings || config.data.is_dir(),
        "there is no data directory {}; `--data` names it",
        config.data.display()
    );
    // Held to the end: no server starts meanwhile.
    let database = Database::open(&config)?;
    let store = database.store();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entropy = Entropy::system();
    let file = config.data.join(master_key::FILE);
    runtime.block_on(may_rotate(&database, &config, &file))?;
    let keys = begin(&config, new_key_file.as_deref(), (&file, &entropy))?;
    let done = runtime.block_on(seal_anew(&*store, &keys, &entropy));
    let done = done.context("stopped half-way; run it again to go on")?;
    if config.master_key.is_none() {
        let current = keys.first().context("there is no key")?;
        master_key::write(&file, std::slice::from_ref(current))?;
    }
    say(format_args!("{}: {done} secrets are sealed with the new key", ink(Ink::Good, "done")));
    if store.is_shared() {
        say("give every server of this database the new key before you start it");
    }
    say("copy the new key to where you keep it apart from backups; old backups need the old key");
    Ok(())
}

/// Whether nobody is at work on a shared database, and the keys here are those of its servers.
async fn may_rotate(database: &Database, config: &Config, file: &Path) -> anyhow::Result<()> {
    let Database::Postgres(store) = database else { return Ok(()) };
    ensure!(
        store.keep_out().await?,
        "servers are at work on this database, or were a moment ago: stop all of them first; where a \
         pooler stands between, this needs `postgres.direct` too"
    );
    let Some(standing) = deployment_key(&**store).await? else { return Ok(()) };
    let mut known = match config.master_key {
        Some(key) => vec![key],
        None => master_key::read(file)?.unwrap_or_default(),
    };
    known.extend(&config.master_keys_old);
    ensure!(
        !known.is_empty() && keyring(&known).has(&standing),
        "the servers of this database have master key {standing}, which is not among those here; copy \
         `master.key` from one of them to {}, or add theirs to `master_keys_old`",
        file.display()
    );
    Ok(())
}

/// Every server needs the new key from here on; then everything is sealed with it, piece by piece.
async fn seal_anew(
    store: &dyn Store,
    keys: &[MasterKey],
    entropy: &Entropy,
) -> anyhow::Result<u64> {
    let bar = ProgressBar::new_spinner().with_style(
        ProgressStyle::with_template("{spinner} {pos} secrets sealed anew  {per_sec}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.enable_steady_tick(Duration::from_millis(100));
    let master = keyring(keys);
    set_deployment_key(store, &master).await?;
    let done = reseal(store, &master, entropy, |done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    Ok(done)
}

/// The keys for the work, the new one first; in the key file before anything is sealed with it.
fn begin(
    config: &Config,
    new_key_file: Option<&Path>,
    (file, entropy): (&Path, &Entropy),
) -> anyhow::Result<Vec<MasterKey>> {
    if let Some(key) = config.master_key {
        ensure!(
            new_key_file.is_none(),
            "the master key is a setting here: set the new key as `master_key` and the old one in \
             `master_keys_old`, and leave --new-key-file out"
        );
        return Ok([key].into_iter().chain(config.master_keys_old.iter().copied()).collect());
    }
    let Some(mut keys) = master_key::read(file)? else {
        bail!("there is no {}: nothing was ever sealed with it", file.display());
    };
    if keys.len() > 1 && new_key_file.is_none() {
        say("a rotation was interrupted; going on with it");
    } else {
        let new = match new_key_file {
            Some(path) => given(path)?,
            None => MasterKey(entropy.bytes::<MASTER_KEY_BYTES>()),
        };
        keys.retain(|key| *key != new);
        keys.insert(0, new);
        master_key::write(file, &keys)?;
    }
    keys.extend(&config.master_keys_old);
    Ok(keys)
}

fn given(path: &Path) -> anyhow::Result<MasterKey> {
    let keys = master_key::read(path)?;
    let keys = keys.with_context(|| {
        let path = path.display();
        format!("there is no {path}; `(umask 077; openssl rand -hex 32 > {path})` makes it")
    })?;
    match keys.as_slice() {
        [key] => Ok(*key),
        _ => bail!("{} holds {} keys; give exactly one", path.display(), keys.len()),
    }
}
