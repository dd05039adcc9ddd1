//! BR Codes: the text that a PIX QR code carries, and that a payer pastes into a bank's app.
//!
//! EMV fields (two digits of id, two of length, the value) and a CRC-16 at the end, as the Banco
//! Central's manual has them (rails.md 4.1). Only ASCII goes in, so that a length in characters is
//! one in bytes. [`BrCode::print`] and [`BrCode::parse`] are each other's inverse.

mod field;
mod parse;
mod payee;

use std::fmt;

pub use parse::Unreadable;
pub use payee::Payee;

use crate::pix::{Key, StaticTxid};
use field::Writing;

/// Bytes a whole code has at most.
pub const CODE_BYTES_MAX: usize = 512;
/// The most one code can ask for, in centavos: ten digits of reais.
pub const CENTAVOS_MAX: i64 = 999_999_999_999;
/// Bytes a location has at most, without its scheme.
pub const LOCATION_BYTES_MAX: usize = 77;

const PIX_GUI: &str = "br.gov.bcb.pix";
const REAL: &str = "986";
const BRAZIL: &str = "BR";
/// What stands for a txid where there is none, and always in a dynamic code.
const NO_TXID: &str = "***";

/// A PIX code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrCode {
    /// Whom the payer's app names.
    pub payee: Payee,
    /// What is paid.
    pub charge: Charge,
}

/// Where a code's payment goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Charge {
    /// Everything is in the code, which may be paid any number of times.
    Static {
        /// The payee's key.
        key: Key,
        /// How much; without it the payer says.
        amount: Option<Amount>,
        /// What the payment is known by.
        txid: Option<StaticTxid>,
    },
    /// The payer's app fetches the charge, its amount and its txid from a location.
    Dynamic {
        /// Where the charge is.
        location: Location,
        /// Whether the code is good for one payment only.
        once: bool,
    },
}

/// An amount that a code can state: 1 to [`CENTAVOS_MAX`] centavos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

/// The address of a dynamic charge without its scheme: `pix.example.com/v2/5c0d…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location(String);

/// What cannot stand in a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A name or city without one character that ASCII has.
    #[error("the payee's {0} has no letter or digit that a PIX code can carry")]
    Unprintable(&'static str),
    /// Nothing, less than nothing, or too much.
    #[error("a PIX code states 1 to {CENTAVOS_MAX} centavos")]
    Amount,
    /// A location with a scheme, without a path, too long, or with other than visible ASCII.
    #[error(
        "a PIX location is host and path without `https://`, at most {LOCATION_BYTES_MAX} visible \
         ASCII characters"
    )]
    Location,
}

impl BrCode {
    /// The code's text: ASCII, at most [`CODE_BYTES_MAX`] bytes, its CRC at the end.
    #[must_use]
    pub fn print(&self) -> String {
        let mut code = Writing::default();
        code.field(0, "01");
        if matches!(self.charge, Charge::Dynamic { once: true, .. }) {
            code.field(1, "12");
        }
        code.group(26, &self.account());
        code.field(52, "0000");
        code.field(53, REAL);
        if let Charge::Static { amount: Some(amount), .. } = &self.charge {
            code.field(54, &amount.to_string());
        }
        code.field(58, BRAZIL);
        code.field(59, self.payee.name());
        code.field(60, self.payee.city());
        code.group(62, &[(5, self.txid())]);
        code.finish()
    }

    fn account(&self) -> [(u8, &str); 2] {
        let (id, whom) = match &self.charge {
            Charge::Static { key, .. } => (1, key.as_str()),
            Charge::Dynamic { location, .. } => (25, location.as_str()),
        };
        [(0, PIX_GUI), (id, whom)]
    }

    fn txid(&self) -> &str {
        match &self.charge {
            Charge::Static { txid: Some(txid), .. } => txid.as_str(),
            Charge::Static { txid: None, .. } | Charge::Dynamic { .. } => NO_TXID,
        }
    }
}

impl Amount {
    /// An amount in centavos.
    pub fn of_centavos(centavos: i64) -> Result<Self, Invalid> {
        (1..=CENTAVOS_MAX).contains(&centavos).then_some(Self(centavos)).ok_or(Invalid::Amount)
    }

    /// Centavos.
    #[must_use]
    pub const fn centavos(self) -> i64 {
        self.0
    }
}

/// Reais, a dot and two digits: `100.50`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Location {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let hosted = text.split_once('/').is_some_and(|(host, path)| {
            !host.is_empty() && !host.contains(':') && !path.is_empty()
        });
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = text.len() <= LOCATION_BYTES_MAX && visible && hosted;
        fits.then(|| Self(text.to_owned())).ok_or(Invalid::Location)
    }

    /// Host and path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
