//! Payouts: money on its way to a merchant's bank. It is reserved before anything is sent, and what may have been sent is never
//! sent again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contract::Transition;
use crate::event::Mode;
use crate::id::{MerchantId, PayoutId, RequestId};
use crate::ledger::{Account, Posting};
use crate::money::{AMOUNT_MAX, Money};
use crate::payment::{
    Ask, Call, Command, Movement, News, PayoutFacts, Refusal, Refused, Stage, Step, Todo,
};

/// A payout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payout {
    /// Its id.
    pub id: PayoutId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Where it stands.
    pub state: State,
    /// How much.
    pub money: Money,
    /// What the merchant asked for.
    pub wish: Wish,
    /// The request.
    pub call: Call,
    /// The money that arrived.
    pub sent: Option<Movement>,
    /// Why it did not.
    pub refusal: Option<Refusal>,
    /// Events that were told of it so far.
    pub sequence: u32,
    /// When it was made, on the merchant's clock.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// What a merchant asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Where to: a telephone, an account, a PIX key.
    pub destination: String,
    /// Through whom, in the contract's own word.
    pub provider: String,
    /// What the merchant calls it.
    pub reference: Option<String>,
    /// What the recipient reads.
    pub description: Option<String>,
    /// The merchant's own notes: a JSON object in canonical bytes.
    pub metadata: String,
    /// Where its events go besides the merchant's endpoints.
    pub callback: Option<String>,
}

/// Where a payout stands. The numbers are stored; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum State {
    /// The money is reserved, and on its way.
    Pending = 0,
    /// It arrived.
    Completed = 1,
    /// It did not, and is the merchant's again.
    Failed = 2,
}

impl State {
    /// Every state, in the order of the stored numbers.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Completed, Self::Failed];

    /// The name on the native API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

impl Payout {
    /// What can be told of it.
    #[must_use]
    pub fn facts(&self) -> PayoutFacts<'_> {
        PayoutFacts {
            id: self.id,
            status: self.state.name(),
            money: self.money,
            destination: &self.wish.destination,
            provider: &self.wish.provider,
            reference: self.wish.reference.as_deref(),
            description: self.wish.description.as_deref(),
            metadata: &self.wish.metadata,
            transaction: self.sent.as_ref().map(|sent| &*sent.transaction),
            failure_code: self.refusal.as_ref().map(|refusal| &*refusal.code),
            created: self.created,
            updated: self.updated,
        }
    }

    /// Writes a payout down and reserves its money, which must be there.
    #[must_use]
    pub fn open(
        id: PayoutId,
        (merchant, mode): (MerchantId, Mode),
        money: Money,
        wish: Wish,
        now: Timestamp,
    ) -> Step<Self> {
        debug_assert!((1..=AMOUNT_MAX).contains(&money.minor), "amounts are checked at the edge");
        let payout = Self {
            id,
            merchant,
            mode,
            state: State::Pending,
            money,
            wish,
            call: Call::prepared(id.request(), now),
            sent: None,
            refusal: None,
            sequence: 0,
            created: now,
            updated: now,
        };
        let reserve = Posting::new(Account::Available, Account::PayoutInTransit, money);
        Step::still(payout).tell(Transition::PayoutCreated).post(reserve)
    }

    /// Its request is about to be sent; of two servers one is told so.
    pub fn send(mut self, request: RequestId, now: Timestamp) -> Result<Step<Self>, Refused> {
        if self.call.request != request {
            return Err(Refused::NoRequest);
        }
        self.call = self.call.sent(now).ok_or(Refused::TakenUp)?;
        self.updated = now;
        Ok(Step::still(self))
    }

    /// The provider says something about it.
    pub fn hear(
        mut self,
        request: RequestId,
        news: News,
        now: Timestamp,
    ) -> Result<Step<Self>, Refused> {
        if self.call.request != request {
            return Err(Refused::NoRequest);
        }
        if news == News::Lost {
            if self.call.is_open() {
                self.call = self.call.lost(now);
            }
            return Ok(Step::still(self));
        }
        self.call = self.call.answered();
        self.updated = now;
        if self.state != State::Pending {
            return Ok(Step::still(self));
        }
        Ok(match news {
            News::Done(movement) => {
                self.state = State::Completed;
                self.sent = Some(movement);
                let gone = Posting::new(Account::PayoutInTransit, Account::Clearing, self.money);
                Step::still(self).tell(Transition::PayoutCompleted).post(gone)
            }
            News::Refused(refusal) => self.fail(refusal),
            News::Canceled | News::Expired | News::Unheard => self.fail(Refusal {
                code: "payout_not_made".to_owned(),
                message: "the provider did not make the payout".to_owned(),
                unreached: true,
            }),
            News::Awaiting(_)
            | News::Seen { .. }
            | News::ActionRequired { .. }
            | News::Processing
            | News::Authorized
            | News::Lost => Step::still(self),
        })
    }

    fn fail(mut self, refusal: Refusal) -> Step<Self> {
        self.state = State::Failed;
        self.refusal = Some(refusal);
        let back = Posting::new(Account::PayoutInTransit, Account::Available, self.money);
        Step::still(self).tell(Transition::PayoutFailed).post(back)
    }

    /// Its request, if it was written down and not sent.
    #[must_use]
    pub fn unsent(&self) -> Option<RequestId> {
        matches!(self.call.stage, Stage::Prepared { .. }).then_some(self.call.request)
    }

    /// What its request asks of the provider.
    #[must_use]
    pub fn command(&self) -> Command {
        let ask = Ask::Payout { to: self.wish.destination.clone() };
        Command { request: self.call.request, money: self.money, ask }
    }

    /// When somebody must look after it next, on the merchant's clock.
    #[must_use]
    pub fn wake(&self) -> Option<Timestamp> {
        self.call.wake()
    }

    /// What is due about its request by `now`.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Todo> {
        self.call.todo(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Asset;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_305_600 + second).unwrap()
    }

    fn opened() -> Step<Payout> {
        let wish = Wish {
            destination: "254712345678".into(),
            provider: "MPESA_SAFARICOM".into(),
            reference: None,
            description: None,
            metadata: "{}".into(),
            callback: None,
        };
        let money = Money { minor: 500, asset: Asset::KES };
        let place = (MerchantId::from_i64(1), Mode::Test);
        Payout::open(PayoutId::from_i64(1 << 22), place, money, wish, at(0))
    }

    fn moved(step: &Step<Payout>) -> Vec<(Account, Account, i64)> {
        let one = |posting: &Posting| (posting.from, posting.to, posting.money.minor);
        step.postings.iter().map(one).collect()
    }

    fn arrived() -> News {
        let money = Money { minor: 500, asset: Asset::KES };
        News::Done(Movement { transaction: "UKM1".into(), money, at: at(2), settles: None })
    }

    #[test]
    fn a_payout_is_reserved_before_it_is_sent_and_gone_when_it_arrived() {
        let step = opened();
        assert_eq!(moved(&step), [(Account::Available, Account::PayoutInTransit, 500)]);
        let request = step.after.call.request;
        let sent = step.after.send(request, at(1)).unwrap().after;
        let done = sent.hear(request, arrived(), at(2)).unwrap();
        assert_eq!(moved(&done), [(Account::PayoutInTransit, Account::Clearing, 500)]);
        assert_eq!(done.told, [Transition::PayoutCompleted]);
        let again = done.after.hear(request, arrived(), at(3)).unwrap();
        assert_eq!((moved(&again), again.told), (vec![], vec![]));
    }

    #[test]
    fn one_that_is_unknown_is_asked_about_and_not_sent_again() {
        let payout = opened().after;
        let request = payout.call.request;
        let sent = payout.send(request, at(1)).unwrap().after;
        let unknown = sent.hear(request, News::Lost, at(2)).unwrap().after;
        assert_eq!(unknown.due(at(12)), Some(Todo::Query));
        assert_eq!(unknown.clone().send(request, at(12)), Err(Refused::TakenUp));
        let back = unknown.hear(request, News::Unheard, at(13)).unwrap();
        assert_eq!(moved(&back), [(Account::PayoutInTransit, Account::Available, 500)]);
    }
}
