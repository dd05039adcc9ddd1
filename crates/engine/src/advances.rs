//! Whose sandbox clocks are being advanced.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use posthorn_core::id::MerchantId;

/// Held by the advance whose turn it is.
type Turn = tokio::sync::Mutex<()>;

/// One advance of a clock at a time, in the order of their coming.
#[derive(Default)]
pub(crate) struct Advances {
    turns: Mutex<HashMap<MerchantId, Arc<Turn>>>,
    /// Held while one is written down: it goes on from where those before it end.
    pub(crate) writing: Turn,
}

impl Advances {
    pub(crate) fn of(&self, merchant: MerchantId) -> Arc<Turn> {
        let mut all = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(merchant).or_default())
    }
}
