//! Who is paid in a sandbox: each merchant has a PIX key and an account on the XRP Ledger of its own.

use data_encoding::HEXLOWER;
use posthorn_core::id::MerchantId;
use sha2::{Digest as _, Sha256};

use super::number::first;
use crate::brcode::Payee;
use crate::pix::Key;
use crate::xrpl::AccountId;

const CITY: &str = "Sao Paulo";
/// Whoever's name ASCII cannot write.
const NAMELESS: &str = "Recebedor";

/// Who is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Whom a PIX code names.
    pub payee: Payee,
    /// Its PIX key, a random one.
    pub key: Key,
    /// Its account on the XRP Ledger.
    pub account: AccountId,
}

impl Receiver {
    /// A merchant's, the same every time: valid in form, and nobody's anywhere else.
    #[must_use]
    pub fn of(merchant: MerchantId, name: &str) -> Self {
        let account = AccountId(first(digest(merchant, "xrpl account")));
        Self { payee: payee(name), key: random_key(first(digest(merchant, "pix key"))), account }
    }
}

fn payee(name: &str) -> Payee {
    let payee = Payee::new(name, CITY).or_else(|_unprintable| Payee::new(NAMELESS, CITY));
    payee.expect("letters that ASCII has")
}

fn random_key(bytes: [u8; 16]) -> Key {
    Key::parse(&uuid(bytes)).expect("a UUID in lower case")
}

fn digest(merchant: MerchantId, what: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(merchant.as_i64().to_be_bytes());
    hash.update(what.as_bytes());
    hash.finalize().into()
}

/// A UUID of version 4, variant 1 (RFC 9562).
fn uuid(mut bytes: [u8; 16]) -> String {
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = *version & 0x0f | 0x40;
    *variant = *variant & 0x3f | 0x80;
    let mut text = HEXLOWER.encode(&bytes);
    for at in [8, 13, 18, 23] {
        text.insert(at, '-');
    }
    text
}
