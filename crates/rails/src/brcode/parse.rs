//! Reading a PIX code as strictly as it is written: a code is money's address.
//!
//! Fields that we do not write (a postal code, a recurrence) may stand in others' codes; they are
//! passed over.

use super::field::{CRC_HEAD, Fields, crc_of};
use super::payee::{CITY_MAX, NAME_MAX};
use super::{
    Amount, BRAZIL, BrCode, CODE_BYTES_MAX, Charge, Location, NO_TXID, PIX_GUI, Payee, REAL,
};
use crate::pix::{Key, StaticTxid};

/// Why a text is no PIX code. Numbers are ids of EMV fields; within field 26 and 62, of their parts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Over [`CODE_BYTES_MAX`].
    #[error("a PIX code has at most {CODE_BYTES_MAX} bytes")]
    TooLong,
    /// A character other than visible ASCII or space.
    #[error("a PIX code is ASCII")]
    NotAscii,
    /// It does not end in `6304` and four hex digits.
    #[error("the code does not end in its checksum, `6304` and four capital hex digits")]
    NoChecksum,
    /// It was changed, or cut.
    #[error("the code says checksum {stated}, and its text has {computed}")]
    Checksum {
        /// What stands at its end.
        stated: String,
        /// What should.
        computed: String,
    },
    /// Where an id or a length should be are no two digits.
    #[error("a field does not begin with two digits of id and two of length")]
    Broken,
    /// A field is empty, or longer than what is left.
    #[error("field {0:02} says a length that it does not have")]
    Length(u8),
    /// A field stands twice.
    #[error("field {0:02} stands twice")]
    Twice(u8),
    /// A field that every code has is not there.
    #[error("field {0:02} is missing")]
    Missing(u8),
    /// A field has what it cannot have.
    #[error("field {0:02} has a value that it cannot have")]
    Value(u8),
    /// No account of PIX, or not one key or location in it.
    #[error("no field from 26 to 51 has `{PIX_GUI}` and either a key or a location")]
    NoAccount,
}

impl BrCode {
    /// Reads a code: its checksum first, then every field that we write.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let fields = Fields::read(checked(text)?)?;
        for (id, wanted) in [(0, "01"), (53, REAL), (58, BRAZIL)] {
            if fields.need(id)? != wanted {
                return Err(Unreadable::Value(id));
            }
        }
        let category = fields.need(52)?;
        if category.len() != 4 || category.bytes().any(|byte| !byte.is_ascii_digit()) {
            return Err(Unreadable::Value(52));
        }
        let payee = payee(fields.need(59)?, fields.need(60)?)?;
        let txid = Fields::read(fields.need(62)?)?.need(5)?;
        let account = account(&fields)?;
        let charge = match (account.get(1), account.get(25)) {
            (Some(key), None) => on_a_key(key, &fields, txid)?,
            (None, Some(location)) => at_a_location(location, &fields, txid)?,
            (Some(_), Some(_)) | (None, None) => return Err(Unreadable::NoAccount),
        };
        Ok(Self { payee, charge })
    }
}

/// The code without its checksum, which is right.
fn checked(text: &str) -> Result<&str, Unreadable> {
    if text.len() > CODE_BYTES_MAX {
        return Err(Unreadable::TooLong);
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Err(Unreadable::NotAscii);
    }
    let cut = text.len().checked_sub(4).ok_or(Unreadable::NoChecksum)?;
    let (covered, stated) = text.split_at_checked(cut).ok_or(Unreadable::NoChecksum)?;
    let body = covered.strip_suffix(CRC_HEAD).ok_or(Unreadable::NoChecksum)?;
    let computed = crc_of(covered);
    if stated == computed {
        Ok(body)
    } else {
        Err(Unreadable::Checksum { stated: stated.to_owned(), computed })
    }
}

fn payee(name: &str, city: &str) -> Result<Payee, Unreadable> {
    if name.len() > NAME_MAX {
        return Err(Unreadable::Value(59));
    }
    if city.len() > CITY_MAX {
        return Err(Unreadable::Value(60));
    }
    let payee = Payee::new(name, city).map_err(|_unprintable| Unreadable::Value(59))?;
    if payee.name() != name {
        return Err(Unreadable::Value(59));
    }
    if payee.city() == city { Ok(payee) } else { Err(Unreadable::Value(60)) }
}

fn account<'a>(fields: &Fields<'a>) -> Result<Fields<'a>, Unreadable> {
    let candidates = fields.iter().filter(|(id, _)| (26..=51).contains(id));
    for (_, value) in candidates {
        let account = Fields::read(value)?;
        if account.get(0).is_some_and(|gui| gui.eq_ignore_ascii_case(PIX_GUI)) {
            return Ok(account);
        }
    }
    Err(Unreadable::NoAccount)
}

fn on_a_key(key: &str, fields: &Fields<'_>, txid: &str) -> Result<Charge, Unreadable> {
    let txid = if txid == NO_TXID {
        None
    } else {
        Some(StaticTxid::parse(txid).map_err(|_bad| Unreadable::Value(5))?)
    };
    let amount = fields.get(54).map(|text| amount(text).ok_or(Unreadable::Value(54)));
    let key = Key::parse(key).map_err(|_bad| Unreadable::Value(1))?;
    Ok(Charge::Static { key, amount: amount.transpose()?, txid })
}

fn at_a_location(location: &str, fields: &Fields<'_>, txid: &str) -> Result<Charge, Unreadable> {
    if txid != NO_TXID {
        return Err(Unreadable::Value(5));
    }
    let once = match fields.get(1) {
        None | Some("11") => false,
        Some("12") => true,
        Some(_) => return Err(Unreadable::Value(1)),
    };
    let location = Location::parse(location).map_err(|_bad| Unreadable::Value(25))?;
    Ok(Charge::Dynamic { location, once })
}

/// Reais, a dot, two digits; no zero before another digit.
fn amount(text: &str) -> Option<Amount> {
    let (reais, centavos) = text.split_once('.')?;
    if centavos.len() != 2 || (reais.len() > 1 && reais.starts_with('0')) {
        return None;
    }
    let number = |digits: &str| {
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
    };
    let whole = number(reais)?.checked_mul(100)?;
    Amount::of_centavos(whole.checked_add(number(centavos)?)?).ok()
}
