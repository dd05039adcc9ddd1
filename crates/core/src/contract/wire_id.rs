//! What ids look like in a contract: a prefix and a number, or a UUID that carries the number.
//!
//! Both ways are pure and need no table. A UUID is version 8 (RFC 9562, section 5.8): the id's 63 bits, then 59 bits of a
//! digest over its kind and the id, so that reading one tells at once whether it is ours and of the right kind.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use super::fault::{Flaw, Page};
use super::read::Section;
use crate::id::{Base32, read_base32};

/// What ids are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A payment.
    Payment,
    /// A refund.
    Refund,
    /// A payout.
    Payout,
    /// A checkout.
    Checkout,
    /// A customer.
    Customer,
    /// A product.
    Product,
    /// An offer.
    Offer,
    /// A split: its number is its payment's.
    Split,
    /// A leg of a split: its payment's number with its ordinal, from 1, in the low ten bits.
    Leg,
    /// An endpoint, where a platform's own API manages them.
    Endpoint,
    /// An order.
    Order,
    /// A user.
    User,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Payment,
        Self::Refund,
        Self::Payout,
        Self::Checkout,
        Self::Customer,
        Self::Product,
        Self::Offer,
        Self::Split,
        Self::Leg,
        Self::Endpoint,
        Self::Order,
        Self::User,
    ];

    /// As contracts write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::Payout => "payout",
            Self::Checkout => "checkout",
            Self::Customer => "customer",
            Self::Product => "product",
            Self::Offer => "offer",
            Self::Split => "split",
            Self::Leg => "leg",
            Self::Endpoint => "endpoint",
            Self::Order => "order",
            Self::User => "user",
        }
    }

    /// What its ids begin with where a contract says nothing: the native API's prefix.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Payment => "pay_",
            Self::Refund => "re_",
            Self::Payout => "po_",
            Self::Checkout => "co_",
            Self::Customer => "cust_",
            Self::Product => "prod_",
            Self::Offer => "off_",
            Self::Split => "spl_",
            Self::Leg => "leg_",
            Self::Endpoint => "ep_",
            Self::Order => "ord_",
            Self::User => "usr_",
        }
    }

    /// A stored number in the native API's form.
    #[must_use]
    pub fn write_native(self, id: i64) -> String {
        IdForms::default().write(self, id)
    }

    /// The stored number of an id in the native API's form.
    #[must_use]
    pub fn read_native(self, text: &str) -> Option<i64> {
        IdForms::default().read_id(self, text)
    }
}

/// How the ids of one kind are written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// So, and then Crockford's base 32.
    Prefix(String),
    /// As a UUID.
    Uuid,
}

/// A contract's `[payment.id]`: how each kind's ids are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct IdForms(Vec<(Kind, Form)>);

/// What a contract writes for a UUID.
const UUID: &str = "uuid";
/// The most characters a prefix may have.
const PREFIX_CHARS_MAX: usize = 16;
/// Bits of a UUID that tell whether it is ours.
const CHECK_BITS: u32 = 59;

impl IdForms {
    pub(super) fn read(page: &mut Page<'_>, section: &Section<'_>) -> Self {
        let mut forms = Vec::new();
        for kind in Kind::ALL {
            let Some(text) = section.text(page, kind.name()) else { continue };
            if text.value == UUID {
                forms.push((kind, Form::Uuid));
            } else if is_prefix(text.value) {
                forms.push((kind, Form::Prefix(text.value.to_owned())));
            } else {
                let what = format!("`{}` is no form of ids", text.value);
                let hint = format!(
                    "write \"{UUID}\", or a prefix like \"{}\": up to {PREFIX_CHARS_MAX} \
                     lower-case letters and digits, and `_` at the end",
                    kind.prefix()
                );
                page.note(Flaw::new(text.span.start, what).hint(hint));
            }
        }
        Self(forms)
    }

    fn of(&self, kind: Kind) -> Option<&Form> {
        self.0.iter().find(|(other, _)| *other == kind).map(|(_, form)| form)
    }

    /// A stored number on the wire.
    pub(super) fn write(&self, kind: Kind, id: i64) -> String {
        debug_assert!(id >= 0, "ids have 63 bits");
        match self.of(kind) {
            Some(Form::Uuid) => uuid(kind, id).to_string(),
            Some(Form::Prefix(prefix)) => format!("{prefix}{}", Base32(id)),
            None => format!("{}{}", kind.prefix(), Base32(id)),
        }
    }

    /// The stored number of what [`IdForms::write`] wrote; `None` for anything else.
    pub(super) fn read_id(&self, kind: Kind, text: &str) -> Option<i64> {
        let prefix = match self.of(kind) {
            Some(Form::Uuid) => return read_uuid(kind, text),
            Some(Form::Prefix(prefix)) => prefix.as_str(),
            None => kind.prefix(),
        };
        let id = text.strip_prefix(prefix).and_then(read_base32)?;
        (self.write(kind, id) == text).then_some(id)
    }
}

fn is_prefix(text: &str) -> bool {
    let word = text.strip_suffix('_').unwrap_or_default();
    !word.is_empty()
        && text.len() <= PREFIX_CHARS_MAX
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The id's 63 bits and the check's 59, in the 122 bits that version 8 leaves free: 48, 12 and 62.
fn uuid(kind: Kind, id: i64) -> Uuid {
    let carried = u128::from(id.cast_unsigned()) << CHECK_BITS | u128::from(check(kind, id));
    let free = |from: u32, bits: u32| (carried >> from) & ((1 << bits) - 1);
    let bits = free(74, 48) << 80 | free(62, 12) << 64 | free(0, 62);
    Builder::from_custom_bytes(bits.to_be_bytes()).into_uuid()
}

fn read_uuid(kind: Kind, text: &str) -> Option<i64> {
    // Case does not matter to a reader (RFC 9562, section 4); braces and a URN's prefix are not ours.
    let bits = text.parse::<Uuid>().ok().filter(|_| text.len() == 36)?.as_u128();
    let carried = (bits >> 80) << 74 | ((bits >> 64) & 0xfff) << 62 | bits & ((1 << 62) - 1);
    let id = i64::try_from(carried >> CHECK_BITS).ok()?;
    (uuid(kind, id).as_u128() == bits).then_some(id)
}

/// What tells a UUID of ours of this kind from all others.
fn check(kind: Kind, id: i64) -> u64 {
    let mut text = String::new();
    let _infallible = write!(text, "{}:{id}", kind.name());
    let digest = Sha256::digest(text.as_bytes());
    let first = digest.first_chunk().copied().map_or(0, u64::from_be_bytes);
    first >> (u64::BITS - CHECK_BITS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn forms(form: &Form) -> IdForms {
        IdForms(Kind::ALL.map(|kind| (kind, form.clone())).into())
    }

    #[test]
    fn an_id_has_the_contracts_prefix_or_the_native_apis() {
        let tx = forms(&Form::Prefix("tx_".into()));
        assert_eq!(tx.write(Kind::Payment, 1 << 22), "tx_40000");
        assert_eq!(tx.read_id(Kind::Payment, "tx_40000"), Some(1 << 22));
        assert_eq!(tx.read_id(Kind::Payment, "pay_40000"), None);
        assert_eq!(tx.read_id(Kind::Payment, "tx_0040000"), None, "one id is written one way");
        assert_eq!(IdForms::default().write(Kind::Offer, 7), "off_7");
    }

    #[test]
    fn a_uuid_is_of_version_8_and_says_its_kind() {
        let forms = forms(&Form::Uuid);
        let text = forms.write(Kind::Payment, 1_234_567_890_123_456_789);
        let parsed: Uuid = text.parse().unwrap();
        assert_eq!((parsed.get_version_num(), parsed.get_variant()), (8, uuid::Variant::RFC4122));
        assert_eq!(
            text, "224421e8-fbd3-8022-ae81-f48942978cac",
            "as a short Python program makes it"
        );
        assert_eq!(forms.read_id(Kind::Payment, &text), Some(1_234_567_890_123_456_789));
        assert_eq!(
            forms.read_id(Kind::Payment, &text.to_uppercase()),
            forms.read_id(Kind::Payment, &text)
        );
        assert_eq!(forms.read_id(Kind::Refund, &text), None, "another kind's");
        assert_eq!(forms.read_id(Kind::Payment, &text.replace('-', "")), None);
        assert_eq!(forms.read_id(Kind::Payment, "5f3c8a10-7b1e-4a52-9d2f-0c6e4b7a9f31"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_and_no_other_kind_reads_it(
            id in 0..=i64::MAX,
            of in 0..Kind::ALL.len(),
            other in 0..Kind::ALL.len(),
            uuid in any::<bool>(),
        ) {
            let form = if uuid { Form::Uuid } else { Form::Prefix("x_".into()) };
            let forms = forms(&form);
            let text = forms.write(Kind::ALL[of], id);
            prop_assert_eq!(forms.read_id(Kind::ALL[of], &text), Some(id));
            if uuid && of != other {
                prop_assert_eq!(forms.read_id(Kind::ALL[other], &text), None);
            }
        }

        #[test]
        fn a_uuid_with_another_digit_is_not_ours(id in 0..=i64::MAX, at in 0_usize..36, digit in "[0-9a-f]") {
            let forms = forms(&Form::Uuid);
            let text = forms.write(Kind::Leg, id);
            let mut other = text.clone();
            if text.as_bytes()[at] != b'-' {
                other.replace_range(at..=at, &digit);
            }
            prop_assert_eq!(forms.read_id(Kind::Leg, &other).is_some(), other == text);
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,40}", of in 0..Kind::ALL.len()) {
            let _ = forms(&Form::Uuid).read_id(Kind::ALL[of], &text);
            let _ = IdForms::default().read_id(Kind::ALL[of], &text);
        }
    }
}
