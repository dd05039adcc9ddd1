//! The ledger: a merchant's movements, and the operator's proof that nothing is missing.

use std::collections::BTreeMap;

use axum::extract::State;
use posthorn_core::id::{PaymentId, PayoutId};
use posthorn_core::ledger::Account;
use posthorn_engine::LedgerProof;
use posthorn_store::{Difference, PostedMovement};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::{AsMerchant, AsOperator};
use crate::list::{Asked, Listed};
use crate::params::Params;
use crate::time::Timestamp;

/// Money that has left one account and entered another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Movement)]
pub(super) struct MovementOut {
    /// Its number.
    id: i64,
    /// When, on your clock.
    at: Timestamp,
    /// Where it left.
    #[schema(example = "provider_clearing")]
    from: &'static str,
    /// Where it went.
    #[schema(example = "merchant_pending")]
    to: &'static str,
    /// How much, in minor units; above zero.
    amount: i64,
    /// The currency.
    currency: &'static str,
    /// The payment or the payout that it is about.
    #[schema(example = "pay_3ab3f5n40000")]
    subject: String,
}

impl From<PostedMovement> for MovementOut {
    fn from(movement: PostedMovement) -> Self {
        let posting = movement.posting;
        // Only payouts touch that account, and all of theirs do.
        let subject = if [posting.from, posting.to].contains(&Account::PayoutInTransit) {
            PayoutId::from_i64(movement.subject).to_string()
        } else {
            PaymentId::from_i64(movement.subject).to_string()
        };
        Self {
            id: movement.id,
            at: movement.at.into(),
            from: posting.from.name(),
            to: posting.to.name(),
            amount: posting.money.minor,
            currency: posting.money.asset.code(),
            subject,
        }
    }
}

/// A balance that is not the sum of its movements.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Difference)]
struct DifferenceOut {
    /// Whose.
    merchant: String,
    /// `test` or `live`.
    mode: &'static str,
    /// The account.
    account: &'static str,
    /// The currency.
    currency: &'static str,
    /// The sum of its movements, in minor units.
    #[schema(value_type = i64)]
    posted: i128,
    /// What it is said to hold.
    held: i64,
}

impl From<Difference> for DifferenceOut {
    fn from(difference: Difference) -> Self {
        Self {
            merchant: difference.place.0.to_string(),
            mode: difference.place.1.name(),
            account: difference.account.name(),
            currency: difference.asset.code(),
            posted: difference.posted,
            held: difference.held,
        }
    }
}

/// The proof that the ledger holds, or what is wrong with it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerProof)]
pub(super) struct ProofOut {
    /// Whether every balance is the sum of its movements, and those of each currency are zero together.
    holds: bool,
    /// Balances that are not the sum of their movements, 100 at most: there must be none.
    differences: Vec<DifferenceOut>,
    /// By currency: what all accounts of a kind hold together, in minor units.
    #[schema(example = json!({"KES": {"provider_clearing": -10000, "merchant_available": 10000}}))]
    #[schema(value_type = BTreeMap<String, BTreeMap<String, i64>>)]
    totals: BTreeMap<&'static str, BTreeMap<&'static str, i128>>,
    /// By currency: what all accounts hold together. Each must be zero.
    #[schema(value_type = BTreeMap<String, i64>, example = json!({"KES": 0}))]
    sums: BTreeMap<&'static str, i128>,
}

impl From<LedgerProof> for ProofOut {
    fn from(proof: LedgerProof) -> Self {
        let mut totals: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for total in &proof.totals {
            let of = totals.entry(total.asset.code()).or_default();
            of.insert(total.account.name(), total.minor);
        }
        let (holds, sums) = (proof.holds(), proof.sums());
        let differences = proof.differences.into_iter().map(DifferenceOut::from).collect();
        Self { holds, differences, totals, sums }
    }
}

/// List what moved between your accounts, newest first.
#[utoipa::path(get, path = "/v1/ledger", tag = "ledger",
    responses((status = 200, description = "A page", body = Listed<MovementOut>)))]
pub(super) async fn list_movements(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<MovementOut>> {
    let params = params.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("ledger {id} {}", mode.name()))?;
    let rows = app.engine().movements((id, mode), asked.page(|id| id)).await?;
    Ok(Answer::ok(asked.answer(&app, rows, |movement| movement.id, MovementOut::from)))
}

/// Prove that the ledger of all merchants holds.
///
/// Adds up every movement there is, so it takes a while where there are many.
#[utoipa::path(get, path = "/v1/ledger/proof", tag = "ledger",
    responses((status = 200, description = "The proof, or what is wrong", body = ProofOut)))]
pub(super) async fn prove_ledger(State(app): State<App>, _: AsOperator) -> Answered<ProofOut> {
    Ok(Answer::ok(app.engine().prove_ledger().await?.into()))
}
