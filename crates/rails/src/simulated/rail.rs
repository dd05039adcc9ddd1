//! Which rails there are.

use jiff::SignedDuration;
use posthorn_core::payment::Method;
use serde::{Deserialize, Serialize};

/// A day, in which cards and boletos settle.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// A way that money takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rail {
    /// Cards, at whichever acquirer.
    Cards,
    /// PIX.
    Pix,
    /// Boletos.
    Boleto,
    /// M-Pesa.
    Mpesa,
    /// Transfers between bank accounts.
    Bank,
    /// The XRP Ledger.
    Xrpl,
}

impl Rail {
    /// Every rail.
    pub const ALL: [Self; 6] =
        [Self::Cards, Self::Pix, Self::Boleto, Self::Mpesa, Self::Bank, Self::Xrpl];

    /// The rail that a payer's method goes by.
    #[must_use]
    pub const fn of(method: &Method) -> Self {
        match method {
            Method::Card(_) => Self::Cards,
            Method::Pix => Self::Pix,
            Method::Boleto => Self::Boleto,
            Method::MobileMoney { .. } => Self::Mpesa,
            Method::BankTransfer { .. } => Self::Bank,
            Method::Xrp => Self::Xrpl,
        }
    }

    /// How long after it was paid the money is handed over; `None`: with it.
    #[must_use]
    pub const fn settles_after(self) -> Option<SignedDuration> {
        match self {
            Self::Cards | Self::Boleto => Some(A_DAY),
            Self::Pix | Self::Mpesa | Self::Bank | Self::Xrpl => None,
        }
    }

    /// Whether money may come to what was called off or has failed: always, but from a card, which only the
    /// charge itself can take it from.
    pub(super) const fn takes_late_money(self) -> bool {
        !matches!(self, Self::Cards)
    }

    /// Whether the payer could pay the same thing twice.
    pub(super) const fn can_be_paid_twice(self) -> bool {
        matches!(self, Self::Pix | Self::Boleto | Self::Bank | Self::Xrpl)
    }

    /// Whether it is the payer who says how much.
    pub(super) const fn can_be_paid_in_part(self) -> bool {
        matches!(self, Self::Bank | Self::Xrpl)
    }

    /// Whether money that has come can be asked back by the payer's bank.
    pub(super) const fn can_be_disputed(self) -> bool {
        !matches!(self, Self::Boleto | Self::Xrpl)
    }
}
