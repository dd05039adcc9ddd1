//! Who calls TechCorp's API: a merchant of its contract, by one of its keys; or a page of its, by the key that may stand there.

use axum::extract::FromRequestParts;
use http::request::Parts;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;

use super::CONTRACT;
use crate::app::App;
use crate::auth::{AsMerchant, page_caller};
use crate::facade::admission::{admit, known};
use crate::problem::Problem;

/// A merchant of TechCorp's contract, by `Authorization: Bearer …`.
pub(super) struct Client(pub(super) AsMerchant);

impl FromRequestParts<App> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let merchant = AsMerchant::from_request_parts(parts, app).await?;
        admit(app, parts, merchant.caller, CONTRACT).await?;
        Ok(Self(merchant))
    }
}

/// A payer's browser, by its merchant's publishable key; or that merchant itself. What strangers do with a key that everybody
/// reads does not count as the merchant's own requests: they could use them up.
pub(super) struct Page(pub(super) (MerchantId, Mode));

impl FromRequestParts<App> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = page_caller(parts, app).await?;
        Ok(Self(known(app, caller, CONTRACT).await?))
    }
}
