//! A test event to an address that is not saved: sent once, and what came back is the answer.

use axum::extract::State;
use posthorn_core::json::Style;
use posthorn_core::secret::Secret;
use posthorn_engine::{Trial, TrialTarget};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::attempts::{RequestOut, TriedOut};
use crate::answer::{Answer, Answered, Shown};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::decode::null_is_default;
use crate::time::Timestamp;

/// An address to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TrialIn {
    /// Where to send.
    #[schema(example = "https://example.com/webhooks")]
    url: String,
    /// A type of the contract's catalogue; its sample data is sent.
    #[serde(rename = "type")]
    #[schema(example = "payment.confirmed")]
    kind: String,
    /// The contract to speak, if not the merchant's.
    contract: Option<String>,
    /// The secret to sign with; one is made, and answered, when left out.
    secret: Option<String>,
    /// How to print the body: `js`, `python` or `php`.
    #[serde(default, deserialize_with = "null_is_default")]
    #[schema(value_type = Option<String>, example = "js")]
    json: Style,
}

/// What came of a trial.
#[derive(Serialize, ToSchema)]
#[schema(as = Trial)]
pub(super) struct TrialOut {
    /// When it was sent, in real time.
    at: Timestamp,
    /// What was sent.
    request: RequestOut,
    /// The secret that was made for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    secret: Option<Shown>,
    /// What came back.
    #[serde(flatten)]
    tried: TriedOut,
}

impl From<Trial> for TrialOut {
    fn from(trial: Trial) -> Self {
        Self {
            at: trial.at.into(),
            request: trial.sent.into(),
            secret: trial.secret.map(Shown),
            tried: trial.tried.into(),
        }
    }
}

/// Send a test event to an address that is not saved, once, and answer what came back.
///
/// Nothing is stored, so an `Idempotency-Key` changes nothing: each request sends once.
#[utoipa::path(post, path = "/v1/endpoints/test", tag = "endpoints", request_body = TrialIn,
    responses((status = 200, description = "What came back", body = TrialOut)))]
pub(super) async fn try_address(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent,
) -> Answered<TrialOut> {
    let wire: TrialIn = sent.decode()?;
    let target = TrialTarget {
        url: wire.url,
        contract: wire.contract,
        secret: wire.secret.map(Secret::new),
        json: wire.json,
    };
    let trial = app.engine().try_address(merchant.place(), target, &wire.kind).await?;
    Ok(Answer::ok(trial.into()))
}
