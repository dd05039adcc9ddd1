//! A payment that is shared: each leg is sent to its recipient once the money is there.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ask, Call, Command, News, Payment, REQUESTS_MAX, Refusal, Step};
use crate::id::RequestId;
use crate::ledger::{Account, Posting};
use crate::transition::Transition;

/// The most recipients of one payment.
pub const LEGS_MAX: usize = 100;
/// All of it, in hundredths of a percent.
const WHOLE: i64 = 10_000;

/// How a payment is shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// Who gets what, in the merchant's order.
    pub legs: Vec<Leg>,
    /// When the last leg was decided.
    pub ended: Option<Timestamp>,
}

/// What one recipient gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leg {
    /// Its name.
    pub name: String,
    /// Where its part goes: a PIX key, an account.
    pub to: String,
    /// In minor units.
    pub minor: i64,
    /// The transfer; `None` until the money is there.
    pub call: Option<Call>,
    /// Where it stands.
    pub state: LegState,
}

/// Where a leg stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum LegState {
    /// It was not sent yet, or is on its way.
    Pending,
    /// The recipient has it.
    Processed {
        /// The provider's id of the transfer.
        transaction: String,
    },
    /// It did not go, and is the merchant's.
    Failed {
        /// Why.
        refusal: Refusal,
    },
}

impl LegState {
    /// Every name on the wire.
    pub const NAMES: [&'static str; 3] = ["pending", "processed", "failed"];

    /// The name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processed { .. } => "processed",
            Self::Failed { .. } => "failed",
        }
    }
}

/// Where a split stands, by its legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitState {
    /// Nothing was sent yet.
    Pending,
    /// Legs are on their way.
    Processing,
    /// Every recipient has its part.
    Processed,
    /// Some have it, some do not.
    PartiallyFailed,
    /// Nobody has anything.
    Failed,
}

/// A recipient's part, as a merchant asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLeg {
    /// Its name.
    pub name: String,
    /// Where its part goes.
    pub to: String,
    /// How much.
    pub share: Share,
}

/// How much a recipient gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// So many minor units.
    Fixed(i64),
    /// So many hundredths of a percent of the whole, rounded down.
    Parts(i64),
    /// Whatever the others leave; one leg at most.
    Remainder,
}

/// Why a payment cannot be shared so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSplit {
    /// Nobody to share with, or too many.
    #[error("a split has 1 to {LEGS_MAX} recipients")]
    Count,
    /// A share of nothing, or of more than all.
    #[error("a share must be above nothing, and a percentage at most 100")]
    Share,
    /// More than there is.
    #[error("the shares come to {shares} minor units, and there are {there}")]
    TooMuch {
        /// The shares.
        shares: i64,
        /// What there is to share.
        there: i64,
    },
    /// Two that get the rest, or one that would get nothing.
    #[error("one recipient at most gets the remainder, and there must be one")]
    Remainder,
}

impl Split {
    /// Shares `whole` minor units: each leg is rounded down, and what rounding leaves goes to the remainder, or (without one)
    /// to the first whose share is a percentage, when together they are to get everything. What nobody is to get stays the
    /// merchant's.
    pub fn new(whole: i64, wishes: Vec<NewLeg>) -> Result<Self, BadSplit> {
        if wishes.is_empty() || wishes.len() > LEGS_MAX {
            return Err(BadSplit::Count);
        }
        let rests = wishes.iter().filter(|leg| leg.share == Share::Remainder).count();
        if rests > 1 {
            return Err(BadSplit::Remainder);
        }
        let mut parts = Vec::with_capacity(wishes.len());
        for leg in &wishes {
            parts.push(part(whole, leg.share)?);
        }
        let shares: i64 = parts.iter().sum();
        let left = whole - shares;
        if left < 0 || (rests == 1 && left == 0) {
            let too_much = BadSplit::TooMuch { shares, there: whole };
            return Err(if left < 0 { too_much } else { BadSplit::Remainder });
        }
        let takes_rest = |leg: &NewLeg| leg.share == Share::Remainder;
        let is_part = |leg: &NewLeg| matches!(leg.share, Share::Parts(_));
        let promised = promised(&wishes);
        let rounding = promised == WHOLE && wishes.iter().all(is_part);
        let heir = wishes
            .iter()
            .position(takes_rest)
            .or_else(|| rounding.then(|| wishes.iter().position(is_part)).flatten());
        if let Some(part) = heir.and_then(|at| parts.get_mut(at)) {
            *part += left;
        }
        let legs = wishes.into_iter().zip(parts).map(|(leg, minor)| Leg {
            name: leg.name,
            to: leg.to,
            minor,
            call: None,
            state: LegState::Pending,
        });
        let legs: Vec<Leg> = legs.collect();
        if legs.iter().any(|leg| leg.minor == 0) {
            return Err(BadSplit::Share);
        }
        Ok(Self { legs, ended: None })
    }

    /// What the recipients get, in minor units.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.legs.iter().map(|leg| leg.minor).sum()
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> SplitState {
        let count = |wanted: fn(&LegState) -> bool| {
            self.legs.iter().filter(|leg| wanted(&leg.state)).count()
        };
        let done = count(|state| matches!(state, LegState::Processed { .. }));
        let failed = count(|state| matches!(state, LegState::Failed { .. }));
        match (done, failed) {
            _ if self.legs.iter().all(|leg| leg.call.is_none()) => SplitState::Pending,
            (done, failed) if done + failed < self.legs.len() => SplitState::Processing,
            (_, 0) => SplitState::Processed,
            (0, _) => SplitState::Failed,
            _ => SplitState::PartiallyFailed,
        }
    }
}

fn promised(wishes: &[NewLeg]) -> i64 {
    let parts = wishes.iter().map(|leg| match leg.share {
        Share::Parts(parts) => parts,
        Share::Fixed(_) | Share::Remainder => 0,
    });
    parts.sum()
}

fn part(whole: i64, share: Share) -> Result<i64, BadSplit> {
    match share {
        Share::Remainder => Ok(0),
        Share::Fixed(minor) if minor > whole => {
            Err(BadSplit::TooMuch { shares: minor, there: whole })
        }
        Share::Fixed(minor) if minor > 0 => Ok(minor),
        Share::Parts(parts) if (1..=WHOLE).contains(&parts) => {
            let minor = i128::from(whole) * i128::from(parts) / i128::from(WHOLE);
            i64::try_from(minor).map_err(|_| BadSplit::Share)
        }
        Share::Fixed(_) | Share::Parts(_) => Err(BadSplit::Share),
    }
}

impl Payment {
    /// Sends every leg off: the money is there. What the merchant does not have any more (it was refunded or charged back in the
    /// meantime) is not sent; what is disputed waits for the verdict.
    pub(super) fn share(mut self, now: Timestamp) -> Step {
        let begun = |split: &Split| split.ended.is_some() || split.state() != SplitState::Pending;
        if !self.settled || self.split.as_ref().is_none_or(begun) || self.is_disputed() {
            return Step::still(self);
        }
        let there = self.money.minor - self.wish.fee - self.refunding() - self.charged_back();
        let Some(mut split) = self.split.take() else { return Step::still(self) };
        let fits = split.total() <= there
            && usize::from(self.requests) + split.legs.len() <= usize::from(REQUESTS_MAX);
        let mut postings = Vec::new();
        for leg in &mut split.legs {
            if fits {
                leg.call = Some(Call::prepared(self.next_request(), now));
                let money = self.money.with(leg.minor);
                postings.extend(Posting::new(Account::Available, Account::SplitRecipient, money));
            } else {
                leg.state = LegState::Failed { refusal: returned() };
            }
        }
        split.ended = (!fits).then_some(now);
        self.split = Some(split);
        let mut step = Step::still(self);
        step.postings = postings;
        if fits { step } else { step.tell(Transition::SplitFailed) }
    }

    pub(super) fn is_leg(&self, request: RequestId) -> bool {
        self.leg(request).is_some()
    }

    fn leg(&self, request: RequestId) -> Option<&Leg> {
        let mut legs = self.split.iter().flat_map(|split| &split.legs);
        legs.find(|leg| leg.call.as_ref().is_some_and(|call| call.request == request))
    }

    pub(super) fn leg_command(&self, request: RequestId) -> Option<(String, Command)> {
        let leg = self.leg(request)?;
        let ask = Ask::Transfer { to: leg.to.clone() };
        let command = Command { request, money: self.money.with(leg.minor), ask };
        Some((self.provider().to_owned(), command))
    }

    pub(super) fn leg_heard(mut self, request: RequestId, news: News, now: Timestamp) -> Step {
        let money = self.money;
        let Some(split) = self.split.as_mut() else { return Step::still(self) };
        let mut legs = split.legs.iter_mut();
        let mine = |leg: &&mut Leg| leg.call.as_ref().is_some_and(|call| call.request == request);
        let Some(leg) = legs.find(mine).filter(|leg| leg.state == LegState::Pending) else {
            return Step::still(self);
        };
        let (state, to) = match news {
            News::Done(movement) => {
                (LegState::Processed { transaction: movement.transaction }, Account::Clearing)
            }
            News::Refused(refusal) => (LegState::Failed { refusal }, Account::Available),
            News::Canceled | News::Expired | News::Unheard => {
                (LegState::Failed { refusal: not_sent() }, Account::Available)
            }
            News::Awaiting(_)
            | News::Seen { .. }
            | News::ActionRequired { .. }
            | News::Processing
            | News::Authorized
            | News::Lost => return Step::still(self),
        };
        leg.state = state;
        let posting = Posting::new(Account::SplitRecipient, to, money.with(leg.minor));
        let told = match split.state() {
            SplitState::Pending | SplitState::Processing => None,
            SplitState::Processed => Some(Transition::SplitProcessed),
            SplitState::PartiallyFailed | SplitState::Failed => Some(Transition::SplitFailed),
        };
        split.ended = told.map(|_| now);
        let mut step = Step::still(self).post(posting);
        step.told.extend(told);
        step
    }
}

fn returned() -> Refusal {
    Refusal {
        code: "insufficient_balance".to_owned(),
        message: "a part was refunded or charged back before it could be shared".to_owned(),
        unreached: true,
    }
}

fn not_sent() -> Refusal {
    Refusal {
        code: "transfer_not_made".to_owned(),
        message: "the provider did not make the transfer".to_owned(),
        unreached: true,
    }
}
