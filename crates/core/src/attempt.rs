//! One try: how long each phase took, what came back, and what that means for the delivery.
//!
//! The transport reports facts ([`Answer`] or [`Unreachable`]); [`judge`] alone decides what they
//! mean, so that a simulated receiver and a real one are judged by the same lines.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The most of a failed try's answer body that is kept, in bytes (issue: "16 KiB of a failure").
pub const FAILURE_BODY_BYTES_MAX: usize = 16 * 1024;
/// The most of a successful try's answer body that is kept, in bytes.
pub const SUCCESS_BODY_BYTES_MAX: usize = 1024;
/// `Retry-After` can lengthen a wait up to this, and no further.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);

/// The most that is said about a try that failed, in bytes: a certificate may hold a thousand names.
pub const DETAIL_BYTES_MAX: usize = 512;
/// How many years ahead of now a date of two digits may be before it is taken for one of the past
/// (RFC 9110 section 5.6.7).
const YEARS_AHEAD_MAX: i16 = 50;

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

/// What a try means for its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 2xx: done.
    Success,
    /// 410: nobody lives there; the endpoint is disabled.
    Gone,
    /// 429, 502, 503, 504: try again, and ask less of the endpoint meanwhile.
    Slow {
        /// What the receiver asked for, clipped to [`RETRY_AFTER_MAX`].
        retry_after: Option<Duration>,
    },
    /// Everything else: try again on the schedule.
    Failure {
        /// A `Retry-After` that came with it, clipped to [`RETRY_AFTER_MAX`].
        retry_after: Option<Duration>,
    },
}

impl Outcome {
    /// The same of a try for one payment's own URL. That one is gone does not disable the others at its host, so it is a
    /// failure like any other.
    #[must_use]
    pub fn of_callback(self) -> Self {
        match self {
            Self::Gone => Self::Failure { retry_after: None },
            Self::Success | Self::Slow { .. } | Self::Failure { .. } => self,
        }
    }
}

/// What a try means. `now` is real time: it only turns a `Retry-After` date into a wait. An answer
/// whose body broke off means what its head says, but success needs the whole answer in time.
#[must_use]
pub fn judge(result: &Result<Answer, Unreachable>, now: Timestamp) -> Outcome {
    let (answer, is_whole) = match result {
        Ok(answer) => (answer, true),
        Err(Unreachable { partial: Some(answer), .. }) => (&**answer, false),
        Err(_) => return Outcome::Failure { retry_after: None },
    };
    match answer.status {
        200..=299 if is_whole => Outcome::Success,
        410 => Outcome::Gone,
        429 | 502 | 503 | 504 => Outcome::Slow { retry_after: retry_after(answer, now) },
        _ => Outcome::Failure { retry_after: retry_after(answer, now) },
    }
}

/// `Retry-After` as RFC 9110 section 10.2.3 has it: seconds, or an HTTP date. What is neither is
/// as if it were absent; it is never a reason to fail.
fn retry_after(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let (_, value) =
        answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        value.parse().map_or(RETRY_AFTER_MAX, Duration::from_secs)
    } else {
        let at = http_date(value, now)?;
        Duration::try_from(at.duration_since(TimeZone::UTC.to_datetime(now))).ok()?
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

/// A date in one of the three forms that a recipient must read (RFC 9110 section 5.6.7). The day of
/// the week says nothing that the date does not, so in the two old forms it is passed over. It is a
/// calendar's date in GMT: the last hours of the year 9999, which say "never", are no [`Timestamp`].
fn http_date(value: &str, now: Timestamp) -> Option<DateTime> {
    if let Ok(at) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value) {
        return Some(TimeZone::UTC.to_datetime(at));
    }
    if let Ok(at) = DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", value) {
        return Some(at);
    }
    let (_, rest) = value.split_once(' ')?;
    let rest = rest.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let at = match rest.strip_suffix(" GMT") {
        Some(rest) => {
            let at = DateTime::strptime("%d-%b-%y %H:%M:%S", rest).ok()?;
            let this_year = now.to_zoned(TimeZone::UTC).year();
            let year = this_year - this_year.rem_euclid(100) + at.year().rem_euclid(100);
            let is_past = year > this_year + YEARS_AHEAD_MAX;
            at.with().year(if is_past { year - 100 } else { year }).build().ok()?
        }
        None => DateTime::strptime("%b %d %H:%M:%S %Y", &rest).ok()?,
    };
    Some(at)
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

    fn outcome(status: u16, retry_after: Option<&str>) -> Outcome {
        let headers =
            retry_after.map(|value| ("retry-after".to_owned(), value.to_owned())).into_iter();
        let body = Bytes::new();
        judge(&Ok(Answer { status, headers: headers.collect(), body, truncated: false }), now())
    }

    fn now() -> Timestamp {
        "2026-11-22T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn only_2xx_is_success_and_3xx_is_failure() {
        assert_eq!(outcome(200, None), Outcome::Success);
        assert_eq!(outcome(299, None), Outcome::Success);
        for status in [199, 300, 301, 302, 304, 307, 308, 400, 404, 500] {
            let outcome = outcome(status, None);
            assert_eq!(outcome, Outcome::Failure { retry_after: None }, "{status}");
        }
        assert_eq!(outcome(410, None), Outcome::Gone);
    }

    #[test]
    fn an_answer_that_breaks_off_means_what_its_head_says_save_for_success() {
        let broken = |status, headers| {
            let answer = Answer { status, headers, body: Bytes::new(), truncated: true };
            let partial = Some(Box::new(answer));
            let detail = "time ran out".to_owned();
            judge(&Err(Unreachable { class: ErrorClass::TimeoutBody, detail, partial }), now())
        };
        assert_eq!(broken(200, Vec::new()), Outcome::Failure { retry_after: None });
        assert_eq!(broken(410, Vec::new()), Outcome::Gone);
        let wait = vec![("retry-after".to_owned(), "60".to_owned())];
        let minute = Some(Duration::from_mins(1));
        assert_eq!(broken(503, wait), Outcome::Slow { retry_after: minute });
    }

    #[test]
    fn busy_answers_slow_the_endpoint() {
        for status in [429, 502, 503, 504] {
            let outcome = outcome(status, None);
            assert_eq!(outcome, Outcome::Slow { retry_after: None }, "{status}");
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date_and_clipped_to_a_day() {
        let wait = |value| match outcome(503, Some(value)) {
            Outcome::Slow { retry_after } => retry_after,
            Outcome::Success | Outcome::Gone | Outcome::Failure { .. } => panic!("not slow"),
        };
        assert_eq!(wait("120"), Some(Duration::from_mins(2)));
        assert_eq!(wait("Sun, 22 Nov 2026 00:02:00 GMT"), Some(Duration::from_mins(2)));
        assert_eq!(wait("Sunday, 22-Nov-26 00:02:00 GMT"), Some(Duration::from_mins(2)));
        assert_eq!(wait("Sun Nov 22 00:02:00 2026"), Some(Duration::from_mins(2)));
        assert_eq!(wait("Sun Nov  1 00:02:00 2026"), None);
        assert_eq!(wait("Tuesday, 01-Dec-26 00:00:00 GMT"), Some(RETRY_AFTER_MAX));
        // Two digits: 2076 is fifty years ahead, 1977 is not ninety-nine.
        assert_eq!(wait("Sunday, 22-Nov-76 00:00:00 GMT"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("Tuesday, 22-Nov-77 00:00:00 GMT"), None);
        assert_eq!(wait("Sun, 22 Nov 2020 00:02:00 GMT"), None);
        assert_eq!(wait("99999999999999999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("172800"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("Fri, 31 Dec 9999 23:59:59 GMT"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("Thu, 31 Dec 9999 23:59:59 GMT"), None, "that is a Friday");
        assert_eq!(wait("-5"), None);
        assert_eq!(wait("soon"), None);
    }

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
