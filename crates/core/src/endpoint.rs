//! Endpoints: a URL that wants some events, and whether it gets them at the moment.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{EventType, Mode, NOTICE_PREFIX};
use crate::filter::Filter;
use crate::id::{EndpointId, MerchantId, SecretId};
use crate::json::Style;
use crate::secret::Sealed;

/// The most secrets of an endpoint that sign at once: a signature header has one signature of each.
pub const SIGNING_SECRETS_MAX: usize = 5;
/// Event patterns an endpoint may have.
pub const PATTERNS_MAX: usize = 100;
/// Custom headers an endpoint may have.
pub const HEADERS_MAX: usize = 20;
/// Bytes of all its custom headers together.
pub const HEADERS_BYTES_MAX: usize = 4096;
/// Bytes of a description.
pub const DESCRIPTION_BYTES_MAX: usize = 1024;
/// Endpoints a merchant may have in one mode: the fan-out bound.
pub const ENDPOINTS_MAX: usize = crate::id::FAN_OUT_MAX;

/// Which event types: a whole type, or a prefix with `*` for one or more segments at the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// `*`: every type but notices.
    Any,
    /// `payment.*`: types below `payment.`.
    Below(String),
    /// `payment.confirmed`.
    Exactly(EventType),
}

/// A pattern that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an event pattern: use a type, `*`, or a `*` as its last segment, as in `payment.*`"
)]
pub struct BadPattern {
    text: String,
}

impl Pattern {
    /// Whether it matches a type. Notices are matched only by patterns that name them.
    #[must_use]
    pub fn matches(&self, kind: &EventType) -> bool {
        match self {
            Self::Any => !kind.is_notice(),
            Self::Below(prefix) => kind.as_str().starts_with(prefix.as_str()),
            Self::Exactly(exact) => exact == kind,
        }
    }

    /// Whether it asks for Posthorn's own notices.
    #[must_use]
    pub fn wants_notices(&self) -> bool {
        match self {
            Self::Any => false,
            Self::Below(prefix) => prefix.starts_with(NOTICE_PREFIX),
            Self::Exactly(kind) => kind.is_notice(),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Below(prefix) => write!(f, "{prefix}*"),
            Self::Exactly(kind) => f.write_str(kind.as_str()),
        }
    }
}

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        let bad = || BadPattern { text: text.chars().take(200).collect() };
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some(prefix) = text.strip_suffix(".*") {
            prefix.parse::<EventType>().map_err(|_| bad())?;
            return Ok(Self::Below(format!("{prefix}.")));
        }
        text.parse().map(Self::Exactly).map_err(|_| bad())
    }
}

impl Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a merchant has set for an endpoint. Each change is a new version; old ones are kept, so
/// that an old attempt can be rendered again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Where deliveries go.
    pub url: url::Url,
    /// Which event types; none for one that takes payments' callbacks alone.
    pub events: Vec<Pattern>,
    /// Which of those, by their data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Sent with every delivery.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The contract it speaks, if not its merchant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// How bodies are printed.
    #[serde(default)]
    pub json: Style,
    /// Deliveries a second, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<u32>,
    /// Deliveries under way at once, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
}

impl Settings {
    /// Whether it is there for the callbacks of payments to its host, and for nothing else.
    #[must_use]
    pub fn takes_callbacks(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether it is the one for callbacks to the host of this URL.
    #[must_use]
    pub fn takes_callbacks_of(&self, url: &url::Url) -> bool {
        self.takes_callbacks() && self.url.origin() == url.origin()
    }
}

/// Whether an endpoint gets deliveries at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Yes.
    Active,
    /// It was enabled again; what was parked goes out first, in order, and new events park behind.
    Draining {
        /// Since when.
        since: Timestamp,
    },
    /// Everything failed for the contract's `pause_after`.
    Paused {
        /// Since when.
        since: Timestamp,
    },
    /// Somebody, or a 410, turned it off.
    Disabled {
        /// Since when.
        since: Timestamp,
        /// Who or what.
        why: DisabledWhy,
    },
}

/// Why an endpoint is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledWhy {
    /// The merchant or the operator asked.
    Requested,
    /// It answered 410 Gone.
    Gone,
}

impl Status {
    /// Whether what arrives now is parked.
    #[must_use]
    pub fn parks(self) -> bool {
        !matches!(self, Self::Active)
    }

    /// Whether it gets nothing but what is meant for it alone, and what was begun before.
    #[must_use]
    pub fn rests(self) -> bool {
        match self {
            Self::Paused { .. } | Self::Disabled { .. } => true,
            Self::Active | Self::Draining { .. } => false,
        }
    }

    /// Whether what a try has shown puts it to `rest`: one that rests already stays as it is, but a
    /// pause gives way to being disabled.
    #[must_use]
    pub fn gives_way_to(self, rest: Self) -> bool {
        match self {
            Self::Active | Self::Draining { .. } => true,
            Self::Paused { .. } => matches!(rest, Self::Disabled { .. }),
            Self::Disabled { .. } => false,
        }
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Draining { .. } => "draining",
            Self::Paused { .. } => "paused",
            Self::Disabled { .. } => "disabled",
        }
    }
}

/// One signing secret of an endpoint.
#[derive(Debug, Clone)]
pub struct EndpointSecret {
    /// Its id.
    pub id: SecretId,
    /// The secret, sealed.
    pub sealed: Sealed,
    /// When it was made, on the merchant's clock.
    pub created: Timestamp,
    /// When it stops signing, on the merchant's clock; `None`: it is the current one.
    pub until: Option<Timestamp>,
}

/// A URL that wants some events.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// The version of its settings, 1 first.
    pub version: u32,
    /// Its settings.
    pub settings: Settings,
    /// Whether it gets deliveries at the moment.
    pub status: Status,
    /// Since when everything has failed, on the merchant's clock; `None` while it is well.
    pub failing_since: Option<Timestamp>,
    /// Its secrets, the current one first; empty where the contract lets it have none.
    pub secrets: Vec<EndpointSecret>,
    /// When it was created.
    pub created: Timestamp,
}

impl Endpoint {
    /// The secrets that sign at `now` (the merchant's time), in the order in which they are to be
    /// used: where a contract has room for one signature the first signs, and that is the old one
    /// until the overlap of a rotation ends.
    #[must_use]
    pub fn signing_secrets(&self, now: Timestamp) -> Vec<&EndpointSecret> {
        let (current, overlapping): (Vec<_>, Vec<_>) =
            self.secrets.iter().partition(|secret| secret.until.is_none());
        let mut signing: Vec<_> = overlapping
            .into_iter()
            .filter(|secret| secret.until.is_some_and(|until| until > now))
            .collect();
        signing.sort_by_key(|secret| secret.created);
        signing.extend(current);
        signing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, kind: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().matches(&kind.parse().unwrap())
    }

    #[test]
    fn a_star_stands_for_one_or_more_segments_at_the_end() {
        assert!(matches("payment.*", "payment.confirmed"));
        assert!(matches("payment.*", "payment.transaction.succeeded"));
        assert!(!matches("payment.*", "payment"));
        assert!(!matches("payment.*", "payments.confirmed"));
        assert!(matches("*", "payment"));
        for bad in ["", "pay*", "*.created", "a.*.b", "a.**", ".*"] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn notices_reach_only_those_who_name_them() {
        assert!(!matches("*", "posthorn.endpoint.paused"));
        assert!(matches("posthorn.*", "posthorn.endpoint.paused"));
        assert!(matches("posthorn.endpoint.paused", "posthorn.endpoint.paused"));
    }
}
