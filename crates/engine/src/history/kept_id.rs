//! The id under which a call is kept: its own, unless that would keep a secret.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use posthorn_core::secret::keyed_hash;

use crate::redact::hidden;

/// What an id begins with that stands for another.
const PREFIX: &str = "id_";
/// Bytes of a hash that stand in such an id.
const HASH_BYTES: usize = 8;

/// An id as it is kept. One that holds one of our keys, or what may be a card's number, has a name of its own, by which it is found
/// as well: stars would be many ids in one.
///
/// The hash is keyed, since a card's number is found by its plain hash by whoever tries them all.
pub(super) fn kept_id<'a>(id: &'a str, pepper: &[u8]) -> Cow<'a, str> {
    let mut kept = Cow::Borrowed(id);
    // Sixteen digits may look like a card's number themselves.
    while matches!(hidden(&kept), Cow::Owned(_)) {
        let hash = keyed_hash(pepper, &format!("request id {kept}"));
        let some = hash.get(..HASH_BYTES).unwrap_or(&hash);
        kept = Cow::Owned(format!("{PREFIX}{}", HEXLOWER.encode(some)));
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_that_keeps_no_secret_is_kept_as_it_is() {
        for id in ["req_019e2f4b8c09f3c21aa2a", "order-7", "1795435200000", "4242424242424241", ""]
        {
            assert_eq!(kept_id(id, b"pepper"), id);
        }
    }

    #[test]
    fn two_ids_of_cards_are_two_ids_and_no_cards() {
        let kept = |id| kept_id(id, b"pepper").into_owned();
        let (one, other) = (kept("4242424242424242"), kept("5555555555554444"));
        assert_ne!(one, other);
        assert!(one.starts_with("id_") && one.len() == 19, "{one}");
        assert_ne!(kept_id("4242424242424242", b"another"), one, "nobody can try them all");
    }

    proptest! {
        #[test]
        fn an_id_is_found_by_itself_and_by_what_is_shown(id in "[0-9]{13,19}|\\PC{0,30}|id_[0-9]{16}") {
            let kept = kept_id(&id, b"pepper").into_owned();
            prop_assert_eq!(kept_id(&kept, b"pepper"), &*kept);
            prop_assert!(matches!(hidden(&kept), Cow::Borrowed(_)));
        }
    }
}
