//! What a merchant sells, and to whom: customers, products, offers of them, and the users of its shop. Plain values; what was
//! sold is copied into the checkout and the payment, so that a change here changes nothing that was agreed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Mode;
use crate::id::{CustomerId, MerchantId, OfferId, ProductId, UserId};
use crate::money::Money;
use crate::payment::{ProductFacts, SaleOffer, SaleProduct, UserFacts};
use crate::search::Words;

/// The most bytes of a text that people read.
pub const TEXT_BYTES_MAX: usize = 1024;

/// Somebody who buys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Whose it is, and when it was made and changed.
    pub entry: Entry,
    /// The name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The telephone.
    pub phone: Option<String>,
    /// CPF, CNPJ or another document.
    pub document: Option<String>,
}

/// Something that is sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Whose it is, and when it was made and changed.
    pub entry: Entry,
    /// What it is called.
    pub name: String,
    /// What it is, in the platform's word: `SERVICE`.
    pub kind: Option<String>,
    /// What buyers read about it.
    pub description: Option<String>,
    /// What the merchant's own books call it.
    #[serde(default)]
    pub sku: Option<String>,
    /// What it costs, where it has one price; offers have their own.
    #[serde(default)]
    pub price: Option<Money>,
    /// How many there are, where that is counted.
    #[serde(default)]
    pub stock: Option<u32>,
    /// Whether it was taken off the shelf.
    #[serde(default)]
    pub inactive: bool,
}

/// Somebody who uses a merchant's shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Whose it is, and when it was made and changed.
    pub entry: Entry,
    /// The e-mail address. No two users of a merchant and mode have the same, in whatever case it is written.
    pub email: String,
    /// The name.
    pub name: String,
}

/// A product at a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its id.
    pub id: OfferId,
    /// Whose it is, and when it was made and changed.
    pub entry: Entry,
    /// What is sold. It never changes.
    pub product: ProductId,
    /// What it is called.
    pub name: String,
    /// What it costs.
    pub price: Money,
}

/// What all of them have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// The merchant's own notes: a JSON object in canonical bytes.
    pub metadata: String,
    /// When it was made, on the merchant's clock.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// Events that were told of it so far.
    #[serde(default)]
    pub sequence: u32,
}

/// A text that is empty or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: must have 1 to {TEXT_BYTES_MAX} bytes")]
pub struct BadText {
    /// Which one.
    pub field: &'static str,
}

/// Refuses texts that are empty or too long.
pub fn check_texts(texts: &[(&'static str, Option<&str>)]) -> Result<(), BadText> {
    let bad = |text: &str| !(1..=TEXT_BYTES_MAX).contains(&text.len());
    match texts.iter().find(|(_, text)| text.is_some_and(bad)) {
        Some((field, _)) => Err(BadText { field }),
        None => Ok(()),
    }
}

impl Customer {
    /// Checks its texts.
    pub fn check(&self) -> Result<(), BadText> {
        check_texts(&[
            ("name", self.name.as_deref()),
            ("email", self.email.as_deref()),
            ("phone", self.phone.as_deref()),
            ("document", self.document.as_deref()),
        ])
    }
}

impl Product {
    /// Checks its texts.
    pub fn check(&self) -> Result<(), BadText> {
        check_texts(&[
            ("name", Some(&self.name)),
            ("type", self.kind.as_deref()),
            ("description", self.description.as_deref()),
            ("sku", self.sku.as_deref()),
        ])
    }

    /// What can be told of it when it changes.
    #[must_use]
    pub fn facts(&self) -> ProductFacts<'_> {
        ProductFacts {
            id: self.id,
            name: &self.name,
            kind: self.kind.as_deref(),
            description: self.description.as_deref(),
            sku: self.sku.as_deref(),
            price: self.price,
            stock: self.stock,
            active: !self.inactive,
            created: self.entry.created,
            updated: self.entry.updated,
        }
    }

    /// What it is found by.
    #[must_use]
    pub fn words(&self) -> Words {
        let texts =
            [Some(&self.name), self.kind.as_ref(), self.description.as_ref(), self.sku.as_ref()];
        Words::of(texts.into_iter().flatten().map(String::as_str))
    }

    /// What is told of it when it is sold.
    #[must_use]
    pub fn sold(&self) -> SaleProduct {
        SaleProduct { id: self.id, name: self.name.clone(), kind: self.kind.clone() }
    }
}

impl User {
    /// Checks its texts.
    pub fn check(&self) -> Result<(), BadText> {
        check_texts(&[("email", Some(&self.email)), ("name", Some(&self.name))])
    }

    /// What it is found by.
    #[must_use]
    pub fn words(&self) -> Words {
        Words::of([self.email.as_str(), self.name.as_str()])
    }

    /// The address as it is compared: nobody tells `Ana@…` from `ana@…`.
    #[must_use]
    pub fn address(&self) -> String {
        self.email.to_lowercase()
    }

    /// What can be told of it.
    #[must_use]
    pub fn facts(&self) -> UserFacts<'_> {
        let (created, updated) = (self.entry.created, self.entry.updated);
        UserFacts { id: self.id, email: &self.email, name: &self.name, created, updated }
    }
}

impl Offer {
    /// Checks its texts.
    pub fn check(&self) -> Result<(), BadText> {
        check_texts(&[("name", Some(&self.name))])
    }

    /// What is told of it when it is taken.
    #[must_use]
    pub fn taken(&self) -> SaleOffer {
        SaleOffer { id: self.id, name: self.name.clone(), price: self.price }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_empty_or_too_long_is_refused_by_its_name() {
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        let check = |name: &str, phone: &str| {
            check_texts(&[("name", Some(name)), ("email", None), ("phone", Some(phone))])
        };
        assert_eq!(check("João", "1"), Ok(()));
        assert_eq!(check("João", ""), Err(BadText { field: "phone" }));
        assert_eq!(check(&long, ""), Err(BadText { field: "name" }));
    }
}
