//! Who calls TechCorp's API: a merchant of its contract, by one of its keys.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::CONTRACT;
use crate::app::App;
use crate::auth::AsMerchant;
use crate::facade::admission::admit;
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
