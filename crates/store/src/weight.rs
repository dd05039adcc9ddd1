//! How many bytes a verb writes, roughly: what waits is bounded by it.

use crate::{Accept, Settlement};

/// What a verb without a payload writes, roughly.
pub(crate) const SMALL: usize = 512;

/// What accepting these writes, roughly.
pub(crate) fn accept_bytes(events: &[Accept]) -> usize {
    let one =
        |accept: &Accept| SMALL + accept.event.data.as_bytes().len() + accept.deliveries.len() * 64;
    events.iter().map(one).sum()
}

/// What settling these writes, roughly.
pub(crate) fn settle_bytes(settlements: &[Settlement]) -> usize {
    let body = |settlement: &Settlement| {
        let result = settlement.attempt.as_ref().map(|attempt| &attempt.tried.result);
        let answer = result.and_then(|result| match result {
            Ok(answer) => Some(answer),
            Err(unreachable) => unreachable.partial.as_deref(),
        });
        answer.map_or(0, |answer| answer.body.len())
    };
    let notices = |settlement: &Settlement| {
        accept_bytes(&settlement.notices) + accept_bytes(&settlement.notices_if_rested)
    };
    let one = |settlement: &Settlement| SMALL + body(settlement) + notices(settlement);
    settlements.iter().map(one).sum()
}
