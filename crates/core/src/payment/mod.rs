//! Payments: from the merchant's wish to the last cent that went back, as a machine whose every step is a plain function.
//!
//! A [`Payment`] is one value: its attempts at providers, its refunds, its disputes and its split are in it, and it is written
//! as a whole. Each of its verbs consumes it and answers a [`Step`]: what it is now, what has happened in canonical words, and
//! what moves in the ledger. All three are written in one transaction, so none exists without the others.
//!
//! Nothing leaves *succeeded* but by refunds and disputes. What failed, expired or was canceled becomes paid only when a
//! provider reports the very money (a PIX paid in the last second): [`Payment::late`] says so then.

mod call;
mod dispute;
mod facts;
mod goods;
mod hear;
#[cfg(test)]
mod laws;
mod method;
mod news;
mod refund;
mod split;
mod state;
mod wake;

pub use call::{ANSWER_WITHIN, Call, Stage, Todo};
pub use dispute::{Dispute, Verdict};
pub use facts::{Cart, Facts, PayoutFacts, Sale, SaleCheckout, SaleOffer, SaleProduct, Subject};
pub use goods::{OrderFacts, OrderItem, ProductFacts, UserFacts};
pub use method::{CardFacts, Method};
pub use news::{Ask, Command, Instrument, Movement, News, Refusal};
pub use refund::{Refund, RefundState};
pub use split::{BadSplit, LEGS_MAX, Leg, LegState, NewLeg, Share, Split, SplitState};
pub use state::State;
pub use wake::Due;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Mode;
use crate::id::{CheckoutId, MerchantId, PaymentId, RequestId};
use crate::ledger::Posting;
use crate::money::{AMOUNT_MAX, Money};
use crate::transition::Transition;

/// Requests to providers that one payment may make: attempts, captures, refunds, legs of a split.
pub const REQUESTS_MAX: u16 = 1000;

/// A payment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Where it stands.
    pub state: State,
    /// What is to be paid.
    pub money: Money,
    /// What the merchant asked for.
    pub wish: Wish,
    /// Tries to have it paid, oldest first.
    pub attempts: Vec<Attempt>,
    /// What the payer was shown last.
    pub instrument: Option<Instrument>,
    /// The money that paid it.
    pub paid: Option<Movement>,
    /// Whether it was paid after it had failed, expired or been canceled.
    pub late: bool,
    /// How much of it is with the merchant but not settled by the provider yet, in minor units.
    pub unsettled: i64,
    /// Whether the provider has handed over what was paid.
    pub settled: bool,
    /// Refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Disputes, oldest first.
    pub disputes: Vec<Dispute>,
    /// How it is shared.
    pub split: Option<Split>,
    /// Why it was not paid.
    pub refusal: Option<Refusal>,
    /// Transactions that providers have reported: the same one twice is the same money.
    pub transactions: Vec<String>,
    /// Events that were told of it so far.
    pub sequence: u32,
    /// Requests made so far: the last one's ordinal.
    pub requests: u16,
    /// When it failed, expired or was canceled.
    #[serde(default)]
    pub ended: Option<Timestamp>,
    /// When it was made, on the merchant's clock; and when it last changed.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// What a merchant asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// How it is to be paid.
    pub method: Method,
    /// The provider, in the contract's own word: `MPESA_SAFARICOM`, `stripe`.
    pub provider: String,
    /// Whether it is only to be reserved, and taken by a call of its own.
    pub hold: bool,
    /// The platform's part of it, in minor units.
    pub fee: i64,
    /// What the merchant calls it: while a payment with the same one may be paid, there is no second.
    pub reference: Option<String>,
    /// What the payer reads.
    pub description: Option<String>,
    /// Who pays.
    pub customer: Option<Customer>,
    /// The merchant's own notes: a JSON object in canonical bytes.
    pub metadata: String,
    /// Where its events go besides the merchant's endpoints.
    pub callback: Option<String>,
    /// Until when it may be paid.
    pub expires: Option<Timestamp>,
    /// In how many parts a card pays it.
    pub installments: u8,
    /// The checkout that it belongs to.
    pub checkout: Option<CheckoutId>,
    /// What is on sale, and to whom.
    #[serde(default)]
    pub sale: Option<Sale>,
}

/// Who pays, as far as the merchant told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The merchant's or our id.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The telephone.
    pub phone: Option<String>,
    /// CPF, CNPJ or another document.
    pub document: Option<String>,
}

/// A try to have a payment paid, at one provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The charge.
    pub call: Call,
    /// The provider, in the contract's own word.
    pub provider: String,
    /// Its request to take what was reserved, or to call it off.
    pub follow_up: Option<FollowUp>,
    /// When it began.
    pub at: Timestamp,
}

/// What was asked of a charge after it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowUp {
    /// The request.
    pub call: Call,
    /// To call it off; else to take what was reserved.
    pub cancels: bool,
}

/// What a verb comes to: written as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Step<T = Payment> {
    /// What it is afterwards.
    pub after: T,
    /// What has happened, in order.
    pub told: Vec<Transition>,
    /// What moves in the ledger.
    pub postings: Vec<Posting>,
}

/// Why a verb was not carried out; nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It does not stand where that is possible.
    #[error("the payment is {}; {what}", state.name())]
    NotNow {
        /// Where it stands.
        state: State,
        /// What would be possible, or when.
        what: &'static str,
    },
    /// More than there is.
    #[error("at most {left} minor units are left to {what}")]
    TooMuch {
        /// What is left.
        left: i64,
        /// Of what.
        what: &'static str,
    },
    /// It made as many requests as one payment may.
    #[error("the payment has made {REQUESTS_MAX} requests to providers, which is all it may")]
    TooMany,
    /// Its request was answered before, or taken up by another server.
    #[error("the request was taken up already")]
    TakenUp,
    /// It has no such request.
    #[error("the payment made no such request")]
    NoRequest,
}

impl<T> Step<T> {
    /// It stands as it is: nothing was told, nothing moves.
    pub fn still(after: T) -> Self {
        Self { after, told: Vec::new(), postings: Vec::new() }
    }

    /// The same of something that holds what it is about.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Step<U> {
        Step { after: of(self.after), told: self.told, postings: self.postings }
    }

    pub(crate) fn tell(mut self, transition: Transition) -> Self {
        self.told.push(transition);
        self
    }

    pub(crate) fn post(mut self, posting: Option<Posting>) -> Self {
        self.postings.extend(posting);
        self
    }
}

impl Payment {
    /// Writes a merchant's wish down, with its first try at a provider.
    #[must_use]
    pub fn open(
        id: PaymentId,
        (merchant, mode): (MerchantId, Mode),
        money: Money,
        (wish, split): (Wish, Option<Split>),
        now: Timestamp,
    ) -> Step {
        debug_assert!((1..=AMOUNT_MAX).contains(&money.minor), "amounts are checked at the edge");
        let provider = wish.provider.clone();
        let mut payment = Self {
            id,
            merchant,
            mode,
            state: State::Created,
            money,
            wish,
            attempts: Vec::new(),
            instrument: None,
            paid: None,
            late: false,
            unsettled: 0,
            settled: false,
            refunds: Vec::new(),
            disputes: Vec::new(),
            split,
            refusal: None,
            transactions: Vec::new(),
            sequence: 0,
            requests: 0,
            ended: None,
            created: now,
            updated: now,
        };
        let call = Call::prepared(payment.next_request(), now);
        payment.attempts.push(Attempt { call, provider, follow_up: None, at: now });
        Step::still(payment).tell(Transition::PaymentCreated)
    }

    /// The same payment, which its checkout told of when it was opened: that was its first event, and is when it began.
    #[must_use]
    pub fn announced(self, at: Timestamp) -> Self {
        Self { sequence: 1, created: at, ..self }
    }

    /// Takes what was reserved.
    pub fn capture(mut self, now: Timestamp) -> Result<Step, Refused> {
        if self.state != State::Authorized {
            let what = "only what is authorized can be captured";
            return Err(Refused::NotNow { state: self.state, what });
        }
        self.follow_up(false, now)?;
        Ok(Step::still(self.changed(now)))
    }

    /// Asks the provider to call it off. It is canceled once the provider has said so; what was paid meanwhile stays paid.
    pub fn cancel(mut self, now: Timestamp) -> Result<Step, Refused> {
        if !self.state.is_open() {
            let what = "only what is not paid yet can be canceled; refund what was paid";
            return Err(Refused::NotNow { state: self.state, what });
        }
        self.follow_up(true, now)?;
        Ok(Step::still(self.changed(now)))
    }

    fn follow_up(&mut self, cancels: bool, now: Timestamp) -> Result<(), Refused> {
        if self.requests >= REQUESTS_MAX {
            return Err(Refused::TooMany);
        }
        let state = self.state;
        let under_way = |attempt: &Attempt| {
            let follow_up = attempt.follow_up.as_ref();
            follow_up.is_some_and(|follow_up| follow_up.call.is_open())
        };
        if self.attempts.last().is_some_and(under_way) {
            let what = "a capture or a cancellation is under way";
            return Err(Refused::NotNow { state, what });
        }
        let request = self.next_request();
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.follow_up = Some(FollowUp { call: Call::prepared(request, now), cancels });
        }
        Ok(())
    }

    /// The provider that has it, in the contract's own word.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.attempts.last().map_or(&self.wish.provider, |attempt| &attempt.provider)
    }

    fn next_request(&mut self) -> RequestId {
        self.requests += 1;
        self.id.request(self.requests)
    }

    fn changed(mut self, now: Timestamp) -> Self {
        self.updated = now;
        self
    }
}
