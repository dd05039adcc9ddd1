//! The short texts that stand in paths, parameters and settings: ids, durations, types, patterns.

use std::fmt::Display;
use std::str::FromStr;

use posthorn_core::duration;
use posthorn_core::endpoint::Pattern;
use posthorn_core::event::EventType;
use posthorn_core::id::{
    ContractId, DeliveryId, EndpointId, EventId, JobId, KeyId, MerchantId, SecretId,
};

/// What is read as a name prints as that name, and no text is the id of two kinds.
pub(crate) fn names(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let ids = [
        id::<MerchantId>(text),
        id::<KeyId>(text),
        id::<EndpointId>(text),
        id::<SecretId>(text),
        id::<EventId>(text),
        id::<DeliveryId>(text),
        id::<JobId>(text),
        id::<ContractId>(text),
    ];
    assert!(ids.iter().filter(|is_one| **is_one).count() <= 1, "{text} is of two kinds");
    if let Ok(delivery) = text.parse::<DeliveryId>() {
        let (first, last) = delivery.event().delivery_range();
        assert!(delivery <= last && delivery.as_i64() >= first.as_i64() - 1);
    }
    same::<EventType>(text);
    same::<Pattern>(text);
    duration(text);
}

/// Whether it is an id of that kind. Zeros in front do not count, so only the value must survive.
fn id<T: FromStr + Display + PartialEq>(text: &str) -> bool {
    let Ok(id) = text.parse::<T>() else { return false };
    let printed = id.to_string();
    let significant = |text: &str| {
        let (prefix, digits) = text.split_once('_').expect("an id has a prefix");
        format!("{prefix}_{}", digits.trim_start_matches('0'))
    };
    assert_eq!(significant(&printed), significant(text));
    assert!(printed.parse::<T>().is_ok_and(|again| again == id), "{printed}");
    true
}

fn same<T: FromStr + Display>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        assert_eq!(read.to_string(), text);
    }
}

/// A duration's milliseconds are what arithmetic on its text says, and it survives its print.
fn duration(text: &str) {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let digits = text.get(..text.len() - unit.len()).unwrap_or_default();
    let unit_ms = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60 * 1_000),
        "h" => Some(3_600 * 1_000),
        "d" => Some(24 * 3_600 * 1_000),
        _ => None,
    };
    // Saturating is safe: what does not fit is longer than any duration may be.
    let number = digits.bytes().try_fold(0_u128, |number, digit| {
        Some(number.saturating_mul(10).saturating_add(u128::from(digit - b'0')))
    });
    let wanted = unit_ms.zip(number).map(|(unit, number)| number.saturating_mul(unit));
    let longest = u128::from(duration::DAYS_MAX.unsigned_abs()) * 24 * 3_600 * 1_000;
    let wanted = wanted.filter(|ms| !digits.is_empty() && *ms <= longest);
    let read = duration::parse(text);
    assert_eq!(read.as_ref().ok().map(|read| read.as_millis().unsigned_abs()), wanted, "{text}");
    if let Ok(read) = read {
        assert_eq!(duration::parse(&duration::print(read)), Ok(read));
    }
}
