//! How much a rail moves, and of what.

use posthorn_core::money::{AMOUNT_MAX, Asset, Money};
use posthorn_core::payment::Refusal;

use super::{Rail, bank, refusal};
use crate::{boleto, brcode, mpesa, xrpl};

/// Whether a rail moves so much at once.
pub(super) fn allow(rail: Rail, money: Money) -> Result<(), Refusal> {
    let (asset, range) = match rail {
        Rail::Cards => (None, 1..=AMOUNT_MAX),
        Rail::Pix => (Some(Asset::BRL), 1..=brcode::CENTAVOS_MAX),
        Rail::Boleto => (Some(Asset::BRL), 1..=boleto::CENTAVOS_MAX),
        Rail::Mpesa => (Some(Asset::KES), 1..=AMOUNT_MAX),
        Rail::Bank => (Some(Asset::KES), bank::CENTS_MIN..=bank::CENTS_MAX),
        Rail::Xrpl => (Some(Asset::XRP), 1..=xrpl::DROPS_MAX),
    };
    // A card's issuer counts in a currency of its own, and in no ledger's coin.
    let fits = asset.map_or(money.asset != Asset::XRP, |asset| money.asset == asset);
    if !fits {
        return Err(refusal("currency_not_supported", "the rail does not move this currency"));
    }
    if !range.contains(&money.minor) {
        return Err(refusal("amount_out_of_range", "the rail does not move so much at once"));
    }
    whole(rail, money)
}

/// Whether a rail can count it: M-Pesa moves whole shillings.
pub(super) fn whole(rail: Rail, money: Money) -> Result<(), Refusal> {
    if rail == Rail::Mpesa && mpesa::whole_shillings(money.minor).is_none() {
        return Err(refusal("amount_not_whole", "M-Pesa moves whole shillings"));
    }
    Ok(())
}
