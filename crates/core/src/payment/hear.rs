//! What becomes of a payment by what its providers say.

use jiff::Timestamp;

use super::{Ask, Call};
use super::{Attempt, Command, Instrument, Movement, News, Payment, Refusal, Refused, State, Step};
use crate::id::RequestId;
use crate::ledger::{Account, Posting};
use crate::transition::Transition;

impl Payment {
    /// A request is about to be sent; of two servers one is told so.
    pub fn send(mut self, request: RequestId, now: Timestamp) -> Result<Step, Refused> {
        let call = self.call_mut(request).ok_or(Refused::NoRequest)?;
        *call = call.clone().sent(now).ok_or(Refused::TakenUp)?;
        Ok(Step::still(self.changed(now)))
    }

    /// A provider says something about a request of this payment.
    pub fn hear(mut self, request: RequestId, news: News, now: Timestamp) -> Result<Step, Refused> {
        let call = self.call_mut(request).ok_or(Refused::NoRequest)?;
        if news == News::Lost {
            if call.is_open() {
                *call = call.clone().lost(now);
            }
            return Ok(Step::still(self));
        }
        *call = call.clone().answered();
        let payment = self.changed(now);
        if payment.refunds.iter().any(|refund| refund.call.request == request) {
            return Ok(payment.refund_heard(request, news));
        }
        if payment.is_leg(request) {
            return Ok(payment.leg_heard(request, news, now));
        }
        let cancels = payment.attempts.iter().filter_map(|attempt| attempt.follow_up.as_ref());
        let cancels = cancels
            .filter(|follow_up| follow_up.call.request == request)
            .any(|follow_up| follow_up.cancels);
        Ok(payment.charge_heard(news, cancels, now))
    }

    /// What a request asks of its provider.
    #[must_use]
    pub fn command(&self, request: RequestId) -> Option<(String, Command)> {
        let charge = |attempt: &Attempt| {
            let ask = Ask::Charge {
                method: self.wish.method.clone(),
                hold: self.wish.hold,
                description: self.wish.description.clone(),
                expires: self.wish.expires,
            };
            (attempt.provider.clone(), Command { request, money: self.money, ask })
        };
        let made = |attempt: &&Attempt| attempt.call.request == request;
        if let Some(attempt) = self.attempts.iter().find(made) {
            return Some(charge(attempt));
        }
        let follow_up = self.attempts.iter().find_map(|attempt| {
            let follow_up = attempt.follow_up.as_ref()?;
            let charge = attempt.call.request;
            let ask =
                if follow_up.cancels { Ask::Cancel { charge } } else { Ask::Capture { charge } };
            let command = Command { request, money: self.money, ask };
            (follow_up.call.request == request).then(|| (attempt.provider.clone(), command))
        });
        follow_up.or_else(|| self.refund_command(request)).or_else(|| self.leg_command(request))
    }

    pub(super) fn call_mut(&mut self, request: RequestId) -> Option<&mut Call> {
        let attempts = self.attempts.iter_mut().flat_map(|attempt| {
            let follow_up = attempt.follow_up.as_mut().map(|follow_up| &mut follow_up.call);
            [Some(&mut attempt.call), follow_up].into_iter().flatten()
        });
        let refunds = self.refunds.iter_mut().map(|refund| &mut refund.call);
        let legs = self
            .split
            .iter_mut()
            .flat_map(|split| split.legs.iter_mut().filter_map(|leg| leg.call.as_mut()));
        let mut calls = attempts.chain(refunds).chain(legs);
        calls.find(|call| call.request == request)
    }

    fn charge_heard(self, news: News, cancels: bool, now: Timestamp) -> Step {
        match news {
            News::Awaiting(instrument) => self.awaiting(instrument),
            News::Seen { transaction } => self.seen(transaction),
            News::ActionRequired { .. } => {
                self.enter(State::RequiresAction, Transition::PaymentRequiresAction)
            }
            News::Processing => self.enter(State::Processing, Transition::PaymentProcessing),
            News::Authorized => self.enter(State::Authorized, Transition::PaymentAuthorized),
            News::Done(movement) => self.money_came(movement, now),
            // What was asked of a charge afterwards was refused: the charge stands as it stood.
            News::Refused(_) | News::Unheard if cancels => Step::still(self),
            News::Refused(refusal) => self.fail(refusal),
            News::Unheard => self.fail(unheard()),
            News::Canceled if self.state.is_open() => {
                self.end(State::Canceled, Transition::PaymentCanceled)
            }
            News::Expired if self.state.is_open() => {
                self.end(State::Expired, Transition::PaymentExpired)
            }
            News::Canceled | News::Expired | News::Lost => Step::still(self),
        }
    }

    fn awaiting(mut self, instrument: Instrument) -> Step {
        if self.state.is_open() {
            self.instrument = Some(instrument);
        }
        self.enter(State::Pending, Transition::PaymentPending)
    }

    fn seen(mut self, transaction: String) -> Step {
        let known = self.transactions.contains(&transaction);
        if known || !self.state.is_open() {
            return Step::still(self);
        }
        // Told once, and known: the money itself comes under the same id.
        self.transactions.push(transaction);
        Step::still(self).tell(Transition::PaymentSeen)
    }

    /// Goes on, and never back: what a provider says late of an earlier stage changes nothing.
    fn enter(mut self, state: State, transition: Transition) -> Step {
        if !self.state.is_open() || self.state >= state {
            return Step::still(self);
        }
        self.state = state;
        Step::still(self).tell(transition)
    }

    fn fail(mut self, refusal: Refusal) -> Step {
        if !self.state.is_open() {
            return Step::still(self);
        }
        self.refusal = Some(refusal);
        self.end(State::Failed, Transition::PaymentFailed)
    }

    /// It ends unpaid, as failed, canceled or expired.
    pub(super) fn end(mut self, state: State, transition: Transition) -> Step {
        debug_assert!(state.is_lost(), "it ends unpaid");
        self.state = state;
        self.ended = Some(self.updated);
        Step::still(self).tell(transition)
    }

    /// Money came. It pays the payment if it is enough and the first; whatever else it is, it is kept in suspense for a
    /// person to look at, and never lost.
    fn money_came(mut self, movement: Movement, now: Timestamp) -> Step {
        if self.paid.as_ref().is_some_and(|paid| paid.transaction == movement.transaction) {
            return Step::still(self);
        }
        let money = movement.money;
        let strayed = |payment: Self| {
            let posting = Posting::new(Account::Clearing, Account::Suspense, money);
            Step::still(payment).post(posting)
        };
        let id = format!("{}:{}", movement.transaction, money.minor);
        if self.state.is_paid() || money.asset != self.money.asset || money.minor < self.money.minor
        {
            if self.transactions.contains(&id) {
                return Step::still(self);
            }
            self.transactions.push(id);
            return strayed(self);
        }
        self.late = self.state.is_lost();
        self.state = State::Succeeded;
        self.refusal = None;
        self.ended = None;
        self.unsettled = self.money.minor - self.wish.fee;
        let over = money.with(money.minor - self.money.minor);
        let net = self.money.with(self.unsettled);
        let fee = self.money.with(self.wish.fee);
        let settles = movement.settles;
        self.paid = Some(movement);
        let mut step = Step::still(self)
            .tell(Transition::PaymentSucceeded)
            .post(Posting::new(Account::Clearing, Account::Pending, net))
            .post(Posting::new(Account::Clearing, Account::Fees, fee))
            .post(Posting::new(Account::Clearing, Account::Suspense, over));
        if settles.is_none_or(|at| at <= now) {
            let settled = step.after.settle(now);
            step.told.extend(settled.told);
            step.postings.extend(settled.postings);
            step.after = settled.after;
        }
        step
    }
}

fn unheard() -> Refusal {
    Refusal {
        code: "provider_unreachable".to_owned(),
        message: "the request never reached the provider".to_owned(),
        unreached: true,
    }
}
