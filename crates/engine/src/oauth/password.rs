//! Passwords, as argon2id keeps them: slow on purpose, a few at a time, off the threads that serve requests.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use posthorn_core::secret::{Secret, constant_time_eq};
use tokio::sync::Semaphore;

/// How a password was hashed stands in front of its hash. The one way so far: argon2id, 19 MiB, two passes, one lane (OWASP's).
const WAY: u8 = 1;
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// Hashes that are worked on at once, at most: each takes 19 MiB and a processor.
const AT_ONCE_MAX: usize = 2;

/// Whoever hashes and compares passwords.
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }
}

/// It could not be hashed: this machine has not enough memory.
#[derive(Debug)]
pub(crate) struct NotHashed;

impl Passwords {
    /// A password as it is kept: way, salt, hash.
    pub(crate) async fn hash(
        &self,
        pepper: &[u8],
        password: Secret,
        salt: [u8; SALT_BYTES],
    ) -> Result<Vec<u8>, NotHashed> {
        let hash = self.work(pepper.to_vec(), password, salt).await?;
        Ok([&[WAY], salt.as_slice(), &hash].concat())
    }

    /// Whether it is the password that is kept so. Nobody's password takes as long to be wrong.
    pub(crate) async fn is(
        &self,
        pepper: &[u8],
        password: Secret,
        kept: Option<&[u8]>,
    ) -> Result<bool, NotHashed> {
        let parts = kept.and_then(parts);
        let (salt, expected) = parts.unwrap_or(([0; SALT_BYTES], &[]));
        let hash = self.work(pepper.to_vec(), password, salt).await?;
        Ok(constant_time_eq(&hash, expected))
    }

    async fn work(
        &self,
        pepper: Vec<u8>,
        password: Secret,
        salt: [u8; SALT_BYTES],
    ) -> Result<[u8; HASH_BYTES], NotHashed> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| NotHashed)?;
        let work = tokio::task::spawn_blocking(move || {
            let _place = place;
            hash(&pepper, password.expose().as_bytes(), &salt)
        });
        work.await.map_err(|_| NotHashed)?
    }
}

fn hash(
    pepper: &[u8],
    password: &[u8],
    salt: &[u8; SALT_BYTES],
) -> Result<[u8; HASH_BYTES], NotHashed> {
    let mut hash = [0; HASH_BYTES];
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).map_err(|_| NotHashed)?;
    let argon = Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params);
    let argon = argon.map_err(|_| NotHashed)?;
    argon.hash_password_into(password, salt, &mut hash).map_err(|_| NotHashed)?;
    Ok(hash)
}

fn parts(kept: &[u8]) -> Option<([u8; SALT_BYTES], &[u8])> {
    let (way, rest) = kept.split_first()?;
    let (salt, hash) = rest.split_first_chunk()?;
    (*way == WAY && hash.len() == HASH_BYTES).then_some((*salt, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other_is() {
        let passwords = Passwords::default();
        let secret = |text: &str| Secret::new(text.to_owned());
        let kept = passwords.hash(b"pepper", secret("dez letras"), [7; 16]).await.unwrap();
        let is = async |pepper: &[u8], text: &str, kept: Option<&[u8]>| {
            passwords.is(pepper, secret(text), kept).await.unwrap()
        };
        assert!(is(b"pepper", "dez letras", Some(&kept)).await);
        assert!(!is(b"pepper", "dez letraz", Some(&kept)).await);
        assert!(!is(b"other", "dez letras", Some(&kept)).await, "another deployment's pepper");
        assert!(!is(b"pepper", "dez letras", None).await && !is(b"pepper", "", Some(&[])).await);
        let again = passwords.hash(b"pepper", secret("dez letras"), [8; 16]).await.unwrap();
        assert_ne!(kept, again, "two users with one password do not show it");
    }
}
