//! The numbers that a rail makes up: ids of transactions, charges and disputes.
//!
//! All of them follow from the chance that the request was given when it was asked. So a step that is taken
//! again after a crash makes the same numbers, and the same money is never reported under two.

use data_encoding::{BASE32_DNSSEC, BASE32_NOPAD, HEXLOWER, HEXUPPER};
use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Rail;
use super::book::{Affair, Book};
use crate::mpesa;
use crate::pix::{self, Ispb};
use crate::xrpl::TxHash;

/// An institution that does not exist.
const ISPB: &str = "99999999";
/// Bytes of an id after its prefix: 24 characters in base 32.
const ID_BYTES: usize = 15;

/// A request's chance, in hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Seed(String);

impl Seed {
    pub(super) fn of(chance: [u8; 16]) -> Self {
        Self(HEXLOWER.encode(&chance))
    }
}

impl Book {
    /// Bytes that belong to this request, to what they are for, and to its number.
    pub(super) fn digest(&self, what: &str, number: u32) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.request.as_i64().to_be_bytes());
        hash.update(self.seed.0.as_bytes());
        hash.update(number.to_be_bytes());
        hash.update(what.as_bytes());
        hash.finalize().into()
    }

    /// The rail's id of the next movement of its money.
    pub(super) fn transaction(&self, at: Timestamp) -> String {
        let number = self.charge().map_or(0, |charge| charge.times);
        let digest = self.digest("transaction", number);
        match self.rail {
            Rail::Cards => id(self.card_prefix(), digest),
            Rail::Pix => {
                let bank = Ispb::parse(ISPB).expect("eight digits");
                let name = match self.affair {
                    Affair::Refund => pix::return_id,
                    Affair::Charge(_)
                    | Affair::Capture
                    | Affair::Cancel
                    | Affair::Transfer
                    | Affair::Payout => pix::end_to_end_id,
                };
                name(&bank, at, serial(digest))
            }
            Rail::Boleto => HEXUPPER.encode(first::<16>(digest).as_slice()),
            Rail::Mpesa => mpesa::receipt(at, serial(digest)),
            Rail::Bank => {
                let day = Offset::UTC.to_datetime(at).date();
                let (year, day) = (day.year().rem_euclid(100), day.day_of_year());
                let serial = BASE32_NOPAD.encode(first::<5>(digest).as_slice());
                format!("FT{year:02}{day:03}{serial}")
            }
            Rail::Xrpl => TxHash(digest).to_string(),
        }
    }

    /// The id of a charge on a card, which its one movement has too.
    pub(super) fn card_charge(&self) -> String {
        id("ch_", self.digest("transaction", 0))
    }

    /// The rail's id of a dispute.
    pub(super) fn dispute_id(&self, number: u32) -> String {
        id("dp_", self.digest("dispute", number))
    }

    fn card_prefix(&self) -> &'static str {
        match self.affair {
            Affair::Charge(_) | Affair::Capture | Affair::Cancel => "ch_",
            Affair::Refund => "re_",
            Affair::Transfer | Affair::Payout => "tr_",
        }
    }
}

/// A number of 64 bits from a digest.
pub(super) fn serial(digest: [u8; 32]) -> u64 {
    u64::from_be_bytes(first(digest))
}

/// The first bytes of a digest.
pub(super) fn first<const BYTES: usize>(digest: [u8; 32]) -> [u8; BYTES] {
    digest.first_chunk().copied().expect("a digest is longer")
}

fn id(prefix: &str, digest: [u8; 32]) -> String {
    format!("{prefix}{}", BASE32_DNSSEC.encode(first::<ID_BYTES>(digest).as_slice()))
}
