//! Amounts in major units, as orders and products have them: `299.9`. Payments are in cents.

use posthorn_core::json::{self, Style};
use posthorn_core::money::{AMOUNT_MAX, Asset, BadAmount, Money, Units};
use serde_json::value::RawValue;

use crate::api::unfit;
use crate::problem::Problem;

/// The currency of what says none.
pub(super) const USUAL: Asset = Asset::BRL;

/// A currency by its code; reals when it is left out.
pub(super) fn currency(code: Option<&str>) -> Result<Asset, Problem> {
    let Some(code) = code else { return Ok(USUAL) };
    code.parse().map_err(|unknown| unfit("currency", unknown))
}

/// Reads an amount, from its digits. Something may be free.
pub(super) fn read(field: &'static str, number: &RawValue, asset: Asset) -> Result<Money, Problem> {
    let free = Money { minor: 0, asset };
    match Money::parse(number.get(), asset, Units::Major) {
        Err(BadAmount::NotPositive) if !number.get().starts_with('-') => Ok(free),
        read => read.map_err(|bad| unfit(field, bad)),
    }
}

/// Prints one, as `JSON.stringify` would.
pub(super) fn print(money: Money) -> Box<RawValue> {
    debug_assert!(
        (0..=AMOUNT_MAX).contains(&money.minor),
        "amounts are checked where they come in"
    );
    let number = json::parse(money.print(Units::Major).as_bytes()).unwrap_or_default();
    let text = String::from_utf8(number.to_vec(Style::Js)).unwrap_or_default();
    RawValue::from_string(text).unwrap_or_default()
}
