//! What the engine can refuse, as far as its caller can act on it.

use posthorn_core::endpoint::BadPattern;
use posthorn_core::event::Invalid;
use posthorn_core::shop::{BadText, TEXT_BYTES_MAX};
use posthorn_store::StoreError;

use crate::guard::Refused;

/// Why a call was not carried out. Nothing of it was written then.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The event is not acceptable.
    #[error(transparent)]
    Event(#[from] Invalid),
    /// The merchant has turned on its strict catalogue, and the type is not in it.
    #[error(
        "`{kind}` is not in the catalogue of contract `{contract}`{hint}; this merchant accepts \
         catalogued types only (`strict_catalogue`)"
    )]
    NotInCatalogue {
        /// The type.
        kind: String,
        /// The contract.
        contract: String,
        /// `; did you mean …?`, or nothing.
        hint: String,
    },
    /// A setting is not usable; `field` says which.
    #[error("`{field}`: {what}")]
    Setting {
        /// Which setting.
        field: &'static str,
        /// What is wrong and how to mend it.
        what: String,
    },
    /// The address guard refused a URL.
    #[error("`url`: {0}")]
    Refused(#[from] Refused),
    /// There is nothing by that id for this caller.
    #[error("there is no such {what}")]
    Missing {
        /// What kind of thing.
        what: &'static str,
    },
    /// There is nothing by that id any more, or never was: it would be older than is kept.
    #[error("there is no such {what}: what is older than {kept} is forgotten (retention)")]
    Forgotten {
        /// What kind of thing.
        what: &'static str,
        /// How long it is kept.
        kept: String,
    },
    /// It cannot be done in the state that things are in.
    #[error("{what}")]
    Conflict {
        /// Why, and what to do.
        what: String,
    },
    /// The idempotency key was used before with another request.
    #[error("this `Idempotency-Key` was used before with another request; use a new key")]
    KeyReused,
    /// A request with the same idempotency key is being carried out.
    #[error("a request with this `Idempotency-Key` is being carried out; try again in a second")]
    KeyInFlight,
    /// The caller's `id` belongs to another event.
    #[error("`id` was given to another event before; use a new one, or leave it out")]
    IdTaken,
    /// Only in test mode, or only on a server started with `--sandbox`.
    #[error("{what}")]
    WrongMode {
        /// What to do instead.
        what: &'static str,
    },
    /// A payment does not stand where that is possible.
    #[error(transparent)]
    Payment(#[from] posthorn_core::payment::Refused),
    /// A checkout does not stand where that is possible.
    #[error(transparent)]
    Checkout(#[from] posthorn_core::checkout::Refused),
    /// An order does not stand where that is possible.
    #[error(transparent)]
    Order(#[from] posthorn_core::order::Refused),
    /// A card token does not pay.
    #[error(transparent)]
    CardToken(#[from] posthorn_core::card_token::Refused),
    /// Nobody was given such a card token here.
    #[error(
        "there is no such card token; one is made by `POST /v1/cards/tokens` with a key of the same merchant and mode"
    )]
    UnknownCardToken,
    /// The reference belongs to a payment of another amount.
    #[error("this reference belongs to payment {id}, which is of {money}; use another reference")]
    OtherAmount {
        /// That payment.
        id: posthorn_core::id::PaymentId,
        /// Its amount.
        money: posthorn_core::money::Money,
    },
    /// The reference belongs to a payment at another provider, which may have moved money.
    #[error(
        "this reference belongs to payment {id} at provider {provider}, which may have moved money; \
         wait until it has failed for certain, or use another reference"
    )]
    OtherProvider {
        /// That payment.
        id: posthorn_core::id::PaymentId,
        /// Its provider.
        provider: String,
    },
    /// The reference belongs to a payment by another method.
    #[error(
        "this reference belongs to payment {id} by {method}; call that one off, or use another reference"
    )]
    OtherMethod {
        /// That payment.
        id: posthorn_core::id::PaymentId,
        /// Its method.
        method: &'static str,
    },
    /// There is nobody to take the money.
    #[error("no live provider is configured; test mode has simulated ones (use a test key)")]
    NoLiveProvider,
    /// The merchant does not have so much.
    #[error("there are {there} minor units to pay out, which is not enough")]
    InsufficientBalance {
        /// What there is, in minor units.
        there: i64,
    },
    /// Too much is waiting.
    #[error("the server is busy; try again in {retry_after_s} s")]
    Busy {
        /// When to try again, in seconds.
        retry_after_s: u32,
    },
    /// The database did not do it.
    #[error(transparent)]
    Store(StoreError),
    /// Something that was stored cannot be used: the operator must look.
    #[error("{what}")]
    Broken {
        /// What.
        what: String,
    },
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::KeyReused => Self::KeyReused,
            StoreError::Missing { what } => Self::Missing { what },
            StoreError::Stale { .. } => Self::Conflict {
                what: "it was changed in the meantime; read it again and repeat the change".into(),
            },
            StoreError::Leased => Self::Conflict {
                what: "the delivery is being tried at this moment; try again when that is over"
                    .into(),
            },
            StoreError::Taken { what } => {
                Self::Conflict { what: format!("there is one with this {what} already") }
            }
            StoreError::TooMany { max } => Self::Conflict {
                what: format!("there are {max} already, the most that is allowed"),
            },
            StoreError::Short { there, .. } => Self::InsufficientBalance { there },
            StoreError::Full
            | StoreError::Damaged
            | StoreError::Unavailable { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Closed => Self::Store(error),
        }
    }
}

impl From<BadText> for EngineError {
    fn from(BadText { field }: BadText) -> Self {
        Self::Setting { field, what: format!("must have 1 to {TEXT_BYTES_MAX} bytes") }
    }
}

impl From<BadPattern> for EngineError {
    fn from(error: BadPattern) -> Self {
        Self::Setting { field: "events", what: error.to_string() }
    }
}
