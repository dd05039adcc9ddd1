//! The payer's bank asks for the money back. It is held until that is decided.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Payment, Refused, State, Step};
use crate::ledger::{Account, Posting};
use crate::transition::Transition;

/// A dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The provider's id of it.
    pub id: String,
    /// How much is held, in minor units.
    pub minor: i64,
    /// Of which the provider had not settled so much yet.
    pub unsettled: i64,
    /// What was decided; `None` while it is open.
    pub verdict: Option<Verdict>,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was decided.
    pub closed: Option<Timestamp>,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// For the merchant: it keeps the money.
    Won,
    /// For the payer: the money is gone.
    Lost,
}

impl Verdict {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

impl Payment {
    /// The payer's bank asks for what is left of it. The same dispute told twice is one.
    pub fn dispute(mut self, id: &str, now: Timestamp) -> Result<Step, Refused> {
        if self.disputes.iter().any(|dispute| dispute.id == id) {
            return Ok(Step::still(self));
        }
        if !matches!(self.state, State::Succeeded | State::PartiallyRefunded) {
            let what = "only what was paid can be disputed";
            return Err(Refused::NotNow { state: self.state, what });
        }
        let minor = self.money.minor - self.refunding();
        let unsettled = minor.min(self.unsettled);
        self.unsettled -= unsettled;
        self.state = State::Disputed;
        let (id, opened) = (id.to_owned(), now);
        self.disputes.push(Dispute { id, minor, unsettled, verdict: None, opened, closed: None });
        let money = self.money;
        let hold = |from, minor| Posting::new(from, Account::RefundReserve, money.with(minor));
        Ok(Step::still(self.changed(now))
            .tell(Transition::PaymentDisputed)
            .post(hold(Account::Pending, unsettled))
            .post(hold(Account::Available, minor - unsettled)))
    }

    /// It was decided. A verdict that is known already changes nothing.
    pub fn decide(mut self, verdict: Verdict, now: Timestamp) -> Result<Step, Refused> {
        let refunded = self.refunded();
        let waits = self.settles().is_some();
        let state = self.state;
        let Some(open) = self.disputes.iter_mut().find(|dispute| dispute.verdict.is_none()) else {
            return Err(Refused::NotNow { state, what: "it has no open dispute" });
        };
        open.verdict = Some(verdict);
        open.closed = Some(now);
        let unsettled = if waits { open.unsettled } else { 0 };
        let (minor, money) = (open.minor, self.money);
        let give = |to, minor| Posting::new(Account::RefundReserve, to, money.with(minor));
        let mut step = match verdict {
            Verdict::Lost => {
                self.state = State::ChargedBack;
                Step::still(self.changed(now)).post(give(Account::Clearing, minor))
            }
            Verdict::Won => {
                self.state = match refunded {
                    0 => State::Succeeded,
                    all if all == money.minor => State::Refunded,
                    _ => State::PartiallyRefunded,
                };
                self.unsettled += unsettled;
                Step::still(self.changed(now))
                    .post(give(Account::Pending, unsettled))
                    .post(give(Account::Available, minor - unsettled))
            }
        };
        // What was to be shared meanwhile has waited for this.
        let shared = step.after.share(now);
        step.told.extend(shared.told);
        step.postings.extend(shared.postings);
        Ok(Step { after: shared.after, ..step })
    }

    /// Whether a dispute of it is open.
    pub(super) fn is_disputed(&self) -> bool {
        self.disputes.iter().any(|dispute| dispute.verdict.is_none())
    }

    /// What the payer's bank took back, in minor units.
    pub(super) fn charged_back(&self) -> i64 {
        let lost = |dispute: &&Dispute| dispute.verdict == Some(Verdict::Lost);
        self.disputes.iter().filter(lost).map(|dispute| dispute.minor).sum()
    }
}
