//! What a try means for its delivery and its endpoint, by the head of the answer.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::attempt::{Answer, Unreachable};

/// `Retry-After` can lengthen a wait up to this, and no further.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);
/// How many years ahead of now a date of two digits may be before it is taken for one of the past
/// (RFC 9110 section 5.6.7).
const YEARS_AHEAD_MAX: i16 = 50;

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

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::attempt::ErrorClass;

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
}
