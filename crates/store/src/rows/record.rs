//! Records as rows.

use posthorn_core::id::MerchantId;

use super::{Place, mode};
use crate::{Record, RecordKind, StoreError};

/// A row of `records`.
#[derive(Debug)]
pub(crate) struct RecordRow {
    pub(crate) id: i64,
    pub(crate) kind: i64,
    pub(crate) merchant: i64,
    pub(crate) mode: i64,
    pub(crate) version: i64,
    pub(crate) state: i64,
    pub(crate) reference: Option<String>,
    pub(crate) parent: Option<i64>,
    pub(crate) wake: Option<i64>,
    pub(crate) body: String,
}

impl RecordRow {
    pub(crate) fn read(self) -> Result<Record, StoreError> {
        let place = Place { table: "records", row: self.id };
        Ok(Record {
            id: self.id,
            kind: record_kind(place, self.kind)?,
            merchant: MerchantId::from_i64(self.merchant),
            mode: mode(place, self.mode)?,
            version: place.count("version", self.version)?,
            state: u8::try_from(self.state).map_err(|_| place.corrupt("state"))?,
            reference: self.reference,
            parent: self.parent,
            wake: self.wake.map(|wake| place.time("wake", wake)).transpose()?,
            body: self.body,
        })
    }
}

/// The kind of a stored number.
pub(crate) fn record_kind(place: Place, code: i64) -> Result<RecordKind, StoreError> {
    let found = RecordKind::ALL.into_iter().find(|kind| *kind as i64 == code);
    found.ok_or_else(|| place.corrupt("kind"))
}
