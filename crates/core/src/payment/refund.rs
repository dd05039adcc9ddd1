//! Money that goes back to a payer. It is reserved before the provider is asked, so that no two refunds send the same cent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ask, Call, Command, News, Payment, REQUESTS_MAX, Refusal, Refused, State, Step};
use crate::id::{RefundId, RequestId};
use crate::ledger::{Account, Posting};
use crate::transition::Transition;

/// A refund.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// How much, in minor units.
    pub minor: i64,
    /// Of which the provider had not settled so much yet.
    pub unsettled: i64,
    /// The request.
    pub call: Call,
    /// Where it stands.
    pub state: RefundState,
    /// Why, in the merchant's words.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created: Timestamp,
}

/// Where a refund stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum RefundState {
    /// The provider is at it.
    Pending,
    /// The payer has it.
    Succeeded {
        /// The provider's id of the transaction.
        transaction: String,
        /// When.
        at: Timestamp,
    },
    /// It did not go.
    Failed {
        /// Why.
        refusal: Refusal,
    },
}

impl RefundState {
    /// The name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { .. } => "failed",
        }
    }
}

impl Payment {
    /// What went back, or is going, in minor units.
    #[must_use]
    pub fn refunding(&self) -> i64 {
        let counts = |refund: &&Refund| !matches!(refund.state, RefundState::Failed { .. });
        self.refunds.iter().filter(counts).map(|refund| refund.minor).sum()
    }

    /// What has arrived at the payer, in minor units.
    #[must_use]
    pub fn refunded(&self) -> i64 {
        let counts = |refund: &&Refund| matches!(refund.state, RefundState::Succeeded { .. });
        self.refunds.iter().filter(counts).map(|refund| refund.minor).sum()
    }

    /// Sends money back: so many minor units, or all that is left.
    pub fn refund(
        mut self,
        minor: Option<i64>,
        reason: Option<String>,
        now: Timestamp,
    ) -> Result<Step, Refused> {
        if !matches!(self.state, State::Succeeded | State::PartiallyRefunded) {
            let what = "only what was paid can be refunded, and not while it is disputed";
            return Err(Refused::NotNow { state: self.state, what });
        }
        let left = self.money.minor - self.refunding();
        let minor = minor.unwrap_or(left);
        if minor > left || minor <= 0 {
            return Err(Refused::TooMuch { left, what: "refund" });
        }
        if self.requests >= REQUESTS_MAX {
            return Err(Refused::TooMany);
        }
        let request = self.next_request();
        let unsettled = minor.min(self.unsettled);
        self.unsettled -= unsettled;
        self.refunds.push(Refund {
            id: RefundId::from_i64(request.as_i64()),
            minor,
            unsettled,
            call: Call::prepared(request, now),
            state: RefundState::Pending,
            reason,
            created: now,
        });
        let money = self.money;
        let reserve = |from, minor| Posting::new(from, Account::RefundReserve, money.with(minor));
        Ok(Step::still(self.changed(now))
            .post(reserve(Account::Pending, unsettled))
            .post(reserve(Account::Available, minor - unsettled)))
    }

    pub(super) fn refund_command(&self, request: RequestId) -> Option<(String, Command)> {
        let refund = self.refunds.iter().find(|refund| refund.call.request == request)?;
        let charge = self.attempts.last()?;
        let ask = Ask::Refund { charge: charge.call.request };
        let command = Command { request, money: self.money.with(refund.minor), ask };
        Some((charge.provider.clone(), command))
    }

    pub(super) fn refund_heard(mut self, request: RequestId, news: News) -> Step {
        let money = self.money;
        let mine = |refund: &&mut Refund| refund.call.request == request;
        let Some(refund) = self.refunds.iter_mut().find(mine) else { return Step::still(self) };
        if refund.state != RefundState::Pending {
            return Step::still(self);
        }
        let (minor, unsettled) = (refund.minor, refund.unsettled);
        match news {
            News::Done(movement) => {
                let (transaction, at) = (movement.transaction, movement.at);
                refund.state = RefundState::Succeeded { transaction, at };
                let all = self.refunded() == money.minor;
                let (state, transition) = if all {
                    (State::Refunded, Transition::PaymentRefunded)
                } else {
                    (State::PartiallyRefunded, Transition::PaymentPartiallyRefunded)
                };
                if self.state != State::Disputed {
                    self.state = state;
                }
                let gone =
                    Posting::new(Account::RefundReserve, Account::Clearing, money.with(minor));
                Step::still(self).tell(transition).post(gone)
            }
            News::Refused(refusal) => self.refund_failed(request, refusal, (minor, unsettled)),
            News::Canceled | News::Expired | News::Unheard => {
                let refusal = Refusal {
                    code: "refund_not_made".to_owned(),
                    message: "the provider did not make the refund".to_owned(),
                    unreached: true,
                };
                self.refund_failed(request, refusal, (minor, unsettled))
            }
            News::Awaiting(_)
            | News::Seen { .. }
            | News::ActionRequired { .. }
            | News::Processing
            | News::Authorized
            | News::Lost => Step::still(self),
        }
    }

    /// What was reserved goes back to where it came from: to what is available by now, if it was settled meanwhile.
    fn refund_failed(
        mut self,
        request: RequestId,
        refusal: Refusal,
        (minor, unsettled): (i64, i64),
    ) -> Step {
        let mine = |refund: &&mut Refund| refund.call.request == request;
        if let Some(refund) = self.refunds.iter_mut().find(mine) {
            refund.state = RefundState::Failed { refusal };
        }
        let waits = self.settles().is_some();
        let unsettled = if waits { unsettled } else { 0 };
        self.unsettled += unsettled;
        let money = self.money;
        let back = |to, minor| Posting::new(Account::RefundReserve, to, money.with(minor));
        Step::still(self)
            .post(back(Account::Pending, unsettled))
            .post(back(Account::Available, minor - unsettled))
    }
}
