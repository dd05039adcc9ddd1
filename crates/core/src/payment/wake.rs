//! What time alone does to a payment.

use jiff::Timestamp;

use super::{Call, Payment, Refused, Stage, State, Step, Todo};
use crate::id::RequestId;
use crate::ledger::{Account, Posting};
use crate::transition::Transition;

/// What is due about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// A request must be looked after.
    Request(RequestId, Todo),
    /// Its time to be paid is over.
    Expire,
    /// The provider hands the money over.
    Settle,
}

impl Payment {
    /// When somebody must look after it next, on the merchant's clock; `None`: never, unless something happens.
    #[must_use]
    pub fn wake(&self) -> Option<Timestamp> {
        let calls = self.calls().filter_map(Call::wake);
        calls.chain(self.expires()).chain(self.settles()).min()
    }

    /// What is due by `now`.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Due> {
        let mut requests =
            self.calls().filter_map(|call| Some(Due::Request(call.request, call.todo(now)?)));
        let expire = || self.expires().filter(|at| *at <= now).map(|_| Due::Expire);
        let settle = || self.settles().filter(|at| *at <= now).map(|_| Due::Settle);
        requests.next().or_else(expire).or_else(settle)
    }

    /// The requests that were written down and not sent: whoever wrote them sends them at once.
    pub fn unsent(&self) -> impl Iterator<Item = RequestId> {
        let unsent = |call: &&Call| matches!(call.stage, Stage::Prepared { .. });
        self.calls().filter(unsent).map(|call| call.request)
    }

    /// The requests that were sent and not answered.
    pub fn unanswered(&self) -> impl Iterator<Item = RequestId> {
        let sent = |call: &&Call| matches!(call.stage, Stage::Sent { .. } | Stage::Unknown { .. });
        self.calls().filter(sent).map(|call| call.request)
    }

    /// Its time is over: nobody paid.
    pub fn expire(self, now: Timestamp) -> Result<Step, Refused> {
        if self.expires().is_none_or(|at| at > now) {
            let what = "its time to be paid is not over";
            return Err(Refused::NotNow { state: self.state, what });
        }
        Ok(self.changed(now).end(State::Expired, Transition::PaymentExpired))
    }

    /// The provider has handed the money over: it is the merchant's to pay out, or to share.
    #[must_use]
    pub fn settle(mut self, now: Timestamp) -> Step {
        if self.settled || self.paid.is_none() {
            return Step::still(self);
        }
        self.settled = true;
        let money = self.money.with(self.unsettled);
        self.unsettled = 0;
        let posting = Posting::new(Account::Pending, Account::Available, money);
        let mut step = self.changed(now).share(now);
        step.postings.splice(0..0, posting);
        step
    }

    /// Until when it may be paid, while somebody might: what a provider has not said yet cannot expire.
    fn expires(&self) -> Option<Timestamp> {
        let answered = self.calls().all(|call| !call.is_open());
        self.wish.expires.filter(|_| self.state.is_open() && answered)
    }

    /// When the provider hands over what was paid, unless it has.
    pub(super) fn settles(&self) -> Option<Timestamp> {
        self.paid.as_ref().and_then(|paid| paid.settles).filter(|_| !self.settled)
    }

    fn calls(&self) -> impl Iterator<Item = &Call> {
        let attempts = self.attempts.iter().flat_map(|attempt| {
            let follow_up = attempt.follow_up.as_ref().map(|follow_up| &follow_up.call);
            [Some(&attempt.call), follow_up].into_iter().flatten()
        });
        let refunds = self.refunds.iter().map(|refund| &refund.call);
        let legs = self
            .split
            .iter()
            .flat_map(|split| split.legs.iter().filter_map(|leg| leg.call.as_ref()));
        attempts.chain(refunds).chain(legs)
    }
}
