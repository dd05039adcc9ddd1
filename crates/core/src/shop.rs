//! What a merchant sells, and to whom: customers, products, and offers of them. Plain values; what was sold is copied into the
//! checkout and the payment, so that a change here changes nothing that was agreed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Mode;
use crate::id::{CustomerId, MerchantId, OfferId, ProductId};
use crate::money::Money;
use crate::payment::{SaleOffer, SaleProduct};

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
        ])
    }

    /// What is told of it when it is sold.
    #[must_use]
    pub fn sold(&self) -> SaleProduct {
        SaleProduct { id: self.id, name: self.name.clone(), kind: self.kind.clone() }
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
