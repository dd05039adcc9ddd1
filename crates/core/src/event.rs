//! Events: a fact, immutable, parsed and bounded at the edge.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{EndpointId, EventId, MerchantId};
use crate::json::{self, Json, Malformed, Style};

/// The most bytes one event's `data` may have, as sent (issue: 1 MiB).
pub const DATA_BYTES_MAX: usize = 1024 * 1024;
/// The most bytes an event type may have.
pub const TYPE_BYTES_MAX: usize = 128;
/// The most bytes a caller's own event id may have.
pub const REFERENCE_BYTES_MAX: usize = 128;
/// Types that begin with this are Posthorn's own notices: no caller may send them, and no pattern
/// but one that begins with it matches them.
pub const NOTICE_PREFIX: &str = "posthorn.";

/// Test or live, never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The sandbox.
    Test,
    /// The real thing.
    Live,
}

impl Mode {
    /// `test` or `live`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }
}

/// What kind of fact: dot-separated segments, as in `payment.transaction.succeeded`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EventType(Arc<str>);

impl EventType {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is one of Posthorn's own notices.
    #[must_use]
    pub fn is_notice(&self) -> bool {
        self.0.starts_with(NOTICE_PREFIX)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EventType {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() > TYPE_BYTES_MAX {
            return Err(Invalid::TypeTooLong { bytes: text.len() });
        }
        let sound = |segment: &str| {
            !segment.is_empty()
                && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        };
        if text.split('.').all(sound) {
            Ok(Self(text.into()))
        } else {
            Err(Invalid::Type { text: text.to_owned() })
        }
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why an event was not accepted as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The type is not dot-separated segments.
    #[error(
        "`{text}` is not an event type: use segments of letters, digits, `_` and `-` with dots \
         between them, as in `payment.confirmed`"
    )]
    Type {
        /// What was sent.
        text: String,
    },
    /// The type is too long.
    #[error("the event type has {bytes} bytes; at most {TYPE_BYTES_MAX} are allowed")]
    TypeTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The type is reserved.
    #[error("types that begin with `{NOTICE_PREFIX}` are Posthorn's own notices; choose another")]
    Reserved,
    /// The data is too large.
    #[error("`data` has {bytes} bytes; at most {DATA_BYTES_MAX} (1 MiB) are allowed")]
    DataTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The data is not JSON as we take it.
    #[error("`data` is not valid JSON: {0}")]
    Data(#[from] Malformed),
    /// The data is JSON, but not an object.
    #[error("`data` must be a JSON object, as in {{\"amount\": 1000}}")]
    DataNotAnObject,
    /// The caller's own id is not usable.
    #[error(
        "`id` must be 1 to {REFERENCE_BYTES_MAX} visible ASCII characters without spaces; leave it \
         out to have one made"
    )]
    Reference,
}

/// An event's data: JSON as `JSON.stringify` prints it, shared by all its deliveries.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Bytes);

impl Payload {
    /// Parses, bounds and canonicalises what a caller sent; also the parsed form, for filters.
    pub fn parse(data: &[u8]) -> Result<(Self, Json), Invalid> {
        if data.len() > DATA_BYTES_MAX {
            return Err(Invalid::DataTooLarge { bytes: data.len() });
        }
        let parsed = json::parse(data)?;
        if !matches!(parsed, Json::Object(_)) {
            return Err(Invalid::DataNotAnObject);
        }
        Ok((Self(parsed.to_vec(Style::Js).into()), parsed))
    }

    /// Bytes that were canonical when they were stored.
    #[must_use]
    pub fn from_canonical(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The canonical bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The parsed form, for filters and explanations.
    #[must_use]
    pub fn to_json(&self) -> Json {
        json::parse(&self.0).unwrap_or(Json::Null)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}

/// An event that a caller wants accepted.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// What kind of fact.
    pub kind: EventType,
    /// Its data.
    pub data: Payload,
    /// The same, parsed: for filters.
    pub parsed: Json,
    /// The caller's own id, which then stands on the wire.
    pub reference: Option<String>,
    /// What it is about, where it comes of a record's life.
    pub about: Option<Box<About>>,
}

impl NewEvent {
    /// Parses and bounds what a caller sent. `data` is the text of the `data` member.
    pub fn parse(kind: &str, data: &[u8], reference: Option<String>) -> Result<Self, Invalid> {
        let kind: EventType = kind.parse()?;
        if kind.is_notice() {
            return Err(Invalid::Reserved);
        }
        if let Some(reference) = &reference {
            let visible = reference.bytes().all(|byte| byte.is_ascii_graphic());
            if reference.is_empty() || reference.len() > REFERENCE_BYTES_MAX || !visible {
                return Err(Invalid::Reference);
            }
        }
        let (data, parsed) = Payload::parse(data)?;
        Ok(Self { kind, data, parsed, reference, about: None })
    }
}

/// What an event says of the record (a payment, a payout, a checkout) that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The record's number.
    pub record: i64,
    /// Which of its events this is, from 1: receivers can put them in order.
    pub sequence: u32,
    /// Where it goes besides the merchant's endpoints.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub callback: Option<String>,
}

/// A fact on record.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// What kind of fact.
    pub kind: EventType,
    /// When, on the merchant's clock (virtual in a sandbox).
    pub at: Timestamp,
    /// The caller's own id, if it gave one: it stands on the wire then.
    pub reference: Option<String>,
    /// Sent to this endpoint alone, whatever it subscribes to (a test event).
    pub only: Option<EndpointId>,
    /// Its data.
    pub data: Payload,
    /// What it is about, where it came of a record's life.
    pub about: Option<Box<About>>,
}

impl Event {
    /// The id that stands on the wire: the caller's own, else ours.
    #[must_use]
    pub fn wire_id(&self) -> String {
        self.reference.clone().unwrap_or_else(|| self.id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_segments_with_dots_between() {
        assert!("payment.transaction.succeeded".parse::<EventType>().is_ok());
        for bad in ["", ".", "a.", ".a", "a..b", "a b", "pagamento.é", "a.*"] {
            assert!(bad.parse::<EventType>().is_err(), "{bad}");
        }
    }

    #[test]
    fn data_is_an_object_within_its_bound() {
        let parse = |data: &[u8]| NewEvent::parse("a.b", data, None).map(|event| event.data);
        assert_eq!(parse(b"{ \"b\" : 10.00 }").unwrap().as_bytes(), b"{\"b\":10}");
        assert_eq!(parse(b"[]").unwrap_err(), Invalid::DataNotAnObject);
        let at_bound = format!("{{\"a\":\"{}\"}}", "x".repeat(DATA_BYTES_MAX - 8));
        assert_eq!(at_bound.len(), DATA_BYTES_MAX);
        assert!(parse(at_bound.as_bytes()).is_ok());
        let over = format!("{at_bound} ");
        let error = parse(over.as_bytes()).unwrap_err();
        assert_eq!(error, Invalid::DataTooLarge { bytes: DATA_BYTES_MAX + 1 });
    }

    #[test]
    fn notices_are_ours_alone() {
        let error = NewEvent::parse("posthorn.endpoint.paused", b"{}", None).unwrap_err();
        assert_eq!(error, Invalid::Reserved);
    }
}
