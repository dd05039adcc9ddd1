//! A payment as the native API shows it.

use std::collections::BTreeMap;

use posthorn_core::payment::{
    Dispute, Instrument, Leg, LegState, Payment, Refund, RefundState, Refusal, Split, Verdict, Wish,
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::payer_in::CustomerIn;
use crate::time::Timestamp;

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(super) struct PaymentOut {
    /// Its id.
    #[schema(example = "pay_3ab3f5n40000")]
    id: String,
    /// Where it stands: `created`, `pending`, `requires_action`, `processing`, `authorized`, `succeeded`,
    /// `partially_refunded`, `refunded`, `disputed`, `charged_back`, `failed`, `canceled`, `expired`.
    state: &'static str,
    /// How much, in minor units.
    amount: i64,
    /// What has gone back to the payer, in minor units.
    amount_refunded: i64,
    /// The currency.
    currency: &'static str,
    /// How it is paid.
    method: &'static str,
    /// Through whom, in the contract's own word.
    provider: String,
    /// Whether it is only reserved.
    hold: bool,
    /// The platform's part, in minor units.
    fee: i64,
    /// What you call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// What the payer reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Who pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<CustomerIn>,
    /// The checkout that it was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "co_3ab3f5n40000")]
    checkout: Option<String>,
    /// In how many parts a card pays it.
    installments: u8,
    /// Your own notes.
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    /// Where its events go besides your endpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<String>,
    /// What the payer is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    instrument: Option<Instrument>,
    /// The provider's id of the money that paid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<String>,
    /// Whether it was paid after it had failed, expired or been canceled.
    late: bool,
    /// Why it was not paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<RefusalOut>,
    /// What went back, or is going.
    refunds: Vec<RefundOut>,
    /// What the payer's bank asked for.
    disputes: Vec<DisputeOut>,
    /// How it is shared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    split: Vec<LegOut>,
    /// How many events were told of it.
    sequence: u32,
    /// When it was made.
    created: Timestamp,
    /// When it last changed.
    updated: Timestamp,
    /// Until when it may be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
    /// When it was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid: Option<Timestamp>,
    /// As the contract's own events show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    wire: Option<Box<RawValue>>,
}

/// Why a provider did not do it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refusal)]
pub(super) struct RefusalOut {
    /// A word for programs.
    #[schema(example = "card_declined")]
    code: String,
    /// A sentence for people.
    message: String,
}

/// A refund.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub(super) struct RefundOut {
    /// Its id.
    #[schema(example = "re_3ab3f5n40002")]
    id: String,
    /// How much, in minor units.
    amount: i64,
    /// `pending`, `succeeded` or `failed`.
    state: &'static str,
    /// Why, in your words.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<RefusalOut>,
    /// When it was asked for.
    created: Timestamp,
}

/// A dispute.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dispute)]
pub(super) struct DisputeOut {
    /// The provider's id of it.
    id: String,
    /// How much is held, in minor units.
    amount: i64,
    /// `open`, `won` or `lost`.
    state: &'static str,
    /// When it was opened.
    opened: Timestamp,
}

/// What one recipient gets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Leg)]
pub(super) struct LegOut {
    /// Its name.
    name: String,
    /// Where its part goes.
    to: String,
    /// How much, in minor units.
    amount: i64,
    /// `pending`, `processed` or `failed`.
    state: &'static str,
}

impl PaymentOut {
    /// `wire`: as the contract's own events show it, in canonical bytes; `checkout`: its id in the contract's form.
    pub(super) fn of(payment: Payment, wire: Option<Vec<u8>>, checkout: Option<String>) -> Self {
        let raw = |text: String| RawValue::from_string(text).unwrap_or_default();
        let wire = wire.and_then(|wire| String::from_utf8(wire).ok()).map(raw);
        let (refunded, provider) = (payment.refunded(), payment.provider().to_owned());
        let paid = payment.paid.as_ref();
        let (transaction, paid) =
            (paid.map(|paid| paid.transaction.clone()), paid.map(|paid| paid.at.into()));
        let Wish { description, customer, reference, callback, expires, .. } = payment.wish;
        Self {
            id: payment.id.to_string(),
            state: payment.state.name(),
            amount: payment.money.minor,
            amount_refunded: refunded,
            currency: payment.money.asset.code(),
            method: payment.wish.method.name(),
            provider,
            hold: payment.wish.hold,
            fee: payment.wish.fee,
            reference,
            description,
            customer: customer.map(CustomerIn::from),
            checkout,
            installments: payment.wish.installments,
            metadata: raw(payment.wish.metadata),
            callback_url: callback,
            instrument: payment.instrument,
            transaction,
            late: payment.late,
            refusal: payment.refusal.map(RefusalOut::from),
            refunds: payment.refunds.into_iter().map(RefundOut::from).collect(),
            disputes: payment.disputes.into_iter().map(DisputeOut::from).collect(),
            split: payment.split.map(legs).unwrap_or_default(),
            sequence: payment.sequence,
            created: payment.created.into(),
            updated: payment.updated.into(),
            expires: expires.map(Timestamp::from),
            paid,
            wire,
        }
    }
}

impl From<Refusal> for RefusalOut {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code, message: refusal.message }
    }
}

impl From<Refund> for RefundOut {
    fn from(refund: Refund) -> Self {
        let state = refund.state.name();
        let refusal = match refund.state {
            RefundState::Failed { refusal } => Some(refusal.into()),
            RefundState::Pending | RefundState::Succeeded { .. } => None,
        };
        let (id, created) = (refund.id.to_string(), refund.created.into());
        Self { id, amount: refund.minor, state, reason: refund.reason, refusal, created }
    }
}

impl From<Dispute> for DisputeOut {
    fn from(dispute: Dispute) -> Self {
        let state = dispute.verdict.map_or("open", Verdict::name);
        Self { id: dispute.id, amount: dispute.minor, state, opened: dispute.opened.into() }
    }
}

fn legs(split: Split) -> Vec<LegOut> {
    let show = |leg: Leg| LegOut {
        name: leg.name,
        to: leg.to,
        amount: leg.minor,
        state: match leg.state {
            LegState::Pending => "pending",
            LegState::Processed { .. } => "processed",
            LegState::Failed { .. } => "failed",
        },
    };
    split.legs.into_iter().map(show).collect()
}

/// What a merchant's accounts hold, by currency.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Balance)]
pub(super) struct BalanceOut {
    /// By currency: what each account holds, in minor units.
    #[schema(example = json!({"KES": {"merchant_available": 10000}}))]
    pub(super) balances: BTreeMap<&'static str, BTreeMap<&'static str, i64>>,
}
