//! What can be told of a payment: the values that contracts put into events and answers.
//!
//! What only the rail knows, and only later, is the transaction that paid: [`Payment::paid`] holds the provider's own id of
//! it, which is an M-Pesa receipt, a PIX end-to-end id, the hash of a transaction on the XRP Ledger or a card's charge, by the
//! payment's method.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    CardFacts, Customer, Instrument, Method, OrderFacts, Payment, ProductFacts, RefundState, State,
    UserFacts,
};
use crate::id::{CheckoutId, CustomerId, OfferId, PaymentId, PayoutId, ProductId};
use crate::money::Money;

/// What a contract's templates read.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What is told of.
    pub subject: Subject<'a>,
    /// Whose it is, as it stands on the wire: [`crate::merchant::Merchant::wire_id`].
    pub merchant: &'a str,
    /// Where its payer finds it, if there is a page.
    pub payment_link: Option<&'a str>,
}

/// What an event or an answer is about.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A payment.
    Payment(&'a Payment),
    /// A checkout that has no payment (it was left alone).
    Cart(&'a Cart),
    /// A payout.
    Payout(PayoutFacts<'a>),
    /// An order.
    Order(OrderFacts<'a>),
    /// A product that changed.
    Product(ProductFacts<'a>),
    /// A user.
    User(UserFacts<'a>),
}

/// What is on sale, and to whom: told as it was when the payment was made, whatever became of it since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The checkout.
    #[serde(default)]
    pub checkout: Option<SaleCheckout>,
    /// What is sold.
    #[serde(default)]
    pub product: Option<SaleProduct>,
    /// At what price.
    #[serde(default)]
    pub offer: Option<SaleOffer>,
}

/// A checkout, as its payer filled it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleCheckout {
    /// Its id.
    pub id: CheckoutId,
    /// The payer's e-mail address.
    pub email: Option<String>,
    /// The payer's telephone.
    pub phone: Option<String>,
    /// The payer's name.
    pub name: Option<String>,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleProduct {
    /// Its id.
    pub id: ProductId,
    /// What it is called.
    pub name: String,
    /// What it is, in the platform's word: `SERVICE`.
    pub kind: Option<String>,
}

/// An offer of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleOffer {
    /// Its id.
    pub id: OfferId,
    /// What it is called.
    pub name: String,
    /// What it costs.
    pub price: Money,
}

/// A checkout that nobody has paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// The checkout, and what is in it.
    pub sale: Sale,
    /// The payment that is to be made for it, where that was told of.
    #[serde(default)]
    pub payment: Option<PaymentId>,
    /// What is to be paid.
    pub money: Money,
    /// Which of the merchant's customers buys it.
    #[serde(default)]
    pub customer: Option<CustomerId>,
    /// The merchant's own notes: a JSON object in canonical bytes.
    #[serde(default)]
    pub metadata: String,
    /// What the payer reads.
    pub description: Option<String>,
    /// When it was opened, on the merchant's clock.
    pub created: Timestamp,
    /// When it last changed: when it was left, once it is.
    pub updated: Timestamp,
}

/// What can be told of a payout.
#[derive(Debug, Clone, Copy)]
pub struct PayoutFacts<'a> {
    /// Its id.
    pub id: PayoutId,
    /// Where it stands, by its name on the native API.
    pub status: &'static str,
    /// How much.
    pub money: Money,
    /// Where to.
    pub destination: &'a str,
    /// Through whom, in the contract's own word.
    pub provider: &'a str,
    /// What the merchant calls it.
    pub reference: Option<&'a str>,
    /// What the recipient reads.
    pub description: Option<&'a str>,
    /// The merchant's own notes: a JSON object in canonical bytes.
    pub metadata: &'a str,
    /// The provider's id of the money that was sent.
    pub transaction: Option<&'a str>,
    /// Why it did not arrive.
    pub failure_code: Option<&'a str>,
    /// When it was made, on the merchant's clock.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

impl<'a> Facts<'a> {
    /// What can be told of a payment that has no page.
    #[must_use]
    pub const fn of(payment: &'a Payment, merchant: &'a str) -> Self {
        Self { subject: Subject::Payment(payment), merchant, payment_link: None }
    }

    /// The payment, if it is about one.
    #[must_use]
    pub const fn payment(&self) -> Option<&'a Payment> {
        match self.subject {
            Subject::Payment(payment) => Some(payment),
            Subject::Cart(_)
            | Subject::Payout(_)
            | Subject::Order(_)
            | Subject::Product(_)
            | Subject::User(_) => None,
        }
    }

    /// The payout, if it is about one.
    #[must_use]
    pub const fn payout(&self) -> Option<&PayoutFacts<'a>> {
        match &self.subject {
            Subject::Payout(payout) => Some(payout),
            Subject::Payment(_)
            | Subject::Cart(_)
            | Subject::Order(_)
            | Subject::Product(_)
            | Subject::User(_) => None,
        }
    }

    /// The order, if it is about one.
    #[must_use]
    pub const fn order(&self) -> Option<&OrderFacts<'a>> {
        match &self.subject {
            Subject::Order(order) => Some(order),
            Subject::Payment(_)
            | Subject::Cart(_)
            | Subject::Payout(_)
            | Subject::Product(_)
            | Subject::User(_) => None,
        }
    }

    /// The product, if it is about one that changed.
    #[must_use]
    pub const fn product(&self) -> Option<&ProductFacts<'a>> {
        match &self.subject {
            Subject::Product(product) => Some(product),
            Subject::Payment(_)
            | Subject::Cart(_)
            | Subject::Payout(_)
            | Subject::Order(_)
            | Subject::User(_) => None,
        }
    }

    /// The user, if it is about one.
    #[must_use]
    pub const fn user(&self) -> Option<&UserFacts<'a>> {
        match &self.subject {
            Subject::User(user) => Some(user),
            Subject::Payment(_)
            | Subject::Cart(_)
            | Subject::Payout(_)
            | Subject::Order(_)
            | Subject::Product(_) => None,
        }
    }

    /// How much it is about: a user is about no money.
    #[must_use]
    pub const fn money(&self) -> Option<Money> {
        match self.subject {
            Subject::Payment(payment) => Some(payment.money),
            Subject::Cart(cart) => Some(cart.money),
            Subject::Payout(payout) => Some(payout.money),
            Subject::Order(order) => Some(order.money),
            Subject::Product(product) => product.price,
            Subject::User(_) => None,
        }
    }

    /// What is on sale.
    #[must_use]
    pub fn sale(&self) -> Option<&'a Sale> {
        match self.subject {
            Subject::Payment(payment) => payment.wish.sale.as_ref(),
            Subject::Cart(cart) => Some(&cart.sale),
            Subject::Payout(_) | Subject::Order(_) | Subject::Product(_) | Subject::User(_) => None,
        }
    }

    /// The checkout it belongs to.
    #[must_use]
    pub fn checkout(&self) -> Option<CheckoutId> {
        let of_sale = self.sale().and_then(|sale| sale.checkout.as_ref()).map(|at| at.id);
        of_sale.or_else(|| self.payment()?.wish.checkout)
    }

    /// What the payer reads.
    #[must_use]
    pub fn description(&self) -> Option<&'a str> {
        match self.subject {
            Subject::Payment(payment) => payment.wish.description.as_deref(),
            Subject::Cart(cart) => cart.description.as_deref(),
            Subject::Payout(payout) => payout.description,
            Subject::Order(order) => order.description,
            Subject::Product(product) => product.description,
            Subject::User(_) => None,
        }
    }

    /// When it was made.
    #[must_use]
    pub const fn created(&self) -> Timestamp {
        match self.subject {
            Subject::Payment(payment) => payment.created,
            Subject::Cart(cart) => cart.created,
            Subject::Payout(payout) => payout.created,
            Subject::Order(order) => order.created,
            Subject::Product(product) => product.created,
            Subject::User(user) => user.created,
        }
    }

    /// When it last changed.
    #[must_use]
    pub const fn updated(&self) -> Timestamp {
        match self.subject {
            Subject::Payment(payment) => payment.updated,
            Subject::Cart(cart) => cart.updated,
            Subject::Payout(payout) => payout.updated,
            Subject::Order(order) => order.updated,
            Subject::Product(product) => product.updated,
            Subject::User(user) => user.updated,
        }
    }

    /// Who pays, as far as the merchant told.
    #[must_use]
    pub fn customer(&self) -> Option<&'a Customer> {
        self.payment()?.wish.customer.as_ref()
    }

    /// What the payer was shown.
    #[must_use]
    pub fn instrument(&self) -> Option<&'a Instrument> {
        self.payment()?.instrument.as_ref()
    }
}

impl Payment {
    /// The provider's own id of the transaction that paid it, where it was paid by a method of this name.
    #[must_use]
    pub fn transaction(&self, method: &str) -> Option<&str> {
        let paid = self.paid.as_ref().filter(|_| self.wish.method.name() == method)?;
        Some(&paid.transaction)
    }

    /// When the last of it went back.
    #[must_use]
    pub fn refunded_at(&self) -> Option<Timestamp> {
        let times = self.refunds.iter().filter_map(|refund| match &refund.state {
            RefundState::Succeeded { at, .. } => Some(*at),
            RefundState::Pending | RefundState::Failed { .. } => None,
        });
        times.max()
    }

    /// Why it was not paid: what the provider said, or that its time was over, or that it was called off.
    #[must_use]
    pub fn failure(&self) -> Option<(&str, &str)> {
        match self.state {
            State::Failed => {
                self.refusal.as_ref().map(|refusal| (&*refusal.code, &*refusal.message))
            }
            State::Expired => Some(("expired", "nobody paid in time")),
            State::Canceled => Some(("canceled", "it was called off")),
            State::Created
            | State::Pending
            | State::RequiresAction
            | State::Processing
            | State::Authorized
            | State::Succeeded
            | State::PartiallyRefunded
            | State::Refunded
            | State::Disputed
            | State::ChargedBack => None,
        }
    }

    /// What a card may be told by.
    #[must_use]
    pub fn card(&self) -> Option<&CardFacts> {
        match &self.wish.method {
            Method::Card(card) => Some(card),
            Method::Pix
            | Method::Boleto
            | Method::MobileMoney { .. }
            | Method::BankTransfer { .. }
            | Method::Xrp => None,
        }
    }
}
