//! What PIX knows a payee and a payment by: keys, transaction ids and end-to-end ids.
//!
//! The forms are those of the Banco Central's API Pix 2.9.0 and of the DICT, its directory of keys
//! (rails.md 3.7 and 4.1).

mod id;
mod key;

pub use id::{BadPixId, DynamicTxid, Ispb, StaticTxid, end_to_end_id, return_id};
pub use key::{BadKey, Key, KeyKind};
