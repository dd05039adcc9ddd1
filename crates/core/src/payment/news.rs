//! What is asked of a provider, and what it says: the whole vocabulary between payments and rails.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::RequestId;
use crate::money::Money;

use super::method::Method;

/// What a provider is asked to do. It carries the request's id, which we choose: the same one again is the same request.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The request.
    pub request: RequestId,
    /// How much is at stake.
    pub money: Money,
    /// What to do.
    pub ask: Ask,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Take money from a payer.
    Charge {
        /// How.
        method: Method,
        /// Only reserve it.
        hold: bool,
        /// What the payer reads.
        description: Option<String>,
        /// Until when it may be paid.
        expires: Option<Timestamp>,
    },
    /// Take what an earlier request reserved.
    Capture {
        /// The charge.
        charge: RequestId,
    },
    /// Call an earlier request off.
    Cancel {
        /// The charge.
        charge: RequestId,
    },
    /// Send money back to a payer.
    Refund {
        /// The charge.
        charge: RequestId,
    },
    /// Send a part of a payment to somebody else.
    Transfer {
        /// Where to: an account, a PIX key.
        to: String,
    },
    /// Send money to the merchant.
    Payout {
        /// Where to.
        to: String,
    },
}

/// What a provider says about a request, whoever asked.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// The payer was shown how to pay.
    Awaiting(Instrument),
    /// Money was seen that does not count yet.
    Seen {
        /// The provider's own id of the transaction.
        transaction: String,
    },
    /// The payer must do something first (3-D Secure).
    ActionRequired {
        /// Where.
        url: String,
    },
    /// The provider is looking at it.
    Processing,
    /// Money is reserved.
    Authorized,
    /// Money came, or went where it was sent.
    Done(Movement),
    /// It will not be done, and no money has moved.
    Refused(Refusal),
    /// It was called off, and no money will move.
    Canceled,
    /// Nobody paid in the time that the provider gives, and by itself no money will move.
    Expired,
    /// The provider knows nothing of the request: it never arrived.
    Unheard,
    /// Nobody knows: the answer was lost.
    Lost,
}

/// Money that a provider reports to have moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// The provider's own id of it; the same one twice is the same money.
    pub transaction: String,
    /// How much really moved (of XRP `delivered_amount`, never `Amount`).
    pub money: Money,
    /// When, by the provider's clock.
    pub at: Timestamp,
    /// When the provider hands it over; at once where there is no time.
    pub settles: Option<Timestamp>,
}

/// Why a provider did not do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A word for programs: `card_declined`, `insufficient_funds`, `timeout`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// Whether the provider was never reached, so that another one may be asked.
    pub unreached: bool,
}

/// What a payer is shown, and what tells the money when it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Instrument {
    /// A PIX charge.
    Pix {
        /// 26 to 35 letters and digits (BCB API Pix 2.9.0).
        txid: String,
        /// The BR Code, which is also the QR code's text.
        br_code: String,
    },
    /// A boleto.
    Boleto {
        /// 44 digits.
        barcode: String,
        /// 47 digits, as people type them.
        line: String,
        /// When it is due, a calendar day in São Paulo.
        due: Date,
    },
    /// An STK push: the payer's telephone asks for the PIN.
    Push {
        /// The provider's id of the prompt.
        checkout_request: String,
    },
    /// An address on the XRP Ledger.
    Xrp {
        /// A classic address.
        address: String,
        /// The destination tag that tells whose payment it is.
        tag: u32,
    },
    /// A bank transfer.
    Bank {
        /// What the payer writes into it.
        reference: String,
    },
    /// A card, charged where it is.
    Card {
        /// The provider's id of the charge.
        charge: String,
    },
}
