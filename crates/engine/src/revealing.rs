//! Which secret a repeated request may see again: the one that this very request made, and no other.
//! A secret that its caller set is never shown.

use posthorn_core::endpoint::{Endpoint, EndpointSecret};
use posthorn_core::id::SecretId;
use posthorn_core::secret::Secret;

use crate::error::EngineError;
use crate::keyring::Place;
use crate::shared::Shared;

impl Shared {
    /// The secret that an endpoint was created with, as long as it never had another: a later one
    /// was shown to, or set by, somebody else's request.
    pub(crate) async fn first_secret(
        &self,
        endpoint: &Endpoint,
    ) -> Result<Option<Secret>, EngineError> {
        let ever = self.store.secrets(endpoint.id).await?;
        match ever.as_slice() {
            [only] => self.reveal(only).map(Some),
            [] | [_, _, ..] => Ok(None),
        }
    }

    /// The secret that a rotation made, as long as it is the current one.
    pub(crate) fn secret_if_current(
        &self,
        endpoint: &Endpoint,
        id: SecretId,
    ) -> Result<Option<Secret>, EngineError> {
        let current = endpoint.secrets.iter().find(|secret| secret.until.is_none());
        current.filter(|secret| secret.id == id).map(|secret| self.reveal(secret)).transpose()
    }

    fn reveal(&self, secret: &EndpointSecret) -> Result<Secret, EngineError> {
        let opened = self.keyring.open(&secret.sealed, Place::Endpoint);
        opened.map_err(|error| EngineError::Broken { what: error.to_string() })
    }
}
