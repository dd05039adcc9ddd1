//! Which provider takes what.

use jiff::SignedDuration;
use posthorn_core::contract::{NotTaken, Rail};
use posthorn_core::money::{Asset, Money};

use crate::contract;
use crate::lives::{brl, card, mobile};

fn kes(minor: i64) -> Money {
    Money { minor, asset: Asset::KES }
}

#[test]
fn a_provider_is_refused_what_its_guide_does_not_name_it_for() {
    let techcorp = contract("techcorp");
    let takes = |name, method| techcorp.provider(name).unwrap().takes(method, brl(29_990));
    assert_eq!(takes("Stripe", "card"), Ok(()));
    assert_eq!(takes("Stripe", "pix"), Err(NotTaken::Method));
    assert_eq!(takes("PagSeguro", "boleto"), Ok(()));
    assert_eq!(takes("PayPal", "card"), Err(NotTaken::Method), "a wallet takes no cards");
    let stripe = techcorp.provider("Stripe").unwrap();
    assert_eq!(stripe.takes("card", kes(100)), Err(NotTaken::Asset { asset: Asset::KES }));
    assert!(techcorp.provider("Strype").is_none());
}

#[test]
fn m_pesa_moves_whole_shillings_and_a_card_moves_cents() {
    let sentinelgate = contract("sentinelgate");
    let buni = sentinelgate.provider("BUNI").unwrap();
    assert_eq!(buni.takes("mobile_money", kes(10_050)), Err(NotTaken::Fraction));
    assert_eq!(buni.takes("mobile_money", kes(10_000)), Ok(()));
    assert_eq!(buni.takes("card", kes(10_050)), Ok(()));
    assert_eq!((buni.rail("card"), buni.rail("pix")), (Some(Rail::Cards), None));
}

#[test]
fn where_a_merchant_names_none_the_default_one_is_taken_or_the_first_that_can() {
    let named = |name, method, asset| {
        let provider = contract(name).default_provider(method, asset);
        provider.map(|provider| provider.name.as_str())
    };
    assert_eq!(named("techcorp", "card", Asset::BRL), Some("Stripe"));
    assert_eq!(named("techcorp", "pix", Asset::BRL), Some("PagSeguro"));
    assert_eq!(named("krxscale", "pix", Asset::BRL), Some("efi"));
    assert_eq!(named("sentinelgate", "card", Asset::KES), Some("BUNI"));
    assert_eq!(named("payqi", "pix", Asset::BRL), None);
}

#[test]
fn a_reference_has_the_day_of_its_creation_and_digits_of_its_own() {
    let reference =
        |name: &str, payment| contract(name).provider("BUNI").unwrap().reference(payment);
    let payment = mobile("BUNI").payment;
    assert_eq!(reference("sentinelgate", &payment).as_deref(), Some("BUN2026020750565120"));
    let stripe = contract("krxscale").provider("stripe").unwrap();
    assert_eq!(stripe.reference(&card("stripe").payment).as_deref(), Some("pi_50565120"));
    let efi = contract("krxscale").provider("efi").unwrap();
    assert_eq!(efi.reference(&payment), None, "the provider's own word is used");
}

#[test]
fn a_sandbox_does_by_itself_only_what_its_guide_says() {
    let after = |name| contract(name).sandbox;
    assert_eq!(after("techcorp").pix_confirms_after, Some(SignedDuration::from_secs(5)));
    assert_eq!(after("payqi").payment_expires_after, Some(SignedDuration::from_mins(15)));
    assert_eq!(after("pagtracker").payment_expires_after, Some(SignedDuration::from_hours(1)));
    assert_eq!(after("pagtracker").pix_confirms_after, None);
    assert_eq!(after("techcorp").expires_after("pix"), Some(SignedDuration::from_mins(30)));
    assert_eq!(after("techcorp").expires_after("boleto"), None, "its due day");
    assert!(after("krxscale").cards_reviewed && !after("sentinelgate").cards_reviewed);
}

#[test]
fn every_platforms_checkouts_are_abandoned_and_expire() {
    for contract in posthorn_core::contract::embedded() {
        let limits = contract.checkout;
        assert_eq!(
            limits.abandoned_after,
            Some(SignedDuration::from_mins(30)),
            "{}",
            contract.name
        );
        assert_eq!(limits.expires_after, Some(SignedDuration::from_hours(24)), "{}", contract.name);
    }
}
