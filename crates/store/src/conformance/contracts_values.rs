//! What belongs to the deployment: contracts, values, seals.

use posthorn_core::event::Mode;
use posthorn_core::merchant::KeyKind;

use super::World;
use super::world::{at, done, sealed};
use crate::{NewKey, SealedAt, SealedRow};

pub fn a_contract_version_is_kept_once(world: &World) {
    let register = |version: u8, source: &str| {
        done(world.store().register_contract("standard".into(), [version; 16], source.into()))
    };
    let first = register(1, "name = \"standard\"");
    let second = register(2, "name = \"standard\" # new");
    assert_ne!(first, second);
    assert_eq!(register(1, "name = \"standard\""), first);
    let kept = done(world.store().contract(second));
    assert_eq!(kept, Some(("standard".into(), "name = \"standard\" # new".into())));
}

pub fn a_value_is_kept_unless_it_is_to_be_replaced(world: &World) {
    let put =
        |value: &[u8], replace| done(world.store().put_value("pepper", value.to_vec(), replace));
    assert_eq!(done(world.store().value("pepper")), None);
    assert_eq!(put(b"first", false), b"first");
    assert_eq!(put(b"second", false), b"first");
    assert_eq!(put(b"third", true), b"third");
    assert_eq!(done(world.store().value("pepper")), Some(b"third".to_vec()));
}

pub fn sealed_values_are_found_by_their_master_key_and_resealed(world: &World) {
    let (merchant, endpoint) = world.pair();
    let key = NewKey {
        merchant,
        mode: Mode::Test,
        kind: KeyKind::ApiKey,
        hint: String::new(),
        hash: [1; 32],
        shown: Some(sealed(4)),
        created: at(0),
    };
    let key = done(world.store().create_key(key, None)).get();
    let secret = world.find_endpoint(endpoint).secrets.first().expect("it has one").id;
    let places = [
        (SealedAt::MerchantTest(merchant), 1),
        (SealedAt::MerchantLive(merchant), 2),
        (SealedAt::Endpoint(secret), 3),
        (SealedAt::Key(key), 4),
    ];
    let rows = places.map(|(at, byte)| SealedRow { at, sealed: sealed(byte) });
    assert_eq!(done(world.store().sealed_otherwise([9; 4], 10)), rows);
    assert_eq!(done(world.store().sealed_otherwise([9; 4], 3)).len(), 3);
    assert_eq!(done(world.store().sealed_otherwise([2; 4], 10)).len(), 3);
    let resealed = rows.map(|row| SealedRow { at: row.at, sealed: sealed(9) });
    done(world.store().reseal(resealed.to_vec()));
    assert!(done(world.store().sealed_otherwise([9; 4], 10)).is_empty());
    assert_eq!(done(world.store().sealed_otherwise([8; 4], 10)), resealed);
}

pub fn health_answers(world: &World) {
    done(world.store().health());
    done(world.store().health());
}
