//! How a payer pays. A card here is what may be kept of it: never its number, never its code.

use serde::{Deserialize, Serialize};

/// How a payer pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Method {
    /// A card.
    Card(CardFacts),
    /// PIX.
    Pix,
    /// A boleto.
    Boleto,
    /// Mobile money: a prompt on the payer's telephone.
    MobileMoney {
        /// The telephone, `254712345678`.
        phone: String,
    },
    /// A transfer from the payer's bank account.
    BankTransfer {
        /// The payer's account, if it is known.
        account: Option<String>,
        /// Its bank.
        bank: Option<String>,
    },
    /// XRP.
    Xrp,
}

/// What may be kept of a card (PCI DSS 4.0, requirement 3.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardFacts {
    /// `visa`, `mastercard`, …
    pub brand: String,
    /// The first six digits.
    pub bin: String,
    /// The last four digits.
    pub last4: String,
    /// The month it is good until, 1 to 12.
    pub exp_month: u8,
    /// And the year, four digits.
    pub exp_year: u16,
}

impl Method {
    /// Every name on the wire.
    pub const NAMES: [&'static str; 6] =
        ["card", "pix", "boleto", "mobile_money", "bank_transfer", "xrp"];

    /// The name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Card(_) => "card",
            Self::Pix => "pix",
            Self::Boleto => "boleto",
            Self::MobileMoney { .. } => "mobile_money",
            Self::BankTransfer { .. } => "bank_transfer",
            Self::Xrp => "xrp",
        }
    }
}
