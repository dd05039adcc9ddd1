//! Checkouts: something to be paid for, from the page that is opened until it is paid or left alone.
//!
//! A checkout is paid once. Whoever pays it makes a payment, and while that one may move money there is no second; after one
//! that has failed for certain another may be tried. A checkout that nobody touches is abandoned after a while, which is told
//! once. A payer who comes back may still pay what was abandoned, until it expires; and money that comes too late completes
//! even what has ended, as it pays a payment that has.

#[cfg(test)]
mod laws;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::Mode;
use crate::id::{CheckoutId, CustomerId, MerchantId, PaymentId};
use crate::money::{AMOUNT_MAX, Money};
use crate::payment::{Cart, Sale, SaleCheckout, SaleOffer, SaleProduct, Step};
use crate::transition::Transition;

/// A checkout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkout {
    /// Its id.
    pub id: CheckoutId,
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
    /// The id of its first payment, where that was told of when it was opened.
    #[serde(default)]
    pub first: Option<PaymentId>,
    /// The payment that was made for it last.
    pub payment: Option<PaymentId>,
    /// Whether that payment may still move money.
    pub paying: bool,
    /// For how long it may be left alone; `None`: forever.
    pub patience: Option<SignedDuration>,
    /// When somebody last did something about it.
    pub touched: Timestamp,
    /// Until when it may be paid.
    pub expires: Option<Timestamp>,
    /// Events that were told of it so far.
    pub sequence: u32,
    /// When it was completed, abandoned, called off, or expired.
    pub ended: Option<Timestamp>,
    /// When it was opened, on the merchant's clock.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// What a merchant asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// What is sold.
    pub product: Option<SaleProduct>,
    /// At what price.
    pub offer: Option<SaleOffer>,
    /// Which of the merchant's customers buys it.
    pub customer: Option<CustomerId>,
    /// Who pays, as the page is filled in.
    pub payer: Payer,
    /// What the payer reads.
    pub description: Option<String>,
    /// The merchant's own notes: a JSON object in canonical bytes.
    pub metadata: String,
}

/// Who pays, as the page is filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payer {
    /// The name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The telephone.
    pub phone: Option<String>,
    /// CPF, CNPJ or another document.
    pub document: Option<String>,
}

impl Payer {
    /// What is known, and from another what is not.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            email: self.email.or(other.email),
            phone: self.phone.or(other.phone),
            document: self.document.or(other.document),
        }
    }
}

/// How long a checkout may be left alone, and how long it may be paid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// After what time alone it is abandoned; `None`: never.
    pub abandoned_after: Option<SignedDuration>,
    /// After what time it can no longer be paid; `None`: never.
    pub expires_after: Option<SignedDuration>,
    /// Whether its first payment is told of when it is opened, under the id that it will have.
    pub announces: bool,
}

/// Where a checkout stands. The numbers are stored; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum State {
    /// It waits for its payer.
    Open = 0,
    /// It was paid.
    Completed = 1,
    /// It was left alone for too long.
    Abandoned = 2,
    /// Its time is over.
    Expired = 3,
    /// The merchant called it off.
    Canceled = 4,
}

impl State {
    /// Every state, in the order of the stored numbers.
    pub const ALL: [Self; 5] =
        [Self::Open, Self::Completed, Self::Abandoned, Self::Expired, Self::Canceled];

    /// The name on the native API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Completed => "completed",
            Self::Abandoned => "abandoned",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
        }
    }

    /// Whether a payer who comes may pay it.
    #[must_use]
    pub const fn is_payable(self) -> bool {
        matches!(self, Self::Open | Self::Abandoned)
    }
}

/// Why a verb was not carried out; nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It was paid.
    #[error("the checkout was paid, which happens once; open another")]
    Paid,
    /// A payment of it may still move money.
    #[error(
        "payment {payment} of this checkout may still move money; wait until it has failed for certain, or cancel it"
    )]
    Paying {
        /// That payment.
        payment: PaymentId,
    },
    /// It can no longer be paid.
    #[error("the checkout is {}; open another", state.name())]
    Over {
        /// Where it stands.
        state: State,
    },
}

impl Checkout {
    /// Opens a checkout.
    #[must_use]
    pub fn open(
        id: CheckoutId,
        (merchant, mode): (MerchantId, Mode),
        money: Money,
        (wish, waits): (Wish, Waits),
        now: Timestamp,
    ) -> Self {
        debug_assert!((1..=AMOUNT_MAX).contains(&money.minor), "amounts are checked at the edge");
        Self {
            id,
            merchant,
            mode,
            state: State::Open,
            money,
            wish,
            first: None,
            payment: None,
            paying: false,
            patience: waits.abandoned_after,
            touched: now,
            expires: waits.expires_after.and_then(|after| now.checked_add(after).ok()),
            sequence: 0,
            ended: None,
            created: now,
            updated: now,
        }
    }

    /// Tells of the payment that its payer is to make: it will have this id.
    #[must_use]
    pub fn announcing(mut self, first: PaymentId) -> Step<Self> {
        self.first = Some(first);
        Step::still(self).tell(Transition::PaymentCreated)
    }

    /// The id of the payment that is made for it next, and since when, if that was told of.
    #[must_use]
    pub fn announced(&self) -> Option<(PaymentId, Timestamp)> {
        Some((self.first.filter(|_| self.payment.is_none())?, self.created))
    }

    /// A payment is made for it.
    pub fn pay(mut self, payment: PaymentId, now: Timestamp) -> Result<Self, Refused> {
        self.untouched()?;
        if self.expires.is_some_and(|at| at <= now) {
            return Err(Refused::Over { state: State::Expired });
        }
        self.payment = Some(payment);
        self.paying = true;
        Ok(self.touch(now))
    }

    /// A payment of it was paid: it is completed, whatever became of it meanwhile. Told once.
    #[must_use]
    pub fn paid(mut self, payment: PaymentId, now: Timestamp) -> Step<Self> {
        if self.state == State::Completed {
            return Step::still(self);
        }
        self.payment = Some(payment);
        self.paying = false;
        Step::still(self.touch(now).end(State::Completed)).tell(Transition::CheckoutCompleted)
    }

    /// A payment of it will not be paid: another may be tried, and the wait for it begins anew.
    #[must_use]
    pub fn unpaid(mut self, payment: PaymentId, now: Timestamp) -> Self {
        if self.payment != Some(payment) || !self.paying {
            return self;
        }
        self.paying = false;
        self.touch(now)
    }

    /// Its page is filled in.
    pub fn fill(mut self, payer: Payer, now: Timestamp) -> Result<Self, Refused> {
        self.untouched()?;
        self.wish.payer = payer;
        Ok(self.touch(now))
    }

    /// The merchant calls it off.
    pub fn cancel(self, now: Timestamp) -> Result<Self, Refused> {
        if self.state == State::Canceled {
            return Ok(self);
        }
        self.untouched()?;
        Ok(self.touch(now).end(State::Canceled))
    }

    /// What time alone does to it: it is abandoned, or expires.
    #[must_use]
    pub fn lapse(mut self, now: Timestamp) -> Step<Self> {
        let over = |at: Option<Timestamp>| at.filter(|at| *at <= now);
        let next = match (over(self.abandons()), over(self.lapses())) {
            (Some(abandons), Some(expires)) if expires < abandons => State::Expired,
            (Some(_), _) => State::Abandoned,
            (None, Some(_)) => State::Expired,
            (None, None) => return Step::still(self),
        };
        self.updated = now;
        let ended = Step::still(self.end(next));
        if next == State::Abandoned { ended.tell(Transition::CheckoutAbandoned) } else { ended }
    }

    /// When somebody must look after it next, on the merchant's clock; `None`: never, unless something happens.
    #[must_use]
    pub fn wake(&self) -> Option<Timestamp> {
        self.abandons().into_iter().chain(self.lapses()).min()
    }

    /// What is on sale, and to whom, as it stands.
    #[must_use]
    pub fn sale(&self) -> Sale {
        let Payer { name, email, phone, .. } = self.wish.payer.clone();
        Sale {
            checkout: Some(SaleCheckout { id: self.id, email, phone, name }),
            product: self.wish.product.clone(),
            offer: self.wish.offer.clone(),
        }
    }

    /// What can be told of it while it has no payment.
    #[must_use]
    pub fn cart(&self) -> Cart {
        Cart {
            sale: self.sale(),
            payment: self.first,
            money: self.money,
            customer: self.wish.customer,
            metadata: self.wish.metadata.clone(),
            description: self.wish.description.clone(),
            created: self.created,
            updated: self.updated,
        }
    }

    /// Refuses what only a checkout allows that may be paid and is not being paid.
    fn untouched(&self) -> Result<(), Refused> {
        match (self.state, self.payment.filter(|_| self.paying)) {
            (State::Completed, _) => Err(Refused::Paid),
            (State::Open | State::Abandoned, Some(payment)) => Err(Refused::Paying { payment }),
            (State::Open | State::Abandoned, None) => Ok(()),
            (state @ (State::Expired | State::Canceled), _) => Err(Refused::Over { state }),
        }
    }

    /// When it has been left alone for too long: not while it is being paid.
    fn abandons(&self) -> Option<Timestamp> {
        let waits = self.state == State::Open && !self.paying;
        let patience = self.patience.filter(|_| waits)?;
        self.touched.checked_add(patience).ok()
    }

    /// When its time is over. What was abandoned stays so.
    fn lapses(&self) -> Option<Timestamp> {
        self.expires.filter(|_| self.state == State::Open && !self.paying)
    }

    fn touch(mut self, now: Timestamp) -> Self {
        self.touched = now;
        self.updated = now;
        self
    }

    fn end(mut self, state: State) -> Self {
        self.state = state;
        self.ended = Some(self.updated);
        self
    }
}
