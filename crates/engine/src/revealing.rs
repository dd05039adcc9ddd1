//! Which secret a repeated request may see again: the one that this very request made, and no other.
//! A secret that its caller set is never shown.

use std::sync::Arc;

use posthorn_core::contract::Contract;
use posthorn_core::endpoint::{Endpoint, EndpointSecret};
use posthorn_core::id::{EndpointId, SecretId};
use posthorn_core::secret::Secret;

use crate::endpoints::Minted;
use crate::error::EngineError;
use crate::keyring::Place;
use crate::shared::Shared;

impl Shared {
    /// An endpoint as a repeated request gets it that had created it, whatever became of it since.
    /// `made`: whether its secret was made for it.
    pub(crate) async fn created_before(
        &self,
        id: EndpointId,
        made: bool,
    ) -> Result<Minted, EngineError> {
        let endpoint = self.on_record(id).await?;
        let secret = if made { self.first_secret(&endpoint).await? } else { None };
        Ok(Minted { endpoint: Arc::new(endpoint), secret, replayed: true })
    }

    /// The same about a request that had given it the secret `new`.
    pub(crate) async fn rotated_before(
        &self,
        id: EndpointId,
        new: SecretId,
        made: bool,
    ) -> Result<Minted, EngineError> {
        let endpoint = self.on_record(id).await?;
        let secret = if made { self.secret_if_current(&endpoint, new)? } else { None };
        Ok(Minted { endpoint: Arc::new(endpoint), secret, replayed: true })
    }

    async fn on_record(&self, id: EndpointId) -> Result<Endpoint, EngineError> {
        let found = self.store.endpoint_on_record(id).await?;
        found.map(|(endpoint, _)| endpoint).ok_or(EngineError::Missing { what: "endpoint" })
    }

    /// The secret that an endpoint was created with, as long as it never had another: a later one
    /// was shown to, or set by, somebody else's request.
    async fn first_secret(&self, endpoint: &Endpoint) -> Result<Option<Secret>, EngineError> {
        let ever = self.store.secrets(endpoint.id).await?;
        match ever.as_slice() {
            [only] => self.reveal(only).map(Some),
            [] | [_, _, ..] => Ok(None),
        }
    }

    /// The secret that a rotation made, as long as it is the current one.
    fn secret_if_current(
        &self,
        endpoint: &Endpoint,
        id: SecretId,
    ) -> Result<Option<Secret>, EngineError> {
        let current = endpoint.secrets.iter().find(|secret| secret.until.is_none());
        current.filter(|secret| secret.id == id).map(|secret| self.reveal(secret)).transpose()
    }

    /// A secret to follow an endpoint's current one: of the same scheme, so that receivers which hold a
    /// public key alone go on verifying. One that cannot be opened any more has no say.
    pub(crate) fn next_secret(&self, endpoint: &Endpoint, contract: &Contract) -> Secret {
        let current = endpoint.secrets.iter().find(|secret| secret.until.is_none());
        let current = current.and_then(|secret| self.reveal(secret).ok());
        let key = current.and_then(|current| contract.key(current.expose()).ok());
        let successor = key.and_then(|key| key.successor(self.entropy.bytes()));
        successor.unwrap_or_else(|| self.make_secret(contract))
    }

    fn reveal(&self, secret: &EndpointSecret) -> Result<Secret, EngineError> {
        let opened = self.keyring.open(&secret.sealed, Place::Endpoint);
        opened.map_err(|error| EngineError::Broken { what: error.to_string() })
    }
}
