//! Merchants and their keys.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::contract::Limits;
use crate::event::Mode;
use crate::id::{KeyId, MerchantId};
use crate::secret::Sealed;

/// An integrator's account.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// Its id.
    pub id: MerchantId,
    /// What people call it.
    pub name: String,
    /// The contract its endpoints speak unless they name another.
    pub contract: String,
    /// The operator's own id for it; stands on the wire where a contract has a merchant member.
    pub reference: Option<String>,
    /// Whether event types outside the contract's catalogue are refused.
    pub strict_catalogue: bool,
    /// How long its events are kept, where that is longer than the deployment keeps them.
    pub retention: Option<SignedDuration>,
    /// Whether nothing of it is forgotten until somebody says otherwise.
    pub legal_hold: bool,
    /// How often it may ask its platform's own API, where its operator says otherwise than its contract.
    pub rate_limits: Limits,
    /// How far its sandbox clock is ahead of real time.
    pub clock_offset: SignedDuration,
    /// Signs deliveries to a test payment's `callback_url`, and what `listen` forwards.
    pub webhook_secret_test: Sealed,
    /// Signs deliveries to a live payment's `callback_url`.
    pub webhook_secret_live: Sealed,
    /// When it was created.
    pub created: Timestamp,
}

impl Merchant {
    /// What stands on the wire for it: its reference, else its id.
    #[must_use]
    pub fn wire_id(&self) -> String {
        self.reference.clone().unwrap_or_else(|| self.id.to_string())
    }

    /// The sealed secret of a mode.
    #[must_use]
    pub fn webhook_secret(&self, mode: Mode) -> &Sealed {
        match mode {
            Mode::Test => &self.webhook_secret_test,
            Mode::Live => &self.webhook_secret_live,
        }
    }

    /// How long its events are kept where the deployment keeps them for `deployment` (`None`: for
    /// ever): the longer of both; `None`: for ever.
    #[must_use]
    pub fn keeps(&self, deployment: Option<SignedDuration>) -> Option<SignedDuration> {
        let own = self.retention.unwrap_or(SignedDuration::ZERO);
        deployment.filter(|_| !self.legal_hold).map(|deployment| deployment.max(own))
    }

    /// Its time in a mode: real time, or the sandbox clock's.
    #[must_use]
    pub fn now(&self, mode: Mode, real: Timestamp) -> Timestamp {
        match mode {
            Mode::Test => real.saturating_add(self.clock_offset).unwrap_or(Timestamp::MAX),
            Mode::Live => real,
        }
    }
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// `sk_test_…`, `sk_live_…`: the native API, and a guide's key header.
    ApiKey,
    /// `secret_test_…`: the second header of guides that ask for two.
    ApiSecret,
    /// `pk_test_…`: may stand in a page; card tokens only.
    Publishable,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::ApiKey, Self::ApiSecret, Self::Publishable];

    /// What a key of this kind begins with in `mode`, e.g. `sk_test_`.
    #[must_use]
    pub fn prefix(self, mode: Mode) -> String {
        let word = match self {
            Self::ApiKey => "sk",
            Self::ApiSecret => "secret",
            Self::Publishable => "pk",
        };
        format!("{word}_{}_", mode.name())
    }
}

/// A key on record: never the key itself.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Where it is good.
    pub mode: Mode,
    /// What it is for.
    pub kind: KeyKind,
    /// What it begins with and its last four characters, for people.
    pub hint: String,
    /// HMAC-SHA-256 of the key under the deployment's pepper.
    pub hash: [u8; 32],
    /// The key itself, sealed; only for test keys that `serve --sandbox` made.
    pub shown: Option<Sealed>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used, to the minute or so.
    pub last_used: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}
