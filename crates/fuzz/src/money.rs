//! Amounts, from the text of a number in a request.

use posthorn_core::money::{AMOUNT_MAX, Asset, Money, Units};

use crate::line;

/// The first line is an asset, the second the number: what is read is above zero and bounded, is printed and read as the same,
/// and where it is plain decimals it is what counting in whole numbers says.
pub(crate) fn money(bytes: &[u8]) {
    let (asset, rest) = line(bytes);
    let asset = asset.parse().unwrap_or(Asset::BRL);
    let text = line(rest).0;
    for (units, places) in [(Units::Minor, 0), (Units::Major, asset.exponent())] {
        let read = Money::parse(text, asset, units);
        if let Ok(money) = read {
            assert!((1..=AMOUNT_MAX).contains(&money.minor), "{text}");
            assert_eq!(Money::parse(&money.print(units), asset, units), Ok(money), "{text}");
        }
        if let Some(counted) = counted(text, usize::from(places)) {
            let counted = i64::try_from(counted).ok();
            let counted = counted.filter(|minor| (1..=AMOUNT_MAX).contains(minor));
            assert_eq!(read.ok().map(|money| money.minor), counted, "{text}");
        }
    }
}

/// Minor units of `123` or `123.45`, where it has no more decimals than places and no more than thirty digits.
fn counted(text: &str, places: usize) -> Option<i128> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = !whole.is_empty() && digits(whole) && digits(fraction);
    if !plain || fraction.len() > places || whole.len() + places > 30 {
        return None;
    }
    let padded = format!("{whole}{fraction}{}", "0".repeat(places - fraction.len()));
    padded.parse().ok()
}
