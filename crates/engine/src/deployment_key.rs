//! One master key for all servers of a database: the database keeps its fingerprint, never the key.

use posthorn_core::secret::{Fingerprint, MasterKeys};
use posthorn_store::Store;

use crate::error::EngineError;

/// Under which name the fingerprint is kept.
const NAME: &str = "master_key_fingerprint";

/// The fingerprint of the key that all servers of a database seal with; `None` before the first start, and
/// always where no other server can be.
pub async fn deployment_key(store: &dyn Store) -> Result<Option<Fingerprint>, EngineError> {
    if !store.is_shared() {
        return Ok(None);
    }
    store.value(NAME).await?.map(read).transpose()
}

/// Makes the current key that of the database where it has none yet; answers the one that stands, if it is
/// another.
pub async fn other_master_key(
    store: &dyn Store,
    keys: &MasterKeys,
) -> Result<Option<Fingerprint>, EngineError> {
    if !store.is_shared() {
        return Ok(None);
    }
    let ours = keys.fingerprint();
    let stands = if let Some(stands) = deployment_key(store).await? {
        stands
    } else {
        // What is sealed already, by whomever, must open: else it is not this key's to stand.
        check_seals(store, keys).await?;
        read(store.put_value(NAME, ours.0.to_vec(), false).await?)?
    };
    Ok((stands != ours).then_some(stands))
}

/// From now on the current key is the one that all servers need.
pub async fn set_deployment_key(store: &dyn Store, keys: &MasterKeys) -> Result<(), EngineError> {
    if store.is_shared() {
        store.put_value(NAME, keys.fingerprint().0.to_vec(), true).await?;
    }
    Ok(())
}

/// Whether a server may go on with these keys, once it has its place among the others: a rotation lets
/// nobody have one while it begins.
pub(crate) async fn check_master_key(
    store: &dyn Store,
    keys: &MasterKeys,
) -> Result<(), EngineError> {
    if let Some(other) = other_master_key(store, keys).await? {
        let what = format!("the servers of this database have another master key, {other}");
        return Err(EngineError::Broken { what });
    }
    check_seals(store, keys).await
}

/// Whatever is sealed must open, or deliveries could not be signed. Only what another key than the
/// current one sealed is read: nothing, unless a change of keys is under way.
pub async fn check_seals(store: &dyn Store, master: &MasterKeys) -> Result<(), EngineError> {
    for row in store.sealed_otherwise(master.current(), u32::MAX).await? {
        master.knows(row.sealed.key).map_err(|why| {
            let what = format!("the master key is not the one of this database: {why}");
            EngineError::Broken { what }
        })?;
    }
    Ok(())
}

fn read(kept: Vec<u8>) -> Result<Fingerprint, EngineError> {
    let what = || "the stored fingerprint of the master key is damaged".to_owned();
    kept.try_into().map(Fingerprint).map_err(|_| EngineError::Broken { what: what() })
}
