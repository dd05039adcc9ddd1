//! Where a payment's events go besides the merchant's endpoints: the `callback_url` that it was made with.
//!
//! Callbacks often carry an order's number in their URL, so they are no endpoints of their own. Each host that callbacks go to
//! has one endpoint, which is paced, paused and shown like any other; the event says which URL it is for.

use posthorn_core::endpoint::Settings;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::json::Style;
use posthorn_store::{NewEndpoint, NewSecret};

use crate::error::EngineError;
use crate::keyring::Place;
use crate::settings::refuse;
use crate::shared::Shared;

impl Shared {
    /// Checks a payment's callback and sees to it that its host has an endpoint.
    pub(super) async fn meet_callback(
        &self,
        (merchant, mode): (MerchantId, Mode),
        callback: &str,
    ) -> Result<(), EngineError> {
        let contract = self.contract_at(merchant)?;
        let url = match self.check_url(callback, mode, &contract) {
            Ok(url) => url,
            Err(EngineError::Setting { what, .. }) => return refuse("callback_url", what),
            Err(error) => return refuse("callback_url", error.to_string()),
        };
        let is_met = || {
            let entries = self.directory.endpoints(merchant, mode);
            entries.iter().any(|entry| entry.endpoint.settings.takes_callbacks_of(&url))
        };
        if is_met() {
            return Ok(());
        }
        let _door = self.callbacks.lock().await;
        // Whoever was at the door before may have made it.
        if is_met() {
            return Ok(());
        }
        let owner =
            self.directory.merchant(merchant).ok_or(EngineError::Missing { what: "merchant" })?;
        let secret = self.keyring.open(owner.webhook_secret(mode), Place::Merchant);
        let secret = secret.map_err(|error| EngineError::Broken { what: error.to_string() })?;
        let sealed = self.keyring.seal(secret.expose(), Place::Endpoint, &self.entropy);
        let created = self.clock.now();
        let since = self.directory.now(merchant, mode, created);
        let settings = Settings {
            url: origin(&url),
            events: Vec::new(),
            filter: None,
            description: Some("the callback_url of payments".to_owned()),
            headers: Vec::new(),
            contract: None,
            json: Style::default(),
            rate_limit: None,
            concurrency: None,
        };
        let secret = Some(NewSecret { sealed, created: since });
        let new = NewEndpoint { merchant, mode, settings, secret, created };
        let made = self.store.create_endpoint(new, None).await?;
        self.reload_endpoint(made.get()).await
    }
}

/// The root of a URL's host.
fn origin(url: &url::Url) -> url::Url {
    let mut origin = url.clone();
    origin.set_path("/");
    origin.set_query(None);
    origin.set_fragment(None);
    origin
}
