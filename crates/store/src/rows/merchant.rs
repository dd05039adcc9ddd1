//! Merchants and keys as rows.

use jiff::SignedDuration;
use posthorn_core::id::{KeyId, MerchantId};
use posthorn_core::merchant::{Key, KeyKind, Merchant};

use super::{Place, mode};
use crate::StoreError;

/// A row of `merchants`.
#[derive(Debug)]
pub(crate) struct MerchantRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) contract: String,
    pub(crate) reference: Option<String>,
    pub(crate) strict_catalogue: bool,
    pub(crate) retention: Option<i64>,
    pub(crate) legal_hold: bool,
    pub(crate) clock_offset: i64,
    pub(crate) webhook_secret_test: Vec<u8>,
    pub(crate) webhook_secret_live: Vec<u8>,
    pub(crate) created: i64,
    pub(crate) rate_limits: Option<String>,
}

/// A row of `keys`.
#[derive(Debug)]
pub(crate) struct KeyRow {
    pub(crate) id: i64,
    pub(crate) merchant: i64,
    pub(crate) mode: i64,
    pub(crate) kind: i64,
    pub(crate) hint: String,
    pub(crate) hash: Vec<u8>,
    pub(crate) shown: Option<Vec<u8>>,
    pub(crate) created: i64,
    pub(crate) last_used: Option<i64>,
    pub(crate) revoked: Option<i64>,
}

impl MerchantRow {
    pub(crate) fn read(self) -> Result<Merchant, StoreError> {
        let place = Place { table: "merchants", row: self.id };
        let limits = self.rate_limits.as_deref().map(serde_json::from_str).transpose();
        Ok(Merchant {
            id: MerchantId::from_i64(self.id),
            name: self.name,
            contract: self.contract,
            reference: self.reference,
            strict_catalogue: self.strict_catalogue,
            retention: self.retention.map(SignedDuration::from_millis),
            legal_hold: self.legal_hold,
            rate_limits: limits.map_err(|_| place.corrupt("rate_limits"))?.unwrap_or_default(),
            clock_offset: SignedDuration::from_millis(self.clock_offset),
            webhook_secret_test: place.sealed("webhook_secret_test", &self.webhook_secret_test)?,
            webhook_secret_live: place.sealed("webhook_secret_live", &self.webhook_secret_live)?,
            created: place.time("created", self.created)?,
        })
    }
}

impl KeyRow {
    pub(crate) fn read(self) -> Result<Key, StoreError> {
        let place = Place { table: "keys", row: self.id };
        let kind = KeyKind::ALL.into_iter().find(|kind| kind_code(*kind) == self.kind);
        let shown = self.shown.map(|blob| place.sealed("shown", &blob)).transpose()?;
        Ok(Key {
            id: KeyId::from_i64(self.id),
            merchant: MerchantId::from_i64(self.merchant),
            mode: mode(place, self.mode)?,
            kind: kind.ok_or_else(|| place.corrupt("kind"))?,
            hint: self.hint,
            hash: self.hash.try_into().map_err(|_| place.corrupt("hash"))?,
            shown,
            created: place.time("created", self.created)?,
            last_used: place.maybe_time("last_used", self.last_used)?,
            revoked: place.maybe_time("revoked", self.revoked)?,
        })
    }
}

/// The stored number of a kind of key; never renumber.
pub(crate) fn kind_code(kind: KeyKind) -> i64 {
    match kind {
        KeyKind::ApiKey => 0,
        KeyKind::ApiSecret => 1,
        KeyKind::Publishable => 2,
    }
}
