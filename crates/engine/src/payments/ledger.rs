//! The ledger as its readers see it: a merchant its movements, the operator the proof that nothing is missing.

use std::collections::BTreeMap;

use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::money::Money;
use posthorn_store::{Difference, Page, PostedMovement, Total};

use crate::Engine;
use crate::error::EngineError;
use crate::settings::refuse;
use crate::shared::Shared;

/// Differences that a proof names at most: one is too many already.
const DIFFERENCES_MAX: u32 = 100;

/// What the whole ledger holds, and what does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerProof {
    /// Balances that are not the sum of their movements, 100 at most: there must be none.
    pub differences: Vec<Difference>,
    /// What all accounts of a kind hold together, of each asset.
    pub totals: Vec<Total>,
}

impl LedgerProof {
    /// By asset: what all its accounts hold together, in minor units. Money only moves, so each is zero.
    #[must_use]
    pub fn sums(&self) -> BTreeMap<&'static str, i128> {
        let mut sums = BTreeMap::new();
        for Total { asset, minor, .. } in &self.totals {
            *sums.entry(asset.code()).or_default() += minor;
        }
        sums
    }

    /// Whether every balance is the sum of its movements, and those of each asset are zero together.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.differences.is_empty() && self.sums().values().all(|sum| *sum == 0)
    }
}

/// What a merchant's account may hold, either way, when more is to come: half of what can be counted, so that whatever is open
/// has room when it is paid.
const HELD_MAX: u64 = i64::MAX.unsigned_abs() / 2;

impl Shared {
    /// Refuses money that a merchant's accounts may have no room for.
    pub(super) async fn check_room(
        &self,
        place: (MerchantId, Mode),
        money: Money,
    ) -> Result<(), EngineError> {
        let balances = self.store.balances(place).await?;
        let mut of_asset = balances.iter().filter(|balance| balance.money.asset == money.asset);
        if of_asset.any(|balance| balance.money.minor.unsigned_abs() > HELD_MAX) {
            return refuse("amount", "is more than this merchant's accounts have room for");
        }
        Ok(())
    }
}

impl Engine {
    /// A merchant's movements, newest first.
    pub async fn movements(
        &self,
        place: (MerchantId, Mode),
        page: Page<i64>,
    ) -> Result<Vec<PostedMovement>, EngineError> {
        Ok(self.shared.store.movements(place, page).await?)
    }

    /// Adds up the whole ledger. The two answers are read one after the other, so what moves in between may be in the second
    /// alone; each of them is true by itself.
    pub async fn prove_ledger(&self) -> Result<LedgerProof, EngineError> {
        let differences = self.shared.store.differences(DIFFERENCES_MAX).await?;
        let totals = self.shared.store.totals().await?;
        Ok(LedgerProof { differences, totals })
    }
}

#[cfg(test)]
mod tests {
    use posthorn_core::ledger::Account;
    use posthorn_core::money::Asset;

    use super::*;

    fn total(account: Account, minor: i128, asset: Asset) -> Total {
        Total { account, asset, minor }
    }

    #[test]
    fn a_ledger_holds_when_each_asset_sums_to_zero() {
        let mut proof = LedgerProof {
            differences: Vec::new(),
            totals: vec![
                total(Account::Clearing, -500, Asset::BRL),
                total(Account::Pending, 500, Asset::BRL),
                total(Account::Clearing, -7, Asset::KES),
                total(Account::Available, 7, Asset::KES),
            ],
        };
        assert!(proof.holds());
        // One asset's surplus does not make up for what another lacks.
        proof.totals = vec![
            total(Account::Clearing, -500, Asset::BRL),
            total(Account::Pending, 500, Asset::KES),
        ];
        assert!(!proof.holds());
        assert_eq!(proof.sums(), BTreeMap::from([("BRL", -500), ("KES", 500)]));
    }
}
