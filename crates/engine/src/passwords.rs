//! Passwords, as argon2id keeps them: slow on purpose, a few at a time, off the threads that serve requests.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use posthorn_core::event::Mode;
use posthorn_core::secret::{Secret, keyed_hash};
use tokio::sync::Semaphore;

use crate::error::EngineError;

/// How a password was hashed stands in front of its hash. The one way so far: argon2id, 19 MiB, two passes, one lane (OWASP's).
const WAY: u8 = 1;
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// Hashes that are worked on at once, at most: each takes 19 MiB and a processor.
const AT_ONCE_MAX: usize = 2;
/// Hashes that are worked on or waited for, at most, by strangers and by merchants apart: a second's work or two. Whoever comes then
/// is sent away, since it would wait in vain.
const WAITING_MAX: usize = 32;
/// After how many seconds.
const BUSY_RETRY_S: u32 = 2;

/// Who has a password hashed. Strangers never take the place of a merchant who registers its users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// A merchant, with a key.
    Merchant,
    /// Whoever asks to be let in.
    Stranger,
}

/// Whoever hashes passwords.
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
    merchants: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let of = |permits| Arc::new(Semaphore::new(permits));
        let (places, merchants) = (of(AT_ONCE_MAX), of(WAITING_MAX));
        Self { places, merchants, strangers: of(WAITING_MAX) }
    }
}

/// Why one was not hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotHashed {
    /// Too many wait.
    Busy,
    /// This machine has not enough memory.
    Failed,
}

impl From<NotHashed> for EngineError {
    fn from(why: NotHashed) -> Self {
        match why {
            NotHashed::Busy => Self::Busy { retry_after_s: BUSY_RETRY_S },
            NotHashed::Failed => Self::Broken { what: "a password could not be hashed".into() },
        }
    }
}

/// The salt of a user's password: of its address, so that one hash says to which of the users who share that address a password
/// belongs, and whoever is nobody is as much work as whoever is somebody. Nobody can reckon it without the pepper.
pub(crate) fn salt(pepper: &[u8], mode: Mode, email: &str) -> [u8; SALT_BYTES] {
    let hash = keyed_hash(pepper, &format!("salt {} {email}", mode.name()));
    hash.first_chunk().copied().unwrap_or_default()
}

impl Passwords {
    /// A password as it is kept: way, salt, hash.
    pub(crate) async fn hash(
        &self,
        who: For,
        pepper: &[u8],
        (password, salt): (Secret, [u8; SALT_BYTES]),
    ) -> Result<Vec<u8>, NotHashed> {
        let waiting = match who {
            For::Merchant => &self.merchants,
            For::Stranger => &self.strangers,
        };
        let _waits = waiting.try_acquire().map_err(|_| NotHashed::Busy)?;
        let place =
            Arc::clone(&self.places).acquire_owned().await.map_err(|_| NotHashed::Failed)?;
        let pepper = pepper.to_vec();
        let work = tokio::task::spawn_blocking(move || {
            let _place = place;
            hash(&pepper, password.expose().as_bytes(), &salt)
        });
        let hash = work.await.map_err(|_| NotHashed::Failed)??;
        Ok([&[WAY], salt.as_slice(), &hash].concat())
    }
}

fn hash(
    pepper: &[u8],
    password: &[u8],
    salt: &[u8; SALT_BYTES],
) -> Result<[u8; HASH_BYTES], NotHashed> {
    let mut hash = [0; HASH_BYTES];
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).map_err(|_| NotHashed::Failed)?;
    let argon = Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params);
    let argon = argon.map_err(|_| NotHashed::Failed)?;
    argon.hash_password_into(password, salt, &mut hash).map_err(|_| NotHashed::Failed)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_known_again_by_its_hash_and_no_other_is() {
        let passwords = Passwords::default();
        let of = async |pepper: &[u8], email: &str, text: &str| {
            let salt = salt(pepper, Mode::Test, email);
            passwords.hash(For::Stranger, pepper, (secret(text), salt)).await.unwrap()
        };
        let kept = of(b"pepper", "ana@a.example", "dez letras").await;
        assert_eq!(kept, of(b"pepper", "ana@a.example", "dez letras").await);
        assert_ne!(kept, of(b"pepper", "ana@a.example", "dez letraz").await);
        assert_ne!(kept, of(b"other", "ana@a.example", "dez letras").await, "another deployment's");
        let eva = of(b"pepper", "eva@a.example", "dez letras").await;
        assert_ne!(kept, eva, "two users with one password do not show it");
    }

    #[tokio::test]
    async fn beyond_a_few_dozen_nobody_waits_and_merchants_wait_apart() {
        let passwords = Passwords::default();
        let hash = |who| passwords.hash(who, b"pepper", (secret("dez letras"), [7; SALT_BYTES]));
        let strangers = join_all((0..WAITING_MAX + 8).map(|_| hash(For::Stranger)));
        let (done, merchant) = futures::join!(strangers, hash(For::Merchant));
        assert!(merchant.is_ok());
        let sent_away = done.iter().filter(|one| **one == Err(NotHashed::Busy)).count();
        assert_eq!((sent_away, done.len() - sent_away), (8, WAITING_MAX));
        assert!(hash(For::Stranger).await.is_ok(), "when they are done there is room again");
    }
}
