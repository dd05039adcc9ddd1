//! Chance, passed in: keys, secrets and nonces come from here and nowhere else.

use std::sync::Mutex;

use data_encoding::{BASE64, HEXLOWER};
use posthorn_core::event::Mode;
use posthorn_core::merchant::KeyKind;
use posthorn_core::secret::{NONCE_BYTES, Secret};
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng};

/// A source of random bytes: the system's, or a seed's in a simulation.
pub struct Entropy {
    rng: Mutex<StdRng>,
}

impl Entropy {
    /// Seeded by the operating system.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing could be kept secret then.
    #[must_use]
    pub fn system() -> Self {
        let rng = StdRng::try_from_rng(&mut SysRng).expect("the system gives random bytes");
        Self { rng: Mutex::new(rng) }
    }

    /// Always the same: for simulations only.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { rng: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// Random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }

    /// A nonce for one seal.
    #[must_use]
    pub fn nonce(&self) -> [u8; NONCE_BYTES] {
        self.bytes()
    }

    /// A new API key, e.g. `sk_test_3f…`, with 192 bits of chance.
    #[must_use]
    pub fn api_key(&self, kind: KeyKind, mode: Mode) -> Secret {
        Secret::new(format!("{}{}", kind.prefix(mode), HEXLOWER.encode(&self.bytes::<24>())))
    }

    /// A new admin key.
    #[must_use]
    pub fn admin_key(&self) -> Secret {
        Secret::new(format!("admin_{}", HEXLOWER.encode(&self.bytes::<24>())))
    }

    /// A new webhook secret: `whsec_` and 32 bytes in base64, as Standard Webhooks has it; for
    /// contracts that take the text itself as the key it is simply a text of 50 characters.
    #[must_use]
    pub fn webhook_secret(&self) -> Secret {
        Secret::new(format!("whsec_{}", BASE64.encode(&self.bytes::<32>())))
    }
}
