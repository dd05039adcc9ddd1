//! Orders: what somebody buys, from the list of it until it has arrived or was called off.
//!
//! An order is paid by a payment of its very amount, and by no second one. Only what was paid is shipped, and only what was
//! shipped is delivered. Until then it may be called off, which sends no money back by itself. Nothing can be paid for an order
//! that was called off; but money that comes late all the same, from a charge that was shown before, makes it a paid one: it
//! can be shipped then, or be called off again and its payment sent back.

#[cfg(test)]
mod laws;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Mode;
use crate::id::{CustomerId, MerchantId, OrderId, PaymentId};
use crate::money::{AMOUNT_MAX, Asset, Money};
use crate::payment::{OrderFacts, OrderItem, Step};
use crate::search::Words;
use crate::transition::Transition;

/// The most lines of an order.
pub const ITEMS_MAX: usize = 100;
/// The most of one product in an order.
pub const QUANTITY_MAX: u32 = 1_000_000;

/// An order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Where it stands.
    pub state: State,
    /// What it comes to.
    pub money: Money,
    /// What the merchant asked for.
    pub wish: Wish,
    /// The payment that was made for it last.
    pub payment: Option<PaymentId>,
    /// How it was sent.
    pub shipment: Shipment,
    /// Why it was called off.
    pub reason: Option<String>,
    /// When it was paid.
    pub paid: Option<Timestamp>,
    /// When it was sent.
    pub shipped: Option<Timestamp>,
    /// When it arrived.
    pub delivered: Option<Timestamp>,
    /// When it was called off.
    pub canceled: Option<Timestamp>,
    /// Events that were told of it so far.
    pub sequence: u32,
    /// When it was made, on the merchant's clock.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// What a merchant asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// What is bought.
    pub items: Vec<OrderItem>,
    /// What the merchant calls it: no two orders are called the same.
    pub reference: Option<String>,
    /// Who buys.
    pub buyer: Buyer,
    /// What the buyer reads.
    pub description: Option<String>,
    /// The merchant's own notes: a JSON object in canonical bytes.
    pub metadata: String,
}

/// Who buys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// Which of the merchant's customers.
    pub id: Option<CustomerId>,
    /// The name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The telephone.
    pub phone: Option<String>,
    /// CPF, CNPJ or another document.
    pub document: Option<String>,
}

/// How an order is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// Who carries it.
    pub carrier: Option<String>,
    /// What the carrier calls it.
    pub tracking_code: Option<String>,
}

/// Where an order stands. The numbers are stored; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum State {
    /// It waits to be paid.
    Created = 0,
    /// It was paid.
    Paid = 1,
    /// It was sent.
    Shipped = 2,
    /// It arrived.
    Delivered = 3,
    /// It was called off.
    Canceled = 4,
}

impl State {
    /// Every state, in the order of the stored numbers.
    pub const ALL: [Self; 5] =
        [Self::Created, Self::Paid, Self::Shipped, Self::Delivered, Self::Canceled];

    /// The name in contracts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Paid => "paid",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Canceled => "canceled",
        }
    }
}

/// Why a verb was not carried out; nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It does not stand where that is possible.
    #[error("the order is {}; {what}", state.name())]
    NotNow {
        /// Where it stands.
        state: State,
        /// What would be possible, or when.
        what: &'static str,
    },
    /// A payment was made for what it comes to.
    #[error("payment {payment} was made for this order; its items no longer change")]
    Priced {
        /// That payment.
        payment: PaymentId,
    },
}

/// Why items are no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadItems {
    /// None, or too many.
    #[error("must be 1 to {ITEMS_MAX} items")]
    Count,
    /// None of a product, or too many.
    #[error("the quantity of an item must be 1 to {QUANTITY_MAX}")]
    Quantity,
    /// More than is counted.
    #[error("they come to more than {AMOUNT_MAX} minor units")]
    TooMuch,
    /// Nothing.
    #[error("they must come to more than nothing")]
    Nothing,
}

/// What items come to.
pub fn total(items: &[OrderItem], asset: Asset) -> Result<Money, BadItems> {
    if !(1..=ITEMS_MAX).contains(&items.len()) {
        return Err(BadItems::Count);
    }
    if items.iter().any(|item| !(1..=QUANTITY_MAX).contains(&item.quantity)) {
        return Err(BadItems::Quantity);
    }
    let line = |item: &OrderItem| i128::from(item.price) * i128::from(item.quantity);
    let sum: i128 = items.iter().map(line).sum();
    match i64::try_from(sum) {
        Ok(minor) if minor < 1 => Err(BadItems::Nothing),
        Ok(minor) if minor <= AMOUNT_MAX => Ok(Money { minor, asset }),
        Ok(_) | Err(_) => Err(BadItems::TooMuch),
    }
}

impl Order {
    /// What it is found by: all that was written of it but the merchant's notes.
    #[must_use]
    pub fn words(&self) -> Words {
        let Wish { items, reference, buyer, description, .. } = &self.wish;
        let Buyer { name, email, phone, document, .. } = buyer;
        let Shipment { carrier, tracking_code } = &self.shipment;
        let sold = items.iter().flat_map(|item| [Some(&item.product), item.name.as_ref()]);
        let own = [reference, name, email, phone, document, description, carrier, tracking_code];
        let texts = own.into_iter().map(Option::as_ref).chain([self.reason.as_ref()]).chain(sold);
        Words::of(texts.flatten().map(String::as_str))
    }

    /// Writes a merchant's wish down, which comes to so much.
    #[must_use]
    pub fn open(
        id: OrderId,
        (merchant, mode): (MerchantId, Mode),
        money: Money,
        wish: Wish,
        now: Timestamp,
    ) -> Step<Self> {
        debug_assert_eq!(total(&wish.items, money.asset), Ok(money), "added up at the edge");
        let order = Self {
            id,
            merchant,
            mode,
            state: State::Created,
            money,
            wish,
            payment: None,
            shipment: Shipment::default(),
            reason: None,
            paid: None,
            shipped: None,
            delivered: None,
            canceled: None,
            sequence: 0,
            created: now,
            updated: now,
        };
        Step::still(order).tell(Transition::OrderCreated)
    }

    /// A payment is made for it.
    pub fn pay(mut self, payment: PaymentId, now: Timestamp) -> Result<Self, Refused> {
        if self.state != State::Created {
            return Err(self.not_now("only one that was just created is paid for"));
        }
        self.payment = Some(payment);
        Ok(self.touch(now))
    }

    /// A payment of it was paid, which the payment tells. What was called off meanwhile is paid all the same: the money is there.
    #[must_use]
    pub fn paid(mut self, payment: PaymentId, now: Timestamp) -> Self {
        match self.state {
            State::Created | State::Canceled => {
                self.state = State::Paid;
                self.payment = Some(payment);
                self.paid = Some(now);
                (self.reason, self.canceled) = (None, None);
                self.touch(now)
            }
            State::Paid | State::Shipped | State::Delivered => self,
        }
    }

    /// What was paid is sent. The same shipment once more is the same.
    pub fn ship(mut self, shipment: Shipment, now: Timestamp) -> Result<Step<Self>, Refused> {
        match self.state {
            State::Paid => {
                self.state = State::Shipped;
                self.shipment = shipment;
                self.shipped = Some(now);
                Ok(Step::still(self.touch(now)).tell(Transition::OrderShipped))
            }
            State::Shipped if self.shipment == shipment => Ok(Step::still(self)),
            State::Created | State::Shipped | State::Delivered | State::Canceled => {
                Err(self.not_now("what is paid is shipped, once"))
            }
        }
    }

    /// What was sent has arrived.
    pub fn deliver(mut self, now: Timestamp) -> Result<Step<Self>, Refused> {
        match self.state {
            State::Shipped => {
                self.state = State::Delivered;
                self.delivered = Some(now);
                Ok(Step::still(self.touch(now)).tell(Transition::OrderDelivered))
            }
            State::Delivered => Ok(Step::still(self)),
            State::Created | State::Paid | State::Canceled => {
                Err(self.not_now("what is shipped is delivered"))
            }
        }
    }

    /// It is called off, before it was sent. Money that paid it goes back by a refund of its payment.
    pub fn cancel(mut self, reason: Option<String>, now: Timestamp) -> Result<Step<Self>, Refused> {
        match self.state {
            State::Created | State::Paid => {
                self.state = State::Canceled;
                self.reason = reason;
                self.canceled = Some(now);
                Ok(Step::still(self.touch(now)).tell(Transition::OrderCanceled))
            }
            State::Canceled => Ok(Step::still(self)),
            State::Shipped | State::Delivered => {
                Err(self.not_now("what was sent is no longer called off"))
            }
        }
    }

    /// Its merchant changes what it says; what it comes to is added up again. What is bought changes only until a payment was
    /// made for it, who buys only until it is sent.
    pub fn edit(mut self, wish: Wish, money: Money, now: Timestamp) -> Result<Self, Refused> {
        let items = wish.items != self.wish.items || money != self.money;
        let fixed = match self.state {
            State::Created => false,
            State::Paid => items,
            State::Shipped | State::Delivered | State::Canceled => {
                items || wish.buyer != self.wish.buyer
            }
        };
        if fixed {
            return Err(self.not_now("what is bought, and by whom, no longer changes"));
        }
        if let Some(payment) = self.payment.filter(|_| items) {
            return Err(Refused::Priced { payment });
        }
        if wish == self.wish && money == self.money {
            return Ok(self);
        }
        (self.wish, self.money) = (wish, money);
        Ok(self.touch(now))
    }

    /// What can be told of it.
    #[must_use]
    pub fn facts(&self) -> OrderFacts<'_> {
        OrderFacts {
            id: self.id,
            status: self.state.name(),
            money: self.money,
            items: &self.wish.items,
            reference: self.wish.reference.as_deref(),
            description: self.wish.description.as_deref(),
            payment: self.payment,
            carrier: self.shipment.carrier.as_deref(),
            tracking_code: self.shipment.tracking_code.as_deref(),
            reason: self.reason.as_deref(),
            paid: self.paid,
            shipped: self.shipped,
            delivered: self.delivered,
            canceled: self.canceled,
            created: self.created,
            updated: self.updated,
        }
    }

    fn not_now(&self, what: &'static str) -> Refused {
        Refused::NotNow { state: self.state, what }
    }

    fn touch(mut self, now: Timestamp) -> Self {
        self.updated = now;
        self
    }
}
