//! Idempotency keys: kept in the transaction of what they guard.

use futures::executor::block_on;
use posthorn_core::event::Mode;
use posthorn_core::merchant::KeyKind;

use super::World;
use super::world::{at, done, due, new_accept, new_endpoint, new_merchant, once, refused, sealed};
use crate::{Accept, Accepted, Done, JobKind, NewJob, NewKey, NewSecret, Once, StoreError};

pub fn the_same_key_and_request_answers_what_came_of_it_before(world: &World) {
    let (merchant, endpoint) = world.pair();
    let accept = |second| Accept {
        once: Some(once(1, 1)),
        ..new_accept(world.new_event(merchant, second), &[(endpoint, due(second))])
    };
    let (first, again) = (accept(0), accept(1));
    let (id, other) = (first.event.id, again.event.id);
    assert_eq!(done(world.store().accept(vec![first])), [Accepted::Now(id)]);
    assert_eq!(done(world.store().accept(vec![again])), [Accepted::Before(id)]);
    assert_eq!(done(world.store().event(other)), None);
    let twice = done(world.store().accept(vec![accept(2), accept(3)]));
    assert_eq!(twice, [Accepted::Before(id); 2]);
}

pub fn the_same_key_with_another_request_is_refused(world: &World) {
    let merchant = world.merchant();
    let accept =
        |once| Accept { once: Some(once), ..new_accept(world.new_event(merchant, 0), &[]) };
    done(world.store().accept(vec![accept(once(1, 1))]));
    let other = done(world.store().accept(vec![accept(once(1, 2))]));
    assert_eq!(other, [Accepted::KeyReused]);
    let new = new_merchant("Other");
    let refused = refused(world.store().create_merchant(new, Some(once(1, 3))));
    assert_eq!(refused, StoreError::KeyReused);
}

pub fn no_part_of_another_request_is_begun(world: &World) {
    let merchant = world.merchant();
    let part = |part, request| {
        let accept = new_accept(world.new_event(merchant, i64::from(part)), &[]);
        Accept { once: Some(Once { part, ..once(1, request) }), ..accept }
    };
    let accept = |parts: Vec<Accept>| done(world.store().accept(parts));
    let first = accept(vec![part(2, 1), part(3, 1)]);
    let [Accepted::Now(second), Accepted::Now(third)] = *first else { panic!("{first:?}") };
    let before = [Accepted::Before(second), Accepted::Before(third)];
    let other = accept((1..=5).map(|n| part(n, 2)).collect());
    assert_eq!(other, [Accepted::KeyReused; 5], "nor those that the first did not have");
    let again = accept((1..=4).map(|n| part(n, 1)).collect());
    let [Accepted::Now(_), second, third, Accepted::Now(_)] = *again else { panic!("{again:?}") };
    assert_eq!([second, third], before);
    let whole = accept(vec![part(0, 2)]);
    assert_eq!(whole, [Accepted::KeyReused], "nor the other request as a whole");
}

pub fn keys_of_different_callers_do_not_meet(world: &World) {
    let merchant = world.merchant();
    for scope in [0, 1, 2] {
        let mut accept = new_accept(world.new_event(merchant, scope), &[]);
        accept.once = Some(Once { scope, ..once(1, 1) });
        let id = accept.event.id;
        assert_eq!(done(world.store().accept(vec![accept])), [Accepted::Now(id)]);
    }
}

pub fn every_creating_verb_keeps_its_key(world: &World) {
    let (merchant, endpoint) = world.pair();
    let delivery = world.send((merchant, endpoint), 0, due(0));
    let store = world.store();

    let create = || done(store.create_merchant(new_merchant("X"), Some(once(1, 1))));
    let new = create();
    assert!(matches!(new, Done::Now(_)));
    assert_eq!(create(), Done::Before(new.get()));

    let create = || {
        let new = new_endpoint(merchant, Mode::Test);
        done(store.create_endpoint(new, Some(once(2, 1))))
    };
    let new = create();
    assert_eq!(create(), Done::Before(new.get()));

    let create = || {
        let (mode, kind, hint) = (Mode::Test, KeyKind::ApiSecret, String::new());
        let new = NewKey { merchant, mode, kind, hint, hash: [9; 32], shown: None, created: at(0) };
        done(store.create_key(new, Some(once(3, 1))))
    };
    let new = create();
    assert_eq!(create(), Done::Before(new.get()));

    let rotate = || {
        let new = NewSecret { sealed: sealed(8), created: at(1) };
        done(store.rotate_secret(endpoint, new, at(5), Some(once(4, 1))))
    };
    let new = rotate();
    assert_eq!(rotate(), Done::Before(new.get()));
    assert_eq!(done(store.secrets(endpoint)).len(), 2);

    let resend = || done(store.resend(delivery, at(9), Some(once(5, 1))));
    assert_eq!((resend(), resend()), (Done::Now(delivery), Done::Before(delivery)));
    assert_eq!(world.delivery(delivery).run, 2);

    let create = || {
        let kind = JobKind::Advance { target: at(9) };
        let job = NewJob { merchant, mode: Mode::Test, kind, created: at(0) };
        done(store.create_job(job, Some(once(6, 1))))
    };
    let new = create();
    assert_eq!(create(), Done::Before(new.get()));
}

pub fn what_a_key_was_used_for_can_be_asked(world: &World) {
    let merchant = world.merchant();
    let used = |once| block_on(world.store().used(once));
    assert_eq!(used(once(1, 1)), Ok(None));
    let part = |part, request| Once { part, ..once(1, request) };
    let accept = new_accept(world.new_event(merchant, 0), &[]);
    let id = accept.event.id;
    done(world.store().accept(vec![Accept { once: Some(part(2, 1)), ..accept }]));
    assert_eq!(used(part(2, 1)), Ok(Some(id.as_i64())));
    assert_eq!(used(part(3, 1)), Ok(None), "each part is kept by itself");
    for other in [part(2, 2), part(3, 2), once(1, 2)] {
        assert_eq!(used(other), Err(StoreError::KeyReused), "{other:?}");
    }
    assert_eq!(used(once(2, 2)), Ok(None), "nothing is kept by asking");
}

pub fn a_refused_verb_leaves_its_key_free(world: &World) {
    let pair = world.pair();
    let delivery = world.send(pair, 0, due(0));
    world.claim_one(pair.1, 0);
    let resend = || world.store().resend(delivery, at(9), Some(once(5, 1)));
    assert_eq!(refused(resend()), StoreError::Leased);
    done(world.store().release_all(at(1)));
    assert_eq!(done(resend()), Done::Now(delivery));
}

pub fn old_keys_are_forgotten_oldest_first(world: &World) {
    let merchant = world.merchant();
    let accept = |key: u8, second| {
        let mut accept = new_accept(world.new_event(merchant, second), &[]);
        accept.once = Some(Once { at: at(second), ..once(key, 1) });
        done(world.store().accept(vec![accept]))
    };
    for (key, second) in [(1, 10), (2, 20), (3, 30)] {
        accept(key, second);
    }
    assert_eq!(done(world.store().expire_once(at(30), 1)), 1);
    assert!(matches!(*accept(1, 40), [Accepted::Now(_)]), "the oldest was forgotten");
    assert!(matches!(*accept(2, 40), [Accepted::Before(_)]));
    assert_eq!(done(world.store().expire_once(at(30), 10)), 1);
    assert!(matches!(*accept(3, 40), [Accepted::Before(_)]), "it is not old enough");
}

pub fn no_part_outlives_the_request_it_belongs_to(world: &World) {
    let merchant = world.merchant();
    let accept = |part, request, second| {
        let mut accept = new_accept(world.new_event(merchant, second), &[]);
        accept.once = Some(Once { part, at: at(second), ..once(1, request) });
        done(world.store().accept(vec![accept]))
    };
    let expire = |limit| done(world.store().expire_once(at(30), limit));
    for (part, second) in [(1, 10), (2, 10), (3, 40)] {
        assert!(matches!(*accept(part, 1, second), [Accepted::Now(_)]));
    }
    for _ in 0..3 {
        assert_eq!(expire(1), 1);
        assert_eq!(*accept(9, 2, 41), [Accepted::KeyReused], "some of it is still on record");
    }
    assert_eq!(expire(10), 1, "with its first part the rest of it is forgotten too");
    assert!(matches!(*accept(9, 2, 41), [Accepted::Now(_)]));
}
