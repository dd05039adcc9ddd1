//! What the engine refuses, as problems: every variant has its code.

use posthorn_core::card_token::Refused;
use posthorn_core::event::Invalid;
use posthorn_engine::{BadCursor, EngineError, Unauthorized};
use posthorn_store::StoreError;

use super::{Code, Problem};

/// When to try again after the database was not available, in seconds.
const UNAVAILABLE_RETRY_S: u32 = 1;
/// When to try again after the disk was full, in seconds.
const FULL_RETRY_S: u32 = 30;

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let detail = error.to_string();
        match error {
            EngineError::Event(invalid) => invalid.into(),
            EngineError::NotInCatalogue { .. } => {
                Self::new(Code::NotInCatalogue, detail).at("type")
            }
            EngineError::Setting { field, .. } => Self::new(Code::InvalidSetting, detail).at(field),
            EngineError::Refused(_) => Self::new(Code::AddressRefused, detail).at("url"),
            EngineError::Missing { .. } | EngineError::Forgotten { .. } => {
                Self::new(Code::NotFound, detail)
            }
            EngineError::Conflict { .. } => Self::new(Code::Conflict, detail),
            EngineError::KeyReused => Self::new(Code::IdempotencyKeyReused, detail),
            EngineError::KeyInFlight => {
                Self::new(Code::IdempotencyKeyInUse, detail).retry_after(UNAVAILABLE_RETRY_S)
            }
            EngineError::IdTaken => Self::new(Code::IdTaken, detail).at("id"),
            EngineError::WrongMode { .. } => Self::new(Code::WrongMode, detail),
            EngineError::Payment(_) => Self::new(Code::PaymentState, detail),
            EngineError::Checkout(_) => Self::new(Code::CheckoutState, detail),
            EngineError::Order(_) => Self::new(Code::OrderState, detail),
            EngineError::CardToken(Refused::Used) => {
                Self::new(Code::CardTokenUsed, detail).at("card_token")
            }
            EngineError::CardToken(Refused::Expired) => {
                Self::new(Code::CardTokenExpired, detail).at("card_token")
            }
            EngineError::UnknownCardToken => {
                Self::new(Code::CardTokenUnknown, detail).at("card_token")
            }
            EngineError::OtherAmount { .. }
            | EngineError::OtherProvider { .. }
            | EngineError::OtherMethod { .. } => {
                Self::new(Code::ReferenceInUse, detail).at("reference")
            }
            EngineError::NoLiveProvider => Self::new(Code::NoLiveProvider, detail),
            EngineError::InsufficientBalance { .. } => Self::new(Code::InsufficientBalance, detail),
            EngineError::Busy { retry_after_s } => {
                Self::new(Code::Busy, detail).retry_after(retry_after_s)
            }
            EngineError::Store(error) => of_store(&error),
            EngineError::Broken { what } => Self::internal(what),
        }
    }
}

fn of_store(error: &StoreError) -> Problem {
    let cause = error.to_string();
    match error {
        StoreError::Full => {
            let detail = "the server's disk is full; nothing new is accepted until there is room";
            let problem = Problem::new(Code::DiskFull, detail).retry_after(FULL_RETRY_S);
            Problem { cause: Some(cause), ..problem }
        }
        StoreError::Damaged => {
            let detail = "the server's database is damaged; nothing new is accepted until the \
                          operator has restored it";
            let problem = Problem::new(Code::DatabaseDamaged, detail).retry_after(FULL_RETRY_S);
            Problem { cause: Some(cause), ..problem }
        }
        StoreError::Unavailable { .. } | StoreError::Closed => {
            let detail = "the database is not available at the moment; nothing was done";
            let problem = Problem::new(Code::Unavailable, detail).retry_after(UNAVAILABLE_RETRY_S);
            Problem { cause: Some(cause), ..problem }
        }
        StoreError::Corrupt { .. }
        | StoreError::KeyReused
        | StoreError::Missing { .. }
        | StoreError::Stale { .. }
        | StoreError::Leased
        | StoreError::Short { .. }
        | StoreError::Taken { .. }
        | StoreError::TooMany { .. } => Problem::internal(cause),
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let detail = invalid.to_string();
        match invalid {
            Invalid::Type { .. } | Invalid::TypeTooLong { .. } | Invalid::Reserved => {
                Self::new(Code::InvalidEvent, detail).at("type")
            }
            Invalid::DataTooLarge { .. } => Self::new(Code::TooLarge, detail).at("data"),
            Invalid::Data(_) => Self::new(Code::MalformedJson, detail).at("data"),
            Invalid::DataNotAnObject => Self::new(Code::InvalidEvent, detail).at("data"),
            Invalid::Reference => Self::new(Code::InvalidEvent, detail).at("id"),
        }
    }
}

impl From<Unauthorized> for Problem {
    fn from(refusal: Unauthorized) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Unauthorized::Unknown => Self::new(Code::UnknownKey, detail),
            Unauthorized::Revoked(_) => Self::new(Code::RevokedKey, detail),
            Unauthorized::WrongKind(_) => Self::new(Code::WrongKey, detail),
            Unauthorized::Unavailable => {
                Self::new(Code::Unavailable, detail).retry_after(UNAVAILABLE_RETRY_S)
            }
        }
    }
}

impl From<BadCursor> for Problem {
    fn from(bad: BadCursor) -> Self {
        Self::new(Code::InvalidCursor, bad.to_string()).at("cursor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: StoreError) -> (u16, &'static str, Option<u32>, bool) {
        let problem = Problem::from(EngineError::from(error));
        let about = problem.code.about();
        (about.status, about.name, problem.retry_after_s, problem.cause.is_some())
    }

    #[test]
    fn what_may_pass_by_waiting_says_how_long_and_what_is_our_fault_says_nothing() {
        assert_eq!(told(StoreError::Full), (503, "disk_full", Some(30), true));
        assert_eq!(told(StoreError::Damaged), (503, "database_damaged", Some(30), true));
        assert_eq!(told(StoreError::Closed), (503, "unavailable", Some(1), true));
        let corrupt = StoreError::Corrupt { table: "events", column: "kind", row: 7 };
        assert_eq!(told(corrupt.clone()), (500, "internal", None, true));
        let document = Problem::from(EngineError::from(corrupt)).document(Some("req_1"));
        let document = serde_json::to_string(&document).unwrap();
        assert!(!document.contains("events"), "{document}");
    }

    #[test]
    fn what_is_busy_says_when_to_come_back() {
        let problem = Problem::from(EngineError::Busy { retry_after_s: 3 });
        assert_eq!((problem.code, problem.retry_after_s), (Code::Busy, Some(3)));
    }
}
