//! How merchants' simulated providers are made to behave, so that a sandbox can show what happens when one does not answer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use posthorn_core::id::MerchantId;

/// How a merchant's simulated provider behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RailMood {
    /// As it should.
    #[default]
    Well,
    /// It does what it is asked, and its answers are lost.
    LosesAnswers,
    /// It cannot be reached: nothing that is asked arrives.
    Down,
}

/// The moods of all simulated providers, on this server and until it stops.
#[derive(Debug, Default)]
pub(crate) struct Moods(Mutex<HashMap<(MerchantId, String), RailMood>>);

impl Moods {
    pub(crate) fn of(&self, merchant: MerchantId, provider: &str) -> RailMood {
        let moods = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        moods.get(&(merchant, provider.to_owned())).copied().unwrap_or_default()
    }

    pub(crate) fn set(&self, merchant: MerchantId, provider: &str, mood: RailMood) {
        let mut moods = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        moods.insert((merchant, provider.to_owned()), mood);
    }
}
