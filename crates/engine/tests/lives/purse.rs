//! What every account of a merchant should hold, worked out from what the bank did.

use std::collections::BTreeMap;

use posthorn_core::ledger::Account;
use posthorn_core::payment::{Payment, Verdict};
use posthorn_core::payout::Payout;
use posthorn_store::{Balance, PostedMovement};

use crate::bank::{Disputed, Statement};

/// Minor units by account and currency; what holds nothing is left out.
pub(crate) type Holds = BTreeMap<(&'static str, &'static str), i64>;

#[derive(Default)]
pub(crate) struct Purse(Holds);

impl Purse {
    fn add(&mut self, account: Account, asset: &'static str, minor: i64) {
        *self.0.entry((account.name(), asset)).or_default() += minor;
    }

    /// What the bank did for a payment that is at rest: all is settled by then.
    pub(crate) fn take_payment(&mut self, payment: &Payment, bank: &Statement) {
        let asset = payment.money.asset.code();
        let came = bank.charged();
        let strayed = strays(payment).iter().sum::<i64>();
        let (back, shared) = (bank.sent("refund"), bank.sent("transfer"));
        let left = came - back;
        // The bank holds what is left of it while that is disputed, and has it when the dispute is lost.
        let (held, lost) = match bank.disputes().1 {
            Disputed::Open => (left, 0),
            Disputed::Decided(Verdict::Lost) => (0, left),
            Disputed::Decided(Verdict::Won) | Disputed::Never => (0, 0),
        };
        let fee = if came > 0 { payment.wish.fee } else { 0 };
        self.add(Account::Clearing, asset, back + shared + lost - came - strayed);
        self.add(Account::Suspense, asset, strayed);
        self.add(Account::Fees, asset, fee);
        self.add(Account::RefundReserve, asset, held);
        self.add(Account::Available, asset, left - fee - shared - held - lost);
    }

    pub(crate) fn take_payout(&mut self, payout: &Payout, bank: &Statement) {
        let (asset, sent) = (payout.money.asset.code(), bank.sent("payout"));
        self.add(Account::Available, asset, -sent);
        self.add(Account::Clearing, asset, sent);
    }

    pub(crate) fn holds(mut self) -> Holds {
        self.0.retain(|_, minor| *minor != 0);
        self.0
    }
}

/// Money that came and paid nothing, as a payment has noted it.
pub(crate) fn strays(payment: &Payment) -> Vec<i64> {
    let noted = payment.transactions.iter().filter_map(|noted| noted.rsplit_once(':'));
    noted.map(|(_, minor)| minor.parse().expect("an amount")).collect()
}

/// What a ledger says of itself.
pub(crate) fn told(balances: &[Balance]) -> Holds {
    let mut purse = Purse::default();
    for balance in balances {
        purse.add(balance.account, balance.money.asset.code(), balance.money.minor);
    }
    purse.holds()
}

/// The movements of a merchant added up, oldest first; and the payouts that took more than there was.
pub(crate) fn added_up(movements: &[PostedMovement]) -> (Holds, Vec<i64>) {
    let mut purse = Purse::default();
    let mut short = Vec::new();
    for movement in movements {
        let posting = movement.posting;
        let asset = posting.money.asset.code();
        purse.add(posting.from, asset, -posting.money.minor);
        purse.add(posting.to, asset, posting.money.minor);
        let left = purse.0.get(&(posting.from.name(), asset)).copied().unwrap_or_default();
        if posting.to == Account::PayoutInTransit && left < 0 {
            short.push(movement.subject);
        }
    }
    (purse.holds(), short)
}
