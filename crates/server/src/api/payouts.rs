//! Payouts: what a merchant has, sent to its bank or its telephone.

use axum::extract::State;
use posthorn_core::id::PayoutId;
use posthorn_core::money::{Asset, Money, Units};
use posthorn_core::payout::{Payout, Wish};
use posthorn_engine::PayoutDraft;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::payment_in::{metadata, readable, unfit};
use super::payment_out::RefusalOut;
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::problem::Problem;
use crate::time::Timestamp;

/// A payout to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PayoutIn<'a> {
    /// How much, in minor units (cents, drops): a whole number.
    #[serde(borrow)]
    #[schema(value_type = i64, example = 10000, minimum = 1)]
    amount: &'a RawValue,
    /// The currency.
    #[schema(example = "KES")]
    currency: String,
    /// Where to: a telephone, an account, a PIX key.
    #[schema(example = "254712345678")]
    destination: String,
    /// Through whom, in the contract's own word; its usual provider in this currency when left out.
    provider: Option<String>,
    /// What you call it. There is no second payout with the same reference.
    reference: Option<String>,
    /// What the recipient reads.
    description: Option<String>,
    /// Your own notes: a JSON object.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
    /// Where its events go besides your endpoints.
    callback_url: Option<String>,
}

impl PayoutIn<'_> {
    /// What the engine is asked for; `usual` says who sends payouts in an asset.
    fn draft(self, usual: impl FnOnce(Asset) -> Option<String>) -> Result<PayoutDraft, Problem> {
        let asset: Asset = self.currency.parse().map_err(|unknown| unfit("currency", unknown))?;
        let money = Money::parse(self.amount.get(), asset, Units::Minor)
            .map_err(|bad| unfit("amount", bad))?;
        readable("destination", Some(&self.destination))?;
        readable("reference", self.reference.as_deref())?;
        readable("description", self.description.as_deref())?;
        let nobody = || unfit("currency", format!("no provider of this contract sends {asset}"));
        let wish = Wish {
            destination: self.destination,
            provider: self.provider.or_else(|| usual(asset)).ok_or_else(nobody)?,
            reference: self.reference,
            description: self.description,
            metadata: metadata(self.metadata)?,
            callback: self.callback_url,
        };
        Ok(PayoutDraft { money, wish })
    }
}

/// A payout.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payout)]
pub(super) struct PayoutOut {
    /// Its id.
    #[schema(example = "po_3ab3f5n40000")]
    id: String,
    /// `pending`, `completed` or `failed`.
    state: &'static str,
    /// How much, in minor units.
    amount: i64,
    /// The currency.
    currency: &'static str,
    /// Where to.
    destination: String,
    /// Through whom, in the contract's own word.
    provider: String,
    /// What you call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// What the recipient reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Your own notes.
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    /// Where its events go besides your endpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<String>,
    /// The provider's id of the money that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<String>,
    /// Why it did not arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<RefusalOut>,
    /// When it was made.
    created: Timestamp,
    /// When it last changed.
    updated: Timestamp,
}

impl From<Payout> for PayoutOut {
    fn from(payout: Payout) -> Self {
        let Wish { destination, provider, reference, description, metadata, callback } =
            payout.wish;
        Self {
            id: payout.id.to_string(),
            state: payout.state.name(),
            amount: payout.money.minor,
            currency: payout.money.asset.code(),
            destination,
            provider,
            reference,
            description,
            metadata: RawValue::from_string(metadata).unwrap_or_default(),
            callback_url: callback,
            transaction: payout.sent.map(|sent| sent.transaction),
            refusal: payout.refusal.map(RefusalOut::from),
            created: payout.created.into(),
            updated: payout.updated.into(),
        }
    }
}

/// Make a payout.
///
/// Its money is reserved before anything is sent; what is not there is refused with 402.
#[utoipa::path(post, path = "/v1/payouts", tag = "payouts", request_body = PayoutIn,
    responses((status = 201, description = "The payout", body = PayoutOut)))]
pub(super) async fn create_payout(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent,
) -> Answered<PayoutOut> {
    let wire: PayoutIn<'_> = sent.decode()?;
    let (engine, place) = (app.engine(), merchant.place());
    let draft = wire.draft(|asset| engine.usual_payout_provider(place.0, asset))?;
    let (payout, existed) =
        engine.create_payout(merchant.caller, place, draft, sent.key.as_ref()).await?;
    Ok(Answer::created(payout.into()).replayed(existed))
}

/// List payouts, newest first.
#[utoipa::path(get, path = "/v1/payouts", tag = "payouts",
    responses((status = 200, description = "A page", body = Listed<PayoutOut>)))]
pub(super) async fn list_payouts(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<PayoutOut>> {
    let params = params.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("payouts {id} {}", mode.name()))?;
    let rows = app.engine().payouts((id, mode), asked.page(PayoutId::from_i64)).await?;
    Ok(Answer::ok(asked.answer(&app, rows, |payout| payout.id.as_i64(), PayoutOut::from)))
}

/// Read one payout.
#[utoipa::path(get, path = "/v1/payouts/{id}", tag = "payouts",
    params(("id" = String, Path, description = "The payout")),
    responses((status = 200, description = "The payout", body = PayoutOut)))]
pub(super) async fn get_payout(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<PayoutId>,
) -> Answered<PayoutOut> {
    Ok(Answer::ok(app.engine().payout(merchant.place(), id).await?.into()))
}
