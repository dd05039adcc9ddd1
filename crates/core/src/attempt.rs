//! One try: how long each phase took, what came back, and what that means for the delivery.
//!
//! The transport reports facts ([`Answer`] or [`Unreachable`]); [`judge`] alone decides what they
//! mean, so that a simulated receiver and a real one are judged by the same lines.

use std::net::IpAddr;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most of a failed try's answer body that is kept, in bytes (issue: "16 KiB of a failure").
pub const FAILURE_BODY_BYTES_MAX: usize = 16 * 1024;
/// The most of a successful try's answer body that is kept, in bytes.
pub const SUCCESS_BODY_BYTES_MAX: usize = 1024;

/// The most that is said about a try that failed, in bytes: a certificate may hold a thousand names.
pub const DETAIL_BYTES_MAX: usize = 512;

/// How long each phase of a try took, in microseconds; `None` where the phase was not reached or
/// not needed (a kept-alive connection has no `dns`, `connect` or `tls`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// Looking the host name up and vetting the answers.
    pub dns_us: Option<u32>,
    /// The TCP handshake.
    pub connect_us: Option<u32>,
    /// The TLS handshake.
    pub tls_us: Option<u32>,
    /// From the first byte of the request to the end of the answer's headers.
    pub headers_us: Option<u32>,
    /// Reading the answer's body, as far as it is read.
    pub body_us: Option<u32>,
}

impl Phases {
    /// The whole try, in microseconds.
    #[must_use]
    pub fn total_us(&self) -> u64 {
        [self.dns_us, self.connect_us, self.tls_us, self.headers_us, self.body_us]
            .iter()
            .map(|phase| u64::from(phase.unwrap_or(0)))
            .sum()
    }
}

/// Why no complete answer came back. The numbers are stored; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ErrorClass {
    /// The name could not be resolved.
    Dns = 1,
    /// The address guard refused the URL or an address it resolved to.
    Refused = 2,
    /// No TCP connection: refused, unreachable.
    Connect = 3,
    /// The TLS handshake failed (certificate, host name, protocol).
    Tls = 4,
    /// Time ran out while resolving.
    TimeoutDns = 5,
    /// Time ran out while connecting.
    TimeoutConnect = 6,
    /// Time ran out in the TLS handshake.
    TimeoutTls = 7,
    /// Time ran out before the answer's headers were complete.
    TimeoutHeaders = 8,
    /// Time ran out while the answer's body was read.
    TimeoutBody = 9,
    /// The connection was closed or reset before the answer was complete.
    Reset = 10,
    /// What came back was not HTTP.
    Protocol = 11,
    /// The answer's headers were larger than is read.
    TooLarge = 12,
    /// The server was stopped before an answer came: nobody knows what the receiver made of it.
    Stopped = 13,
}

impl ErrorClass {
    /// Every class, in the order of the stored numbers.
    pub const ALL: [Self; 13] = [
        Self::Dns,
        Self::Refused,
        Self::Connect,
        Self::Tls,
        Self::TimeoutDns,
        Self::TimeoutConnect,
        Self::TimeoutTls,
        Self::TimeoutHeaders,
        Self::TimeoutBody,
        Self::Reset,
        Self::Protocol,
        Self::TooLarge,
        Self::Stopped,
    ];

    /// The class of a stored number.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|class| *class as i64 == code)
    }

    /// The name on the wire, as in `timeout_headers`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::TimeoutDns => "timeout_dns",
            Self::TimeoutConnect => "timeout_connect",
            Self::TimeoutTls => "timeout_tls",
            Self::TimeoutHeaders => "timeout_headers",
            Self::TimeoutBody => "timeout_body",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
            Self::TooLarge => "too_large",
            Self::Stopped => "stopped",
        }
    }

    /// Whether time ran out, in whichever phase.
    #[must_use]
    pub fn is_timeout(self) -> bool {
        matches!(
            self,
            Self::TimeoutDns
                | Self::TimeoutConnect
                | Self::TimeoutTls
                | Self::TimeoutHeaders
                | Self::TimeoutBody
        )
    }
}

/// An answer's head and the part of its body that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body, at most [`FAILURE_BODY_BYTES_MAX`] bytes of it.
    pub body: Bytes,
    /// Whether there was more body than was kept.
    pub truncated: bool,
}

/// No complete answer: what went wrong, for a program and for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// For programs.
    pub class: ErrorClass,
    /// For people, e.g. `certificate expired on 2026-01-01`.
    pub detail: String,
    /// The answer as far as it came: its head, and what was read of its body, where it was the body
    /// that broke off or took too long.
    pub partial: Option<Box<Answer>>,
}

impl Unreachable {
    /// Nothing of an answer came. What is longer than [`DETAIL_BYTES_MAX`] is cut.
    #[must_use]
    pub fn new(class: ErrorClass, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        if detail.len() > DETAIL_BYTES_MAX {
            detail.truncate(detail.floor_char_boundary(DETAIL_BYTES_MAX - '…'.len_utf8()));
            detail.push('…');
        }
        Self { class, detail, partial: None }
    }
}

/// Everything one try produced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The answer, or why there is none.
    pub result: Result<Answer, Unreachable>,
    /// How long each phase took.
    pub phases: Phases,
    /// The vetted address that was connected to.
    pub peer: Option<IpAddr>,
}

impl Tried {
    /// Whether the server was stopped before it was known what came of it.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.result.as_ref().is_err_and(|error| error.class == ErrorClass::Stopped)
    }
}

/// A try on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The fencing counter of the lease under which it was made; unique within the delivery.
    pub claim: u32,
    /// The round of the schedule: 1 first, one more with each resend.
    pub run: u32,
    /// The number within the run, as on the wire: 1 first.
    pub number: u32,
    /// When it started, on the merchant's clock (virtual in a sandbox).
    pub at: Timestamp,
    /// Whether it ended after its lease did: it was sent, but changed no state.
    pub late: bool,
    /// What came back.
    pub tried: Tried,
    /// What the bytes were rendered from.
    pub rendering: Rendering,
}

/// What the sent bytes were rendered from, besides the event and the attempt number: enough to
/// render the very same bytes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendering {
    /// The signature's timestamp: real time, Unix seconds.
    pub signed_at: i64,
    /// The endpoint's settings version.
    pub endpoint_version: u32,
    /// The stored contract version.
    pub contract: crate::id::ContractId,
    /// The secrets that signed, in order.
    pub secrets: Vec<crate::id::SecretId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_failure_has_a_bound() {
        let said = Unreachable::new(ErrorClass::Tls, "é".repeat(10_000)).detail;
        assert!(said.len() <= DETAIL_BYTES_MAX && said.ends_with("é…"), "{}", said.len());
        let whole = "x".repeat(DETAIL_BYTES_MAX);
        assert_eq!(Unreachable::new(ErrorClass::Tls, &*whole).detail, whole);
    }

    #[test]
    fn stored_codes_round_trip() {
        for class in ErrorClass::ALL {
            assert_eq!(ErrorClass::from_code(class as i64), Some(class));
        }
        assert_eq!(ErrorClass::from_code(0), None);
    }
}
