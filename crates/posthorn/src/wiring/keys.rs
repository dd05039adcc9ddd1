//! The master keys of a server: from the settings, from the key file, or made on a first start.

use std::path::Path;

use posthorn_core::secret::MasterKeys;
use posthorn_engine::entropy::Entropy;
use posthorn_engine::{EngineError, deployment_key, other_master_key};
use posthorn_store::Store;

use super::{WiringError, master_key};
use crate::config::{Config, MasterKey};

/// The master keys: those of the settings, else those of the data directory's file. A key is made
/// only where nothing is sealed yet and no other server has one; whether those given open what is there,
/// the engine checks.
pub(super) async fn master_keys(
    config: &Config,
    store: &dyn Store,
    entropy: &Entropy,
) -> Result<MasterKeys, WiringError> {
    let path = config.data.join(master_key::FILE);
    let given = match config.master_key {
        Some(key) => Some(vec![key]),
        None => master_key::read(&path)?,
    };
    let made = given.is_none();
    let mut keys = match given {
        Some(keys) => keys,
        None => first(store, &path, entropy).await?,
    };
    keys.extend(&config.master_keys_old);
    let keys = keyring(&keys);
    let Some(theirs) = other_master_key(store, &keys).await? else { return Ok(keys) };
    if made {
        // Another server was first by a moment. Nothing was sealed with this one, and it is in the way of
        // the right one.
        let _left_to_the_operator = std::fs::remove_file(&path);
    }
    Err(WiringError::OtherMasterKey { ours: keys.fingerprint(), theirs, path })
}

async fn first(
    store: &dyn Store,
    path: &Path,
    entropy: &Entropy,
) -> Result<Vec<MasterKey>, WiringError> {
    let path = || path.to_owned();
    if let Some(theirs) = deployment_key(store).await? {
        return Err(WiringError::NoMasterKey { theirs, path: path() });
    }
    let sealed = store.sealed_otherwise([0; 4], 1).await.map_err(EngineError::from)?;
    if !sealed.is_empty() {
        return Err(WiringError::MasterKeyLost { path: path() });
    }
    Ok(master_key::make(&path(), entropy)?)
}

/// Keys in the engine's form; the first seals.
pub(crate) fn keyring(keys: &[MasterKey]) -> MasterKeys {
    let (current, old) = keys.split_first().expect("a key file or a setting holds at least one");
    let old: Vec<_> = old.iter().map(|key| key.0).collect();
    MasterKeys::new(current.0, &old)
}
