//! Reading merchants and endpoints again, after they were changed in the database, here or elsewhere.

use std::time::Duration;

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::{EndpointId, MerchantId};
use posthorn_core::merchant::Merchant;
use posthorn_store::StoreError;

use crate::directory::Entry;
use crate::error::EngineError;
use crate::order::Order;
use crate::shared::Shared;

/// How long to leave a database alone that could not be read.
const RELOAD_PAUSE: Duration = Duration::from_millis(200);

impl Shared {
    /// A merchant's endpoint in a mode. Of one that another server made a moment ago nothing may have
    /// been heard yet.
    pub(crate) async fn owned(
        &self,
        merchant: MerchantId,
        mode: Mode,
        id: EndpointId,
    ) -> Result<Entry, EngineError> {
        let mut entry = self.directory.endpoint(id);
        if entry.is_none() && self.store.is_shared() {
            self.reload_endpoint(id).await?;
            entry = self.directory.endpoint(id);
        }
        entry
            .filter(|entry| entry.endpoint.merchant == merchant && entry.endpoint.mode == mode)
            .ok_or(EngineError::Missing { what: "endpoint" })
    }

    /// Reads an endpoint again after it was changed in the database. What was committed must become
    /// known: a database that cannot be read is asked again until it can, or is closed.
    pub(crate) async fn reload_endpoint(&self, id: EndpointId) -> Result<(), EngineError> {
        loop {
            let changes = self.directory.changes(id);
            match self.store.endpoint(id).await {
                Ok(Some(endpoint)) => {
                    if self.directory.put_endpoint(endpoint, changes) {
                        break;
                    }
                }
                Ok(None) => {
                    self.directory.remove_endpoint(id);
                    break;
                }
                // A row that makes no sense makes none a moment later.
                Err(error @ (StoreError::Closed | StoreError::Corrupt { .. })) => {
                    return Err(error.into());
                }
                Err(error) => {
                    tracing::error!(%error, endpoint.id = %id, "an endpoint cannot be read; asking again");
                    self.clock.sleep(RELOAD_PAUSE).await;
                }
            }
        }
        self.order(Order::Look(vec![id]));
        Ok(())
    }

    /// Reads a merchant again.
    pub(crate) async fn reload_merchant(&self, id: MerchantId) -> Result<Merchant, EngineError> {
        loop {
            let changes = self.directory.merchant_changes(id);
            let merchant = self.store.merchant(id).await?;
            let merchant = merchant.ok_or(EngineError::Missing { what: "merchant" })?;
            if self.directory.put_merchant(merchant.clone(), changes) {
                return Ok(merchant);
            }
        }
    }

    /// A merchant's time, as the database has it: another server may have advanced its clock a moment ago.
    pub(crate) async fn time_of(
        &self,
        merchant: MerchantId,
        mode: Mode,
    ) -> Result<Timestamp, EngineError> {
        self.hear_clock(merchant, mode).await?;
        Ok(self.directory.now(merchant, mode, self.clock.now()))
    }

    /// Reads how far a merchant's clock is ahead, where another server may have advanced it.
    pub(crate) async fn hear_clock(
        &self,
        merchant: MerchantId,
        mode: Mode,
    ) -> Result<(), EngineError> {
        if mode == Mode::Test && self.store.is_shared() {
            self.reload_merchant(merchant).await?;
        }
        Ok(())
    }

    /// Another server may have made a merchant of which nothing was heard yet.
    pub(crate) async fn meet_merchant(&self, id: MerchantId) -> Result<(), EngineError> {
        if self.store.is_shared() && self.directory.merchant(id).is_none() {
            self.reload_merchant(id).await?;
            let standing = self.store.directory().await?;
            let own = standing.endpoints.iter().filter(|endpoint| endpoint.merchant == id);
            for endpoint in own {
                self.reload_endpoint(endpoint.id).await?;
            }
        }
        Ok(())
    }
}
