//! Merchants and their keys.

use jiff::SignedDuration;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::merchant::{Key, KeyKind};

use super::World;
use super::world::{at, done, new_merchant, refused, sealed};
use crate::{MerchantChange, NewKey, NewMerchant, StoreError};

fn new_key(merchant: MerchantId, hash: u8) -> NewKey {
    NewKey {
        merchant,
        mode: Mode::Test,
        kind: KeyKind::ApiKey,
        hint: "sk_test_…abcd".into(),
        hash: [hash; 32],
        shown: None,
        created: at(0),
    }
}

fn only_key(world: &World, merchant: MerchantId) -> Key {
    let mut keys = done(world.store().keys(merchant));
    assert_eq!(keys.len(), 1);
    keys.pop().expect("one key")
}

pub fn a_merchant_is_created_with_its_keys(world: &World) {
    let nobody = MerchantId::from_i64(0);
    let publishable = NewKey {
        mode: Mode::Live,
        kind: KeyKind::Publishable,
        shown: Some(sealed(7)),
        ..new_key(nobody, 2)
    };
    let new = NewMerchant {
        reference: Some("acct-1".into()),
        strict_catalogue: true,
        keys: vec![new_key(nobody, 1), publishable],
        ..new_merchant("Café Ltda")
    };
    let id = done(world.store().create_merchant(new, None)).get();
    let merchant = done(world.store().merchant(id)).expect("it was created");
    assert_eq!((merchant.name.as_str(), merchant.contract.as_str()), ("Café Ltda", "standard"));
    assert_eq!(merchant.reference.as_deref(), Some("acct-1"));
    assert!(merchant.strict_catalogue);
    assert_eq!((merchant.clock_offset, merchant.created), (SignedDuration::ZERO, at(0)));
    assert_eq!(merchant.webhook_secret_test, sealed(1));
    assert_eq!(merchant.webhook_secret_live, sealed(2));
    let keys = done(world.store().keys(id));
    let kinds: Vec<_> = keys.iter().map(|key| (key.merchant, key.mode, key.kind)).collect();
    let expected = [(id, Mode::Test, KeyKind::ApiKey), (id, Mode::Live, KeyKind::Publishable)];
    assert_eq!(kinds, expected);
    let shown: Vec<_> = keys.into_iter().map(|key| key.shown).collect();
    assert_eq!(shown, [None, Some(sealed(7))]);
}

pub fn a_merchants_reference_is_unique(world: &World) {
    let named = |name| NewMerchant { reference: Some("acct-1".into()), ..new_merchant(name) };
    let first = done(world.store().create_merchant(named("One"), None)).get();
    let taken = StoreError::Taken { what: "reference" };
    assert_eq!(refused(world.store().create_merchant(named("Two"), None)), taken);
    let second = world.merchant();
    let change =
        MerchantChange { reference: Some(Some("acct-1".into())), ..MerchantChange::default() };
    assert_eq!(refused(world.store().change_merchant(second, change.clone())), taken);
    done(world.store().change_merchant(first, change));
    let none = MerchantChange { reference: Some(None), ..MerchantChange::default() };
    done(world.store().change_merchant(first, none));
    done(world.store().create_merchant(named("Two"), None));
}

pub fn a_change_leaves_the_rest_as_it_is(world: &World) {
    let id = world.merchant();
    let change = MerchantChange {
        contract: Some("krxscale".into()),
        strict_catalogue: Some(true),
        retention: Some(Some(SignedDuration::from_hours(9000))),
        ..MerchantChange::default()
    };
    done(world.store().change_merchant(id, change));
    let merchant = done(world.store().merchant(id)).expect("it is there");
    assert_eq!((merchant.name.as_str(), merchant.contract.as_str()), ("Acme", "krxscale"));
    assert_eq!((merchant.reference, merchant.strict_catalogue), (None, true));
    assert_eq!(merchant.retention, Some(SignedDuration::from_hours(9000)));
    assert!(!merchant.legal_hold);
    let nobody = MerchantId::from_i64(99);
    let missing = refused(world.store().change_merchant(nobody, MerchantChange::default()));
    assert_eq!(missing, StoreError::Missing { what: "merchant" });
}

pub fn a_sandbox_clock_is_set(world: &World) {
    let id = world.merchant();
    let offset = SignedDuration::from_hours(240);
    done(world.store().set_clock(id, offset));
    let merchant = done(world.store().merchant(id)).expect("it is there");
    assert_eq!(merchant.clock_offset, offset);
    let missing = refused(world.store().set_clock(MerchantId::from_i64(99), offset));
    assert_eq!(missing, StoreError::Missing { what: "merchant" });
}

pub fn a_key_is_found_by_its_hash(world: &World) {
    let merchant = world.merchant();
    let id = done(world.store().create_key(new_key(merchant, 5), None)).get();
    let found = done(world.store().key_by_hash([5; 32])).expect("the key is there");
    assert_eq!((found.id, found.merchant, found.hash), (id, merchant, [5; 32]));
    assert_eq!(found.hint, "sk_test_…abcd");
    assert!(done(world.store().key_by_hash([6; 32])).is_none());
    let again = refused(world.store().create_key(new_key(merchant, 5), None));
    assert_eq!(again, StoreError::Taken { what: "key" });
}

pub fn a_key_is_revoked_once(world: &World) {
    let (merchant, other) = (world.merchant(), world.merchant());
    let id = done(world.store().create_key(new_key(merchant, 5), None)).get();
    assert!(!done(world.store().revoke_key(other, id, at(1))), "it is not theirs");
    assert!(done(world.store().revoke_key(merchant, id, at(2))));
    assert!(!done(world.store().revoke_key(merchant, id, at(3))));
    assert_eq!(only_key(world, merchant).revoked, Some(at(2)));
}

pub fn the_last_use_of_a_key_only_moves_forward(world: &World) {
    let merchant = world.merchant();
    let id = done(world.store().create_key(new_key(merchant, 5), None)).get();
    assert_eq!(only_key(world, merchant).last_used, None);
    done(world.store().touch_keys(vec![(id, at(50)), (id, at(40))]));
    assert_eq!(only_key(world, merchant).last_used, Some(at(50)));
}

pub fn a_key_of_nobody_is_refused(world: &World) {
    let missing = refused(world.store().create_key(new_key(MerchantId::from_i64(99), 1), None));
    assert_eq!(missing, StoreError::Missing { what: "merchant" });
}
