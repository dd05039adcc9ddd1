//! Cursors: where a list goes on, sealed so that it fits that list and no other.
//!
//! A cursor is the last row's id and a keyed hash of it with the list's name and filters. It needs
//! no memory here, does not shift when rows are added, and cannot be made up.

use data_encoding::BASE64URL_NOPAD;
use posthorn_core::secret::{constant_time_eq, keyed_hash};

use crate::Engine;

/// Bytes of the id in a cursor, and of the hash after it.
const HALF: usize = 8;

/// A cursor that does not belong to the list it was given to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this `cursor` is not one of this list with these filters; pass `next_cursor` of the page \
     before with the same parameters, or leave it out to begin anew"
)]
pub struct BadCursor;

impl Engine {
    /// The cursor after the row `last` of a list. `list` names the list with everything that
    /// chooses its rows: whose it is, mode, filters.
    #[must_use]
    pub fn seal_cursor(&self, list: &str, last: i64) -> String {
        let mut bytes = last.to_be_bytes().to_vec();
        bytes.extend(self.cursor_seal(list, last));
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The row that a cursor of this list stands after.
    pub fn open_cursor(&self, list: &str, cursor: &str) -> Result<i64, BadCursor> {
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| BadCursor)?;
        let (id, seal) = bytes.split_first_chunk::<HALF>().ok_or(BadCursor)?;
        let last = i64::from_be_bytes(*id);
        if constant_time_eq(seal, &self.cursor_seal(list, last)) {
            Ok(last)
        } else {
            Err(BadCursor)
        }
    }

    fn cursor_seal(&self, list: &str, last: i64) -> [u8; HALF] {
        let hash = keyed_hash(&self.shared.pepper, &format!("cursor {last} {list}"));
        hash.first_chunk().copied().unwrap_or_default()
    }
}
