//! The ledger: double-entry and append-only. Money leaves one account and enters another; nothing is ever made.
//!
//! A balance is what an account holds. [`Account::Clearing`] is the world outside: it goes below zero by what a provider has
//! taken in for us, and a payout or a refund brings it back. All others hold what belongs to somebody.

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// Whose money it is. The numbers are stored; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Account {
    /// At the providers: below zero by what they hold for us.
    Clearing = 1,
    /// The merchant's, paid but not settled by the provider yet.
    Pending = 2,
    /// The merchant's, to pay out.
    Available = 3,
    /// The platform's own.
    Fees = 4,
    /// The recipients of splits, until it was sent to them.
    SplitRecipient = 5,
    /// Going back to a payer, or held while a payer's bank disputes it.
    RefundReserve = 6,
    /// On its way to the merchant's bank.
    PayoutInTransit = 7,
    /// Money that came and fits nothing: a person must look.
    Suspense = 8,
}

impl Account {
    /// Every account, in the order of the stored numbers.
    pub const ALL: [Self; 8] = [
        Self::Clearing,
        Self::Pending,
        Self::Available,
        Self::Fees,
        Self::SplitRecipient,
        Self::RefundReserve,
        Self::PayoutInTransit,
        Self::Suspense,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clearing => "provider_clearing",
            Self::Pending => "merchant_pending",
            Self::Available => "merchant_available",
            Self::Fees => "fees",
            Self::SplitRecipient => "split_recipient",
            Self::RefundReserve => "refund_reserve",
            Self::PayoutInTransit => "payout_in_transit",
            Self::Suspense => "suspense",
        }
    }
}

/// One line of the ledger: what an account gains, or loses when it is below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Whose.
    pub account: Account,
    /// How much more it holds, in minor units of an asset.
    pub gain: Money,
}

/// Money that moves between two accounts: two entries that sum to zero, which is all that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Where it leaves.
    pub from: Account,
    /// Where it goes.
    pub to: Account,
    /// How much; above zero.
    pub money: Money,
}

impl Posting {
    /// A movement; `None` for one of nothing.
    #[must_use]
    pub fn new(from: Account, to: Account, money: Money) -> Option<Self> {
        (money.minor > 0 && from != to).then_some(Self { from, to, money })
    }

    /// Its two lines.
    #[must_use]
    pub fn entries(&self) -> [Entry; 2] {
        [
            Entry { account: self.from, gain: self.money.with(-self.money.minor) },
            Entry { account: self.to, gain: self.money },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Asset;

    #[test]
    fn a_movement_sums_to_zero() {
        let money = Money { minor: 10_050, asset: Asset::BRL };
        let posting = Posting::new(Account::Clearing, Account::Pending, money).unwrap();
        assert_eq!(posting.entries().map(|entry| entry.gain.minor).iter().sum::<i64>(), 0);
    }

    #[test]
    fn nothing_moves_where_there_is_nothing_to_move() {
        let nothing = Money { minor: 0, asset: Asset::BRL };
        assert_eq!(Posting::new(Account::Clearing, Account::Pending, nothing), None);
        assert_eq!(Posting::new(Account::Fees, Account::Fees, nothing.with(5)), None);
    }

    #[test]
    fn accounts_have_their_stored_numbers() {
        let numbers = Account::ALL.map(|account| account as u8);
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
