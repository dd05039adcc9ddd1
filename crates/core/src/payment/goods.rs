//! What can be told of what a merchant keeps beside its payments: orders, products, users.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{OrderId, PaymentId, ProductId, UserId};
use crate::money::Money;

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderItem {
    /// The product, as the merchant calls it: an id of ours, or any other.
    pub product: String,
    /// What it is called.
    pub name: Option<String>,
    /// How many.
    pub quantity: u32,
    /// What one costs, in minor units of the order's asset.
    pub price: i64,
}

/// What can be told of an order.
#[derive(Debug, Clone, Copy)]
pub struct OrderFacts<'a> {
    /// Its id.
    pub id: OrderId,
    /// Where it stands, by its name on the native API.
    pub status: &'static str,
    /// What it comes to.
    pub money: Money,
    /// What is bought.
    pub items: &'a [OrderItem],
    /// What the merchant calls it.
    pub reference: Option<&'a str>,
    /// What the buyer reads.
    pub description: Option<&'a str>,
    /// The payment that was made for it last.
    pub payment: Option<PaymentId>,
    /// Who carries it.
    pub carrier: Option<&'a str>,
    /// What the carrier calls it.
    pub tracking_code: Option<&'a str>,
    /// Why it was called off.
    pub reason: Option<&'a str>,
    /// When it was paid.
    pub paid: Option<Timestamp>,
    /// When it was sent.
    pub shipped: Option<Timestamp>,
    /// When it arrived.
    pub delivered: Option<Timestamp>,
    /// When it was called off.
    pub canceled: Option<Timestamp>,
    /// When it was made, on the merchant's clock.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// What can be told of a product that changed.
#[derive(Debug, Clone, Copy)]
pub struct ProductFacts<'a> {
    /// Its id.
    pub id: ProductId,
    /// What it is called.
    pub name: &'a str,
    /// What it is, in the platform's word.
    pub kind: Option<&'a str>,
    /// What buyers read about it.
    pub description: Option<&'a str>,
    /// What the merchant's own books call it.
    pub sku: Option<&'a str>,
    /// What it costs.
    pub price: Option<Money>,
    /// How many there are.
    pub stock: Option<u32>,
    /// Whether it is on sale.
    pub active: bool,
    /// When it was made, on the merchant's clock.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// What can be told of a user.
#[derive(Debug, Clone, Copy)]
pub struct UserFacts<'a> {
    /// Its id.
    pub id: UserId,
    /// The e-mail address.
    pub email: &'a str,
    /// The name.
    pub name: &'a str,
    /// When it was made, on the merchant's clock.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}
