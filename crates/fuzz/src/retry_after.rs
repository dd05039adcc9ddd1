//! `Retry-After`, which any receiver may send: seconds, or the one date form that HTTP writes.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use posthorn_core::attempt::Answer;
use posthorn_core::outcome::{Outcome, RETRY_AFTER_MAX, judge};

use crate::line;

/// 2026-11-22T00:00:00Z.
const NOW_UNIX: i64 = 1_795_305_600;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// The first line is a status, the second the header: what is asked for is at most a day, and where
/// the text is seconds or a date by RFC 9110 it is what arithmetic says.
pub(crate) fn retry_after(bytes: &[u8]) {
    let (status, rest) = line(bytes);
    let status = status.parse().unwrap_or(503);
    let value = line(rest).0;
    let headers = vec![("Retry-After".to_owned(), value.to_owned())];
    let answer = Answer { status, headers, body: Bytes::new(), truncated: false };
    let now = Timestamp::from_second(NOW_UNIX).expect("a time");
    let outcome = judge(&Ok(answer), now);
    let found = match outcome {
        Outcome::Success => return assert!((200..300).contains(&status)),
        Outcome::Gone => return assert_eq!(status, 410),
        Outcome::Slow { retry_after } => {
            assert!([429, 502, 503, 504].contains(&status));
            retry_after
        }
        Outcome::Failure { retry_after } => retry_after,
    };
    assert!(found.is_none_or(|wait| wait <= RETRY_AFTER_MAX), "{found:?}");
    if let Some(seconds) = seconds(value.trim()) {
        assert_eq!(found, Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX)), "{value}");
    }
    if let Some(at) = http_date(value.trim()) {
        let wait = u64::try_from(at - NOW_UNIX).ok().map(Duration::from_secs);
        assert_eq!(found, wait.map(|wait| wait.min(RETRY_AFTER_MAX)), "{value}");
    }
}

/// Digits alone; what does not fit is the longest wait there is.
fn seconds(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// `Sun, 22 Nov 2026 00:02:00 GMT` in Unix seconds, if it is that to the letter.
fn http_date(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        let sound = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<i64>().ok().filter(|_| sound)
    };
    let marks = [(3, ", "), (7, " "), (11, " "), (16, " "), (19, ":"), (22, ":"), (25, " GMT")];
    let marked = marks.iter().all(|(at, mark)| text.get(*at..*at + mark.len()) == Some(mark));
    if text.len() != 29 || !marked {
        return None;
    }
    let month = text.get(8..11)?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let (day, year) = (number(5, 7)?, number(12, 16)?);
    let (hour, minute, second) = (number(17, 19)?, number(20, 22)?, number(23, 25)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *lengths.get(month)?;
    if !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 59 || year < 1970 {
        return None;
    }
    let before = |year: i64| year * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let days = before(year) - before(1970) + lengths.iter().take(month).sum::<i64>() + day - 1;
    let weekday = usize::try_from(days % 7).ok().and_then(|at| DAYS.get(at))?;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    (text.get(..3) == Some(weekday)).then_some(seconds)
}
