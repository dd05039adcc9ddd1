//! What merchants write into what is kept and told of: not too much of it, and no card's number.

use posthorn_core::payment::{Method, Wish};
use posthorn_core::payout;
use posthorn_core::shop::check_texts;

use super::PaymentDraft;
use super::card::{check_no_card, check_text};
use super::name;
use crate::error::EngineError;

/// Checks all that a payment's merchant wrote.
pub(super) fn check_payment(draft: &PaymentDraft) -> Result<(), EngineError> {
    let wish = &draft.wish;
    let (account, bank) = banked(wish);
    check_texts(&[("reference", wish.reference.as_deref())])?;
    check_lengths([
        ("description", wish.description.as_deref()),
        ("bank", account),
        ("bank", bank),
    ])?;
    if let Some(payer) = &wish.customer {
        check_lengths([
            ("name", payer.name.as_deref()),
            ("email", payer.email.as_deref()),
            ("phone", payer.phone.as_deref()),
            ("document", payer.document.as_deref()),
        ])?;
    }
    for leg in &draft.legs {
        check_texts(&[("split", Some(&leg.name)), ("split", Some(&leg.to))])?;
        check_text("split", &leg.name)?;
        check_text("split", &leg.to)?;
    }
    name::check(wish.reference.as_deref())?;
    check_no_card(wish)
}

/// The same of a payout.
pub(super) fn check_payout(wish: &payout::Wish) -> Result<(), EngineError> {
    let texts =
        [("destination", Some(&*wish.destination)), ("reference", wish.reference.as_deref())];
    check_texts(&texts)?;
    check_lengths([("description", wish.description.as_deref())])?;
    name::check(wish.reference.as_deref())?;
    check_no_card(wish)
}

/// The same of why money goes back.
pub(super) fn check_reason(reason: Option<&str>) -> Result<(), EngineError> {
    check_lengths([("reason", reason)])?;
    check_text("reason", reason.unwrap_or_default())
}

/// Checks texts that may as well say nothing.
fn check_lengths<const N: usize>(
    texts: [(&'static str, Option<&str>); N],
) -> Result<(), EngineError> {
    let said = texts.map(|(field, text)| (field, text.filter(|text| !text.is_empty())));
    Ok(check_texts(&said)?)
}

/// Where a payer pays from, and to.
fn banked(wish: &Wish) -> (Option<&str>, Option<&str>) {
    match &wish.method {
        Method::BankTransfer { account, bank } => (account.as_deref(), bank.as_deref()),
        Method::Pix
        | Method::Boleto
        | Method::Card(_)
        | Method::MobileMoney { .. }
        | Method::Xrp => (None, None),
    }
}
