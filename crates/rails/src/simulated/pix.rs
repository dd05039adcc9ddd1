//! PIX: a code to paste or to scan, paid when somebody does.
//!
//! A charge has a transaction id of a dynamic one, as Efí's have, but its code is static: a dynamic code names a
//! location that the payer's bank fetches, and states no amount. This one can be read and paid without anybody
//! being asked; its own id is the first 25 characters of the charge's.

use jiff::Timestamp;
use posthorn_core::payment::{Instrument, Refusal};

use super::book::{Book, Change, Standing};
use super::charge::Charging;
use super::number::first;
use super::{after, refusal};
use crate::brcode::{Amount, BrCode, Charge};
use crate::pix::{DynamicTxid, StaticTxid};

/// Characters of a static code's transaction id.
const STATIC_TXID_CHARS: usize = 25;

pub(super) fn show(book: Book, charging: &Charging<'_>, now: Timestamp) -> Result<Book, Refusal> {
    let txid = DynamicTxid::from_entropy(first(book.digest("txid", 0)));
    let short = txid.as_str().get(..STATIC_TXID_CHARS).unwrap_or_default();
    let amount = Amount::of_centavos(book.money.minor)
        .map_err(|fault| refusal("amount_out_of_range", &fault.to_string()))?;
    let receiver = &charging.setting.receiver;
    let code = BrCode {
        payee: receiver.payee.clone(),
        charge: Charge::Static {
            key: receiver.key.clone(),
            amount: Some(amount),
            txid: StaticTxid::parse(short).ok(),
        },
    };
    let (txid, br_code) = (txid.to_string(), code.print());
    let mut book = book.stand(Standing::Awaiting { instrument: Instrument::Pix { txid, br_code } });
    let paid = charging.setting.pix_confirms_after.map(|wait| after(now, wait));
    // A bank pays no charge that has expired.
    let in_time = |at: &Timestamp| charging.expires.is_none_or(|expires| *at <= expires);
    if let Some(at) = paid.filter(in_time) {
        book.foresee(at, Change::Finish);
    }
    Ok(book)
}
