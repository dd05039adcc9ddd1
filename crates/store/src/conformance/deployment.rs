//! A deployment with a bit of everything, and all that can be read of one: to be told what is the same
//! after it was moved.

use std::sync::Arc;

use posthorn_core::attempt::{Attempt, ErrorClass, Tried, Unreachable};
use posthorn_core::delivery::{Ending, State, StateKind};
use posthorn_core::endpoint::Status;
use posthorn_core::event::{Event, Mode, Payload};
use posthorn_core::id::{ContractId, EndpointId, JobId, MerchantId};
use posthorn_core::merchant::KeyKind;

use super::world::{
    at, done, due, new_accept, new_endpoint, new_merchant, once, parked, sealed, settings,
    settlement, tried,
};
use super::{World, oauth, records};
use crate::{
    Accept, Accepted, DeliveryQuery, EventQuery, JobKind, MerchantChange, NewKey, NewMerchant,
    NewSecret, Page, Release, Settled, Store,
};

/// Merchants, endpoints, secrets, jobs and contracts have lower numbers than this.
const FEW: i64 = 20;

/// Fills an empty store.
pub fn lives(store: Arc<dyn Store>) {
    let world = World::new(store);
    settle_in(&world);
    let merchant = merchants(&world);
    let busy = busy(&world, merchant);
    at_rest(&world, merchant);
    records::a_payment(&world, merchant);
    oauth::a_grant(&world, merchant);
    // The last of each kind is gone, so that its number is seen to be used up.
    let gone = world.endpoint(merchant);
    world.send((merchant, gone), 50, due(50));
    assert!(done(world.store().delete_endpoint(gone, at(51))));
    let sweep = world.running_job();
    world.step(sweep.id, 10, 52);
    let recover = JobKind::Recover {
        endpoint: busy,
        since: at(0),
        until: at(60),
        accepted: (at(0), at(60)),
        states: vec![StateKind::Exhausted],
        types: Vec::new(),
    };
    world.create_job(merchant, recover, 60);
}

fn settle_in(world: &World) {
    let store = world.store();
    for (version, source) in [(1, "name = \"padrão\"\n"), (2, "name = \"padrão\" # \"novo\"\n")] {
        done(store.register_contract("padrão".into(), [version; 16], source.into()));
    }
    done(store.put_value("pepper", vec![0, 255, 10], false));
    done(store.put_value("admin", vec![7; 32], false));
}

fn merchants(world: &World) -> MerchantId {
    let store = world.store();
    let key = |merchant, hash: u8, shown| NewKey {
        merchant,
        mode: Mode::Test,
        kind: KeyKind::ApiKey,
        hint: "…abcd".into(),
        hash: [hash; 32],
        shown,
        created: at(0),
    };
    let new = NewMerchant {
        reference: Some("loja-1".into()),
        strict_catalogue: true,
        keys: vec![key(MerchantId::from_i64(0), 1, Some(sealed(9)))],
        ..new_merchant("Padaria São João ☕")
    };
    let merchant = done(store.create_merchant(new, Some(once(9, 9)))).get();
    let revoked = done(store.create_key(key(merchant, 2, None), None)).get();
    assert!(done(store.revoke_key(merchant, revoked, at(3))));
    done(store.set_clock(merchant, jiff::SignedDuration::from_hours(5)));
    let other = world.merchant();
    let report = super::incidents::report("Lento");
    done(store.open_incident(crate::NewIncident { report, opened: at(2) }, None));
    let calls = [("minha", Some((merchant, Mode::Test)), 4), ("deles", None, 5)];
    done(store.keep_requests(super::requests::block(&calls)));
    let name = Some("Ünï\t\"x\" \\".into());
    done(store.change_merchant(other, MerchantChange { name, ..MerchantChange::default() }));
    merchant
}

/// An endpoint with two secrets and two versions, and a delivery in every state that it can have.
fn busy(world: &World, merchant: MerchantId) -> EndpointId {
    let store = world.store();
    let busy = world.endpoint(merchant);
    let secret = NewSecret { sealed: sealed(4), created: at(1) };
    done(store.rotate_secret(busy, secret, at(1000), None));
    done(store.change_endpoint(busy, 1, settings("recebe/ção"), at(2)));
    let pair = (merchant, busy);
    world.send(pair, 10, due(10));
    world.try_once(busy, 11, State::Delivered { at: at(11) });
    world.send(pair, 12, due(12));
    world.try_once(busy, 13, due(14));
    world.try_once(busy, 14, State::Exhausted { at: at(14), why: Ending::Schedule });
    unanswered(world, pair);
    world.accept(said(world, merchant), &[(busy, due(500))]);
    let new = new_accept(world.new_event(merchant, 21), &[(busy, due(501))]);
    let accepted = done(store.accept(vec![Accept { once: Some(once(1, 1)), ..new }]));
    assert!(matches!(*accepted, [Accepted::Now(_)]));
    let live = Event { mode: Mode::Live, only: Some(busy), ..world.new_event(merchant, 22) };
    world.accept(live, &[]);
    world.send(pair, 30, due(30));
    world.claim_one(busy, 31);
    busy
}

fn said(world: &World, merchant: MerchantId) -> Event {
    let text = r#"{"descrição":"pão de queijo \u0000 ☕","total":1e2}"#;
    let (data, _) = Payload::parse(text.as_bytes()).expect("an object");
    Event { reference: Some("pedido-1".into()), data, ..world.new_event(merchant, 20) }
}

/// A try that came to nothing, and one that was cut off.
fn unanswered(world: &World, (merchant, endpoint): (MerchantId, EndpointId)) {
    world.send((merchant, endpoint), 15, due(15));
    let failed = |mut attempt: Attempt| {
        let class = ErrorClass::Reset;
        let failure = Unreachable { class, detail: "conexão".into(), partial: None };
        attempt.tried = Tried {
            result: Err(failure),
            peer: Some([0x2001_u16, 0xdb8, 0, 0, 0, 0, 0, 1].into()),
            ..attempt.tried
        };
        attempt
    };
    let claim = world.claim_one(endpoint, 15);
    let attempt = Some(failed(tried(&claim, 200, 15)));
    assert_eq!(world.settle(settlement(&claim, due(16), attempt)), Settled::Done);
    let claim = world.claim_one(endpoint, 16);
    let attempt = Some(failed(tried(&claim, 200, 16)));
    let release =
        Release { delivery: claim.delivery, endpoint, claim: claim.claim, at: at(600), attempt };
    done(world.store().release(vec![release]));
}

fn at_rest(world: &World, merchant: MerchantId) {
    let paused = world.endpoint(merchant);
    world.pause(paused, 40);
    world.send((merchant, paused), 41, parked(41));
    let live = done(world.store().create_endpoint(new_endpoint(merchant, Mode::Live), None)).get();
    let why = posthorn_core::endpoint::DisabledWhy::Requested;
    let disabled = Status::Disabled { since: at(42), why };
    assert_eq!(world.set_status(live, disabled, 42), disabled);
}

/// All that can be read of a deployment.
#[must_use]
pub fn everything(store: &dyn Store) -> Vec<String> {
    let mut all = vec![
        format!("{:?}", done(store.directory())),
        format!("{:?}", done(store.backlog())),
        format!("{:?}", done(store.running_jobs())),
        format!("{:?}", done(store.sealed_otherwise([0; 4], 1000))),
        format!("{:?} {:?}", done(store.value("pepper")), done(store.value("admin"))),
        format!("{:?}", [done(store.used(once(1, 1))), done(store.used(once(9, 9)))]),
        super::requests::everything(store),
    ];
    for number in 1..FEW {
        let (endpoint, merchant) = (EndpointId::from_i64(number), MerchantId::from_i64(number));
        all.push(format!("{:?}", done(store.merchant(merchant))));
        all.push(format!("{:?}", done(store.keys(merchant))));
        all.push(format!("{:?}", done(store.endpoint_on_record(endpoint))));
        all.push(format!("{:?}", done(store.versions(endpoint))));
        all.push(format!("{:?}", done(store.secrets(endpoint))));
        all.push(format!("{:?}", done(store.job(JobId::from_i64(number)))));
        all.push(format!("{:?}", done(store.contract(ContractId::from_i64(number)))));
        for mode in [Mode::Test, Mode::Live] {
            all.extend(sent(store, merchant, mode));
        }
    }
    all
}

fn sent(store: &dyn Store, merchant: MerchantId, mode: Mode) -> Vec<String> {
    let mut all = Vec::new();
    let query = EventQuery { merchant, mode, kind: None, since: None, until: None };
    for event in done(store.events(query, Page { after: None, limit: 1000 })) {
        let reference = event.reference.clone().map(|reference| {
            done(store.event_by_reference(merchant, mode, reference)).map(|found| found.id)
        });
        all.push(format!("{event:?} {:?} {reference:?}", done(store.event(event.id))));
    }
    all.extend(records::everything(store, (merchant, mode)));
    all.extend(oauth::everything(store, (merchant, mode)));
    for state in StateKind::ALL {
        let query =
            DeliveryQuery { merchant, mode, endpoint: None, event: None, state: Some(state) };
        for delivery in done(store.deliveries(query, Page { after: None, limit: 1000 })) {
            all.push(format!("{delivery:?} {:?}", done(store.delivery(delivery.id))));
        }
    }
    all
}
