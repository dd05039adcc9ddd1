//! Where a payment stands, in canonical words. What a platform calls it stands in its contract.

use serde::{Deserialize, Serialize};

/// Where a payment stands. The numbers are stored; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum State {
    /// Written down; no provider has taken it on yet.
    Created = 0,
    /// The payer was shown how to pay.
    Pending = 1,
    /// The payer must do something (3-D Secure).
    RequiresAction = 2,
    /// The provider is looking at it.
    Processing = 3,
    /// Money is reserved and waits for its capture.
    Authorized = 4,
    /// It was paid.
    Succeeded = 5,
    /// A part of it went back.
    PartiallyRefunded = 6,
    /// All of it went back.
    Refunded = 7,
    /// The payer's bank asks for it back.
    Disputed = 8,
    /// The payer's bank took it back.
    ChargedBack = 9,
    /// It was declined, or a provider gave it up.
    Failed = 10,
    /// The merchant or the payer called it off.
    Canceled = 11,
    /// Nobody paid in time.
    Expired = 12,
}

impl State {
    /// Every state, in the order of the stored numbers.
    pub const ALL: [Self; 13] = [
        Self::Created,
        Self::Pending,
        Self::RequiresAction,
        Self::Processing,
        Self::Authorized,
        Self::Succeeded,
        Self::PartiallyRefunded,
        Self::Refunded,
        Self::Disputed,
        Self::ChargedBack,
        Self::Failed,
        Self::Canceled,
        Self::Expired,
    ];

    /// The name on the native API, and in contracts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Pending => "pending",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Authorized => "authorized",
            Self::Succeeded => "succeeded",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Disputed => "disputed",
            Self::ChargedBack => "charged_back",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }

    /// Whether its payer may still pay it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Created
                | Self::Pending
                | Self::RequiresAction
                | Self::Processing
                | Self::Authorized
        )
    }

    /// Whether nobody paid it, and nobody will but too late.
    #[must_use]
    pub const fn is_lost(self) -> bool {
        matches!(self, Self::Failed | Self::Canceled | Self::Expired)
    }

    /// Whether it was paid, whatever became of the money since.
    #[must_use]
    pub const fn is_paid(self) -> bool {
        !self.is_open() && !self.is_lost()
    }
}
