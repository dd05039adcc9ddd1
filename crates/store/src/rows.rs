//! Rows become domain values here and nowhere else, and domain values become columns.
//!
//! The row types hold what a database column can hold, so that every implementation of the store
//! reads them in the same way. A value that cannot be read is [`StoreError::Corrupt`], with its
//! table, column and row; never a panic, never a guess.

mod attempt;
mod delivery;
mod endpoint;
mod event;
mod job;
mod merchant;
mod oauth;
mod record;

pub(crate) use attempt::{AnswerColumns, AttemptRow, peer_blob, phases_blob, secrets_blob};
pub(crate) use delivery::{DeliveryRow, state_columns, state_kind};
pub(crate) use endpoint::{EndpointRow, SecretRow, StatusColumns, VersionRow, status_columns};
pub(crate) use event::{EventRow, about_text, mode, mode_code};
pub(crate) use job::{JobRow, job_endpoint};
pub(crate) use merchant::{KeyRow, MerchantRow, kind_code};
pub(crate) use oauth::{
    ApplicationRow, TokenRow, client_code, redirects_text, scopes, scopes_code,
};
pub(crate) use record::{RecordRow, record_kind};

use jiff::{SignedDuration, Timestamp};
use posthorn_core::secret::Sealed;

use crate::StoreError;

/// Where a value was read, for the error if it is not what it must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) table: &'static str,
    pub(crate) row: i64,
}

impl Place {
    pub(crate) fn corrupt(self, column: &'static str) -> StoreError {
        StoreError::Corrupt { table: self.table, column, row: self.row }
    }

    pub(crate) fn time(self, column: &'static str, ms: i64) -> Result<Timestamp, StoreError> {
        Timestamp::from_millisecond(ms).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn maybe_time(
        self,
        column: &'static str,
        ms: Option<i64>,
    ) -> Result<Option<Timestamp>, StoreError> {
        ms.map(|ms| self.time(column, ms)).transpose()
    }

    pub(crate) fn count(self, column: &'static str, value: i64) -> Result<u32, StoreError> {
        u32::try_from(value).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn sealed(self, column: &'static str, blob: &[u8]) -> Result<Sealed, StoreError> {
        let (key, bytes) = blob.split_first_chunk().ok_or_else(|| self.corrupt(column))?;
        Ok(Sealed { key: *key, bytes: bytes.to_vec() })
    }
}

/// A time as it is stored: Unix milliseconds; what is finer is cut off.
pub(crate) fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A duration as it is stored: milliseconds.
pub(crate) fn duration_ms(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A sealed value as it is stored: the master key's id, then nonce and ciphertext.
pub(crate) fn sealed_blob(sealed: &Sealed) -> Vec<u8> {
    [sealed.key.as_slice(), &sealed.bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place = Place { table: "t", row: 7 };

    #[test]
    fn a_time_beyond_all_calendars_is_corrupt_and_says_where() {
        let error = HERE.time("at", i64::MAX).unwrap_err();
        assert_eq!(error.to_string(), "corrupt row: t.at of row 7");
    }

    #[test]
    fn a_sealed_value_without_its_key_id_is_corrupt() {
        assert_eq!(HERE.sealed("sealed", &[1, 2, 3]), Err(HERE.corrupt("sealed")));
        let sealed = Sealed { key: [1, 2, 3, 4], bytes: vec![5] };
        assert_eq!(HERE.sealed("sealed", &sealed_blob(&sealed)), Ok(sealed));
    }

    #[test]
    fn a_negative_count_is_corrupt() {
        assert_eq!(HERE.count("run", -1), Err(HERE.corrupt("run")));
    }
}
