//! Rotating the master key: every sealed value is opened with the key that sealed it, and sealed
//! anew with the current one. It may stop at any point and be run again.

use posthorn_core::secret::MasterKeys;
use posthorn_store::{SealedAt, SealedRow, Store};

use crate::entropy::Entropy;
use crate::error::EngineError;
use crate::keyring::Place;

/// Values that are sealed anew in one transaction.
const AT_ONCE: u32 = 500;

/// Seals everything with the current key that is sealed with another; answers how much that was.
/// `progress` is told the count after each transaction.
pub async fn reseal(
    store: &dyn Store,
    keys: &MasterKeys,
    entropy: &Entropy,
    mut progress: impl FnMut(u64),
) -> Result<u64, EngineError> {
    let mut done = 0;
    loop {
        let rows = store.sealed_otherwise(keys.current(), AT_ONCE).await?;
        if rows.is_empty() {
            return Ok(done);
        }
        let count = rows.len() as u64;
        let fresh: Result<Vec<SealedRow>, EngineError> =
            rows.iter().map(|row| seal_anew(row, keys, entropy)).collect();
        store.reseal(fresh?).await?;
        done += count;
        progress(done);
    }
}

fn seal_anew(
    row: &SealedRow,
    keys: &MasterKeys,
    entropy: &Entropy,
) -> Result<SealedRow, EngineError> {
    let place = match row.at {
        SealedAt::MerchantTest(_) | SealedAt::MerchantLive(_) => Place::Merchant,
        SealedAt::Endpoint(_) => Place::Endpoint,
        SealedAt::Key(_) => Place::Key,
    };
    let secret = keys
        .open(&row.sealed, place.context())
        .map_err(|error| EngineError::Broken { what: format!("{:?}: {error}", row.at) })?;
    let sealed = keys.seal(secret.expose(), place.context(), entropy.nonce());
    Ok(SealedRow { sealed, ..*row })
}
