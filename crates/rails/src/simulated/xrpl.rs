//! The XRP Ledger: an address and a tag. A payment is seen first, and counts once a ledger has validated it.

use jiff::{SignedDuration, Timestamp};
use posthorn_core::id::RequestId;
use posthorn_core::payment::Instrument;

use super::after;
use super::book::{Book, Change, Standing};
use super::charge::Charging;

/// How long after it was seen a transaction is validated.
pub const VALIDATED_AFTER: SignedDuration = SignedDuration::from_secs(4);

/// Where the milliseconds of an id begin (core's `id`).
const MS_SHIFT: u32 = 22;
/// Odd, and far from any small multiple of 2³²: 2³² divided by the golden ratio.
const STRIDE: u32 = 0x9e37_79b1;

pub(super) fn show(book: Book, charging: &Charging<'_>) -> Book {
    let address = charging.setting.receiver.account.to_string();
    let tag = tag(book.request);
    book.stand(Standing::Awaiting { instrument: Instrument::Xrp { address, tag } })
}

/// A transaction is seen that pays it.
pub(super) fn seen(book: Book, now: Timestamp) -> Book {
    let transaction = book.transaction(now);
    let mut book = book.stand(Standing::Seen { transaction });
    book.foresee(after(now, VALIDATED_AFTER), Change::Finish);
    book
}

/// A request's tag. Ids count milliseconds, and so do tags, with what else is in an id spread over all of them:
/// two requests share a tag only 49 days apart to the millisecond, or by one chance in 2³². A hash would give
/// a merchant of a hundred thousand payments two with the same.
fn tag(request: RequestId) -> u32 {
    let id = request.as_i64().cast_unsigned();
    let low = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
    let (ms, rest) = (low(id >> MS_SHIFT), low(id & ((1 << MS_SHIFT) - 1)));
    ms.wrapping_add(rest.wrapping_mul(STRIDE))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use posthorn_core::id::PaymentId;

    use super::*;

    #[test]
    fn requests_of_weeks_and_of_one_millisecond_have_tags_of_their_own() {
        let now = 28_000_000_000_i64;
        // One payment a minute for 30 days, and 64 within one millisecond, each with three tries.
        let minutes = (0..43_200).map(|minute| (now + minute * 60_000) << MS_SHIFT);
        let burst = (0..64).map(|sequence| (now + 1) << MS_SHIFT | sequence << 10);
        let requests = minutes
            .chain(burst)
            .flat_map(|id| [1, 2, 3].map(|ordinal| PaymentId::from_i64(id).request(ordinal)));
        let tags: Vec<u32> = requests.map(tag).collect();
        assert_eq!(tags.iter().collect::<BTreeSet<_>>().len(), tags.len());
    }
}
